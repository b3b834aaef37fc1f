//! The machine: folders, vault, database, disk.

use super::finding::Finding;
use crate::{
    cli::Session,
    config::Config,
    passphrase::{self, VARIABLE},
    paths::{Paths, check_socket},
};
use domp_ports::journal::JournalError;
use domp_store::SqliteJournal;
use domp_vault::vault_file;
use std::{fs, io::ErrorKind, os::unix::fs::PermissionsExt, path::Path};

/// Below this there is no trade to be begun.
const LEAST_BYTES: u64 = 50 * 1024 * 1024;
/// Below this it is time to look.
const ROOM_BYTES: u64 = 500 * 1024 * 1024;

/// Looks at all of it.
pub fn check(session: &Session, paths: &Paths, config: Option<&Config>) -> Vec<Finding> {
    let mut findings = vec![folder(&paths.data)];
    if !paths.data.is_dir() {
        return findings;
    }
    findings.push(vault(session, paths));
    findings.extend(private("token", &paths.token()));
    if let Some(file) = session.passphrase_file() {
        findings.extend(private("passphrase file", &file));
    }
    findings.push(database(paths));
    findings.push(disk(&paths.data));
    let socket = config.and_then(|config| config.api.socket.clone()).unwrap_or_else(|| paths.socket());
    if let Err(failure) = check_socket(&socket) {
        findings.push(Finding::failed("socket", &failure));
    }
    findings
}

fn folder(path: &Path) -> Finding {
    let check = "data folder";
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Finding::bad(
            check,
            format!("{} is not there", path.display()),
            "`domp init` makes it, `domp restore` brings an old one back",
        ),
        Err(error) => {
            Finding::bad(check, format!("{}: {error}", path.display()), "make it readable for this user")
        }
        Ok(found) if !found.is_dir() => {
            Finding::bad(check, format!("{} is no folder", path.display()), "name another with --data-dir")
        }
        Ok(found) => {
            let mode = found.permissions().mode() & 0o777;
            if let Err(error) = tempfile::tempfile_in(path) {
                let way_out = "make it writable for this user; nothing can be kept there";
                Finding::bad(check, format!("{} cannot be written: {error}", path.display()), way_out)
            } else if mode & 0o077 == 0 {
                Finding::good(check, path.display().to_string())
            } else {
                let found = format!("{} is open to others (mode {mode:o})", path.display());
                Finding::warning(check, found, format!("chmod 700 {}", path.display()))
            }
        }
    }
}

fn vault(session: &Session, paths: &Paths) -> Finding {
    let check = "vault";
    let path = paths.vault();
    if path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Finding::bad(
            check,
            format!("{} is not there", path.display()),
            "`domp init` makes one, `domp restore` brings one back",
        );
    }
    if let Some(finding) = private(check, &path).filter(|finding| finding.way_out.is_some()) {
        return finding;
    }
    let given = session.passphrase_file().is_some() || std::env::var_os(VARIABLE).is_some();
    if !given {
        return Finding::good(check, format!("{}; not opened, since {VARIABLE} is not set", path.display()));
    }
    let opened = passphrase::existing(session.passphrase_file().as_deref(), std::env::var_os(VARIABLE))
        .map_err(|failure| failure.message)
        .and_then(|passphrase| {
            vault_file::open(&path, passphrase.expose()).map_err(|error| error.to_string())
        });
    match opened {
        Ok(_) => Finding::good(check, format!("{} opens with the passphrase", path.display())),
        Err(error) => {
            Finding::bad(check, error, "give the right passphrase, or restore from the recovery phrase")
        }
    }
}

/// A file that only its owner may read; `None` if there is none.
fn private(check: &str, path: &Path) -> Option<Finding> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    Some(if mode & 0o077 == 0 {
        Finding::good(check, format!("{} (mode {mode:o})", path.display()))
    } else {
        let found = format!("{} can be read or written by others (mode {mode:o})", path.display());
        Finding::warning(check, found, format!("chmod 600 {}", path.display()))
    })
}

/// The node's macaroon: whoever reads it can do with the node what it allows. Its group may read it, since that is how a
/// daemon with a user of its own gets at it.
pub fn macaroon(path: &Path) -> Option<Finding> {
    const OTHERS: u32 = 0o027;
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & OTHERS != 0).then(|| {
        let found = format!(
            "{} can be read by anybody on this machine, or written by its group (mode {mode:o})",
            path.display()
        );
        Finding::warning(
            "macaroon file",
            found,
            format!("chmod 600 {} (640 if domp reads it by its group)", path.display()),
        )
    })
}

fn database(paths: &Paths) -> Finding {
    let check = "database";
    let path = paths.database();
    if path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Finding::good(check, format!("{} is made at the first start", path.display()));
    }
    match SqliteJournal::open(&path) {
        Ok(_) => Finding::good(check, format!("{} can be opened", path.display())),
        Err(JournalError::InUse { .. }) => {
            Finding::good(check, format!("{} is in use by the running daemon", path.display()))
        }
        Err(error) => Finding::bad(check, error.to_string(), "see docs/backup-and-restore.md"),
    }
}

fn disk(path: &Path) -> Finding {
    let check = "disk";
    match rustix::fs::statvfs(path) {
        Err(error) => {
            Finding::warning(check, format!("its room cannot be asked for: {error}"), "look yourself")
        }
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let found = format!("{} MB free", free / (1024 * 1024));
            match free {
                0..LEAST_BYTES => Finding::bad(
                    check,
                    found,
                    "free some room before you trade: nothing is done that cannot be written down first",
                ),
                LEAST_BYTES..ROOM_BYTES => Finding::warning(check, found, "free some room soon"),
                _ => Finding::good(check, found),
            }
        }
    }
}
