//! The post: two machines that hear of each other only through drafted, signed, verified and admitted events.

use crate::deal::{DAWN, Deal, START, ln_node, preimage, relay, seal, sign, unseal};
use domp_escrow::{
    admission::{Admission, Reader, admit},
    draft::{Draft, DraftError, Enclosures, draft},
    effect::{Effect, INVOICE_EXPIRY_SECONDS},
    input::{Command, Input, InvoiceReport, Outcome, PaymentReport, Said, Shipment, Task, Verdict},
    letter::Message,
    moment::At,
    note::Note,
    stage::{Stage, stage},
    step::step,
    terms::Side,
    trade::Trade,
};
use domp_protocol::{
    event::VerifiedEvent,
    ids::{EventId, PaymentHash},
    invoice,
    purpose::Purpose,
    secret::Preimage,
    units::{Blocks, Height, Sat, Unix},
};
use std::collections::{BTreeMap, VecDeque};
use zeroize::Zeroizing;

/// The preimage of the seller's own late invoice.
pub const LATE: [u8; 32] = [0xc3; 32];

/// Both machines and all that was sent between them.
pub struct Post {
    pub deal: Deal,
    pub height: Height,
    pub now: Unix,
    pub times: BTreeMap<EventId, Unix>,
    /// Every letter that was read: who wrote it, what it was to say, and what was heard.
    pub heard: Vec<(Side, Message, Said)>,
    /// Secrets that came out of admission.
    pub secrets: Vec<PaymentHash>,
    pub notes: Vec<(Side, Note)>,
    queue: VecDeque<(Side, Effect)>,
}

impl Post {
    pub fn new(collateral: bool) -> Self {
        let deal = Deal::new(collateral);
        let times = BTreeMap::from([(deal.terms.listing, DAWN), (deal.terms.trade, deal.bid.created_at())]);
        Self {
            deal,
            height: START,
            now: DAWN.plus(3600),
            times,
            heard: Vec::new(),
            secrets: Vec::new(),
            notes: Vec::new(),
            queue: VecDeque::new(),
        }
    }

    pub fn at(&self) -> At {
        At { unix: self.now, height: self.height, fresh: true }
    }
    pub fn trade(&self, side: Side) -> &Trade {
        match side {
            Side::Buyer => &self.deal.buyer,
            Side::Seller => &self.deal.seller,
        }
    }
    pub fn stage(&self, side: Side) -> Stage {
        stage(self.trade(side))
    }

    /// One input and everything that follows from it on both sides.
    pub fn input(&mut self, side: Side, input: &Input) {
        self.take(side, input);
        while let Some((side, effect)) = self.queue.pop_front() {
            self.perform(side, &effect);
        }
    }
    pub fn order(&mut self, side: Side, command: Command) {
        self.input(side, &Input::Command(command));
    }

    fn take(&mut self, side: Side, input: &Input) {
        self.now = self.now.plus(1);
        let done = step(self.trade(side).clone(), input, self.at());
        match side {
            Side::Buyer => self.deal.buyer = done.trade,
            Side::Seller => self.deal.seller = done.trade,
        }
        self.notes.extend(done.notes.into_iter().map(|note| (side, note)));
        self.queue.extend(done.effects.into_iter().map(|effect| (side, effect)));
    }

    /// Blocks pass; both sides notice.
    pub fn mine_to(&mut self, height: Height) {
        let blocks = u64::from(self.height.until(height).0);
        self.now = self.now.plus(blocks * 600);
        self.height = height;
        self.input(Side::Seller, &Input::Tick);
        self.input(Side::Buyer, &Input::Tick);
    }

