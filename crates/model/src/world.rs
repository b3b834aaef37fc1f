//! The world: two machines, their nodes, the mail, the chain, the parcel.

use crate::{
    action::Action,
    backup::Backup,
    book::Book,
    mail::Mail,
    node::{Door, Htlc, PayeeEnd, PayerEnd},
    perform::is_receipt,
    setting::{DAWN, Judged, Nature, START, Setting},
    trouble::Trouble,
};
use domp_escrow::{
    effect::Effect,
    input::{Command, Condition, Input, Outcome, Task},
    invariants::{Broken, check},
    note::{Note, Refusal},
    stage::{Stage, stage},
    step::{Step, step},
    terms::Side,
    trade::{Trade, Unwind},
    wake::wake,
};
use domp_protocol::{
    deadlines::Deadlines,
    ids::PaymentHash,
    purpose::Purpose,
    units::{Blocks, Height, Unix},
};

/// The legs in the order in which they are locked.
pub const LEGS: [Purpose; 2] = [Purpose::BuyerCollateral, Purpose::Purchase];
/// Both sides.
pub const SIDES: [Side; 2] = [Side::Buyer, Side::Seller];

/// Where the parcel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parcel {
    /// With the seller.
    AtHome,
    /// Under way since.
    Travelling(Height),
    /// With the buyer since.
    Arrived(Height),
}

/// Everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// The buyer's machine.
    pub buyer: Book,
    /// The seller's machine.
    pub seller: Book,
    /// Cb.
    pub collateral: Htlc,
    /// P.
    pub price: Htlc,
    /// Effects journaled and not yet cleared, oldest first.
    pub outbox_buyer: Vec<Effect>,
    /// The seller's.
    pub outbox_seller: Vec<Effect>,
    /// Letters under way.
    pub mail: Vec<Mail>,
    /// The chain's height.
    pub height: Height,
    /// The time.
    pub unix: Unix,
    /// When the last block came.
    pub block_time: Unix,
    /// What troubles the buyer's program and node, and the seller's.
    pub troubles: [Option<Trouble>; 2],
    /// The parcel.
    pub parcel: Parcel,
    /// When the seller shipped.
    pub shipped_at: Option<Height>,
    /// When the buyer's person, with the goods in hand, told its program that they came, and was not asked to come back
    /// later.
    pub confirmed_at: Option<Height>,
    /// The seller's own person gave the price up, which a program restored from an older backup may not know.
    pub given_up: bool,
    /// A letter with R_p has left the buyer's process.
    pub secret_sent: bool,
    /// R_p is in the seller's vault.
    pub secret_known_to_seller: bool,
    /// R_p is only in the memory of the seller's process.
    pub secret_is_volatile: bool,
    /// The hash of the ordinary payment over the price, once one was made.
    pub paid_late: Option<PaymentHash>,
    /// How often an ordinary payment was ordered.
    pub late_tries: u8,
    /// A node that pays whatever it is told paid twice.
    pub paid_twice: bool,
    /// A side that does not follow the protocol; its machine is not looked at.
    pub cheater: Option<Side>,
    /// The cheater does nothing at all any more, not even what its program would.
    pub silent: bool,
    /// The first thing that must never be.
    pub broken: Option<String>,
    /// The buyer's, the seller's last backup.
    pub backups: [Option<Box<Backup>>; 2],
    /// How often each was restored: what is signed anew is another event.
    pub restores: [u8; 2],
    /// What was ever sent, where it may be asked for again; see [`Nature::relays_keep`].
    pub archive: Vec<Mail>,
    /// What the world is like.
    pub nature: Nature,
}

impl World {
    /// A world just after the bid was made.
    pub fn new(setting: &Setting, cheater: Option<Side>) -> Self {
        let mut world = Self {
            buyer: Book::new(setting.buyer()),
            seller: Book::new(setting.seller()),
            collateral: Htlc::default(),
            price: Htlc::default(),
            outbox_buyer: Vec::new(),
            outbox_seller: Vec::new(),
            mail: Vec::new(),
            height: START,
            unix: DAWN,
            block_time: DAWN,
            troubles: [None; 2],
            parcel: Parcel::AtHome,
            shipped_at: None,
            confirmed_at: None,
            given_up: false,
            secret_sent: false,
            secret_known_to_seller: false,
            secret_is_volatile: false,
            paid_late: None,
            late_tries: 0,
            paid_twice: false,
            cheater,
            silent: false,
            broken: None,
            backups: [None, None],
            restores: [0; 2],
            archive: Vec::new(),
            nature: setting.nature,
        };
        if let Some(sabotage) = setting.nature.sabotage {
            sabotage.prepare(&mut world);
        }
        world.input(Side::Buyer, &Input::Begin);
        world.input(Side::Seller, &Input::Begin);
        world
    }

