//! The terms of a trade: what the bid fixed, never changed afterwards.

use domp_protocol::{
    deadlines::Agreed,
    ids::{EventId, NodeId, PublicKey, TradeId},
    network::Network,
    purpose::Purpose,
    units::{Blocks, Sat, Unix},
};
use serde::{Deserialize, Serialize};

/// Which of the two people this machine acts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Pays, receives the goods, alone can open the hashes.
    Buyer,
    /// Ships, holds the money without being able to take it.
    Seller,
}

impl Side {
    /// The other person.
    pub const fn other(self) -> Self {
        match self {
            Self::Buyer => Self::Seller,
            Self::Seller => Self::Buyer,
        }
    }
    /// The word people use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Seller => "seller",
        }
    }
}

/// What both sides agreed on when the bid was made.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Terms {
    /// The trade: the bid's event id.
    pub trade: TradeId,
    /// The listing (kind 300): the chain's root, DIP-03's `domp_transaction_id`.
    pub listing: EventId,
    /// The buyer's Nostr key.
    pub buyer: PublicKey,
    /// The seller's Nostr key.
    pub seller: PublicKey,
    /// The buyer's Lightning node.
    pub buyer_node: NodeId,
    /// The seller's Lightning node: the only payee that is ever paid.
    pub seller_node: NodeId,
    /// The network both nodes are on.
    pub network: Network,
    /// P `[D3-05]`.
    pub price: Sat,
    /// Cb `[D3-02]`; zero when there is none.
    pub buyer_collateral: Sat,
    /// h, t, i, D_S, D_B.
    pub agreed: Agreed,
    /// When the bid was made.
    pub bid_at: Unix,
    /// Seconds from the acceptance within which everything must be locked (`payment_timeout_hours` of the bid).
    pub payment_timeout_seconds: u64,
    /// Where this trade's events go: at least one of each side's relays.
    pub relays: Vec<String>,
}

impl Terms {
    /// The HTLCs of this trade in the order in which they are locked: purpose, amount, final CLTV delta.
    pub fn legs(&self) -> Vec<(Purpose, Sat, Blocks)> {
        let collateral =
            (Purpose::BuyerCollateral, self.buyer_collateral, self.agreed.buyer_collateral_cltv());
        let price = (Purpose::Purchase, self.price, self.agreed.purchase_cltv());
        [collateral, price].into_iter().filter(|(_, amount, _)| !amount.is_zero()).collect()
    }

    /// The Nostr key of one side.
    pub const fn key_of(&self, side: Side) -> PublicKey {
        match side {
            Side::Buyer => self.buyer,
            Side::Seller => self.seller,
        }
    }

    /// The moment after which an unanswered bid counts for nothing: two weeks.
    pub const fn lapses_at(&self) -> Unix {
        self.bid_at.plus(14 * 86_400)
    }
}
