//! The temporary folder of one network: removed at the end, kept when something went wrong.

use std::fs;
use std::io::Write;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError};

use crate::RegtestError;
use crate::watchdog::Watchdog;

/// The folders in use, so that a panic anywhere in the process can mark them as worth keeping.
static IN_USE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static HOOK: Once = Once::new();

#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    watchdog: Arc<Watchdog>,
}

impl Folder {
    pub(crate) fn create() -> Result<Self, RegtestError> {
        let folder = tempfile::Builder::new()
            .prefix("domp-regtest-")
            .tempdir()
            .map_err(RegtestError::io("cannot create a temporary folder in", std::env::temp_dir()))?;
        let watchdog = Arc::new(Watchdog::start(folder.path())?);
        // From here on the watchdog removes it.
        let path = folder.keep();
        HOOK.call_once(keep_on_panic);
        in_use().push(path.clone());
        Ok(Self { path, watchdog })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn watchdog(&self) -> Arc<Watchdog> {
        Arc::clone(&self.watchdog)
    }

    /// Keeps the folder when the network ends.
    pub(crate) fn keep(&self) {
        keep(&self.path);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        in_use().retain(|path| *path != self.path);
    }
}

fn in_use() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    IN_USE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(path: &Path) {
    // What cannot be marked is removed like any other: there is nobody to tell.
    let _ = fs::write(path.join("keep"), "kept because something failed\n");
}

/// A destructor sees only panics of its own thread, and a shared network has none: a hook sees all.
fn keep_on_panic() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        before(panic);
        // `try_lock`: the panic may have happened while this thread held the list.
        if let Ok(folders) = IN_USE.try_lock() {
            for folder in folders.iter() {
                keep(folder);
                let _ = writeln!(std::io::stderr(), "the nodes' logs are kept in {}", folder.display());
            }
        }
    }));
}