    /// Whether a side follows the protocol.
    pub fn is_honest(&self, side: Side) -> bool {
        self.cheater != Some(side)
    }
    /// Whether a side does anything at all.
    pub fn acts(&self, side: Side) -> bool {
        !self.silent || self.is_honest(side)
    }
    /// One side's machine.
    pub fn trade(&self, side: Side) -> &Trade {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }
    pub(crate) const fn book_mut(&mut self, side: Side) -> &mut Book {
        match side {
            Side::Buyer => &mut self.buyer,
            Side::Seller => &mut self.seller,
        }
    }
    /// One side's stage.
    pub fn stage(&self, side: Side) -> Stage {
        stage(self.trade(side))
    }
    /// A leg's HTLC.
    pub const fn htlc(&self, purpose: Purpose) -> &Htlc {
        match purpose {
            Purpose::BuyerCollateral => &self.collateral,
            Purpose::Purchase | Purpose::SellerCollateral | Purpose::AntiSpam => &self.price,
        }
    }
    /// A leg's HTLC, to change.
    pub const fn htlc_mut(&mut self, purpose: Purpose) -> &mut Htlc {
        match purpose {
            Purpose::BuyerCollateral => &mut self.collateral,
            Purpose::Purchase | Purpose::SellerCollateral | Purpose::AntiSpam => &mut self.price,
        }
    }
    /// One side's outbox.
    pub const fn outbox(&self, side: Side) -> &Vec<Effect> {
        match side {
            Side::Buyer => &self.outbox_buyer,
            Side::Seller => &self.outbox_seller,
        }
    }
    pub(crate) const fn outbox_mut(&mut self, side: Side) -> &mut Vec<Effect> {
        match side {
            Side::Buyer => &mut self.outbox_buyer,
            Side::Seller => &mut self.outbox_seller,
        }
    }
    /// Notes down the first thing that must never be, if it counts.
    pub(crate) fn blame(&mut self, counts: Judged, what: impl Into<String>) {
        if self.nature.judged >= counts {
            self.broken.get_or_insert_with(|| what.into());
        }
    }

