//! Rebuilding after a restore: a mark in the data folder says that trades are to be looked for on the relays, until that
//! was done once.

use crate::{failure::Failure, paths::Paths};
use domp_engine::Engine;
use std::{
    fs::{self, OpenOptions},
    io::ErrorKind,
    path::PathBuf,
    time::Duration,
};

/// Between two attempts while no relay answers.
const PAUSE: Duration = Duration::from_secs(30);

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

/// Does it if it was asked for, until it succeeds.
pub async fn pursue(engine: Engine, paths: Paths) {
    let path = mark(&paths);
    while path.exists() {
        match engine.rebuild_from_relays().await {
            Ok(report) => {
                for (bid, reason) in &report.failed {
                    tracing::warn!(%bid, reason, "a bid of yours could not be rebuilt");
                }
                tracing::info!(
                    rebuilt = report.rebuilt.len(),
                    known = report.known.len(),
                    "looked for your trades on the relays"
                );
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        tracing::error!(%error, path = %path.display(), "the mark cannot be removed");
                        return;
                    }
                    _ => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, "could not look for your trades on the relays; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
