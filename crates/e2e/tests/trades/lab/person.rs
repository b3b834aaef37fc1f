//! A person: a vault, a database, a Lightning node, some relays, and an engine that can be ended and started again.

use super::{Crash, Lab, SOON, TurnedClock, within};
use domp_engine::{Engine, EngineConfig, EngineError, Ports, event::EngineEvent, view::TradeView};
use domp_escrow::{
    input::Command,
    stage::{Stage, stage},
};
use domp_node_lnd::{LndConfig, LndNode};
use domp_nostr::pool::{PoolConfig, RelayPool};
use domp_ports::{
    identity::Identity,
    journal::JournalError,
    relays::{RelayAnswer, Relays},
};
use domp_protocol::{ids::TradeId, network::Network};
use domp_store::SqliteJournal;
use domp_vault::{Phrase, Vault};
use futures::FutureExt as _;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::sync::broadcast;

/// What a person has when they begin.
pub struct Setup {
    pub node: &'static str,
    pub relays: Vec<String>,
    pub phrase: Phrase,
}

impl Setup {
    pub fn new(node: &'static str, relays: &[String]) -> Self {
        Self { node, relays: relays.to_vec(), phrase: Phrase::generate().unwrap() }
    }
}

/// Somebody who trades.
pub struct Person {
    pub name: &'static str,
    pub vault: Arc<Vault>,
    pub clock: Arc<TurnedClock>,
    pub crash: Arc<Crash>,
    pub relays: Vec<String>,
    pub folder: TempDir,
    /// How often the program was started again.
    pub restarts: usize,
    lnd: LndConfig,
    engine: Option<Engine>,
    alarms: Arc<Mutex<Vec<String>>>,
    ignored: Arc<Mutex<Vec<String>>>,
}

impl Person {
    /// Somebody new, with a running engine.
    pub async fn new(lab: &Lab, setup: Setup) -> Self {
        let mut person = Self::resting(lab, setup);
        person.start().await;
        person
    }

    /// Somebody new whose engine does not run yet.
    pub fn resting(lab: &Lab, setup: Setup) -> Self {
        Self {
            name: setup.node,
            vault: Arc::new(Vault::from_phrase(setup.phrase).unwrap()),
            clock: Arc::default(),
            crash: Crash::never(),
            relays: setup.relays,
            folder: tempfile::tempdir().unwrap(),
            restarts: 0,
            lnd: lab.config(setup.node),
            engine: None,
            alarms: Arc::default(),
            ignored: Arc::default(),
        }
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("domp.sqlite")
    }

    /// Starts the engine, for the first time or again.
    pub async fn start(&mut self) {
        assert!(self.engine.is_none(), "the engine of the {} runs already", self.name);
        let path = self.database();
        // A killed engine's tasks end at their next pause, and with the last of them the database is closed.
        let journal = within(SOON, async || match SqliteJournal::open(&path) {
            Ok(journal) => Some(journal),
            Err(JournalError::InUse { .. }) => None,
            Err(error) => panic!("{error}"),
        });
        let journal = journal.await.expect("the killed engine lets go of its database");
        let lightning = within(SOON, async || LndNode::connect(&self.lnd).await.ok());
        let ports = Ports {
            lightning: Arc::new(lightning.await.expect("the node can be reached")),
            journal: Arc::new(journal),
            relays: Arc::new(self.pool()),
            identity: Arc::clone(&self.vault) as Arc<dyn Identity>,
            clock: Arc::clone(&self.clock) as _,
        };
        let mut config = EngineConfig::new(Network::Regtest, self.relays.clone());
        config.faults = Arc::clone(&self.crash) as _;
        config.policy.min_collateral_percent = 0;
        // Nothing waits longer here than it must: nodes and relays come back within seconds.
        config.times.call = Duration::from_secs(10);
        config.times.publish = Duration::from_secs(5);
        config.times.sweep = Duration::from_secs(5);
        config.times.pulse = Duration::from_millis(250);
        config.times.retry_most = Duration::from_secs(2);
        let engine =
            Engine::start(ports, config).await.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        tokio::spawn(listen(engine.subscribe(), Arc::clone(&self.alarms), Arc::clone(&self.ignored)));
        self.engine = Some(engine);
    }

    /// Connections of this person's own to the relays.
    pub fn pool(&self) -> RelayPool {
        let mut config = PoolConfig::new(self.relays.clone());
        config.private_strangers = true;
        config.patience = Duration::from_secs(5);
        RelayPool::new(config).unwrap()
    }

