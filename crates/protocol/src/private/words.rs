//! `late_invoice`, `address`, `note`: messages that are one piece of text.

use super::Say;
use crate::kinds::Malformed;
use crate::kinds::acceptance::LONGEST_INVOICE;
use crate::kinds::fields::{Fields, Object, text};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An ordinary invoice for goods that were received after the hold had ended. Paid by hand only, once, after the buyer's
/// own node says that every part of the purchase has failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateInvoice {
    /// The invoice. Untrusted text until the invoice checks have passed.
    pub bolt11: String,
}

/// Where to ship. Personal: not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The address, 1 to 2000 characters.
    pub text: String,
}

/// Words between people, 1 to 5000 characters. Personal: not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The words.
    pub text: String,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({} characters)", self.text.chars().count())
    }
}
impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Note({} characters)", self.text.chars().count())
    }
}

impl Say for LateInvoice {
    const TYPE: &'static str = "late_invoice";

    fn read(fields: &mut Fields) -> Result<Self, Malformed> {
        Ok(Self { bolt11: fields.need("bolt11", text(1..=LONGEST_INVOICE))? })
    }
    fn write(&self, object: Object) -> Object {
        object.text("bolt11", &self.bolt11)
    }
}

impl Say for Address {
    const TYPE: &'static str = "address";

    fn read(fields: &mut Fields) -> Result<Self, Malformed> {
        Ok(Self { text: fields.need("text", text(1..=2000))? })
    }
    fn write(&self, object: Object) -> Object {
        object.text("text", &self.text)
    }
}

impl Say for Note {
    const TYPE: &'static str = "note";

    fn read(fields: &mut Fields) -> Result<Self, Malformed> {
        Ok(Self { text: fields.need("text", text(1..=5000))? })
    }
    fn write(&self, object: Object) -> Object {
        object.text("text", &self.text)
    }
}
