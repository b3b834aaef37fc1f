//! The engine: what others call.

use crate::{
    commit::Along,
    config::EngineConfig,
    desk::{ListingView, NewBid, NewListing, Preview, Withdrawn},
    error::{EngineError, StartError},
    event::EngineEvent,
    health::Health,
    inner::Inner,
    life::Life,
    view::{HistoryEntry, TradeSummary, TradeView},
};
use domp_escrow::{
    input::{Command, Input},
    note::Note,
    stage::Stage,
    trade::Trade,
};
use domp_ports::{clock::Clock, identity::Identity, journal::Journal, lightning::Lightning, relays::Relays};
use domp_protocol::ids::{EventId, TradeId};
use std::{future::Future, sync::Arc, time::Duration};
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
    /// Every relay of ours answered completely, and nothing failed for a reason that may pass: looking once more would find
    /// no more.
    pub complete: bool,
}

/// A running engine. Cheap to clone; all clones are the same engine. When the last one is dropped without
/// [`Engine::stop`], everything ends at once, as if the process had been killed: nothing is lost by that either.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
    _leash: Arc<Leash>,
}

/// Halts the engine with its last handle.
struct Leash(Life);

impl Drop for Leash {
    fn drop(&mut self) {
        self.0.halt();
    }
}

/// The longest wait for steps under way when stopping.
const STEPS_END: Duration = Duration::from_secs(10);
/// The longest wait for tasks to notice that they are halted.
const TASKS_END: Duration = Duration::from_secs(30);

impl Engine {
    /// Starts: reads the database, performs what was not done, catches up with the relays, asks the node about everything
    /// open, and only then acts on deadlines. A node or relay that cannot be reached does not keep it from starting:
    /// [`Engine::health`] says so, and everything waits.
    ///
    /// # Errors
    /// See [`StartError`]: what cannot be mended by waiting.
    pub async fn start(ports: Ports, config: EngineConfig) -> Result<Self, StartError> {
        let inner = Arc::new(Inner::new(ports, config));
        let leash = Arc::new(Leash(inner.life.clone()));
        inner.own_relays().map_err(|error| StartError::Config(error.to_string()))?;
        inner.check_profile().await?;
        inner.read_trades().await?;
        let reached = inner.meet_node().await?.is_ok();
        inner.life.spawn(Arc::clone(&inner).follow_blocks());
        inner.life.spawn(Arc::clone(&inner).recover());
        if reached {
            // In the time it takes, or in the background if it takes too long.
            let _ = inner.until_recovered().await;
        }
        Ok(Self { inner, _leash: leash })
    }

    /// Stops: lets the steps under way be written, and returns once nothing of it runs any more. What is not done yet is
    /// done after the next start.
    pub async fn stop(&self) {
        let life = &self.inner.life;
        life.begin_stopping();
        if !life.is_halted() {
            life.until_no_steps(STEPS_END).await;
            self.inner.flush().await;
            self.inner.move_cursor().await;
        }
        life.halt();
        life.until_no_tasks(TASKS_END).await;
    }

    /// Returns once the engine was stopped, by [`Engine::stop`] or by a fault that a test ordered.
    pub async fn until_halted(&self) {
        self.inner.life.until_halted().await;
    }

    /// The neighbours it works with.
    pub fn ports(&self) -> &Ports {
        &self.inner.ports
    }

    /// What it was told at the start.
    pub fn config(&self) -> &EngineConfig {
        &self.inner.config
    }

    /// Does something that is not given up when its caller goes away.
    async fn run<T, F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, EngineError>> + Send + 'static,
    {
        let work = work(Arc::clone(&self.inner));
        self.inner.life.detached(work).await.unwrap_or(Err(EngineError::Stopping))
    }

    /// Hands one input to a trade.
    ///
    /// # Errors
    /// See [`EngineError`]. A command that the machine refuses is [`EngineError::Refused`].
    pub async fn input(&self, trade: TradeId, input: Input) -> Result<StepReport, EngineError> {
        self.run(|inner| async move { inner.input(trade, &input, Along::default()).await }).await
    }

    /// Publishes a listing (kind 300).
    ///
    /// # Errors
    /// A field that breaks a rule; a node that cannot hold payments; no relay that takes it.
    pub async fn create_listing(&self, new: NewListing) -> Result<ListingView, EngineError> {
        self.run(|inner| async move { inner.list(new).await }).await
    }

    /// Withdraws a listing of ours: no bid that arrives from now on is taken, and relays are asked to delete it (NIP-09). Bids
    /// that are here already may still be accepted.
    ///
    /// # Errors
    /// [`EngineError::NotYourListing`]. That relays do not delete is no error: their answers say it.
    pub async fn withdraw_listing(&self, listing: EventId) -> Result<Withdrawn, EngineError> {
        self.run(|inner| async move { inner.withdraw_listing(listing).await }).await
    }

