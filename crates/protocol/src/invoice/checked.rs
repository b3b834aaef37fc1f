//! An invoice of the escrow that has passed every check.

use super::{
    Expected, InvoiceError,
    rules::{HashRule, Terms, check_left, examine},
};
use crate::{
    ids::{NodeId, PaymentHash, TradeId},
    network::Network,
    purpose::Purpose,
    units::{Blocks, Msat, Unix},
};
use serde::{Deserialize, Serialize};

/// A hold invoice that may be paid: made by [`CheckedInvoice::check`] only.
///
/// It can be deserialised so that a trade can be loaded from our own storage. That asks no rule again: never deserialise
/// one from anywhere that somebody else can write to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedInvoice {
    bolt11: String,
    network: Network,
    amount: Msat,
    hash: PaymentHash,
    payee: NodeId,
    purpose: Purpose,
    trade: TradeId,
    cltv: Blocks,
    timestamp: Unix,
    expires_at: Unix,
    splits: bool,
    fallbacks: usize,
    hints: usize,
}

impl CheckedInvoice {
    /// Asks every rule of `spec/escrow-v1.md`, "Checking an invoice", and refuses with the first that is broken. The
    /// caller still has to know that the hash was never used before (a unique index does) and that `expected.payee` is
    /// bound to the payee's Nostr key ([`crate::node_proof`]).
    pub fn check(bolt11: &str, expected: &Expected, now: Unix) -> Result<Self, InvoiceError> {
        let terms = Terms {
            network: expected.network,
            amount: expected.amount,
            hash: HashRule::Exactly(&expected.hash),
            payee: &expected.payee,
            own_node: expected.own_node.as_ref(),
            purpose: expected.purpose,
            trade: &expected.trade,
            min_cltv: expected.min_cltv,
            max_cltv: expected.max_cltv,
            min_left_seconds: expected.min_left_seconds,
            may_split: expected.may_split,
        };
        let facts = examine(bolt11, &terms, now)?;
        Ok(Self {
            bolt11: facts.text,
            network: expected.network,
            amount: facts.amount,
            hash: facts.hash,
            payee: expected.payee,
            purpose: expected.purpose,
            trade: expected.trade,
            cltv: facts.cltv,
            timestamp: facts.timestamp,
            expires_at: facts.expires_at,
            splits: facts.splits,
            fallbacks: facts.fallbacks,
            hints: facts.hints,
        })
    }

    /// Whether it can still be paid: at least `min_left_seconds` before it expires. Asked again right before paying.
    pub fn still_payable(&self, now: Unix, min_left_seconds: u64) -> Result<(), InvoiceError> {
        check_left(self.expires_at, now, min_left_seconds)
    }

    /// The invoice in lower case, without `lightning:`.
    pub fn bolt11(&self) -> &str {
        &self.bolt11
    }
    /// Its network.
    pub const fn network(&self) -> Network {
        self.network
    }
    /// Its exact amount.
    pub const fn amount(&self) -> Msat {
        self.amount
    }
    /// Its payment hash: ours.
    pub const fn hash(&self) -> PaymentHash {
        self.hash
    }
    /// The node that signed it.
    pub const fn payee(&self) -> NodeId {
        self.payee
    }
    /// What it is for.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }
    /// The trade it belongs to.
    pub const fn trade(&self) -> TradeId {
        self.trade
    }
    /// c: its final CLTV delta.
    pub const fn cltv(&self) -> Blocks {
        self.cltv
    }
    /// When it was made, by the payee's clock.
    pub const fn timestamp(&self) -> Unix {
        self.timestamp
    }
    /// When it can no longer be paid.
    pub const fn expires_at(&self) -> Unix {
        self.expires_at
    }
    /// Whether the payee takes the payment in parts (`basic_mpp`).
    pub const fn splits(&self) -> bool {
        self.splits
    }
    /// How many on-chain fallback addresses it names. They are reported and never paid: coins sent there are no escrow.
    pub const fn fallbacks(&self) -> usize {
        self.fallbacks
    }
    /// How many private route hints it has.
    pub const fn route_hints(&self) -> usize {
        self.hints
    }
}
