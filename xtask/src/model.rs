//! `cargo xtask model [--big]`: every order in which everything can happen to a trade, within bounds.

use crate::sim::in_release;

/// Checks the model.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    in_release("domp-check", arguments)
}
