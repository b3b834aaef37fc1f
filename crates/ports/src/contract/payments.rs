//! Paying: one payment a hash, within its limits, followed by its hash.

use super::{
    deal::{MAX_CLTV, fresh_amount, fresh_terms, held, issued, promptly, unknown_hash, until},
    harness::Harness,
};
use crate::lightning::{HoldInvoice, InvoiceState, LnError, Pay, PaymentState};
use domp_protocol::units::{Blocks, Msat};
use futures::StreamExt as _;

/// A payment nobody has made is NotFound, which is neither an error nor a failure.
pub async fn unknown_payment__asked_for__not_found(h: &dyn Harness) {
    let hash = unknown_hash(h);
    let payer = h.payer();
    let answer = promptly(h, "payment() on an unknown hash", payer.payment(&hash)).await;
    assert_eq!(answer, Ok(PaymentState::NotFound), "payment() on an unknown hash");
    let mut states = promptly(h, "watch_payment() on an unknown hash", payer.watch_payment(&hash))
        .await
        .expect("an unknown payment can be watched: its present state is NotFound");
    let first = promptly(h, "the present state of an unknown payment", states.next()).await;
    assert_eq!(first, Some(PaymentState::NotFound), "watch_payment() on an unknown hash");
}

/// In flight, the payer's node shows amounts and expiries that fit those at the payee's node.
pub async fn in_flight__asked_for__parts_fit_the_payees(h: &dyn Harness) {
    let deal = held(h).await;
    let theirs = deal.until_held(h).await;
    let ours = deal.until_in_flight(h).await;
    let sum = ours.iter().fold(Msat::ZERO, |sum, part| sum.saturating_add(part.amount));
    assert_eq!(sum, deal.terms.amount, "the parts in flight add up to the amount: {ours:?}");
    let sees = h.payer().capabilities().sees_final_expiry;
    for part in &ours {
        assert_eq!(part.final_expiry.is_some(), sees, "final expiry shown as declared: {part:?}");
        let at_payee = theirs.iter().filter(|t| t.amount == part.amount).map(|t| t.expiry).max();
        let at_payee = at_payee.expect("each part in flight has its counterpart at the payee");
        assert!(
            part.first_hop_expiry >= at_payee,
            "{part:?} may not expire before {at_payee}, where the payee's does"
        );
        assert!(part.final_expiry.is_none_or(|e| e == at_payee), "{part:?} ends at {at_payee} at the payee");
    }
    deal.give_back(h).await;
}

/// The payment's stream starts with the present state, tells the outcome and ends.
pub async fn in_flight__watched__tells_the_outcome_and_ends(h: &dyn Harness) {
    let paid = held(h).await;
    let mut states = h.payer().watch_payment(&paid.hash()).await.expect("a payment can be watched");
    let first = promptly(h, "the present state", states.next()).await;
    assert!(matches!(first, Some(PaymentState::InFlight(_))), "the first item is InFlight, not {first:?}");
    h.payee().settle(&paid.preimage).await.expect("what is held can be settled");
    let mut last = first;
    while let Some(state) = promptly(h, "the stream to tell the outcome and end", states.next()).await {
        last = Some(state);
    }
    assert_eq!(last, Some(PaymentState::Succeeded), "the last item is the outcome");

    let returned = held(h).await;
    let mut states = h.payer().watch_payment(&returned.hash()).await.expect("a payment can be watched");
    h.payee().cancel(&returned.hash()).await.expect("what is held can be cancelled");
    let mut last = None;
    while let Some(state) = promptly(h, "the stream to tell the outcome and end", states.next()).await {
        last = Some(state);
    }
    assert!(matches!(last, Some(PaymentState::Failed(_))), "the last item is the outcome, not {last:?}");
}

/// Paying twice is one payment: in flight, and after it was settled.
pub async fn paid__paid_again__one_payment(h: &dyn Harness) {
    if !h.payer().capabilities().dedupes_payments {
        println!(
            "    (the payer's node declares that it does not dedupe payments: nobody may repeat its calls)"
        );
        return;
    }
    let deal = held(h).await;
    let parts = deal.until_held(h).await;
    let before = h.payer().liquidity().await.expect("the payer's node tells its liquidity").outbound;
    assert_eq!(h.payer().pay(&deal.order()).await, Ok(()), "paying again while in flight");
    h.quiet().await;
    assert_eq!(deal.until_held(h).await, parts, "paying again adds no part");
    let after = h.payer().liquidity().await.expect("the payer's node tells its liquidity").outbound;
    assert_eq!(after, before, "paying again locks no more money");
    h.payee().settle(&deal.preimage).await.expect("what is held can be settled");
    deal.until_succeeded(h).await;
    assert_eq!(h.payer().pay(&deal.order()).await, Ok(()), "paying again after it was paid");
    h.quiet().await;
    assert_eq!(deal.at_payer(h).await, PaymentState::Succeeded, "a paid payment stays paid");
}

/// A total CLTV limit below what the invoice asks for: nothing is locked.
pub async fn pay__cltv_limit_too_small__money_stays(h: &dyn Harness) {
    let (preimage, terms) = fresh_terms(h);
    let terms = HoldInvoice { cltv: Blocks(300), ..terms };
    let bolt11 = h.payee().issue_hold_invoice(&terms).await.expect("a hold invoice with c = 300 is issued");
    let deal = super::deal::Deal { preimage, terms, bolt11 };
    let order = Pay { max_cltv: Blocks(200), ..deal.order() };
    let reason = deal.pay_in_vain(h, &order).await;
    assert!(!reason.is_empty(), "a payment that fails says why");
    assert_eq!(deal.at_payee(h).await, InvoiceState::Open, "nothing reached the payee");
    h.payee().cancel(&deal.hash()).await.expect("an open invoice can be cancelled");
}

