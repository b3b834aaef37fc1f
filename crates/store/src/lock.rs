//! One process at a time: an advisory lock of the file system on `<database>.lock`.

use crate::fault::of_io;
use domp_ports::journal::JournalError;
use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

/// Held as long as the database is open. The system releases it when the process ends, however it ends, so a killed
/// process leaves nothing stale; the file itself stays and is never removed, since removing a lock file while somebody
/// waits for it would let two in.
#[derive(Debug)]
pub(crate) struct Lock {
    _held: File,
}

impl Lock {
    /// Locks the database at `path`, or says that another process has it.
    pub(crate) fn take(path: &Path) -> Result<Self, JournalError> {
        let beside = lock_path(path);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&beside).map_err(|error| of_io(&beside, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _held: file }),
            Err(TryLockError::WouldBlock) => Err(JournalError::InUse { path: path.display().to_string() }),
            Err(TryLockError::Error(error)) => Err(of_io(&beside, &error)),
        }
    }
}

/// `<database>.lock`, where the database's own folder is spelled without links: two spellings of one file share a lock.
fn lock_path(path: &Path) -> PathBuf {
    let real = path.canonicalize().unwrap_or_else(|_| match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => {
            folder.canonicalize().map_or_else(|_| path.into(), |folder| folder.join(name))
        }
        _ => path.into(),
    });
    let mut name = OsString::from(real);
    name.push(".lock");
    name.into()
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn take__while_held__in_use_and_free_again_once_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trades.db");
        let held = Lock::take(&path).unwrap();
        assert!(matches!(Lock::take(&path), Err(JournalError::InUse { .. })));
        drop(held);
        assert!(Lock::take(&path).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn take__same_file_through_a_link__in_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trades.db");
        std::fs::write(&path, b"").unwrap();
        let link = folder.path().join("other.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let _held = Lock::take(&path).unwrap();
        assert!(matches!(Lock::take(&link), Err(JournalError::InUse { .. })));
    }

    #[test]
    fn take__folder_missing__names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = Lock::take(&folder.path().join("missing/trades.db")).unwrap_err();
        assert!(matches!(&error, JournalError::ReadOnly { path, .. } if path.contains("missing")), "{error}");
    }
}
