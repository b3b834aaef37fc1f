//! One honest trade, event by event, and one good value of each kind.

use crate::people::{T, Who, hash, id};
use domp_protocol::{
    deadlines::Agreed,
    event::VerifiedEvent,
    ids::{AddressHash, ConfirmKey, EventId, Nonce},
    kinds::{
        Acceptance, AcceptanceEscrow, Agreement, ArbitrationOffer, Bid, BidEscrow, Body, CollateralDeposit,
        CounterBid, Dispute, Listing, ListingEscrow, Message, PaymentConfirmation, PaymentMethod,
        ReceiptConfirmation, Refund, Resolution, ShippingInfo, Signed, Status, Term,
    },
    private::Hashes,
    tags::{
        commit::Opened,
        escrow::Mode,
        links::{Links, Marker},
        relays::RelayUrl,
        sealed::Sealed,
    },
    units::{Blocks, Sat, Unix},
};

pub const PRICE: u64 = 80_000;

pub fn sat(amount: u64) -> Sat {
    Sat::new(amount).unwrap()
}
pub fn sealed(letter: char) -> Sealed {
    format!("Ag{}", letter.to_string().repeat(174)).parse().unwrap()
}
pub fn relays() -> Vec<RelayUrl> {
    ["wss://relay.example.org", "ws://127.0.0.1:7777/", "wss://relay.example.com:4433/path"]
        .map(|url| url.parse().unwrap())
        .to_vec()
}
pub fn heights(buyer: Option<u32>) -> Agreed {
    Agreed {
        handling: Blocks(144),
        transit: Blocks(144),
        inspection: Blocks(432),
        seller_auto_cancel: Blocks(18),
        buyer_auto_cancel: buyer.map(Blocks),
    }
}
pub fn hashes() -> Hashes {
    let opened = |byte| Opened { hash: hash(byte), nonce: Nonce::from_bytes([byte + 1; 32]) };
    Hashes { purchase: opened(0x50), buyer_collateral: Some(opened(0x60)) }
}

pub fn listing() -> Listing {
    Listing {
        product_name: "Caf\u{e9} grinder \u{1f527}".to_owned(),
        description: "Burrs of steel.\nUsed twice.".to_owned(),
        price: sat(PRICE),
        category: Some("kitchen".to_owned()),
        storage_link: Some("https://files.example.org/grinder".to_owned()),
        shipping_info: Some(ShippingInfo {
            domestic_cost: Some(sat(500)),
            international_cost: Some(sat(2500)),
            estimated_days: Some(3),
        }),
        seller_collateral: Some(sat(0)),
        name: Some("grinder-1".to_owned()),
        escrow: Some(ListingEscrow {
            modes: vec![Mode::Direct],
            heights: heights(None),
            node: Who::Seller.node(),
            arbiters: Vec::new(),
            relays: relays(),
        }),
    }
}
pub fn bid(listing: EventId) -> Bid {
    Bid {
        listing,
        amount: sat(PRICE),
        buyer_collateral: sat(PRICE),
        message: Some("F\u{fc}r die K\u{fc}che".to_owned()),
        shipping_address_hash: Some(AddressHash::from_bytes([7; 32])),
        payment_timeout_hours: Some(48),
        escrow: Some(BidEscrow {
            mode: Mode::Direct,
            heights: heights(Some(12)),
            commits: hashes().commits(),
            node: Who::Buyer.node(),
            arbiter: None,
            holds: Some(true),
            relays: relays(),
            backup: Some(sealed('b')),
        }),
    }
}
pub fn counter_bid(bid: EventId) -> CounterBid {
    CounterBid { bid, offer: sat(90_000), ln_invoice: None, seller_collateral_ref: None }
}
pub fn acceptance(bid: EventId) -> Acceptance {
    Acceptance {
        bid,
        ln_invoice: "lnbcrt800u1price".to_owned(),
        collateral_invoice: Some("lnbcrt800u1collateral".to_owned()),
        estimated_shipping_time: Some("two days".to_owned()),
        shipping_time_days: Some(2),
        terms: Some("no returns".to_owned()),
        invoice_expiry_seconds: Some(86_400),
        htlc_timeout: Some(heights(Some(12)).purchase_cltv()),
        escrow: Some(AcceptanceEscrow {
            mode: Mode::Direct,
            heights: heights(Some(12)),
            node: Who::Seller.node(),
            seller_collateral: None,
            relays: relays(),
            backup: Some(sealed('s')),
        }),
    }
}
pub fn deposit(listing: EventId) -> CollateralDeposit {
    CollateralDeposit { listing, amount: sat(40_000), hash: Some(hash(0x70)) }
}
pub fn payment(acceptance: EventId) -> PaymentConfirmation {
    PaymentConfirmation {
        acceptance,
        payment_proof: hash(0x50),
        collateral_proof: Some(hash(0x60)),
        payment_method: PaymentMethod::LightningHtlc,
        escrow_timeout: Some(heights(Some(12)).purchase_cltv()),
        encrypted_shipping_address: Some(sealed('a').as_str().to_owned()),
        shipping_instructions: Some("ring twice".to_owned()),
        payment_timestamp: Some(Unix(T)),
        backup: None,
    }
}
pub fn dispute(payment: EventId) -> Dispute {
    Dispute { payment, reason: "nothing came".to_owned(), details: Some("three weeks".to_owned()) }
}
pub fn receipt(payment: EventId) -> ReceiptConfirmation {
    ReceiptConfirmation {
        payment,
        status: Status::Received,
        rating: Some(5),
        feedback: Some("sch\u{f6}n".to_owned()),
        delivery_confirmation_time: Some(Unix(T + 500)),
        item_condition: Some("as new".to_owned()),
        shipping_rating: Some(4),
        communication_rating: Some(1),
        would_buy_again: Some(true),
        dispute_reason: None,
        encrypted_preimage: Some(sealed('p')),
        confirm: None,
    }
}
pub fn refund(payment: EventId) -> Refund {
    Refund { payment }
}
pub fn agreement(payment: EventId, term: Term) -> Agreement {
    Agreement { payment, term, arbitrator_ref: None, release_funds_to_arbitrator: None }
}