/// An invoice past its expiry is not paid.
pub async fn pay__expired_invoice__money_stays(h: &dyn Harness) {
    let (preimage, terms) = fresh_terms(h);
    let terms = HoldInvoice { expiry_seconds: 1, ..terms };
    let bolt11 = h.payee().issue_hold_invoice(&terms).await.expect("an invoice for one second is issued");
    let deal = super::deal::Deal { preimage, terms, bolt11 };
    h.pass_seconds(3).await;
    let reason = deal.pay_in_vain(h, &deal.order()).await;
    assert!(!reason.is_empty(), "a payment that fails says why");
    let state = deal.at_payee(h).await;
    assert!(
        matches!(state, InvoiceState::Open | InvoiceState::Cancelled),
        "nothing is held on an expired invoice, but it is {state:?}"
    );
    h.payee().cancel(&deal.hash()).await.expect("an expired invoice can be cancelled");
}

/// More than the payer can send: it fails, and the reason helps a person.
pub async fn pay__more_than_liquidity__fails_with_a_reason(h: &dyn Harness) {
    let outbound = h.payer().liquidity().await.expect("the payer's node tells its liquidity").outbound;
    let (preimage, terms) = fresh_terms(h);
    let amount = Msat::new(outbound.get() + 100_000_000).expect("an amount that exists");
    let terms = HoldInvoice { amount, ..terms };
    let bolt11 = h.payee().issue_hold_invoice(&terms).await.expect("a large hold invoice is issued");
    let deal = super::deal::Deal { preimage, terms, bolt11 };
    let reason = deal.pay_in_vain(h, &deal.order()).await.to_lowercase();
    assert!(
        ["balance", "liquidity", "route", "capacity"].iter().any(|word| reason.contains(word)),
        "the reason must tell a person that the money or the way is missing: {reason:?}"
    );
    assert_eq!(deal.at_payee(h).await, InvoiceState::Open, "nothing is held");
    h.payee().cancel(&deal.hash()).await.expect("an open invoice can be cancelled");
}

/// A payment is followed by its hash, so an order whose hash is not its invoice's is refused before anything moves.
pub async fn pay__hash_of_another_invoice__refused(h: &dyn Harness) {
    let deal = issued(h).await;
    let other = unknown_hash(h);
    let answer = h.payer().pay(&Pay { hash: other, ..deal.order() }).await;
    assert!(matches!(answer, Err(LnError::Refused(_))), "another hash must be Refused, not {answer:?}");
    h.quiet().await;
    assert_eq!(deal.at_payer(h).await, PaymentState::NotFound, "nothing was paid on the invoice's hash");
    assert_eq!(h.payer().payment(&other).await, Ok(PaymentState::NotFound), "nor on the other");
    assert_eq!(deal.at_payee(h).await, InvoiceState::Open, "nothing is held");
    h.payee().cancel(&deal.hash()).await.expect("an open invoice can be cancelled");
}

/// Text that is no invoice is refused by both calls that take one.
pub async fn pay__not_an_invoice__refused(h: &dyn Harness) {
    let hash = unknown_hash(h);
    for text in ["", "lnbc800m1pwjqwqpp5abc123...", "lnbcrt1notaninvoice"] {
        let answer = h.payer().decode(text).await;
        assert!(matches!(answer, Err(LnError::Refused(_))), "decoding {text:?} is Refused, not {answer:?}");
        let order = Pay {
            bolt11: text.into(),
            hash,
            max_fee: Msat::ZERO,
            max_parts: 1,
            max_cltv: MAX_CLTV,
            timeout_seconds: 5,
        };
        let answer = h.payer().pay(&order).await;
        assert!(matches!(answer, Err(LnError::Refused(_))), "paying {text:?} is Refused, not {answer:?}");
    }
}

/// An ordinary invoice is settled as soon as it is paid.
pub async fn ordinary_invoice__paid__settled_at_once(h: &dyn Harness) {
    let amount = fresh_amount(h);
    let bolt11 =
        h.payee().issue_invoice(amount, 3600, "an ordinary one").await.expect("an invoice is issued");
    let read = h.payer().decode(&bolt11).await.expect("the payer decodes it");
    assert_eq!(read.amount, Some(amount), "amount of an ordinary invoice");
    assert_eq!(h.payee().invoice(&read.hash).await, Ok(InvoiceState::Open), "an ordinary invoice is open");
    let order = Pay {
        bolt11,
        hash: read.hash,
        max_fee: Msat::new(1_000_000).expect("a small fee"),
        max_parts: 4,
        max_cltv: MAX_CLTV,
        timeout_seconds: 15,
    };
    h.payer().pay(&order).await.expect("the payer's node takes the payment");
    until(h, "the ordinary invoice to be paid", async || match h.payer().payment(&read.hash).await {
        Ok(PaymentState::Succeeded) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(h.payee().invoice(&read.hash).await, Ok(InvoiceState::Settled), "it is settled by itself");
}
