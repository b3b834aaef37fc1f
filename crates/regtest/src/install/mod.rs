//! Finds bitcoind and LND, or installs them into the user's cache folder.
//!
//! Each program is taken from, in this order: the file named by `BITCOIND` or `LND`; the `PATH`; the
//! cache folder (`$XDG_CACHE_HOME/domp/nodes`, else `~/.cache/domp/nodes`). What is in none of
//! them is installed into the cache folder: bitcoind by unpacking Debian's packages privately
//! (`bitcoind.rs`), LND by building its Go module at a pinned version (`lnd.rs`). The system itself
//! is never changed, and no privilege is needed.
//!
//! Installing is atomic (built in a temporary folder, then renamed) and may run in several processes
//! at once: a lock file lets one work while the others wait.

mod bitcoind;
mod cache;
mod error;
mod lnd;
mod probe;

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub use bitcoind::MINIMUM_MAJOR as BITCOIND_MINIMUM_MAJOR;
pub use error::InstallError;
pub use lnd::VERSION as LND_VERSION;

/// Where to look for the programs, and where to install them.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The bitcoind to use whatever else is there (the variable `BITCOIND`).
    pub bitcoind: Option<PathBuf>,
    /// The lnd to use whatever else is there (the variable `LND`).
    pub lnd: Option<PathBuf>,
    /// The folders searched next, in order (the variable `PATH`).
    pub search_path: Vec<PathBuf>,
    /// The folder that installed programs are kept in.
    pub cache: PathBuf,
}

/// A program that was found, and what it said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The file to run.
    pub path: PathBuf,
    /// Its version, as it prints it.
    pub version: String,
    /// Where it was found.
    pub origin: Origin,
}

/// Where a program was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Named by its environment variable.
    Variable,
    /// In a folder of the `PATH`.
    SearchPath,
    /// In the cache folder, put there by [`install`].
    Cache,
}

/// The programs that a test network needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// Bitcoin Core or Bitcoin Knots.
    pub bitcoind: Program,
    /// LND.
    pub lnd: Program,
}

/// Receives one line of progress at a time.
pub type Progress<'a> = &'a mut dyn FnMut(&str);

impl Sources {
    /// Reads `BITCOIND`, `LND`, `PATH`, `XDG_CACHE_HOME` and `HOME`.
    ///
    /// # Errors
    /// [`InstallError::NoCacheFolder`] if there is no folder to keep programs in.
    pub fn from_env() -> Result<Self, InstallError> {
        let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = named("XDG_CACHE_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| named("HOME").map(|home| home.join(".cache")))
            .ok_or(InstallError::NoCacheFolder)?;
        Ok(Self {
            bitcoind: named("BITCOIND"),
            lnd: named("LND"),
            search_path: env::var_os("PATH")
                .map(|path| env::split_paths(&path).collect())
                .unwrap_or_default(),
            cache: cache.join("domp").join("nodes"),
        })
    }

    /// The first file of this name in the search path.
    fn on_search_path(&self, name: impl AsRef<OsStr>) -> Option<PathBuf> {
        let name = Path::new(name.as_ref());
        self.search_path.iter().map(|folder| folder.join(name)).find(|path| path.is_file())
    }
}

/// Finds both programs without installing anything.
///
/// # Errors
/// [`InstallError::Missing`] or [`InstallError::Unusable`], naming the program.
pub fn locate(sources: &Sources) -> Result<Programs, InstallError> {
    let bitcoind = bitcoind::locate(sources)?.map_or_else(|| bitcoind::look_again(sources), Ok)?;
    let lnd = lnd::locate(sources)?.map_or_else(|| lnd::look_again(sources), Ok)?;
    Ok(Programs { bitcoind, lnd })
}

/// Finds both programs and installs what is missing. Takes minutes the first time (LND is built from
/// source), well under a second afterwards.
///
/// # Errors
/// [`InstallError`], with what is missing and how to get it.
pub fn install(sources: &Sources, progress: Progress<'_>) -> Result<Programs, InstallError> {
    let bitcoind = match bitcoind::locate(sources)? {
        Some(found) => found,
        None => bitcoind::install(sources, progress)?,
    };
    let lnd = match lnd::locate(sources)? {
        Some(found) => found,
        None => lnd::install(sources, progress)?,
    };
    Ok(Programs { bitcoind, lnd })
}
