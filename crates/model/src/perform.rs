//! Performing effects: what each of them does to the world.

use crate::{
    action::Action,
    mail::carries_secret,
    node::{PayeeEnd, Sent},
    setting::Late,
    world::{LEGS, World},
};
use domp_escrow::{
    effect::{Effect, INVOICE_EXPIRY_SECONDS},
    input::{Input, Offer, Outcome, PaymentReport, Said, Secret, Task},
    letter::{Leave, Message, Paper, may_leave},
    note::Note,
    terms::Side,
    trade::Trade,
};
use domp_protocol::{
    ids::{EventId, PaymentHash},
    purpose::Purpose,
    units::{Blocks, Height, Msat},
};

/// The hash of every world's late invoice.
const LATE: PaymentHash = PaymentHash::from_bytes([0x77; 32]);

impl World {
    /// Whether a side's program can perform its oldest effect now. Without the node, what needs the node waits; but a
    /// payment order is given up as unknown, since nobody can tell whether it arrived.
    pub fn can_perform(&self, side: Side) -> bool {
        let Some(effect) = self.outbox(side).first().filter(|effect| !self.waits(side, effect)) else {
            return false;
        };
        let order = matches!(effect, Effect::Pay { .. });
        self.runs(side) && (self.node_answers(side) || order || !needs_node(effect))
    }

    /// Whether a letter may not leave yet (C-47). The engine tries it again beside whatever else there is to do.
    pub(crate) fn waits(&self, side: Side, effect: &Effect) -> bool {
        let Effect::Send { message, .. } = effect else { return false };
        matches!(may_leave(self.trade(side), message), Leave::Later(_))
    }

    /// Whether a side that follows the protocol has something to do at once.
    pub fn is_busy(&self, side: Side) -> bool {
        let hears = self.runs(side) && self.node_answers(side);
        self.can_perform(side) || (hears && LEGS.into_iter().any(|purpose| self.has_news(side, purpose)))
    }

    /// Performs a side's oldest effect and records its outcome.
    pub(crate) fn perform(&mut self, side: Side) -> Vec<Note> {
        if !self.can_perform(side) {
            return Vec::new();
        }
        if matches!(self.outbox(side)[0], Effect::Pay { .. }) && !self.node_answers(side) {
            return self.lose_call(side, false);
        }
        let effect = self.outbox_mut(side).remove(0);
        let outcome = self.carry_out(side, &effect);
        let mut notes = Vec::new();
        if let Some((of, outcome)) = outcome {
            let sent = match (of, &outcome) {
                (Task::Send(paper), Outcome::Sent { event }) if self.counts_as_seen(paper) => Some(*event),
                _ => None,
            };
            notes.extend(self.input(side, &Input::Outcome { of, outcome }));
            if let Some(of) = sent {
                let said = Said::Receipt { of, first_seen: self.height };
                notes.extend(self.input(side, &Input::Said { event: of, said }));
            }
        }
        if matches!(effect, Effect::PayLate { .. }) {
            notes.extend(self.report_late(side));
        }
        notes
    }

    /// Whether a letter is taken as acknowledged as soon as it was sent.
    const fn counts_as_seen(&self, paper: Paper) -> bool {
        let again = paper.wants_receipt() || self.nature.first_again;
        !(self.nature.receipts && again)
    }

    /// The process is killed before or after its oldest effect, and starts again. What it has not recorded it does again,
    /// but a payment order is asked about.
    pub(crate) fn crash(&mut self, side: Side, after: bool) -> Vec<Note> {
        if after && self.can_perform(side) {
            let effect = self.outbox(side)[0].clone();
            self.carry_out(side, &effect);
        }
        self.restart(side)
    }

    /// The call that orders a payment is never answered, whether or not the node got it: unknown is not failed. The node
    /// is asked later.
    pub(crate) fn lose_call(&mut self, side: Side, reached: bool) -> Vec<Note> {
        let Some(Effect::Pay { purpose, .. }) = self.outbox(side).first() else { return Vec::new() };
        let purpose = *purpose;
        let effect = self.outbox_mut(side).remove(0);
        if reached {
            self.carry_out(side, &effect);
        }
        let outcome = Outcome::Unknown("the call was never answered".into());
        let notes = self.input(side, &Input::Outcome { of: Task::Pay(purpose), outcome });
        self.htlc_mut(purpose).set_news(side, true);
        notes
    }

