//! The `domp` command: daemon, command line, API and trial in one binary. It wires the other crates and holds no rules.

mod api;
mod cli;
mod client;
mod config;
mod daemon;
mod demo;
mod doctor;
mod exit;
mod failure;
mod output;
mod passphrase;
mod paths;
mod question;
mod reference;
mod shown;
mod wire;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(std::env::args_os().collect()).into()
}