    /// Gives an input to one side's machine; keeps its effects; checks the invariants.
    pub fn input(&mut self, side: Side, input: &Input) -> Vec<Note> {
        let at = self.at_of(side);
        let copy = self.trade(side).clone();
        let done = match self.nature.sabotage {
            None => step(copy, input, at),
            Some(sabotage) => sabotage.step(copy, input, at),
        };
        // What the machine of a cheater does is nobody's concern: its owner does something else.
        if self.nature.judged >= Judged::Invariants
            && self.is_honest(side)
            && let Err(Broken(what)) = check(self.trade(side), at, &done)
        {
            self.blame(Judged::Invariants, what);
        }
        let Step { trade, effects, notes } = done;
        let before = if trade == *self.trade(side) {
            self.book_mut(side).clone()
        } else {
            std::mem::replace(self.book_mut(side), Book::new(trade))
        };
        if let Input::Command(command) = input {
            let shipped = self.trade(side).choices.shipped.is_some() && before.choices.shipped.is_none();
            let later = notes.contains(&Note::Refused(Refusal::TipNotFresh));
            self.follow(command, shipped, later);
        }
        self.given_up |= matches!(self.seller.unwind, Some(Unwind::Refund | Unwind::Agreed));
        for effect in &effects {
            self.judge_decision(side, effect);
        }
        let receipts = self.nature.receipts;
        let wanted = |effect: &Effect| receipts || !is_receipt(effect);
        self.outbox_mut(side).extend(effects.into_iter().filter(wanted));
        if self.trade(side).in_doubt() {
            let all = std::mem::take(self.outbox_mut(side));
            let (waiting, ready): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| self.waits(side, it));
            *self.outbox_mut(side) = [ready, waiting].concat();
        }
        notes
    }

    /// What people do beside telling their program: the seller brings the parcel away, the buyer has looked at the goods.
    fn follow(&mut self, command: &Command, shipped: bool, later: bool) {
        match command {
            Command::Ship(_) if shipped => {
                self.parcel = Parcel::Travelling(self.height);
                self.shipped_at = Some(self.height);
                self.judge_shipping();
            }
            Command::Confirm(verdict) if verdict.condition == Condition::Received && !later => {
                if matches!(self.parcel, Parcel::Arrived(_)) {
                    self.confirmed_at.get_or_insert(self.height);
                }
            }
            _ => {}
        }
    }

    /// Lets one thing happen; returns what the machines said about it.
    pub fn apply(&mut self, action: &Action) -> Vec<(Side, Note)> {
        let both = |side: Side, notes: Vec<Note>| notes.into_iter().map(|note| (side, note)).collect();
        match action {
            Action::Perform(side) => both(*side, self.perform(*side)),
            Action::Crash { side, after } => both(*side, self.crash(*side, *after)),
            Action::CallLost { side, reached } => both(*side, self.lose_call(*side, *reached)),
            Action::Deliver(n) => self.deliver(*n, false),
            Action::DeliverTwice(n) => self.deliver(*n, true),
            Action::Report(side, purpose) => both(*side, self.report(*side, *purpose)),
            Action::Mine => self.next_height().map_or_else(Vec::new, |next| self.mine_to(next)),
            Action::MineTo(height) => self.mine_to(*height),
            Action::NoBlockFor { seconds } => {
                self.unix = self.unix.plus(*seconds);
                self.wake_both()
            }
            Action::Reorg(blocks) => {
                self.height = self.height.minus(*blocks);
                self.wake_both()
            }
            Action::Restore { side, copies } => both(*side, self.restore(*side, *copies)),
            Action::Person(side, command) => both(*side, self.input(*side, &Input::Command(command.clone()))),
            silent => {
                self.apply_silently(silent);
                Vec::new()
            }
        }
    }

    /// What happens without any machine being asked at once.
    fn apply_silently(&mut self, action: &Action) {
        match action {
            Action::Lose(n) if *n < self.mail.len() => {
                self.mail.remove(*n);
            }
            Action::Arrives(purpose) => self.arrives(*purpose, Blocks(0)),
            Action::ArrivesInParts(purpose, apart) => self.arrives(*purpose, *apart),
            Action::RouteFails(purpose) => self.htlc_mut(*purpose).fail(),
            Action::Resolve(purpose) => self.htlc_mut(*purpose).resolve(),
            Action::Trouble(side, kind, blocks) => self.begin_trouble(*side, *kind, *blocks),
            Action::Backup(side) => self.back_up(*side),
            Action::Arrive => self.parcel = Parcel::Arrived(self.height),
            Action::Cheat(cheat) => self.cheat(*cheat),
            _ => {}
        }
    }

    /// A payment arrives at the payee's node. In parts that came apart, the expiry is that of the first.
    fn arrives(&mut self, purpose: Purpose, apart: Blocks) {
        let height = self.node_height(Side::Seller);
        let least = self.seller.leg(purpose).map(|leg| leg.cltv).filter(|_| self.nature.strict_payee);
        let least = least.map(|cltv| Blocks(cltv.0.saturating_sub(apart.0)));
        let door = Door { least, reopens: self.nature.reopens };
        if self.node_answers(Side::Seller) {
            let htlc = self.htlc_mut(purpose);
            if let PayerEnd::Trying(sent) | PayerEnd::InFlight(sent) = &mut htlc.payer {
                sent.expiry = sent.expiry.minus(apart);
                sent.first_hop = sent.first_hop.minus(apart);
            }
            htlc.arrive(height, door);
        }
    }

    /// The process starts again: payment orders are asked about instead of performed, then the node is read.
    pub(crate) fn restart(&mut self, side: Side) -> Vec<Note> {
        self.forget_volatile(side);
        let pays = |effect: &Effect| matches!(effect, Effect::Pay { .. } | Effect::PayLate { .. });
        let (orders, rest): (Vec<_>, Vec<_>) =
            std::mem::take(self.outbox_mut(side)).into_iter().partition(pays);
        *self.outbox_mut(side) = rest;
        let mut notes = Vec::new();
        for order in orders {
            let of = match order {
                Effect::Pay { purpose, .. } => Task::Pay(purpose),
                _ => Task::PayLate,
            };
            let outcome = Outcome::Unknown("restarted".into());
            notes.extend(self.input(side, &Input::Outcome { of, outcome }));
            if of == Task::PayLate {
                notes.extend(self.report_late(side));
            }
        }
        notes.extend(self.input(side, &Input::Tick));
        if self.node_answers(side) {
            for purpose in LEGS {
                notes.extend(self.report(side, purpose));
            }
        }
        notes
    }

    /// What was only in the memory of a process goes with it.
    pub(crate) const fn forget_volatile(&mut self, side: Side) {
        if matches!(side, Side::Seller) && self.secret_is_volatile {
            self.secret_known_to_seller = false;
            self.secret_is_volatile = false;
        }
    }

    /// The secret goes to the seller's vault before its machine hears of it.
    pub(crate) fn store_secret(&mut self) {
        let forgetful = self.nature.sabotage.is_some_and(|sabotage| sabotage.keeps_secrets_in_memory());
        self.secret_is_volatile = forgetful && !self.secret_known_to_seller;
        self.secret_known_to_seller = true;
    }

    /// Our node's word on a leg.
    pub fn report_of(&self, side: Side, purpose: Purpose) -> Option<Input> {
        self.trade(side).leg(purpose)?;
        Some(match side {
            Side::Buyer => Input::Payment { purpose, report: self.htlc(purpose).payment_report() },
            Side::Seller => Input::Invoice { purpose, report: self.htlc(purpose).invoice_report() },
        })
    }

    /// A side's program hears its node's word on a leg.
    pub(crate) fn report(&mut self, side: Side, purpose: Purpose) -> Vec<Note> {
        self.htlc_mut(purpose).set_news(side, false);
        self.report_of(side, purpose).map_or_else(Vec::new, |input| self.input(side, &input))
    }

    /// Whether a side's program has yet to hear from its node.
    pub fn has_news(&self, side: Side, purpose: Purpose) -> bool {
        self.htlc(purpose).has_news(side) && self.trade(side).leg(purpose).is_some()
    }

    /// The next height at which a rule, a node or a person's window changes, and the block before each.
    pub fn next_height(&self) -> Option<Height> {
        let mut next: Option<Height> = None;
        let now = self.height;
        let mut at = |height: Height| {
            if height > now && next.is_none_or(|next| height < next) {
                next = Some(height);
            }
        };
        for side in SIDES.into_iter().filter(|side| self.acts(*side)) {
            let wake = wake(self.trade(side));
            wake.height.into_iter().for_each(&mut at);
            wake.unix.into_iter().for_each(|unix| at(self.height_at(unix)));
            if let Some(deadlines) = self.trade(side).deadlines {
                landmarks(&deadlines).into_iter().for_each(&mut at);
            }
            self.trouble(side).into_iter().for_each(|trouble| at(trouble.until));
        }
        let agreed = &self.seller.terms.agreed;
        for htlc in [&self.collateral, &self.price] {
            if let PayeeEnd::Held { expiry, .. } = htlc.payee {
                at(expiry.minus(agreed.seller_auto_cancel));
                at(expiry);
            }
            if let PayerEnd::Trying(sent) | PayerEnd::InFlight(sent) = htlc.payer {
                at(sent.first_hop);
            }
        }
        match self.parcel {
            Parcel::Travelling(since) => at(since.plus(agreed.transit)),
            Parcel::Arrived(since) if self.confirmed_at.is_none() => at(since.plus(agreed.inspection)),
            Parcel::Arrived(_) | Parcel::AtHome => {}
        }
        next
    }

    fn height_at(&self, unix: Unix) -> Height {
        let blocks = self.unix.until(unix).div_ceil(self.nature.seconds_per_block.max(1)).max(1);
        self.height.plus(Blocks(u32::try_from(blocks).unwrap_or(u32::MAX)))
    }

    /// The chain grows to a height: nodes let go of what expires, both machines are woken.
    pub fn mine_to(&mut self, height: Height) -> Vec<(Side, Note)> {
        self.unix = self.unix.plus(self.nature.seconds(self.height.until(height)));
        self.block_time = self.unix;
        self.height = height;
        let mut notes = self.end_troubles(false);
        notes.extend(self.wake_both());
        notes
    }

    /// Nodes look at the chain and the clock; so do the machines that run.
    pub(crate) fn wake_both(&mut self) -> Vec<(Side, Note)> {
        let auto_cancel = self.seller.terms.agreed.seller_auto_cancel;
        let gives_back = self.nature.auto_cancels && self.node_answers(Side::Seller);
        let payee = gives_back.then(|| self.node_height(Side::Seller));
        let height = self.height;
        for htlc in [&mut self.collateral, &mut self.price] {
            htlc.pass_time_at_payee(height, payee, auto_cancel);
            htlc.pass_time_at_payer(height);
        }
        let mut notes = Vec::new();
        for side in SIDES {
            if self.runs(side) && self.acts(side) {
                notes.extend(self.input(side, &Input::Tick).into_iter().map(|note| (side, note)));
            }
        }
        self.judge_holding();
        notes
    }
}

/// The heights around which the answer of a deadline changes.
fn landmarks(deadlines: &Deadlines) -> [Height; 6] {
    [
        deadlines.ship_by,
        deadlines.ship_by.plus(Blocks(1)),
        deadlines.reveal_by,
        deadlines.reveal_by.plus(Blocks(1)),
        deadlines.settle_by,
        deadlines.held_until,
    ]
}
