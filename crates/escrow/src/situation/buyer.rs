//! What the buyer is told at each stage.

use super::{Story, amount::sats, when::When};
use crate::{
    input::Condition,
    leg::PaidState,
    letter::Paper,
    moment::At,
    stage::{Ending, Stage},
    trade::Trade,
};
use domp_protocol::{
    deadlines::GRACE,
    units::{Height, Sat},
};

pub(super) fn story(trade: &Trade, stage: Stage, at: At) -> Story {
    match stage {
        Stage::Bid | Stage::Accepting => bid(trade),
        Stage::Offered => offered(trade),
        Stage::Locking => locking(trade, at),
        Stage::Locked => locked(trade, at),
        Stage::ToShip => to_ship(trade, at),
        Stage::Shipped => shipped(trade, at),
        Stage::Claiming => claiming(trade, at),
        Stage::Returning => returning(trade, at),
        Stage::PayingLate => {
            let summary = format!("Your node is paying the late invoice over {}.", sats(trade.terms.price));
            Story::new(summary).beware("This is an ordinary payment: nothing holds it, and it is final.")
        }
        Stage::Ended(ending) => ended(trade, ending),
    }
}

fn total(trade: &Trade) -> Sat {
    trade.terms.price.saturating_add(trade.terms.buyer_collateral)
}

fn bid(trade: &Trade) -> Story {
    let summary = format!("Your bid of {} is out. Nothing is locked.", sats(trade.terms.price));
    Story::new(summary)
        .otherwise("the bid lapses, and nothing was ever locked.", Some(When::unix(trade.terms.lapses_at())))
}

fn offered(trade: &Trade) -> Story {
    let hold = trade.terms.agreed.purchase_cltv();
    Story::new(
        "The seller has accepted, and its invoices passed every check. Nothing is locked until you pay.",
    )
    .otherwise("the acceptance runs out, and nothing was ever locked.", trade.pay_by().map(When::unix))
    .beware(format!(
        "Paying locks {} for up to {hold} or a little longer. Nobody can use that money meanwhile.",
        sats(total(trade))
    ))
}

/// The latest block at which everything in flight is back, whatever the seller does.
fn back_by(trade: &Trade, at: At) -> Option<When> {
    let expiries = trade.legs.iter().filter_map(|leg| match leg.paying()?.node {
        PaidState::InFlight { first_hop_expiry, .. } => Some(first_hop_expiry),
        PaidState::NotSent | PaidState::Asked | PaidState::Succeeded | PaidState::Failed => None,
    });
    expiries.max().map(|height| When::height(height, at))
}

/// When the seller's side gives up waiting for the rest of the lock.
fn grace_over(trade: &Trade, at: At) -> Option<When> {
    let asked: Option<Height> = trade.legs.iter().filter_map(|leg| leg.paying()?.asked_at).min();
    asked.map(|height| When::height(height.plus(GRACE), at))
}

fn locking(trade: &Trade, at: At) -> Story {
    let unknown = trade
        .legs
        .iter()
        .any(|leg| leg.paying().is_some_and(|paying| paying.node == PaidState::Asked && !paying.calling));
    Story::new("Your node is locking the money: first the collateral, then the price.")
        .otherwise("if not everything is locked in time, the seller's node gives back what is.", grace_over(trade, at))
        .beware_if(
            unknown,
            "The outcome of a payment is not known yet. Do not pay it by any other means: it may still arrive.",
        )
}

fn locked(trade: &Trade, at: At) -> Story {
    let disagrees = trade.peer.ack_disagrees.is_some();
    Story::new("All of the money is locked. Both sides are comparing what they see; the seller does not ship before that.")
        .otherwise(
            "if the two sides do not confirm the lock to each other in time, the seller's node gives everything back.",
            grace_over(trade, at),
        )
        .beware_if(
            disagrees,
            "What the seller says is locked is not what your node says. It was not confirmed, so an honest seller will not \
             ship.",
        )
}

fn to_ship(trade: &Trade, at: At) -> Story {
    let by = trade.deadlines.map(|deadlines| When::height(deadlines.ship_by, at));
    Story::new("Both sides agree on what is locked. Now the seller has to ship.")
        .otherwise("the seller's node gives everything back, since nothing was shipped.", by)
        .beware("If the goods are handed to you now, still confirm only once you have looked at them.")
}

