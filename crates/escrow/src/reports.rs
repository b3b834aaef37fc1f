//! Reports `[D3-47]` `[D3-48]`: what our own node says, and how our effects ended. The node is the truth about money.

use crate::{
    effect::Effect,
    input::{InvoiceReport, Outcome, PaymentReport, Task},
    leg::{End, HeldState, Holding, Leg, PaidState, Paying, Want},
    letter::{LATE_INVOICE_FOR, Message, Paper},
    moment::At,
    note::Note,
    stage::{price_is_over, stage},
    step::Turn,
    trade::Unwind,
};
use domp_protocol::{
    purpose::Purpose,
    units::{Height, Msat, Sat},
};

fn holding_mut(turn: &mut Turn, purpose: Purpose) -> Option<&mut Holding> {
    match turn.trade.leg_mut(purpose) {
        Some(Leg { end: End::Payee(holding), .. }) => Some(holding),
        _ => None,
    }
}

fn paying_mut(turn: &mut Turn, purpose: Purpose) -> Option<(&mut Paying, At, crate::leg::Leg)> {
    let at = turn.at;
    let leg = turn.trade.leg(purpose)?.clone();
    match turn.trade.leg_mut(purpose) {
        Some(Leg { end: End::Payer(paying), .. }) => Some((paying, at, leg)),
        _ => None,
    }
}

pub(crate) fn record_invoice(turn: &mut Turn, purpose: Purpose, report: InvoiceReport) {
    // What a restored store does not know to have ordered it may have ordered.
    let restored = turn.trade.restored.is_some();
    let doubt = turn.trade.in_doubt();
    let ended = stage(&turn.trade).is_ended();
    let Some(holding) = holding_mut(turn, purpose) else { return };
    let still_there =
        holding.acknowledged && matches!(report, InvoiceReport::Open | InvoiceReport::Held { .. });
    let note = match report {
        InvoiceReport::Open => {
            // A restored store may not know that it has accepted: such an invoice is to be given up with the bid.
            let issued = holding.want != Want::Nothing || doubt && !ended;
            if holding.node == HeldState::Unissued && issued {
                holding.node = HeldState::Open;
            }
            None
        }
        InvoiceReport::Held { accepted_at, expiry, amount } => held(holding, accepted_at, expiry, amount),
        InvoiceReport::Settled => {
            let forgot = restored && holding.node != HeldState::Cancelled;
            let asked = holding.want == Want::Settle || forgot && purpose == Purpose::Purchase;
            match std::mem::replace(&mut holding.node, HeldState::Settled) {
                // Whatever there was to say was said when it was news.
                HeldState::Settled => None,
                _ if !asked => Some(Note::Alarm(format!("{purpose} was settled without an order of ours"))),
                // Without an alarm a trade that had ended as refunded would end once more, and be frozen for it.
                HeldState::Cancelled => {
                    Some(Note::Alarm(format!("the node reports {purpose} as settled after it was cancelled")))
                }
                HeldState::Unissued | HeldState::Open | HeldState::Held { .. } => None,
            }
        }
        InvoiceReport::Cancelled => cancelled(holding, purpose),
        InvoiceReport::NotFound => match holding.node {
            HeldState::Unissued | HeldState::Settled | HeldState::Cancelled => None,
            HeldState::Open | HeldState::Held { .. } => Some(Note::InvoiceMissing(purpose)),
        },
    };
    turn.still_there = still_there.then_some(purpose);
    if let Some(note) = note {
        turn.note(note);
    }
}

fn held(holding: &mut Holding, accepted_at: Height, expiry: Height, amount: Msat) -> Option<Note> {
    if holding.node == HeldState::Settled {
        return Some(Note::Alarm("the node reports a settled payment as held".into()));
    }
    let since = match holding.node {
        HeldState::Held { since, .. } => since,
        _ => accepted_at,
    };
    holding.node = HeldState::Held { since, expiry, amount };
    holding.was_held = true;
    None
}

