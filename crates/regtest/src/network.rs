//! The whole network: one bitcoind, the nodes, their coins and channels.

use std::path::Path;
use std::time::Duration;

use futures::future::{join_all, try_join_all};

use crate::RegtestError;
use crate::bitcoind::Bitcoind;
use crate::folder::Folder;
use crate::install::Programs;
use crate::lnd::Lnd;
use crate::wait::wait_until;

/// Coinbase outputs can be spent after 100 blocks.
const MATURITY: u32 = 100;
/// Each node gets coins of this size, in satoshi.
const COIN_SAT: u64 = 100_000_000;
/// Confirmations after which a channel is announced to everybody (BOLT 7).
const ANNOUNCE_DEPTH: u32 = 6;
const SYNC_DEADLINE: Duration = Duration::from_secs(120);
/// After bitcoind was away: how many blocks are mined at most, and how long after each the nodes may take.
const RESUME_BLOCKS: u32 = 10;
const RESUME_PAUSE: Duration = Duration::from_secs(3);

/// What the network looks like when it is ready.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    nodes: Vec<(String, Vec<String>)>,
    channels: Vec<ChannelPlan>,
}

/// A channel to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelPlan {
    /// The name of the node that opens (and funds) it.
    pub from: String,
    /// The name of its peer.
    pub to: String,
    /// Its size, in satoshi.
    pub capacity_sat: u64,
    /// The peer's share from the start, in satoshi.
    pub push_sat: u64,
    /// Whether it is left out of the public graph: others find it only by the hints of an invoice.
    pub private: bool,
}

impl Plan {
    /// An empty network.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node.
    #[must_use]
    pub fn node(self, name: &str) -> Self {
        self.node_with(name, &[])
    }

    /// Adds a node with extra lines for the application section of its `lnd.conf`.
    #[must_use]
    pub fn node_with(mut self, name: &str, extra: &[&str]) -> Self {
        self.nodes.push((name.to_owned(), extra.iter().map(|line| (*line).to_owned()).collect()));
        self
    }

    /// Adds a channel with half of its capacity on each side.
    #[must_use]
    pub fn balanced_channel(self, from: &str, to: &str, capacity_sat: u64) -> Self {
        self.channel(ChannelPlan {
            from: from.to_owned(),
            to: to.to_owned(),
            capacity_sat,
            push_sat: capacity_sat / 2,
            private: false,
        })
    }

    /// Adds an unannounced channel with half of its capacity on each side.
    #[must_use]
    pub fn private_channel(mut self, from: &str, to: &str, capacity_sat: u64) -> Self {
        self = self.balanced_channel(from, to, capacity_sat);
        if let Some(channel) = self.channels.last_mut() {
            channel.private = true;
        }
        self
    }

    /// Adds a channel.
    #[must_use]
    pub fn channel(mut self, channel: ChannelPlan) -> Self {
        self.channels.push(channel);
        self
    }

    /// A coin for each channel a node opens, and one more: change is not spendable before the next block.
    fn coins(&self, name: &str) -> usize {
        1 + self.channels.iter().filter(|channel| channel.from == name).count()
    }

    fn check(&self) -> Result<(), RegtestError> {
        let wrong = |reason: String| Err(RegtestError::Plan { reason });
        for (index, (name, _)) in self.nodes.iter().enumerate() {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if name.is_empty() || !name.bytes().all(plain) {
                return wrong(format!("the node name {name:?} is not of a-z, 0-9 and -"));
            }
            if name == "bitcoind" || self.nodes[..index].iter().any(|(other, _)| other == name) {
                return wrong(format!("the node name {name} is taken"));
            }
        }
        for channel in &self.channels {
            for end in [&channel.from, &channel.to] {
                if !self.nodes.iter().any(|(name, _)| name == end) {
                    return wrong(format!("a channel names the node {end}, which there is not"));
                }
            }
        }
        Ok(())
    }
}

