//! Commands: whether what our person wants is possible now. A refused command changes nothing.
//!
//! [`Refusal::Already`] means that this very order, with this content, has been carried out before: whoever repeats it after
//! an answer was lost may take it for a yes. Whatever else stands in the way is another refusal.

use crate::{
    input::{Agreement, Command, Condition, Shipment, Verdict},
    leg::{Leg, PaidState, Want},
    letter::Paper,
    note::{Note, Refusal},
    restored,
    stage::{Ending, Stage, stage, was_taken},
    step::Turn,
    terms::Side,
    trade::{LatePayment, Unwind},
};
use domp_protocol::purpose::Purpose;

/// Seconds that an invoice must have left when it is paid.
pub const MIN_SECONDS_LEFT: u64 = 600;

pub(crate) fn record(turn: &mut Turn, command: &Command) {
    let done = match command {
        Command::Accept => accept(turn),
        Command::Pay => pay(turn),
        Command::Ship(shipment) => ship(turn, shipment),
        Command::Confirm(verdict) => confirm(turn, verdict),
        Command::Release => release(turn),
        Command::Refund { reason } => refund(turn, reason),
        Command::Agree(agreement) => agree(turn, *agreement),
        Command::Withdraw => withdraw(turn),
        Command::OfferLateInvoice => offer_late(turn),
        Command::PayLate => pay_late(turn),
        Command::HadShipped(shipment) => restored::had_shipped(turn, shipment),
        Command::NotShipped => restored::not_shipped(turn),
    };
    if let Err(refusal) = done {
        turn.note(Note::Refused(refusal));
    }
}

pub(crate) type Done = Result<(), Refusal>;

pub(crate) fn only(turn: &Turn, side: Side) -> Done {
    if turn.trade.side == side { Ok(()) } else { Err(Refusal::NotYours) }
}

fn fresh(turn: &Turn) -> Done {
    if turn.at.fresh { Ok(()) } else { Err(Refusal::TipNotFresh) }
}

pub(crate) fn wrong_stage(turn: &Turn, hint: &str) -> Refusal {
    Refusal::WrongStage { stage: stage(&turn.trade), hint: hint.to_owned() }
}

pub(crate) fn not_unwinding(turn: &Turn) -> Done {
    if turn.trade.unwind.is_some() { Err(Refusal::MoneyGoingBack) } else { Ok(()) }
}

fn accept(turn: &mut Turn) -> Done {
    only(turn, Side::Seller)?;
    if turn.trade.unwind.is_some() {
        return Err(wrong_stage(turn, "the bid is no longer open"));
    }
    if turn.trade.choices.accept {
        return Err(Refusal::Already("this bid was accepted".into()));
    }
    if stage(&turn.trade).is_ended() {
        return Err(wrong_stage(turn, "the bid is no longer open"));
    }
    if turn.trade.legs.iter().any(|leg| leg.hash.is_none()) {
        return Err(Refusal::HashesMissing);
    }
    fresh(turn)?;
    turn.trade.choices.accept = true;
    Ok(())
}

/// What we wrote and paid before a restore is looked for before it is done again.
fn recalled(turn: &Turn) -> Done {
    if !turn.trade.in_doubt() {
        return Ok(());
    }
    Err(Refusal::Missing(
        "this trade was restored from a backup, and the relays and the node have not told yet what was done since: wait until \
         both answer"
            .into(),
    ))
}

fn pay(turn: &mut Turn) -> Done {
    only(turn, Side::Buyer)?;
    not_unwinding(turn)?;
    if turn.trade.choices.pay {
        return Err(Refusal::Already("paying has begun; it is never begun twice".into()));
    }
    recalled(turn)?;
    if !turn.trade.papers.contains_key(&Paper::Acceptance) {
        return Err(wrong_stage(turn, "the seller has not accepted the bid yet; there is nothing to pay"));
    }
    // By a store that was restored from an older state: the node knows that it was done before.
    let paid = |leg: &Leg| leg.paying().is_some_and(|paying| paying.node == PaidState::Succeeded);
    if let Some(leg) = turn.trade.legs.iter().find(|leg| paid(leg)) {
        let hint = format!("your node has paid {} before, and nothing is paid twice", leg.purpose);
        return Err(wrong_stage(turn, &hint));
    }
    let Some(pay_by) = turn.trade.pay_by() else {
        return Err(wrong_stage(turn, "the invoices are missing"));
    };
    if turn.at.unix.plus(MIN_SECONDS_LEFT) > pay_by {
        return Err(Refusal::Expired {
            what: "the time to pay (with ten minutes in hand)".into(),
            at: pay_by,
        });
    }
    fresh(turn)?;
    turn.trade.choices.pay = true;
    Ok(())
}