fn cancelled(holding: &mut Holding, purpose: Purpose) -> Option<Note> {
    let before = std::mem::replace(&mut holding.node, HeldState::Cancelled);
    match (before, holding.want) {
        (HeldState::Settled, _) => {
            holding.node = HeldState::Settled;
            Some(Note::Alarm(format!("the node reports {purpose} as cancelled after it was settled")))
        }
        (HeldState::Held { .. }, Want::Hold) => Some(Note::LegLost(purpose)),
        (HeldState::Held { .. } | HeldState::Open, Want::Settle) => Some(Note::SecretTooLate),
        _ => None,
    }
}

/// When a payment that this store does not remember was made: asked for at the earliest, first in flight at the latest.
/// The node may have added blocks to the expiry, never taken any away; the chain may have lost some since.
fn paid_between(leg: &Leg, final_expiry: Option<Height>, at: At) -> (Height, Height) {
    let seen = final_expiry.map_or(at.height, |expiry| expiry.minus(leg.cltv));
    (seen.min(at.height).minus(crate::ack::TIP_SKEW), seen)
}

pub(crate) fn record_payment(turn: &mut Turn, purpose: Purpose, report: PaymentReport) {
    let restored = turn.trade.restored.is_some();
    let doubt = turn.trade.in_doubt();
    let revealed = turn.trade.revealed_at.is_some();
    let Some((paying, at, leg)) = paying_mut(turn, purpose) else { return };
    paying.missing = false;
    let note = match (paying.node, report) {
        (PaidState::Succeeded, PaymentReport::Succeeded) | (PaidState::Failed, PaymentReport::Failed) => None,
        (PaidState::Succeeded | PaidState::Failed, PaymentReport::InFlight { .. })
        | (PaidState::Failed, PaymentReport::Succeeded)
        | (PaidState::Succeeded, PaymentReport::Failed) => Some(Note::Alarm(format!(
            "the node reports {purpose} as {report:?} after it said that it was over"
        ))),
        (PaidState::Succeeded | PaidState::Failed, _) | (PaidState::NotSent, PaymentReport::NotFound) => None,
        (PaidState::Asked, PaymentReport::NotFound) => {
            if paying.refused {
                // Refused and unknown to the node: nothing was sent, nothing will be.
                paying.node = PaidState::Failed;
            } else {
                paying.missing = !paying.calling;
            }
            None
        }
        (PaidState::InFlight { .. }, PaymentReport::NotFound) => Some(Note::PaymentUnknown(purpose)),
        (PaidState::NotSent, PaymentReport::Trying) if doubt => {
            // The same, under way: nobody orders it again.
            paying.node = PaidState::Asked;
            paying.asked_at = Some(at.height);
            paying.inferred = true;
            None
        }
        (_, PaymentReport::Trying) => None,
        (PaidState::NotSent, PaymentReport::InFlight { final_expiry, first_hop_expiry }) => {
            // Our node has paid this hash although this store does not know: it was restored from an older state. What
            // is locked is followed to its end; nothing more is paid without a new word from our person.
            let (asked, seen) = paid_between(&leg, final_expiry, at);
            paying.asked_at = Some(asked);
            paying.inferred = true;
            paying.seen_at = Some(seen);
            paying.node = PaidState::InFlight { final_expiry, first_hop_expiry };
            None
        }
        (_, PaymentReport::InFlight { final_expiry, first_hop_expiry }) => {
            if paying.inferred && paying.seen_at.is_none() {
                let (asked, seen) = paid_between(&leg, final_expiry, at);
                paying.asked_at = Some(asked);
                paying.seen_at = Some(seen);
            }
            paying.seen_at.get_or_insert(at.height);
            paying.node = PaidState::InFlight { final_expiry, first_hop_expiry };
            None
        }
        (_, PaymentReport::Succeeded) => {
            // A restored store may not know that it has revealed; but what its node did not know a moment ago is news.
            let known = doubt || paying.node != PaidState::NotSent;
            paying.node = PaidState::Succeeded;
            let expected = purpose == Purpose::Purchase && known && (revealed || restored);
            (!expected)
                .then(|| Note::Alarm(format!("{purpose} was taken although its secret was never revealed")))
        }
        (_, PaymentReport::Failed) => {
            paying.node = PaidState::Failed;
            None
        }
    };
    if let Some(note) = note {
        turn.note(note);
    }
}

