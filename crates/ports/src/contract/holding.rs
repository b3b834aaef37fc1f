//! Holding: what is paid is held, then settled or cancelled, once and for all.

use super::{
    deal::{MAX_CLTV, held, issued, promptly},
    harness::Harness,
};
use crate::lightning::{InvoiceState, LnError};
use domp_protocol::units::Msat;
use futures::StreamExt as _;

/// Paying makes it held, in parts that add up, with heights that keep the promise of the invoice.
pub async fn open__paid__held_with_parts_and_heights(h: &dyn Harness) {
    let deal = issued(h).await;
    let height = super::deal::height(h).await;
    h.payer().pay(&deal.order()).await.expect("the payer's node takes the payment");
    let parts = deal.until_held(h).await;

    let sum = parts.iter().fold(Msat::ZERO, |sum, part| sum.saturating_add(part.amount));
    assert_eq!(sum, deal.terms.amount, "the held parts add up to the amount: {parts:?}");
    for part in &parts {
        assert_eq!(part.accepted_at, height, "accept height of {part:?}");
        assert!(
            part.expiry >= height.plus(deal.terms.cltv),
            "expiry of {part:?} is before accept height + c"
        );
        assert!(part.expiry <= height.plus(MAX_CLTV), "expiry of {part:?} is above the payer's CLTV limit");
    }
    deal.give_back(h).await;
}

/// Settling takes it: the payer's node says so too; settling again is fine, cancelling is too late.
pub async fn held__settled__payer_succeeded_and_final(h: &dyn Harness) {
    let deal = held(h).await;
    h.payee().settle(&deal.preimage).await.expect("what is held can be settled");
    deal.until_invoice(h, InvoiceState::Settled).await;
    deal.until_succeeded(h).await;
    assert_eq!(h.payee().settle(&deal.preimage).await, Ok(()), "settling what is settled");
    assert_eq!(
        h.payee().cancel(&deal.hash()).await,
        Err(LnError::AlreadySettled),
        "cancelling what is settled"
    );
    assert_eq!(deal.at_payee(h).await, InvoiceState::Settled, "a settled invoice stays settled");
}

/// Cancelling gives it back: the payer's node says so too; cancelling again is fine, settling is too late.
pub async fn held__cancelled__payer_failed_and_final(h: &dyn Harness) {
    let deal = held(h).await;
    h.payee().cancel(&deal.hash()).await.expect("what is held can be cancelled");
    deal.until_invoice(h, InvoiceState::Cancelled).await;
    let reason = deal.until_failed(h).await;
    assert!(!reason.is_empty(), "a failed payment says why");
    assert_eq!(h.payee().cancel(&deal.hash()).await, Ok(()), "cancelling what is cancelled");
    assert_eq!(
        h.payee().settle(&deal.preimage).await,
        Err(LnError::AlreadyCancelled),
        "settling what is cancelled"
    );
    assert_eq!(deal.at_payee(h).await, InvoiceState::Cancelled, "a cancelled invoice stays cancelled");
}

/// There is nothing to take before it is paid, and asking does no harm.
pub async fn open__settled_too_early__not_held(h: &dyn Harness) {
    let deal = issued(h).await;
    assert_eq!(h.payee().settle(&deal.preimage).await, Err(LnError::NotHeld), "settling an unpaid invoice");
    assert_eq!(deal.at_payee(h).await, InvoiceState::Open, "the invoice is still open");
    h.payer().pay(&deal.order()).await.expect("the payer's node takes the payment");
    deal.until_held(h).await;
    deal.give_back(h).await;
}

/// A cancelled invoice lets nothing in, and the payer's node says that nothing was paid.
pub async fn cancelled__paid__failed(h: &dyn Harness) {
    let deal = issued(h).await;
    h.payee().cancel(&deal.hash()).await.expect("an open invoice can be cancelled");
    let reason = deal.pay_in_vain(h, &deal.order()).await;
    assert!(!reason.is_empty(), "a payment that fails says why");
    assert_eq!(deal.at_payee(h).await, InvoiceState::Cancelled, "a cancelled invoice stays cancelled");
}

/// Paying again after a refund does not get in either: a hash is spent for ever.
pub async fn held_and_cancelled__paid_again__never_held_again(h: &dyn Harness) {
    let deal = held(h).await;
    deal.give_back(h).await;
    deal.pay_in_vain(h, &deal.order()).await;
    assert_eq!(deal.at_payee(h).await, InvoiceState::Cancelled, "a refunded invoice stays cancelled");
}

/// Both streams tell the whole story in order, and end.
pub async fn watched__held_then_settled__told_in_order(h: &dyn Harness) {
    let deal = issued(h).await;
    let mut states = h.payee().watch_invoice(&deal.hash()).await.expect("an open invoice can be watched");
    let mut seen = vec![name(&promptly(h, "the first state", states.next()).await)];
    h.payer().pay(&deal.order()).await.expect("the payer's node takes the payment");
    while seen.last() != Some(&"held") {
        let next = promptly(h, "the stream to say Held", states.next()).await;
        assert!(next.is_some(), "the stream ended before anything was held");
        seen.push(name(&next));
    }
    h.payee().settle(&deal.preimage).await.expect("what is held can be settled");
    while let Some(state) = promptly(h, "the stream to say Settled and end", states.next()).await {
        seen.push(name(&Some(state)));
    }
    seen.dedup();
    assert_eq!(seen, ["open", "held", "settled"], "the states of a settled invoice, as watched");
}

/// A stream opened while it is held starts with Held, parts included.
pub async fn held__watched_late__starts_with_held(h: &dyn Harness) {
    let deal = held(h).await;
    let mut states = h.payee().watch_invoice(&deal.hash()).await.expect("a held invoice can be watched");
    match promptly(h, "the present state", states.next()).await {
        Some(InvoiceState::Held(parts)) => {
            let sum = parts.iter().fold(Msat::ZERO, |sum, part| sum.saturating_add(part.amount));
            assert_eq!(sum, deal.terms.amount, "the stream's parts add up: {parts:?}");
        }
        other => panic!("the first item is the present state, Held, not {other:?}"),
    }
    deal.give_back(h).await;
}

fn name(state: &Option<InvoiceState>) -> &'static str {
    match state {
        None => "end",
        Some(InvoiceState::Open) => "open",
        Some(InvoiceState::Held(_)) => "held",
        Some(InvoiceState::Settled) => "settled",
        Some(InvoiceState::Cancelled) => "cancelled",
    }
}
