//! Phase 3, resolution: the secret is revealed and used, or everything goes back before any deadline of the chain.

use crate::{
    commands::may_reveal,
    effect::Effect,
    input::{Agreement, Condition, Secret},
    leg::{HeldState, Want},
    letter::{LATE_VERDICT_FOR, Message, Paper},
    note::{Note, Refusal},
    step::Turn,
    terms::Side,
    trade::{Trade, Unwind},
};
use domp_protocol::{deadlines::collateral_settle_by, ids::PaymentHash, purpose::Purpose, units::Height};

pub(crate) fn decide(turn: &mut Turn) {
    sign_agreements(turn);
    match turn.trade.side {
        Side::Buyer => buyer(turn),
        Side::Seller => seller(turn),
    }
}

fn sign_agreements(turn: &mut Turn) {
    for agreement in turn.trade.choices.agreed.clone() {
        turn.post(Message::Agree(agreement));
    }
}

fn buyer(turn: &mut Turn) {
    give_verdict(turn);
    release(turn);
    pay_late(turn);
}

fn price_hash(turn: &Turn) -> Option<PaymentHash> {
    turn.trade.leg(Purpose::Purchase).and_then(|leg| leg.hash)
}

/// Kind 313. With `received` the secret goes along while that is safe, and only once; after that the goods can only be
/// paid late. A verdict that no relay took before it was too late for its secret goes out without it, so that the seller
/// learns that the goods have come.
fn give_verdict(turn: &mut Turn) {
    let Some(verdict) = turn.trade.choices.verdict.clone() else { return };
    match turn.trade.letter(Paper::Verdict) {
        None => {}
        Some(letter) if letter.dropped && letter.message.reveals().is_some() => {
            turn.trade.letters.retain(|letter| letter.paper != Paper::Verdict);
        }
        Some(_) => return,
    }
    let may = verdict.condition == Condition::Received && turn.trade.revealed_at.is_none();
    let reveal = price_hash(turn).filter(|_| may && may_reveal(turn).is_ok());
    let not_after = match reveal {
        Some(_) => reveal_by(turn),
        None => Some(turn.at.height.plus(LATE_VERDICT_FOR)),
    };
    turn.post_until(Message::Verdict { verdict, reveal }, not_after);
    if reveal.is_some() {
        turn.trade.revealed_at.get_or_insert(turn.at.height);
    }
}

fn reveal_by(turn: &Turn) -> Option<Height> {
    turn.trade.deadlines.map(|deadlines| deadlines.reveal_by)
}

/// The secret alone: after a verdict that was none, or because both agreed to release.
fn release(turn: &mut Turn) {
    let wanted = turn.trade.choices.release || turn.trade.both_agreed(Agreement::Release);
    if !wanted || turn.trade.revealed_at.is_some() {
        return;
    }
    match may_reveal(turn) {
        Ok(()) => {}
        // Nothing else may happen before it is: whoever reads this note asks again then.
        Err(Refusal::TipNotFresh) => return turn.note(Note::TipNotFresh),
        Err(_) => return,
    }
    let Some(reveal) = price_hash(turn) else { return };
    turn.post_until(Message::Release { reveal }, reveal_by(turn));
    turn.trade.revealed_at = Some(turn.at.height);
}

fn pay_late(turn: &mut Turn) {
    let amount = turn.trade.terms.price;
    let Some(late) = turn.trade.late.as_mut().filter(|late| late.paying && !late.ordered) else { return };
    let (Some(hash), Some(bolt11)) = (late.hash, late.bolt11.clone()) else { return };
    late.ordered = true;
    turn.effects.push(Effect::PayLate { hash, bolt11, amount });
}

fn seller(turn: &mut Turn) {
    claim(turn);
    return_in_time(turn);
    return_everything(turn);
    invoice_late(turn);
}

