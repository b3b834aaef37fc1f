//! Public events: kinds 303, 311, 312, 313, 314, 315, and those without effect.

use super::{
    Admission, Aside, Judged, No, Reader, Refused, acceptance, by, not_before, refers, said, secret,
};
use crate::{
    input::{Agreement, Condition, Said},
    letter::Paper,
    terms::Side,
    trade::Trade,
};
use domp_protocol::{
    event::VerifiedEvent,
    ids::{EventId, PaymentHash},
    kinds::{self, Body, PaymentConfirmation, PaymentMethod, ReceiptConfirmation, Signed, Status, Term},
    purpose::Purpose,
    secret::Preimage,
    tags::links::Marker,
};

pub(super) fn judge(trade: &Trade, event: &VerifiedEvent, with: &Reader<'_>) -> Judged {
    let signed = match Signed::<Body>::read(event) {
        Ok(signed) => signed,
        // What nobody of this trade signed is not worth a word about its form.
        Err(_) if event.author() != trade.peer_key() => return Err(No::Foreign),
        Err(error) => return Err(error.into()),
    };
    match signed.body() {
        Body::Acceptance(body) => {
            let bid = Named { what: "kind 303", who: Some(Side::Seller), paper: Paper::Bid, event: body.bid };
            bid.check(trade, event, &signed, with)?;
            Ok(acceptance::judge(trade, body, event.created_at(), with))
        }
        Body::PaymentConfirmation(body) => {
            let accepted = Named {
                what: "kind 311",
                who: Some(Side::Buyer),
                paper: Paper::Acceptance,
                event: body.acceptance,
            };
            accepted.check(trade, event, &signed, with)?;
            payment(trade, body)
        }
        Body::ReceiptConfirmation(body) => {
            Named::payment("kind 313", Some(Side::Buyer), body.payment).check(trade, event, &signed, with)?;
            receipt(trade, body, with)
        }
        Body::Refund(body) => {
            Named::payment("kind 314", Some(Side::Seller), body.payment)
                .check(trade, event, &signed, with)?;
            said(Said::Refund)
        }
        Body::Agreement(body) => {
            Named::payment("kind 315", None, body.payment).check(trade, event, &signed, with)?;
            agreement(body)
        }
        Body::Dispute(body) => {
            Named::payment("kind 312", None, body.payment).check(trade, event, &signed, with)?;
            said(Said::Dispute)
        }
        Body::CounterBid(body) => {
            let bid = Named { what: "kind 302", who: None, paper: Paper::Bid, event: body.bid };
            bid.check(trade, event, &signed, with)?;
            Ok(Admission::Aside(Aside::CounterBid { offer: body.offer }))
        }
        // They begin a trade, or are spoken in arbitrated mode only; the kind of messages does not come here.
        Body::Listing(_)
        | Body::Bid(_)
        | Body::CollateralDeposit(_)
        | Body::ArbitrationOffer(_)
        | Body::Resolution(_)
        | Body::Message(_) => Err(No::Foreign),
    }
}

/// The event that a kind answers, and who may.
struct Named {
    what: &'static str,
    who: Option<Side>,
    paper: Paper,
    event: EventId,
}

impl Named {
    const fn payment(what: &'static str, who: Option<Side>, event: EventId) -> Self {
        Self { what, who, paper: Paper::Payment, event }
    }

    /// Of this trade, by the right party, linked, and not made before what it answers.
    fn check(
        &self,
        trade: &Trade,
        event: &VerifiedEvent,
        signed: &Signed<Body>,
        with: &Reader<'_>,
    ) -> Result<(), No> {
        let stranger = event.author() != trade.peer_key();
        match refers(trade, self.paper, self.event) {
            Ok(()) => {}
            // Nobody but the other party makes us keep an event, and not one of another listing.
            Err(No::Held(_)) if stranger || of_another_listing(trade, signed) => return Err(No::Foreign),
            Err(no) => return Err(no),
        }
        by(trade, self.what, self.who, event.author())?;
        linked(signed, self.event)?;
        not_before(event, [self.event, trade.terms.trade], with)?;
        Ok(())
    }
}