    /// The running engine.
    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("the engine runs")
    }

    /// Ends the engine where it stands, as if its process had been killed.
    pub fn kill(&mut self) {
        drop(self.engine.take().expect("the engine runs"));
    }

    /// Ends the engine in an orderly way.
    pub async fn stop(&mut self) {
        self.engine.take().expect("the engine runs").stop().await;
    }

    /// Ends it where it stands and starts it again.
    pub async fn restart(&mut self) {
        self.kill();
        self.start().await;
        self.restarts += 1;
    }

    /// Whether the engine has stopped by itself.
    pub fn has_crashed(&self) -> bool {
        self.engine().until_halted().now_or_never().is_some()
    }

    pub async fn stage(&self, trade: TradeId) -> Option<Stage> {
        match self.engine().snapshot(trade).await {
            Ok(trade) => Some(stage(&trade)),
            Err(EngineError::NoTrade(_)) => None,
            Err(error) => panic!("{}: {error}", self.name),
        }
    }

    pub async fn view(&self, trade: TradeId) -> TradeView {
        self.engine().trade(trade).await.unwrap()
    }

    /// Gives an order that must be carried out.
    #[track_caller]
    pub fn orders(&self, trade: TradeId, command: Command) -> impl Future<Output = TradeView> + '_ {
        let at = std::panic::Location::caller();
        async move {
            let done = self.engine().command(trade, command.clone()).await;
            done.unwrap_or_else(|error| panic!("{at}: {} orders {command:?}: {error}", self.name))
        }
    }

    /// Gives an order that must be refused; returns why.
    pub async fn is_refused(&self, trade: TradeId, command: Command) -> String {
        match self.engine().command(trade, command.clone()).await {
            Ok(view) => panic!("{} was allowed {command:?} at {:?}", self.name, view.summary.stage),
            Err(error) => error.to_string(),
        }
    }

    /// Waits until a relay has taken a letter.
    pub async fn has_sent(&self, trade: TradeId, letter: &str) {
        let sent = async || {
            let letters = self.view(trade).await.letters;
            letters.iter().any(|one| one.letter == letter && one.event.is_some()).then_some(())
        };
        within(SOON, sent).await.unwrap_or_else(|| panic!("{letter} is never sent"));
    }

    /// What a person had to look at so far.
    pub fn alarms(&self) -> Vec<String> {
        self.alarms.lock().unwrap().clone()
    }

    /// Why events that arrived had no effect.
    pub fn ignored(&self) -> Vec<String> {
        self.ignored.lock().unwrap().clone()
    }

    /// Publishes an event of this person's to all relays, which must take it.
    pub async fn publishes(&self, json: &str) {
        let pool = self.pool();
        let published = within(SOON, async || {
            let answers = pool.publish(json, &[]).await.unwrap();
            for (relay, answer) in &answers {
                assert!(!matches!(answer, RelayAnswer::Refused(_)), "{relay}: {answer:?} to {json}");
            }
            answers.iter().all(|(_, answer)| *answer == RelayAnswer::Accepted).then_some(())
        });
        published.await.expect("the relays answer");
    }

    /// Everything known about a trade, for the message of a test that fails.
    pub async fn tells(&self, trade: TradeId) -> String {
        let Some(engine) = &self.engine else {
            return format!("the engine of the {} does not run\n", self.name);
        };
        let mut text = format!("--- {}\n", self.name);
        match engine.trade(trade).await {
            Ok(view) => {
                text += &format!("{:#?}\n{:#?}\n", view.situation, (view.pending, view.letters, view.htlcs));
            }
            Err(error) => text += &format!("{error}\n"),
        }
        for entry in engine.history(trade).await.unwrap_or_default() {
            text += &format!("{} at {}: {} {:?}\n", entry.version, entry.height, entry.input, entry.notes);
        }
        text + &format!(
            "{:#?}\nalarms: {:#?}\nignored: {:#?}\n",
            engine.health().await,
            self.alarms(),
            self.ignored()
        )
    }
}

async fn listen(
    mut events: broadcast::Receiver<EngineEvent>,
    alarms: Arc<Mutex<Vec<String>>>,
    ignored: Arc<Mutex<Vec<String>>>,
) {
    loop {
        match events.recv().await {
            Ok(EngineEvent::Alarm { text, .. }) => alarms.lock().unwrap().push(text),
            Ok(EngineEvent::Ignored { reason, .. }) => ignored.lock().unwrap().push(reason),
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}
