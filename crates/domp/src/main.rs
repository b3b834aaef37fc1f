//! The `domp` command: daemon, command line and trial in one binary.
fn main() {}
