//! The `domp` command; all of it is in the library beside this file.

use std::process::ExitCode;

fn main() -> ExitCode {
    domp::run(std::env::args_os().collect())
}