fn ship(turn: &mut Turn, shipment: &Shipment) -> Done {
    only(turn, Side::Seller)?;
    not_unwinding(turn)?;
    match &turn.trade.choices.shipped {
        None => {}
        Some(told) if told == shipment => {
            return Err(Refusal::Already("the parcel was reported as shipped".into()));
        }
        Some(_) => {
            let hint = "the parcel was reported as shipped before, with other words; they are signed and stay as they are";
            return Err(wrong_stage(turn, hint));
        }
    }
    let Some(deadlines) = turn.trade.deadlines.filter(|_| turn.trade.papers.contains_key(&Paper::LockOk))
    else {
        return Err(wrong_stage(
            turn,
            "do not ship yet: the buyer has not confirmed that the money is locked",
        ));
    };
    if let Some(leg) = turn.trade.legs.iter().find(|leg| !leg.is_locked()) {
        return Err(Refusal::Missing(format!("do not ship: {} is not held by your node", leg.purpose)));
    }
    if turn.at.height > deadlines.ship_by {
        return Err(Refusal::TooLate { what: "shipping".into(), by: deadlines.ship_by });
    }
    fresh(turn)?;
    turn.trade.choices.shipped = Some(shipment.clone());
    turn.trade.settle_doubt();
    Ok(())
}

fn confirm(turn: &mut Turn, verdict: &Verdict) -> Done {
    only(turn, Side::Buyer)?;
    if turn.trade.choices.verdict.as_ref() == Some(verdict) {
        return Err(Refusal::Already("this verdict was given".into()));
    }
    if let Some(given) = &turn.trade.choices.verdict {
        let hint = match given.condition {
            Condition::Received => "the goods were confirmed before, and a verdict is given once",
            Condition::PartiallyReceived | Condition::NotReceived | Condition::Damaged => {
                "another verdict was given, and there is only one; to pay the seller after all use release"
            }
        };
        return Err(wrong_stage(turn, hint));
    }
    if turn.trade.wrote_before(Paper::Verdict) {
        let hint = "a verdict was given before this store was restored, and there is only one; to pay the seller use release";
        return Err(wrong_stage(turn, hint));
    }
    recalled(turn)?;
    let received = verdict.condition == Condition::Received;
    if turn.trade.deadlines.is_none() {
        return Err(wrong_stage(turn, "nothing was locked, so there is nothing to confirm"));
    }
    if received && money_in_flight(turn) {
        not_unwinding(turn)?;
        fresh(turn)?;
    }
    turn.trade.choices.verdict = Some(verdict.clone());
    Ok(())
}

/// Whether the price is still with the buyer's node as an HTLC in flight.
fn money_in_flight(turn: &Turn) -> bool {
    turn.trade.leg(Purpose::Purchase).is_some_and(Leg::is_locked)
}

fn release(turn: &mut Turn) -> Done {
    only(turn, Side::Buyer)?;
    let reason_not = match turn.trade.choices.verdict.as_ref().map(|verdict| verdict.condition) {
        // What it said, this store does not know; the secret may be sent again.
        None if turn.trade.wrote_before(Paper::Verdict) => None,
        None => Some("confirm the goods instead: that releases the money"),
        Some(Condition::Received) => Some("the goods were confirmed already; the secret went with that"),
        Some(Condition::PartiallyReceived | Condition::NotReceived | Condition::Damaged) => None,
    };
    if let Some(hint) = reason_not {
        return Err(wrong_stage(turn, hint));
    }
    if turn.trade.choices.release {
        return Err(Refusal::Already("the secret was released".into()));
    }
    may_reveal(turn)?;
    turn.trade.choices.release = true;
    Ok(())
}

/// Whether the secret may leave now: the price is in flight and acknowledged, nothing is going back, and the seller can
/// still be sure to claim before any router could.
pub(crate) fn may_reveal(turn: &Turn) -> Done {
    recalled(turn)?;
    let Some(deadlines) = turn.trade.deadlines else {
        return Err(wrong_stage(turn, "the seller has not acknowledged the lock"));
    };
    not_unwinding(turn)?;
    if !money_in_flight(turn) {
        return Err(Refusal::Missing("the price is not in flight any more: nothing can be released".into()));
    }
    if turn.at.height > deadlines.reveal_by {
        return Err(Refusal::TooLate { what: "revealing the secret safely".into(), by: deadlines.reveal_by });
    }
    fresh(turn)
}

