//! Restored: a store that came from a backup, brought up to date (C-47).
//!
//! Such a store knows less than the world. What it remembers is true; what it does not remember may have happened. So
//! nothing that follows from an absence is done until relays, node or person have told what there is to tell: the seller
//! gives nothing up because it has not acknowledged, was not answered or has not shipped, and neither side writes a paper
//! that it may have written. What follows from a presence goes on: a refund, an agreement, the buyer's release. And nothing
//! is ever held past its SETTLE_BY.

use crate::{
    commands::{Done, not_unwinding, only, wrong_stage},
    input::{Condition, Offer, Said, Secret, Shipment, Verdict},
    leg::{End, HeldState, Leg, Want},
    letter::{LATE_VERDICT_FOR, Letter, Message, Paper},
    note::{Note, Refusal},
    said::author_and_paper,
    stage::stage,
    step::Turn,
    terms::Side,
    trade::{Restored, Trade, Unwind},
};
use domp_protocol::{deadlines::GRACE, ids::EventId, purpose::Purpose, units::Height};

impl Trade {
    /// A trade that is put together again from what is known elsewhere: what we did in it is open (C-47).
    #[must_use]
    pub const fn rebuilt(mut self, at: Height) -> Self {
        self.restored = Some(Restored { at, doubt: true });
        self
    }
    /// It is known what we did before the restore.
    pub(crate) const fn settle_doubt(&mut self) {
        if let Some(restored) = &mut self.restored {
            restored.doubt = false;
        }
    }
}

/// The store came from a backup. What it knew to be over or going back stays so.
pub(crate) fn begin(turn: &mut Turn) {
    if turn.trade.unwind.is_some() || stage(&turn.trade).is_ended() {
        return;
    }
    // Nobody reveals twice, and what was shipped is shipped: what else is open is asked of relays and node.
    let doubt = turn.trade.side == Side::Buyer || turn.trade.choices.shipped.is_none();
    turn.trade.restored = Some(Restored { at: turn.at.height, doubt });
}

/// Relays and node have told what they know. The buyer goes on with that. So does a seller whose node does not hold the
/// price: nothing can be lost that is not held. Otherwise only the person knows whether the goods are gone.
pub(crate) fn recalled(turn: &mut Turn) {
    let held = turn.trade.leg(Purpose::Purchase).is_some_and(Leg::is_locked);
    if turn.trade.side == Side::Buyer || !held || turn.trade.unwind.is_some() {
        turn.trade.settle_doubt();
    } else if turn.trade.in_doubt() {
        turn.note(Note::RestoredInDoubt);
    }
}

/// Seller: the goods went out before the restore.
pub(crate) fn had_shipped(turn: &mut Turn, shipment: &Shipment) -> Done {
    only(turn, Side::Seller)?;
    doubted(turn)?;
    if !turn.trade.leg(Purpose::Purchase).is_some_and(Leg::is_locked) {
        return Err(Refusal::Missing(
            "your node does not hold the price: there is nothing to keep for the buyer's word".into(),
        ));
    }
    turn.trade.choices.shipped = Some(shipment.clone());
    had_accepted(&mut turn.trade);
    turn.trade.settle_doubt();
    Ok(())
}

/// Seller: the goods are still here. Everything goes on as if there had been no restore.
pub(crate) fn not_shipped(turn: &mut Turn) -> Done {
    only(turn, Side::Seller)?;
    doubted(turn)?;
    if turn.trade.is_claiming() {
        return Err(Refusal::Already("the buyer has released the money and your node is taking it".into()));
    }
    turn.trade.settle_doubt();
    Ok(())
}

fn doubted(turn: &Turn) -> Done {
    not_unwinding(turn)?;
    if turn.trade.in_doubt() {
        return Ok(());
    }
    Err(wrong_stage(turn, "nothing is in doubt here; this is for a trade that was restored from a backup"))
}

/// The bid was accepted: what the node holds although this store never asked for it is wanted.
fn had_accepted(trade: &mut Trade) {
    if trade.unwind.is_some() {
        return;
    }
    trade.choices.accept = true;
    for leg in &mut trade.legs {
        if let End::Payee(holding) = &mut leg.end
            && holding.want == Want::Nothing
        {
            holding.want = Want::Hold;
            if holding.node == HeldState::Unissued {
                holding.node = HeldState::Open;
            }
        }
    }
}

