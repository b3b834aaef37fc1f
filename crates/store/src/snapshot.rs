//! A consistent copy of the whole database, made while others read and write.
//!
//! `VACUUM INTO` copies what one read transaction sees, without holding up writers. SQLite does not sync the copy, so
//! this does; and the copy gets its name only when it is complete, so a half-written one is never taken for a backup.

use crate::fault::{Fault, of_io};
use domp_ports::journal::{COPY, JournalError};
use rusqlite::Connection;
use std::{fs::File, path::Path};

/// Copies the database behind `db` to `target`, which must not exist yet; readable by its owner only.
pub(crate) fn copy(db: &Connection, target: &Path) -> Result<(), Fault> {
    if target.exists() {
        return Err(taken(target));
    }
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let io = |error| of_io(target, &error);
    let part = tempfile::Builder::new().prefix(".snapshot-").tempfile_in(folder).map_err(io)?;
    let name = part
        .path()
        .to_str()
        .ok_or_else(|| JournalError::Failed(format!("{}: SQLite needs a path in UTF-8", target.display())))?;
    // Said with the target's name: what fails here is the copy, not the database.
    db.execute("VACUUM INTO ?1", [name]).map_err(|error| Fault::Said(Fault::from(error).at(target)))?;
    mark(part.path()).map_err(|error| Fault::Said(Fault::from(error).at(target)))?;
    part.as_file().sync_all().map_err(io)?;
    part.persist_noclobber(target).map_err(|refused| {
        if refused.error.kind() == std::io::ErrorKind::AlreadyExists {
            taken(target)
        } else {
            of_io(target, &refused.error).into()
        }
    })?;
    sync_folder(folder)
}

/// The copy says that it is one.
fn mark(copy: &Path) -> rusqlite::Result<()> {
    let db = Connection::open(copy)?;
    let set = "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.execute(set, [COPY, "made"])?;
    db.close().map_err(|(_, error)| error)
}

/// Makes the names in a folder durable; systems that cannot open a folder need not.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Fault> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| of_io(folder, &error))?;
    }
    Ok(())
}

fn taken(target: &Path) -> Fault {
    let target = target.display();
    JournalError::Failed(format!("{target} exists already; give the copy another name")).into()
}
