//! How a database is found, judged, locked and opened. Nothing is changed in a file before it is known to be ours.

use crate::{
    fault::{Fault, of_io},
    journal::SqliteJournal,
    lock::Lock,
    migrations::{self, APPLICATION_ID, STEPS},
    reader::Reader,
    snapshot::sync_folder,
    writer::Writer,
};
use domp_ports::journal::JournalError;
use rusqlite::{Connection, OpenFlags};
use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

/// Bounds of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Writes that may share one transaction.
    pub group: usize,
    /// Writes that may wait before their callers do.
    pub queue: usize,
    /// The largest size of the file in pages of 4096 bytes; `None` is SQLite's own bound. What does not fit is refused as
    /// if the disk were full.
    pub pages: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { group: 256, queue: 1024, pages: None }
    }
}

/// How long a statement waits for a program that opened the file behind our back.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than the number of different statements in this crate.
const STATEMENTS: usize = 64;
/// The first bytes of every SQLite file.
const MAGIC: &[u8] = b"SQLite format 3\0";

pub(crate) fn open(path: &Path, limits: Limits) -> Result<SqliteJournal, JournalError> {
    let lock = Lock::take(path)?;
    let created = create_private(path)?;
    if !created {
        judge(path)?;
    }
    let said = |fault: Fault| fault.at(path);
    let db = writing(path, limits).map_err(said)?;
    if created && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        sync_folder(folder).map_err(said)?;
    }
    let shared: Arc<Path> = path.into();
    let points = reading(path).map_err(said)?;
    let scans = reading(path).map_err(said)?;
    Ok(SqliteJournal {
        points: Reader::start(points, Arc::clone(&shared))?,
        scans: Reader::start(scans, Arc::clone(&shared))?,
        writer: Writer::start(db, path, limits.queue, limits.group)?,
        file: Some(shared),
        _lock: Some(lock),
    })
}

pub(crate) fn in_memory(limits: Limits) -> Result<SqliteJournal, JournalError> {
    let path: Arc<Path> = Path::new("the database in memory").into();
    let open = || {
        let mut db = Connection::open_in_memory()?;
        settle(&mut db, &path, limits)?;
        Ok(db)
    };
    let db = open().map_err(|fault: Fault| fault.at(&path))?;
    let writer = Writer::start(db, &path, limits.queue, limits.group)?;
    let reader = || match writer.jobs() {
        Some(jobs) => Ok(Reader::on_writer(jobs, Arc::clone(&path))),
        None => Err(JournalError::Failed("the writing thread did not start".to_owned())),
    };
    Ok(SqliteJournal { points: reader()?, scans: reader()?, writer, file: None, _lock: None })
}

/// Creates the file, for its owner only, unless it exists; SQLite gives its companions the same rights.
fn create_private(path: &Path) -> Result<bool, JournalError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(of_io(path, &error)),
    }
}

/// Refuses what is not ours to open: no SQLite file, another program's, or a newer program's. Only reads.
fn judge(path: &Path) -> Result<(), JournalError> {
    let corrupt =
        |reason: &str| JournalError::Corrupt { path: path.display().to_string(), reason: reason.to_owned() };
    let mut first = Vec::new();
    let file = File::open(path).map_err(|error| of_io(path, &error))?;
    file.take(100).read_to_end(&mut first).map_err(|error| of_io(path, &error))?;
    if first.is_empty() {
        return Ok(()); // created, and stopped before the first page was written
    }
    if first.len() < 100 || !first.starts_with(MAGIC) {
        return Err(corrupt("it is not an SQLite database"));
    }
    let read = || -> Result<(u32, i32, u32), Fault> {
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        db.busy_timeout(PATIENCE)?;
        let number = |sql: &str| db.query_row(sql, [], |row| row.get(0));
        let application = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        Ok((number("PRAGMA user_version")?, application, number("SELECT count(*) FROM sqlite_schema")?))
    };
    let (version, application, tables) = read().map_err(|fault| fault.at(path))?;
    if application != APPLICATION_ID && (version, tables) != (0, 0) {
        return Err(corrupt("it belongs to another program"));
    }
    if version > migrations::newest() {
        let path = path.display().to_string();
        return Err(JournalError::TooNew { path, found: version, known: migrations::newest() });
    }
    Ok(())
}

/// The one connection that writes.
fn writing(path: &Path, limits: Limits) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(PATIENCE)?;
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        let reason = format!("{}: this file system cannot hold a write-ahead log", path.display());
        return Err(JournalError::Failed(reason).into());
    }
    settle(&mut db, path, limits)?;
    Ok(db)
}

/// Settings and schema of a writing connection.
fn settle(db: &mut Connection, path: &Path, limits: Limits) -> Result<(), Fault> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.execute_batch(
        "PRAGMA synchronous = FULL;        -- every commit is on the disk before it is acknowledged
         PRAGMA fullfsync = ON;            -- and on systems that distinguish, really on the disk
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY;       -- savepoints keep their undo pages here
         PRAGMA cache_size = -32768;       -- KiB
         PRAGMA wal_autocheckpoint = 4096; -- pages: 16 MiB
         PRAGMA journal_size_limit = 67108864;",
    )?;
    if let Some(pages) = limits.pages {
        db.execute_batch(&format!("PRAGMA max_page_count = {pages}"))?;
    }
    migrations::run(db, path, STEPS)
}

/// A connection that cannot write.
pub(crate) fn reading(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.busy_timeout(PATIENCE)?;
    db.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
    Ok(db)
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    fn told(db: &Connection, pragma: &str) -> String {
        let text = |row: &rusqlite::Row<'_>| {
            row.get::<_, rusqlite::types::Value>(0).map(|value| format!("{value:?}"))
        };
        db.query_row(&format!("PRAGMA {pragma}"), [], text).unwrap()
    }

    #[test]
    fn writing__settings__durable_before_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let db = writing(&folder.path().join("trades.db"), Limits::default());
        assert!(matches!(db, Err(Fault::Sqlite(_))), "a missing file is never created here");
        let path = folder.path().join("trades.db");
        assert!(create_private(&path).unwrap());
        let db = writing(&path, Limits::default()).unwrap();
        for (pragma, value) in [
            ("journal_mode", "Text(\"wal\")"),
            ("synchronous", "Integer(2)"),
            ("fullfsync", "Integer(1)"),
            ("foreign_keys", "Integer(1)"),
            ("busy_timeout", "Integer(5000)"),
            ("application_id", "Integer(1146047824)"),
            ("user_version", "Integer(1)"),
        ] {
            assert_eq!(told(&db, pragma), value, "{pragma}");
        }
    }

    #[test]
    fn reading__any_write__refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trades.db");
        create_private(&path).unwrap();
        let _writing = writing(&path, Limits::default()).unwrap();
        let db = reading(&path).unwrap();
        let refused = db.execute("DELETE FROM trades", []).map_err(|error| Fault::from(error).at(&path));
        assert!(matches!(refused, Err(JournalError::ReadOnly { .. })), "{refused:?}");
    }
}