pub(crate) fn record_late(turn: &mut Turn, report: PaymentReport) {
    let may_have_paid = turn.trade.restored.is_some() && price_is_over(&turn.trade);
    let Some(late) = turn.trade.late.as_mut() else { return };
    if !late.ordered {
        let nothing = matches!(report, PaymentReport::NotFound | PaymentReport::Failed);
        if nothing || !may_have_paid {
            return;
        }
        // Our node has paid this invoice although this restored store does not know. Nobody pays it again.
        (late.ordered, late.paying) = (true, true);
    }
    // Only when the call is over does it mean anything that the node does not know the payment.
    late.missing = report == PaymentReport::NotFound && late.unanswered;
    match report {
        PaymentReport::Succeeded => late.paid = true,
        PaymentReport::Failed => late.failed = !late.paid,
        // An earlier try had failed, and its end may be told again after the next one was ordered.
        PaymentReport::Trying | PaymentReport::InFlight { .. } => late.failed = false,
        PaymentReport::NotFound => {}
    }
}

pub(crate) fn record_outcome(turn: &mut Turn, of: Task, outcome: &Outcome) {
    match of {
        Task::Issue(purpose) => issue_ended(turn, purpose, outcome),
        Task::Pay(purpose) => pay_ended(turn, purpose, outcome),
        Task::Settle(purpose) | Task::Cancel(purpose) => {
            if let (Some(holding), Outcome::Done | Outcome::Refused(_)) =
                (holding_mut(turn, purpose), outcome)
            {
                holding.acknowledged = true;
            }
        }
        Task::Send(paper) => send_ended(turn, paper, outcome),
        Task::IssueLate => late_issued(turn, outcome),
        Task::PayLate => match (turn.trade.late.as_mut(), outcome) {
            (Some(late), Outcome::Refused(reason)) => {
                late.failed = !late.paid;
                let reason = reason.clone();
                turn.note(Note::PaymentRefused { purpose: Purpose::Purchase, reason });
            }
            (Some(late), Outcome::Unknown(_)) => late.unanswered = true,
            _ => {}
        },
    }
}

fn issue_ended(turn: &mut Turn, purpose: Purpose, outcome: &Outcome) {
    match outcome {
        Outcome::Issued { bolt11, expires, .. } => {
            if let Some(leg) = turn.trade.leg_mut(purpose) {
                leg.invoice = Some(bolt11.clone());
                leg.invoice_expires = Some(*expires);
            }
            if let Some(holding) = holding_mut(turn, purpose).filter(|h| h.node == HeldState::Unissued) {
                holding.node = HeldState::Open;
            }
        }
        // By a store that was restored: the invoice may be there, held or past, and the goods may be out for it.
        Outcome::Refused(reason) if turn.trade.holds_on() => {
            turn.note(Note::NotSent(format!("invoice of {purpose}: {reason}")));
        }
        Outcome::Refused(reason) => {
            if let Some(holding) = holding_mut(turn, purpose).filter(|h| h.node == HeldState::Unissued) {
                holding.node = HeldState::Cancelled;
            }
            turn.unwind(Unwind::InvoiceRefused(reason.clone()));
        }
        Outcome::Done | Outcome::Sent { .. } | Outcome::Unknown(_) => {}
    }
}

fn pay_ended(turn: &mut Turn, purpose: Purpose, outcome: &Outcome) {
    let Some((paying, ..)) = paying_mut(turn, purpose) else { return };
    paying.calling = false;
    match outcome {
        Outcome::Refused(reason) => {
            paying.refused = true;
            let reason = reason.clone();
            turn.note(Note::PaymentRefused { purpose, reason });
        }
        Outcome::Unknown(_) => turn.note(Note::PaymentUnknown(purpose)),
        Outcome::Done | Outcome::Issued { .. } | Outcome::Sent { .. } => {}
    }
}

