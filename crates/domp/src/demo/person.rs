//! A person of the trade: vault, database, relay connection and engine, all its own.

use super::{
    ground::Ground,
    purse::{Opener, Purse},
    step::Who,
    trouble::Trouble,
};
use domp_engine::{Engine, EngineConfig, EngineError, Ports, event::EngineEvent, view::TradeView};
use domp_escrow::input::Command;
use domp_nostr::pool::{PoolConfig, RelayPool};
use domp_ports::lightning::Lightning;
use domp_protocol::{ids::TradeId, network::Network, units::Height};
use domp_store::SqliteJournal;
use domp_vault::{Phrase, Vault};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::{self, error::RecvError, error::TryRecvError},
    time::{Instant, timeout_at},
};

/// Between two questions for something that no event tells.
const ASK_AGAIN: Duration = Duration::from_millis(2);

/// One of the two.
pub struct Person {
    /// Which.
    pub who: Who,
    /// The engine, through which everything is done.
    pub engine: Engine,
    /// The node, for the audit: what a person sees in its own node's tools.
    pub node: Arc<dyn Lightning>,
    events: broadcast::Receiver<EngineEvent>,
    alarms: Vec<String>,
    patience: Duration,
}

impl Person {
    /// Makes fresh keys and an empty database in `folder`, and starts the engine.
    ///
    /// # Errors
    /// What could not be had.
    pub async fn start(who: Who, ground: &Ground, relay: &str, folder: &Path) -> Result<Self, Trouble> {
        let node = if who == Who::Seller { &ground.seller } else { &ground.buyer };
        let phrase = Phrase::generate().map_err(Trouble::setup("a recovery phrase"))?;
        let vault = Vault::from_phrase(phrase).map_err(Trouble::setup("a vault"))?;
        let journal =
            SqliteJournal::open(&folder.join(format!("{who}.db"))).map_err(Trouble::setup("a database"))?;
        let relays =
            RelayPool::new(PoolConfig::new([relay])).map_err(Trouble::setup("a relay connection"))?;
        let ports = Ports {
            lightning: Arc::clone(node),
            journal: Arc::new(journal),
            relays: Arc::new(relays),
            identity: Arc::new(vault),
            clock: Arc::clone(&ground.clock),
        };
        let config = EngineConfig::new(Network::Regtest, vec![relay.to_owned()]);
        let engine = Engine::start(ports, config).await.map_err(|source| Trouble::Start { who, source })?;
        let (events, patience) = (engine.subscribe(), ground.patience());
        Ok(Self { who, engine, node: Arc::clone(node), events, alarms: Vec::new(), patience })
    }

    /// An error of the engine, with what it was asked to do.
    pub const fn could_not(&self, what: &'static str) -> impl FnOnce(EngineError) -> Trouble + use<> {
        let who = self.who;
        move |source| Trouble::Engine { who, what, source: Box::new(source) }
    }

    /// Gives an order, as the command line would.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn order(&self, trade: TradeId, command: Command, what: &'static str) -> Result<(), Trouble> {
        self.engine.command(trade, command).await.map(drop).map_err(self.could_not(what))
    }

    /// This side of the trade.
    ///
    /// # Errors
    /// If there is none.
    pub async fn view(&self, trade: TradeId) -> Result<TradeView, Trouble> {
        self.engine.trade(trade).await.map_err(self.could_not("show the trade"))
    }

    /// Waits for this side of the trade to be as `fits` says, asking again whenever the engine tells of it.
    ///
    /// # Errors
    /// If it does not come to that in time.
    pub async fn until(
        &mut self,
        trade: TradeId,
        what: &'static str,
        fits: impl Fn(&TradeView) -> bool,
    ) -> Result<TradeView, Trouble> {
        let end = Instant::now() + self.patience;
        loop {
            let seen = match self.engine.trade(trade).await {
                Ok(view) if fits(&view) => return Ok(view),
                Ok(view) => state(&view),
                Err(EngineError::NoTrade(_)) => "no such trade yet".to_owned(),
                Err(source) => return Err(self.could_not("show the trade")(source)),
            };
            if timeout_at(end, self.news(trade)).await.is_err() {
                let troubles = self.engine.health().await.troubles.join("; ");
                let seen = if troubles.is_empty() { seen } else { format!("{seen}; {troubles}") };
                return Err(Trouble::Waited { who: self.who, what, patience: self.patience, seen });
            }
        }
    }

    /// Returns when the engine tells something of the trade, or may have told it while nobody listened.
    async fn news(&mut self, trade: TradeId) {
        loop {
            match self.events.recv().await {
                Ok(EngineEvent::Trade(changed)) if changed.trade == trade => return,
                Ok(event) => self.notice(event),
                Err(RecvError::Lagged(_)) => return,
                // The engine has stopped: there will be no news, and the caller's patience ends.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    fn notice(&mut self, event: EngineEvent) {
        if let EngineEvent::Alarm { text, .. } = event {
            self.alarms.push(text);
        }
    }

    /// Waits until the engine has seen the chain at this height.
    ///
    /// # Errors
    /// If it does not in time.
    pub async fn sees(&self, height: Height) -> Result<(), Trouble> {
        let end = Instant::now() + self.patience;
        loop {
            let seen = self.engine.health().await.node.height;
            if seen >= Some(height) {
                return Ok(());
            }
            if Instant::now() >= end {
                let seen = seen.map_or_else(|| "no height at all".to_owned(), |seen| seen.to_string());
                return Err(Trouble::Waited {
                    who: self.who,
                    what: "the engine has seen the newest block",
                    patience: self.patience,
                    seen,
                });
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// What the person has now.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn purse(&self, view: Option<&TradeView>) -> Result<Purse, Trouble> {
        let opener = if self.who == Who::Buyer { Opener::Own } else { Opener::Peer };
        Purse::read(self.who, self.node.as_ref(), opener, view).await
    }

    /// Everything that the engine raised an alarm about since the last question.
    pub fn take_alarms(&mut self) -> Vec<String> {
        loop {
            match self.events.try_recv() {
                Ok(event) => self.notice(event),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return std::mem::take(&mut self.alarms),
            }
        }
    }
}

/// Where a trade stands, in a line, for when that is not where it should.
fn state(view: &TradeView) -> String {
    let mut parts = vec![format!("'{}'", view.summary.stage)];
    parts.extend(view.htlcs.iter().map(|htlc| format!("{} {}", htlc.purpose, htlc.state)));
    parts.extend(view.unwinding.iter().map(|why| format!("everything goes back: {why}")));
    for pending in &view.pending {
        let why = pending.last_error.as_deref().unwrap_or("under way");
        parts.push(format!("{} (tried {} times: {why})", pending.effect, pending.tries));
    }
    parts.join(", ")
}
