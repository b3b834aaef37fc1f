//! What SQLite's and the system's errors mean to a person.

use domp_ports::journal::JournalError;
use rusqlite::{Error as Sqlite, ErrorCode};
use std::{io, path::Path};

/// An error before the file it concerns is named.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Already said in full.
    Said(JournalError),
    /// SQLite's word.
    Sqlite(Sqlite),
}

impl From<Sqlite> for Fault {
    fn from(error: Sqlite) -> Self {
        Self::Sqlite(error)
    }
}

impl From<JournalError> for Fault {
    fn from(error: JournalError) -> Self {
        Self::Said(error)
    }
}

impl Fault {
    /// The error as the port spells it, with the file named.
    pub(crate) fn at(self, path: &Path) -> JournalError {
        match self {
            Self::Said(error) => error,
            Self::Sqlite(error) => of_sqlite(path, &error),
        }
    }
}

/// A [`JournalError`] for an error of SQLite on the database at `path`.
fn of_sqlite(path: &Path, error: &Sqlite) -> JournalError {
    let reason = error.to_string();
    let path = path.display().to_string();
    match error {
        Sqlite::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DiskFull => JournalError::Full { path },
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                JournalError::ReadOnly { path, reason }
            }
            ErrorCode::NotADatabase => {
                JournalError::Corrupt { path, reason: "it is not an SQLite database".to_owned() }
            }
            ErrorCode::DatabaseCorrupt => JournalError::Corrupt { path, reason },
            // Our own lock is held by then, so this is a program that opened the file behind our back.
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => JournalError::InUse { path },
            _ => JournalError::Failed(format!("{path}: {reason}")),
        },
        // The schema is STRICT, so a value of a wrong type or length was not written by this program.
        Sqlite::FromSqlConversionFailure(..)
        | Sqlite::IntegralValueOutOfRange(..)
        | Sqlite::InvalidColumnType(..)
        | Sqlite::Utf8Error(_) => JournalError::Corrupt { path, reason },
        _ => JournalError::Failed(format!("{path}: {reason}")),
    }
}

/// A [`JournalError`] for an error of the file system on the file at `path`.
pub(crate) fn of_io(path: &Path, error: &io::Error) -> JournalError {
    let reason = error.to_string();
    let path = path.display().to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => JournalError::Full { path },
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory => JournalError::ReadOnly { path, reason },
        _ => JournalError::Failed(format!("{path}: {reason}")),
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn told(code: std::ffi::c_int) -> JournalError {
        Fault::from(Sqlite::SqliteFailure(ffi::Error::new(code), None)).at(Path::new("trades.db"))
    }

    #[test]
    fn at__each_code_of_sqlite__its_own_error() {
        assert!(matches!(told(ffi::SQLITE_FULL), JournalError::Full { .. }));
        assert!(matches!(told(ffi::SQLITE_READONLY), JournalError::ReadOnly { .. }));
        assert!(matches!(told(ffi::SQLITE_CANTOPEN), JournalError::ReadOnly { .. }));
        assert!(matches!(told(ffi::SQLITE_NOTADB), JournalError::Corrupt { .. }));
        assert!(matches!(told(ffi::SQLITE_CORRUPT), JournalError::Corrupt { .. }));
        assert!(matches!(told(ffi::SQLITE_BUSY), JournalError::InUse { .. }));
        assert!(matches!(told(ffi::SQLITE_IOERR), JournalError::Failed(_)));
    }

    #[test]
    fn of_io__each_kind__its_own_error_that_names_the_file() {
        let told = |kind: io::ErrorKind| of_io(Path::new("trades.db"), &kind.into());
        assert!(matches!(told(io::ErrorKind::StorageFull), JournalError::Full { .. }));
        assert!(matches!(told(io::ErrorKind::ReadOnlyFilesystem), JournalError::ReadOnly { .. }));
        assert!(matches!(told(io::ErrorKind::Other), JournalError::Failed(_)));
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::PermissionDenied, io::ErrorKind::Other] {
            assert!(told(kind).to_string().contains("trades.db"));
        }
    }
}
