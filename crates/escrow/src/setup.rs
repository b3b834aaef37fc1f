//! Phase 1, set-up `[D3-24]` `[D3-25]` `[D3-26]`: bid, acceptance, locking, and the handshake about what is locked.

use crate::{
    ack::{Ack, AckLeg, Disagreement, TIP_SKEW, buyers_deadlines, compare},
    commands::MIN_SECONDS_LEFT,
    effect::Effect,
    input::Agreement,
    leg::{HeldState, Holding, Leg, PaidState, Want},
    letter::{Message, Paper},
    note::Note,
    step::Turn,
    terms::Side,
    trade::{Trade, Unwind},
};
use domp_protocol::{
    deadlines::{Deadlines, GRACE},
    purpose::Purpose,
    units::{Height, Msat},
};

pub(crate) fn decide(turn: &mut Turn) {
    match turn.trade.side {
        Side::Buyer => buyer(turn),
        Side::Seller => seller(turn),
    }
}

fn buyer(turn: &mut Turn) {
    stand_down(turn);
    introduce(turn);
    give_up_unanswered(turn);
    lock_next(turn);
    tell_paid(turn);
    answer_ack(turn);
}

/// The seller gives everything back, or both agreed to: nothing more is paid or revealed. What is in flight is followed
/// until our own node says that it is back, whatever the seller says.
fn stand_down(turn: &mut Turn) {
    if turn.trade.papers.contains_key(&Paper::Refund) {
        turn.unwind(Unwind::Refund);
    }
    if turn.trade.both_agreed(Agreement::Cancel) {
        turn.unwind(Unwind::Agreed);
    }
}

/// The bid was signed when the trade was made; the hashes go to the seller alone.
fn introduce(turn: &mut Turn) {
    if turn.trade.unwind.is_some() || turn.trade.letter(Paper::Bid).is_some() {
        return;
    }
    turn.post(Message::Bid);
    let hashes =
        turn.trade.legs.iter().filter_map(|leg| Some((leg.purpose, leg.hash?, leg.nonce?))).collect();
    turn.post(Message::Hashes(hashes));
}

/// Nobody answers, or nobody pays: nothing was locked, the trade is abandoned `[D3-52]`.
fn give_up_unanswered(turn: &mut Turn) {
    let now = turn.at.unix;
    // A restored store may not know that it has paid.
    if turn.trade.has_begun_paying() || turn.trade.in_doubt() {
        return;
    }
    let offered = turn.trade.papers.contains_key(&Paper::Acceptance);
    if offered && turn.trade.pay_by().is_some_and(|pay_by| now >= pay_by) {
        turn.unwind(Unwind::NotPaidInTime);
    }
    if !offered && now >= turn.trade.terms.lapses_at() {
        turn.unwind(Unwind::Lapsed);
    }
}

/// Pays the legs in their order, the next only once the one before is wholly in flight `[D3-07]` `[D3-25]`.
fn lock_next(turn: &mut Turn) {
    watch_paying(turn);
    if !turn.trade.choices.pay || turn.trade.unwind.is_some() || turn.trade.in_doubt() {
        return;
    }
    let next = turn.trade.legs.iter().find(|leg| !leg.is_locked()).and_then(|leg| {
        let paying = leg.paying()?;
        let begin = paying.node == PaidState::NotSent;
        // The node does not know the payment it was asked for: the same invoice, nothing else, may be tried again.
        let repeat = paying.node == PaidState::Asked && paying.missing && !paying.calling;
        (begin || repeat).then_some(leg.purpose)
    });
    let Some(purpose) = next else { return };
    let in_time = turn.trade.pay_by().is_some_and(|pay_by| turn.at.unix.plus(MIN_SECONDS_LEFT) <= pay_by);
    if !in_time {
        turn.unwind(Unwind::NotPaidInTime);
    } else if turn.at.fresh {
        turn.order_payment(purpose);
    } else {
        turn.note(Note::TipNotFresh);
    }
}

/// Gives up what failed or was not wholly in flight in time. What our node was asked to pay and has never heard of counts
/// as not sent once its invoice cannot be paid any more.
fn watch_paying(turn: &mut Turn) {
    if !turn.trade.has_begun_paying() {
        return;
    }
    let now = turn.at.unix;
    let failed = |leg: &Leg| leg.paying().is_some_and(|paying| paying.node == PaidState::Failed);
    let doubt = turn.trade.in_doubt();
    if turn.trade.deadlines.is_none() && turn.trade.legs.iter().any(failed) && !doubt {
        turn.unwind(Unwind::PaymentFailed);
    }
    if turn.trade.lock_by().is_some_and(|by| now >= by) && !doubt {
        turn.unwind(Unwind::NotPaidInTime);
    }
    if turn.trade.unwind.is_none() {
        return;
    }
    for leg in &mut turn.trade.legs {
        let over = leg.unheard_until().is_some_and(|expires| now >= expires);
        if let (true, crate::leg::End::Payer(paying)) = (over, &mut leg.end) {
            paying.node = PaidState::Failed;
        }
    }
}

