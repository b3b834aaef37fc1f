//! Trouble: why a trial could not be shown to its end.

use super::step::Who;
use crate::failure::Failure;
use domp_engine::{EngineError, StartError};
use domp_ports::lightning::LnError;
use std::time::Duration;

/// Why it ended early. Where real nodes are at fault their own words are told, with the way out that they name.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The output has no reader.
    #[error(transparent)]
    Output(Failure),
    /// Ctrl-C, or a request of the system.
    #[error("interrupted by {0}; everything that was started has been stopped")]
    Interrupted(&'static str),
    /// Something that both people need could not be had.
    #[error("cannot prepare {what}: {reason}")]
    Setup {
        /// What.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// The private network of real nodes.
    #[error("the private network of real nodes: {0}")]
    Network(String),
    /// An engine did not start.
    #[error("the {who}'s engine does not start: {source}")]
    Start {
        /// Whose.
        who: Who,
        /// Why.
        source: StartError,
    },
    /// An engine did not do what it was asked.
    #[error("the {who} could not {what}: {source}")]
    Engine {
        /// Whose.
        who: Who,
        /// What was asked.
        what: &'static str,
        /// Why not.
        source: Box<EngineError>,
    },
    /// A node did not answer a question about money.
    #[error("the {who}'s node could not be read: {source}")]
    Node {
        /// Whose.
        who: Who,
        /// Why.
        source: LnError,
    },
    /// Something did not happen.
    #[error("waited {} s in vain until {what}; the {who}'s side says: {seen}", .patience.as_secs())]
    Waited {
        /// Whose side was watched.
        who: Who,
        /// What should have happened.
        what: &'static str,
        /// For how long.
        patience: Duration,
        /// What was seen last.
        seen: String,
    },
    /// Something is not as this flow wants it at this point.
    #[error("{0}")]
    Unexpected(String),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Output(failure)
    }
}

impl Trouble {
    /// For preparing something.
    pub fn setup<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Setup { what, reason: error.to_string() }
    }
}
