//! Phase 2, shipping `[D3-28]`: the goods go out only for money that both sides have confirmed to be locked.

use crate::{
    leg::{HeldState, Want},
    letter::{Message, Paper},
    step::Turn,
    terms::Side,
    trade::Unwind,
};

pub(crate) fn decide(turn: &mut Turn) {
    if turn.trade.side == Side::Buyer {
        return;
    }
    if let Some(shipment) = turn.trade.choices.shipped.clone() {
        turn.post(Message::Shipped(shipment));
    } else if !turn.trade.in_doubt() {
        refund_unshipped(turn);
    }
}

/// The lock is gone, or the time to ship is over: the seller keeps its goods, the buyer gets its money.
fn refund_unshipped(turn: &mut Turn) {
    let Some(deadlines) = turn.trade.deadlines else { return };
    let lost = turn
        .trade
        .legs
        .iter()
        .find(|leg| {
            leg.holding()
                .is_some_and(|holding| holding.want == Want::Hold && holding.node == HeldState::Cancelled)
        })
        .map(|leg| leg.purpose);
    if let Some(purpose) = lost {
        turn.unwind(Unwind::LegLost(purpose));
    }
    if turn.trade.papers.contains_key(&Paper::LockOk) && turn.at.height > deadlines.ship_by {
        turn.unwind(Unwind::NotShipped);
    }
}
