//! The whole simulated network as one plain structure, and how time passes in it.

use crate::{
    calendar::{Calendar, Due, Timeout},
    chain::Chain,
    channel::{Channel, ForceClose},
    htlc::{Part, PartId},
    node::{Node, NodeIndex},
    seed::Seed,
};
use domp_ports::lightning::Tip;
use domp_protocol::{
    ids::{NodeId, PaymentHash},
    network::Network,
    units::{Blocks, Height, Msat, Unix},
};
use std::collections::HashMap;

/// What a world starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Keys, preimages and whatever is random follow from it.
    pub seed: u64,
    /// The network that invoices are for.
    pub network: Network,
    /// Height of the first tip.
    pub height: Height,
    /// The time, and the first tip's timestamp.
    pub time: Unix,
    /// Seconds that pass with each block mined.
    pub block_seconds: u64,
}

impl Default for Settings {
    /// Regtest at height 800,000, with a block every ten minutes from 1 January 2026 on.
    fn default() -> Self {
        Self {
            seed: 1,
            network: Network::Regtest,
            height: Height(800_000),
            time: Unix(1_767_225_600),
            block_seconds: 600,
        }
    }
}

/// Something that has changed, in the order in which it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The state of this node's invoice.
    Invoice(NodeIndex, PaymentHash),
    /// The state of this node's payment, or its parts in flight.
    Payment(NodeIndex, PaymentHash),
    /// The tip of the chain.
    Block(Tip),
    /// This node was killed: its streams are broken.
    Stopped(NodeIndex),
}

/// A simulated Lightning network. The same settings and the same calls give the same world.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) seed: u64,
    pub(crate) network: Network,
    pub(crate) random: Seed,
    pub(crate) now: Unix,
    pub(crate) block_seconds: u64,
    pub(crate) chain: Chain,
    pub(crate) nodes: Vec<Node>,
    pub(crate) by_id: HashMap<NodeId, NodeIndex>,
    /// Who first issued an invoice on a hash.
    pub(crate) issuers: HashMap<PaymentHash, NodeIndex>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) parts: HashMap<PartId, Part>,
    pub(crate) by_hash: HashMap<PaymentHash, Vec<PartId>>,
    pub(crate) next_part: u64,
    pub(crate) heights: Calendar<Height, Due>,
    pub(crate) times: Calendar<Unix, Timeout>,
    pub(crate) force_closes: Vec<ForceClose>,
    pub(crate) changes: Vec<Change>,
}

impl World {
    /// A world without nodes.
    pub fn new(settings: Settings) -> Self {
        Self {
            seed: settings.seed,
            network: settings.network,
            random: Seed::new(settings.seed),
            now: settings.time,
            block_seconds: settings.block_seconds,
            chain: Chain::new(settings.height, settings.time),
            nodes: Vec::new(),
            by_id: HashMap::new(),
            issuers: HashMap::new(),
            channels: Vec::new(),
            parts: HashMap::new(),
            by_hash: HashMap::new(),
            next_part: 0,
            heights: Calendar::new(),
            times: Calendar::new(),
            force_closes: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// What has changed since this was last asked. Whoever drives the world asks after each call, or the list grows.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The time.
    pub const fn now(&self) -> Unix {
        self.now
    }

    /// Height of the best block.
    pub fn height(&self) -> Height {
        self.chain.height()
    }

    /// The tip as a synced node sees it.
    pub fn tip(&self) -> Tip {
        self.chain.tip()
    }

    /// The next height at which anything falls due.
    pub fn next_due(&self) -> Option<Height> {
        self.heights.next()
    }

    /// Lets time pass without a block.
    pub fn pass_seconds(&mut self, seconds: u64) {
        self.set_time(self.now.plus(seconds));
    }

    /// Sets the clock forward; never back.
    pub fn set_time(&mut self, time: Unix) {
        self.now = self.now.max(time);
        for due in self.times.take_due(self.now) {
            match due {
                Timeout::Invoice { payee, hash } => self.invoice_expired(payee, hash),
                Timeout::Mpp { payee, hash, round } => self.mpp_timed_out(payee, hash, round),
            }
        }
    }

    /// Mines blocks one by one; each lets its seconds pass first, then does what falls due at its height.
    pub fn mine(&mut self, blocks: u32) {
        for _ in 0..blocks {
            self.pass_seconds(self.block_seconds);
            self.chain.extend(self.now);
            self.changes.push(Change::Block(self.chain.tip()));
            for due in self.heights.take_due(self.chain.height()) {
                self.fall_due(due);
            }
        }
    }

    /// The latest `depth` blocks go, and `blocks` others come instead. What was done because of a height stays done;
    /// transactions confirm again at once.
    pub fn reorganise(&mut self, depth: Blocks, blocks: u32) {
        self.chain.shorten(depth);
        self.changes.push(Change::Block(self.chain.tip()));
        self.mine(blocks);
    }

    fn fall_due(&mut self, due: Due) {
        match due {
            Due::LetGo { payee, hash } => self.let_go_due(payee, hash),
            Due::Claim { part, hop } => self.claim_due(part, hop),
            Due::Expiry { part, hop } => self.expiry_due(part, hop),
            Due::Confirmed { channel } => self.confirm(channel),
            Due::Closed { channel } => self.bury(channel),
            Due::Mature { node, amount } => self.mature(node, amount),
        }
    }

    fn mature(&mut self, node: NodeIndex, amount: Msat) {
        let node = &mut self.nodes[node.0];
        node.maturing = node.maturing.saturating_sub(amount);
        node.on_chain = node.on_chain.saturating_add(amount);
    }
}
