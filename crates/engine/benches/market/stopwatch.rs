//! A stopwatch: from just before the buyer's node is told to pay the price, to the seller's durable record that it is held.
//! What the simulated payment itself takes is in it, so the engine's part is less.

use domp_engine::faults::{Fault, Faults, Point};
use domp_escrow::{
    effect::Effect,
    input::{Input, InvoiceReport},
};
use domp_protocol::{ids::TradeId, purpose::Purpose};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// See the module.
#[derive(Default)]
pub struct Stopwatch(Mutex<Times>);

#[derive(Default)]
struct Times {
    begun: HashMap<TradeId, Instant>,
    taken: Vec<Duration>,
}

impl Stopwatch {
    /// The time within which so many of a hundred were done; forgets them all.
    pub fn percentiles<const N: usize>(&self, of: [usize; N]) -> [Duration; N] {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = std::mem::take(&mut times.taken);
        taken.sort_unstable();
        of.map(|percent| taken.get(taken.len() * percent / 100).copied().unwrap_or_default())
    }
}

impl Faults for Stopwatch {
    fn at(&self, point: Point<'_>) -> Fault {
        let now = Instant::now();
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match point {
            Point::BeforeEffect { key, effect: Effect::Pay { purpose: Purpose::Purchase, .. } } => {
                times.begun.insert(key.trade, now);
            }
            Point::AfterCommit {
                trade,
                input: Input::Invoice { purpose: Purpose::Purchase, report: InvoiceReport::Held { .. } },
                ..
            } => {
                let begun = times.begun.remove(&trade);
                times.taken.extend(begun.map(|begun| now - begun));
            }
            _ => {}
        }
        Fault::None
    }
}
