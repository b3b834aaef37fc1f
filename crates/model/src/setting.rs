//! The setting: who trades what on which terms, with fixed keys and hashes.

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

/// The knobs of a world's terms.
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
}

impl Default for Setting {
    fn default() -> Self {
        Self { collateral: true, handling: 144, transit: 144, inspection: 432, auto_cancel: 18 }
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
            relays: vec!["ws://127.0.0.1:1".into()],
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