/// Hashes as proof, once both are in flight `[D3-20]`.
fn tell_paid(turn: &mut Turn) {
    let all = turn.trade.legs.iter().all(Leg::is_locked);
    let told = turn.trade.restored.is_some() && turn.trade.peer.ack.is_some();
    if all && turn.trade.unwind.is_none() && !turn.trade.in_doubt() && !told {
        turn.post(Message::Payment);
    }
}

/// Agrees with the seller's acknowledgement only if our own node bears it out.
fn answer_ack(turn: &mut Turn) {
    let known = turn.trade.restored.is_some() && turn.trade.deadlines.is_some();
    let silent = turn.trade.unwind.is_some() || turn.trade.in_doubt() || known;
    if silent || turn.trade.letter(Paper::LockOk).is_some() {
        return;
    }
    let Some((event, ack)) = turn.trade.peer.ack.clone() else { return };
    if turn.trade.restored.is_some() {
        // The 311 that the seller goes by is the one that was written before, whatever was written since.
        turn.trade.papers.insert(Paper::Payment, ack.payment);
    }
    match disagreement(turn, &ack) {
        Some(why) => {
            if turn.trade.peer.ack_disagrees.as_ref() != Some(&why) {
                turn.note(Note::AckDisagrees(why.clone()));
                turn.trade.peer.ack_disagrees = Some(why);
            }
        }
        None if turn.at.fresh => {
            turn.trade.peer.ack_disagrees = None;
            let deadlines = buyers_deadlines(&turn.trade.terms, &turn.trade.legs, &ack);
            turn.trade.deadlines = Some(deadlines);
            let last = ack.deadlines.lock.plus(GRACE);
            // By a restored store found too late for saying so: it was said before, or nothing was shipped.
            if turn.trade.restored.is_none() || turn.at.height <= last {
                turn.post_until(Message::LockOk { ack: event }, Some(last));
            }
        }
        None => turn.note(Note::TipNotFresh),
    }
}

fn disagreement(turn: &Turn, ack: &Ack) -> Option<Disagreement> {
    let papers = &turn.trade.papers;
    if papers.get(&Paper::Acceptance) != Some(&ack.acceptance) {
        return Some(Disagreement::Field("it names another acceptance".into()));
    }
    match papers.get(&Paper::Payment) {
        None => return Some(Disagreement::NotInFlight(Purpose::Purchase)),
        Some(payment) if *payment != ack.payment => {
            return Some(Disagreement::Field("it names another payment confirmation".into()));
        }
        Some(_) => {}
    }
    compare(&turn.trade.terms, &turn.trade.legs, ack).err()
}

fn seller(turn: &mut Turn) {
    lapse(turn);
    issue(turn);
    offer(turn);
    watch_locking(turn);
    acknowledge(turn);
    watch_handshake(turn);
}

/// A bid that is not answered in time, also because our node made no invoices: the buyer would not pay them any more. A
/// seller that has shipped has answered, even if a restored store has not found with what.
fn lapse(turn: &mut Turn) {
    let open = !turn.trade.has_answered() && !turn.trade.holds_on();
    if open && turn.at.unix >= turn.trade.terms.lapses_at() {
        turn.unwind(Unwind::Lapsed);
    }
}

impl Trade {
    /// Seller: whether the bid was accepted and the acceptance could be written.
    pub(crate) fn has_answered(&self) -> bool {
        self.choices.accept && self.has(Paper::Acceptance)
    }
}

fn issue(turn: &mut Turn) {
    if !turn.trade.choices.accept || turn.trade.unwind.is_some() {
        return;
    }
    for leg in &mut turn.trade.legs {
        let (Some(hash), crate::leg::End::Payee(holding)) = (leg.hash, &mut leg.end) else { continue };
        if holding.want == Want::Nothing {
            holding.want = Want::Hold;
            turn.effects.push(Effect::Issue {
                purpose: leg.purpose,
                hash,
                amount: leg.amount,
                cltv: leg.cltv,
            });
        }
    }
}

fn offer(turn: &mut Turn) {
    let ready = turn.trade.legs.iter().all(|leg| leg.invoice.is_some());
    if !ready || turn.trade.unwind.is_some() || turn.trade.letter(Paper::Acceptance).is_some() {
        return;
    }
    turn.trade.offered_at = Some(turn.at.unix);
    turn.post(Message::Acceptance);
}

fn held(leg: &Leg) -> Option<(Height, Height, Msat)> {
    match leg.holding()?.node {
        HeldState::Held { since, expiry, amount } => Some((since, expiry, amount)),
        HeldState::Unissued | HeldState::Open | HeldState::Settled | HeldState::Cancelled => None,
    }
}

