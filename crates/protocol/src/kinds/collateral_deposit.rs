//! Kind 310, collateral deposit: the seller's collateral is in flight (arbitrated mode) `[D3-33]`.

use super::body::Kind;
use super::fields::{Fields, Object, parsed, sat};
use super::malformed::Malformed;
use crate::ids::{EventId, PaymentHash};
use crate::tags::hash;
use crate::tags::links::Marker;
use crate::tags::reader::{Tag, Tags};
use crate::units::Sat;
use serde::{Deserialize, Serialize};

/// A collateral deposit. The bid it is for is a link beside the listing's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollateralDeposit {
    /// `product_ref`: the listing.
    pub listing: EventId,
    /// `collateral_amount_satoshis`, more than 0.
    pub amount: Sat,
    /// The hash it is paid on; absent in the deposits of other clients.
    pub hash: Option<PaymentHash>,
}

impl Kind for CollateralDeposit {
    const KIND: u16 = 310;
    const MARKER: Marker = Marker::Root;

    fn read(content: &str, tags: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let deposit = Self {
            listing: fields.need("product_ref", parsed)?,
            amount: fields.need("collateral_amount_satoshis", sat(1))?,
            hash: hash::read(Tags::new(tags))?,
        };
        fields.finish()?;
        Ok(deposit)
    }

    fn content(&self) -> String {
        Object::new()
            .text("product_ref", self.listing)
            .with("collateral_amount_satoshis", self.amount.get())
            .to_ascii()
    }

    fn tags(&self) -> Vec<Tag> {
        self.hash.map(hash::write).into_iter().collect()
    }

    fn predecessor(&self) -> Option<EventId> {
        Some(self.listing)
    }
}
