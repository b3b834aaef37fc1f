//! `receipt`: an event has arrived, so it need not be sent again.

use super::Say;
use crate::ids::EventId;
use crate::kinds::Malformed;
use crate::kinds::fields::{Fields, Object, height, parsed};
use crate::units::Height;
use serde::{Deserialize, Serialize};

/// The acknowledgement of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The event that arrived.
    pub event: EventId,
    /// The height at which it was first seen.
    pub first_seen: Height,
}

impl Say for Receipt {
    const TYPE: &'static str = "receipt";

    fn read(fields: &mut Fields) -> Result<Self, Malformed> {
        Ok(Self { event: fields.need("event", parsed)?, first_seen: fields.need("height", height)? })
    }

    fn write(&self, object: Object) -> Object {
        object.text("event", self.event).with("height", self.first_seen.0)
    }
}
