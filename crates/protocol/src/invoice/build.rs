//! Writes invoices, for nodes that live in this process: the simulated network and the tests.
//!
//! It writes whatever it is told, also what [`super::CheckedInvoice::check`] refuses, since a simulated node can be hostile.

use crate::{
    ids::{NodeId, PaymentHash},
    network::Network,
    node_key::NodeKey,
    units::{Msat, Unix},
};
use bitcoin_hashes::{Hash, sha256};
use lightning_invoice::{
    CreationError, Currency, InvoiceBuilder, PaymentSecret, RouteHint, RouteHintHop, RoutingFees,
    SignOrCreationError,
};
use std::time::Duration;

/// What BOLT11 cannot express.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The description is longer than 639 bytes, the amount or the timestamp too large, or a hint too long.
    #[error("no invoice can say this: {0}")]
    Content(String),
    /// A route hint begins at something that is no public key.
    #[error("route hint from {0}, which is no public key")]
    HintNode(NodeId),
}

/// One hop of a private route hint: a channel that the public graph does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The node at the near end of the channel.
    pub from: NodeId,
    /// The short channel id.
    pub channel: u64,
    /// Fixed fee, in millisatoshi.
    pub base_msat: u32,
    /// Fee in millionths of the amount.
    pub per_million: u32,
    /// Blocks that the hop adds to the CLTV.
    pub cltv_delta: u16,
}

/// An invoice to be signed.
#[derive(Clone)]
pub struct Draft {
    /// The network.
    pub network: Network,
    /// The amount; without one the payer chooses.
    pub amount: Option<Msat>,
    /// The payment hash; for a hold invoice the payer's.
    pub hash: PaymentHash,
    /// The description.
    pub description: String,
    /// Write the description's SHA256 instead of its text.
    pub hashed_description: bool,
    /// When it is made.
    pub timestamp: Unix,
    /// Seconds until it expires.
    pub expiry_seconds: u64,
    /// c: the final CLTV delta.
    pub cltv: u64,
    /// The payment secret: random bytes of the payee's, public to whoever has the invoice.
    pub payment_secret: [u8; 32],
    /// Offer `basic_mpp`.
    pub splits: bool,
    /// Private route hints, each a list of hops.
    pub hints: Vec<Vec<Hop>>,
}

impl Draft {
    /// Signs it with the key of the node that issues it, and writes it in BOLT11.
    pub fn sign(&self, key: &NodeKey) -> Result<String, BuildError> {
        let builder = InvoiceBuilder::new(currency(self.network))
            .payment_hash(sha256::Hash::from_byte_array(*self.hash.as_bytes()))
            .payment_secret(PaymentSecret(self.payment_secret))
            .duration_since_epoch(Duration::from_secs(self.timestamp.0))
            .min_final_cltv_expiry_delta(self.cltv)
            .expiry_time(Duration::from_secs(self.expiry_seconds));
        let mut builder = if self.hashed_description {
            builder.description_hash(sha256::Hash::hash(self.description.as_bytes()))
        } else {
            builder.description(self.description.clone())
        };
        if let Some(amount) = self.amount {
            builder = builder.amount_milli_satoshis(amount.get());
        }
        if self.splits {
            builder = builder.basic_mpp();
        }
        for hint in &self.hints {
            builder = builder.private_route(route_hint(hint)?);
        }
        builder
            .try_build_signed(|message| Ok(key.sign(*message.as_ref())))
            .map(|invoice| invoice.to_string())
            .map_err(|error: SignOrCreationError<CreationError>| BuildError::Content(error.to_string()))
    }
}

const fn currency(network: Network) -> Currency {
    match network {
        Network::Mainnet => Currency::Bitcoin,
        Network::Testnet => Currency::BitcoinTestnet,
        Network::Signet => Currency::Signet,
        Network::Regtest => Currency::Regtest,
    }
}

fn route_hint(hops: &[Hop]) -> Result<RouteHint, BuildError> {
    let hop = |hop: &Hop| {
        let from = secp256k1::PublicKey::from_slice(hop.from.as_bytes());
        Ok(RouteHintHop {
            src_node_id: from.map_err(|_| BuildError::HintNode(hop.from))?,
            short_channel_id: hop.channel,
            fees: RoutingFees { base_msat: hop.base_msat, proportional_millionths: hop.per_million },
            cltv_expiry_delta: hop.cltv_delta,
            htlc_minimum_msat: None,
            htlc_maximum_msat: None,
        })
    };
    hops.iter().map(hop).collect::<Result<_, _>>().map(RouteHint)
}
