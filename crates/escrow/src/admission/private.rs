//! Private messages: what came out of a gift wrap.

use super::{Admission, Aside, Judged, No, Reader, Refused, by, not_before, refers, said, secret};
use crate::{
    ack::{Ack, AckLeg},
    input::{Offer, Said, Shipment},
    letter::Paper,
    terms::Side,
    trade::Trade,
};
use domp_protocol::{
    event::VerifiedEvent,
    ids::{EventId, PaymentHash},
    invoice::{self, LateExpected, MIN_LEFT_SECONDS},
    kinds::{self, Malformed, Signed},
    private::{Hashes, LateInvoice, LockAck, LockOk, LockedHtlc, Private, PrivateMessage, Release},
    purpose::Purpose,
};

pub(super) fn judge(trade: &Trade, event: &VerifiedEvent, with: &Reader<'_>) -> Judged {
    let private = match Private::read(event) {
        Ok(private) => private.into_body(),
        Err(error) => return not_private(trade, event, error),
    };
    if private.trade != trade.terms.trade {
        return Err(No::Foreign);
    }
    let (what, who) = author(&private.message);
    by(trade, what, who, event.author())?;
    not_before(event, follows(trade, &private.message), with)?;
    match private.message {
        PrivateMessage::Hashes(hashes) => opened(trade, &hashes, with),
        PrivateMessage::LockAck(ack) => lock_ack(trade, &ack),
        PrivateMessage::LockOk(ok) => lock_ok(trade, &ok),
        PrivateMessage::Shipped(parcel) => said(Said::Shipped(Shipment {
            carrier: parcel.carrier,
            tracking: parcel.tracking,
            note: parcel.note,
        })),
        PrivateMessage::Release(release) => Ok(released(trade, &release)),
        PrivateMessage::Receipt(receipt) => {
            said(Said::Receipt { of: receipt.event, first_seen: receipt.first_seen })
        }
        PrivateMessage::LateInvoice(late) => late_invoice(trade, &late, with),
        PrivateMessage::Address(address) => Ok(Admission::Aside(Aside::Address(address))),
        PrivateMessage::Note(note) => Ok(Admission::Aside(Aside::Note(note))),
    }
}

/// Kind 320 that is none of ours: public words, a later version, or malformed.
fn not_private(trade: &Trade, event: &VerifiedEvent, error: Malformed) -> Judged {
    if event.author() != trade.peer_key() {
        return Err(No::Foreign);
    }
    match error {
        Malformed::UnknownMessage(what) | Malformed::ArbitratedOnly(what) => {
            Ok(Admission::Aside(Aside::NotSpoken(format!("a private message of {what}"))))
        }
        error => match Signed::<kinds::Message>::read_as(event) {
            Ok(words) => Ok(Admission::Aside(Aside::Message(words.into_body()))),
            Err(_) => Err(error.into()),
        },
    }
}

/// Who may say it; `None` for both.
const fn author(message: &PrivateMessage) -> (&'static str, Option<Side>) {
    match message {
        PrivateMessage::Hashes(_) => ("hashes", Some(Side::Buyer)),
        PrivateMessage::LockAck(_) => ("lock_ack", Some(Side::Seller)),
        PrivateMessage::LockOk(_) => ("lock_ok", Some(Side::Buyer)),
        PrivateMessage::Shipped(_) => ("shipped", Some(Side::Seller)),
        PrivateMessage::Release(_) => ("release", Some(Side::Buyer)),
        PrivateMessage::Receipt(_) => ("receipt", None),
        PrivateMessage::LateInvoice(_) => ("late_invoice", Some(Side::Seller)),
        PrivateMessage::Address(_) => ("address", Some(Side::Buyer)),
        PrivateMessage::Note(_) => ("note", None),
    }
}

/// The events of its author that were there when it was written. Those of the other side were too, but a store that was
/// lost may have written its own anew, and later.
fn follows(trade: &Trade, message: &PrivateMessage) -> Vec<EventId> {
    let papers: &[Paper] = match message {
        PrivateMessage::Hashes(_) | PrivateMessage::Address(_) | PrivateMessage::Note(_) => &[],
        PrivateMessage::LockAck(_) => &[Paper::Acceptance],
        PrivateMessage::LockOk(_) | PrivateMessage::Release(_) => &[Paper::Payment],
        PrivateMessage::Shipped(_) => &[Paper::LockAck],
        PrivateMessage::LateInvoice(_) => &[Paper::Acceptance],
        PrivateMessage::Receipt(receipt) => return vec![trade.terms.trade, receipt.event],
    };
    let known = papers.iter().filter_map(|paper| trade.papers.get(paper).copied());
    std::iter::once(trade.terms.trade).chain(known).collect()
}

