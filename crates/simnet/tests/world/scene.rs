//! Small worlds, and trades in them.

use domp_ports::lightning::{HeldPart, HoldInvoice, InvoiceState, Pay, PaymentState, SentPart};
use domp_protocol::{
    ids::PaymentHash,
    secret::Preimage,
    units::{Blocks, Height, Msat, Sat},
};
use domp_simnet::{NodeIndex, Profile, Settings, World};

pub const CLTV: Blocks = Blocks(300);

pub fn sat(amount: u64) -> Msat {
    Sat::new(amount).unwrap().to_msat()
}

pub fn preimage(number: u8) -> Preimage {
    Preimage::from_bytes([number; 32])
}

/// A payer and a payee with one channel of 10,000,000 sat, half of it on each side.
pub struct Pair {
    pub world: World,
    pub payer: NodeIndex,
    pub payee: NodeIndex,
}

impl Pair {
    pub fn new() -> Self {
        Self::of(Profile::lnd(), Profile::lnd())
    }
    pub fn of(payer: Profile, payee: Profile) -> Self {
        let mut world = World::new(Settings::default());
        let payer = world.add_node("payer", payer);
        let payee = world.add_node("payee", payee);
        world.channel(payer, payee, sat(5_000_000), sat(5_000_000));
        Self { world, payer, payee }
    }
    pub fn deal(&mut self, number: u8) -> Deal {
        Deal::held(&mut self.world, self.payer, self.payee, number)
    }
}

/// A payer, a router and a payee in a row.
pub struct Row {
    pub world: World,
    pub payer: NodeIndex,
    pub router: NodeIndex,
    pub payee: NodeIndex,
}

impl Row {
    pub fn new() -> Self {
        let mut world = World::new(Settings::default());
        let [payer, router, payee] =
            ["payer", "router", "payee"].map(|alias| world.add_node(alias, Profile::lnd()));
        world.channel(payer, router, sat(5_000_000), sat(5_000_000));
        world.channel(router, payee, sat(5_000_000), sat(5_000_000));
        Self { world, payer, router, payee }
    }
    pub fn deal(&mut self, number: u8) -> Deal {
        Deal::issued(&mut self.world, self.payer, self.payee, number)
    }
}

/// One hold invoice and its payment.
pub struct Deal {
    pub payer: NodeIndex,
    pub payee: NodeIndex,
    pub preimage: Preimage,
    pub terms: HoldInvoice,
    pub bolt11: String,
}

impl Deal {
    pub fn issued(world: &mut World, payer: NodeIndex, payee: NodeIndex, number: u8) -> Self {
        Self::of(world, payer, payee, number, sat(100_000))
    }
    pub fn of(world: &mut World, payer: NodeIndex, payee: NodeIndex, number: u8, amount: Msat) -> Self {
        let preimage = preimage(number);
        let terms = HoldInvoice {
            hash: preimage.hash(),
            amount,
            cltv: CLTV,
            expiry_seconds: 86_400,
            description: "a thing".into(),
            private_hints: false,
        };
        let bolt11 = world.issue_hold_invoice(payee, &terms).unwrap();
        Self { payer, payee, preimage, terms, bolt11 }
    }
    pub fn held(world: &mut World, payer: NodeIndex, payee: NodeIndex, number: u8) -> Self {
        let deal = Self::issued(world, payer, payee, number);
        world.pay(payer, &deal.order()).unwrap();
        assert!(!deal.parts(world).is_empty(), "held after paying");
        deal
    }
    pub fn hash(&self) -> PaymentHash {
        self.terms.hash
    }
    pub fn order(&self) -> Pay {
        Pay {
            bolt11: self.bolt11.clone(),
            hash: self.hash(),
            max_fee: sat(1_000),
            max_parts: 4,
            max_cltv: Blocks(2016),
            timeout_seconds: 60,
        }
    }
    pub fn invoice(&self, world: &World) -> InvoiceState {
        world.invoice(self.payee, &self.hash()).unwrap()
    }
    pub fn payment(&self, world: &World) -> PaymentState {
        world.payment(self.payer, &self.hash())
    }
    /// The parts held at the payee; none when nothing is held.
    pub fn parts(&self, world: &World) -> Vec<HeldPart> {
        match self.invoice(world) {
            InvoiceState::Held(parts) => parts,
            _ => Vec::new(),
        }
    }
    /// The parts in flight at the payer; none when nothing is.
    pub fn in_flight(&self, world: &World) -> Vec<SentPart> {
        match self.payment(world) {
            PaymentState::InFlight(parts) => parts,
            _ => Vec::new(),
        }
    }
    /// The reason for which the payment failed.
    pub fn failure(&self, world: &World) -> String {
        match self.payment(world) {
            PaymentState::Failed(reason) => reason,
            other => panic!("the payment has not failed, it is {other:?}"),
        }
    }
    pub fn expiry(&self, world: &World) -> Height {
        self.parts(world).iter().map(|part| part.expiry).min().unwrap()
    }
}

/// Mines up to a height.
pub fn mine_to(world: &mut World, height: Height) {
    let now = world.height();
    assert!(now <= height, "{height} has passed, it is {now}");
    world.mine(now.until(height).0);
}