/// Before the lock is complete: gives back what cannot become a complete lock `[D3-36]` `[D3-73]`.
fn watch_locking(turn: &mut Turn) {
    if turn.trade.unwind.is_some() || turn.trade.deadlines.is_some() {
        return;
    }
    let holds_on = turn.trade.holds_on();
    let taken = |leg: &Leg| leg.holding().is_some_and(|holding| holding.node == HeldState::Settled);
    // Taken before a restore: nothing is waited for.
    if turn.trade.leg(Purpose::Purchase).is_some_and(taken) {
        return;
    }
    let first = turn.trade.legs.iter().filter_map(held).map(|(since, ..)| since).min();
    let all = turn.trade.legs.iter().all(|leg| held(leg).is_some());
    let lost = turn.trade.legs.iter().find(|leg| leg.holding().is_some_and(lost)).map(|leg| leg.purpose);
    if let Some(purpose) = lost.filter(|_| !holds_on) {
        turn.unwind(Unwind::LegLost(purpose));
        return;
    }
    if let Some(why) = bad_lock(turn) {
        turn.unwind(Unwind::BadLock(why));
        return;
    }
    if holds_on {
        return;
    }
    if !all && first.is_some_and(|first| turn.at.height >= first.plus(GRACE)) {
        turn.unwind(Unwind::OnlyOneLocked);
        return;
    }
    if !all && turn.trade.pay_by().is_some_and(|pay_by| turn.at.unix >= pay_by) {
        turn.unwind(Unwind::NotPaidInTime);
        return;
    }
    let lock = turn.trade.leg(Purpose::Purchase).and_then(held).map(|(since, ..)| since);
    if all && lock.is_some_and(|lock| turn.at.height >= lock.plus(GRACE)) {
        turn.unwind(Unwind::NoHandshake);
    }
}

/// An HTLC went home although we still wanted to hold it.
fn lost(holding: &Holding) -> bool {
    holding.want == Want::Hold && holding.node == HeldState::Cancelled
}

/// Held for too little or not long enough: the lock that follows could not keep its deadlines.
fn bad_lock(turn: &Turn) -> Option<String> {
    for leg in &turn.trade.legs {
        let Some((since, expiry, amount)) = held(leg) else { continue };
        if amount < leg.amount.to_msat() {
            return Some(format!("{}: {amount} held instead of {}", leg.purpose, leg.amount.to_msat()));
        }
        // K = since + c − D − 3, and E − D must not lie before it: blocks may come between the parts of a payment.
        let least = since.plus(leg.cltv).minus(TIP_SKEW);
        if expiry < least {
            return Some(format!("{}: expires at {expiry} instead of {least} or later", leg.purpose));
        }
    }
    None
}

/// All is held and the buyer says that it paid: states what is held and sets the deadlines.
fn acknowledge(turn: &mut Turn) {
    let trade = &turn.trade;
    // A second acknowledgement would not be the one that the buyer goes by.
    if trade.unwind.is_some() || trade.deadlines.is_some() || trade.holds_on() {
        return;
    }
    let (Some(acceptance), Some(payment)) =
        (trade.papers.get(&Paper::Acceptance), trade.papers.get(&Paper::Payment))
    else {
        return;
    };
    let legs: Vec<AckLeg> = trade
        .legs
        .iter()
        .filter_map(|leg| {
            let (_, expiry, amount) = held(leg)?;
            Some(AckLeg { purpose: leg.purpose, hash: leg.hash?, amount, cltv: leg.cltv, expiry })
        })
        .collect();
    let Some((lock, ..)) = trade.leg(Purpose::Purchase).and_then(held) else { return };
    if legs.len() != trade.legs.len() {
        return;
    }
    if !turn.at.fresh {
        turn.note(Note::TipNotFresh);
        return;
    }
    let deadlines = Deadlines::at(lock, &trade.terms.agreed);
    let ack = Ack { acceptance: *acceptance, payment: *payment, legs, deadlines };
    turn.trade.deadlines = Some(deadlines);
    turn.post_until(Message::LockAck(Box::new(ack)), Some(lock.plus(GRACE)));
}

/// The buyer has to agree with our acknowledgement, by name, within the grace period.
fn watch_handshake(turn: &mut Turn) {
    let Some(deadlines) = turn.trade.deadlines else { return };
    let ours = turn.trade.papers.get(&Paper::LockAck).copied();
    let agreed = turn.trade.peer.lock_ok.filter(|(_, named)| Some(*named) == ours);
    if let Some((event, _)) = agreed.filter(|_| turn.trade.unwind.is_none()) {
        turn.trade.papers.insert(Paper::LockOk, event);
    }
    let waits = !turn.trade.papers.contains_key(&Paper::LockOk) && !turn.trade.holds_on();
    if waits && turn.at.height >= deadlines.lock.plus(GRACE) {
        turn.unwind(Unwind::NoHandshake);
    }
}
