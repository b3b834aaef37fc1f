//! `cargo xtask nodes`: puts bitcoind and LND in place, and says where they are.

use anyhow::ensure;
use domp_regtest::install::{Origin, Program, Sources, install};

/// Installs what is missing; a second run only looks.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    ensure!(arguments.is_empty(), "`cargo xtask nodes` takes no arguments, got {arguments:?}");
    let sources = Sources::from_env()?;
    let programs = install(&sources, &mut |line| println!("{line}"))?;
    print("bitcoind", &programs.bitcoind);
    print("lnd", &programs.lnd);
    Ok(())
}

fn print(name: &str, program: &Program) {
    let origin = match program.origin {
        Origin::Variable => "named by its variable",
        Origin::SearchPath => "on the PATH",
        Origin::Cache => "in the cache folder",
    };
    println!("{name:9} {}  {}  ({origin})", program.version, program.path.display());
}
