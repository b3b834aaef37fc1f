//! Issuing: an invoice on a given hash with the terms asked for, once.

use super::{
    deal::{Deal, fresh_terms, issued, promptly, unknown_hash},
    harness::Harness,
};
use crate::lightning::{HoldInvoice, InvoiceState, LnError};
use domp_protocol::{
    deadlines::CLTV_CEILING,
    ids::{NodeId, TradeId},
    invoice::{CheckedInvoice, Expected, MIN_LEFT_SECONDS},
    purpose::Purpose,
    units::{Blocks, Msat, Unix},
};
use futures::StreamExt as _;
use lightning_invoice::{Bolt11Invoice, Bolt11InvoiceDescriptionRef};

/// The invoice says what was asked for, in a BOLT11 library and in the decoders of both nodes.
pub async fn issue__fresh_terms__read_back_by_every_decoder(h: &dyn Harness) {
    let (preimage, terms) = fresh_terms(h);
    let terms = HoldInvoice { cltv: Blocks(300), expiry_seconds: 86_400, ..terms };
    let bolt11 = h.payee().issue_hold_invoice(&terms).await.expect("a hold invoice with c = 300 is issued");
    let payee = h.payee().info().await.expect("the payee's node says who it is").id;

    let read: Bolt11Invoice = bolt11.parse().expect("the node's invoice is valid BOLT11");
    assert_eq!(read.payment_hash().to_string(), terms.hash.to_string(), "payment hash in the invoice");
    assert_eq!(read.amount_milli_satoshis(), Some(terms.amount.get()), "amount in the invoice");
    assert_eq!(read.min_final_cltv_expiry_delta(), 300, "c in the invoice");
    assert_eq!(read.expiry_time().as_secs(), 86_400, "expiry in the invoice");
    assert_eq!(read.recover_payee_pub_key().serialize(), *payee.as_bytes(), "signer of the invoice");
    match read.description() {
        Bolt11InvoiceDescriptionRef::Direct(text) => {
            assert_eq!(text.to_string(), terms.description, "description in the invoice");
        }
        Bolt11InvoiceDescriptionRef::Hash(_) => panic!("a plain description was asked for, not its hash"),
    }
    for (name, node) in [("payer", h.payer()), ("payee", h.payee())] {
        let said = node.decode(&bolt11).await.unwrap_or_else(|e| panic!("the {name} decodes it: {e}"));
        assert_eq!(said.hash, terms.hash, "hash, as the {name} decodes it");
        assert_eq!(said.amount, Some(terms.amount), "amount, as the {name} decodes it");
        assert_eq!(said.payee, payee, "payee, as the {name} decodes it");
        assert_eq!(said.cltv, terms.cltv, "c, as the {name} decodes it");
        assert_eq!(said.expiry_seconds, 86_400, "expiry, as the {name} decodes it");
        assert_eq!(
            said.timestamp.0,
            read.duration_since_epoch().as_secs(),
            "timestamp, as the {name} decodes it"
        );
    }
    let now = Unix(read.duration_since_epoch().as_secs());
    let checked = CheckedInvoice::check(&bolt11, &expected(h, &terms, payee).await, now);
    assert!(checked.is_ok(), "a buyer's own checks let it pass: {checked:?}");

    let deal = Deal { preimage, terms, bolt11 };
    assert_eq!(deal.at_payee(h).await, InvoiceState::Open, "a new invoice is open");
    h.payee().cancel(&deal.hash()).await.expect("an open invoice can be cancelled");
}

/// What a buyer's own checks ask of the invoice.
async fn expected(h: &dyn Harness, terms: &HoldInvoice, payee: NodeId) -> Expected {
    let payer = h.payer().info().await.expect("the payer's node says who it is");
    Expected {
        network: payer.network,
        amount: terms.amount.to_sat_floor(),
        hash: terms.hash,
        payee,
        own_node: Some(payer.id),
        purpose: Purpose::Purchase,
        trade: TradeId::from_bytes(*terms.hash.as_bytes()),
        min_cltv: terms.cltv,
        max_cltv: CLTV_CEILING,
        min_left_seconds: MIN_LEFT_SECONDS,
        may_split: true,
    }
}

/// The same terms again give the same invoice; so they do after it was cancelled, and it stays cancelled.
pub async fn issued__same_terms_again__same_invoice(h: &dyn Harness) {
    let deal = issued(h).await;
    let again = h.payee().issue_hold_invoice(&deal.terms).await;
    assert_eq!(again.as_ref(), Ok(&deal.bolt11), "issuing twice on the same terms");
    h.payee().cancel(&deal.hash()).await.expect("an open invoice can be cancelled");
    let again = h.payee().issue_hold_invoice(&deal.terms).await;
    assert_eq!(again.as_ref(), Ok(&deal.bolt11), "issuing on the same terms after the invoice was cancelled");
    assert_eq!(deal.at_payee(h).await, InvoiceState::Cancelled, "asking again does not reopen an invoice");
}