    fn carry_out(&mut self, side: Side, effect: &Effect) -> Option<(Task, Outcome)> {
        let expires = self.unix.plus(u64::from(INVOICE_EXPIRY_SECONDS));
        self.judge_effect(side, effect);
        Some(match effect {
            Effect::Issue { purpose, hash, .. } => {
                let htlc = self.htlc_mut(*purpose);
                if htlc.payee == PayeeEnd::None {
                    htlc.payee = PayeeEnd::Open;
                }
                let bolt11 = format!("invoice-{purpose}");
                (Task::Issue(*purpose), Outcome::Issued { bolt11, hash: *hash, expires })
            }
            Effect::Pay { purpose, amount, .. } => {
                let cltv = self.trade(side).leg(*purpose)?.cltv;
                self.send_htlc(*purpose, cltv, amount.to_msat());
                (Task::Pay(*purpose), Outcome::Done)
            }
            Effect::Settle { purpose, .. } => {
                // Of the collateral nobody but the buyer's vault ever has the secret.
                let opens = self.secret_known_to_seller && *purpose == Purpose::Purchase;
                let done = opens && self.htlc_mut(*purpose).settle();
                (Task::Settle(*purpose), done_or_refused(done))
            }
            Effect::Cancel { purpose, .. } => {
                let done = self.htlc_mut(*purpose).cancel();
                (Task::Cancel(*purpose), done_or_refused(done))
            }
            Effect::Send { message, not_after } => self.send(side, message, *not_after)?,
            Effect::Resend { message, not_after } => {
                self.send(side, message, *not_after);
                return None;
            }
            Effect::IssueLate { .. } => {
                let bolt11 = "invoice-late".to_owned();
                (Task::IssueLate, Outcome::Issued { bolt11, hash: LATE, expires })
            }
            Effect::PayLate { hash, .. } => (Task::PayLate, self.pay_late(*hash)),
        })
    }

    /// An ordinary payment is ordered.
    fn pay_late(&mut self, hash: PaymentHash) -> Outcome {
        let unknown = || Outcome::Unknown("the call was never answered".into());
        // The node is asked first: what it has paid is not ordered again.
        if self.paid_late == Some(hash) {
            return unknown();
        }
        let (paid, outcome) = match self.late_fate() {
            Late::Paid => (true, Outcome::Done),
            Late::Refused => (false, Outcome::Refused("no route".into())),
            Late::Unanswered => (true, unknown()),
            Late::NeverSent => (false, unknown()),
            Late::Failed => (false, Outcome::Done),
        };
        self.late_tries = self.late_tries.saturating_add(1);
        // Of another invoice, paid before its machine was lost, a restored buyer cannot know.
        self.paid_twice |= paid && self.paid_late.is_some() && self.restores[Side::Buyer as usize] == 0;
        if paid {
            self.paid_late.get_or_insert(hash);
        }
        outcome
    }

    /// What becomes of the next try.
    const fn late_fate(&self) -> Late {
        if self.late_tries == 0 { self.nature.late } else { Late::Paid }
    }

    /// The nodes' word on the ordinary payment; the buyer's person may try again what failed.
    pub(crate) fn report_late(&mut self, side: Side) -> Vec<Note> {
        let known = self.trade(side).late.as_ref().and_then(|late| late.hash);
        let report = match self.nature.late {
            _ if self.paid_late.is_some() && self.paid_late == known => PaymentReport::Succeeded,
            Late::Failed | Late::Refused if self.late_tries > 0 => PaymentReport::Failed,
            _ => PaymentReport::NotFound,
        };
        let mut notes = self.input(side, &Input::Late(report));
        if report == PaymentReport::Succeeded {
            notes.extend(self.input(side.other(), &Input::Late(report)));
        }
        notes
    }

    /// A payment leaves the payer's node.
    pub(crate) fn send_htlc(&mut self, purpose: Purpose, cltv: Blocks, amount: Msat) {
        let expiry = self.node_height(Side::Buyer).plus(cltv).plus(self.nature.payer_adds);
        let sent = Sent { expiry, first_hop: expiry.plus(self.nature.route_delta), amount };
        let is_sent = self.htlc_mut(purpose).send(sent);
        self.paid_twice |= !is_sent && !self.nature.dedupes;
        if is_sent && !self.nature.slow_routes {
            self.apply(&Action::Arrives(purpose));
        }
    }

