//! Two machines and their nodes, with nothing between them but what a test wants: letters, reports and blocks come when
//! it says so.

use domp_escrow::{
    effect::{Effect, INVOICE_EXPIRY_SECONDS},
    input::{
        Command, Condition, Input, InvoiceReport, Offer, Outcome, PaymentReport, Said, Secret, Shipment,
        Task, Verdict,
    },
    invariants::check,
    letter::Message,
    moment::At,
    note::Note,
    stage::{Stage, stage},
    step::{Step, step},
    terms::{Side, Terms},
    trade::Trade,
};
use domp_protocol::{
    deadlines::Agreed,
    ids::{EventId, NodeId, Nonce, PaymentHash, PublicKey},
    network::Network,
    purpose::Purpose,
    units::{Blocks, Height, Sat, Unix},
};
use std::collections::{BTreeMap, VecDeque};

pub const START: Height = Height(800_000);
pub const DAWN: Unix = Unix(1_700_000_000);
pub const P: Purpose = Purpose::Purchase;
pub const CB: Purpose = Purpose::BuyerCollateral;
/// Blocks that LND adds to an invoice's final delta.
pub const PADDING: Blocks = Blocks(3);

pub fn terms(collateral: bool) -> Terms {
    let sat = |amount| Sat::new(amount).unwrap();
    Terms {
        trade: id(1),
        listing: id(2),
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

pub fn id(tag: u8) -> EventId {
    EventId::from_bytes([tag; 32])
}

pub fn hash(purpose: Purpose) -> PaymentHash {
    PaymentHash::from_bytes([0x50 + purpose as u8; 32])
}

pub fn verdict(condition: Condition) -> Command {
    let reason = (condition != Condition::Received).then(|| "see photos".to_owned());
    Command::Confirm(Verdict { condition, rating: None, feedback: None, reason })
}

pub fn ship() -> Command {
    Command::Ship(Shipment::default())
}

pub const fn outcome(of: Task, outcome: Outcome) -> Input {
    Input::Outcome { of, outcome }
}

/// The secret leaves with one of these.
pub fn reveals(step: &Step) -> bool {
    step.effects
        .iter()
        .any(|effect| matches!(effect, Effect::Send { message, .. } if message.reveals().is_some()))
}

pub fn has(step: &Step, wanted: impl Fn(&Effect) -> bool) -> bool {
    step.effects.iter().any(wanted)
}

/// Two machines, their moment, and what waits between them.
#[derive(Clone)]
pub struct Duel {
    pub buyer: Trade,
    pub seller: Trade,
    pub height: Height,
    pub unix: Unix,
    pub fresh: bool,
    /// Letters are written and sent, and arrive nowhere.
    pub mail_lost: bool,
    pub notes: Vec<(Side, Note)>,
    pub queue: VecDeque<(Side, Effect)>,
}

impl Duel {
    pub fn new(collateral: bool) -> Self {
        let terms = terms(collateral);
        let nonce = |purpose: Purpose| Nonce::from_bytes([purpose as u8; 32]);
        let secrets: BTreeMap<_, _> =
            terms.legs().iter().map(|(purpose, ..)| (*purpose, (hash(*purpose), nonce(*purpose)))).collect();
        let mut duel = Self {
            buyer: Trade::for_buyer(terms.clone(), &secrets),
            seller: Trade::for_seller(terms),
            height: START,
            unix: DAWN,
            fresh: true,
            mail_lost: false,
            notes: Vec::new(),
            queue: VecDeque::new(),
        };
        duel.input(Side::Buyer, &Input::Begin);
        duel.input(Side::Seller, &Input::Begin);
        duel
    }

    /// A duel at the seller's stage, the natural way.
    pub fn at_stage(wanted: Stage) -> Self {
        let mut duel = Self::new(true);
        for (side, command) in
            [(Side::Seller, Command::Accept), (Side::Buyer, Command::Pay), (Side::Seller, ship())]
        {
            if stage(&duel.seller) != wanted {
                duel.command(side, command);
            }
        }
        assert_eq!(stage(&duel.seller), wanted);
        duel
    }

    /// The goods came, the hold was over, and the seller's ordinary invoice is there.
    pub fn with_late_invoice() -> Self {
        let mut duel = Self::at_stage(Stage::Shipped);
        duel.mine_to(duel.seller.deadlines.unwrap().settle_by);
        duel.command(Side::Buyer, verdict(Condition::Received));
        duel.command(Side::Seller, Command::OfferLateInvoice);
        duel
    }

    pub const fn at(&self) -> At {
        At { unix: self.unix, height: self.height, fresh: self.fresh }
    }
    pub const fn trade(&self, side: Side) -> &Trade {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }
    pub const fn trade_mut(&mut self, side: Side) -> &mut Trade {
        match side {
            Side::Buyer => &mut self.buyer,
            Side::Seller => &mut self.seller,
        }
    }

    /// What an input would do, without doing it.
    pub fn ask(&self, side: Side, input: &Input) -> Step {
        step(self.trade(side).clone(), input, self.at())
    }

    /// One input; nothing of what it asks for is done. No invariant may break.
    pub fn take(&mut self, side: Side, input: &Input) -> Step {
        let before = self.trade(side).clone();
        let done = step(before.clone(), input, self.at());
        assert_eq!(check(&before, self.at(), &done), Ok(()), "{side:?} {input:?}");
        *self.trade_mut(side) = done.trade.clone();
        self.notes.extend(done.notes.iter().map(|note| (side, note.clone())));
        done
    }

    /// One input, and everything that follows from it on both sides.
    pub fn input(&mut self, side: Side, input: &Input) -> Step {
        let done = self.take(side, input);
        self.queue.extend(done.effects.iter().map(|effect| (side, effect.clone())));
        while let Some((side, effect)) = self.queue.pop_front() {
            self.perform(side, &effect);
        }
        done
    }

    pub fn command(&mut self, side: Side, command: Command) -> Step {
        self.input(side, &Input::Command(command))
    }

    pub fn said(&mut self, to: Side, event: EventId, said: Said) -> Step {
        self.input(to, &Input::Said { event, said })
    }

    /// Time passes without anybody noticing.
    pub fn sleep_to(&mut self, height: Height) {
        self.unix = self.unix.plus(u64::from(self.height.until(height).0) * 600);
        self.height = height;
    }

    pub fn mine_to(&mut self, height: Height) {
        self.sleep_to(height);
        self.input(Side::Seller, &Input::Tick);
        self.input(Side::Buyer, &Input::Tick);
    }

    fn then(&mut self, side: Side, input: &Input) {
        let done = self.take(side, input);
        self.queue.extend(done.effects.into_iter().map(|effect| (side, effect)));
    }

    fn perform(&mut self, side: Side, effect: &Effect) {
        match effect {
            Effect::Issue { purpose, hash, .. } => {
                let expires = self.unix.plus(u64::from(INVOICE_EXPIRY_SECONDS));
                let issued = Outcome::Issued { bolt11: format!("invoice {purpose}"), hash: *hash, expires };
                self.then(side, &outcome(Task::Issue(*purpose), issued));
            }
            Effect::Pay { purpose, .. } => {
                self.then(side, &outcome(Task::Pay(*purpose), Outcome::Done));
                self.lock(*purpose);
            }
            Effect::Settle { purpose, .. } => self.resolve(*purpose, true),
            Effect::Cancel { purpose, .. } => self.resolve(*purpose, false),
            Effect::Send { message, not_after } | Effect::Resend { message, not_after } => {
                self.send(side, message, *not_after);
            }
            Effect::IssueLate { .. } => {
                let issued = Outcome::Issued {
                    bolt11: "late invoice".to_owned(),
                    hash: PaymentHash::from_bytes([0x77; 32]),
                    expires: self.unix.plus(u64::from(INVOICE_EXPIRY_SECONDS)),
                };
                self.then(side, &outcome(Task::IssueLate, issued));
            }
            Effect::PayLate { .. } => self.then(side, &outcome(Task::PayLate, Outcome::Done)),
        }
    }

    /// The HTLC of a leg goes from end to end.
    pub fn lock(&mut self, purpose: Purpose) {
        let leg = self.buyer.leg(purpose).unwrap().clone();
        let expiry = self.height.plus(leg.cltv).plus(PADDING);
        let report = InvoiceReport::Held { accepted_at: self.height, expiry, amount: leg.amount.to_msat() };
        self.then(Side::Seller, &Input::Invoice { purpose, report });
        let report = PaymentReport::InFlight { final_expiry: Some(expiry), first_hop_expiry: expiry };
        self.then(Side::Buyer, &Input::Payment { purpose, report });
    }

    fn resolve(&mut self, purpose: Purpose, settled: bool) {
        let (task, invoice, payment) = if settled {
            (Task::Settle(purpose), InvoiceReport::Settled, PaymentReport::Succeeded)
        } else {
            (Task::Cancel(purpose), InvoiceReport::Cancelled, PaymentReport::Failed)
        };
        self.then(Side::Seller, &outcome(task, Outcome::Done));
        let was_held = self.seller.leg(purpose).unwrap().is_locked();
        self.then(Side::Seller, &Input::Invoice { purpose, report: invoice });
        if was_held {
            self.then(Side::Buyer, &Input::Payment { purpose, report: payment });
        }
    }

    fn send(&mut self, side: Side, message: &Message, not_after: Option<Height>) {
        let paper = message.paper();
        if let Some(last) = not_after.filter(|last| self.height > *last) {
            let refused = Outcome::Refused(format!("too late: after {last}"));
            self.then(side, &outcome(Task::Send(paper.unwrap()), refused));
            return;
        }
        let event = event_of(side, message);
        if let Some(paper) = paper {
            self.then(side, &outcome(Task::Send(paper), Outcome::Sent { event }));
        }
        if let Some(said) = heard(self.trade(side), message).filter(|_| !self.mail_lost) {
            self.then(side.other(), &Input::Said { event, said });
        }
    }
}

/// The same letter has the same id, however often it is sent.
pub fn event_of(side: Side, message: &Message) -> EventId {
    let mut bytes = [side as u8; 32];
    match message {
        Message::Bid => return id(1),
        Message::Receipt { of, .. } => {
            bytes = *of.as_bytes();
            bytes[31] ^= 0xee;
        }
        other => bytes[0] = 0x10 + other.paper().unwrap() as u8,
    }
    EventId::from_bytes(bytes)
}

/// What the other side hears.
pub fn heard(trade: &Trade, message: &Message) -> Option<Said> {
    let offer = |purpose, hash, expires, bolt11: &str| Offer {
        purpose,
        hash,
        amount: trade.leg(purpose).unwrap().amount,
        cltv: trade.leg(purpose).unwrap().cltv,
        expires,
        bolt11: bolt11.to_owned(),
    };
    Some(match message {
        Message::Bid => return None,
        Message::Hashes(hashes) => Said::Hashes(hashes.clone()),
        Message::Acceptance => {
            let offers = trade.legs.iter().map(|leg| {
                offer(
                    leg.purpose,
                    leg.hash.unwrap(),
                    leg.invoice_expires.unwrap(),
                    leg.invoice.as_ref().unwrap(),
                )
            });
            Said::Acceptance(offers.collect())
        }
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
            let late = trade.late.as_ref().unwrap();
            Said::LateInvoice(offer(P, late.hash.unwrap(), late.expires.unwrap(), bolt11))
        }
    })
}
