//! A person: a node, a recovery phrase, a folder with a database, and an engine that can be started again and again.

use super::{RELAYS, config, no_faults, slow::SlowJournal};
use domp_engine::{Engine, EngineConfig, Ports, faults::Faults};
use domp_nostr::memory::MemoryNet;
use domp_ports::{identity::Identity, journal::Journal};
use domp_simnet::{Profile, SimNetwork, SimNode};
use domp_store::SqliteJournal;
use domp_vault::{Phrase, Vault};
use std::{path::PathBuf, sync::Arc};

const SELLER: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const BUYER: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const OTHER: &str = "letter advice cage absurd amount doctor acoustic avoid letter advice cage above";

pub struct Person {
    pub node: SimNode,
    net: SimNetwork,
    relays: MemoryNet,
    vault: Arc<Vault>,
    folder: tempfile::TempDir,
    file: String,
}

impl Person {
    pub fn new(net: &SimNetwork, relays: &MemoryNet, name: &str, profile: Profile) -> Self {
        let phrase = match name {
            "seller" => SELLER,
            "buyer" => BUYER,
            _ => OTHER,
        };
        Self {
            node: net.add_node(name, profile),
            net: net.clone(),
            relays: relays.clone(),
            vault: Arc::new(Vault::from_phrase(Phrase::parse(phrase).unwrap()).unwrap()),
            folder: tempfile::tempdir().unwrap(),
            file: "domp.db".to_owned(),
        }
    }

    /// The same person on a new machine: an empty database.
    pub fn loses_everything(&mut self) {
        self.file = format!("new-{}", self.file);
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join(&self.file)
    }

    pub fn ports(&self) -> Ports {
        self.ports_with(Arc::new(SqliteJournal::open(&self.database()).unwrap()))
    }

    /// The same with another database.
    pub fn ports_with(&self, journal: Arc<dyn Journal>) -> Ports {
        Ports {
            lightning: Arc::new(self.node.clone()),
            journal,
            relays: Arc::new(self.relays.client(RELAYS)),
            identity: Arc::clone(&self.vault) as Arc<dyn Identity>,
            clock: Arc::new(self.net.clock()),
        }
    }

    /// The same with a database that may be slow.
    pub fn slow_ports(&self) -> (Ports, SlowJournal) {
        let ports = self.ports();
        let journal = SlowJournal::new(Arc::clone(&ports.journal));
        (Ports { journal: Arc::new(journal.clone()), ..ports }, journal)
    }

    pub async fn start(&self) -> Engine {
        self.start_with(config(no_faults())).await
    }

    pub async fn start_faulty(&self, faults: Arc<dyn Faults>) -> Engine {
        self.start_with(config(faults)).await
    }

    pub async fn start_with(&self, config: EngineConfig) -> Engine {
        Engine::start(self.ports(), config).await.unwrap()
    }
}
