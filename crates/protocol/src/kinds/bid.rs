//! Kind 301, bid: a buyer offers to buy. Its id is the trade's id.

use super::body::Kind;
use super::fields::{Fields, Object, parsed, sat, small, text};
use super::malformed::Malformed;
use crate::deadlines::Agreed;
use crate::ids::{AddressHash, EventId};
use crate::tags::arbiter::{self, Arbiter};
use crate::tags::commit::{self, Commits};
use crate::tags::escrow::{self, Mode};
use crate::tags::heights::{self, Carrier};
use crate::tags::holds;
use crate::tags::links::Marker;
use crate::tags::node::{self, LnNode};
use crate::tags::reader::{Tag, Tags};
use crate::tags::relays::{self, RelayUrl};
use crate::tags::sealed::{self, Sealed};
use crate::units::Sat;
use serde::{Deserialize, Serialize};

/// A bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bid {
    /// `product_ref`: the listing.
    pub listing: EventId,
    /// `bid_amount_satoshis`, more than 0.
    pub amount: Sat,
    /// `buyer_collateral_satoshis`; one document wants it to be at least the bid, the other allows 0. Reading allows
    /// both; see [`Bid::covers_the_bid`].
    pub buyer_collateral: Sat,
    /// `message`, up to 500 characters.
    pub message: Option<String>,
    /// `shipping_address_hash`: SHA256 of the address's text.
    pub shipping_address_hash: Option<AddressHash>,
    /// `payment_timeout_hours`, 1 to 168; bounds the time from the acceptance to the lock. See
    /// [`Bid::payment_timeout_hours`] for the default.
    pub payment_timeout_hours: Option<u8>,
    /// The escrow chosen; absent in the bids of other clients.
    pub escrow: Option<BidEscrow>,
}

/// The escrow that a bid chooses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BidEscrow {
    /// The mode.
    pub mode: Mode,
    /// The listing's numbers of blocks, with D_B added.
    pub heights: Agreed,
    /// Commitments to the hashes to be invoiced `[D3-06]`.
    pub commits: Commits,
    /// The buyer's node.
    pub node: LnNode,
    /// The arbiter chosen; exactly in arbitrated mode.
    pub arbiter: Option<Arbiter>,
    /// Whether the buyer's node can hold the seller's collateral; `None` when the bid does not say.
    pub holds: Option<bool>,
    /// Where the buyer reads and sends.
    pub relays: Vec<RelayUrl>,
    /// The buyer's recovery data, readable by the buyer alone.
    pub backup: Option<Sealed>,
}

/// The default of `payment_timeout_hours`.
pub const PAYMENT_TIMEOUT_HOURS: u8 = 24;

impl Bid {
    /// Hours from the acceptance within which the money must be locked.
    pub fn payment_timeout_hours(&self) -> u8 {
        self.payment_timeout_hours.unwrap_or(PAYMENT_TIMEOUT_HOURS)
    }
    /// Whether the collateral is at least the bid, as one of the documents wants it. A policy of whoever accepts.
    pub fn covers_the_bid(&self) -> bool {
        self.buyer_collateral >= self.amount
    }
}

impl Kind for Bid {
    const KIND: u16 = 301;
    const MARKER: Marker = Marker::Root;

    fn read(content: &str, tags: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let buyer_collateral = fields.need("buyer_collateral_satoshis", sat(0))?;
        let bid = Self {
            listing: fields.need("product_ref", parsed)?,
            amount: fields.need("bid_amount_satoshis", sat(1))?,
            buyer_collateral,
            message: fields.maybe("message", text(0..=500))?,
            shipping_address_hash: fields.maybe("shipping_address_hash", parsed)?,
            payment_timeout_hours: fields.maybe("payment_timeout_hours", small(1..=168))?,
            escrow: BidEscrow::read(Tags::new(tags), buyer_collateral)?,
        };
        fields.finish()?;
        Ok(bid)
    }

    fn content(&self) -> String {
        Object::new()
            .text("product_ref", self.listing)
            .with("bid_amount_satoshis", self.amount.get())
            .with("buyer_collateral_satoshis", self.buyer_collateral.get())
            .maybe_text("message", self.message.as_ref())
            .maybe_text("shipping_address_hash", self.shipping_address_hash)
            .maybe("payment_timeout_hours", self.payment_timeout_hours)
            .to_ascii()
    }

    fn tags(&self) -> Vec<Tag> {
        let Some(escrow) = &self.escrow else { return Vec::new() };
        let mut tags = vec![escrow::write(&[escrow.mode]), heights::write(&escrow.heights)];
        tags.extend(commit::write(&escrow.commits));
        tags.push(node::write(&escrow.node));
        tags.extend(escrow.arbiter.iter().map(arbiter::write));
        tags.extend(escrow.holds.map(holds::write));
        tags.extend(relays::write(&escrow.relays));
        tags.extend(escrow.backup.iter().map(|backup| sealed::write(sealed::BACKUP, backup)));
        tags
    }

    fn predecessor(&self) -> Option<EventId> {
        Some(self.listing)
    }
}

impl BidEscrow {
    fn read(tags: Tags<'_>, buyer_collateral: Sat) -> Result<Option<Self>, Malformed> {
        let Some(mode) = escrow::read_choice(tags)? else { return Ok(None) };
        let arbiter = arbiter::read(tags, 1)?.pop();
        match (mode, &arbiter) {
            (Mode::Arbitrated, None) => {
                return Err(Malformed::tag("arbiter", "is missing: the bid chooses arbitrated mode"));
            }
            (Mode::Direct, Some(_)) => {
                return Err(Malformed::tag(
                    "arbiter",
                    "stands in a bid that chooses direct mode, which has none",
                ));
            }
            _ => {}
        }
        Ok(Some(Self {
            mode,
            heights: heights::read(tags.need(heights::NAME)?, Carrier::Bid)?,
            commits: commit::read(tags, buyer_collateral)?,
            node: node::read(tags.need(node::NAME)?)?,
            arbiter,
            holds: holds::read(tags)?,
            relays: relays::read(tags)?,
            backup: sealed::read(tags, sealed::BACKUP)?,
        }))
    }
}
