//! Questions to the person at the keyboard, and what it means that nobody is there.

use crate::{
    exit::Exit,
    failure::Failure,
    output::{Output, can_ask},
};
use std::io::{self, Write};

/// Asks for a yes; everything else is a no. With `yes` (the option `--yes`) nobody is asked.
///
/// # Errors
/// With exit status [`Exit::NotConfirmed`] on a no, and if there is nobody to ask.
pub fn confirm(output: Output, yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let no = |message: &str| Failure::new(Exit::NotConfirmed, "not_confirmed", message);
    if output.is_json() || !can_ask() {
        return Err(no("this needs a yes, and there is no terminal to ask at; nothing was done")
            .hint("read what it says, then give --yes"));
    }
    // The question stands on standard error so that a redirected result stays clean.
    let asked = write!(io::stderr().lock(), "{question} [y/N] ").and_then(|()| io::stderr().flush());
    let mut answer = String::new();
    let read = asked.and_then(|()| io::stdin().read_line(&mut answer));
    match (read, answer.trim().to_ascii_lowercase().as_str()) {
        (Ok(_), "y" | "yes") => Ok(()),
        _ => Err(no("not confirmed; nothing was done")),
    }
}
