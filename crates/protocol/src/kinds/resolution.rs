//! Kind 317, resolution: an arbiter's ruling. Read, and without effect in direct mode.

use super::body::Kind;
use super::fields::{Fields, Object, parsed, sat, text};
use super::malformed::Malformed;
use crate::ids::EventId;
use crate::tags::reader::Tag;
use crate::units::Sat;
use serde::{Deserialize, Serialize};

/// A resolution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// `dispute_ref`: the dispute (kind 312).
    pub dispute: EventId,
    /// `resolution`, 1 to 1000 characters.
    pub resolution: String,
    /// `arbitration_fee_satoshis`.
    pub fee: Sat,
    /// `fee_deducted_from`, up to 100 characters.
    pub fee_deducted_from: Option<String>,
}

impl Kind for Resolution {
    const KIND: u16 = 317;

    fn read(content: &str, _: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let resolution = Self {
            dispute: fields.need("dispute_ref", parsed)?,
            resolution: fields.need("resolution", text(1..=1000))?,
            fee: fields.need("arbitration_fee_satoshis", sat(0))?,
            fee_deducted_from: fields.maybe("fee_deducted_from", text(0..=100))?,
        };
        fields.finish()?;
        Ok(resolution)
    }

    fn content(&self) -> String {
        Object::new()
            .text("dispute_ref", self.dispute)
            .text("resolution", &self.resolution)
            .with("arbitration_fee_satoshis", self.fee.get())
            .maybe_text("fee_deducted_from", self.fee_deducted_from.as_ref())
            .to_ascii()
    }

    fn predecessor(&self) -> Option<EventId> {
        Some(self.dispute)
    }
}
