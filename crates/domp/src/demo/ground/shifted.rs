//! A clock that can be put forward, for engines beside real nodes: nobody can wait for days in a trial.

use domp_ports::clock::{Clock, SystemClock};
use domp_protocol::units::Unix;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The machine's clock plus an offset. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct ShiftedClock(Arc<AtomicU64>);

impl ShiftedClock {
    /// Puts it forward.
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Unix {
        SystemClock.now().plus(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn advance__a_clone__both_are_ahead() {
        let clock = ShiftedClock::default();
        let clone = clock.clone();
        clock.advance(100_000);
        let real = SystemClock.now();
        assert!(clone.now() >= real.plus(100_000));
    }
}
