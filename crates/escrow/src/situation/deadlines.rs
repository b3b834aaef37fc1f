//! Deadlines as people see them: their names in the protocol, who has to act, and what happens then.

use super::when::When;
use crate::{letter::Paper, moment::At, stage::Stage, terms::Side, trade::Trade};
use domp_protocol::{
    deadlines::{GRACE, collateral_settle_by},
    purpose::Purpose,
    units::Height,
};
use serde::Serialize;

/// One deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deadline {
    /// Its name: `pay_by`, `lock_by`, `ship_by`, `reveal_by`, `settle_by`, `collateral_settle_by`, `held_until`.
    pub name: &'static str,
    /// Who has to act, and what happens then.
    pub meaning: &'static str,
    /// When.
    pub when: When,
    /// Whether it has passed.
    pub passed: bool,
}

pub(super) fn all(trade: &Trade, stage: Stage, at: At) -> Vec<Deadline> {
    if stage.is_ended() {
        return Vec::new();
    }
    let mut deadlines = before_lock(trade, stage, at);
    let height = |name, meaning, by: Height| Deadline {
        name,
        meaning,
        when: When::height(by, at),
        passed: at.height > by,
    };
    if let Some(known) = trade.deadlines {
        if !trade.has(Paper::LockOk) {
            let by = known.lock.plus(GRACE);
            deadlines.push(height(
                "lock_by",
                "both sides have confirmed the lock, or everything goes back",
                by,
            ));
        }
        deadlines.push(height("ship_by", "the seller has shipped, or everything goes back", known.ship_by));
        deadlines.push(height(
            "reveal_by",
            "the buyer has confirmed; later the held money cannot be released safely any more",
            known.reveal_by,
        ));
        deadlines.push(height(
            "settle_by",
            "the seller's node has taken the price, or gives it back",
            known.settle_by,
        ));
        deadlines.push(height(
            "held_until",
            "the last block at which the price is surely still held",
            known.held_until,
        ));
    }
    if let Some(by) = collateral(trade) {
        deadlines.push(height("collateral_settle_by", "the seller's node has given the collateral back", by));
    }
    deadlines.sort_by_key(|deadline| deadline.when.unix);
    deadlines
}

/// Until the money is locked, the clock rules.
fn before_lock(trade: &Trade, stage: Stage, at: At) -> Vec<Deadline> {
    let by = match stage {
        Stage::Bid | Stage::Accepting => Some((
            "answer_by",
            "the seller has accepted, or the bid counts for nothing",
            trade.terms.lapses_at(),
        )),
        Stage::Offered | Stage::Locking => trade
            .pay_by()
            .map(|by| ("pay_by", "everything is locked, or the acceptance counts for nothing", by)),
        Stage::Locked
        | Stage::ToShip
        | Stage::Shipped
        | Stage::Claiming
        | Stage::Returning
        | Stage::PayingLate
        | Stage::Ended(_) => None,
    };
    let deadline = by.map(|(name, meaning, unix)| Deadline {
        name,
        meaning,
        when: When::unix(unix),
        passed: at.unix >= unix,
    });
    deadline.into_iter().collect()
}

/// SETTLE_BY of the collateral: the seller knows its expiry, the buyer where its node shows the last hop.
fn collateral(trade: &Trade) -> Option<Height> {
    let leg = trade.leg(Purpose::BuyerCollateral).filter(|leg| leg.is_locked())?;
    let expiry = match trade.side {
        Side::Seller => match leg.holding()?.node {
            crate::leg::HeldState::Held { expiry, .. } => Some(expiry),
            _ => None,
        },
        Side::Buyer => leg.paying()?.node.final_expiry(),
    };
    expiry.map(|expiry| collateral_settle_by(expiry, trade.terms.agreed.seller_auto_cancel))
}
