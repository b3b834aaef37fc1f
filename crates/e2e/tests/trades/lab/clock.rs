//! A clock that a test can turn.

use domp_ports::clock::{Clock, SystemClock};
use domp_protocol::units::Unix;
use std::sync::atomic::{AtomicU64, Ordering};

/// The machine's clock, turned forward.
#[derive(Debug, Default)]
pub struct TurnedClock(AtomicU64);

impl TurnedClock {
    /// Turns it forward by so many seconds more.
    pub fn turn(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Unix {
        SystemClock.now().plus(self.0.load(Ordering::SeqCst))
    }
}
