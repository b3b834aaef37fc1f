//! The world: two machines, their nodes, the mail, the chain, the parcel.

use crate::{
    action::Action,
    node::{Htlc, PayeeEnd},
    setting::{DAWN, START, Setting},
};
use domp_escrow::{
    effect::Effect,
    input::{Input, Outcome, Said, Task},
    invariants::{Broken, check},
    moment::At,
    note::Note,
    stage::{Stage, stage},
    step::step,
    terms::Side,
    trade::Trade,
    wake::wake,
};
use domp_protocol::{
    deadlines::Deadlines,
    ids::EventId,
    network::Network,
    purpose::Purpose,
    units::{Blocks, Height, Unix},
};

/// A letter under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mail {
    /// To whom.
    pub to: Side,
    /// The signed event.
    pub event: EventId,
    /// What it says.
    pub said: Said,
    /// When it was sent.
    pub sent_at: Height,
}

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
    pub buyer: Trade,
    /// The seller's machine.
    pub seller: Trade,
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
    /// The parcel.
    pub parcel: Parcel,
    /// R_p has reached the seller's process.
    pub secret_known_to_seller: bool,
    /// An ordinary payment over the price was made.
    pub paid_late: bool,
    /// A side that does not follow the protocol; its machine is not looked at.
    pub cheater: Option<Side>,
    /// The first invariant that broke.
    pub broken: Option<String>,
}

impl World {
    /// A world just after the bid was made.
    pub fn new(setting: &Setting, cheater: Option<Side>) -> Self {
        let mut world = Self {
            buyer: setting.buyer(),
            seller: setting.seller(),
            collateral: Htlc::default(),
            price: Htlc::default(),
            outbox_buyer: Vec::new(),
            outbox_seller: Vec::new(),
            mail: Vec::new(),
            height: START,
            parcel: Parcel::AtHome,
            secret_known_to_seller: false,
            paid_late: false,
            cheater,
            broken: None,
        };
        world.input(Side::Buyer, &Input::Begin);
        world.input(Side::Seller, &Input::Begin);
        world
    }

    /// The moment, as both see it.
    pub fn at(&self) -> At {
        let blocks = u64::from(START.until(self.height).0);
        let unix = DAWN.plus(blocks * 600);
        At::new(unix, self.height, unix, true, Network::Regtest)
    }

