//! `cargo xtask bench [NAME]`: how fast we are against what lies underneath, one line a comparison.

use anyhow::ensure;
use std::process::Command;

/// The crates that have a bench called `ratios`.
const CRATES: [&str; 3] = ["domp-protocol", "domp-store", "domp-engine"];

/// Runs the comparisons whose name contains NAME, or all.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    ensure!(arguments.len() <= 1, "`cargo xtask bench` takes at most one name, got {arguments:?}");
    for name in CRATES {
        let mut cargo = Command::new(crate::cargo());
        cargo.current_dir(crate::root()).args(["bench", "--quiet", "--package", name, "--bench", "ratios"]);
        if let Some(name) = arguments.first() {
            cargo.args(["--", name]);
        }
        let status = cargo.status()?;
        ensure!(status.success(), "the comparisons of {name} ended with {status}");
    }
    Ok(())
}
