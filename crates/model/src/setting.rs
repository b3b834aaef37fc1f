//! The setting: who trades what on which terms, with fixed keys and hashes, and what the world around them is like.

use crate::{node::PAYER_ADDS, sabotage::Sabotage};
use domp_escrow::{terms::Terms, trade::Trade};
use domp_protocol::{
    deadlines::Agreed,
    ids::{EventId, NodeId, Nonce, PaymentHash, PublicKey},
    network::Network,
    purpose::Purpose,
    units::{Blocks, Height, Sat, Unix},
};
use std::collections::BTreeMap;

/// The height at which every world begins.
pub const START: Height = Height(800_000);
/// The time at which every world begins.
pub const DAWN: Unix = Unix(1_700_000_000);

/// The knobs of a world.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Whether the buyer puts up a collateral.
    pub collateral: bool,
    /// h, t, i.
    pub handling: u32,
    /// t.
    pub transit: u32,
    /// i.
    pub inspection: u32,
    /// D_S.
    pub auto_cancel: u32,
    /// What the world is like.
    pub nature: Nature,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            collateral: true,
            handling: 144,
            transit: 144,
            inspection: 432,
            auto_cancel: 18,
            nature: Nature::default(),
        }
    }
}

/// What the world is like: the nodes, the routes, the relays, the chain. Never changes within one world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nature {
    /// Blocks that the payer's node adds to the final delta: LND 3, shadow blocks of others up to 432.
    pub payer_adds: Blocks,
    /// δ: the sum of the deltas of the hops before the payee.
    pub route_delta: Blocks,
    /// Seconds that a block takes.
    pub seconds_per_block: u64,
    /// Payments take their time on the route and may fail there; otherwise they arrive at once.
    pub slow_routes: bool,
    /// The payee's node refuses HTLCs that expire sooner than its invoice asks, as LND does.
    pub strict_payee: bool,
    /// The payee's node accepts an HTLC on a hash that was cancelled, as LDK does.
    pub reopens: bool,
    /// The payee's node gives a held HTLC back by itself D blocks before it expires, as LND does. Otherwise the channel is
    /// closed at expiry.
    pub auto_cancels: bool,
    /// The payer's node refuses to pay a hash a second time, as LND does.
    pub dedupes: bool,
    /// Receipts are letters like others. Otherwise every letter is taken as acknowledged as soon as it was sent, which
    /// changes nothing but that it is not sent again: sound wherever no letter is lost, and far fewer states.
    pub receipts: bool,
    /// Bid, hashes and acceptance are sent again until they are answered. Otherwise they too are taken as acknowledged as
    /// soon as they were sent: a bid may wait for two weeks, and each time that it is sent again is a state of its own.
    pub first_again: bool,
    /// What becomes of the first try of an ordinary payment after the hold; the second goes through.
    pub late: Late,
    /// Relays keep everything, so that somebody who was restored from a backup can ask for it. Costs memory for each letter.
    pub relays_keep: bool,
    /// A rule that is taken out of the machines, to see what it is for.
    pub sabotage: Option<Sabotage>,
    /// What counts as a violation.
    pub judged: Judged,
}

/// What becomes of the first try of an ordinary payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Late {
    /// It goes through.
    Paid,
    /// The node refuses it, for want of a route.
    Refused,
    /// The call is never answered; the node got it and pays.
    Unanswered,
    /// The call is never answered, and the node never got it.
    NeverSent,
    /// Every part of it fails.
    Failed,
}

impl Late {
    /// Each of them; most payments go through.
    pub const ALL: [Self; 7] =
        [Self::Paid, Self::Paid, Self::Paid, Self::Refused, Self::Unanswered, Self::NeverSent, Self::Failed];
}

/// What counts as a violation; each counts what those before it count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Judged {
    /// Money or goods that somebody who follows the protocol loses beyond what it was told, a channel that is closed, and
    /// a trade that never ends.
    Losses,
    /// Also what a program orders or says that the protocol forbids, or believes although its node says otherwise.
    Conduct,
    /// Also every invariant that the machine carries.
    Invariants,
}

impl Default for Nature {
    fn default() -> Self {
        Self {
            payer_adds: PAYER_ADDS,
            route_delta: Blocks(80),
            seconds_per_block: 600,
            slow_routes: false,
            strict_payee: true,
            reopens: false,
            auto_cancels: true,
            dedupes: true,
            receipts: true,
            first_again: true,
            late: Late::Paid,
            relays_keep: false,
            sabotage: None,
            judged: Judged::Invariants,
        }
    }
}

fn id(tag: u8) -> EventId {
    EventId::from_bytes([tag; 32])
}

/// The price of every world's goods.
pub const PRICE: u64 = 100_000;

impl Setting {
    /// The terms.
    pub fn terms(&self) -> Terms {
        let sat = |amount| Sat::new(amount).unwrap_or(Sat::ZERO);
        Terms {
            trade: id(1),
            listing: id(2),
            buyer: PublicKey::from_bytes([3; 32]),
            seller: PublicKey::from_bytes([4; 32]),
            buyer_node: NodeId::from_bytes([2; 33]),
            seller_node: NodeId::from_bytes([3; 33]),
            network: Network::Regtest,
            price: sat(PRICE),
            buyer_collateral: if self.collateral { sat(PRICE) } else { Sat::ZERO },
            agreed: Agreed {
                handling: Blocks(self.handling),
                transit: Blocks(self.transit),
                inspection: Blocks(self.inspection),
                seller_auto_cancel: Blocks(self.auto_cancel),
                buyer_auto_cancel: Some(Blocks(18)),
            },
            bid_at: DAWN,
            payment_timeout_seconds: 86_400,
            // The machine never looks at them; the world has its own mail.
            relays: Vec::new(),
        }
    }

    /// The hashes that the buyer made.
    pub fn secrets(&self) -> BTreeMap<Purpose, (PaymentHash, Nonce)> {
        self.terms()
            .legs()
            .into_iter()
            .enumerate()
            .map(|(n, (purpose, ..))| {
                let tag = 0x50 + u8::try_from(n).unwrap_or(0);
                (purpose, (PaymentHash::from_bytes([tag; 32]), Nonce::from_bytes([tag; 32])))
            })
            .collect()
    }

    /// The buyer's machine.
    pub fn buyer(&self) -> Trade {
        Trade::for_buyer(self.terms(), &self.secrets())
    }

    /// The seller's machine.
    pub fn seller(&self) -> Trade {
        Trade::for_seller(self.terms())
    }
}
