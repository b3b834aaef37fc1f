//! Kind 312, dispute: either party objects. In direct mode a note without effect on money `[D3-77]`.

use super::body::Kind;
use super::fields::{Fields, Object, parsed, text};
use super::malformed::Malformed;
use crate::ids::EventId;
use crate::tags::reader::Tag;
use serde::{Deserialize, Serialize};

/// A dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// `payment_ref`: the payment confirmation (kind 311).
    pub payment: EventId,
    /// `reason`, 1 to 1000 characters.
    pub reason: String,
    /// `details`, up to 5000 characters.
    pub details: Option<String>,
}

impl Kind for Dispute {
    const KIND: u16 = 312;

    fn read(content: &str, _: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let dispute = Self {
            payment: fields.need("payment_ref", parsed)?,
            reason: fields.need("reason", text(1..=1000))?,
            details: fields.maybe("details", text(0..=5000))?,
        };
        fields.finish()?;
        Ok(dispute)
    }

    fn content(&self) -> String {
        Object::new()
            .text("payment_ref", self.payment)
            .text("reason", &self.reason)
            .maybe_text("details", self.details.as_ref())
            .to_ascii()
    }

    fn predecessor(&self) -> Option<EventId> {
        Some(self.payment)
    }
}
