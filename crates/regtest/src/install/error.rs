//! What can go wrong while finding or installing the node programs, each with the way out.

use std::path::PathBuf;

/// Why a node program could not be found or installed. The text says what is missing and how to get it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// Neither `XDG_CACHE_HOME` nor `HOME` names a folder to keep the programs in.
    #[error("no cache folder: set XDG_CACHE_HOME or HOME to a folder you can write to")]
    NoCacheFolder,

    /// The program is neither named by its variable, nor on the PATH, nor installed.
    #[error(
        "{program} was not found: set {variable} to its path, put it on the PATH, or run `cargo xtask nodes`"
    )]
    Missing {
        /// The program's name.
        program: &'static str,
        /// The environment variable that can name it.
        variable: &'static str,
    },

    /// A file was named or found, but it is not the program it should be.
    #[error("{path} is not a usable {program}: {reason}")]
    Unusable {
        /// The program's name.
        program: &'static str,
        /// The file that was tried.
        path: PathBuf,
        /// What was seen when it was asked for its version.
        reason: String,
    },

    /// bitcoind can only be unpacked from Debian's packages, and this machine is something else.
    #[error(
        "bitcoind cannot be installed here ({reason}): install Bitcoin Core {minimum} or later \
         yourself and set BITCOIND to the path of its bitcoind"
    )]
    NoDebian {
        /// What was missing.
        reason: String,
        /// The oldest major version that is accepted.
        minimum: u32,
    },

    /// LND is built from source, and there is no Go to build it with.
    #[error(
        "LND cannot be built here ({reason}): install Go 1.25.10 or later, or install \
         LND {version} yourself and set LND to the path of its lnd"
    )]
    NoGo {
        /// What was missing.
        reason: String,
        /// The version of LND that is wanted.
        version: &'static str,
    },

    /// A command of the installation failed.
    #[error("{what} failed ({command}): {output}")]
    Command {
        /// The step, in words.
        what: &'static str,
        /// The command line's program and first argument.
        command: String,
        /// The end of what the command printed.
        output: String,
    },

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
}

impl InstallError {
    /// Wraps an I/O error with what was tried on which path.
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}
