//! Files that are whole or not there: written beside their place, synced, then renamed.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// A file in the making, readable by its owner only. Dropped unfinished, it leaves nothing.
pub(crate) struct AtomicFile {
    part: NamedTempFile,
    target: PathBuf,
    folder: PathBuf,
}

impl AtomicFile {
    /// Begins the file that will be `target`, in the same folder.
    pub(crate) fn begin(target: &Path) -> io::Result<Self> {
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let part = tempfile::Builder::new().prefix(".part-").tempfile_in(folder)?;
        Ok(Self { part, target: target.into(), folder: folder.into() })
    }

    /// Puts it in its place if nothing is there ([`io::ErrorKind::AlreadyExists`] otherwise); durable on return.
    pub(crate) fn create(self) -> io::Result<()> {
        self.part.as_file().sync_all()?;
        self.part.persist_noclobber(&self.target)?;
        sync(&self.folder)
    }

    /// Puts it in its place, over what was there; at every moment one of the two is there whole. Durable on return.
    pub(crate) fn replace(self) -> io::Result<()> {
        self.part.as_file().sync_all()?;
        self.part.persist(&self.target)?;
        sync(&self.folder)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.part.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.part.flush()
    }
}

/// Makes the names in a folder durable; systems that cannot open a folder need not.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
