//! A failure: what a command ends with when it does not succeed. Says what is wrong, and what to do next.

use crate::{exit::Exit, wire::error::ErrorBody};
use std::fmt;

/// Why a command did not do what it was asked, for people and for scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit status.
    pub exit: Exit,
    /// A stable word for scripts, snake_case.
    pub code: String,
    /// What is wrong: the thing, what was found, the rule.
    pub message: String,
    /// The way out, where there is one.
    pub hint: Option<String>,
    /// The field, option or configuration key at fault, where there is one.
    pub field: Option<String>,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(exit: Exit, code: &str, message: impl Into<String>) -> Self {
        Self { exit, code: code.to_owned(), message: message.into(), hint: None, field: None }
    }

    /// Something was refused or failed.
    pub fn refused(code: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, code, message)
    }

    /// Arguments or configuration are wrong.
    pub fn usage(code: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, code, message)
    }

    /// With a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the field at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// As `--json` prints it.
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            code: self.code.clone(),
            message: self.message.clone(),
            hint: self.hint.clone(),
            field: self.field.clone(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
