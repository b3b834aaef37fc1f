//! The private messages of a trade: complete signed events of kind 320, to be wrapped.

use super::{Draft, DraftError, Enclosures, words};
use crate::{
    ack::{Ack, AckLeg},
    input::Shipment,
    letter::Paper,
    trade::Trade,
};
use domp_protocol::{
    htlc::{Htlc, HtlcParts},
    ids::{EventId, Nonce, PaymentHash},
    private::{
        Address, Hashes, LateInvoice, LockAck, LockOk, LockedHtlc, Note, Private, PrivateMessage, Receipt,
        Release, Shipped,
    },
    purpose::Purpose,
    secret::Preimage,
    tags::{commit::Opened, escrow::Mode},
    units::Height,
};

fn say(
    trade: &Trade,
    message: impl Into<PrivateMessage>,
    after: &[EventId],
    with: &Enclosures<'_>,
) -> Result<Draft, DraftError> {
    let message = Private { trade: trade.terms.trade, message: message.into() };
    let mut after = after.to_vec();
    after.push(trade.terms.trade);
    Ok(Draft::Private(message.draft(with.not_before(&after))?))
}

/// A paper's event if the trade has it already.
fn known(trade: &Trade, papers: &[Paper]) -> Vec<EventId> {
    papers.iter().filter_map(|paper| trade.papers.get(paper).copied()).collect()
}

pub(super) fn hashes(
    trade: &Trade,
    hashes: &[(Purpose, PaymentHash, Nonce)],
    with: &Enclosures<'_>,
) -> Result<Draft, DraftError> {
    say(trade, openings(hashes)?, &[], with)
}

/// The openings by role.
pub(super) fn openings(hashes: &[(Purpose, PaymentHash, Nonce)]) -> Result<Hashes, DraftError> {
    let of = |role: Purpose| {
        let found = hashes.iter().find(|(purpose, ..)| *purpose == role);
        found.map(|(_, hash, nonce)| Opened { hash: *hash, nonce: *nonce })
    };
    let role = Purpose::Purchase;
    Ok(Hashes {
        purchase: of(role).ok_or(DraftError::Unready { what: "payment hash", role })?,
        buyer_collateral: of(Purpose::BuyerCollateral),
    })
}

pub(super) fn lock_ack(trade: &Trade, ack: &Ack, with: &Enclosures<'_>) -> Result<Draft, DraftError> {
    let of = |role: Purpose| ack.legs.iter().find(|leg| leg.purpose == role);
    let role = Purpose::Purchase;
    let purchase = of(role).ok_or(DraftError::Unready { what: "held HTLC", role })?;
    let message = LockAck {
        acceptance: ack.acceptance,
        payment: ack.payment,
        buyer: trade.terms.buyer,
        seller: trade.terms.seller,
        mode: Mode::Direct,
        purchase: locked(trade, purchase)?,
        buyer_collateral: of(Purpose::BuyerCollateral).map(|leg| locked(trade, leg)).transpose()?,
        deadlines: ack.deadlines,
    };
    say(trade, message, &[ack.acceptance, ack.payment], with)
}

/// DIP-03's structure of an HTLC that the seller holds `[D3-11]`.
fn locked(trade: &Trade, leg: &AckLeg) -> Result<LockedHtlc, DraftError> {
    let htlc = Htlc::new(HtlcParts {
        amount: leg.amount,
        payment_hash: leg.hash,
        timeout: leg.cltv,
        recipient: trade.terms.seller,
        purpose: leg.purpose,
        chain_root: trade.terms.listing,
    })?;
    Ok(LockedHtlc { htlc, expiry: leg.expiry })
}

pub(super) fn lock_ok(trade: &Trade, ack: EventId, with: &Enclosures<'_>) -> Result<Draft, DraftError> {
    let in_flight = trade.legs.iter().filter_map(|leg| leg.hash).collect();
    say(trade, LockOk { ack, in_flight, seller_collateral: None }, &[ack], with)
}

pub(super) fn shipped(
    trade: &Trade,
    shipment: &Shipment,
    with: &Enclosures<'_>,
) -> Result<Draft, DraftError> {
    let message = Shipped {
        carrier: words::cut(shipment.carrier.as_deref(), words::LONGEST_CARRIER),
        tracking: words::cut(shipment.tracking.as_deref(), words::LONGEST_TRACKING),
        note: words::cut(shipment.note.as_deref(), words::LONGEST_NOTE),
    };
    say(trade, message, &known(trade, &[Paper::LockAck, Paper::LockOk]), with)
}

/// The secret itself: only the one that opens the price, and only from here to a wrap.
pub(super) fn release(
    trade: &Trade,
    reveal: &PaymentHash,
    with: &Enclosures<'_>,
) -> Result<Draft, DraftError> {
    let given = with.preimage.ok_or(DraftError::NotEnclosed("the price's preimage"))?;
    let ours = trade.leg(Purpose::Purchase).and_then(|leg| leg.hash) == Some(*reveal);
    let preimage = Preimage::check(given.expose(), reveal).map_err(|_| DraftError::WrongSecret)?;
    if !ours {
        return Err(DraftError::WrongSecret);
    }
    say(trade, Release { preimage }, &known(trade, &[Paper::Payment, Paper::Verdict]), with)
}

pub(super) fn receipt(
    trade: &Trade,
    event: EventId,
    first_seen: Height,
    with: &Enclosures<'_>,
) -> Result<Draft, DraftError> {
    say(trade, Receipt { event, first_seen }, &[event], with)
}

pub(super) fn late_invoice(trade: &Trade, bolt11: &str, with: &Enclosures<'_>) -> Result<Draft, DraftError> {
    say(trade, LateInvoice { bolt11: bolt11.to_owned() }, &known(trade, &[Paper::Verdict]), with)
}

pub(super) fn note(trade: &Trade, text: &str, with: &Enclosures<'_>) -> Result<Draft, DraftError> {
    let text =
        words::cut(Some(text), words::LONGEST_WORDS).ok_or(DraftError::NotEnclosed("a word or two"))?;
    say(trade, Note { text }, &[], with)
}

pub(super) fn address(trade: &Trade, text: &str, with: &Enclosures<'_>) -> Result<Draft, DraftError> {
    say(trade, Address { text: text.to_owned() }, &[], with)
}