/// A running network. Dropping it ends every node.
#[derive(Debug)]
pub struct Regtest {
    // Dropped in this order: the nodes before what they stand on.
    nodes: Vec<Lnd>,
    bitcoind: Bitcoind,
    folder: Folder,
}

impl Regtest {
    /// Brings the network up: nodes started, wallets funded, channels open, active and routable.
    ///
    /// # Errors
    /// [`RegtestError::Start`], with the folder in which all logs are kept.
    pub async fn start(programs: &Programs, plan: &Plan) -> Result<Self, RegtestError> {
        plan.check()?;
        let folder = Folder::create()?;
        let path = folder.path().to_owned();
        let kept =
            |error: RegtestError| RegtestError::Start { source: Box::new(error), folder: path.clone() };
        let bitcoind = match Bitcoind::create(&programs.bitcoind.path, folder.path(), folder.watchdog()).await
        {
            Ok(bitcoind) => bitcoind,
            Err(error) => {
                folder.keep();
                return Err(kept(error));
            }
        };
        let mut network = Self { nodes: Vec::new(), bitcoind, folder };
        match network.build(programs, plan).await {
            Ok(()) => Ok(network),
            Err(error) => {
                network.folder.keep();
                Err(kept(error))
            }
        }
    }

    async fn build(&mut self, programs: &Programs, plan: &Plan) -> Result<(), RegtestError> {
        // Blocks first: a node that starts on a grown chain needs not be told of each block.
        self.bitcoind.mine(MATURITY + 10).await?;
        for (name, extra) in &plan.nodes {
            let watchdog = self.folder.watchdog();
            let root = self.folder.path();
            self.nodes.push(Lnd::create(&programs.lnd.path, root, name, &self.bitcoind, extra, watchdog)?);
        }
        try_join_all(self.nodes.iter().map(Lnd::start)).await?;
        self.synced().await?;
        self.fund(plan).await?;
        for channel in &plan.channels {
            let (from, to) = (self.node(&channel.from)?, self.node(&channel.to)?);
            from.connect(to).await?;
            from.open_channel(to, channel).await?;
        }
        if !plan.channels.is_empty() {
            self.mine(ANNOUNCE_DEPTH).await?;
            self.channels_ready(plan).await?;
        }
        Ok(())
    }

    async fn fund(&self, plan: &Plan) -> Result<(), RegtestError> {
        let mut outputs = Vec::new();
        for node in &self.nodes {
            for _ in 0..plan.coins(node.name()) {
                outputs.push((node.new_address().await?, COIN_SAT));
            }
        }
        if outputs.is_empty() {
            return Ok(());
        }
        self.bitcoind.pay(&outputs).await?;
        self.mine(1).await?;
        for node in &self.nodes {
            let expected = COIN_SAT * plan.coins(node.name()) as u64;
            wait_until(&format!("the coins of {}", node.name()), SYNC_DEADLINE, async || {
                let found = node.on_chain_sat().await?;
                Ok(if found >= expected { Ok(()) } else { Err(format!("{found} sat")) })
            })
            .await?;
        }
        Ok(())
    }

    /// A node without channels may have no peer to learn the graph from, and nothing to route.
    async fn channels_ready(&self, plan: &Plan) -> Result<(), RegtestError> {
        for node in &self.nodes {
            let name = node.name();
            let ours = |channel: &&ChannelPlan| channel.from == name || channel.to == name;
            let own = plan.channels.iter().filter(ours).count();
            let seen = plan.channels.iter().filter(|channel| !channel.private || ours(channel)).count();
            let known = if own == 0 { 0 } else { seen };
            wait_until(&format!("the channels of {name}"), SYNC_DEADLINE, async || {
                let active = node.channels().await?.iter().filter(|channel| channel.active).count();
                let routable = node.routable_channels().await?;
                let ready = active >= own && routable >= known;
                Ok(if ready { Ok(()) } else { Err(format!("{active} active, {routable} routable")) })
            })
            .await?;
        }
        Ok(())
    }