/// One good value of each kind, every field filled.
pub fn one_of_each() -> Vec<Body> {
    vec![
        listing().into(),
        bid(id(1)).into(),
        CounterBid {
            ln_invoice: Some("lnbcrt1".to_owned()),
            seller_collateral_ref: Some(id(9)),
            ..counter_bid(id(2))
        }
        .into(),
        acceptance(id(3)).into(),
        deposit(id(1)).into(),
        payment(id(4)).into(),
        dispute(id(5)).into(),
        ReceiptConfirmation { confirm: Some(ConfirmKey::from_bytes([8; 32])), ..receipt(id(5)) }.into(),
        refund(id(5)).into(),
        Agreement {
            arbitrator_ref: Some(id(6)),
            release_funds_to_arbitrator: Some(false),
            ..agreement(id(5), Term::Cancel)
        }
        .into(),
        ArbitrationOffer {
            dispute: Some(id(7)),
            arbitrator: Some(Who::Arbiter.key()),
            terms: Some("photographs decide".to_owned()),
            fee: Some(sat(1000)),
            contact_info: Some("by message".to_owned()),
        }
        .into(),
        Resolution {
            dispute: id(7),
            resolution: "buyer is right".to_owned(),
            fee: sat(1000),
            fee_deducted_from: Some("seller".to_owned()),
        }
        .into(),
        Message { message: "Gr\u{fc}\u{df}e \u{1f44b}".to_owned(), about: Some(id(1)) }.into(),
    ]
}

/// Signs a value.
pub fn event(who: Who, body: impl Into<Body>, links: &Links, created_at: u64) -> VerifiedEvent {
    body.into().draft(links, Unix(created_at)).unwrap().sign(&who.signer()).unwrap()
}
/// Signs a value and reads it back.
pub fn signed(who: Who, body: impl Into<Body>, links: &Links, created_at: u64) -> Signed<Body> {
    Signed::read(&event(who, body, links, created_at)).unwrap()
}

/// The events of one honest trade, in the order in which they were made; the bid is the second.
pub struct Trade {
    pub listing: VerifiedEvent,
    pub bid: VerifiedEvent,
    pub acceptance: VerifiedEvent,
    pub payment: VerifiedEvent,
    pub receipt: VerifiedEvent,
}

impl Trade {
    pub fn new() -> Self {
        let to_seller = Links::to(Who::Seller.key());
        let to_buyer = Links::to(Who::Buyer.key());
        let listing = event(Who::Seller, listing(), &Links::default(), T);
        let root = |links: &Links| links.clone().with(listing.id(), "wss://relay.example.org", Marker::Root);
        let bid = event(Who::Buyer, bid(listing.id()), &to_seller, T + 10);
        let acceptance = event(Who::Seller, acceptance(bid.id()), &root(&to_buyer), T + 20);
        let payment = event(Who::Buyer, payment(acceptance.id()), &root(&to_seller), T + 30);
        let receipt = event(Who::Buyer, receipt(payment.id()), &root(&to_seller), T + 40);
        Self { listing, bid, acceptance, payment, receipt }
    }
    pub fn events(&self) -> [&VerifiedEvent; 5] {
        [&self.listing, &self.bid, &self.acceptance, &self.payment, &self.receipt]
    }
}
