//! How long a trade is looked after: until it is over, and where something may still come, a while longer.

use domp_escrow::{
    stage::{Ending, Stage, stage},
    terms::Side,
    trade::Trade,
};
use domp_protocol::units::Unix;

/// After a refund the goods may still arrive and be paid late: two weeks.
const LATE_SECONDS: u64 = 14 * 86_400;
/// After the invoices have run out, nodes have let go of whatever came in at the last moment.
const SLACK_SECONDS: u64 = 3_600;

/// Until when a trade is looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// It is not over.
    Open,
    /// It is over; until then something may still come.
    Until(Unix),
    /// Nothing will come.
    Over,
}

/// How long this trade is looked after, whatever the time is now.
pub(crate) fn lifetime(trade: &Trade) -> Lifetime {
    let Stage::Ended(ending) = stage(trade) else { return Lifetime::Open };
    let began = trade.offered_at.unwrap_or(trade.terms.bid_at);
    let invoices = trade.invoices_expire().map(|expire| expire.plus(SLACK_SECONDS));
    match ending {
        Ending::Refunded => Lifetime::Until(began.plus(LATE_SECONDS).max(invoices.unwrap_or(began))),
        // An invoice that was cancelled may be paid all the same, on nodes that take it: it is cancelled again.
        Ending::Abandoned if trade.side == Side::Seller => invoices.map_or(Lifetime::Over, Lifetime::Until),
        Ending::Abandoned | Ending::Completed | Ending::PaidLate | Ending::CollateralTaken => Lifetime::Over,
    }
}

impl Lifetime {
    /// Whether it is still looked after.
    pub(crate) fn is_open(self, now: Unix) -> bool {
        match self {
            Self::Open => true,
            Self::Until(end) => now < end,
            Self::Over => false,
        }
    }
    /// When that ends, if it is known.
    pub(crate) const fn end(self) -> Option<Unix> {
        match self {
            Self::Until(end) => Some(end),
            Self::Open | Self::Over => None,
        }
    }
}
