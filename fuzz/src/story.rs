//! What happens to one side of a trade, read out of bytes: mostly what an honest other side and a healthy node would do
//! next, so that every stage is reached, and as often anything else.

use arbitrary::{Result, Unstructured};
use domp_escrow::{
    ack::{Ack, AckLeg},
    effect::Effect,
    input::{
        Agreement, Command, Condition, Input, InvoiceReport, Offer, Outcome, PaymentReport, Said, Secret,
        Shipment, Task, Verdict,
    },
    leg::Leg,
    letter::Paper,
    moment::At,
    terms::{Side, Terms},
    trade::Trade,
};
use domp_protocol::{
    deadlines::{Agreed, Deadlines},
    ids::{EventId, NodeId, Nonce, PaymentHash, PublicKey},
    network::Network,
    purpose::Purpose,
    units::{Blocks, Height, Msat, Sat, Unix},
};
use std::collections::BTreeMap;

const START: Height = Height(800_000);
const DAWN: Unix = Unix(1_700_000_000);
const ROLES: [Purpose; 2] = [Purpose::Purchase, Purpose::BuyerCollateral];
const CONDITIONS: [Condition; 4] =
    [Condition::Received, Condition::PartiallyReceived, Condition::NotReceived, Condition::Damaged];

/// One side's story.
pub struct Story<'a> {
    bytes: Unstructured<'a>,
    side: Side,
    terms: Terms,
    at: At,
    /// Orders that were given and have not ended.
    open: Vec<Task>,
    /// Events made so far.
    events: u8,
}

impl<'a> Story<'a> {
    /// Begins with a bid; which side we are and whether there is a collateral is in the first byte.
    pub fn new(data: &'a [u8]) -> Self {
        let mut bytes = Unstructured::new(data);
        let first = bytes.arbitrary::<u8>().unwrap_or_default();
        let side = if first & 1 == 0 { Side::Buyer } else { Side::Seller };
        let at = At { unix: DAWN, height: START, fresh: true };
        Self { bytes, side, terms: terms(first & 2 == 0), at, open: Vec::new(), events: 0 }
    }

    /// The trade as it begins.
    pub fn trade(&self) -> Trade {
        match self.side {
            Side::Seller => Trade::for_seller(self.terms.clone()),
            Side::Buyer => {
                let secrets: BTreeMap<_, _> =
                    ROLES.into_iter().map(|role| (role, (hash(role), nonce(role)))).collect();
                Trade::for_buyer(self.terms.clone(), &secrets)
            }
        }
    }

    /// The moment of what happened last.
    pub const fn at(&self) -> At {
        self.at
    }

    /// Notes the orders of a step; they end later, or never.
    pub fn ordered(&mut self, effects: &[Effect]) {
        self.open.extend(effects.iter().filter_map(task));
    }

    /// What happens next; none at the end of the bytes.
    pub fn next(&mut self, trade: &Trade) -> Option<Input> {
        if self.bytes.is_empty() {
            return None;
        }
        self.happening(trade).ok()
    }

    fn happening(&mut self, trade: &Trade) -> Result<Input> {
        let what: u8 = self.bytes.arbitrary()?;
        if what & 0x80 != 0 {
            self.pass_time()?;
        }
        Ok(match what & 0x0f {
            0 => Input::Begin,
            1 => Input::Tick,
            2..=4 => Input::Command(self.command()?),
            5 => self.said(self.honest(trade)),
            6 | 7 => {
                let said = self.saying(trade)?;
                self.said(said)
            }
            8 => self.end_of_an_order()?.unwrap_or(Input::Tick),
            9 | 10 => match self.open.first().copied() {
                Some(task) => self.natural_end(task),
                None => Input::Tick,
            },
            11 => {
                let purpose = self.role()?;
                Input::Invoice { purpose, report: self.held(trade, purpose) }
            }
            12 => Input::Invoice { purpose: self.role()?, report: self.invoice_report()? },
            13 => {
                let purpose = self.role()?;
                Input::Payment { purpose, report: self.in_flight(trade, purpose) }
            }
            14 => Input::Payment { purpose: self.role()?, report: self.payment_report()? },
            _ => Input::Late(self.payment_report()?),
        })
    }

