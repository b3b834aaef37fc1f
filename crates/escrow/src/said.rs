//! What the other side said: taken in as facts, in whatever order it arrives. Repeating it changes nothing.

use crate::{
    effect::Effect,
    input::{Agreement, Condition, Offer, Said, Secret},
    letter::{Message, Paper},
    note::Note,
    step::Turn,
    terms::Side,
    trade::{LatePayment, Unwind},
};
use domp_protocol::{
    ids::{EventId, Nonce, PaymentHash},
    purpose::Purpose,
};

/// Events of the other side whose first sight is remembered: many times more than it has to say.
const MOST_SEEN: usize = 64;

pub(crate) fn record(turn: &mut Turn, event: EventId, said: &Said) {
    if let Said::Receipt { of, .. } = said {
        record_receipt(turn, *of);
        return;
    }
    let Some((author, paper)) = author_and_paper(said) else {
        turn.trade.peer.disputed = true;
        turn.note(Note::Disputed);
        return;
    };
    if author.is_some_and(|author| author == turn.trade.side) {
        turn.note(Note::Ignored(format!("only the {} may say that", turn.trade.side.as_str())));
        return;
    }
    // The one paper of which every new one is a new fact, until one fits our own.
    if paper == Paper::LockOk && is_beyond_all_reason(turn, event) {
        turn.note(Note::Ignored(format!("more than {MOST_SEEN} events")));
        return;
    }
    match turn.trade.papers.get(&paper).copied() {
        Some(known) if known == event => {}
        // Both sides write their own copy of an agreement; every other paper has one author only.
        // Its arrival is acknowledged all the same, or it would come for ever.
        Some(_) if author.is_some() => {
            turn.note(Note::Ignored(format!("a second {paper:?} in one trade")));
        }
        Some(_) | None => take_in(turn, event, paper, said),
    }
    if paper.wants_receipt() {
        if is_beyond_all_reason(turn, event) {
            turn.note(Note::Ignored(format!("more than {MOST_SEEN} events: no further receipts")));
            return;
        }
        let first_seen = *turn.trade.seen.entry(event).or_insert(turn.at.height);
        turn.effects
            .push(Effect::Send { message: Message::Receipt { of: event, first_seen }, not_after: None });
    }
}

fn is_beyond_all_reason(turn: &Turn, event: EventId) -> bool {
    turn.trade.seen.len() >= MOST_SEEN && !turn.trade.seen.contains_key(&event)
}

/// Who may say it (nobody in particular for what both may say) and which paper it is; a dispute is no paper.
pub(crate) const fn author_and_paper(said: &Said) -> Option<(Option<Side>, Paper)> {
    Some(match said {
        Said::Hashes(_) => (Some(Side::Buyer), Paper::Hashes),
        Said::Acceptance(_) | Said::BadAcceptance(_) => (Some(Side::Seller), Paper::Acceptance),
        Said::Payment => (Some(Side::Buyer), Paper::Payment),
        Said::LockAck(_) => (Some(Side::Seller), Paper::LockAck),
        Said::LockOk { .. } => (Some(Side::Buyer), Paper::LockOk),
        Said::Shipped(_) => (Some(Side::Seller), Paper::Shipped),
        Said::Verdict { .. } => (Some(Side::Buyer), Paper::Verdict),
        Said::Release { .. } => (Some(Side::Buyer), Paper::Release),
        Said::Refund => (Some(Side::Seller), Paper::Refund),
        Said::Agreed(Agreement::Cancel) => (None, Paper::AgreeCancel),
        Said::Agreed(Agreement::Release) => (None, Paper::AgreeRelease),
        Said::LateInvoice(_) => (Some(Side::Seller), Paper::LateInvoice),
        Said::Dispute | Said::Receipt { .. } => return None,
    })
}

fn record_receipt(turn: &mut Turn, of: EventId) {
    for letter in &mut turn.trade.letters {
        if letter.sent == Some(of) {
            letter.receipted = true;
        }
    }
}

