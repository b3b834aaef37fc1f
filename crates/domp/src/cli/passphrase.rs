//! `domp passphrase`: another passphrase for the vault. The identity stays the same.

use super::{args::NewPassphrase, session::Session};
use crate::{daemon::vault_failure, failure::Failure, output::Shown, passphrase};
use domp_vault::{Cost, vault_file};
use serde::Serialize;

/// What was changed.
#[derive(Serialize)]
struct Changed {
    vault: String,
}

impl Shown for Changed {
    fn text(&self) -> String {
        format!(
            "{} opens with the new passphrase from now on; a daemon that runs goes on, and needs it at its next start.\n\
             Copies of this file that were made before still open with the old one. If somebody may know it, remove them: the \
             recovery phrase inside is the same, and cannot be changed.",
            self.vault
        )
    }
}

/// Does it.
///
/// # Errors
/// If there is no vault, the present passphrase is wrong, or the new one is too short or cannot be asked for. The vault is
/// then as it was.
pub async fn run(session: &Session, wanted: &NewPassphrase) -> Result<(), Failure> {
    let paths = session.paths()?;
    let path = paths.vault();
    if path.symlink_metadata().is_err() {
        return Err(Failure::usage("no_vault", format!("there is no identity in {}", paths.data.display()))
            .hint("name another --profile or --data-dir"));
    }
    let present = session.passphrase()?;
    let new = passphrase::replacement(wanted.new_passphrase_file.as_deref())?;
    let vault = path.display().to_string();
    let changing = tokio::task::spawn_blocking(move || {
        vault_file::change_passphrase(&path, present.expose(), new.expose(), Cost::recommended())
    });
    let changed = changing.await.map_err(|error| Failure::refused("vault", error.to_string()))?;
    changed.map_err(|error| vault_failure(&error))?;
    session.output.show(&Changed { vault })
}