/// An event of ours was found. What this store wrote itself it knows better.
pub(crate) fn wrote(turn: &mut Turn, event: EventId, said: &Said) {
    let Some((author, paper)) = author_and_paper(said) else { return };
    if author.is_some_and(|author| author != turn.trade.side) {
        return;
    }
    let kept = turn.trade.letter(paper).is_some_and(|letter| letter.sent.is_some() || letter.dropped);
    // Of an agreement the paper may be the other side's.
    if kept || author.is_some() && turn.trade.papers.contains_key(&paper) {
        return;
    }
    let late = matches!(said, Said::Payment | Said::Verdict { .. });
    if stage(&turn.trade).is_ended() && !late {
        return;
    }
    if take_in(turn, said) {
        turn.trade.papers.entry(paper).or_insert(event);
        adopt(turn, paper, event, said);
        turn.note(Note::Remembered(paper));
    }
}

fn take_in(turn: &mut Turn, said: &Said) -> bool {
    match said {
        Said::Acceptance(offers) => accepted(turn, offers),
        Said::LockAck(ack) => {
            turn.trade.deadlines.get_or_insert(ack.deadlines);
            had_accepted(&mut turn.trade);
        }
        Said::Shipped(shipment) => {
            turn.trade.choices.shipped.get_or_insert_with(|| shipment.clone());
            had_accepted(&mut turn.trade);
            turn.trade.settle_doubt();
        }
        Said::Refund => turn.unwind(Unwind::Refund),
        Said::Agreed(agreement) => {
            turn.trade.choices.agreed.insert(*agreement);
        }
        Said::Verdict { condition, secret } => judged(turn, *condition, *secret),
        Said::Payment => {}
        // Words that are written anew without harm, or that only the other side needs.
        Said::Hashes(_)
        | Said::BadAcceptance(_)
        | Said::LockOk { .. }
        | Said::Release { .. }
        | Said::LateInvoice(_)
        | Said::Dispute
        | Said::Receipt { .. } => return false,
    }
    true
}

fn accepted(turn: &mut Turn, offers: &[Offer]) {
    for offer in offers {
        if let Some(leg) = turn.trade.leg_mut(offer.purpose) {
            leg.invoice.get_or_insert_with(|| offer.bolt11.clone());
            leg.invoice_expires.get_or_insert(offer.expires);
        }
    }
    turn.trade.offered_at.get_or_insert(turn.at.unix);
    had_accepted(&mut turn.trade);
}

fn judged(turn: &mut Turn, condition: Condition, secret: Secret) {
    let verdict = Verdict { condition, rating: None, feedback: None, reason: None };
    turn.trade.choices.verdict.get_or_insert(verdict);
    if secret == Secret::Opens {
        turn.trade.revealed_at.get_or_insert(turn.at.height);
    }
}

/// Letters of which the other side's receipt may never have come are sent again, as they were.
fn adopt(turn: &mut Turn, paper: Paper, event: EventId, said: &Said) {
    let lock = |height: Height| Some(height.plus(GRACE));
    let (message, not_after) = match said {
        Said::Acceptance(_) => (Message::Acceptance, None),
        Said::Payment => (Message::Payment, None),
        Said::LockAck(ack) => (Message::LockAck(ack.clone()), lock(ack.deadlines.lock)),
        Said::Shipped(shipment) => (Message::Shipped(shipment.clone()), None),
        Said::Refund => (Message::Refund { reason: String::new() }, None),
        Said::Agreed(agreement) => (Message::Agree(*agreement), None),
        Said::Verdict { condition, secret } => {
            let verdict = Verdict { condition: *condition, rating: None, feedback: None, reason: None };
            let price = turn.trade.leg(Purpose::Purchase).and_then(|leg| leg.hash);
            let reveal = price.filter(|_| *secret == Secret::Opens);
            let late = turn.at.height.plus(LATE_VERDICT_FOR);
            (Message::Verdict { verdict, reveal }, reveal.is_none().then_some(late))
        }
        _ => return,
    };
    let posted_at = turn.at.height;
    let letter =
        Letter { paper, message, not_after, posted_at, sent: Some(event), receipted: false, dropped: false };
    match turn.trade.letters.iter_mut().find(|letter| letter.paper == paper) {
        Some(unsent) => *unsent = letter,
        None => turn.trade.letters.push(letter),
    }
}
