//! Health, backup and rebuilding as the API shows them.

use domp_engine::{RebuildReport, health::Health as EngineHealth};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the daemon and its neighbours are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// Whether nothing is wrong.
    pub good: bool,
    /// What is wrong, one line each, with its way out.
    pub troubles: Vec<String>,
    /// The daemon's version.
    pub version: String,
    /// Our Nostr key, hex.
    pub public_key: String,
    /// Our Nostr key as people exchange it.
    pub npub: String,
    /// The Bitcoin network.
    pub network: String,
    /// The Lightning node.
    pub node: NodeHealth,
    /// The relays.
    pub relays: Vec<RelayHealth>,
    /// Trades that are not over.
    pub open_trades: usize,
    /// Trades that are frozen because going on would break an invariant.
    pub frozen_trades: usize,
    /// What is not done yet, or waits to be done again.
    pub pending_effects: usize,
    /// Whether everything that was open at the start has been looked at since.
    pub recovered: bool,
}

/// How the node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeHealth {
    /// Its kind and version.
    pub implementation: String,
    /// It answered the last call.
    pub reachable: bool,
    /// Its height.
    pub height: Option<u32>,
    /// The time in its best block.
    pub block_time: Option<u64>,
    /// Whether that height may be relied on.
    pub fresh: bool,
    /// The last thing that went wrong.
    pub last_error: Option<String>,
}

/// How a relay is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RelayHealth {
    /// Its address.
    pub url: String,
    /// Connected now.
    pub connected: bool,
    /// The last thing that went wrong.
    pub last_error: Option<String>,
}

/// What a rebuilding from the relays found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rebuilt {
    /// Trades made anew.
    pub rebuilt: Vec<String>,
    /// Trades that were here already.
    pub known: Vec<String>,
    /// Bids that could not be rebuilt, and why.
    pub failed: Vec<NotRebuilt>,
}

/// A bid that could not be rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotRebuilt {
    /// The bid.
    pub bid: String,
    /// Why.
    pub reason: String,
}

/// What the engine does not know of itself.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Our Nostr key, hex.
    pub public_key: String,
    /// The same as people exchange it.
    pub npub: String,
    /// The Bitcoin network.
    pub network: String,
    /// The node's kind and version.
    pub implementation: String,
}

impl Health {
    /// What the engine says, and who we are.
    pub fn of(health: &EngineHealth, identity: &Identity) -> Self {
        Self {
            good: health.is_good(),
            troubles: health.troubles.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            public_key: identity.public_key.clone(),
            npub: identity.npub.clone(),
            network: identity.network.clone(),
            node: NodeHealth {
                implementation: identity.implementation.clone(),
                reachable: health.node.reachable,
                height: health.node.height.map(|height| height.0),
                block_time: health.node.block_time.map(|time| time.0),
                fresh: health.node.fresh,
                last_error: health.node.last_error.clone(),
            },
            relays: health
                .relays
                .iter()
                .map(|relay| RelayHealth {
                    url: relay.url.clone(),
                    connected: relay.connected,
                    last_error: relay.last_error.clone(),
                })
                .collect(),
            open_trades: health.open_trades,
            frozen_trades: health.frozen_trades,
            pending_effects: health.pending_effects,
            recovered: health.recovered,
        }
    }
}

impl From<RebuildReport> for Rebuilt {
    fn from(report: RebuildReport) -> Self {
        let ids = |ids: Vec<domp_protocol::ids::EventId>| ids.iter().map(ToString::to_string).collect();
        let failed = report.failed.into_iter();
        Self {
            rebuilt: ids(report.rebuilt),
            known: ids(report.known),
            failed: failed.map(|(bid, reason)| NotRebuilt { bid: bid.to_string(), reason }).collect(),
        }
    }
}