/// A hash is invoiced on one set of terms only.
pub async fn issued__other_terms__hash_in_use(h: &dyn Harness) {
    let deal = issued(h).await;
    let others = [
        (
            "amount",
            HoldInvoice { amount: deal.terms.amount.saturating_add(msat(1000)), ..deal.terms.clone() },
        ),
        ("c", HoldInvoice { cltv: deal.terms.cltv.plus(Blocks(1)), ..deal.terms.clone() }),
        ("expiry", HoldInvoice { expiry_seconds: 7200, ..deal.terms.clone() }),
        ("description", HoldInvoice { description: "something else".into(), ..deal.terms.clone() }),
    ];
    for (what, other) in others {
        let answer = h.payee().issue_hold_invoice(&other).await;
        assert_eq!(answer, Err(LnError::HashInUse), "issuing on the same hash with another {what}");
    }
    h.payee().cancel(&deal.hash()).await.expect("an open invoice can be cancelled");
}

/// Terms that no hold can work with are refused, and nothing is issued.
pub async fn issue__impossible_terms__refused(h: &dyn Harness) {
    let (_, terms) = fresh_terms(h);
    let bad = [
        ("c = 1", HoldInvoice { cltv: Blocks(1), ..terms.clone() }),
        ("no amount", HoldInvoice { amount: Msat::ZERO, ..terms.clone() }),
        ("an expiry of 0 s", HoldInvoice { expiry_seconds: 0, ..terms.clone() }),
    ];
    for (what, terms) in bad {
        match h.payee().issue_hold_invoice(&terms).await {
            Err(LnError::Refused(reason)) => {
                assert!(!reason.is_empty(), "{what} is refused without a reason")
            }
            other => panic!("a hold invoice with {what} must be Refused, not {other:?}"),
        }
    }
    assert_eq!(
        h.payee().invoice(&terms.hash).await,
        Err(LnError::NotFound),
        "after refusals there is no invoice"
    );
}

/// A node that declares that it cannot hold says so when asked to; the payee of this suite must hold.
pub async fn holding__as_declared__works_or_unsupported(h: &dyn Harness) {
    assert!(h.payee().capabilities().holds, "the suite's payee must be able to hold");
    let can = h.payer().capabilities();
    let (_, terms) = fresh_terms(h);
    let terms = HoldInvoice { cltv: terms.cltv.max(can.min_cltv), ..terms };
    let answer = h.payer().issue_hold_invoice(&terms).await;
    if can.holds {
        answer.expect("the payer's node declares that it can hold, so it issues");
        h.payer().cancel(&terms.hash).await.expect("an open invoice can be cancelled");
    } else {
        assert!(
            matches!(answer, Err(LnError::Unsupported(_))),
            "a node that cannot hold must say Unsupported, not {answer:?}"
        );
    }
}

/// Nobody has heard of this hash: said at once, by every call that takes one.
pub async fn unknown_hash__any_call__not_found(h: &dyn Harness) {
    let hash = unknown_hash(h);
    let payee = h.payee();
    assert_eq!(promptly(h, "invoice()", payee.invoice(&hash)).await, Err(LnError::NotFound), "invoice()");
    assert_eq!(promptly(h, "cancel()", payee.cancel(&hash)).await, Err(LnError::NotFound), "cancel()");
    let watched = promptly(h, "watch_invoice() on an unknown hash", payee.watch_invoice(&hash)).await;
    assert_eq!(watched.err(), Some(LnError::NotFound), "watch_invoice()");
    let preimage = super::deal::fresh_preimage(h);
    let settled = promptly(h, "settle()", payee.settle(&preimage)).await;
    assert_eq!(settled, Err(LnError::NotFound), "settle()");
}

/// An open invoice watched: present state first, then each change, then the end.
pub async fn watched__cancelled__says_so_and_ends(h: &dyn Harness) {
    let deal = issued(h).await;
    let mut states = h.payee().watch_invoice(&deal.hash()).await.expect("an open invoice can be watched");
    let first = promptly(h, "the present state", states.next()).await;
    assert_eq!(first, Some(InvoiceState::Open), "the first item is the present state");
    h.payee().cancel(&deal.hash()).await.expect("an open invoice can be cancelled");
    let mut last = first;
    while let Some(state) = promptly(h, "the stream to go on or end", states.next()).await {
        last = Some(state);
    }
    assert_eq!(last, Some(InvoiceState::Cancelled), "the last item before the end is the final state");

    let mut again = h.payee().watch_invoice(&deal.hash()).await.expect("a final invoice can be watched");
    let first = promptly(h, "the present state", again.next()).await;
    assert_eq!(first, Some(InvoiceState::Cancelled), "the first item is the present state, also when final");
    assert_eq!(promptly(h, "the end", again.next()).await, None, "after a final state the stream ends");
}

fn msat(amount: u64) -> Msat {
    Msat::new(amount).expect("a small amount")
}
