//! The repository's own chores: `cargo xtask COMMAND`. One file per command.

mod bench;
mod fuzz;
mod model;
mod nodes;
mod sim;
mod test;
mod tidy;

use std::{path::PathBuf, process::ExitCode};

const USAGE: &str = "usage: cargo xtask COMMAND

commands:
  test             run everything that can be run here: format, lints, docs, every test, the trials
  nodes            install the real nodes (bitcoind and LND) into the user's cache folder
  tidy [--write]   check what the repository says about itself; --write regenerates what is generated
  fuzz [TARGET]    throw what comes from outside at the code that reads it: [--seconds N] a target, 10 if not said
  bench [NAME]     compare our speed with what lies underneath
  sim              simulate trades with faults: [--seeds N] [--from S] [--jobs J], or --seed S to be told one;
                   --engine --seeds N or --seed S simulates two whole engines
  model [--big]    search every order in which everything can happen to a trade, within bounds";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("bench") => bench::run(&arguments[1..]),
        Some("fuzz") => fuzz::run(&arguments[1..]),
        Some("model") => model::run(&arguments[1..]),
        Some("nodes") => nodes::run(&arguments[1..]),
        Some("sim") => sim::run(&arguments[1..]),
        Some("test") => test::run(&arguments[1..]),
        Some("tidy") => tidy::run(&arguments[1..]),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(anyhow::anyhow!("no command {other:?}\n\n{USAGE}")),
        None => Err(anyhow::anyhow!("no command given\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The cargo that runs us.
fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}
