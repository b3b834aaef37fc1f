//! A folder of the cache that is there whole or not at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{InstallError, Progress};

/// Builds `cache/name` by filling a temporary folder beside it and renaming that. A lock keeps two
/// processes from building the same thing; the second finds it done (`is_done`).
pub(super) fn build_once(
    cache: &Path,
    name: &str,
    progress: Progress<'_>,
    is_done: impl Fn(&Path) -> bool,
    fill: impl FnOnce(&Path, Progress<'_>) -> Result<(), InstallError>,
) -> Result<PathBuf, InstallError> {
    fs::create_dir_all(cache).map_err(InstallError::io("cannot create", cache))?;
    let target = cache.join(name);
    let _lock = lock(&cache.join(format!("{name}.lock")), progress)?;
    if is_done(&target) {
        return Ok(target);
    }
    let work = tempfile::Builder::new()
        .prefix(".installing-")
        .tempdir_in(cache)
        .map_err(InstallError::io("cannot create a temporary folder in", cache))?;
    fill(work.path(), progress)?;
    replace(&target, work)?;
    Ok(target)
}

/// Puts the finished folder in place of whatever broken one stands there.
fn replace(target: &Path, work: TempDir) -> Result<(), InstallError> {
    if target.exists() {
        fs::remove_dir_all(target).map_err(InstallError::io("cannot remove", target))?;
    }
    // Temporary folders are private; what is installed may be read by all, like other programs.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(work.path(), fs::Permissions::from_mode(0o755))
            .map_err(InstallError::io("cannot change the mode of", work.path()))?;
    }
    fs::rename(work.path(), target)
        .map_err(InstallError::io("cannot move the finished folder to", target))?;
    // Renamed away: there is nothing left for the guard to delete.
    let _ = work.keep();
    Ok(())
}

fn lock(path: &Path, progress: Progress<'_>) -> Result<File, InstallError> {
    let file = File::create(path).map_err(InstallError::io("cannot create", path))?;
    if file.try_lock().is_err() {
        progress("another process is installing this: waiting for it");
        file.lock().map_err(InstallError::io("cannot lock", path))?;
    }
    Ok(file)
}
