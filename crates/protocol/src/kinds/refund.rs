//! Kind 314, refund: the seller lets go of the money `[D3-78]`. A claim, until the buyer's own node says so.

use super::body::Kind;
use super::fields::{Fields, Object, parsed};
use super::malformed::Malformed;
use crate::ids::EventId;
use crate::tags::reader::Tag;
use serde::{Deserialize, Serialize};

/// A refund initiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// `payment_ref`: the payment confirmation (kind 311).
    pub payment: EventId,
}

impl Kind for Refund {
    const KIND: u16 = 314;

    fn read(content: &str, _: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let refund = Self { payment: fields.need("payment_ref", parsed)? };
        fields.finish()?;
        Ok(refund)
    }

    fn content(&self) -> String {
        Object::new().text("payment_ref", self.payment).to_ascii()
    }

    fn predecessor(&self) -> Option<EventId> {
        Some(self.payment)
    }
}
