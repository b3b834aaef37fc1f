//! `shipped`: the goods are on their way `[D3-27]`.

use super::Say;
use crate::kinds::Malformed;
use crate::kinds::fields::{Fields, Object, text};
use serde::{Deserialize, Serialize};

/// What the seller says of the parcel; all of it may be missing, as where goods are handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipped {
    /// Who carries it, up to 100 characters.
    pub carrier: Option<String>,
    /// The number to follow it by, up to 200 characters.
    pub tracking: Option<String>,
    /// Words for the buyer, up to 1000 characters.
    pub note: Option<String>,
}

impl Say for Shipped {
    const TYPE: &'static str = "shipped";

    fn read(fields: &mut Fields) -> Result<Self, Malformed> {
        Ok(Self {
            carrier: fields.maybe("carrier", text(1..=100))?,
            tracking: fields.maybe("tracking", text(1..=200))?,
            note: fields.maybe("note", text(1..=1000))?,
        })
    }

    fn write(&self, object: Object) -> Object {
        object
            .maybe_text("carrier", self.carrier.as_ref())
            .maybe_text("tracking", self.tracking.as_ref())
            .maybe_text("note", self.note.as_ref())
    }
}