    fn pass_time(&mut self) -> Result<()> {
        let how: u8 = self.bytes.arbitrary()?;
        match how % 8 {
            0..=3 => {
                let blocks = u32::from(how / 8) * 5;
                self.at.height = self.at.height.plus(Blocks(blocks));
                self.at.unix = self.at.unix.plus(u64::from(blocks) * 600);
            }
            4 => self.at.height = self.at.height.minus(Blocks(u32::from(how / 8))),
            5 => self.at.height = self.height()?,
            6 => self.at.unix = Unix(DAWN.0 + u64::from(self.bytes.arbitrary::<u32>()? % 3_000_000)),
            _ => self.at.fresh = how & 0x80 == 0,
        }
        Ok(())
    }

    fn height(&mut self) -> Result<Height> {
        let blocks = self.bytes.arbitrary::<u16>()? % 2_500;
        Ok(START.minus(Blocks(100)).plus(Blocks(blocks.into())))
    }

    fn role(&mut self) -> Result<Purpose> {
        self.bytes.choose(&ROLES).copied()
    }

    fn command(&mut self) -> Result<Command> {
        Ok(match self.bytes.int_in_range(0..=11u8)? {
            0 => Command::Accept,
            1 => Command::Pay,
            2 => Command::Ship(Shipment::default()),
            3 | 4 => {
                let condition = *self.bytes.choose(&CONDITIONS)?;
                let reason = (condition != Condition::Received).then(|| "see photos".to_owned());
                Command::Confirm(Verdict { condition, rating: None, feedback: None, reason })
            }
            5 => Command::Release,
            6 => Command::Refund { reason: "broken".to_owned() },
            7 => Command::Agree(Agreement::Cancel),
            8 => Command::Agree(Agreement::Release),
            9 => Command::Withdraw,
            10 => Command::OfferLateInvoice,
            _ => Command::PayLate,
        })
    }

    fn said(&mut self, said: Said) -> Input {
        Input::Said { event: self.fresh_event(), said }
    }

    fn fresh_event(&mut self) -> EventId {
        self.events = self.events.wrapping_add(1);
        EventId::from_bytes([self.events; 32])
    }

    /// What an honest other side would say next.
    fn honest(&self, trade: &Trade) -> Said {
        let has = |paper| trade.papers.contains_key(&paper);
        let legs = || trade.legs.iter();
        match self.side {
            Side::Seller if !has(Paper::Hashes) => {
                Said::Hashes(legs().map(|leg| (leg.purpose, hash(leg.purpose), nonce(leg.purpose))).collect())
            }
            Side::Seller if !has(Paper::Payment) => Said::Payment,
            Side::Seller if trade.peer.lock_ok.is_none() => {
                let sent = trade.letter(Paper::LockAck).and_then(|letter| letter.sent);
                Said::LockOk { ack: sent.unwrap_or(trade.terms.trade) }
            }
            Side::Seller => Said::Verdict { condition: Condition::Received, secret: Secret::Opens },
            Side::Buyer if !has(Paper::Acceptance) => {
                Said::Acceptance(legs().map(|leg| self.offer(leg)).collect())
            }
            Side::Buyer if !has(Paper::LockAck) => Said::LockAck(Box::new(self.ack(trade))),
            Side::Buyer if !has(Paper::Shipped) => Said::Shipped(Shipment::default()),
            Side::Buyer => Said::LateInvoice(self.late_offer()),
        }
    }

    fn offer(&self, leg: &Leg) -> Offer {
        Offer {
            purpose: leg.purpose,
            hash: hash(leg.purpose),
            amount: leg.amount,
            cltv: leg.cltv,
            expires: self.at.unix.plus(86_400),
            bolt11: "an invoice".to_owned(),
        }
    }

