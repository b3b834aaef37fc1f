//! Output: the one place that writes to standard output and standard error.
//!
//! With `--json` standard output carries JSON only: one document per command, or one line per event of a stream. What is
//! said to a person beside it goes to standard error.

use crate::{exit::Exit, failure::Failure};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Where a command writes.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

/// What a person sees of a result.
pub trait Shown: Serialize {
    /// The lines of text, without the last newline.
    fn text(&self) -> String;
}

impl Output {
    /// For people, or with `json` for programs.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether programs read it.
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// Shows a command's result.
    ///
    /// # Errors
    /// If nobody takes it any more.
    pub fn show<T: Shown + ?Sized>(self, result: &T) -> Result<(), Failure> {
        if self.json { self.json_line(result) } else { self.text(&result.text()) }
    }

    /// Shows JSON on one line.
    ///
    /// # Errors
    /// If nobody takes it any more.
    pub fn json_line<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failure> {
        let line = serde_json::to_string(value).map_err(|error| {
            Failure::refused("unwritable", format!("the result cannot be written as JSON: {error}"))
        })?;
        write(&line)
    }

    /// Shows lines to a person; nothing with `--json`.
    ///
    /// # Errors
    /// If nobody takes them any more.
    pub fn text(self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { write(&printable(text)) }
    }

    /// Writes a text as it is, whoever reads it: a script, not a result.
    ///
    /// # Errors
    /// If nobody takes it any more.
    pub fn verbatim(self, text: &str) -> Result<(), Failure> {
        write(text)
    }

    /// Shows what a person has to know before saying yes. If that cannot be shown, nothing may be done.
    ///
    /// # Errors
    /// With exit status [`Exit::NotConfirmed`] if nobody takes it any more.
    pub fn before_commitment(self, text: &str) -> Result<(), Failure> {
        self.text(text).map_err(|failure| Failure {
            exit: Exit::NotConfirmed,
            message: "what you would commit to could not be shown, so nothing was done".into(),
            ..failure
        })
    }

    /// Says something beside the result, on standard error.
    pub fn aside(self, text: &str) {
        // Nobody there to read it is no reason to stop.
        let _ = writeln!(io::stderr().lock(), "{}", printable(text));
    }

    /// Shows why a command failed.
    pub fn fail(self, failure: &Failure) {
        if failure.exit == Exit::Success {
            return;
        }
        if self.json {
            // The exit status says it too.
            let _ = self.json_line(&serde_json::json!({ "error": failure.body() }));
            return;
        }
        self.aside(&format!("domp: {}", failure.message));
        if let Some(hint) = &failure.hint {
            self.aside(&format!("      {hint}"));
        }
    }
}

/// The code of a failure to write because the reader has gone.
const CLOSED: &str = "output_closed";

fn write(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| match error.kind() {
        // The reader has what it wanted, as `head` does.
        io::ErrorKind::BrokenPipe => Failure::new(Exit::Success, CLOSED, "the reader of the output has gone"),
        _ => Failure::refused("cannot_write_output", format!("standard output cannot be written: {error}")),
    })
}

/// Text from strangers can carry escape sequences that rewrite a terminal; what is not printable is replaced.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c != '\n' && (c.is_control() || is_direction(c)) { '\u{fffd}' } else { c })
        .collect()
}

/// Characters that change the direction of the text around them.
const fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a person sits at the keyboard.
pub fn can_ask() -> bool {
    io::stdin().is_terminal()
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn printable__escape_sequences_and_direction_marks__replaced() {
        assert_eq!(printable("a\u{1b}[2Jb\r\u{202e}c\td\ne"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\u{fffd}d\ne");
        assert_eq!(printable("Gr\u{fc}\u{df}e, \u{65e5}\u{672c}"), "Gr\u{fc}\u{df}e, \u{65e5}\u{672c}");
    }
}