fn of_another_listing(trade: &Trade, signed: &Signed<Body>) -> bool {
    let mut roots = signed.links().refs.iter().filter(|link| link.marker == Marker::Root);
    roots.any(|root| root.id != trade.terms.listing)
}

/// The content's reference stands in a `ref` tag too, and no tag replies to anything else (DIP-02).
fn linked(signed: &Signed<Body>, content: EventId) -> Result<(), Refused> {
    if !signed.links().names(&content) {
        return Err(Refused::NotLinked(content));
    }
    match signed.links().replies().find(|id| **id != content) {
        Some(tag) => Err(Refused::LinkedElsewhere { content, tag: *tag }),
        None => Ok(()),
    }
}

/// Kind 311: both proofs are the agreed hashes `[D3-22]`.
fn payment(trade: &Trade, body: &PaymentConfirmation) -> Judged {
    proof("payment_proof", Some(body.payment_proof), hash(trade, Purpose::Purchase))?;
    proof("collateral_proof", body.collateral_proof, hash(trade, Purpose::BuyerCollateral))?;
    if body.payment_method != PaymentMethod::LightningHtlc {
        return Err(Refused::NotHeld(body.payment_method).into());
    }
    let hold = trade.terms.agreed.purchase_cltv();
    match body.escrow_timeout.filter(|found| *found != hold) {
        Some(found) => Err(Refused::field("escrow_timeout_blocks", found, hold).into()),
        None => said(Said::Payment),
    }
}

fn hash(trade: &Trade, role: Purpose) -> Option<PaymentHash> {
    trade.leg(role).and_then(|leg| leg.hash)
}

/// The proof is there exactly where there is an HTLC, and is its hash. A proof that *opens* the hash is a secret that
/// somebody published.
fn proof(
    field: &'static str,
    found: Option<PaymentHash>,
    expected: Option<PaymentHash>,
) -> Result<(), Refused> {
    match (found, expected) {
        (Some(found), Some(expected)) if found == expected => Ok(()),
        (None, None) => Ok(()),
        (Some(found), Some(expected)) => {
            if Preimage::check(found.as_bytes(), &expected).is_ok() {
                Err(Refused::SecretPublished { field })
            } else {
                Err(Refused::field(field, found, expected))
            }
        }
        (None, Some(expected)) => Err(Refused::field(field, "missing", expected)),
        (Some(found), None) => Err(Refused::field(field, found, "left out, since the collateral is 0")),
    }
}

/// Kind 313: the verdict, and the secret if it came along `[D3-29]`.
fn receipt(trade: &Trade, body: &ReceiptConfirmation, with: &Reader<'_>) -> Judged {
    let condition = match body.status {
        Status::Received => Condition::Received,
        Status::PartiallyReceived => Condition::PartiallyReceived,
        Status::NotReceived => Condition::NotReceived,
        Status::Damaged => Condition::Damaged,
    };
    let (secret, preimage) = match &body.encrypted_preimage {
        Some(sealed) => secret::unsealed(sealed, hash(trade, Purpose::Purchase), with),
        None => secret::absent(),
    };
    Ok(Admission::Said { said: Said::Verdict { condition, secret }, preimage })
}

/// Kind 315. The field `release_funds_to_arbitrator` is read and never honoured: it would be custody.
fn agreement(body: &kinds::Agreement) -> Judged {
    match &body.term {
        Term::Cancel => said(Said::Agreed(Agreement::Cancel)),
        Term::Release => said(Said::Agreed(Agreement::Release)),
        Term::Extend => Ok(Admission::Aside(Aside::NotSpoken("the agreement `extend`".to_owned()))),
        Term::Other(words) => Ok(Admission::Aside(Aside::Terms(words.clone()))),
    }
}
