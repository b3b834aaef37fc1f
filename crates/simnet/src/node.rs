//! Nodes: what each keeps through a restart, and what it catches up on when it comes back.

use crate::{
    channel::ChannelId,
    conduct::{Conduct, HeldBack},
    faults::Faults,
    htlc::PartId,
    invoice::Invoice,
    payment::Payment,
    profile::Profile,
    seed,
    world::{Change, World},
};
use domp_ports::lightning::{Capabilities, LnError, NodeInfo, Tip};
use domp_protocol::{
    ids::{NodeId, PaymentHash},
    network::Network,
    node_key::NodeKey,
    node_proof,
    units::Msat,
};
use std::collections::{BTreeMap, HashMap};

/// A node's number in its world. Only the world that gave it knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub(crate) usize);

/// Something a node could not do when it was due, because it or its peer was away.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Task {
    Resolve(PartId, usize),
    LetGo(PaymentHash),
    Claim(PartId, usize),
    Expire(PartId, usize),
    ExpireInvoice(PaymentHash),
    GiveUpMpp(PaymentHash, u32),
}

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub alias: String,
    pub key: NodeKey,
    pub id: NodeId,
    pub profile: Profile,
    pub up: bool,
    /// The tip at which its chain source got stuck.
    pub stuck: Option<Tip>,
    pub on_chain: Msat,
    pub maturing: Msat,
    pub peers: BTreeMap<NodeIndex, Vec<ChannelId>>,
    pub invoices: HashMap<PaymentHash, Invoice>,
    pub payments: HashMap<PaymentHash, Payment>,
    pub backlog: Vec<Task>,
    pub conduct: Conduct,
    pub held_back: Vec<HeldBack>,
    pub faults: Faults,
    pub ordinary_invoices: u64,
    pub addresses: u64,
}

impl World {
    /// A new node, running, with no money and no channels.
    pub fn add_node(&mut self, alias: &str, profile: Profile) -> NodeIndex {
        let index = self.nodes.len();
        let key = seed::node_key(self.seed, index as u64);
        let id = key.id();
        self.nodes.push(Node {
            alias: alias.to_owned(),
            key,
            id,
            profile,
            up: true,
            stuck: None,
            on_chain: Msat::ZERO,
            maturing: Msat::ZERO,
            peers: BTreeMap::new(),
            invoices: HashMap::new(),
            payments: HashMap::new(),
            backlog: Vec::new(),
            conduct: Conduct::default(),
            held_back: Vec::new(),
            faults: Faults::default(),
            ordinary_invoices: 0,
            addresses: 0,
        });
        self.by_id.insert(id, NodeIndex(index));
        NodeIndex(index)
    }

    /// Kills a node. What it has written down (invoices, payments, HTLCs) survives.
    pub fn stop(&mut self, node: NodeIndex) {
        if self.nodes[node.0].up {
            self.nodes[node.0].up = false;
            self.changes.push(Change::Stopped(node));
        }
    }

    /// Starts a node that was killed: it meets its peers again, then does what fell due meanwhile.
    pub fn start(&mut self, node: NodeIndex) {
        if !self.nodes[node.0].up {
            self.nodes[node.0].up = true;
            self.catch_up(node);
        }
    }

    /// The node's chain source gets stuck: it sees no more blocks, says so, and acts on no height.
    pub fn stall_chain(&mut self, node: NodeIndex) {
        let tip = self.view(node);
        self.nodes[node.0].stuck = Some(Tip { synced: false, ..tip });
    }

    /// The node's chain source works again.
    pub fn resume_chain(&mut self, node: NodeIndex) {
        if self.nodes[node.0].stuck.take().is_some() {
            self.catch_up(node);
            self.changes.push(Change::Block(self.chain.tip()));
        }
    }

    fn catch_up(&mut self, node: NodeIndex) {
        if !self.is_up(node) {
            return;
        }
        let backlog = std::mem::take(&mut self.nodes[node.0].backlog);
        let (resolve, due): (Vec<_>, Vec<_>) =
            backlog.into_iter().partition(|task| matches!(task, Task::Resolve(..)));
        for task in resolve.into_iter().chain(due) {
            match task {
                Task::Resolve(part, hop) => self.resolve(part, hop),
                Task::LetGo(hash) => self.let_go_due(node, hash),
                Task::Claim(part, hop) => self.claim_due(part, hop),
                Task::Expire(part, hop) => self.expiry_due(part, hop),
                Task::ExpireInvoice(hash) => self.invoice_expired(node, hash),
                Task::GiveUpMpp(hash, round) => self.mpp_timed_out(node, hash, round),
            }
        }
    }

    /// Whether the node runs.
    pub fn is_up(&self, node: NodeIndex) -> bool {
        self.nodes[node.0].up
    }

    /// Whether the node runs and sees the chain.
    pub(crate) fn acts(&self, node: NodeIndex) -> bool {
        let node = &self.nodes[node.0];
        node.up && node.stuck.is_none()
    }

    /// The tip as the node sees it.
    pub(crate) fn view(&self, node: NodeIndex) -> Tip {
        self.nodes[node.0].stuck.unwrap_or_else(|| self.chain.tip())
    }

    /// The node's name for people.
    pub fn alias(&self, node: NodeIndex) -> &str {
        &self.nodes[node.0].alias
    }

    /// The node's public key.
    pub fn node_id(&self, node: NodeIndex) -> NodeId {
        self.nodes[node.0].id
    }

    /// What the node declares.
    pub fn capabilities(&self, node: NodeIndex) -> &Capabilities {
        &self.nodes[node.0].profile.capabilities
    }

    /// Who the node is and where its chain stands.
    pub fn info(&self, node: NodeIndex) -> NodeInfo {
        let known = &self.nodes[node.0];
        NodeInfo { id: known.id, alias: known.alias.clone(), network: self.network, tip: self.view(node) }
    }

    /// zbase32 signature of the node's key, as `signmessage` gives it.
    pub fn sign_message(&self, node: NodeIndex, message: &str) -> String {
        node_proof::sign_message(&self.nodes[node.0].key, message)
    }

    /// A fresh address; the simulated chain takes deposits by node only, so it is but a name.
    pub fn new_address(&mut self, node: NodeIndex) -> String {
        let prefix = match self.network {
            Network::Mainnet => "bc1q",
            Network::Testnet | Network::Signet => "tb1q",
            Network::Regtest => "bcrt1q",
        };
        let known = &mut self.nodes[node.0];
        known.addresses += 1;
        let name = seed::bytes(&[b"address", known.id.as_bytes(), &known.addresses.to_be_bytes()]);
        format!("{prefix}sim{}", hex::encode(&name[..16]))
    }

    /// Finds a peer by its key; refuses one that this world does not have.
    pub(crate) fn peer(&self, node: NodeIndex, id: &NodeId) -> Result<NodeIndex, LnError> {
        match self.by_id.get(id) {
            Some(peer) if *peer == node => Err(LnError::Refused("that is this node itself".into())),
            Some(peer) => Ok(*peer),
            None => Err(LnError::Refused(format!("no node {id} in this network"))),
        }
    }

    /// Connects to a peer, which in this world is always reachable while it runs; the address is not looked at.
    pub fn connect_peer(&self, node: NodeIndex, id: &NodeId) -> Result<(), LnError> {
        let peer = self.peer(node, id)?;
        if self.is_up(peer) { Ok(()) } else { Err(LnError::Refused("the peer does not answer".into())) }
    }
}
