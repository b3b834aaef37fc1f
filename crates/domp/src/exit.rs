//! Exit statuses: what a script can tell without reading a word.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Success,
    /// Refused or failed; nothing is half done, the message says why.
    Refused,
    /// The arguments or the configuration are wrong; nothing was tried.
    Usage,
    /// The daemon cannot be reached; nothing was done.
    NoDaemon,
    /// The person said no, or could not be asked; nothing was done.
    NotConfirmed,
    /// An order was sent and no answer came: it may or may not have been carried out.
    Unknown,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::NoDaemon => 3,
            Self::NotConfirmed => 4,
            Self::Unknown => 5,
        }
    }

    /// The word for it in `--json` output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::Usage => "usage",
            Self::NoDaemon => "no_daemon",
            Self::NotConfirmed => "not_confirmed",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