    fn late_offer(&self) -> Offer {
        Offer {
            purpose: Purpose::Purchase,
            hash: PaymentHash::from_bytes([0x60; 32]),
            amount: self.terms.price,
            cltv: Blocks(80),
            expires: self.at.unix.plus(86_400),
            bolt11: "a late invoice".to_owned(),
        }
    }

    fn ack(&self, trade: &Trade) -> Ack {
        let asked = |leg: &Leg| leg.paying().and_then(|paying| paying.asked_at).unwrap_or(self.at.height);
        let legs = trade.legs.iter().map(|leg| AckLeg {
            purpose: leg.purpose,
            hash: hash(leg.purpose),
            amount: leg.amount.to_msat(),
            cltv: leg.cltv,
            expiry: asked(leg).plus(leg.cltv),
        });
        let paper = |paper| {
            let sent = trade.letter(paper).and_then(|letter| letter.sent);
            trade.papers.get(&paper).copied().or(sent).unwrap_or(trade.terms.trade)
        };
        let lock = trade.leg(Purpose::Purchase).map_or(self.at.height, asked);
        let deadlines = Deadlines::at(lock, &self.terms.agreed);
        Ack {
            acceptance: paper(Paper::Acceptance),
            payment: paper(Paper::Payment),
            legs: legs.collect(),
            deadlines,
        }
    }

    /// What anybody may say at any time.
    fn saying(&mut self, trade: &Trade) -> Result<Said> {
        let secret = *self.bytes.choose(&[Secret::Opens, Secret::Absent, Secret::Wrong])?;
        Ok(match self.bytes.int_in_range(0..=14u8)? {
            0 => Said::Acceptance(trade.legs.iter().map(|leg| self.offer(leg)).collect()),
            1 => Said::BadAcceptance("bad".to_owned()),
            2 => Said::Payment,
            3 => {
                let mut ack = self.ack(trade);
                ack.deadlines = Deadlines::at(self.height()?, &self.terms.agreed);
                for leg in &mut ack.legs {
                    leg.expiry = self.height()?;
                }
                Said::LockAck(Box::new(ack))
            }
            4 => Said::LockOk { ack: EventId::from_bytes([self.bytes.arbitrary()?; 32]) },
            5 => Said::Shipped(Shipment::default()),
            6 => Said::Verdict { condition: *self.bytes.choose(&CONDITIONS)?, secret },
            7 => Said::Release { secret },
            8 => Said::Refund,
            9 => Said::Agreed(Agreement::Cancel),
            10 => Said::Agreed(Agreement::Release),
            11 => Said::Dispute,
            12 => {
                let of = EventId::from_bytes([self.bytes.arbitrary()?; 32]);
                Said::Receipt { of, first_seen: self.height()? }
            }
            13 => Said::LateInvoice(self.late_offer()),
            _ => Said::Hashes(vec![(self.role()?, hash(Purpose::Purchase), nonce(Purpose::Purchase))]),
        })
    }

    /// An open order comes to some end that it can have.
    fn end_of_an_order(&mut self) -> Result<Option<Input>> {
        if self.open.is_empty() {
            return Ok(None);
        }
        let n = self.bytes.choose_index(self.open.len())?;
        let of = self.open[n];
        let outcome = match self.bytes.int_in_range(0..=3u8)? {
            0 => Outcome::Refused("no".to_owned()),
            1 => Outcome::Unknown("?".to_owned()),
            _ => return Ok(Some(self.natural_end(of))),
        };
        self.open.remove(n);
        Ok(Some(Input::Outcome { of, outcome }))
    }

    /// An order is done.
    fn natural_end(&mut self, of: Task) -> Input {
        self.open.retain(|task| *task != of);
        let issued = |hash, expires| Outcome::Issued { bolt11: "an invoice".to_owned(), hash, expires };
        let outcome = match of {
            Task::Issue(purpose) => issued(hash(purpose), self.at.unix.plus(86_400)),
            Task::IssueLate => issued(PaymentHash::from_bytes([0x60; 32]), self.at.unix.plus(86_400)),
            Task::Send(_) => Outcome::Sent { event: self.fresh_event() },
            Task::Pay(_) | Task::Settle(_) | Task::Cancel(_) | Task::PayLate => Outcome::Done,
        };
        Input::Outcome { of, outcome }
    }

