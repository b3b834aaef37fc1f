//! The time of day, as a port so that tests and simulations can turn it.

use domp_protocol::units::Unix;

/// Something that knows the time.
pub trait Clock: Send + Sync {
    /// Seconds since the Unix epoch.
    fn now(&self) -> Unix;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Unix {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Unix(since.map_or(0, |elapsed| elapsed.as_secs()))
    }
}