/// `hashes`: they open the bid's commitments, role by role, in constant time.
fn opened(trade: &Trade, hashes: &Hashes, with: &Reader<'_>) -> Judged {
    let Some(commits) = with.commits else { return Err(No::Held(trade.terms.trade)) };
    if !hashes.open(&commits) {
        return Err(Refused::WrongOpening.into());
    }
    let of = |role: Purpose| match role {
        Purpose::Purchase => Some(hashes.purchase),
        Purpose::BuyerCollateral => hashes.buyer_collateral,
        Purpose::SellerCollateral | Purpose::AntiSpam => None,
    };
    let openings = trade.legs.iter().filter_map(|leg| {
        let opened = of(leg.purpose)?;
        Some((leg.purpose, opened.hash, opened.nonce))
    });
    said(Said::Hashes(openings.collect()))
}

/// `lock_ack`: about this trade in every identity. Its numbers are compared by the machine with our own node's.
fn lock_ack(trade: &Trade, ack: &LockAck) -> Judged {
    let terms = &trade.terms;
    refers(trade, Paper::Acceptance, ack.acceptance)
        .map_err(|no| elsewhere("acceptance", ack.acceptance, no))?;
    // A restored buyer goes by the 311 that this one names, whatever it finds or writes itself (C-47).
    if trade.restored.is_none() {
        refers(trade, Paper::Payment, ack.payment).map_err(|no| elsewhere("payment", ack.payment, no))?;
    }
    if ack.buyer != terms.buyer {
        return Err(Refused::field("buyer", ack.buyer, terms.buyer).into());
    }
    if ack.seller != terms.seller {
        return Err(Refused::field("seller", ack.seller, terms.seller).into());
    }
    let root = ack.purchase.htlc.chain_root();
    if root != terms.listing {
        return Err(Refused::field("htlcs.htlc.domp_transaction_id", root, terms.listing).into());
    }
    let leg = |locked: &LockedHtlc| AckLeg {
        purpose: locked.htlc.purpose(),
        hash: locked.htlc.payment_hash(),
        amount: locked.htlc.amount(),
        cltv: locked.htlc.timeout(),
        expiry: locked.expiry,
    };
    // In the order of the trade's legs: the collateral is locked first.
    let legs = ack.buyer_collateral.iter().chain(std::iter::once(&ack.purchase)).map(leg).collect();
    let (acceptance, payment, deadlines) = (ack.acceptance, ack.payment, ack.deadlines);
    said(Said::LockAck(Box::new(Ack { acceptance, payment, legs, deadlines })))
}

/// A private message names its trade, so another predecessor is a wrong field and not another trade.
fn elsewhere(field: &'static str, found: EventId, no: No) -> No {
    match no {
        No::Foreign => Refused::field(field, found, "the event of this trade").into(),
        No::Held(missing) => No::Held(missing),
        No::Refused(refused) => No::Refused(refused),
    }
}

/// `lock_ok`: names our own acknowledgement and says that every payment of the trade is in flight.
fn lock_ok(trade: &Trade, ok: &LockOk) -> Judged {
    refers(trade, Paper::LockAck, ok.ack).map_err(|no| elsewhere("lock_ack", ok.ack, no))?;
    if let Some(leg) = trade.legs.iter().find(|leg| leg.hash.is_none_or(|hash| !ok.in_flight.contains(&hash)))
    {
        return Err(Refused::field(
            "in_flight",
            format!("without {}", leg.purpose),
            "all of the trade's hashes",
        )
        .into());
    }
    let more = ok.in_flight.len() != trade.legs.len();
    if more || ok.seller_collateral.is_some() {
        let field = if more { "in_flight" } else { "seller_collateral" };
        return Err(Refused::field(field, "more", "what direct mode has and nothing else").into());
    }
    said(Said::LockOk { ack: ok.ack })
}

fn released(trade: &Trade, release: &Release) -> Admission {
    let hash = trade.leg(Purpose::Purchase).and_then(|leg| leg.hash);
    let (secret, preimage) = secret::tried(release.preimage.expose(), hash);
    Admission::Said { said: Said::Release { secret }, preimage }
}

/// `late_invoice`: an ordinary invoice of the seller's node over the price, on none of our hashes.
fn late_invoice(trade: &Trade, late: &LateInvoice, with: &Reader<'_>) -> Judged {
    let our_hashes: Vec<PaymentHash> = trade.legs.iter().filter_map(|leg| leg.hash).collect();
    let expected = LateExpected {
        network: trade.terms.network,
        amount: trade.terms.price,
        payee: trade.terms.seller_node,
        own_node: Some(with.own_node),
        trade: trade.terms.trade,
        our_hashes: &our_hashes,
        min_left_seconds: MIN_LEFT_SECONDS,
    };
    let checked = invoice::LateInvoice::check(&late.bolt11, &expected, with.now)
        .map_err(|error| Refused::Invoice { field: "bolt11", error })?;
    said(Said::LateInvoice(Offer {
        purpose: Purpose::Purchase,
        hash: checked.hash(),
        amount: trade.terms.price,
        cltv: checked.cltv(),
        expires: checked.expires_at(),
        bolt11: checked.bolt11().to_owned(),
    }))
}