    fn send(&mut self, side: Side, message: &Message, not_after: Option<Height>) -> Option<(Task, Outcome)> {
        let paper = message.paper();
        // The engine looks at the height just before a letter leaves.
        if not_after.is_some_and(|last| self.node_height(side) > last) {
            return paper.map(|paper| (Task::Send(paper), Outcome::Refused("too late".into())));
        }
        let sent = paper.and_then(|paper| self.trade(side).letter(paper)).and_then(|letter| letter.sent);
        if let (None, Leave::Never(reason)) = (sent, may_leave(self.trade(side), message)) {
            return paper.map(|paper| (Task::Send(paper), Outcome::Refused(reason.into())));
        }
        if sent.is_none() {
            self.judge_leaving(side, message);
        }
        self.secret_sent |= carries_secret(message);
        let restores = self.restores[side as usize];
        let event = sent.unwrap_or_else(|| event_id(side, message, &self.trade(side).terms.trade, restores));
        if let Some(said) = said(self.trade(side), message) {
            self.post(side.other(), event, said);
        }
        paper.map(|paper| (Task::Send(paper), Outcome::Sent { event }))
    }
}

/// Whether an effect is the node's work.
const fn needs_node(effect: &Effect) -> bool {
    match effect {
        Effect::Issue { .. }
        | Effect::Pay { .. }
        | Effect::Settle { .. }
        | Effect::Cancel { .. }
        | Effect::IssueLate { .. }
        | Effect::PayLate { .. } => true,
        Effect::Send { .. } | Effect::Resend { .. } => false,
    }
}

/// Whether an effect only acknowledges a letter.
pub(crate) const fn is_receipt(effect: &Effect) -> bool {
    matches!(effect, Effect::Send { message: Message::Receipt { .. }, .. })
}

fn done_or_refused(done: bool) -> Outcome {
    if done { Outcome::Done } else { Outcome::Refused("not in a state for that".into()) }
}

/// The same letter has the same id, however often it is sent; but who was restored from an older state signs anew.
fn event_id(side: Side, message: &Message, bid: &EventId, restores: u8) -> EventId {
    let mut bytes = [0; 32];
    match message {
        Message::Bid => return *bid,
        Message::Receipt { of, .. } => {
            bytes = *of.as_bytes();
            bytes[31] = 0xee;
        }
        other => bytes[0] = 0x10 + other.paper().map_or(0, |paper| paper as u8),
    }
    bytes[1] = 1 + side as u8;
    bytes[2] = restores;
    EventId::from_bytes(bytes)
}

/// What the other side reads.
pub fn said(trade: &Trade, message: &Message) -> Option<Said> {
    Some(match message {
        // The bid itself made the seller's machine.
        Message::Bid => return None,
        Message::Hashes(hashes) => Said::Hashes(hashes.clone()),
        Message::Acceptance => Said::Acceptance(
            trade
                .legs
                .iter()
                .filter_map(|leg| {
                    Some(Offer {
                        purpose: leg.purpose,
                        hash: leg.hash?,
                        amount: leg.amount,
                        cltv: leg.cltv,
                        expires: leg.invoice_expires?,
                        bolt11: leg.invoice.clone()?,
                    })
                })
                .collect(),
        ),
        Message::Payment => Said::Payment,
        Message::LockAck(ack) => Said::LockAck(ack.clone()),
        Message::LockOk { ack } => Said::LockOk { ack: *ack },
        Message::Shipped(shipment) => Said::Shipped(shipment.clone()),
        Message::Verdict { verdict, reveal } => Said::Verdict {
            condition: verdict.condition,
            secret: if reveal.is_some() { Secret::Opens } else { Secret::Absent },
        },
        Message::Release { .. } => Said::Release { secret: Secret::Opens },
        Message::Refund { .. } => Said::Refund,
        Message::Agree(agreement) => Said::Agreed(*agreement),
        Message::Receipt { of, first_seen } => Said::Receipt { of: *of, first_seen: *first_seen },
        Message::LateInvoice { bolt11 } => {
            let late = trade.late.as_ref()?;
            Said::LateInvoice(Offer {
                purpose: Purpose::Purchase,
                hash: late.hash?,
                amount: trade.terms.price,
                cltv: Blocks(18),
                expires: late.expires?,
                bolt11: bolt11.clone(),
            })
        }
    })
}
