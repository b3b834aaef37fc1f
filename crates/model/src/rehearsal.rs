//! Rehearsals: whole trades in which everything natural happens at once.

use crate::{
    action::Action,
    setting::Setting,
    world::{LEGS, World},
};
use domp_escrow::{note::Note, terms::Side};
use domp_protocol::units::Height;

/// A world that is played forward, with everything the machines said.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// The world.
    pub world: World,
    /// What happened and what was said about it, in order.
    pub story: Vec<(Action, Vec<(Side, Note)>)>,
}

impl Rehearsal {
    /// A bid was just made.
    pub fn new(setting: &Setting) -> Self {
        Self { world: World::new(setting, None), story: Vec::new() }
    }

    /// Lets one thing happen.
    pub fn act(&mut self, action: Action) {
        let said = self.world.apply(&action);
        self.story.push((action, said));
    }

    /// Everything that happens by itself without people and without blocks: effects, mail, reports, routes.
    pub fn settle(&mut self) {
        let before = self.story.len();
        while let Some(action) = self.next_by_itself() {
            self.act(action);
            assert!(
                self.story.len() - before < 1000,
                "the world never comes to rest: {:?}",
                self.story.last()
            );
        }
    }

    /// The next thing that happens without people and without blocks.
    pub fn next_by_itself(&self) -> Option<Action> {
        self.world.next_by_itself()
    }

    /// People of both sides do the most natural thing as long as there is one.
    pub fn people_act(&mut self) {
        self.settle();
        while let Some((side, command)) = [Side::Seller, Side::Buyer]
            .into_iter()
            .find_map(|side| self.world.wish(side).map(|command| (side, command)))
        {
            let before = self.world.clone();
            self.act(Action::Person(side, command));
            self.settle();
            assert!(before != self.world, "the person's wish was refused: {:?}", self.story.last());
        }
    }

    /// Mines to a height, stopping at every height on the way at which anything may happen.
    pub fn mine_to(&mut self, height: Height) {
        while self.world.next_height().is_some_and(|next| next <= height) {
            self.act(Action::Mine);
            self.settle();
        }
        if self.world.height < height {
            self.world.mine_to(height);
            self.settle();
        }
    }
}

impl World {
    /// The next thing that happens without people and without blocks.
    pub fn next_by_itself(&self) -> Option<Action> {
        for side in [Side::Seller, Side::Buyer] {
            if self.can_perform(side) {
                return Some(Action::Perform(side));
            }
        }
        if let Some(n) = self.mail.iter().position(|mail| self.runs(mail.to)) {
            return Some(Action::Deliver(n));
        }
        for purpose in LEGS {
            if self.may_arrive_at_payee(purpose) {
                return Some(Action::Arrives(purpose));
            }
            if self.htlc(purpose).is_resolving() {
                return Some(Action::Resolve(purpose));
            }
            for side in [Side::Seller, Side::Buyer] {
                if self.has_news(side, purpose) && self.runs(side) && self.node_answers(side) {
                    return Some(Action::Report(side, purpose));
                }
            }
        }
        None
    }
}
