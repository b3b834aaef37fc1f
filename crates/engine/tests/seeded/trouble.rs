//! Trouble: what goes wrong at the engine's points, drawn by dice, counted, and ended when it has been enough.

use super::dice::Dice;
use domp_engine::faults::{Fault, Faults, Point};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// What went wrong, by name.
pub type Counts = BTreeMap<&'static str, u64>;

/// Shared by both engines and outlives their restarts.
#[derive(Clone)]
pub struct Trouble(Arc<Mutex<State>>);

struct State {
    dice: Dice,
    /// In a thousand points.
    rate: u64,
    /// How many more.
    left: u64,
    counts: Counts,
}

impl Trouble {
    pub fn new(seed: u64, rate: u64, most: u64) -> Self {
        let counts = Counts::new();
        Self(Arc::new(Mutex::new(State { dice: Dice::new(seed), rate, left: most, counts })))
    }

    pub fn count(&self, name: &'static str) {
        *self.0.lock().unwrap().counts.entry(name).or_default() += 1;
    }

    pub fn counts(&self) -> Counts {
        self.0.lock().unwrap().counts.clone()
    }

    /// Nothing goes wrong any more.
    pub fn ends(&self) {
        self.0.lock().unwrap().left = 0;
    }
}

impl Faults for Trouble {
    fn at(&self, point: Point<'_>) -> Fault {
        let mut state = self.0.lock().unwrap();
        let rate = state.rate;
        if state.left == 0 || !state.dice.chance(rate) {
            return Fault::None;
        }
        let (fault, name) = match (point, state.dice.below(3)) {
            (Point::BeforeCommit { .. }, 0) => (Fault::Fail, "disk full at a commit"),
            (Point::BeforeCommit { .. }, _) => (Fault::Stop, "killed before a commit"),
            (Point::AfterCommit { .. }, _) => (Fault::Stop, "killed after a commit"),
            (Point::BeforeEffect { .. }, 0) => (Fault::Fail, "effect failed before it was tried"),
            (Point::BeforeEffect { .. }, 1) => (Fault::Repeat, "effect done twice"),
            (Point::BeforeEffect { .. }, _) => (Fault::Stop, "killed before an effect"),
            (Point::AfterEffect { .. }, 0) => (Fault::Fail, "answer to an effect lost"),
            (Point::AfterEffect { .. }, _) => (Fault::Stop, "killed after an effect"),
        };
        state.left -= 1;
        *state.counts.entry(name).or_default() += 1;
        fault
    }
}
