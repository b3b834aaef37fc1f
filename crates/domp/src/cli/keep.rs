//! `domp backup` and `domp restore`.

use super::{
    args::{Backup, Restore},
    init::{Choices, make, make_folder, read_phrase, refuse_existing, template},
    session::Session,
};
use crate::{
    daemon::rebuild, failure::Failure, output::Shown, paths::Paths, reference::npub, wire::status::Rebuilt,
};
use domp_store::SqliteJournal;
use domp_vault::{
    Phrase,
    backup::{BackupError, read_backup},
};
use serde::Serialize;
use std::{
    fs::{self, File, OpenOptions},
    io::{BufReader, ErrorKind},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};
use tempfile::NamedTempFile;

/// A backup that was written.
#[derive(Serialize)]
struct Written {
    file: String,
    bytes: u64,
}

impl Shown for Written {
    fn text(&self) -> String {
        format!(
            "{} ({} bytes), encrypted with a key that derives from your recovery phrase.\n\
             Keep it on another machine. Make a new one after each step that commits you.",
            self.file, self.bytes
        )
    }
}

/// `domp backup`.
///
/// # Errors
/// If the file is there already or cannot be written, or the daemon cannot make the backup.
pub async fn backup(session: &Session, wanted: &Backup) -> Result<(), Failure> {
    let client = session.client()?;
    let path = &wanted.file;
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::refused(
            "file_exists",
            format!("{} exists already and is never overwritten", path.display()),
        )
        .hint("give the backup another name"),
        _ => Failure::refused("cannot_write", format!("{} cannot be written: {error}", path.display())),
    };
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let mut file = tokio::fs::File::from_std(file);
    match client.download("/v1/backup", &mut file).await {
        Ok(bytes) => session.output.show(&Written { file: path.display().to_string(), bytes }),
        Err(failure) => {
            // Half a backup is worse than none; that it could not be removed is told by the next attempt.
            let _ = fs::remove_file(path);
            Err(failure)
        }
    }
}

/// What was restored.
#[derive(Serialize)]
struct Restored {
    public_key: String,
    npub: String,
    data: String,
    from_backup: bool,
}

impl Shown for Restored {
    fn text(&self) -> String {
        let trades =
            if self.from_backup { "The trades of the backup are here." } else { "There was no backup." };
        format!(
            "Your Nostr key:  {}\nData folder:     {}\n{trades} At its next start the daemon also looks for your trades on the \
             relays.\n\nNext: `domp doctor`, then `domp up`. Never run two machines with the same phrase at the same time.",
            self.npub, self.data
        )
    }
}

/// `domp restore`.
///
/// # Errors
/// If there is an identity already, the phrase or the backup is wrong, or a file cannot be written.
pub async fn restore(session: &Session, wanted: &Restore) -> Result<(), Failure> {
    if wanted.from_relays {
        let rebuilt: Rebuilt = session.client()?.post("/v1/rebuild", &()).await?;
        return session.output.show(&rebuilt);
    }
    let paths = session.paths()?;
    refuse_existing(&paths)?;
    refuse_database(&paths)?;
    let choices = Choices {
        network: wanted.network.as_deref(),
        lnddir: wanted.lnddir.as_deref(),
        relays: &wanted.relays,
    };
    let template = template(session, &paths, &choices)?;
    let phrase = read_phrase()?;
    // Opened to its end first: nothing is made of a backup that is not whole.
    let staged = match &wanted.backup {
        Some(file) => {
            make_folder(&paths)?;
            Some(stage(file, &phrase, &paths).inspect_err(|_| {
                // Nothing was made, so an empty folder stays behind at most; one that is not empty is not removed.
                let _ = fs::remove_dir(&paths.data);
            })?)
        }
        None => None,
    };
    let passphrase = session.new_passphrase()?;
    make_folder(&paths)?;
    let made = async {
        if let Some(staged) = staged {
            put(staged, &paths).await?;
        }
        rebuild::request(&paths)?;
        make(&paths, template.as_ref(), &phrase, &passphrase)
    };
    let key = made.await.inspect_err(|_| {
        // All or nothing, so that it can be tried again; what is left is named by the next attempt.
        let _ = fs::remove_file(paths.database());
    })?;
    session.output.show(&Restored {
        public_key: key.to_string(),
        npub: npub(key.as_bytes()),
        data: paths.data.display().to_string(),
        from_backup: wanted.backup.is_some(),
    })
}

fn refuse_database(paths: &Paths) -> Result<(), Failure> {
    if paths.database().symlink_metadata().is_err() {
        return Ok(());
    }
    let message = format!("{} holds trades already; they are never overwritten", paths.database().display());
    Err(Failure::refused("database_exists", message).hint("name an empty place with --data-dir or --profile"))
}

/// Opens the backup completely, into a file that only we can read and that lies where the database will: what is in it, such as
/// what was bought from whom, must not go through a folder of the system that others use.
fn stage(backup: &Path, phrase: &Phrase, paths: &Paths) -> Result<NamedTempFile, Failure> {
    let bad = |error: String| Failure::refused("bad_backup", format!("{}: {error}", backup.display()));
    let mut input =
        BufReader::new(File::open(backup).map_err(|error| bad(format!("cannot be read: {error}")))?);
    let unwritten = |error: std::io::Error| cannot_write(&paths.data, &error.to_string());
    let mut staged = NamedTempFile::new_in(&paths.data).map_err(unwritten)?;
    read_backup(&mut input, phrase, &mut staged).map_err(|error| match error {
        // Of the two files it is the new one.
        BackupError::System { what, reason } if what.starts_with("writing") => {
            cannot_write(&paths.data, &reason)
        }
        other => bad(other.to_string()),
    })?;
    staged.as_file().sync_all().map_err(unwritten)?;
    Ok(staged)
}

fn cannot_write(path: &Path, reason: &str) -> Failure {
    Failure::refused("cannot_write", format!("{} cannot be written: {reason}", path.display()))
        .hint("make room or make it writable, or name another place with --data-dir")
}

/// Puts the database in its place and checks it.
async fn put(staged: NamedTempFile, paths: &Paths) -> Result<(), Failure> {
    let path = paths.database();
    staged.persist_noclobber(&path).map_err(|error| cannot_write(&path, &error.error.to_string()))?;
    let journal =
        SqliteJournal::open(&path).map_err(|error| Failure::refused("bad_backup", error.to_string()))?;
    journal.check().await.map_err(|error| Failure::refused("bad_backup", error.to_string()))
}