fn take_in(turn: &mut Turn, event: EventId, paper: Paper, said: &Said) {
    match said {
        Said::Hashes(hashes) => {
            if !take_hashes(turn, hashes) {
                return;
            }
        }
        Said::Acceptance(offers) => {
            if !take_offers(turn, offers) {
                return;
            }
            turn.trade.offered_at = Some(turn.at.unix);
        }
        Said::BadAcceptance(reason) => turn.unwind(Unwind::BadInvoices(reason.clone())),
        Said::LockAck(ack) => turn.trade.peer.ack = Some((event, ack.clone())),
        Said::LockOk { ack } => {
            // Whether it names our acknowledgement is seen later: our own sending may not be recorded yet.
            turn.trade.peer.lock_ok = Some((event, *ack));
            return;
        }
        Said::Shipped(shipment) => turn.trade.peer.shipped = Some(shipment.clone()),
        Said::Verdict { condition, secret } => {
            turn.trade.peer.received |= *condition == Condition::Received;
            take_secret(turn, *secret);
        }
        Said::Release { secret } => {
            turn.trade.peer.released |= *secret == Secret::Opens;
            take_secret(turn, *secret);
        }
        Said::Agreed(agreement) => {
            turn.trade.peer.agreed.insert(*agreement);
            if turn.trade.papers.contains_key(&paper) {
                return;
            }
        }
        Said::LateInvoice(offer) => {
            if !take_late_invoice(turn, offer) {
                return;
            }
        }
        Said::Payment | Said::Refund | Said::Dispute | Said::Receipt { .. } => {}
    }
    turn.trade.papers.insert(paper, event);
}

fn take_hashes(turn: &mut Turn, hashes: &[(Purpose, PaymentHash, Nonce)]) -> bool {
    let legs = &turn.trade.legs;
    let named = |purpose| hashes.iter().filter(|(named, ..)| *named == purpose).count() == 1;
    let distinct = hashes
        .iter()
        .enumerate()
        .all(|(n, (_, hash, _))| hashes.iter().skip(n + 1).all(|(_, other, _)| other != hash));
    if hashes.len() != legs.len() || !legs.iter().all(|leg| named(leg.purpose)) || !distinct {
        turn.note(Note::Ignored("the hashes are not one different hash for each HTLC of this trade".into()));
        return false;
    }
    for (purpose, hash, nonce) in hashes {
        if let Some(leg) = turn.trade.leg_mut(*purpose) {
            leg.hash = Some(*hash);
            leg.nonce = Some(*nonce);
        }
    }
    true
}

/// The invoices were checked one by one; here they must be exactly those of this trade.
fn take_offers(turn: &mut Turn, offers: &[Offer]) -> bool {
    let fits = turn.trade.legs.len() == offers.len()
        && turn.trade.legs.iter().all(|leg| {
            offers.iter().any(|offer| {
                offer.purpose == leg.purpose
                    && Some(offer.hash) == leg.hash
                    && offer.amount == leg.amount
                    && offer.cltv == leg.cltv
            })
        });
    if !fits {
        turn.unwind(Unwind::BadInvoices("the invoices are not one for each HTLC of this trade".into()));
        return true;
    }
    for offer in offers {
        if let Some(leg) = turn.trade.leg_mut(offer.purpose) {
            leg.invoice = Some(offer.bolt11.clone());
            leg.invoice_expires = Some(offer.expires);
        }
    }
    true
}

fn take_secret(turn: &mut Turn, secret: Secret) {
    match secret {
        Secret::Opens => {
            turn.secret_came |= turn.trade.peer.secret != Secret::Opens;
            turn.trade.peer.secret = Secret::Opens;
        }
        Secret::Wrong => {
            turn.note(Note::WrongSecret);
            if turn.trade.peer.secret == Secret::Absent {
                turn.trade.peer.secret = Secret::Wrong;
            }
        }
        Secret::Absent => {}
    }
}

fn take_late_invoice(turn: &mut Turn, offer: &Offer) -> bool {
    if turn.trade.late.is_some() {
        turn.note(Note::Ignored("a second late invoice in one trade".into()));
        return false;
    }
    if offer.amount != turn.trade.terms.price {
        turn.note(Note::Ignored("a late invoice over another amount than the price".into()));
        return false;
    }
    turn.trade.late = Some(LatePayment {
        bolt11: Some(offer.bolt11.clone()),
        hash: Some(offer.hash),
        expires: Some(offer.expires),
        ..LatePayment::default()
    });
    true
}