/// `[D3-08]` `[D3-30]` `[D3-31]` `[D3-38]` A secret is used only with entitlement: our own `shipped`, and the buyer's word that the money is ours. Settles the
/// price and cancels the collateral in one job.
fn claim(turn: &mut Turn) {
    if turn.trade.peer.secret != Secret::Opens {
        return;
    }
    let peer = &turn.trade.peer;
    let released = peer.received || peer.released || turn.trade.both_agreed(Agreement::Release);
    // To a store that cannot know whether it shipped, the buyer's own word that the money is the seller's is enough: nobody
    // says so for goods that have not come (C-47).
    let entitled = (turn.trade.choices.shipped.is_some() || turn.trade.in_doubt()) && released;
    let Some(holding) = turn.trade.leg(Purpose::Purchase).and_then(|leg| leg.holding()).copied() else {
        return;
    };
    match (holding.want, holding.node) {
        (Want::Hold, HeldState::Held { .. }) if !entitled => {
            turn.note_secret(Note::SecretWithoutEntitlement);
        }
        (Want::Hold | Want::Settle, HeldState::Held { .. }) => {
            let settle_by = turn.trade.deadlines.map(|deadlines| deadlines.settle_by);
            let late = settle_by.filter(|by| holding.want == Want::Hold && turn.at.height > *by);
            if let Some(settle_by) = late {
                turn.note(Note::SettlingLate { settle_by });
            }
            turn.order(Purpose::Purchase, Want::Settle);
            turn.order(Purpose::BuyerCollateral, Want::Cancel);
        }
        (Want::Settle, HeldState::Settled | HeldState::Cancelled | HeldState::Open | HeldState::Unissued) => {
            turn.order(Purpose::BuyerCollateral, Want::Cancel);
        }
        (Want::Cancel, _) | (Want::Hold, HeldState::Cancelled | HeldState::Open | HeldState::Unissued) => {
            turn.note_secret(Note::SecretTooLate);
        }
        // Taken before a restore, or without an order: then an alarm has told so.
        (Want::Hold, HeldState::Settled) | (Want::Nothing, _) => {}
    }
}

/// Nothing of ours is ever held past its deadline: the refund needs nobody `[D3-10]` `[D3-32]` `[D3-50]` `[D3-76]`.
fn return_in_time(turn: &mut Turn) {
    let height = turn.at.height;
    if price_due(&turn.trade).is_some_and(|due| height >= due) && !turn.trade.is_claiming() {
        turn.unwind(Unwind::NotConfirmed);
    }
    if collateral_due(turn).is_some_and(|due| height >= due) || price_is_gone(turn) {
        turn.order(Purpose::BuyerCollateral, Want::Cancel);
    }
}

/// The price's HTLC came to its end without an order of ours, after we have shipped: the collateral stands for nothing
/// any more.
fn price_is_gone(turn: &Turn) -> bool {
    let price = turn.trade.leg(Purpose::Purchase).and_then(|leg| leg.holding());
    turn.trade.unwind.is_none()
        && price.is_some_and(|holding| {
            holding.want == Want::Hold && matches!(holding.node, HeldState::Settled | HeldState::Cancelled)
        })
}

/// The height by which the price must be settled or cancelled: the acknowledged one, or before there is one, the one
/// that follows from its expiry.
pub(crate) fn price_due(trade: &Trade) -> Option<Height> {
    let leg = trade.leg(Purpose::Purchase)?;
    let HeldState::Held { expiry, .. } = leg.holding()?.node else { return None };
    let by_expiry = collateral_settle_by(expiry, trade.terms.agreed.seller_auto_cancel);
    Some(trade.deadlines.map_or(by_expiry, |deadlines| deadlines.settle_by.min(by_expiry)))
}

fn collateral_due(turn: &Turn) -> Option<Height> {
    let leg = turn.trade.leg(Purpose::BuyerCollateral)?;
    let HeldState::Held { expiry, .. } = leg.holding()?.node else { return None };
    Some(collateral_settle_by(expiry, turn.trade.terms.agreed.seller_auto_cancel))
}

/// Once it is decided that everything goes back, everything does, and the buyer is told.
fn return_everything(turn: &mut Turn) {
    if turn.trade.papers.contains_key(&Paper::Payment) && turn.trade.both_agreed(Agreement::Cancel) {
        turn.unwind(Unwind::Agreed);
    }
    let Some(why) = turn.trade.unwind.clone() else { return };
    // What is being taken stays so: nothing is decided twice.
    turn.order(Purpose::Purchase, Want::Cancel);
    turn.order(Purpose::BuyerCollateral, Want::Cancel);
    // A restored store may not know that it has acknowledged.
    let may_have = turn.trade.restored.is_some() && turn.trade.papers.contains_key(&Paper::Payment);
    if turn.trade.has(Paper::LockAck) || may_have || why == Unwind::Refund {
        turn.post(Message::Refund {
            reason: turn.trade.refund_reason.clone().unwrap_or_else(|| why.to_string()),
        });
    }
}

fn invoice_late(turn: &mut Turn) {
    let amount = turn.trade.terms.price;
    let Some(late) = turn.trade.late.as_mut().filter(|late| !late.ordered) else { return };
    late.ordered = true;
    turn.effects.push(Effect::IssueLate { amount });
}
