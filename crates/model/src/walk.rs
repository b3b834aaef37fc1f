//! Walks: seeded random ways through everything that can happen, with faults and cheats, until all is over.

use crate::{
    action::Action,
    cheat::Cheat,
    dice::Dice,
    explore::PASSES_WITHIN,
    plan::{Chaos, Plan},
    tally::Tally,
    trouble::Kind,
    world::{LEGS, Parcel, SIDES, World},
};
use domp_escrow::{
    effect::Effect,
    input::Command,
    note::{Note, Refusal},
    terms::Side,
};
use domp_protocol::units::{Blocks, Height, Unix};

/// A walk ends after so many actions at the latest; then the faults stop and everything comes to rest.
const LONGEST: u32 = 600;
/// Everything has come to rest after so many actions, or never will.
const REST: u32 = 16_000;

/// A walk that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What was lost or broken.
    pub what: String,
    /// After how many actions.
    pub after: u32,
}

/// One who watches a walk.
pub trait Witness {
    /// Something is about to happen.
    fn before(&mut self, world: &World, action: &Action);
    /// It has happened, and the machines said this about it.
    fn after(&mut self, world: &World, said: &[(Side, Note)]);
    /// All is over, and well.
    fn over(&mut self, _world: &World) {}
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Witness for Nobody {
    fn before(&mut self, _: &World, _: &Action) {}
    fn after(&mut self, _: &World, _: &[(Side, Note)]) {}
}

impl Witness for Tally {
    fn before(&mut self, world: &World, action: &Action) {
        self.before(world, action);
    }
    fn after(&mut self, world: &World, said: &[(Side, Note)]) {
        self.after(world, said);
    }
    fn over(&mut self, world: &World) {
        self.over(world);
    }
}

/// Walks at random with faults, then lets the faults stop and everything come to rest. Nobody who follows the protocol
/// may have lost anything, and nothing may be left under way.
///
/// # Errors
/// What was lost or broken, and after how many actions.
pub fn walk(plan: &Plan, watch: &mut impl Witness) -> Result<World, Failure> {
    let world = World::new(&plan.setting, plan.cheater);
    let dice = Dice::new(plan.seed);
    let mut walker = Walker {
        world,
        dice,
        chaos: plan.chaos,
        options: Vec::with_capacity(16),
        steps: 0,
        refused: [None; 2],
        quiet: plan.is_quiet(),
        asked_at_the_end: false,
        watch,
    };
    while walker.steps < LONGEST {
        let Some(action) = walker.choose() else { break };
        walker.act(&action)?;
    }
    walker.come_to_rest()?;
    let lost_parcel = matches!(walker.world.parcel, Parcel::Travelling(_));
    if plan.must_complete() && !lost_parcel && !walker.world.is_completed() {
        let what = "everybody wanted the trade, nothing stood in its way, and it was not completed";
        return Err(walker.failure(what.into()));
    }
    if plan.is_quiet() && walker.world.owes() {
        let what =
            "the buyer has confirmed the goods, nothing stood in the way, and the seller was never paid";
        return Err(walker.failure(what.into()));
    }
    walker.watch.over(&walker.world);
    Ok(walker.world)
}

const fn is_refusal(said: &&(Side, Note)) -> bool {
    matches!(said.1, Note::Refused(_))
}

struct Walker<'a, W> {
    world: World,
    dice: Dice,
    chaos: Chaos,
    options: Vec<Action>,
    steps: u32,
    /// Nothing stands in anybody's way: what a program offers it does, and goods that came are paid for in the end.
    quiet: bool,
    /// No block is waited for any more, and who was refused has been free to ask again.
    asked_at_the_end: bool,
    /// When the buyer's, the seller's program last refused a wish: nobody asks twice within a moment.
    refused: [Option<(Height, Unix)>; 2],
    watch: &'a mut W,
}

