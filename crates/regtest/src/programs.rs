//! What a test does when the node programs are missing.

use std::io::Write;

use crate::install::{InstallError, Programs, Sources, locate};

/// The programs, or `None` after saying on standard error that `test` did not run and why. Where the
/// variable `CI` is set to anything but nothing, a missing program is an error instead: there nothing
/// may be skipped.
///
/// # Errors
/// [`InstallError`] if `CI` is set and a program is missing.
pub fn programs_or_skip(test: &str) -> Result<Option<Programs>, InstallError> {
    let error = match Sources::from_env().and_then(|sources| locate(&sources)) {
        Ok(programs) => return Ok(Some(programs)),
        Err(error) => error,
    };
    if std::env::var_os("CI").is_some_and(|value| !value.is_empty()) {
        return Err(error);
    }
    // Written past the test runner's capture, or nobody would see it.
    let _ = writeln!(std::io::stderr(), "\n*** NOT RUN: {test}: {error}\n");
    Ok(None)
}
