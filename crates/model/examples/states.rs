//! Prints `docs/states.md`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(domp_model::atlas::states_page().as_bytes())
}
