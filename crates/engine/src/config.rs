//! Configuration: numbers and names that a person may choose; none of them changes a rule.

use crate::faults::{Faults, NoFaults};
use domp_escrow::offering::Policy;
use domp_protocol::network::Network;
use std::{fmt, sync::Arc, time::Duration};

pub use domp_escrow::liquidity::FeeLimit;

/// What an engine is told besides its ports.
#[derive(Clone)]
pub struct EngineConfig {
    /// The network to trade on; a node on another one is refused at start.
    pub network: Network,
    /// Our relays: named in listings and bids, read from and written to.
    pub relays: Vec<String>,
    /// What our person wants of the bids that become trades.
    pub policy: Policy,
    /// The most that a routing fee may be.
    pub fee: FeeLimit,
    /// Bounds on time.
    pub times: Times,
    /// Bounds on size.
    pub bounds: Bounds,
    /// Where a test may make things go wrong.
    pub faults: Arc<dyn Faults>,
}

/// How long things may take, and how often things are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The longest wait for one call to the node.
    pub call: Duration,
    /// The longest wait for relays to answer a publication.
    pub publish: Duration,
    /// How long the node may look for a route.
    pub route: Duration,
    /// The longest wait at start for the node's and the relays' news before deadlines are acted on.
    pub catch_up: Duration,
    /// Between two complete readings of the node.
    pub sweep: Duration,
    /// Between two looks at the clock.
    pub pulse: Duration,
    /// The first pause before something is tried again; it doubles each time.
    pub retry_first: Duration,
    /// The longest such pause.
    pub retry_most: Duration,
}

/// How many of a thing there may be at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Calls to the node under way.
    pub node_calls: usize,
    /// Letters being sent.
    pub mails: usize,
    /// Effects taken from the outbox into memory; the others wait on disk.
    pub effects: usize,
    /// Trades kept in memory.
    pub cached_trades: usize,
    /// Invoices and payments watched by a stream of their own; the others are seen by the sweep.
    pub watches: usize,
    /// Events from relays waiting to be looked at.
    pub inbox: usize,
    /// Events of one author kept until what they refer to arrives.
    pub held_per_author: usize,
    /// The same of everybody together.
    pub held: usize,
    /// Bids of one author that are neither accepted nor over.
    pub bids_per_author: usize,
    /// Bits of proof of work that a bid on a listing of ours must carry; 0 asks for none.
    pub bid_work_bits: u16,
    /// Bits of proof of work that our public events carry even where no relay asks for any: other clients refuse events
    /// without a proof.
    pub least_work_bits: u16,
    /// The most bits that are searched for: a relay that asks for more goes without. At most 32 count.
    pub most_work_bits: u16,
    /// Engine events kept for a listener that is slow; older ones are dropped for it.
    pub listener_backlog: usize,
}

impl EngineConfig {
    /// The defaults on `network`, with these relays.
    pub fn new(network: Network, relays: Vec<String>) -> Self {
        Self {
            network,
            relays,
            policy: Policy::default(),
            fee: FeeLimit::default(),
            times: Times::default(),
            bounds: Bounds::default(),
            faults: Arc::new(NoFaults),
        }
    }
}

impl fmt::Debug for EngineConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineConfig")
            .field("network", &self.network)
            .field("relays", &self.relays)
            .field("policy", &self.policy)
            .field("fee", &self.fee)
            .field("times", &self.times)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

impl Default for Times {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(30),
            publish: Duration::from_secs(20),
            route: Duration::from_secs(60),
            catch_up: Duration::from_secs(20),
            sweep: Duration::from_secs(60),
            pulse: Duration::from_secs(1),
            retry_first: Duration::from_millis(250),
            retry_most: Duration::from_secs(60),
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            node_calls: 32,
            mails: 64,
            effects: 20_000,
            cached_trades: 200_000,
            watches: 2_000,
            inbox: 1_024,
            held_per_author: 64,
            held: 4_096,
            bids_per_author: 16,
            bid_work_bits: 0,
            least_work_bits: 8,
            most_work_bits: 24,
            listener_backlog: 1_024,
        }
    }
}
