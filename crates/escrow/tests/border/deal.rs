//! A listing, a bid on it, and the two machines that follow from them, with real keys.

use domp_escrow::{
    draft::desk::{self, NewBid},
    offering::{self, Given, Policy},
    terms::{Side, Terms},
    trade::Trade,
};
use domp_protocol::{
    deadlines::Agreed,
    event::{EventDraft, Signer, VerifiedEvent},
    ids::{Nonce, PaymentHash, PublicKey},
    kinds::{Bid, Listing, ListingEscrow, Signed},
    network::Network,
    node_key::NodeKey,
    node_proof::ProvenNode,
    purpose::Purpose,
    secret::Preimage,
    tags::{escrow::Mode, node::LnNode, relays::RelayUrl, sealed::Sealed},
    units::{Blocks, Height, Sat, Unix},
};
use std::collections::BTreeMap;

/// When everything begins.
pub const DAWN: Unix = Unix(1_700_000_000);
/// Where the chain stands then.
pub const START: Height = Height(800_000);

pub fn sat(sat: u64) -> Sat {
    Sat::new(sat).unwrap()
}

/// The people, their nodes, and what the buyer keeps secret.
pub struct People {
    pub buyer: Signer,
    pub seller: Signer,
    pub stranger: Signer,
    pub buyer_node: NodeKey,
    pub seller_node: NodeKey,
}

impl People {
    pub fn new() -> Self {
        let signer = |byte| Signer::from_bytes(&[byte; 32]).unwrap();
        let node = |byte| NodeKey::from_bytes(&[byte; 32]).unwrap();
        Self {
            buyer: signer(0x11),
            seller: signer(0x22),
            stranger: signer(0x33),
            buyer_node: node(0x44),
            seller_node: node(0x55),
        }
    }
    pub fn signer(&self, side: Side) -> &Signer {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }
    pub fn node(&self, side: Side) -> &NodeKey {
        match side {
            Side::Buyer => &self.buyer_node,
            Side::Seller => &self.seller_node,
        }
    }
}

/// A node's own statement for a person.
pub fn ln_node(node: &NodeKey, owner: &PublicKey) -> LnNode {
    let proven = ProvenNode::sign(node, owner);
    LnNode { node: proven.node(), signature: proven.signature().to_owned() }
}

/// R of a role.
pub fn preimage(role: Purpose) -> Preimage {
    Preimage::from_bytes([if role == Purpose::Purchase { 0xa1 } else { 0xb2 }; 32])
}

/// Hash and nonce of each role that has an amount.
pub fn secrets(collateral: bool) -> BTreeMap<Purpose, (PaymentHash, Nonce)> {
    let roles: &[Purpose] =
        if collateral { &[Purpose::Purchase, Purpose::BuyerCollateral] } else { &[Purpose::Purchase] };
    let one = |role: &Purpose| (*role, (preimage(*role).hash(), Nonce::from_bytes([7 + *role as u8; 32])));
    roles.iter().map(one).collect()
}

/// The hexadecimal text of bytes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Has the form of a NIP-44 payload; [`unseal`] opens it. The text may hold up to 64 characters of base64.
pub fn seal(text: &str) -> Sealed {
    format!("Ag{text}{}", "A".repeat(130 - text.len())).parse().unwrap()
}

/// Opens what [`seal`] closed over 64 characters.
pub fn unseal(sealed: &Sealed) -> String {
    sealed.as_str()[2..66].to_owned()
}

pub fn relay(name: &str) -> RelayUrl {
    format!("wss://{name}.example").parse().unwrap()
}

pub fn sign(draft: EventDraft, signer: &Signer) -> VerifiedEvent {
    let event = draft.sign(signer).unwrap();
    // Whoever receives it starts from the text.
    VerifiedEvent::check(&event.json(), DAWN.plus(30 * 86_400)).unwrap()
}

pub fn agreed() -> Agreed {
    Agreed {
        handling: Blocks(144),
        transit: Blocks(144),
        inspection: Blocks(432),
        seller_auto_cancel: Blocks(18),
        buyer_auto_cancel: None,
    }
}

/// A good listing; change a field to spoil it.
pub fn good_listing(people: &People) -> Listing {
    Listing {
        product_name: "Teapot".into(),
        description: "Stoneware, 1 l, glazed gr\u{fc}n".into(),
        price: sat(100_000),
        category: None,
        storage_link: None,
        shipping_info: None,
        seller_collateral: None,
        name: None,
        escrow: Some(ListingEscrow {
            modes: vec![Mode::Direct],
            heights: agreed(),
            node: ln_node(&people.seller_node, &people.seller.public_key()),
            arbiters: Vec::new(),
            relays: vec![relay("seller"), relay("both")],
        }),
    }
}

pub fn signed_listing(people: &People, listing: &Listing) -> Signed<Listing> {
    use domp_protocol::kinds::Kind;
    let draft = listing.draft(&Default::default(), DAWN).unwrap();
    Signed::read_as(&sign(draft, &people.seller)).unwrap()
}

/// A bid as the desk writes it; change the draft's order to spoil it.
pub struct Order {
    pub amount: u64,
    pub collateral: u64,
    pub hours: Option<u8>,
    pub relays: Vec<RelayUrl>,
    pub at: Unix,
}

impl Default for Order {
    fn default() -> Self {
        let relays = vec![relay("both"), relay("buyer")];
        Self { amount: 100_000, collateral: 100_000, hours: None, relays, at: DAWN.plus(60) }
    }
}

pub fn bid_draft(people: &People, listing: &Signed<Listing>, order: &Order) -> EventDraft {
    desk::bid(&NewBid {
        listing,
        answers: None,
        amount: sat(order.amount),
        buyer_collateral: sat(order.collateral),
        message: Some("Nice teapot \u{2615}"),
        payment_timeout_hours: order.hours,
        secrets: &secrets(order.collateral > 0),
        node: &ln_node(&people.buyer_node, &people.buyer.public_key()),
        auto_cancel: Blocks(18),
        holds: Some(true),
        relays: &order.relays,
        backup: &seal(""),
        now: order.at,
    })
    .unwrap()
}

pub fn signed_bid(people: &People, listing: &Signed<Listing>, order: &Order) -> Signed<Bid> {
    Signed::read_as(&sign(bid_draft(people, listing, order), &people.buyer)).unwrap()
}

pub fn given() -> Given<'static> {
    Given { network: Network::Regtest, now: DAWN.plus(120), earlier: &[], policy: Policy::default() }
}

/// The whole deal: listing, bid, terms, both machines as they are before their first input.
pub struct Deal {
    pub people: People,
    pub bid: Signed<Bid>,
    pub terms: Terms,
    pub buyer: Trade,
    pub seller: Trade,
}

impl Deal {
    pub fn new(collateral: bool) -> Self {
        let people = People::new();
        let listing = signed_listing(&people, &good_listing(&people));
        let order = Order { collateral: if collateral { 100_000 } else { 0 }, ..Order::default() };
        let bid = signed_bid(&people, &listing, &order);
        let policy = Policy { min_collateral_percent: 0, ..Policy::default() };
        let terms = offering::terms(&listing, &bid, &Given { policy, ..given() }).unwrap();
        let buyer = Trade::for_buyer(terms.clone(), &secrets(collateral));
        let seller = Trade::for_seller(terms.clone());
        Self { people, bid, terms, buyer, seller }
    }
}
