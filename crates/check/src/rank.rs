//! Rank: a measure that every transition must increase, so that no path goes on for ever.
//!
//! It compares, in this order: blocks, faults that have been spent, facts that have come to be known or done (none is
//! ever forgotten), and work that is under way (less is further). Between two blocks nothing can happen without end.

use domp_escrow::{
    effect::Effect,
    input::{Said, Secret},
    leg::{End, HeldState, PaidState, Want},
    letter::Message,
    trade::Trade,
};
use domp_model::{
    explore::Faults,
    node::{Htlc, PayeeEnd, PayerEnd},
    world::{LEGS, Parcel, SIDES, World},
};

/// How far a world has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    height: u32,
    spent: i64,
    facts: usize,
    undone: i64,
}

/// How far a world has come.
pub fn rank(world: &World, faults: &Faults) -> Rank {
    let left = faults.crashes + faults.mail + faults.late + faults.cheats + faults.moods;
    Rank {
        height: world.height.0,
        spent: -i64::from(left),
        facts: SIDES.into_iter().map(|side| facts(world.trade(side))).sum::<usize>() + done(world),
        undone: -undone(world),
    }
}

const fn one(yes: bool) -> usize {
    yes as usize
}

fn facts(trade: &Trade) -> usize {
    let letters: usize = trade
        .letters
        .iter()
        .map(|letter| {
            // A verdict that could not leave with its secret is written anew without.
            let plain = one(letter.message.reveals().is_none());
            1 + plain + one(letter.sent.is_some()) + one(letter.receipted) + one(letter.dropped)
        })
        .sum();
    let choices = &trade.choices;
    let chosen =
        [choices.accept, choices.pay, choices.shipped.is_some(), choices.verdict.is_some(), choices.release];
    let peer = &trade.peer;
    let heard = [
        peer.ack.is_some(),
        peer.ack_disagrees.is_some(),
        peer.lock_ok.is_some(),
        peer.shipped.is_some(),
        peer.received,
        peer.released,
        peer.disputed,
        peer.secret != Secret::Absent,
        peer.secret == Secret::Opens,
    ];
    let known = [
        trade.deadlines.is_some(),
        trade.offered_at.is_some(),
        trade.unwind.is_some(),
        trade.refund_reason.is_some(),
        trade.revealed_at.is_some(),
        trade.late.is_some(),
    ];
    // What never left the node may be ordered again: under way is further than not.
    let late = trade.late.as_ref().map_or(0, |late| {
        let tried = one(late.ordered) + one(late.paying) + one(late.is_under_way());
        one(late.bolt11.is_some()) + tried + 2 * one(late.paid)
    });
    let yes: usize = chosen.into_iter().chain(heard).chain(known).map(one).sum();
    let legs: usize = trade
        .legs
        .iter()
        .map(|leg| {
            let end = match &leg.end {
                End::Payee(holding) => want(holding.want) + held(holding.node) + one(holding.was_held),
                End::Payer(paying) => paid(paying.node) + one(paying.seen_at.is_some()) + one(paying.refused),
            };
            end + one(leg.hash.is_some()) + one(leg.invoice.is_some())
        })
        .sum();
    letters
        + yes
        + late
        + legs
        + trade.papers.len()
        + trade.seen.len()
        + choices.agreed.len()
        + peer.agreed.len()
}

const fn want(want: Want) -> usize {
    match want {
        Want::Nothing => 0,
        Want::Hold => 1,
        Want::Settle | Want::Cancel => 2,
    }
}

const fn held(node: HeldState) -> usize {
    match node {
        HeldState::Unissued => 0,
        HeldState::Open => 1,
        HeldState::Held { .. } => 2,
        HeldState::Settled | HeldState::Cancelled => 3,
    }
}

const fn paid(node: PaidState) -> usize {
    match node {
        PaidState::NotSent => 0,
        PaidState::Asked => 1,
        PaidState::InFlight { .. } => 2,
        PaidState::Succeeded | PaidState::Failed => 3,
    }
}

/// What has happened to the money and the goods.
fn done(world: &World) -> usize {
    let htlc = |htlc: &Htlc| {
        let payee = match htlc.payee {
            PayeeEnd::None => 0,
            PayeeEnd::Open => 1,
            PayeeEnd::Held { .. } => 2,
            PayeeEnd::Settled | PayeeEnd::Cancelled | PayeeEnd::ForceClosed => 3,
        };
        let payer = match htlc.payer {
            PayerEnd::None => 0,
            PayerEnd::Trying(_) => 1,
            PayerEnd::InFlight(_) => 2,
            PayerEnd::Succeeded | PayerEnd::Failed => 3,
        };
        payee + payer + one(htlc.told_settle) + one(htlc.told_cancel)
    };
    let parcel = match world.parcel {
        Parcel::AtHome => 0,
        Parcel::Travelling(_) => 1,
        Parcel::Arrived(_) => 2,
    };
    let legs: usize = LEGS.iter().map(|purpose| htlc(world.htlc(*purpose))).sum();
    legs + parcel
        + one(world.secret_known_to_seller)
        + one(world.paid_late.is_some())
        + one(world.confirmed_at.is_some())
}

/// Work under way. A letter weighs more than the receipt that it may still cause, an order more than its letter; a payment
/// that was asked for and that the node does not know weighs as much as asking again.
fn undone(world: &World) -> i64 {
    let effects = |effect: &Effect| match effect {
        Effect::Send { message: Message::Receipt { .. }, .. } => 2,
        _ => 5,
    };
    let orders: i64 = SIDES.into_iter().flat_map(|side| world.outbox(side)).map(effects).sum();
    let letters: i64 =
        world.mail.iter().map(|mail| if matches!(mail.said, Said::Receipt { .. }) { 1 } else { 4 }).sum();
    let mut news = 0;
    for purpose in LEGS {
        news += SIDES.into_iter().map(|side| i64::from(world.htlc(purpose).has_news(side))).sum::<i64>();
        let paying = world.buyer.leg(purpose).and_then(|leg| leg.paying());
        let unheard = paying.is_some_and(|paying| paying.node == PaidState::Asked && !paying.calling);
        news += 10 * i64::from(unheard && world.htlc(purpose).payer == PayerEnd::None);
    }
    orders + letters + news
}
