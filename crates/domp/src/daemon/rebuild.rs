//! Rebuilding after a restore: a mark in the data folder says that trades are to be looked for on the relays, until that
//! was done with every relay's answer.

use crate::{failure::Failure, paths::Paths};
use domp_engine::Engine;
use std::{
    fs::{self, OpenOptions},
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

/// Before the second attempt. It doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause between two attempts: a relay may be away for days.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

fn mark(paths: &Paths) -> PathBuf {
    paths.data.join("rebuild.wanted")
}

/// Asks for it at the next start.
///
/// # Errors
/// If the mark cannot be written.
pub fn request(paths: &Paths) -> Result<(), Failure> {
    let path = mark(paths);
    let made = OpenOptions::new().create(true).append(true).open(&path);
    made.map(drop).map_err(|error| {
        Failure::refused("cannot_write", format!("{} cannot be written: {error}", path.display()))
    })
}

/// Does it if it was asked for, until another attempt would find no more. The mark stays until then, whatever happens to
/// this process.
pub async fn pursue(engine: Engine, paths: Paths) {
    let path = mark(&paths);
    let mut pause = FIRST_PAUSE;
    let mut told = Vec::new();
    while path.exists() {
        match engine.rebuild_from_relays().await {
            Ok(report) => {
                if report.failed != told {
                    for (bid, reason) in &report.failed {
                        tracing::warn!(%bid, reason, "a bid of yours could not be rebuilt");
                    }
                    told.clone_from(&report.failed);
                }
                tracing::info!(
                    rebuilt = report.rebuilt.len(),
                    known = report.known.len(),
                    complete = report.complete,
                    "looked for your trades on the relays"
                );
                if report.complete {
                    return remove(&path);
                }
                tracing::warn!(
                    "not every relay has answered, or not every trade could be rebuilt yet: looking again"
                );
            }
            Err(error) => {
                tracing::warn!(%error, "could not look for your trades on the relays; trying again");
            }
        }
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::error!(%error, path = %path.display(), "the mark cannot be removed");
        }
        _ => {}
    }
}
