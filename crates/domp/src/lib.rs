//! The `domp` command: daemon, command line, API and trial in one binary. It wires the other crates and holds no rules.
//!
//! A library only so that the API can be asked without a socket by the fuzz targets (feature `fuzzing`); `main.rs` is the
//! program.

mod api;
mod cli;
mod client;
mod config;
mod daemon;
mod demo;
mod doctor;
mod exit;
mod failure;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod output;
mod passphrase;
mod paths;
mod question;
mod reference;
mod shown;
mod wire;
mod wiring;

use std::{ffi::OsString, process::ExitCode};

/// Does what the command line says; `arguments` begins with the program's name.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    cli::run(arguments).into()
}
