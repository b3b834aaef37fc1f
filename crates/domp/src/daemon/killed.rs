//! The end without a word, at a named point of the engine's work: how tests see that a daemon may be killed anywhere. In debug
//! builds only.

use domp_engine::faults::{Fault, Faults, Point};
use rustix::process::{Signal, getpid, kill_process};
use std::sync::Arc;

/// The variable that names the point, as [`Point::name`] does.
const VARIABLE: &str = "DOMP_KILLED_AT";

/// Kills this process the first time that the engine comes to the named point.
struct KilledAt(String);

impl Faults for KilledAt {
    fn at(&self, point: Point<'_>) -> Fault {
        if point.name() == self.0 {
            // What cannot be killed goes on, and the test that wanted it fails.
            let _ = kill_process(getpid(), Signal::KILL);
        }
        Fault::None
    }
}

/// The point that the environment names, if it names one.
pub fn from_environment() -> Option<Arc<dyn Faults>> {
    let point = std::env::var(VARIABLE).ok()?;
    tracing::warn!(point, "this process will be killed");
    Some(Arc::new(KilledAt(point)))
}
