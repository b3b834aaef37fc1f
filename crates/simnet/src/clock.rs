//! The simulated time of day, for whatever runs beside the simulated network.

use crate::adapter::SimNetwork;
use domp_ports::clock::Clock;
use domp_protocol::units::Unix;

/// The clock of a simulated network.
#[derive(Clone)]
pub struct SimClock(pub(crate) SimNetwork);

impl Clock for SimClock {
    fn now(&self) -> Unix {
        self.0.with(|world| world.now())
    }
}
