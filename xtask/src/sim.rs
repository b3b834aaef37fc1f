//! `cargo xtask sim` and the way other long runs are started: in release, whatever this command was built as.

use anyhow::{Context, bail};
use std::process::Command;

/// Simulates many trades with faults; `--seed S` tells one.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    in_release("domp-sim", arguments)
}

/// Runs a package's own program, built for speed.
pub fn in_release(package: &str, arguments: &[String]) -> anyhow::Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--package", package, "--"])
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("{package} ended with {status}");
    }
    Ok(())
}
