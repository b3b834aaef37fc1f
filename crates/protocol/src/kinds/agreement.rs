//! Kind 315, mutual agreement: the same words signed by both parties end or change a trade `[D3-78]`.

use super::body::Kind;
use super::fields::{Fields, Object, parsed, text, truth};
use super::malformed::Malformed;
use crate::ids::EventId;
use crate::tags::reader::Tag;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One party's half of an agreement: it counts once the other party has signed the same term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// `payment_ref`: the payment confirmation (kind 311).
    pub payment: EventId,
    /// `agreement`.
    pub term: Term,
    /// `arbitrator_ref`.
    pub arbitrator_ref: Option<EventId>,
    /// `release_funds_to_arbitrator`: read, and never honoured in any mode, since it would be custody.
    pub release_funds_to_arbitrator: Option<bool>,
}

/// What is agreed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Term {
    /// `cancel`: the seller cancels both payments.
    Cancel,
    /// `release`: entitles the seller like a receipt; the secret still comes from the buyer alone.
    Release,
    /// `extend`: more time for the buyer (arbitrated mode).
    Extend,
    /// Any other words, 1 to 1000 characters: for people, without effect.
    Other(String),
}

impl Term {
    fn as_str(&self) -> &str {
        match self {
            Self::Cancel => "cancel",
            Self::Release => "release",
            Self::Extend => "extend",
            Self::Other(words) => words,
        }
    }
}
impl From<String> for Term {
    fn from(words: String) -> Self {
        match words.as_str() {
            "cancel" => Self::Cancel,
            "release" => Self::Release,
            "extend" => Self::Extend,
            _ => Self::Other(words),
        }
    }
}
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Kind for Agreement {
    const KIND: u16 = 315;

    fn read(content: &str, _: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let agreement = Self {
            payment: fields.need("payment_ref", parsed)?,
            term: fields.need("agreement", text(1..=1000))?.into(),
            arbitrator_ref: fields.maybe("arbitrator_ref", parsed)?,
            release_funds_to_arbitrator: fields.maybe("release_funds_to_arbitrator", truth)?,
        };
        fields.finish()?;
        Ok(agreement)
    }

    fn content(&self) -> String {
        Object::new()
            .text("payment_ref", self.payment)
            .text("agreement", &self.term)
            .maybe_text("arbitrator_ref", self.arbitrator_ref)
            .maybe("release_funds_to_arbitrator", self.release_funds_to_arbitrator)
            .to_ascii()
    }

    fn predecessor(&self) -> Option<EventId> {
        Some(self.payment)
    }
}
