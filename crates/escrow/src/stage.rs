//! Stages: where a trade stands, in one word. Derived from the facts; no rule reads it to decide about money.

use crate::{
    input::Secret,
    leg::{HeldState, PaidState, Want},
    letter::Paper,
    terms::Side,
    trade::Trade,
};
use domp_protocol::purpose::Purpose;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a trade stands. The first five are DIP-03's set-up, the next two its shipping, the rest its resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A bid; nothing is promised.
    Bid,
    /// The seller's node is making the invoices.
    Accepting,
    /// Accepted: invoices are out, nothing is locked.
    Offered,
    /// The buyer is locking the money.
    Locking,
    /// All of it is locked; both sides are comparing what they see.
    Locked,
    /// Both agree on what is locked: the seller has to ship.
    ToShip,
    /// The parcel is on its way; the buyer has to confirm.
    Shipped,
    /// The secret is out: the seller's node takes the price.
    Claiming,
    /// The money is on its way back.
    Returning,
    /// The goods came but the hold was over: an ordinary payment is being made.
    PayingLate,
    /// Over.
    Ended(Ending),
}

/// How a trade ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The seller has the price, the buyer the collateral (and, one hopes, the goods).
    Completed,
    /// Everything that was locked went back to the buyer.
    Refunded,
    /// Nothing was ever locked.
    Abandoned,
    /// Everything went back, then the buyer paid for the goods with an ordinary invoice.
    PaidLate,
    /// The seller's node took the collateral, which nobody may in direct mode.
    CollateralTaken,
}

impl Stage {
    /// Every stage, in the order of a trade.
    pub const ALL: [Self; 15] = [
        Self::Bid,
        Self::Accepting,
        Self::Offered,
        Self::Locking,
        Self::Locked,
        Self::ToShip,
        Self::Shipped,
        Self::Claiming,
        Self::Returning,
        Self::PayingLate,
        Self::Ended(Ending::Completed),
        Self::Ended(Ending::Refunded),
        Self::Ended(Ending::Abandoned),
        Self::Ended(Ending::PaidLate),
        Self::Ended(Ending::CollateralTaken),
    ];
    /// Whether the trade is over.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Ended(_))
    }
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bid => "bid",
            Self::Accepting => "accepting",
            Self::Offered => "offered",
            Self::Locking => "locking",
            Self::Locked => "locked",
            Self::ToShip => "to ship",
            Self::Shipped => "shipped",
            Self::Claiming => "claiming",
            Self::Returning => "returning",
            Self::PayingLate => "paying late",
            Self::Ended(Ending::Completed) => "completed",
            Self::Ended(Ending::Refunded) => "refunded",
            Self::Ended(Ending::Abandoned) => "abandoned",
            Self::Ended(Ending::PaidLate) => "paid late",
            Self::Ended(Ending::CollateralTaken) => "collateral taken",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The stage that a trade's facts amount to.
pub fn stage(trade: &Trade) -> Stage {
    if let Some(ending) = ending(trade) {
        return if late_under_way(trade) { Stage::PayingLate } else { Stage::Ended(ending) };
    }
    if trade.is_claiming() {
        return Stage::Claiming;
    }
    if trade.unwind.is_some() {
        return Stage::Returning;
    }
    // A restored buyer that agrees with the acknowledgement too late to say so has said so before.
    let agrees = trade.side == Side::Buyer && trade.restored.is_some() && trade.deadlines.is_some();
    // "Shipped" before the handshake is a seller's word about nothing.
    if trade.has(Paper::LockOk) || agrees {
        return if trade.has(Paper::Shipped) { Stage::Shipped } else { Stage::ToShip };
    }
    // A restored seller may have nothing but its own word for what was agreed before.
    if trade.restored.is_some() && trade.choices.shipped.is_some() {
        return Stage::Shipped;
    }
    let legs = &trade.legs;
    if legs.iter().all(crate::leg::Leg::is_locked) {
        return Stage::Locked;
    }
    let begun = legs.iter().any(|leg| match (leg.holding(), leg.paying()) {
        (Some(holding), _) => holding.was_held,
        (_, Some(paying)) => paying.asked_at.is_some(),
        (None, None) => false,
    });
    if begun || trade.choices.pay {
        return Stage::Locking;
    }
    if trade.has(Paper::Acceptance) {
        return Stage::Offered;
    }
    if trade.choices.accept { Stage::Accepting } else { Stage::Bid }
}

fn late_under_way(trade: &Trade) -> bool {
    trade.late.as_ref().is_some_and(crate::trade::LatePayment::is_under_way)
}

/// How the trade ended, once every leg is over and nothing will begin any more.
fn ending(trade: &Trade) -> Option<Ending> {
    // What was not begun as far as a restored store knows may have been.
    let unknown = trade.in_doubt() && trade.legs.iter().any(crate::leg::Leg::is_unbegun);
    if unknown || !trade.legs.iter().all(crate::leg::Leg::is_over) {
        return None;
    }
    if trade.leg(Purpose::BuyerCollateral).is_some_and(was_taken) {
        return Some(Ending::CollateralTaken);
    }
    if trade.leg(Purpose::Purchase).is_some_and(was_taken) {
        return Some(Ending::Completed);
    }
    if trade.late.as_ref().is_some_and(|late| late.paid) {
        return Some(Ending::PaidLate);
    }
    let began = trade.legs.iter().any(|leg| match (leg.holding(), leg.paying()) {
        (Some(holding), _) => holding.was_held,
        (_, Some(paying)) => paying.seen_at.is_some(),
        (None, None) => false,
    });
    // A restored store may have seen only the end of it.
    let recalled = trade.restored.is_some() && !trade.in_doubt();
    let began = began || recalled && trade.papers.contains_key(&Paper::Payment);
    // Nobody judges goods of a trade that never began, whatever else our store has lost.
    let began = began || trade.choices.verdict.is_some();
    match (trade.unwind.is_some(), began) {
        (_, true) if trade.side == Side::Seller || price_is_over(trade) => Some(Ending::Refunded),
        (true, true) => Some(Ending::Refunded),
        (true, false) => Some(Ending::Abandoned),
        (false, _) => None,
    }
}

/// Buyer: the price's leg came to its end at our node, so nothing of it can begin any more.
pub(crate) fn price_is_over(trade: &Trade) -> bool {
    trade
        .leg(Purpose::Purchase)
        .and_then(crate::leg::Leg::paying)
        .is_some_and(|paying| paying.node == PaidState::Failed)
}

/// Whether the payee has taken a leg.
pub(crate) fn was_taken(leg: &crate::leg::Leg) -> bool {
    match (leg.holding(), leg.paying()) {
        (Some(holding), _) => holding.node == HeldState::Settled,
        (_, Some(paying)) => paying.node == PaidState::Succeeded,
        (None, None) => false,
    }
}

impl Trade {
    /// Whether the secret is out, or our node was told to take the price.
    pub fn is_claiming(&self) -> bool {
        match self.side {
            Side::Buyer => self.revealed_at.is_some(),
            Side::Seller => {
                self.peer.secret == Secret::Opens
                    && self
                        .leg(Purpose::Purchase)
                        .and_then(crate::leg::Leg::holding)
                        .is_some_and(|holding| holding.want == Want::Settle)
            }
        }
    }
}
