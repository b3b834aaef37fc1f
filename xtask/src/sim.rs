//! `cargo xtask sim` and the way other long runs are started: in release, whatever this command was built as.

use anyhow::{Context, bail, ensure};
use std::process::Command;

/// Simulates many trades with faults; `--seed S` tells one. With `--engine` it is two whole engines that trade, not the
/// machine alone: slower by far, and nearer to what runs.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    match arguments.split_first() {
        Some((first, rest)) if first == "--engine" => engine(rest),
        _ => in_release("domp-sim", arguments),
    }
}

fn engine(arguments: &[String]) -> anyhow::Result<()> {
    let variable = match arguments.first().map(String::as_str) {
        Some("--seeds") => "DOMP_SEEDS",
        Some("--seed") => "DOMP_SEED",
        _ => bail!("usage: cargo xtask sim --engine --seeds N | --seed S"),
    };
    let [_, number] = arguments else { bail!("{} needs one number", arguments[0]) };
    number.parse::<u64>().with_context(|| format!("{} needs a number, not {number:?}", arguments[0]))?;
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "--quiet", "--release", "--package", "domp-engine", "--test", "seeded", "--"]);
    command.args(["--nocapture", "--exact", ENGINE_TEST]).env(variable, number);
    done(command, "the simulation of two engines")
}

/// The test that is the simulation.
const ENGINE_TEST: &str = "seeds__everything_goes_wrong__nobody_loses_and_every_trade_ends";

/// Runs a package's own program, built for speed.
pub fn in_release(package: &str, arguments: &[String]) -> anyhow::Result<()> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--release", "--package", package, "--"]).args(arguments);
    done(command, package)
}

fn done(mut command: Command, what: &str) -> anyhow::Result<()> {
    let status = command.current_dir(crate::root()).status().context("cannot run cargo")?;
    ensure!(status.success(), "{what} ended with {status}");
    Ok(())
}