    /// Bids on a listing (kind 301): checks the listing and our channels, makes and stores the secrets, signs the bid and
    /// begins the trade. Returns once the bid is durable; it is sent meanwhile.
    ///
    /// # Errors
    /// What is wrong with the listing or the bid; too little to pay with.
    pub async fn bid(&self, new: NewBid) -> Result<TradeView, EngineError> {
        self.run(|inner| async move { inner.bid(new).await }).await
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
        self.run(|inner| async move { inner.order(trade, command).await }).await
    }

    /// What an order would mean, without giving it.
    ///
    /// # Errors
    /// When there is no such trade.
    pub async fn preview(&self, trade: TradeId, command: &Command) -> Result<Preview, EngineError> {
        self.inner.preview(trade, command).await
    }

    /// What a bid would mean, without making it.
    ///
    /// # Errors
    /// When there is no such listing.
    pub async fn preview_bid(&self, new: &NewBid) -> Result<Preview, EngineError> {
        self.inner.preview_bid(new).await
    }

    /// A listing, from here or from the relays.
    ///
    /// # Errors
    /// When nobody has it, or it is not genuine.
    pub async fn fetch_listing(&self, listing: EventId) -> Result<ListingView, EngineError> {
        self.inner.fetch_listing(listing).await
    }

    /// The newest listings on our relays.
    ///
    /// # Errors
    /// When no relay answers.
    pub async fn browse(&self, limit: usize) -> Result<Vec<ListingView>, EngineError> {
        self.inner.browse(limit).await
    }

    /// Our own listings, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn my_listings(&self) -> Result<Vec<ListingView>, EngineError> {
        self.inner.my_listings().await
    }

    /// Our trades, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trades(&self, only_open: bool) -> Result<Vec<TradeSummary>, EngineError> {
        self.inner.summaries(only_open).await
    }

    /// All about one trade.
    ///
    /// # Errors
    /// When there is no such trade.
    pub async fn trade(&self, trade: TradeId) -> Result<TradeView, EngineError> {
        self.inner.view(trade).await
    }

    /// The machine's own snapshot of a trade, for tests and tools that look at every fact.
    ///
    /// # Errors
    /// When there is no such trade.
    pub async fn snapshot(&self, trade: TradeId) -> Result<Trade, EngineError> {
        Ok(self.inner.peek(&trade).await?.0)
    }

    /// What happened to a trade, oldest first.
    ///
    /// # Errors
    /// When there is no such trade.
    pub async fn history(&self, trade: TradeId) -> Result<Vec<HistoryEntry>, EngineError> {
        self.inner.history(trade).await
    }

    /// The shipping address of a trade, for the two people who may see it; `None` while there is none.
    ///
    /// # Errors
    /// When there is no such trade.
    pub async fn shipping_address(&self, trade: TradeId) -> Result<Option<String>, EngineError> {
        self.inner.shipping_address(trade).await
    }

    /// Everything that happens from now on. A listener that is too slow misses the oldest and is told how many.
    pub fn subscribe(&self) -> broadcast::Receiver<EngineEvent> {
        self.inner.events.subscribe()
    }

    /// How the engine and its neighbours are.
    pub async fn health(&self) -> Health {
        self.inner.health().await
    }

    /// Rebuilds a buyer's open trades from the phrase and the relays: our own bids, the salts inside them, and the events
    /// that followed. Trades that are here already are left alone.
    ///
    /// # Errors
    /// When no relay answers or the database fails.
    pub async fn rebuild_from_relays(&self) -> Result<RebuildReport, EngineError> {
        self.run(|inner| async move { inner.rebuild().await }).await
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use crate::world::{World, config, no_faults, ship, to_ship, until_stage};
    use domp_escrow::stage::stage;

    const LATE: Duration = Duration::from_millis(300);

    /// Every caller may give up waiting at any moment, the engine's own parts too.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn input__dropped_while_it_is_written__memory_and_disk_agree_and_the_effects_are_done() {
        let world = World::new();
        let (ports, journal) = world.seller.slow_ports();
        let seller = Engine::start(ports, config(no_faults())).await.unwrap();
        let buyer = world.buyer.start().await;
        let trade = to_ship(&seller, &buyer).await;
        journal.acknowledge_after(LATE);
        let input = Input::Command(ship());
        for _ in 0..20 {
            let waiting =
                tokio::time::timeout(LATE / 3, seller.inner.input(trade, &input, Along::default())).await;
            assert!(waiting.is_err(), "it was waited for to the end: {waiting:?}");
            tokio::time::sleep(2 * LATE).await;
            // Given up before its turn had come, it was never begun.
            if stage(&seller.snapshot(trade).await.unwrap()) == Stage::Shipped {
                break;
            }
        }
        until_stage(&seller, trade, Stage::Shipped).await;
        until_stage(&buyer, trade, Stage::Shipped).await;
    }
}