    /// The node of this name.
    ///
    /// # Errors
    /// [`RegtestError::Plan`] if there is none.
    pub fn node(&self, name: &str) -> Result<&Lnd, RegtestError> {
        let found = self.nodes.iter().find(|node| node.name() == name);
        found.ok_or_else(|| RegtestError::Plan { reason: format!("there is no node {name}") })
    }

    /// All nodes, in the plan's order.
    pub fn nodes(&self) -> &[Lnd] {
        &self.nodes
    }

    /// The chain.
    pub fn bitcoind(&self) -> &Bitcoind {
        &self.bitcoind
    }

    /// The folder of everything, with one log per node.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps the folder when the network ends, for a failure that is not a panic.
    pub fn keep_folder(&self) {
        self.folder.keep();
    }

    /// Mines blocks, and waits until every running node has processed them. No node may be frozen.
    ///
    /// # Errors
    /// If a node does not follow in time.
    pub async fn mine(&self, blocks: u32) -> Result<(), RegtestError> {
        self.bitcoind.mine(blocks).await?;
        self.synced().await
    }

    /// Waits until every running node is synced to the tip. No node may be frozen.
    ///
    /// # Errors
    /// If a node does not follow in time.
    pub async fn synced(&self) -> Result<(), RegtestError> {
        self.synced_within(SYNC_DEADLINE).await
    }

    /// Starts bitcoind again after a stop, and waits until every running node follows it again, for which
    /// it mines one block or several: a node that was not listening yet when a block was published
    /// hears of it only with the next one. No node may be frozen.
    ///
    /// # Errors
    /// If bitcoind does not start, or a node does not follow in time.
    pub async fn start_bitcoind(&self) -> Result<(), RegtestError> {
        self.bitcoind.start().await?;
        for _ in 1..RESUME_BLOCKS {
            self.bitcoind.mine(1).await?;
            if self.synced_within(RESUME_PAUSE).await.is_ok() {
                return Ok(());
            }
        }
        self.mine(1).await
    }

    async fn synced_within(&self, deadline: Duration) -> Result<(), RegtestError> {
        let height = u64::from(self.bitcoind.height().await?);
        try_join_all(self.nodes.iter().filter(|node| node.is_running()).map(|node| async move {
            wait_until(&format!("{} at height {height}", node.name()), deadline, async || {
                let seen = node.synced_height().await?;
                Ok(if seen >= Some(height) { Ok(()) } else { Err(format!("synced height {seen:?}")) })
            })
            .await
        }))
        .await
        .map(|_| ())
    }

    /// Waits until two nodes have an active channel with each other again, as after a restart.
    ///
    /// # Errors
    /// If that does not happen in time.
    pub async fn reconnected(&self, one: &str, other: &str) -> Result<(), RegtestError> {
        for (from, to) in [(one, other), (other, one)] {
            let (from, peer) = (self.node(from)?, self.node(to)?.id().await?);
            wait_until(
                &format!("an active channel of {} with {to}", from.name()),
                SYNC_DEADLINE,
                async || {
                    let channels = from.channels().await?;
                    let active = channels.iter().any(|channel| channel.active && channel.peer == peer);
                    Ok(if active { Ok(()) } else { Err(format!("{} channels, none active", channels.len())) })
                },
            )
            .await?;
        }
        Ok(())
    }

    /// Ends every node in an orderly way. Dropping the network ends them too, at once.
    ///
    /// # Errors
    /// If a node does not end in time; it is killed then.
    pub async fn stop(self) -> Result<(), RegtestError> {
        let ended = join_all(self.nodes.iter().map(Lnd::stop)).await;
        let chain = if self.bitcoind.is_running() { self.bitcoind.stop().await } else { Ok(()) };
        ended.into_iter().chain([chain]).collect()
    }
}
