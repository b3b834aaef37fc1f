//! Listings and bids as the API shows and takes them.

use super::trade::RelayWord;
use domp_engine::desk::{
    ListingView, NewBid, NewListing, Preview as EnginePreview, Withdrawn as EngineWithdrawn,
};
use domp_protocol::{
    ids::EventId,
    kinds::ShippingInfo,
    units::{AmountTooLarge, Blocks, Sat},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Listings, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListingList {
    /// The listings.
    pub listings: Vec<Listing>,
}

/// A listing. Every text in it is untrusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Listing {
    /// Its id (kind 300).
    pub id: String,
    /// The seller's Nostr key.
    pub seller: String,
    /// When it was made.
    pub created_at: u64,
    /// What it is called.
    pub product_name: String,
    /// What it is.
    pub description: String,
    /// The price.
    pub price_sat: u64,
    /// Its category.
    pub category: Option<String>,
    /// What shipping costs and how long it takes.
    pub shipping: Option<Shipping>,
    /// The seller collateral that it names; counts as 0 in direct mode.
    pub seller_collateral_sat: Option<u64>,
    /// The escrow it offers; absent in listings of other clients, which cannot be bid on.
    pub escrow: Option<Escrow>,
    /// Whether it is ours.
    pub ours: bool,
    /// Ours: the trade that has it, if one was accepted.
    pub taken_by: Option<String>,
    /// Ours: since when no bid on it is taken any more, if it was withdrawn.
    pub withdrawn_at: Option<u64>,
}

/// A listing that was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Withdrawn {
    /// The listing as it is now.
    pub listing: Listing,
    /// What each of our relays said to the request to delete it. They may keep it all the same.
    pub relays: Vec<RelayWord>,
}

/// What shipping costs and how long it takes, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Shipping {
    /// At home.
    #[serde(default)]
    pub domestic_cost_sat: Option<u64>,
    /// Abroad.
    #[serde(default)]
    pub international_cost_sat: Option<u64>,
    /// Days.
    #[serde(default)]
    pub estimated_days: Option<u32>,
}

/// The escrow that a listing offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Escrow {
    /// `direct`, `arbitrated`.
    pub modes: Vec<String>,
    /// Blocks to ship in, from the lock.
    pub handling_blocks: u32,
    /// Blocks that the parcel may travel.
    pub transit_blocks: u32,
    /// Blocks to look at the goods.
    pub inspection_blocks: u32,
    /// How long the buyer's money may be held, in blocks.
    pub hold_blocks: u32,
    /// The seller's Lightning node.
    pub node: String,
    /// Why this listing cannot be bid on, if so.
    pub problem: Option<String>,
    /// Where the seller reads.
    pub relays: Vec<String>,
}

/// A listing to be published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListingRequest {
    /// 1 to 100 characters.
    pub product_name: String,
    /// Up to 2000 characters.
    pub description: String,
    /// The price.
    pub price_sat: u64,
    /// Up to 50 characters.
    #[serde(default)]
    pub category: Option<String>,
    /// A link to more about the goods.
    #[serde(default)]
    pub storage_link: Option<String>,
    /// What shipping costs.
    #[serde(default)]
    pub shipping: Option<Shipping>,
    /// The seller's own name for the listing.
    #[serde(default)]
    pub name: Option<String>,
    /// Blocks to ship in, 72 to 1008; 144 when absent.
    #[serde(default = "handling")]
    pub handling_blocks: u32,
    /// Blocks that the parcel may travel, 0 to 1008.
    pub transit_blocks: u32,
    /// Blocks to look at the goods, 144 to 1008; 432 when absent.
    #[serde(default = "inspection")]
    pub inspection_blocks: u32,
}

const fn handling() -> u32 {
    144
}
const fn inspection() -> u32 {
    432
}

/// A bid to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BidRequest {
    /// The listing: its id, or a unique beginning of one that is known here.
    pub listing: String,
    /// How much; the listing's price when absent.
    #[serde(default)]
    pub amount_sat: Option<u64>,
    /// The buyer's collateral; as much as the bid when absent.
    #[serde(default)]
    pub buyer_collateral_sat: Option<u64>,
    /// Words for the seller, public, up to 500 characters.
    #[serde(default)]
    pub message: Option<String>,
    /// Where to ship: kept here, and shown to the seller alone once the money is locked.
    #[serde(default)]
    pub shipping_address: Option<String>,
    /// Hours from the acceptance to the lock, 1 to 168; 24 when absent.
    #[serde(default)]
    pub payment_timeout_hours: Option<u8>,
}

