//! What can go wrong while running the nodes.

use std::path::PathBuf;
use std::time::Duration;

use crate::install::InstallError;

/// Why the test network could not do what was asked. Names the node and the step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegtestError {
    /// A node program is missing.
    #[error(transparent)]
    Install(#[from] InstallError),

    /// A file or folder could not be read or written.
    #[error("{what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },

    /// A node ended by itself.
    #[error("{node} ended ({status}); the end of its log:\n{log}")]
    Ended {
        /// The node's name.
        node: String,
        /// Its exit status.
        status: String,
        /// The last lines it printed.
        log: String,
    },

    /// A node is needed that is not running.
    #[error("{node} is not running")]
    NotRunning {
        /// The node's name.
        node: String,
    },

    /// Something did not happen in time.
    #[error("{what} did not happen within {deadline:?} (last seen: {last})")]
    Timeout {
        /// What was waited for.
        what: String,
        /// For how long.
        deadline: Duration,
        /// What was seen last.
        last: String,
    },

    /// A node could not be reached, or its answer was no HTTP.
    #[error("{node}, {call}: {reason}")]
    Transport {
        /// The node's name.
        node: String,
        /// The call.
        call: String,
        /// What went wrong.
        reason: String,
    },

    /// A node answered with an error.
    #[error("{node} refused {call} (status {status}): {message}")]
    Refused {
        /// The node's name.
        node: String,
        /// The call.
        call: String,
        /// The HTTP status.
        status: u16,
        /// The node's own words.
        message: String,
    },

    /// A node's answer lacks a field.
    #[error("{node}, {call}: the answer has no usable field {field}")]
    Answer {
        /// The node's name.
        node: String,
        /// The call.
        call: String,
        /// The field's name.
        field: &'static str,
    },

    /// No port of 127.0.0.1 was free.
    #[error("no free port on 127.0.0.1 was found")]
    NoFreePort,

    /// The plan of the network contradicts itself.
    #[error("the plan of the network is wrong: {reason}")]
    Plan {
        /// What is wrong.
        reason: String,
    },

    /// The network could not be brought up; its folder is kept.
    #[error("{source}\nthe logs are kept in {folder}")]
    Start {
        /// What went wrong.
        source: Box<RegtestError>,
        /// Where the logs are.
        folder: PathBuf,
    },
}

impl RegtestError {
    /// Wraps an I/O error with what was tried on which path.
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}
