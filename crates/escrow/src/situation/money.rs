//! Money: where each HTLC's amount is, as far as our own node knows, and who can move it.

use super::{amount::sats, when::When};
use crate::{
    leg::{HeldState, Holding, Leg, PaidState, Paying, Want},
    moment::At,
    stage::{Stage, stage},
    trade::Trade,
};
use domp_protocol::{purpose::Purpose, units::Sat};
use serde::Serialize;

/// Where an amount is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// With the buyer, not locked.
    Buyer,
    /// On its way, or not: the node was asked and has not said.
    Unknown,
    /// Locked: nobody can use it.
    Locked,
    /// With the seller, for good.
    Seller,
    /// Was locked, and is back with the buyer.
    Returned,
}

/// One amount of a trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Money {
    /// What it is for.
    pub purpose: Purpose,
    /// How much, fees not included.
    pub amount: Sat,
    /// Where it is.
    pub place: Place,
    /// The same in words.
    pub words: String,
    /// Who can move it.
    pub control: String,
}

pub(super) fn all(trade: &Trade, at: At) -> Vec<Money> {
    trade.legs.iter().map(|leg| money(trade, leg, at)).collect()
}

/// What people call it.
pub(super) const fn name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Purchase => "price",
        Purpose::BuyerCollateral => "buyer's collateral",
        Purpose::SellerCollateral => "seller's collateral",
        Purpose::AntiSpam => "anti-spam payment",
    }
}

fn money(trade: &Trade, leg: &Leg, at: At) -> Money {
    let (place, words) = match (leg.holding(), leg.paying()) {
        (Some(holding), _) => held(holding, at),
        (_, Some(paying)) => paid(trade, paying, at),
        (None, None) => (Place::Unknown, String::new()),
    };
    let words = format!("The {} of {} {words}", name(leg.purpose), sats(leg.amount));
    Money { purpose: leg.purpose, amount: leg.amount, place, words, control: control(trade, leg, place) }
}

/// Our node holds it, or not.
fn held(holding: &Holding, at: At) -> (Place, String) {
    match holding.node {
        HeldState::Unissued | HeldState::Open => (Place::Buyer, "has not arrived at your node.".to_owned()),
        HeldState::Held { expiry, .. } => {
            let by = When::height(expiry, at);
            (Place::Locked, format!("is held by your node; the payment itself expires at {by}."))
        }
        HeldState::Settled => (Place::Seller, "is yours.".to_owned()),
        HeldState::Cancelled if holding.was_held => (Place::Returned, "went back to the buyer.".to_owned()),
        HeldState::Cancelled => (Place::Buyer, "was never paid, and cannot be any more.".to_owned()),
    }
}

/// Our node has sent it, or not.
fn paid(trade: &Trade, paying: &Paying, at: At) -> (Place, String) {
    match paying.node {
        PaidState::NotSent if trade.unwind.is_some() => {
            (Place::Buyer, "is with you; it was not sent and will not be.".to_owned())
        }
        PaidState::NotSent => (Place::Buyer, "is with you; it was not sent.".to_owned()),
        PaidState::Asked => {
            (Place::Unknown, "is being sent: your node has not said what became of it yet.".to_owned())
        }
        PaidState::InFlight { first_hop_expiry, .. } => {
            let by = When::height(first_hop_expiry, at);
            (
                Place::Locked,
                format!("is locked on its way to the seller's node; unless it is taken, it is back by {by}."),
            )
        }
        PaidState::Succeeded => (Place::Seller, "is with the seller.".to_owned()),
        PaidState::Failed => (Place::Returned, "is with you again.".to_owned()),
    }
}

fn control(trade: &Trade, leg: &Leg, place: Place) -> String {
    let words = match place {
        Place::Buyer => "Nobody has a hold on it.",
        Place::Unknown => "It is never sent a second time; wait for the node.",
        Place::Seller | Place::Returned => "That is final.",
        Place::Locked => return locked(trade, leg),
    };
    words.to_owned()
}

fn locked(trade: &Trade, leg: &Leg) -> String {
    let seller = leg.holding();
    let returning =
        stage(trade) == Stage::Returning || seller.is_some_and(|holding| holding.want == Want::Cancel);
    let claiming = trade.is_claiming();
    let words = match (leg.purpose, seller.is_some()) {
        (Purpose::Purchase, true) if claiming => "The buyer released it; your node is taking it.",
        (Purpose::Purchase, false) if claiming => {
            "You released it: the seller's node can take it, and nothing brings it back but the seller."
        }
        (_, true) if returning => "Your node is giving it back.",
        (_, false) if returning => {
            "The seller's node has to let it go. It is back only when your own node says so, whatever anybody writes."
        }
        (Purpose::Purchase, true) => "Only the buyer can release it to you. You can only give it back.",
        (Purpose::Purchase, false) => {
            "Only you can release it, by confirming. The seller's node can give it back, and does so by itself in the end."
        }
        (_, true) => "Nobody can take it. Your node gives it back.",
        (_, false) => {
            "Nobody can take it: its secret never leaves your vault. The seller's node gives it back."
        }
    };
    words.to_owned()
}
