//! Performing effects: what each of them does to the world.

use crate::world::World;
use domp_escrow::{
    effect::{Effect, INVOICE_EXPIRY_SECONDS},
    input::{Input, Offer, Outcome, PaymentReport, Said, Secret, Task},
    letter::Message,
    note::Note,
    terms::Side,
    trade::Trade,
};
use domp_protocol::{
    ids::{EventId, PaymentHash},
    units::Height,
};

/// The hash of every world's late invoice.
const LATE: PaymentHash = PaymentHash::from_bytes([0x77; 32]);

impl World {
    /// Performs a side's oldest effect; its outcome is recorded unless the process dies first.
    pub(crate) fn perform(&mut self, side: Side, recorded: bool) -> Vec<Note> {
        if self.outbox(side).is_empty() {
            return Vec::new();
        }
        let effect = self.outbox(side)[0].clone();
        let outcome = self.carry_out(side, &effect);
        if !recorded {
            return Vec::new();
        }
        self.outbox_mut(side).remove(0);
        let mut notes = Vec::new();
        if let Some((of, outcome)) = outcome {
            notes.extend(self.input(side, &Input::Outcome { of, outcome }));
        }
        if matches!(effect, Effect::PayLate { .. }) {
            notes.extend(self.input(side, &Input::Late(PaymentReport::Succeeded)));
            notes.extend(self.input(side.other(), &Input::Late(PaymentReport::Succeeded)));
        }
        notes
    }

    fn carry_out(&mut self, side: Side, effect: &Effect) -> Option<(Task, Outcome)> {
        let expires = self.at().unix.plus(u64::from(INVOICE_EXPIRY_SECONDS));
        let height = self.height;
        Some(match effect {
            Effect::Issue { purpose, hash, .. } => {
                let htlc = self.htlc_mut(*purpose);
                if htlc.payee == crate::node::PayeeEnd::None {
                    htlc.payee = crate::node::PayeeEnd::Open;
                }
                let bolt11 = format!("invoice-{purpose}");
                (Task::Issue(*purpose), Outcome::Issued { bolt11, hash: *hash, expires })
            }
            Effect::Pay { purpose, amount, .. } => {
                let cltv = self.trade(side).leg(*purpose)?.cltv;
                self.htlc_mut(*purpose).pay(height, cltv, amount.to_msat());
                (Task::Pay(*purpose), Outcome::Done)
            }
            Effect::Settle { purpose, .. } => {
                let done = self.htlc_mut(*purpose).settle();
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
            Effect::PayLate { .. } => {
                self.paid_late = true;
                (Task::PayLate, Outcome::Done)
            }
        })
    }

    fn send(&mut self, side: Side, message: &Message, not_after: Option<Height>) -> Option<(Task, Outcome)> {
        let paper = message.paper();
        if not_after.is_some_and(|last| self.height > last) {
            return paper.map(|paper| (Task::Send(paper), Outcome::Refused("too late".into())));
        }
        let event = event_id(side, message, &self.trade(side).terms.trade);
        if let Some(said) = said(self.trade(side), message) {
            self.post(side.other(), event, said);
        }
        paper.map(|paper| (Task::Send(paper), Outcome::Sent { event }))
    }
}

fn done_or_refused(done: bool) -> Outcome {
    if done { Outcome::Done } else { Outcome::Refused("not in a state for that".into()) }
}

/// The same letter has the same id, however often it is sent.
fn event_id(side: Side, message: &Message, bid: &EventId) -> EventId {
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
                purpose: domp_protocol::purpose::Purpose::Purchase,
                hash: late.hash?,
                amount: trade.terms.price,
                cltv: domp_protocol::units::Blocks(18),
                expires: late.expires?,
                bolt11: bolt11.clone(),
            })
        }
    })
}
