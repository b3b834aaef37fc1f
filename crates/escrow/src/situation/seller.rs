//! What the seller is told at each stage.

use super::{Story, amount::sats, when::When};
use crate::{
    leg::HeldState,
    moment::At,
    stage::{Ending, Stage},
    trade::Trade,
};
use domp_protocol::{deadlines::GRACE, units::Height};

pub(super) fn story(trade: &Trade, stage: Stage, at: At) -> Story {
    match stage {
        Stage::Bid => bid(trade),
        Stage::Accepting => Story::new("Your node is making the invoices for this bid. Nothing is locked.")
            .otherwise("once the invoices are made, the acceptance goes out to the buyer.", None),
        Stage::Offered => Story::new(
            "You have accepted. Nothing is locked until the buyer pays: do not ship.",
        )
        .otherwise("the invoices run out, and nothing was ever locked.", trade.pay_by().map(When::unix)),
        Stage::Locking => locking(trade, at),
        Stage::Locked => locked(trade, at),
        Stage::ToShip => to_ship(trade, at),
        Stage::Shipped => shipped(trade, at),
        Stage::Claiming => claiming(trade, at),
        Stage::Returning => returning(trade, at),
        Stage::PayingLate => Story::new("The buyer is paying your late invoice."),
        Stage::Ended(ending) => ended(trade, ending),
    }
}

fn silent() -> &'static str {
    "If the buyer never confirms, you are not paid: the money goes back to the buyer, and the goods are gone. In direct mode \
     nobody can help you then."
}

fn bid(trade: &Trade) -> Story {
    let hashes = trade.legs.iter().all(|leg| leg.hash.is_some());
    let summary = if hashes {
        format!("Somebody bids {}. Nothing is locked.", sats(trade.terms.price))
    } else {
        format!(
            "Somebody bids {}. Nothing is locked. The buyer's payment hashes have not arrived yet, so it cannot be accepted \
             for the moment.",
            sats(trade.terms.price)
        )
    };
    Story::new(summary)
        .otherwise("the bid lapses, and nothing was ever locked.", Some(When::unix(trade.terms.lapses_at())))
        .beware(silent())
}

fn grace_over(trade: &Trade, at: At) -> Option<When> {
    let since: Option<Height> = trade
        .legs
        .iter()
        .filter_map(|leg| match leg.holding()?.node {
            HeldState::Held { since, .. } => Some(since),
            HeldState::Unissued | HeldState::Open | HeldState::Settled | HeldState::Cancelled => None,
        })
        .min();
    since.map(|height| When::height(height.plus(GRACE), at))
}

fn locking(trade: &Trade, at: At) -> Story {
    Story::new("A part of the buyer's money is held by your node. Do not ship.").otherwise(
        "if the rest does not arrive in time, your node gives everything back.",
        grace_over(trade, at),
    )
}

fn locked(trade: &Trade, at: At) -> Story {
    let by = trade.deadlines.map(|deadlines| When::height(deadlines.lock.plus(GRACE), at));
    Story::new(
        "All of the buyer's money is held by your node. Do not ship yet: the buyer has not confirmed what is locked.",
    )
    .otherwise(
        "if the buyer does not confirm the lock in time, your node gives everything back.",
        by.or_else(|| grace_over(trade, at)),
    )
}

fn to_ship(trade: &Trade, at: At) -> Story {
    let by = trade.deadlines.map(|deadlines| When::height(deadlines.ship_by, at));
    Story::new("The money is held, and the buyer has confirmed it. Ship now, and say so.")
        .otherwise("your node gives everything back, and you keep the goods.", by)
        .beware("Ship only if you can say so in time: shipping without it ends in a refund.")
        .beware(silent())
}

fn shipped(trade: &Trade, at: At) -> Story {
    let by = trade.deadlines.map(|deadlines| When::height(deadlines.settle_by, at));
    let disputed = trade.peer.disputed;
    Story::new("You have shipped. You are paid as soon as the buyer confirms.")
        .otherwise("your node gives everything back to the buyer, and you have lost the goods.", by)
        .beware_if(
            disputed,
            "The buyer disputes. In direct mode that moves no money: talk, refund, or agree to release or to cancel.",
        )
        .beware("Keep your node and this program running: a release that arrives while they are off may come too late.")
        .beware(silent())
}

fn claiming(trade: &Trade, at: At) -> Story {
    let summary = format!(
        "The buyer has released the price. Your node is taking {} and giving the collateral back.",
        sats(trade.terms.price)
    );
    let by = trade.deadlines.map(|deadlines| When::height(deadlines.settle_by, at));
    Story::new(summary)
        .otherwise("your node takes the money by itself, as long as it runs.", by)
        .beware("Do not stop your node now.")
}

fn returning(trade: &Trade, at: At) -> Story {
    let why = trade.unwind.as_ref().map(ToString::to_string).unwrap_or_default();
    let by = trade.deadlines.map(|deadlines| When::height(deadlines.settle_by, at));
    Story::new(format!("Your node is giving everything back to the buyer: {why}."))
        .otherwise("your node gives everything back by itself, as long as it runs.", by)
        .beware_if(trade.choices.shipped.is_none(), "Do not ship.")
}

fn ended(trade: &Trade, ending: Ending) -> Story {
    let price = sats(trade.terms.price);
    let shipped = trade.choices.shipped.is_some();
    let why = trade.unwind.as_ref().map(ToString::to_string).unwrap_or_default();
    match ending {
        Ending::Completed => {
            Story::new(format!("Completed: {price} are yours, and the buyer's collateral went home."))
        }
        Ending::Refunded => Story::new(format!("Over: everything went back to the buyer ({why})."))
            .beware_if(!shipped, "Do not ship.")
            .beware_if(
                shipped && trade.peer.received,
                "The buyer has confirmed the goods, but the lock was over. Offer a late invoice: the buyer can pay it by hand.",
            )
            .beware_if(
                shipped && !trade.peer.received,
                "You have shipped and were not paid. If the buyer confirms later, you can offer an ordinary invoice.",
            ),
        Ending::Abandoned => {
            Story::new(format!("Over: nothing was ever locked ({why}).")).beware_if(!shipped, "Do not ship.")
        }
        Ending::PaidLate => Story::new(format!(
            "Over: the lock had gone home, and the buyer paid {price} with an ordinary invoice."
        )),
        Ending::CollateralTaken => {
            Story::new("Over: your node has taken the buyer's collateral, which this program never orders.").beware(
                "This must never happen. Find out who else controls your node, and give the buyer its collateral back.",
            )
        }
    }
}