fn send_ended(turn: &mut Turn, paper: Paper, outcome: &Outcome) {
    match outcome {
        Outcome::Sent { event } => {
            let letter = turn.trade.letters.iter_mut().find(|letter| letter.paper == paper);
            let first = letter.map_or(*event, |letter| *letter.sent.get_or_insert(*event));
            if matches!(paper, Paper::AgreeCancel | Paper::AgreeRelease) {
                turn.trade.papers.insert(paper, first);
            } else {
                // What was found elsewhere while it was written anew is what the other side goes by (C-47).
                turn.trade.papers.entry(paper).or_insert(first);
            }
        }
        Outcome::Refused(reason) => {
            if let Some(letter) = turn.trade.letters.iter_mut().find(|letter| letter.paper == paper) {
                letter.dropped = letter.sent.is_none();
            }
            turn.note(Note::NotSent(format!("{paper:?}: {reason}")));
        }
        Outcome::Done | Outcome::Issued { .. } | Outcome::Unknown(_) => {}
    }
}

fn late_issued(turn: &mut Turn, outcome: &Outcome) {
    match outcome {
        Outcome::Issued { bolt11, hash, expires } => {
            if let Some(late) = turn.trade.late.as_mut() {
                late.bolt11 = Some(bolt11.clone());
                late.hash = Some(*hash);
                late.expires = Some(*expires);
            }
            let last = turn.at.height.plus(LATE_INVOICE_FOR);
            turn.post_until(Message::LateInvoice { bolt11: bolt11.clone() }, Some(last));
        }
        Outcome::Refused(reason) => {
            turn.trade.late = None;
            turn.note(Note::NotSent(format!("late invoice: {reason}")));
        }
        Outcome::Done | Outcome::Sent { .. } | Outcome::Unknown(_) => {}
    }
}

impl Turn {
    /// Orders the node to pay a leg. The caller has checked that it may.
    pub(crate) fn order_payment(&mut self, purpose: Purpose) {
        let Some((paying, at, leg)) = paying_mut(self, purpose) else { return };
        let (Some(hash), Some(bolt11)) = (leg.hash, leg.invoice) else { return };
        // An order is repeated only when the node has never heard of the one before: this one counts.
        paying.asked_at = Some(at.height);
        paying.inferred = false;
        paying.node = PaidState::Asked;
        paying.calling = true;
        paying.missing = false;
        let amount: Sat = leg.amount;
        self.effects.push(Effect::Pay { purpose, hash, bolt11, amount });
    }

    /// Decides what becomes of a leg at the payee's end, once and for ever, and orders it. Asked again, it repeats the
    /// order only when the node has acknowledged the last one and then reported that the leg is still there.
    pub(crate) fn order(&mut self, purpose: Purpose, want: Want) {
        let still_there = self.still_there == Some(purpose);
        let hash = self.trade.leg(purpose).and_then(|leg| leg.hash);
        let restored = self.trade.restored.is_some();
        let Some(holding) = holding_mut(self, purpose) else { return };
        let decided = matches!(holding.want, Want::Settle | Want::Cancel);
        let again = holding.want == want && still_there;
        if decided && !again || holding.node == HeldState::Settled {
            return;
        }
        let nothing_there = holding.want == Want::Nothing && holding.node == HeldState::Unissued;
        holding.want = want;
        holding.acknowledged = false;
        // Never issued: there is nothing at the node to take or to give back.
        let Some(hash) = hash.filter(|_| !nothing_there) else {
            holding.node = HeldState::Cancelled;
            // As far as a restored store knows: if the node says that it is there, it is given back after all.
            holding.acknowledged = restored;
            return;
        };
        self.effects.push(match want {
            Want::Settle => Effect::Settle { purpose, hash },
            Want::Cancel | Want::Hold | Want::Nothing => Effect::Cancel { purpose, hash },
        });
    }
}
