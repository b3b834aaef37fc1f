//! What the trade says an invoice must be.

use crate::{
    ids::{NodeId, PaymentHash, TradeId},
    network::Network,
    purpose::Purpose,
    units::{Blocks, Sat},
};

/// What a hold invoice of a trade has to say, all of it known before the invoice arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The network that we trade on.
    pub network: Network,
    /// The exact amount of this role `[D3-16]`; a role of zero satoshi has no invoice.
    pub amount: Sat,
    /// Our own hash, whose preimage our vault holds.
    pub hash: PaymentHash,
    /// The payee's node: the `ln_node` that its owner's Nostr key is bound to `[D3-61]`.
    pub payee: NodeId,
    /// Our own node, which must not be the payee; `None` only when nothing is paid from here.
    pub own_node: Option<NodeId>,
    /// What the payment is for.
    pub purpose: Purpose,
    /// The trade: the id of its bid (kind 301).
    pub trade: TradeId,
    /// c as the agreed numbers require it; less would end the hold too early `[D3-53]`.
    pub min_cltv: Blocks,
    /// The largest c to accept: the protocol's ceiling, or less where our route needs it `[D3-54]`.
    pub max_cltv: Blocks,
    /// Seconds the invoice must still be payable: [`super::MIN_LEFT_SECONDS`] when it is about to be paid.
    pub min_left_seconds: u64,
    /// Whether our node may split the payment: an amount of two smallest parts or more then needs `basic_mpp` `[D3-63]`.
    pub may_split: bool,
}

/// What a late invoice has to say: the ordinary invoice by which a buyer pays after the escrow has failed and the goods
/// have arrived all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateExpected<'a> {
    /// The network that we trade on.
    pub network: Network,
    /// The bid's amount.
    pub amount: Sat,
    /// The seller's node.
    pub payee: NodeId,
    /// Our own node, which must not be the payee.
    pub own_node: Option<NodeId>,
    /// The trade: the id of its bid (kind 301).
    pub trade: TradeId,
    /// Our hashes of this trade: an ordinary invoice is on a hash of the seller's own, never again on one of ours.
    pub our_hashes: &'a [PaymentHash],
    /// Seconds the invoice must still be payable.
    pub min_left_seconds: u64,
}
