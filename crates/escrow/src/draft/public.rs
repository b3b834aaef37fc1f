//! The public events of a trade under way: kinds 303, 311, 313, 314, 315.

use super::{Draft, DraftError, Enclosures, words};
use crate::{
    effect::INVOICE_EXPIRY_SECONDS,
    input::{Agreement, Condition, Verdict},
    letter::Paper,
    trade::Trade,
};
use domp_protocol::{
    ids::{EventId, PaymentHash},
    kinds::{
        self, Acceptance, AcceptanceEscrow, Body, PaymentConfirmation, PaymentMethod, ReceiptConfirmation,
        Status, Term,
    },
    purpose::Purpose,
    tags::{
        escrow::Mode,
        links::{Links, Marker},
    },
    units::Blocks,
};

/// An event of the trade that the letter refers to.
fn recorded(trade: &Trade, paper: Paper) -> Result<EventId, DraftError> {
    trade.papers.get(&paper).copied().ok_or(DraftError::Premature(paper))
}

/// The draft of a body that answers `predecessor`: addressed to the other party, linked to the listing and to what it
/// answers.
fn answer(
    trade: &Trade,
    body: &Body,
    predecessor: EventId,
    with: &Enclosures<'_>,
) -> Result<Draft, DraftError> {
    let hint = trade.terms.relays.first().map_or("", String::as_str);
    let links = Links::to(trade.peer_key()).with(trade.terms.listing, hint, Marker::Root).with(
        predecessor,
        hint,
        Marker::Reply,
    );
    let created_at = with.not_before(&[trade.terms.listing, trade.terms.trade, predecessor]);
    Ok(Draft::Public(body.draft(&links, created_at)?))
}

/// Kind 303 `[D3-14]` `[D3-15]`.
pub(super) fn acceptance(trade: &Trade, with: &Enclosures<'_>) -> Result<Draft, DraftError> {
    let node = with.node.ok_or(DraftError::NotEnclosed("the ln_node signature"))?;
    if node.node != trade.terms.seller_node {
        return Err(DraftError::AnotherNode { found: node.node, expected: trade.terms.seller_node });
    }
    let agreed = trade.terms.agreed;
    let body = Acceptance {
        bid: trade.terms.trade,
        ln_invoice: invoice(trade, Purpose::Purchase)?,
        collateral_invoice: match trade.leg(Purpose::BuyerCollateral) {
            Some(_) => Some(invoice(trade, Purpose::BuyerCollateral)?),
            None => None,
        },
        estimated_shipping_time: None,
        shipping_time_days: days(agreed.handling.plus(agreed.transit)),
        terms: None,
        invoice_expiry_seconds: Some(INVOICE_EXPIRY_SECONDS),
        htlc_timeout: Some(agreed.purchase_cltv()),
        escrow: Some(AcceptanceEscrow {
            mode: Mode::Direct,
            heights: agreed,
            node: node.clone(),
            seller_collateral: None,
            relays: with.relays.to_vec(),
            backup: with.backup.cloned(),
        }),
    };
    answer(trade, &body.into(), trade.terms.trade, with)
}

fn invoice(trade: &Trade, role: Purpose) -> Result<String, DraftError> {
    let invoice = trade.leg(role).and_then(|leg| leg.invoice.clone());
    invoice.ok_or(DraftError::Unready { what: "invoice", role })
}

/// Blocks as days of 144, for people with other clients; no rule reads them.
fn days(blocks: Blocks) -> Option<u8> {
    u8::try_from(blocks.0.div_ceil(144)).ok().filter(|days| *days <= 90)
}

fn hash(trade: &Trade, role: Purpose) -> Result<PaymentHash, DraftError> {
    trade.leg(role).and_then(|leg| leg.hash).ok_or(DraftError::Unready { what: "payment hash", role })
}

/// Kind 311: hashes as proofs, never preimages `[D3-20]` `[D3-22]`.
pub(super) fn payment(trade: &Trade, with: &Enclosures<'_>) -> Result<Draft, DraftError> {
    let acceptance = recorded(trade, Paper::Acceptance)?;
    let body = PaymentConfirmation {
        acceptance,
        payment_proof: hash(trade, Purpose::Purchase)?,
        collateral_proof: match trade.leg(Purpose::BuyerCollateral) {
            Some(_) => Some(hash(trade, Purpose::BuyerCollateral)?),
            None => None,
        },
        payment_method: PaymentMethod::LightningHtlc,
        escrow_timeout: Some(trade.terms.agreed.purchase_cltv()),
        encrypted_shipping_address: with.sealed_address.map(|sealed| sealed.as_str().to_owned()),
        shipping_instructions: None,
        payment_timestamp: None,
        backup: with.backup.cloned(),
    };
    answer(trade, &body.into(), acceptance, with)
}

/// Kind 313; when it reveals, the secret goes along encrypted `[D3-29]`. Words that a reader would refuse are cut or left
/// out: a secret is never held back for a comment.
pub(super) fn verdict(
    trade: &Trade,
    verdict: &Verdict,
    reveals: bool,
    with: &Enclosures<'_>,
) -> Result<Draft, DraftError> {
    let payment = recorded(trade, Paper::Payment)?;
    let received = verdict.condition == Condition::Received;
    let encrypted_preimage = match (reveals, with.sealed_preimage) {
        (true, Some(sealed)) => Some(sealed.clone()),
        (true, None) => return Err(DraftError::NotEnclosed("the encrypted preimage")),
        (false, _) => None,
    };
    let reason = words::cut(verdict.reason.as_deref(), words::LONGEST_REASON);
    let body = ReceiptConfirmation {
        payment,
        status: status(verdict.condition),
        rating: verdict.rating.filter(|rating| words::RATINGS.contains(rating)),
        feedback: words::cut(verdict.feedback.as_deref(), words::LONGEST_FEEDBACK),
        delivery_confirmation_time: None,
        item_condition: None,
        shipping_rating: None,
        communication_rating: None,
        would_buy_again: None,
        dispute_reason: if received { None } else { reason.or_else(|| Some("no reason given".to_owned())) },
        encrypted_preimage,
        confirm: None,
    };
    answer(trade, &body.into(), payment, with)
}

const fn status(condition: Condition) -> Status {
    match condition {
        Condition::Received => Status::Received,
        Condition::PartiallyReceived => Status::PartiallyReceived,
        Condition::NotReceived => Status::NotReceived,
        Condition::Damaged => Status::Damaged,
    }
}

/// Kind 314. It has no place for the reason, which is for the buyer alone: see [`super::note`].
pub(super) fn refund(trade: &Trade, with: &Enclosures<'_>) -> Result<Draft, DraftError> {
    let payment = recorded(trade, Paper::Payment)?;
    answer(trade, &kinds::Refund { payment }.into(), payment, with)
}

/// Kind 315.
pub(super) fn agreement(
    trade: &Trade,
    agreement: Agreement,
    with: &Enclosures<'_>,
) -> Result<Draft, DraftError> {
    let payment = recorded(trade, Paper::Payment)?;
    let term = match agreement {
        Agreement::Cancel => Term::Cancel,
        Agreement::Release => Term::Release,
    };
    let body = kinds::Agreement { payment, term, arbitrator_ref: None, release_funds_to_arbitrator: None };
    answer(trade, &body.into(), payment, with)
}