/// What an order would mean, before it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// Where the money goes, who can move it, what happens if nobody acts, and by when: plain words, one line each.
    pub situation: Vec<String>,
    /// What a person should know first.
    pub warnings: Vec<String>,
    /// Why it would be refused now, if so.
    pub refusal: Option<String>,
}

impl From<&ListingView> for Listing {
    fn from(view: &ListingView) -> Self {
        Self {
            id: view.listing.to_string(),
            seller: view.seller.to_string(),
            created_at: view.created_at.0,
            product_name: view.product_name.clone(),
            description: view.description.clone(),
            price_sat: view.price.get(),
            category: view.category.clone(),
            shipping: view.shipping_info.map(|info| Shipping {
                domestic_cost_sat: info.domestic_cost.map(Sat::get),
                international_cost_sat: info.international_cost.map(Sat::get),
                estimated_days: info.estimated_days,
            }),
            seller_collateral_sat: view.seller_collateral.map(Sat::get),
            escrow: view.escrow.as_ref().map(|escrow| Escrow {
                modes: escrow.modes.clone(),
                handling_blocks: escrow.handling.0,
                transit_blocks: escrow.transit.0,
                inspection_blocks: escrow.inspection.0,
                hold_blocks: escrow.hold.0,
                node: escrow.node.to_string(),
                problem: escrow.problem.clone(),
                relays: escrow.relays.clone(),
            }),
            ours: view.ours,
            taken_by: view.taken_by.map(|trade| trade.to_string()),
            withdrawn_at: view.withdrawn.map(|since| since.0),
        }
    }
}

impl Withdrawn {
    /// As the API shows it.
    pub fn of(withdrawn: &EngineWithdrawn) -> Self {
        Self {
            listing: Listing::from(&withdrawn.listing),
            relays: withdrawn.relays.iter().map(|(relay, answer)| RelayWord::of(relay, answer)).collect(),
        }
    }
}

impl From<EnginePreview> for Preview {
    fn from(preview: EnginePreview) -> Self {
        Self { situation: preview.situation, warnings: preview.warnings, refusal: preview.refusal }
    }
}

/// A field of a request and what is wrong with it.
pub type BadField = (&'static str, String);

fn amount(field: &'static str, sat: u64) -> Result<Sat, BadField> {
    Sat::new(sat).map_err(|error: AmountTooLarge| (field, error.to_string()))
}

fn maybe(field: &'static str, sat: Option<u64>) -> Result<Option<Sat>, BadField> {
    sat.map(|sat| amount(field, sat)).transpose()
}

impl ListingRequest {
    /// As the engine takes it.
    ///
    /// # Errors
    /// The first field that no number of satoshis can be.
    pub fn into_engine(self) -> Result<NewListing, BadField> {
        let shipping_info = match self.shipping {
            None => None,
            Some(shipping) => Some(ShippingInfo {
                domestic_cost: maybe("shipping.domestic_cost_sat", shipping.domestic_cost_sat)?,
                international_cost: maybe(
                    "shipping.international_cost_sat",
                    shipping.international_cost_sat,
                )?,
                estimated_days: shipping.estimated_days,
            }),
        };
        Ok(NewListing {
            price: amount("price_sat", self.price_sat)?,
            product_name: self.product_name,
            description: self.description,
            category: self.category,
            storage_link: self.storage_link,
            shipping_info,
            name: self.name,
            handling: Blocks(self.handling_blocks),
            transit: Blocks(self.transit_blocks),
            inspection: Blocks(self.inspection_blocks),
        })
    }
}

impl BidRequest {
    /// As the engine takes it, on this listing.
    ///
    /// # Errors
    /// The first field that no number of satoshis can be.
    pub fn into_engine(self, listing: EventId) -> Result<NewBid, BadField> {
        Ok(NewBid {
            listing,
            amount: maybe("amount_sat", self.amount_sat)?,
            buyer_collateral: maybe("buyer_collateral_sat", self.buyer_collateral_sat)?,
            message: self.message,
            shipping_address: self.shipping_address,
            payment_timeout_hours: self.payment_timeout_hours,
        })
    }
}