    fn perform(&mut self, side: Side, effect: &Effect) {
        let done = |task, outcome| Input::Outcome { of: task, outcome };
        match effect {
            Effect::Issue { purpose, hash, amount, cltv } => {
                let bolt11 = self.invoice(*purpose, *hash, *amount, *cltv);
                let expires = self.now.plus(u64::from(INVOICE_EXPIRY_SECONDS));
                let outcome = Outcome::Issued { bolt11, hash: *hash, expires };
                self.take(side, &done(Task::Issue(*purpose), outcome));
            }
            Effect::Pay { purpose, amount, .. } => {
                self.take(side, &done(Task::Pay(*purpose), Outcome::Done));
                let cltv = self.trade(side).leg(*purpose).unwrap().cltv;
                let expiry = self.height.plus(cltv).plus(Blocks(3));
                let report =
                    InvoiceReport::Held { accepted_at: self.height, expiry, amount: amount.to_msat() };
                self.take(Side::Seller, &Input::Invoice { purpose: *purpose, report });
                let report = PaymentReport::InFlight {
                    final_expiry: Some(expiry),
                    first_hop_expiry: expiry.plus(Blocks(80)),
                };
                self.take(Side::Buyer, &Input::Payment { purpose: *purpose, report });
            }
            Effect::Settle { purpose, .. } => self.resolve(*purpose, true),
            Effect::Cancel { purpose, .. } => self.resolve(*purpose, false),
            Effect::Send { message, .. } | Effect::Resend { message, .. } => self.send(side, message),
            Effect::IssueLate { amount } => {
                let hash = Preimage::from_bytes(LATE).hash();
                let bolt11 = self.late_invoice(hash, *amount);
                let expires = self.now.plus(u64::from(INVOICE_EXPIRY_SECONDS));
                self.take(side, &done(Task::IssueLate, Outcome::Issued { bolt11, hash, expires }));
            }
            Effect::PayLate { .. } => {
                self.take(side, &done(Task::PayLate, Outcome::Done));
                self.take(Side::Buyer, &Input::Late(PaymentReport::Succeeded));
                self.take(Side::Seller, &Input::Late(PaymentReport::Succeeded));
            }
        }
    }

    fn resolve(&mut self, purpose: Purpose, settled: bool) {
        let was_held = self.deal.seller.leg(purpose).is_some_and(domp_escrow::leg::Leg::is_locked);
        let (task, held, paid) = if settled {
            (Task::Settle(purpose), InvoiceReport::Settled, PaymentReport::Succeeded)
        } else {
            (Task::Cancel(purpose), InvoiceReport::Cancelled, PaymentReport::Failed)
        };
        self.take(Side::Seller, &Input::Outcome { of: task, outcome: Outcome::Done });
        self.take(Side::Seller, &Input::Invoice { purpose, report: held });
        if was_held {
            self.take(Side::Buyer, &Input::Payment { purpose, report: paid });
        }
    }

    /// What the buyer's or seller's engine encloses with any letter.
    pub fn draft(&self, side: Side, message: &Message) -> Result<Draft, DraftError> {
        let node = ln_node(self.deal.people.node(side), &self.deal.people.signer(side).public_key());
        let secret = preimage(Purpose::Purchase);
        let sealed = seal(&crate::deal::hex(secret.expose()));
        let made_at = |id: &EventId| self.times.get(id).copied();
        let with = Enclosures {
            node: Some(&node),
            relays: &[relay("seller")],
            sealed_preimage: Some(&sealed),
            preimage: Some(&secret),
            ..Enclosures::none(self.now, &made_at)
        };
        draft(self.trade(side), message, &with)
    }

    /// The signed event of a letter; remembers when it was made.
    pub fn write(&mut self, side: Side, message: &Message) -> VerifiedEvent {
        let (Draft::Public(draft) | Draft::Private(draft)) = self.draft(side, message).unwrap();
        let event = sign(draft, self.deal.people.signer(side));
        self.times.insert(event.id(), event.created_at());
        event
    }

    pub fn read(&self, side: Side, event: &VerifiedEvent) -> Admission {
        self.read_as(self.trade(side), event)
    }