    /// One side's machine.
    pub const fn trade(&self, side: Side) -> &Trade {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
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

    /// Puts a letter under way.
    pub fn post(&mut self, to: Side, event: EventId, said: Said) {
        let mail = Mail { to, event, said, sent_at: self.height };
        if !self.mail.contains(&mail) {
            self.mail.push(mail);
        }
    }

    /// Gives an input to one side's machine; keeps its effects; checks the invariants.
    pub fn input(&mut self, side: Side, input: &Input) -> Vec<Note> {
        let before = self.trade(side).clone();
        let at = self.at();
        let done = step(before.clone(), input, at);
        // What the machine of a cheater does is nobody's concern: its owner does something else.
        let checked = if self.cheater == Some(side) { Ok(()) } else { check(&before, at, &done) };
        if let Err(Broken(what)) = checked {
            self.broken.get_or_insert(what);
        }
        if let Input::Command(domp_escrow::input::Command::Ship(_)) = input {
            let shipped = done.trade.choices.shipped.is_some() && before.choices.shipped.is_none();
            if shipped && self.cheater != Some(Side::Seller) {
                self.parcel = Parcel::Travelling(self.height);
            }
        }
        match side {
            Side::Buyer => self.buyer = done.trade,
            Side::Seller => self.seller = done.trade,
        }
        self.outbox_mut(side).extend(done.effects);
        done.notes
    }

    /// Lets one thing happen; returns what the machines said about it.
    pub fn apply(&mut self, action: &Action) -> Vec<(Side, Note)> {
        let both = |side: Side, notes: Vec<Note>| notes.into_iter().map(|note| (side, note)).collect();
        match action {
            Action::Perform(side) => both(*side, self.perform(*side, true)),
            Action::PerformUnrecorded(side) => both(*side, self.perform(*side, false)),
            Action::Restart(side) => both(*side, self.restart(*side)),
            Action::Deliver(n) => self.deliver(*n, false),
            Action::DeliverTwice(n) => self.deliver(*n, true),
            Action::Lose(n) => {
                self.mail.remove(*n);
                Vec::new()
            }
            Action::Report(side, purpose) => both(*side, self.report(*side, *purpose)),
            Action::Resolve(purpose) => {
                self.htlc_mut(*purpose).resolve();
                Vec::new()
            }
            Action::Mine => self.mine(),
            Action::Person(side, command) => both(*side, self.input(*side, &Input::Command(command.clone()))),
            Action::Arrive => {
                self.parcel = Parcel::Arrived(self.height);
                Vec::new()
            }
            Action::Cheat(cheat) => {
                self.cheat(*cheat);
                Vec::new()
            }
        }
    }

    fn deliver(&mut self, n: usize, twice: bool) -> Vec<(Side, Note)> {
        let Some(mail) = self.mail.get(n).cloned() else { return Vec::new() };
        if !twice {
            self.mail.remove(n);
        }
        if mail.to == Side::Seller {
            self.secret_known_to_seller |= matches!(
                mail.said,
                Said::Verdict { secret: domp_escrow::input::Secret::Opens, .. }
                    | Said::Release { secret: domp_escrow::input::Secret::Opens }
            );
        }
        let notes = self.input(mail.to, &Input::Said { event: mail.event, said: mail.said });
        notes.into_iter().map(|note| (mail.to, note)).collect()
    }

    /// The process dies and starts again: payment orders are asked about instead of performed, then the node is read.
    fn restart(&mut self, side: Side) -> Vec<Note> {
        let (orders, rest): (Vec<_>, Vec<_>) =
            std::mem::take(self.outbox_mut(side)).into_iter().partition(|e| matches!(e, Effect::Pay { .. }));
        *self.outbox_mut(side) = rest;
        let mut notes = Vec::new();
        for order in orders {
            if let Effect::Pay { purpose, .. } = order {
                let outcome = Outcome::Unknown("restarted".into());
                notes.extend(self.input(side, &Input::Outcome { of: Task::Pay(purpose), outcome }));
            }
        }
        for purpose in [Purpose::BuyerCollateral, Purpose::Purchase] {
            notes.extend(self.report(side, purpose));
        }
        notes
    }

    /// Our node's word on a leg.
    pub fn report_of(&self, side: Side, purpose: Purpose) -> Option<Input> {
        self.trade(side).leg(purpose)?;
        Some(match side {
            Side::Buyer => Input::Payment { purpose, report: self.htlc(purpose).payment_report() },
            Side::Seller => Input::Invoice { purpose, report: self.htlc(purpose).invoice_report() },
        })
    }

    fn report(&mut self, side: Side, purpose: Purpose) -> Vec<Note> {
        self.report_of(side, purpose).map_or_else(Vec::new, |input| self.input(side, &input))
    }

    /// The next height at which a rule, a node or a person's window changes, and the block before each.
    pub fn next_height(&self) -> Option<Height> {
        let mut heights: Vec<Height> = Vec::new();
        let at = self.at();
        for side in [Side::Buyer, Side::Seller] {
            let wake = wake(self.trade(side));
            heights.extend(wake.height);
            heights.extend(wake.unix.map(|unix| self.height_at(unix, at.unix)));
            if let Some(deadlines) = self.trade(side).deadlines {
                heights.extend(landmarks(&deadlines));
            }
        }
        let auto_cancel = self.seller.terms.agreed.seller_auto_cancel;
        for htlc in [&self.collateral, &self.price] {
            if let PayeeEnd::Held { expiry, .. } = htlc.payee {
                heights.extend([expiry.minus(auto_cancel), expiry]);
            }
        }
        if let Parcel::Travelling(since) = self.parcel {
            heights.push(since.plus(self.seller.terms.agreed.transit));
        }
        heights.into_iter().filter(|height| *height > self.height).min()
    }

    fn height_at(&self, unix: Unix, now: Unix) -> Height {
        let blocks = now.until(unix).div_ceil(600);
        self.height.plus(Blocks(u32::try_from(blocks).unwrap_or(u32::MAX)))
    }

    fn mine(&mut self) -> Vec<(Side, Note)> {
        let Some(next) = self.next_height() else { return Vec::new() };
        self.mine_to(next)
    }

    /// The chain grows to a height: nodes let go of what expires, both machines are woken.
    pub fn mine_to(&mut self, height: Height) -> Vec<(Side, Note)> {
        self.height = height;
        let auto_cancel = self.seller.terms.agreed.seller_auto_cancel;
        for htlc in [&mut self.collateral, &mut self.price] {
            htlc.pass_time(height, auto_cancel, true);
        }
        let mut notes = Vec::new();
        for side in [Side::Buyer, Side::Seller] {
            notes.extend(self.input(side, &Input::Tick).into_iter().map(|note| (side, note)));
        }
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
