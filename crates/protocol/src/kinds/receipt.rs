//! Kind 313, receipt confirmation: the buyer has the goods, or says what is wrong with them `[D3-29]`.
//!
//! With `received` the purchase's secret goes to the seller, encrypted, in a tag: confirming and revealing are one act
//! `[D3-57]`. Any other status is a dispute.

use super::body::Kind;
use super::fields::{Fields, Object, parsed, small, text, truth, unix};
use super::malformed::Malformed;
use crate::ids::{ConfirmKey, EventId};
use crate::tags::confirm;
use crate::tags::reader::{Tag, Tags};
use crate::tags::sealed::{self, Sealed};
use crate::units::Unix;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A receipt confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptConfirmation {
    /// `payment_ref`: the payment confirmation (kind 311).
    pub payment: EventId,
    /// `status`.
    pub status: Status,
    /// `rating`, 1 to 5.
    pub rating: Option<u8>,
    /// `feedback`, up to 1000 characters.
    pub feedback: Option<String>,
    /// `delivery_confirmation_time`, by the buyer's clock.
    pub delivery_confirmation_time: Option<Unix>,
    /// `item_condition`, up to 100 characters.
    pub item_condition: Option<String>,
    /// `shipping_rating`, 1 to 5.
    pub shipping_rating: Option<u8>,
    /// `communication_rating`, 1 to 5.
    pub communication_rating: Option<u8>,
    /// `would_buy_again`.
    pub would_buy_again: Option<bool>,
    /// `dispute_reason`, 1 to 500 characters: there exactly when the status is not `received`.
    pub dispute_reason: Option<String>,
    /// The purchase's preimage, readable by the seller alone; only with `received`.
    pub encrypted_preimage: Option<Sealed>,
    /// The vault's confirmation (arbitrated mode).
    pub confirm: Option<ConfirmKey>,
}

/// What became of the goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Here and as described.
    Received,
    /// Here in part.
    PartiallyReceived,
    /// Not here.
    NotReceived,
    /// Here, but damaged.
    Damaged,
}

impl Status {
    /// The word used in the content.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::PartiallyReceived => "partially_received",
            Self::NotReceived => "not_received",
            Self::Damaged => "damaged",
        }
    }
}
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl FromStr for Status {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Received, Self::PartiallyReceived, Self::NotReceived, Self::Damaged]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or("known are received, partially_received, not_received, damaged")
    }
}

impl Kind for ReceiptConfirmation {
    const KIND: u16 = 313;

    fn read(content: &str, tags: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let tags = Tags::new(tags);
        let receipt = Self {
            payment: fields.need("payment_ref", parsed)?,
            status: fields.need("status", parsed)?,
            rating: fields.maybe("rating", small(1..=5))?,
            feedback: fields.maybe("feedback", text(0..=1000))?,
            delivery_confirmation_time: fields.maybe("delivery_confirmation_time", unix)?,
            item_condition: fields.maybe("item_condition", text(0..=100))?,
            shipping_rating: fields.maybe("shipping_rating", small(1..=5))?,
            communication_rating: fields.maybe("communication_rating", small(1..=5))?,
            would_buy_again: fields.maybe("would_buy_again", truth)?,
            dispute_reason: fields.maybe("dispute_reason", text(1..=500))?,
            encrypted_preimage: sealed::read(tags, sealed::ENCRYPTED_PREIMAGE)?,
            confirm: confirm::read(tags)?,
        };
        fields.finish()?;
        receipt.check()?;
        Ok(receipt)
    }

    fn content(&self) -> String {
        Object::new()
            .text("payment_ref", self.payment)
            .text("status", self.status)
            .maybe("rating", self.rating)
            .maybe_text("feedback", self.feedback.as_ref())
            .maybe("delivery_confirmation_time", self.delivery_confirmation_time.map(|time| time.0))
            .maybe_text("item_condition", self.item_condition.as_ref())
            .maybe("shipping_rating", self.shipping_rating)
            .maybe("communication_rating", self.communication_rating)
            .maybe("would_buy_again", self.would_buy_again)
            .maybe_text("dispute_reason", self.dispute_reason.as_ref())
            .to_ascii()
    }

    fn tags(&self) -> Vec<Tag> {
        let preimage = self.encrypted_preimage.iter().map(|it| sealed::write(sealed::ENCRYPTED_PREIMAGE, it));
        preimage.chain(self.confirm.iter().map(confirm::write)).collect()
    }

    fn predecessor(&self) -> Option<EventId> {
        Some(self.payment)
    }
}

impl ReceiptConfirmation {
    /// The rules that bind the status to the other fields.
    fn check(&self) -> Result<(), Malformed> {
        let received = self.status == Status::Received;
        if received && self.dispute_reason.is_some() {
            return Err(Malformed::field("dispute_reason", "stands beside the status `received`"));
        }
        if !received && self.dispute_reason.is_none() {
            let problem = format!("is missing: the status `{}` needs a reason", self.status);
            return Err(Malformed::field("dispute_reason", problem));
        }
        if !received && self.encrypted_preimage.is_some() {
            let problem =
                format!("stands beside the status `{}`: only `received` releases the money", self.status);
            return Err(Malformed::tag(sealed::ENCRYPTED_PREIMAGE, problem));
        }
        Ok(())
    }
}
