//! Kind 316, arbitration offer: an arbiter offers to rule. Read, and without effect in direct mode.

use super::body::Kind;
use super::fields::{Fields, Object, parsed, sat, text};
use super::malformed::Malformed;
use crate::ids::{EventId, PublicKey};
use crate::tags::reader::Tag;
use crate::units::Sat;
use serde::{Deserialize, Serialize};

/// An arbitration offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArbitrationOffer {
    /// `dispute_ref`: the dispute (kind 312).
    pub dispute: Option<EventId>,
    /// `arbitrator_pubkey`.
    pub arbitrator: Option<PublicKey>,
    /// `terms`, up to 1000 characters.
    pub terms: Option<String>,
    /// `fee_satoshis`.
    pub fee: Option<Sat>,
    /// `contact_info`, up to 500 characters.
    pub contact_info: Option<String>,
}

impl Kind for ArbitrationOffer {
    const KIND: u16 = 316;

    fn read(content: &str, _: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let offer = Self {
            dispute: fields.maybe("dispute_ref", parsed)?,
            arbitrator: fields.maybe("arbitrator_pubkey", parsed)?,
            terms: fields.maybe("terms", text(0..=1000))?,
            fee: fields.maybe("fee_satoshis", sat(0))?,
            contact_info: fields.maybe("contact_info", text(0..=500))?,
        };
        fields.finish()?;
        Ok(offer)
    }

    fn content(&self) -> String {
        Object::new()
            .maybe_text("dispute_ref", self.dispute)
            .maybe_text("arbitrator_pubkey", self.arbitrator)
            .maybe_text("terms", self.terms.as_ref())
            .maybe("fee_satoshis", self.fee.map(Sat::get))
            .maybe_text("contact_info", self.contact_info.as_ref())
            .to_ascii()
    }

    fn predecessor(&self) -> Option<EventId> {
        self.dispute
    }
}
