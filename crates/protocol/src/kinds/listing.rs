//! Kind 300, listing: a seller offers something for a price.

use super::body::Kind;
use super::fields::{Fields, Object, sat, small, text, uri};
use super::malformed::Malformed;
use crate::deadlines::Agreed;
use crate::ids::EventId;
use crate::tags::arbiter::{self, Arbiter, MOST_ARBITERS};
use crate::tags::escrow::{self, Mode};
use crate::tags::heights::{self, Carrier};
use crate::tags::node::{self, LnNode};
use crate::tags::reader::{Tag, Tags, tag};
use crate::tags::relays::{self, RelayUrl};
use crate::units::Sat;
use serde::{Deserialize, Serialize};

/// A listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// `product_name`, 1 to 100 characters.
    pub product_name: String,
    /// `description`, up to 2000 characters.
    pub description: String,
    /// `price_satoshis`, more than 0.
    pub price: Sat,
    /// `category`, up to 50 characters.
    pub category: Option<String>,
    /// `storage_link`: where more about the goods is stored. Untrusted: never fetch it unasked.
    pub storage_link: Option<String>,
    /// `shipping_info`.
    pub shipping_info: Option<ShippingInfo>,
    /// `seller_collateral_satoshis`; counts as 0 in direct mode, where both people are told so `[D3-03]`.
    pub seller_collateral: Option<Sat>,
    /// The `d` tag: the seller's own name for the listing.
    pub name: Option<String>,
    /// What the seller offers by this project's escrow; absent in the listings of other clients.
    pub escrow: Option<ListingEscrow>,
}

/// What shipping costs and how long it takes, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingInfo {
    /// `domestic_cost_satoshis`.
    pub domestic_cost: Option<Sat>,
    /// `international_cost_satoshis`.
    pub international_cost: Option<Sat>,
    /// `estimated_days`.
    pub estimated_days: Option<u32>,
}

/// The escrow that a listing offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingEscrow {
    /// Modes offered, best liked first.
    pub modes: Vec<Mode>,
    /// The seller's numbers of blocks; without the buyer's D_B.
    pub heights: Agreed,
    /// The seller's node.
    pub node: LnNode,
    /// Arbiters the seller accepts; only for arbitrated mode.
    pub arbiters: Vec<Arbiter>,
    /// Where the seller reads.
    pub relays: Vec<RelayUrl>,
}

const LONGEST_NAME: usize = 256;

impl Kind for Listing {
    const KIND: u16 = 300;

    fn read(content: &str, tags: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let tags = Tags::new(tags);
        let listing = Self {
            product_name: fields.need("product_name", text(1..=100))?,
            description: fields.need("description", text(0..=2000))?,
            price: fields.need("price_satoshis", sat(1))?,
            category: fields.maybe("category", text(0..=50))?,
            storage_link: fields.maybe("storage_link", uri)?,
            shipping_info: fields.raw("shipping_info").map(ShippingInfo::read).transpose()?,
            seller_collateral: fields.maybe("seller_collateral_satoshis", sat(0))?,
            name: read_name(tags)?,
            escrow: ListingEscrow::read(tags)?,
        };
        fields.finish()?;
        Ok(listing)
    }

    fn content(&self) -> String {
        Object::new()
            .text("product_name", &self.product_name)
            .text("description", &self.description)
            .with("price_satoshis", self.price.get())
            .maybe_text("category", self.category.as_ref())
            .maybe_text("storage_link", self.storage_link.as_ref())
            .maybe("shipping_info", self.shipping_info.map(ShippingInfo::write))
            .maybe("seller_collateral_satoshis", self.seller_collateral.map(Sat::get))
            .to_ascii()
    }

    fn tags(&self) -> Vec<Tag> {
        let mut tags: Vec<Tag> = self.name.iter().map(|name| tag(["d", name])).collect();
        if let Some(escrow) = &self.escrow {
            tags.push(escrow::write(&escrow.modes));
            tags.push(heights::write(&escrow.heights));
            tags.push(node::write(&escrow.node));
            tags.extend(escrow.arbiters.iter().map(arbiter::write));
            tags.extend(relays::write(&escrow.relays));
        }
        tags
    }

    fn predecessor(&self) -> Option<EventId> {
        None
    }
}

fn read_name(tags: Tags<'_>) -> Result<Option<String>, Malformed> {
    let Some(values) = tags.one("d")? else { return Ok(None) };
    match values.as_slice().first() {
        Some(name) if name.len() <= LONGEST_NAME => Ok(Some(name.clone())),
        Some(_) => Err(values.bad("is longer than 256 bytes")),
        None => Err(values.bad("has no value")),
    }
}

impl ShippingInfo {
    fn read(value: serde_json::Value) -> Result<Self, Malformed> {
        let mut fields = Fields::nested(value, "shipping_info")?;
        let info = Self {
            domestic_cost: fields.maybe("domestic_cost_satoshis", sat(0))?,
            international_cost: fields.maybe("international_cost_satoshis", sat(0))?,
            estimated_days: fields.maybe("estimated_days", small(0..=3650))?,
        };
        fields.finish()?;
        Ok(info)
    }
    fn write(self) -> Object {
        Object::new()
            .maybe("domestic_cost_satoshis", self.domestic_cost.map(Sat::get))
            .maybe("international_cost_satoshis", self.international_cost.map(Sat::get))
            .maybe("estimated_days", self.estimated_days)
    }
}

impl ListingEscrow {
    fn read(tags: Tags<'_>) -> Result<Option<Self>, Malformed> {
        let Some(modes) = escrow::read(tags)? else { return Ok(None) };
        let arbiters = arbiter::read(tags, MOST_ARBITERS)?;
        if arbiters.is_empty() && modes.contains(&Mode::Arbitrated) {
            return Err(Malformed::tag("arbiter", "is missing: the listing offers arbitrated mode"));
        }
        Ok(Some(Self {
            modes,
            heights: heights::read(tags.need(heights::NAME)?, Carrier::Listing)?,
            node: node::read(tags.need(node::NAME)?)?,
            arbiters,
            relays: relays::read(tags)?,
        }))
    }
}