impl<W: Witness> Walker<'_, W> {
    fn act(&mut self, action: &Action) -> Result<(), Failure> {
        self.watch.before(&self.world, action);
        let said = self.world.apply(action);
        self.watch.after(&self.world, &said);
        self.steps += 1;
        if let (Action::Person(side, _), Some(_)) = (action, said.iter().find(is_refusal)) {
            self.refused[*side as usize] = Some((self.world.height, self.world.unix));
        }
        if self.quiet
            && let Some((side, Note::Refused(why))) = said.iter().find(is_refusal)
            // Whoever confirms or pays late while the money still goes back is asked again when it is back.
            && *why != Refusal::MoneyGoingBack
            && !matches!(action, Action::Person(_, Command::PayLate))
        {
            return Err(self.failure(format!("the {} is refused what it was offered: {why}", side.as_str())));
        }
        let wrong = || said.iter().find_map(|(side, note)| self.world.false_alarm(*side, note));
        match self.world.loss().or_else(|| self.world.disbelief()).or_else(wrong) {
            Some(what) => Err(self.failure(what)),
            None => Ok(()),
        }
    }

    const fn failure(&self, what: String) -> Failure {
        Failure { what, after: self.steps }
    }

    fn choose(&mut self) -> Option<Action> {
        if self.dice.percent(self.chaos.rate)
            && let Some(fault) = self.fault()
        {
            return Some(fault);
        }
        let on_route = LEGS.into_iter().any(|purpose| self.world.may_arrive_at_payee(purpose));
        if on_route
            && self.dice.percent(self.chaos.rate)
            && let Some(fault) = self.route()
        {
            return Some(fault);
        }
        self.list_natural();
        let wish = self.wish();
        let block = self.block();
        if self.dice.percent(self.chaos.hurry) && block.is_some() {
            return block;
        }
        let choices = self.options.len() + usize::from(wish.is_some());
        let n = self.dice.below(u32::try_from(choices).unwrap_or(1)) as usize;
        if n < self.options.len() { Some(self.options.swap_remove(n)) } else { wish.or(block) }
    }

    /// What somebody wants to do, if they get round to it.
    fn wish(&mut self) -> Option<Action> {
        let side = SIDES[self.dice.below(2) as usize];
        let now = Some((self.world.height, self.world.unix));
        let (side, wish) = [side, side.other()]
            .into_iter()
            .filter(|side| self.refused[*side as usize] != now)
            .find_map(|side| self.world.wish(side).map(|wish| (side, wish)))?;
        // Most trades of slow people would end before they begin.
        let prompt = matches!(wish, Command::Accept | Command::Pay);
        let chance = if prompt { self.chaos.diligence.max(90) } else { self.chaos.diligence };
        self.dice.percent(chance).then_some(Action::Person(side, wish))
    }

    /// What happens by itself.
    fn list_natural(&mut self) {
        let world = &self.world;
        self.options.clear();
        for side in SIDES {
            if world.can_perform(side) {
                self.options.push(Action::Perform(side));
            }
            for purpose in LEGS {
                if world.has_news(side, purpose) && world.runs(side) && world.node_answers(side) {
                    self.options.push(Action::Report(side, purpose));
                }
            }
        }
        let letters = world.mail.iter().enumerate().filter(|(_, mail)| world.runs(mail.to));
        self.options.extend(letters.map(|(n, _)| Action::Deliver(n)));
        for (purpose, withheld) in LEGS.into_iter().zip(self.chaos.withheld) {
            if world.htlc(purpose).is_resolving() && !withheld {
                self.options.push(Action::Resolve(purpose));
            }
            if world.may_arrive_at_payee(purpose) {
                self.options.push(Action::Arrives(purpose));
            }
        }
        if world.may_arrive() && self.dice.percent(30) {
            self.options.push(Action::Arrive);
        }
    }

    /// Blocks, as many as may come now.
    fn block(&mut self) -> Option<Action> {
        let next = self.world.next_height()?;
        let oldest = self.world.mail.iter().map(|mail| mail.sent_at.plus(PASSES_WITHIN)).min();
        let most = oldest.map_or(next, |oldest| oldest.min(next));
        if most <= self.world.height || !self.world.may_mine_to(most) {
            return None;
        }
        let way = self.world.height.until(most).0;
        let to = match self.dice.below(10) {
            0 => self.world.height.plus(Blocks(1)),
            1 => self.world.height.plus(Blocks(self.dice.between(1, way))),
            _ => most,
        };
        Some(Action::MineTo(to))
    }

    fn fault(&mut self) -> Option<Action> {
        if self.chaos.restores > 0 && self.dice.percent(30) {
            return self.backup();
        }
        match self.dice.below(9) {
            0 | 1 => self.crash(),
            2 => self.lost_call(),
            3 => self.letter(),
            4 => self.trouble(),
            5 => self.chain(),
            6 => self.mood(),
            _ => self.cheat(),
        }
    }

    /// A backup, or a restore from the last one, of somebody who follows the protocol and whose node answers.
    fn backup(&mut self) -> Option<Action> {
        let (side, again, copies) = (self.side(), self.dice.percent(40), self.dice.percent(50));
        let world = &self.world;
        if !world.is_honest(side) || !world.runs(side) || !world.node_answers(side) {
            return None;
        }
        if world.backups[side as usize].is_none() || again {
            return Some(Action::Backup(side));
        }
        self.chaos.restores -= 1;
        Some(Action::Restore { side, copies })
    }

    fn side(&mut self) -> Side {
        SIDES[self.dice.below(2) as usize]
    }

    fn crash(&mut self) -> Option<Action> {
        let (side, after) = (self.side(), self.dice.percent(50));
        if self.chaos.crashes == 0 || !self.world.runs(side) {
            return None;
        }
        self.chaos.crashes -= 1;
        Some(Action::Crash { side, after })
    }

    fn lost_call(&mut self) -> Option<Action> {
        let reached = self.dice.percent(50);
        let side = Side::Buyer;
        let calling = self.world.can_perform(side)
            && self.world.node_answers(side)
            && matches!(self.world.outbox(side).first(), Some(Effect::Pay { .. }));
        if self.chaos.calls == 0 || !calling {
            return None;
        }
        self.chaos.calls -= 1;
        Some(Action::CallLost { side, reached })
    }

    fn letter(&mut self) -> Option<Action> {
        let lose = self.dice.percent(50);
        let n = self.dice.below(u32::try_from(self.world.mail.len()).unwrap_or(0)) as usize;
        let to = self.world.mail.get(n)?.to;
        let possible = if lose { self.world.may_lose(n) } else { self.world.runs(to) };
        if self.chaos.mail == 0 || !possible {
            return None;
        }
        self.chaos.mail -= 1;
        Some(if lose { Action::Lose(n) } else { Action::DeliverTwice(n) })
    }

    /// Trouble of an honest side, for no longer than the letters on their way to it may still take.
    fn trouble(&mut self) -> Option<Action> {
        let side = self.side();
        let kind = [Kind::ProgramAway, Kind::NodeDown, Kind::ChainStuck][self.dice.below(3) as usize];
        let blocks = self.dice.between(1, self.chaos.trouble.max(1));
        let letters = self.world.mail.iter().filter(|mail| mail.to == side);
        let left = letters
            .map(|mail| self.world.height.until(mail.sent_at.plus(PASSES_WITHIN)).0)
            .min()
            .unwrap_or(PASSES_WITHIN.0);
        let blocks = blocks.min(left).min(self.chaos.trouble);
        if blocks == 0 || !self.world.is_honest(side) || self.world.trouble(side).is_some() {
            return None;
        }
        self.chaos.trouble -= blocks;
        Some(Action::Trouble(side, kind, Blocks(blocks)))
    }

    fn chain(&mut self) -> Option<Action> {
        let reorg = self.dice.percent(50);
        let blocks = Blocks(self.dice.between(1, 6));
        let seconds = u64::from(self.dice.between(3_600, 30_000));
        if self.chaos.chain == 0 {
            return None;
        }
        self.chaos.chain -= 1;
        Some(if reorg { Action::Reorg(blocks) } else { Action::NoBlockFor { seconds } })
    }

    fn route(&mut self) -> Option<Action> {
        let purpose = LEGS[self.dice.below(2) as usize];
        let apart = Blocks(self.dice.between(1, 20));
        let fails = self.dice.percent(50);
        if self.chaos.routes == 0 || !self.world.may_arrive_at_payee(purpose) {
            return None;
        }
        self.chaos.routes -= 1;
        Some(if fails { Action::RouteFails(purpose) } else { Action::ArrivesInParts(purpose, apart) })
    }

    fn mood(&mut self) -> Option<Action> {
        let side = self.side();
        if self.chaos.moods == 0 || !self.world.runs(side) {
            return None;
        }
        let mood = self.dice.one_of(&World::moods(side)).cloned()?;
        self.chaos.moods -= 1;
        Some(Action::Person(side, mood))
    }

    fn cheat(&mut self) -> Option<Action> {
        let side = self.world.cheater.filter(|_| self.chaos.cheats > 0)?;
        let cheat = *self.dice.one_of(Cheat::of(side))?;
        self.chaos.cheats -= 1;
        Some(Action::Cheat(cheat))
    }

    /// No more faults: everything under way is done, blocks come until nothing waits for one. People do nothing more; a
    /// router that withholds goes on withholding until the chain decides; a cheater may do nothing at all.
    fn come_to_rest(&mut self) -> Result<(), Failure> {
        for (side, note) in self.world.end_troubles(true) {
            self.watch.after(&self.world, &[(side, note)]);
        }
        let silent = self.world.cheater.filter(|_| self.chaos.cheater_goes_silent);
        let deadline = self.steps + REST;
        while let Some(action) = self.next_at_rest(silent) {
            self.act(&action)?;
            if self.steps > deadline {
                return Err(self.failure("the world never comes to rest".into()));
            }
        }
        self.sweep()?;
        match self.world.unrest() {
            Some(what) => Err(self.failure(what)),
            None => Ok(()),
        }
    }

    fn next_at_rest(&mut self, silent: Option<Side>) -> Option<Action> {
        if let Some(side) = silent {
            self.world.goes_silent(side);
        }
        self.list_natural();
        if let Some(action) = self.options.pop() {
            return Some(action);
        }
        let next: Option<Height> = self.world.next_height();
        let wish = if self.quiet { self.late_wish(next.is_none()) } else { None };
        wish.or_else(|| next.map(Action::MineTo))
    }

    /// What people still want when the hold is over: to say that the goods came, and to be paid and to pay for them. When no
    /// block is waited for any more, whoever was refused asks once more.
    fn late_wish(&mut self, last: bool) -> Option<Action> {
        if last && !std::mem::replace(&mut self.asked_at_the_end, true) {
            self.refused = [None; 2];
        }
        let now = Some((self.world.height, self.world.unix));
        let late = |wish: &Command| {
            matches!(wish, Command::Confirm(_) | Command::OfferLateInvoice | Command::PayLate)
        };
        let asks = SIDES.into_iter().filter(|side| self.refused[*side as usize] != now);
        asks.filter_map(|side| Some(Action::Person(side, self.world.wish(side).filter(late)?))).next()
    }

    /// Nodes are asked about everything once more: nobody may learn anything new.
    fn sweep(&mut self) -> Result<(), Failure> {
        let cheater = self.world.cheater;
        for side in SIDES.into_iter().filter(|side| cheater != Some(*side)) {
            let before = self.world.stage(side);
            for purpose in LEGS {
                let action = Action::Report(side, purpose);
                self.act(&action)?;
            }
            if self.world.stage(side) != before || !self.world.outbox(side).is_empty() {
                let what = format!("the {} learns from its node what it should have known", side.as_str());
                return Err(self.failure(what));
            }
        }
        Ok(())
    }
}
