//! Steps: what is told while the trade goes on, as data.

use super::purse::Balances;
use domp_engine::view::{DeadlineView, HtlcView, TradeView};
use domp_escrow::situation::When;
use domp_protocol::{
    ids::TradeId,
    purpose::Purpose,
    units::{Height, Sat, Unix},
};
use serde::Serialize;
use std::fmt;

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// The one who sells.
    Seller,
    /// The one who buys.
    Buyer,
    /// Both.
    Both,
    /// Nobody: time passes.
    Nobody,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seller => "seller",
            Self::Buyer => "buyer",
            Self::Both => "two people",
            Self::Nobody => "nobody",
        })
    }
}

/// What a flow says of a step; where the money is and what both have is read from the engines and the nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// A word for programs.
    pub name: &'static str,
    /// Who acts.
    pub who: Who,
    /// What happens, in a line.
    pub title: String,
    /// The same, explained: one paragraph each.
    pub explained: Vec<String>,
    /// What happens if nobody does anything from now on; absent once the trade is over.
    pub otherwise: Option<Otherwise>,
}

impl Scene {
    /// A scene with its first paragraph.
    pub fn new(name: &'static str, who: Who, title: impl Into<String>, explained: impl Into<String>) -> Self {
        Self { name, who, title: title.into(), explained: vec![explained.into()], otherwise: None }
    }

    /// With another paragraph.
    #[must_use]
    pub fn and(mut self, explained: impl Into<String>) -> Self {
        self.explained.push(explained.into());
        self
    }

    /// With what happens if nobody acts, and the deadline of this name from the engine's own list.
    #[must_use]
    pub fn otherwise(mut self, words: &str, view: &TradeView, deadline: &str) -> Self {
        let found = view.deadlines.iter().find(|one| one.name == deadline);
        self.otherwise = Some(Otherwise { words: words.to_owned(), by: found.map(when) });
        self
    }
}

/// The engine's deadline as a moment.
pub fn when(deadline: &DeadlineView) -> When {
    When { height: deadline.height, unix: deadline.unix }
}

/// What happens if nobody acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Otherwise {
    /// What.
    pub words: String,
    /// By when: a block with an estimated time, or a time.
    pub by: Option<When>,
}

/// A step as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "step")]
pub struct Step {
    /// Counted from 1.
    pub step: u32,
    /// A word for programs.
    pub name: &'static str,
    /// Who acts.
    pub who: Who,
    /// What happens, in a line.
    pub title: String,
    /// The same, explained.
    pub explained: Vec<String>,
    /// The chain's height.
    pub height: Height,
    /// The time by the engines' clock.
    pub time: Unix,
    /// The trade: the id of its bid; absent before there is one.
    pub trade: Option<TradeId>,
    /// Where the buyer's engine says that the trade is; absent before there is one.
    pub buyer_stage: Option<String>,
    /// The same of the seller's.
    pub seller_stage: Option<String>,
    /// Where the trade's money is; empty before there is a trade.
    pub money: Vec<Money>,
    /// What happens if nobody acts.
    pub otherwise: Option<Otherwise>,
    /// Who has how much.
    pub balances: Balances,
    /// Milliseconds since the program started.
    pub elapsed_ms: u128,
}

/// One amount of the trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Money {
    /// What it is for.
    pub purpose: Purpose,
    /// How much.
    pub amount_sat: Sat,
    /// Where it is.
    pub place: Place,
    /// Who can move it.
    pub control: &'static str,
    /// What the buyer's engine says of the payment.
    pub buyer_says: String,
    /// What the seller's engine says of the invoice.
    pub seller_says: String,
}

/// Where an amount is, by the word of both nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// With the buyer, never locked.
    Buyer,
    /// Held by the seller's node, which cannot take it.
    Held,
    /// With the seller, for good.
    Seller,
    /// Was held, and is back with the buyer.
    Returned,
    /// The two nodes do not say the same.
    Disputed,
}

impl Place {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Buyer => "with the buyer, not locked",
            Self::Held => "held by the seller's node",
            Self::Seller => "with the seller, for good",
            Self::Returned => "back with the buyer",
            Self::Disputed => "the two nodes do not say the same",
        }
    }
}

impl Money {
    /// What both engines say of one HTLC.
    fn of(buyer: &HtlcView, seller: Option<&HtlcView>) -> Self {
        let seller_says = seller.map_or("nothing", |view| view.state.as_str());
        let place = match (buyer.state.as_str(), seller_says) {
            ("not sent", "nothing" | "not issued" | "open" | "cancelled") => Place::Buyer,
            ("in flight", "held") => Place::Held,
            ("succeeded", "settled") => Place::Seller,
            ("failed", "cancelled") => Place::Returned,
            _ => Place::Disputed,
        };
        let control = match (place, buyer.purpose) {
            (Place::Buyer, _) => "the buyer alone",
            (Place::Held, Purpose::Purchase) => {
                "only the buyer can release it to the seller, by confirming; the seller can only give it back"
            }
            (Place::Held, _) => "nobody can take it; the seller's node can only give it back",
            (Place::Seller, _) => "the seller alone, and that is final",
            (Place::Returned, _) => "the buyer alone, and that is final",
            (Place::Disputed, _) => "not known",
        };
        Self {
            purpose: buyer.purpose,
            amount_sat: buyer.amount_msat.to_sat_floor(),
            place,
            control,
            buyer_says: buyer.state.clone(),
            seller_says: seller_says.to_owned(),
        }
    }

    /// The trade's money: the price first.
    pub fn all(buyer: &TradeView, seller: Option<&TradeView>) -> Vec<Self> {
        let counterpart = |purpose: Purpose| seller?.htlcs.iter().find(|htlc| htlc.purpose == purpose);
        let mut all: Vec<Self> =
            buyer.htlcs.iter().map(|htlc| Self::of(htlc, counterpart(htlc.purpose))).collect();
        all.sort_by_key(|money| money.purpose != Purpose::Purchase);
        all
    }

    /// What people call it.
    pub const fn name(&self) -> &'static str {
        match self.purpose {
            Purpose::Purchase => "price",
            Purpose::BuyerCollateral | Purpose::SellerCollateral => "collateral",
            Purpose::AntiSpam => "anti-spam payment",
        }
    }
}