fn shipped(trade: &Trade, at: At) -> Story {
    let settle_by = trade.deadlines.map(|deadlines| When::height(deadlines.settle_by, at));
    let verdict = trade.choices.verdict.as_ref().map(|verdict| verdict.condition);
    let summary = match verdict {
        None | Some(Condition::Received) => {
            "The seller says that the goods are on their way. Confirm once you have them and have looked at them."
        }
        Some(Condition::PartiallyReceived | Condition::NotReceived | Condition::Damaged) => {
            "You said that the goods are missing, incomplete or damaged. In direct mode that moves no money: pay after all \
             with release, agree with the seller, or wait for the money to come back."
        }
    };
    let story = Story::new(summary)
        .otherwise("the seller's node gives everything back, and the seller has lost the goods.", settle_by)
        .beware("Confirming pays the seller for good. Confirm only what you hold in your hands.");
    match trade.deadlines {
        Some(deadlines) if at.height > deadlines.reveal_by => story.beware(
            "It is too late to pay out of the lock safely. Say that the goods came, and pay the seller's ordinary invoice once \
             the money is back.",
        ),
        Some(deadlines) => story.beware(format!(
            "If you want to pay, confirm by {}: later the secret is not sent any more.",
            When::height(deadlines.reveal_by, at)
        )),
        None => story,
    }
}

fn claiming(trade: &Trade, at: At) -> Story {
    let receipted = [Paper::Verdict, Paper::Release]
        .into_iter()
        .filter_map(|paper| trade.letter(paper))
        .any(|letter| letter.message.reveals().is_some() && letter.receipted);
    let summary = format!(
        "You have released the price of {}. The seller's node can take it, and gives your collateral back.",
        sats(trade.terms.price)
    );
    Story::new(summary)
        .otherwise(
            "if the seller's node does not take the price, the money comes back to you and the seller is not paid.",
            back_by(trade, at),
        )
        .beware_if(!receipted, "The seller has not confirmed yet that your release arrived. It is sent again until then.")
        .beware("The collateral is back only when your own node says so.")
}

fn returning(trade: &Trade, at: At) -> Story {
    let why = trade.unwind.as_ref().map(ToString::to_string).unwrap_or_default();
    Story::new(format!("Everything that is locked is on its way back to you: {why}."))
        .otherwise("the money comes back by itself at the latest when its HTLCs expire.", back_by(trade, at))
        .beware("Pay nothing again and confirm nothing until your own node says that the money is back.")
}

fn ended(trade: &Trade, ending: Ending) -> Story {
    let price = sats(trade.terms.price);
    match ending {
        Ending::Completed => {
            Story::new(format!("Completed: the seller has {price}, and nothing of yours is locked any more."))
        }
        Ending::Refunded => {
            let story = Story::new("Over: everything that was locked is with you again.");
            let received = trade.choices.verdict.as_ref().map(|verdict| verdict.condition);
            let late = trade.late.as_ref().is_some_and(|late| late.bolt11.is_some());
            story
                .beware_if(
                    trade.peer.shipped.is_some() && received != Some(Condition::Received),
                    "If the goods come after all, say so: the seller has not been paid for them.",
                )
                .beware_if(
                    late,
                    "The seller has sent an ordinary invoice for the goods that you have. Paying it is final, and only right \
                     if you really have them.",
                )
        }
        Ending::Abandoned => {
            let why = trade.unwind.as_ref().map(ToString::to_string).unwrap_or_default();
            Story::new(format!("Over: nothing was ever locked ({why}). To try again, make a new bid."))
        }
        Ending::PaidLate => Story::new(format!(
            "Over: the lock had gone home, and you paid {price} for the goods with an ordinary invoice."
        )),
        Ending::CollateralTaken => Story::new(
            "Over: your collateral was taken, although its secret never leaves your vault.",
        )
        .beware(
            "This must never happen. Keep every log, and assume that somebody else has your recovery phrase.",
        ),
    }
}