    /// How a machine in another state would read it.
    pub fn read_as(&self, trade: &Trade, event: &VerifiedEvent) -> Admission {
        let made_at = |id: &EventId| self.times.get(id).copied();
        let open = |sealed: &_| Some(Zeroizing::new(unseal(sealed)));
        let reader = Reader {
            now: self.now,
            own_node: self.deal.people.node(trade.side).id(),
            may_split: true,
            commits: self.deal.bid.body().escrow.as_ref().map(|escrow| escrow.commits),
            made_at: &made_at,
            open_secret: &open,
        };
        admit(trade, event, &reader)
    }

    fn send(&mut self, side: Side, message: &Message) {
        if matches!(message, Message::Bid) {
            let outcome = Outcome::Sent { event: self.deal.terms.trade };
            self.take(side, &Input::Outcome { of: Task::Send(domp_escrow::letter::Paper::Bid), outcome });
            return;
        }
        let event = self.write(side, message);
        if let Some(paper) = message.paper() {
            let outcome = Outcome::Sent { event: event.id() };
            self.take(side, &Input::Outcome { of: Task::Send(paper), outcome });
        }
        match self.read(side.other(), &event) {
            Admission::Said { said, preimage } => {
                self.secrets.extend(preimage.map(|preimage| preimage.hash()));
                self.heard.push((side, message.clone(), said.clone()));
                self.take(side.other(), &Input::Said { event: event.id(), said });
            }
            other => panic!("{message:?} of the {} is {other:?}", side.as_str()),
        }
    }

    pub fn invoice(&self, role: Purpose, hash: PaymentHash, amount: Sat, cltv: Blocks) -> String {
        self.draft_invoice(role, hash, amount, cltv).sign(&self.deal.people.seller_node).unwrap()
    }

    pub fn draft_invoice(
        &self,
        role: Purpose,
        hash: PaymentHash,
        amount: Sat,
        cltv: Blocks,
    ) -> invoice::Draft {
        invoice::Draft {
            network: self.deal.terms.network,
            amount: Some(amount.to_msat()),
            hash,
            description: invoice::description(role, &self.deal.terms.trade),
            hashed_description: false,
            timestamp: self.now,
            expiry_seconds: u64::from(INVOICE_EXPIRY_SECONDS),
            cltv: u64::from(cltv.0),
            payment_secret: [9; 32],
            splits: true,
            hints: Vec::new(),
        }
    }

    pub fn late_invoice(&self, hash: PaymentHash, amount: Sat) -> String {
        self.invoice(Purpose::Purchase, hash, amount, Blocks(40))
    }

    // The stages of a trade, one after the other.

    pub fn begun(collateral: bool) -> Self {
        let mut post = Self::new(collateral);
        post.input(Side::Seller, &Input::Begin);
        post.input(Side::Buyer, &Input::Begin);
        post
    }
    pub fn offered(collateral: bool) -> Self {
        let mut post = Self::begun(collateral);
        post.order(Side::Seller, Command::Accept);
        post
    }
    pub fn to_ship(collateral: bool) -> Self {
        let mut post = Self::offered(collateral);
        post.order(Side::Buyer, Command::Pay);
        post
    }
    pub fn shipped(collateral: bool) -> Self {
        let mut post = Self::to_ship(collateral);
        post.order(Side::Seller, Command::Ship(parcel()));
        post
    }
}

pub fn parcel() -> Shipment {
    Shipment {
        carrier: Some("Post".into()),
        tracking: Some("RR 123".into()),
        note: Some("left with the neighbour \u{263a}".into()),
    }
}

pub fn received() -> Verdict {
    Verdict {
        condition: domp_escrow::input::Condition::Received,
        rating: Some(5),
        feedback: Some("gr\u{fc}n, as described".into()),
        reason: None,
    }
}

pub fn damaged() -> Verdict {
    Verdict {
        condition: domp_escrow::input::Condition::Damaged,
        rating: None,
        feedback: None,
        reason: Some("the lid is broken".into()),
    }
}
