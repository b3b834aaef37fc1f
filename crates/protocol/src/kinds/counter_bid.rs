//! Kind 302, counter bid: either party names another price. It locks nothing; the answer is a new bid.

use super::body::Kind;
use super::fields::{Fields, Object, parsed, sat, text};
use super::malformed::Malformed;
use crate::ids::EventId;
use crate::tags::reader::Tag;
use crate::units::Sat;
use serde::{Deserialize, Serialize};

/// A counter bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterBid {
    /// `bid_ref`: the bid that is countered.
    pub bid: EventId,
    /// `counter_offer_satoshis`, more than 0.
    pub offer: Sat,
    /// `ln_invoice`. Never paid from here: only an acceptance's invoice is.
    pub ln_invoice: Option<String>,
    /// `seller_collateral_ref`: a deposit (kind 310).
    pub seller_collateral_ref: Option<EventId>,
}

impl Kind for CounterBid {
    const KIND: u16 = 302;

    fn read(content: &str, _: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let counter = Self {
            bid: fields.need("bid_ref", parsed)?,
            offer: fields.need("counter_offer_satoshis", sat(1))?,
            ln_invoice: fields.maybe("ln_invoice", text(1..=super::acceptance::LONGEST_INVOICE))?,
            seller_collateral_ref: fields.maybe("seller_collateral_ref", parsed)?,
        };
        fields.finish()?;
        Ok(counter)
    }

    fn content(&self) -> String {
        Object::new()
            .text("bid_ref", self.bid)
            .with("counter_offer_satoshis", self.offer.get())
            .maybe_text("ln_invoice", self.ln_invoice.as_ref())
            .maybe_text("seller_collateral_ref", self.seller_collateral_ref)
            .to_ascii()
    }

    fn predecessor(&self) -> Option<EventId> {
        Some(self.bid)
    }
}
