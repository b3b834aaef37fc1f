//! Kinds of nodes: what each can do and how it behaves, after the figures measured on real ones.

use domp_ports::lightning::Capabilities;
use domp_protocol::units::{Blocks, Msat};

/// What a payer adds to the final CLTV delta that an invoice asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtraCltv {
    /// Always added.
    pub fixed: Blocks,
    /// At most this much more, at random, as far as the payment's CLTV limit allows.
    pub random: Blocks,
}

/// What a node asks for forwarding a payment (BOLT 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoutingPolicy {
    /// Fixed fee.
    pub base: Msat,
    /// Fee in millionths of the amount forwarded.
    pub per_million: u64,
    /// Blocks between the incoming and the outgoing HTLC's expiry.
    pub cltv_delta: Blocks,
}

impl RoutingPolicy {
    /// The fee for forwarding `amount`.
    pub fn fee(&self, amount: Msat) -> Msat {
        let share = u128::from(amount.get()) * u128::from(self.per_million) / 1_000_000;
        let share = Msat::new(u64::try_from(share).unwrap_or(u64::MAX)).unwrap_or(amount);
        self.base.saturating_add(share)
    }
}

/// A kind of node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What it declares.
    pub capabilities: Capabilities,
    /// What it adds when it pays.
    pub extra_cltv: ExtraCltv,
    /// What it asks for when it forwards.
    pub policy: RoutingPolicy,
    /// Seconds that it waits for the missing parts of a payment.
    pub mpp_timeout_seconds: u64,
}

const POLICY: RoutingPolicy = RoutingPolicy { base: msat(1000), per_million: 1, cltv_delta: Blocks(80) };

const fn msat(amount: u64) -> Msat {
    match Msat::new(amount) {
        Ok(amount) => amount,
        Err(_) => Msat::ZERO,
    }
}

impl Profile {
    /// As LND 0.21: lets go 18 blocks before expiry, adds 3 blocks as a payer, sees the whole route.
    pub fn lnd() -> Self {
        Self {
            capabilities: Capabilities {
                implementation: "simulated, in the manner of LND 0.21".into(),
                holds: true,
                auto_cancel: Blocks(18),
                on_chain_claim: Blocks(16),
                settles_on_chain: true,
                dedupes_payments: true,
                min_cltv: Blocks(24),
                max_route_cltv: Blocks(2016),
                sees_final_expiry: true,
                slots_per_channel: 483,
            },
            extra_cltv: ExtraCltv { fixed: Blocks(3), random: Blocks(0) },
            policy: POLICY,
            mpp_timeout_seconds: 120,
        }
    }

    /// As LDK 0.2: lets go 39 blocks before expiry, adds up to 160 blocks as a payer, sees its first hop only.
    pub fn ldk() -> Self {
        Self {
            capabilities: Capabilities {
                implementation: "simulated, in the manner of LDK 0.2".into(),
                holds: true,
                auto_cancel: Blocks(39),
                on_chain_claim: Blocks(36),
                settles_on_chain: true,
                dedupes_payments: true,
                min_cltv: Blocks(42),
                max_route_cltv: Blocks(2016),
                sees_final_expiry: false,
                slots_per_channel: 50,
            },
            extra_cltv: ExtraCltv { fixed: Blocks(1), random: Blocks(160) },
            policy: RoutingPolicy { cltv_delta: Blocks(72), ..POLICY },
            mpp_timeout_seconds: 27,
        }
    }

    /// As Core Lightning with a plugin that holds: lets go 24 blocks before expiry, and cannot claim a held HTLC once
    /// its channel is on chain.
    pub fn cln() -> Self {
        Self {
            capabilities: Capabilities {
                implementation: "simulated, in the manner of Core Lightning 26.06 with a hold plugin".into(),
                holds: true,
                auto_cancel: Blocks(24),
                on_chain_claim: Blocks(17),
                settles_on_chain: false,
                dedupes_payments: true,
                min_cltv: Blocks(30),
                max_route_cltv: Blocks(2016),
                sees_final_expiry: false,
                slots_per_channel: 30,
            },
            extra_cltv: ExtraCltv { fixed: Blocks(1), random: Blocks(80) },
            policy: RoutingPolicy { cltv_delta: Blocks(34), ..POLICY },
            mpp_timeout_seconds: 60,
        }
    }

    /// As Eclair: pays only, adds 150 to 350 blocks, and sends again when it is told to pay again.
    pub fn pay_only() -> Self {
        Self {
            capabilities: Capabilities {
                implementation: "simulated, in the manner of Eclair 0.14".into(),
                holds: false,
                auto_cancel: Blocks(0),
                on_chain_claim: Blocks(24),
                settles_on_chain: true,
                dedupes_payments: false,
                min_cltv: Blocks(24),
                max_route_cltv: Blocks(2015),
                sees_final_expiry: false,
                slots_per_channel: 30,
            },
            extra_cltv: ExtraCltv { fixed: Blocks(150), random: Blocks(200) },
            policy: RoutingPolicy { cltv_delta: Blocks(144), ..POLICY },
            mpp_timeout_seconds: 60,
        }
    }
}