    fn held(&self, trade: &Trade, purpose: Purpose) -> InvoiceReport {
        let Some(leg) = trade.leg(purpose) else { return InvoiceReport::NotFound };
        let (accepted_at, expiry) = (self.at.height, self.at.height.plus(leg.cltv).plus(Blocks(3)));
        InvoiceReport::Held { accepted_at, expiry, amount: leg.amount.to_msat() }
    }

    fn in_flight(&self, trade: &Trade, purpose: Purpose) -> PaymentReport {
        let Some(leg) = trade.leg(purpose) else { return PaymentReport::NotFound };
        let expiry = self.at.height.plus(leg.cltv);
        PaymentReport::InFlight { final_expiry: Some(expiry), first_hop_expiry: expiry.plus(Blocks(100)) }
    }

    fn invoice_report(&mut self) -> Result<InvoiceReport> {
        Ok(match self.bytes.int_in_range(0..=4u8)? {
            0 => InvoiceReport::Open,
            1 => InvoiceReport::Settled,
            2 => InvoiceReport::Cancelled,
            3 => InvoiceReport::NotFound,
            _ => InvoiceReport::Held {
                accepted_at: self.height()?,
                expiry: self.height()?,
                amount: Msat::new(self.bytes.arbitrary::<u32>()?.into()).unwrap_or_default(),
            },
        })
    }

    fn payment_report(&mut self) -> Result<PaymentReport> {
        Ok(match self.bytes.int_in_range(0..=4u8)? {
            0 => PaymentReport::NotFound,
            1 => PaymentReport::Trying,
            2 => PaymentReport::Succeeded,
            3 => PaymentReport::Failed,
            _ => PaymentReport::InFlight {
                final_expiry: if self.bytes.arbitrary()? { Some(self.height()?) } else { None },
                first_hop_expiry: self.height()?,
            },
        })
    }
}

fn terms(collateral: bool) -> Terms {
    let sat = |amount| Sat::new(amount).unwrap_or_default();
    Terms {
        trade: EventId::from_bytes([0xf1; 32]),
        listing: EventId::from_bytes([0xf2; 32]),
        buyer: PublicKey::from_bytes([3; 32]),
        seller: PublicKey::from_bytes([4; 32]),
        buyer_node: NodeId::from_bytes([2; 33]),
        seller_node: NodeId::from_bytes([3; 33]),
        network: Network::Regtest,
        price: sat(100_000),
        buyer_collateral: sat(if collateral { 100_000 } else { 0 }),
        agreed: Agreed {
            handling: Blocks(144),
            transit: Blocks(144),
            inspection: Blocks(432),
            seller_auto_cancel: Blocks(18),
            buyer_auto_cancel: Some(Blocks(18)),
        },
        bid_at: DAWN,
        payment_timeout_seconds: 86_400,
        relays: Vec::new(),
    }
}

fn hash(purpose: Purpose) -> PaymentHash {
    PaymentHash::from_bytes([0x50 + purpose as u8; 32])
}

fn nonce(purpose: Purpose) -> Nonce {
    Nonce::from_bytes([purpose as u8; 32])
}

/// The order behind an effect; a receipt is none.
fn task(effect: &Effect) -> Option<Task> {
    Some(match effect {
        Effect::Issue { purpose, .. } => Task::Issue(*purpose),
        Effect::Pay { purpose, .. } => Task::Pay(*purpose),
        Effect::Settle { purpose, .. } => Task::Settle(*purpose),
        Effect::Cancel { purpose, .. } => Task::Cancel(*purpose),
        Effect::Send { message, .. } | Effect::Resend { message, .. } => Task::Send(message.paper()?),
        Effect::IssueLate { .. } => Task::IssueLate,
        Effect::PayLate { .. } => Task::PayLate,
    })
}
