//! Exploration: everything that can happen next, within what may go wrong.

use crate::{
    action::Action,
    cheat::Cheat,
    mail::Mail,
    node::PayerEnd,
    world::{LEGS, SIDES, World},
};
use domp_escrow::{effect::Effect, terms::Side};
use domp_protocol::{
    purpose::Purpose,
    units::{Blocks, Height},
};

/// Blocks within which every message passes: the assumption under which nobody loses money.
pub const PASSES_WITHIN: Blocks = Blocks(24);

/// How much may still go wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// Crashes and lost calls.
    pub crashes: u32,
    /// Letters lost or doubled.
    pub mail: u32,
    /// Blocks (or jumps to the next height that matters) that come while a letter is under way.
    pub late: u32,
    /// Steps of the cheater.
    pub cheats: u32,
    /// Times that people do what they rarely do: walk away, refund, agree, complain.
    pub moods: u32,
}

impl Faults {
    /// What is left after an action; nothing if it is more than may go wrong.
    pub fn spent(mut self, action: &Action, world: &World) -> Option<Self> {
        let count = match action {
            Action::Crash { .. } | Action::CallLost { .. } => &mut self.crashes,
            Action::DeliverTwice(_) | Action::Lose(_) => &mut self.mail,
            Action::Cheat(_) => &mut self.cheats,
            Action::Person(side, command) if world.wish(*side).as_ref() != Some(command) => &mut self.moods,
            Action::Mine if !world.mail.is_empty() => &mut self.late,
            _ => return Some(self),
        };
        *count = count.checked_sub(1)?;
        Some(self)
    }
}

impl World {
    /// Everything that may happen next within what may go wrong.
    pub fn actions(&self, faults: &Faults, actions: &mut Vec<Action>) {
        for side in SIDES {
            if self.can_perform(side) {
                actions.push(Action::Perform(side));
                if faults.crashes > 0 {
                    actions.extend([false, true].map(|after| Action::Crash { side, after }));
                    if matches!(self.outbox(side)[0], Effect::Pay { .. }) {
                        actions.extend([false, true].map(|reached| Action::CallLost { side, reached }));
                    }
                }
            }
            actions.extend(self.wish(side).map(|wish| Action::Person(side, wish)));
            if faults.moods > 0 {
                actions.extend(Self::moods(side).into_iter().map(|mood| Action::Person(side, mood)));
            }
            if faults.cheats > 0 && !self.is_honest(side) {
                actions.extend(Cheat::of(side).iter().map(|cheat| Action::Cheat(*cheat)));
            }
            for purpose in LEGS {
                if self.has_news(side, purpose) && self.runs(side) && self.node_answers(side) {
                    actions.push(Action::Report(side, purpose));
                }
            }
        }
        self.mail_actions(faults, actions);
        for purpose in LEGS {
            if self.htlc(purpose).is_resolving() {
                actions.push(Action::Resolve(purpose));
            }
            if self.may_arrive_at_payee(purpose) {
                actions.extend([Action::Arrives(purpose), Action::RouteFails(purpose)]);
            }
        }
        if self.may_arrive() {
            actions.push(Action::Arrive);
        }
        if self.may_mine() && (self.mail.is_empty() || faults.late > 0) {
            actions.push(Action::Mine);
        }
    }

    fn mail_actions(&self, faults: &Faults, actions: &mut Vec<Action>) {
        for (n, mail) in self.mail.iter().enumerate() {
            if self.runs(mail.to) {
                actions.push(Action::Deliver(n));
                if faults.mail > 0 {
                    actions.push(Action::DeliverTwice(n));
                }
            }
            if faults.mail > 0 && self.nature.receipts && self.may_lose(n) {
                actions.push(Action::Lose(n));
            }
        }
    }

    /// Whether a payment is on its way to a payee's node that runs.
    pub const fn may_arrive_at_payee(&self, purpose: Purpose) -> bool {
        matches!(self.htlc(purpose).payer, PayerEnd::Trying(_)) && self.node_answers(Side::Seller)
    }

    /// Blocks come only once everybody who follows the protocol has done what it is about to do, has heard its own
    /// node, and no letter is older than the time in which every letter passes.
    pub fn may_mine(&self) -> bool {
        self.next_height().is_some_and(|next| self.may_mine_to(next))
    }

    /// The same for a height.
    pub fn may_mine_to(&self, next: Height) -> bool {
        let late = |mail: &Mail| mail.sent_at.until(next) > PASSES_WITHIN;
        let waiting = SIDES.into_iter().any(|side| self.is_honest(side) && self.is_busy(side));
        !waiting && !self.mail.iter().any(late)
    }
}