fn refund(turn: &mut Turn, reason: &str) -> Done {
    only(turn, Side::Seller)?;
    if turn.trade.unwind == Some(Unwind::Refund) && turn.trade.refund_reason.as_deref() == Some(reason) {
        return Err(Refusal::Already("the refund was ordered".into()));
    }
    not_unwinding(turn)?;
    let settling =
        turn.trade.legs.iter().filter_map(Leg::holding).any(|holding| holding.want == Want::Settle);
    if settling {
        let hint =
            "the buyer has released the money and your node is taking it; it is not given back any more";
        return Err(wrong_stage(turn, hint));
    }
    if !turn.trade.papers.contains_key(&Paper::Payment) {
        return Err(wrong_stage(turn, "the buyer has not paid; use cancel to withdraw your acceptance"));
    }
    turn.trade.refund_reason = Some(reason.to_owned());
    turn.unwind(Unwind::Refund);
    Ok(())
}

fn agree(turn: &mut Turn, agreement: Agreement) -> Done {
    if !turn.trade.has(Paper::Payment) {
        return Err(wrong_stage(turn, "there is nothing locked to agree about"));
    }
    if turn.trade.choices.agreed.contains(&agreement) {
        return Err(Refusal::Already("you signed this agreement; the other side has to sign it too".into()));
    }
    if stage(&turn.trade).is_ended() {
        return Err(wrong_stage(turn, "the trade is over"));
    }
    if agreement == Agreement::Release {
        not_unwinding(turn)?;
        if turn.trade.side == Side::Buyer {
            may_reveal(turn)?;
        }
    }
    turn.trade.choices.agreed.insert(agreement);
    Ok(())
}

fn withdraw(turn: &mut Turn) -> Done {
    if turn.trade.unwind == Some(Unwind::Withdrawn) {
        return Err(Refusal::Already("you have walked away from this trade".into()));
    }
    not_unwinding(turn)?;
    let begun = match turn.trade.side {
        Side::Buyer => turn.trade.has_begun_paying(),
        // Until the buyer has said that it paid, a refund (314) has nothing to refer to: what came in just goes back.
        Side::Seller => turn.trade.papers.contains_key(&Paper::Payment),
    };
    if begun {
        let hint = match turn.trade.side {
            Side::Buyer => {
                "your money is being locked; ask the seller for a refund, or offer to cancel by agreement"
            }
            Side::Seller => "the buyer's money is locked; give it back with a refund",
        };
        return Err(wrong_stage(turn, hint));
    }
    turn.unwind(Unwind::Withdrawn);
    Ok(())
}

fn offer_late(turn: &mut Turn) -> Done {
    only(turn, Side::Seller)?;
    if stage(&turn.trade) != Stage::Ended(Ending::Refunded) || !turn.trade.peer.received {
        return Err(wrong_stage(
            turn,
            "a late invoice is for a buyer who confirmed the goods after the money had gone back",
        ));
    }
    if turn.trade.late.is_some() {
        return Err(Refusal::Already("a late invoice was made; there is only one".into()));
    }
    turn.trade.late = Some(LatePayment::default());
    Ok(())
}

fn pay_late(turn: &mut Turn) -> Done {
    only(turn, Side::Buyer)?;
    let failed = turn
        .trade
        .leg(Purpose::Purchase)
        .and_then(Leg::paying)
        .is_some_and(|paying| paying.node == PaidState::Failed);
    if !failed {
        return Err(Refusal::Missing(
            "the price has not come back to your node: never pay again before it has".into(),
        ));
    }
    let received =
        turn.trade.choices.verdict.as_ref().is_some_and(|verdict| verdict.condition == Condition::Received);
    if !received {
        return Err(Refusal::Missing("confirm first that you received the goods".into()));
    }
    if turn.trade.leg(Purpose::BuyerCollateral).is_some_and(was_taken) {
        return Err(Refusal::Missing("your collateral has not come back: settle that first".into()));
    }
    recalled(turn)?;
    let now = turn.at.unix;
    fresh(turn)?;
    let Some(late) = turn.trade.late.as_mut().filter(|late| late.bolt11.is_some()) else {
        return Err(Refusal::Missing("the seller has not sent a late invoice".into()));
    };
    // The same invoice can be tried again by hand: it is paid at most once, whoever tries.
    if late.paid || late.is_under_way() {
        return Err(Refusal::Already(
            "the late invoice is being paid, or was; it is never paid twice".into(),
        ));
    }
    if let Some(expires) = late.expires.filter(|expires| now.plus(MIN_SECONDS_LEFT) > *expires) {
        return Err(Refusal::Expired { what: "the late invoice".into(), at: expires });
    }
    late.paying = true;
    late.ordered = false;
    late.failed = false;
    late.unanswered = false;
    late.missing = false;
    Ok(())
}
