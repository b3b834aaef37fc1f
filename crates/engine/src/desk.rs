//! The desk: what a person asks for before there is a trade, and what they get back.

mod bidding;
mod exclusive;
mod listings;
mod orders;

use domp_ports::relays::RelayAnswer;
use domp_protocol::{
    ids::{EventId, NodeId, PublicKey},
    kinds::ShippingInfo,
    units::{Blocks, Sat, Unix},
};
use serde::{Deserialize, Serialize};

/// A listing to be published (kind 300).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewListing {
    /// 1 to 100 characters.
    pub product_name: String,
    /// Up to 2000 characters.
    pub description: String,
    /// The price.
    pub price: Sat,
    /// Up to 50 characters.
    #[serde(default)]
    pub category: Option<String>,
    /// Where more about the goods is stored.
    #[serde(default)]
    pub storage_link: Option<String>,
    /// What shipping costs and how long it takes, for people.
    #[serde(default)]
    pub shipping_info: Option<ShippingInfo>,
    /// The seller's own name for the listing.
    #[serde(default)]
    pub name: Option<String>,
    /// h: blocks to ship in, from the lock.
    #[serde(default = "default_handling")]
    pub handling: Blocks,
    /// t: blocks that the parcel may travel.
    pub transit: Blocks,
    /// i: blocks that the buyer has to look at the goods.
    #[serde(default = "default_inspection")]
    pub inspection: Blocks,
}

const fn default_handling() -> Blocks {
    Blocks(144)
}
const fn default_inspection() -> Blocks {
    Blocks(432)
}

/// A bid to be made (kind 301).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewBid {
    /// On which listing.
    pub listing: EventId,
    /// How much; the listing's price when absent.
    #[serde(default)]
    pub amount: Option<Sat>,
    /// The buyer's collateral; as much as the bid when absent (DIP-02).
    #[serde(default)]
    pub buyer_collateral: Option<Sat>,
    /// Words for the seller, public, up to 500 characters.
    #[serde(default)]
    pub message: Option<String>,
    /// Where to ship: kept here, shown to the seller alone once the money is locked.
    #[serde(default)]
    pub shipping_address: Option<String>,
    /// Hours from the acceptance to the lock, 1 to 168; 24 when absent.
    #[serde(default)]
    pub payment_timeout_hours: Option<u8>,
}

/// A listing as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingView {
    /// The listing.
    pub listing: EventId,
    /// Who sells.
    pub seller: PublicKey,
    /// When it was made.
    pub created_at: Unix,
    /// What it is called. Untrusted text, as everything that follows.
    pub product_name: String,
    /// What it is.
    pub description: String,
    /// The price.
    pub price: Sat,
    /// Its category.
    pub category: Option<String>,
    /// What shipping costs and how long it takes.
    pub shipping_info: Option<ShippingInfo>,
    /// The collateral it names; counts as 0 in direct mode.
    pub seller_collateral: Option<Sat>,
    /// The escrow it offers; `None` for listings of other clients, which cannot be bid on here.
    pub escrow: Option<EscrowView>,
    /// Whether it is ours.
    pub ours: bool,
    /// Ours: the trade that has it, if one was accepted.
    pub taken_by: Option<EventId>,
    /// Ours: since when no bid on it is taken any more, if so.
    pub withdrawn: Option<Unix>,
}

/// A listing that was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// The listing as it is now.
    pub listing: ListingView,
    /// What our relays said to the request to delete it. They may keep it all the same.
    pub relays: Vec<(String, RelayAnswer)>,
}

/// The escrow that a listing offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscrowView {
    /// `direct`, `arbitrated`.
    pub modes: Vec<String>,
    /// h.
    pub handling: Blocks,
    /// t.
    pub transit: Blocks,
    /// i.
    pub inspection: Blocks,
    /// c(P): how long the buyer's money may be held.
    pub hold: Blocks,
    /// The seller's node, and whether it really signed for this seller.
    pub node: NodeId,
    /// Why this listing cannot be bid on, if so.
    pub problem: Option<String>,
    /// Where the seller reads.
    pub relays: Vec<String>,
}

/// What a command would mean, before it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Plain words, one line each: where the money goes, who can move it, what happens if nobody acts, by when.
    pub situation: Vec<String>,
    /// Why it would be refused now, if so.
    pub refusal: Option<String>,
    /// What a person should know first.
    pub warnings: Vec<String>,
}
