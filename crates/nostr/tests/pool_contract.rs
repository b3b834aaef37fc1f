//! The relays' contract on real sockets: the pool against embedded relays.
#![allow(non_snake_case, clippy::unwrap_used)]

mod signing;

use async_trait::async_trait;
use domp_nostr::{
    embedded::{EmbeddedRelay, EmbeddedSettings, EventStore},
    pool::{PoolConfig, RelayPool},
};
use domp_ports::{
    contract_relays::{Signed, Trial},
    identity::Unsigned,
    relays::Relays,
};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};
use tokio::{net::TcpListener, sync::Mutex};

struct OverSockets {
    pool: RelayPool,
    urls: [String; 3],
    mute: TcpListener,
    relays: BTreeMap<String, Place>,
}

/// Where a relay is, what it has stored, and the relay itself while it runs.
struct Place {
    address: SocketAddr,
    store: EventStore,
    running: Mutex<Option<EmbeddedRelay>>,
}

impl OverSockets {
    async fn new() -> Self {
        let mut relays = BTreeMap::new();
        let mut urls = Vec::new();
        for _ in 0..3 {
            let settings = EmbeddedSettings::default();
            let store = settings.store.clone();
            let relay = EmbeddedRelay::start(settings).await.unwrap();
            let address = relay.url().trim_start_matches("ws://").parse().unwrap();
            urls.push(relay.url());
            relays.insert(relay.url(), Place { address, store, running: Mutex::new(Some(relay)) });
        }
        let patience = Duration::from_secs(4);
        let config = PoolConfig { patience, private_strangers: true, ..PoolConfig::new(urls.clone()) };
        let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { pool: RelayPool::new(config).unwrap(), urls: urls.try_into().unwrap(), mute, relays }
    }
}

#[async_trait]
impl Trial for OverSockets {
    fn port(&self) -> &dyn Relays {
        &self.pool
    }
    fn urls(&self) -> [String; 3] {
        self.urls.clone()
    }
    fn mute(&self) -> String {
        format!("ws://{}", self.mute.local_addr().unwrap())
    }
    fn sign(&self, author: u8, event: &Unsigned) -> Signed {
        signing::sign(author, event)
    }
    async fn stop(&self, url: &str) {
        self.relays[url].running.lock().await.take().unwrap().stop().await;
    }
    async fn start(&self, url: &str) {
        let place = &self.relays[url];
        let settings = EmbeddedSettings {
            address: place.address,
            store: place.store.clone(),
            ..EmbeddedSettings::default()
        };
        *place.running.lock().await = Some(EmbeddedRelay::start(settings).await.unwrap());
    }
}

domp_ports::relays_contract!(OverSockets::new().await);
