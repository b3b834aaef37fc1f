//! Exploration: which actions are possible, and seeded walks through them with faults and cheats.

use crate::{
    action::Action,
    cheat::Cheat,
    people::verdict,
    rehearsal::Rehearsal,
    setting::{START, Setting},
    world::{Mail, World},
};
use domp_escrow::{
    input::{Agreement, Command, Condition},
    terms::Side,
};
use domp_protocol::{
    purpose::Purpose,
    units::{Blocks, Height},
};

/// Blocks within which every message passes: the assumption under which nobody loses money.
pub const PASSES_WITHIN: Blocks = Blocks(24);
/// Past this, nothing of any trade can be left.
const END: Height = Height(START.0 + 4000);

/// How much may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Crashes and restarts.
    pub crashes: u32,
    /// Letters lost or doubled.
    pub mail: u32,
    /// Steps of the cheater.
    pub cheats: u32,
    /// People may also do what they rarely do: walk away, refund, agree, complain.
    pub moods: bool,
}

impl World {
    /// Everything that may happen next within what may go wrong.
    pub fn actions(&self, faults: &Faults) -> Vec<Action> {
        let mut actions = Vec::new();
        for side in [Side::Buyer, Side::Seller] {
            if self.cheater == Some(side) && faults.cheats > 0 {
                actions.extend(Cheat::of(side).into_iter().map(Action::Cheat));
            }
            if !self.outbox(side).is_empty() {
                actions.push(Action::Perform(side));
                if faults.crashes > 0 {
                    actions.extend([Action::PerformUnrecorded(side), Action::Restart(side)]);
                }
            }
            actions.extend(self.wishes(side).into_iter().map(|wish| Action::Person(side, wish)));
            if faults.moods {
                actions.extend(moods(side).into_iter().map(|mood| Action::Person(side, mood)));
            }
            for purpose in [Purpose::BuyerCollateral, Purpose::Purchase] {
                if self.report_changes(side, purpose) {
                    actions.push(Action::Report(side, purpose));
                }
            }
        }
        for n in 0..self.mail.len() {
            actions.push(Action::Deliver(n));
            if faults.mail > 0 {
                actions.extend([Action::DeliverTwice(n), Action::Lose(n)]);
            }
        }
        for purpose in [Purpose::BuyerCollateral, Purpose::Purchase] {
            if self.htlc(purpose).is_resolving() {
                actions.push(Action::Resolve(purpose));
            }
        }
        if self.may_arrive() {
            actions.push(Action::Arrive);
        }
        if self.may_mine() {
            actions.push(Action::Mine);
        }
        actions
    }

    /// Blocks come only once everybody who follows the protocol has done what it is about to do, has heard its own
    /// node, and no letter is older than the time in which every letter passes.
    fn may_mine(&self) -> bool {
        let Some(next) = self.next_height().filter(|next| *next < END) else { return false };
        let busy = |side: Side| {
            !self.outbox(side).is_empty()
                || self.report_changes(side, Purpose::Purchase)
                || self.report_changes(side, Purpose::BuyerCollateral)
        };
        let late = |mail: &Mail| mail.sent_at.until(next) > PASSES_WITHIN;
        let waiting =
            [Side::Buyer, Side::Seller].into_iter().any(|side| self.cheater != Some(side) && busy(side));
        !waiting && !self.mail.iter().any(late)
    }
}

/// What a person may also do at any time.
fn moods(side: Side) -> Vec<Command> {
    let mut moods =
        vec![Command::Withdraw, Command::Agree(Agreement::Cancel), Command::Agree(Agreement::Release)];
    match side {
        Side::Seller => {
            moods.extend([Command::Refund { reason: "changed my mind".into() }, Command::OfferLateInvoice])
        }
        Side::Buyer => {
            moods.extend([
                verdict(Condition::Damaged),
                verdict(Condition::NotReceived),
                Command::Release,
                Command::PayLate,
            ]);
        }
    }
    moods
}

/// A small deterministic generator (splitmix64): the same seed walks the same way on every machine.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice for a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// A number below `bound`, which is not zero.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bound = bound.max(1) as u64;
        usize::try_from((z ^ (z >> 31)) % bound).unwrap_or(0)
    }
}

/// A walk that went wrong: every action, and what was lost.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What was lost or broken.
    pub what: String,
    /// How it came to that.
    pub trace: Vec<Action>,
}

/// Walks at random with faults, then lets the faults stop and everything come to rest. Nobody who follows the protocol
/// may have lost anything, and nothing may be left under way.
pub fn walk(
    setting: &Setting,
    cheater: Option<Side>,
    mut faults: Faults,
    seed: u64,
) -> Result<usize, Failure> {
    let mut dice = Dice::new(seed);
    let mut world = World::new(setting, cheater);
    let mut trace = Vec::new();
    for _ in 0..400 {
        let actions = world.actions(&faults);
        let Some(action) = pick(&mut dice, actions) else { break };
        spend(&mut faults, &action);
        world.apply(&action);
        trace.push(action);
        if let Some(what) = world.loss().or_else(|| world.disbelief()) {
            return Err(Failure { what, trace });
        }
    }
    let steps = trace.len();
    come_to_rest(world, cheater).map_err(|what| Failure { what, trace })?;
    Ok(steps)
}

/// People's moods and cheats would end most trades at once: they are picked more rarely than what is natural.
fn pick(dice: &mut Dice, actions: Vec<Action>) -> Option<Action> {
    let rare = |action: &Action| match action {
        Action::Person(_, Command::Accept | Command::Pay | Command::Ship(_)) => false,
        Action::Person(_, Command::Confirm(verdict)) => verdict.condition != Condition::Received,
        Action::Person(..) | Action::Cheat(_) | Action::Lose(_) | Action::DeliverTwice(_) => true,
        Action::PerformUnrecorded(_) | Action::Restart(_) => true,
        _ => false,
    };
    let (rares, common): (Vec<_>, Vec<_>) = actions.into_iter().partition(rare);
    let mut from =
        if !rares.is_empty() && (common.is_empty() || dice.below(12) == 0) { rares } else { common };
    if from.is_empty() {
        return None;
    }
    let n = dice.below(from.len());
    Some(from.swap_remove(n))
}

const fn spend(faults: &mut Faults, action: &Action) {
    match action {
        Action::PerformUnrecorded(_) | Action::Restart(_) => faults.crashes -= 1,
        Action::Lose(_) | Action::DeliverTwice(_) => faults.mail -= 1,
        Action::Cheat(_) => faults.cheats -= 1,
        _ => {}
    }
}

/// No more faults: everything under way is done, blocks come until nothing waits for one. People do nothing more.
fn come_to_rest(world: World, cheater: Option<Side>) -> Result<(), String> {
    let mut play = Rehearsal { world, story: Vec::new() };
    play.settle();
    play.mine_to(END);
    if let Some(what) = play.world.loss().or_else(|| play.world.disbelief()) {
        return Err(what);
    }
    for side in [Side::Buyer, Side::Seller] {
        let stage = play.world.stage(side);
        if cheater != Some(side) && !stage.is_ended() {
            return Err(format!("the {} still rests at '{stage}' when all is over", side.as_str()));
        }
    }
    Ok(())
}
