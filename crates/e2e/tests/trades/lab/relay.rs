//! A relay that can go away and come back at the same address with everything it had.

use domp_nostr::embedded::{EmbeddedRelay, EmbeddedSettings, EventStore};
use std::net::SocketAddr;

/// An embedded relay on a port of its own.
pub struct Relay {
    settings: EmbeddedSettings,
    url: String,
    running: Option<EmbeddedRelay>,
}

impl Relay {
    pub async fn start() -> Self {
        let settings = EmbeddedSettings { store: EventStore::memory(), ..EmbeddedSettings::default() };
        let running = EmbeddedRelay::start(settings.clone()).await.unwrap();
        let url = running.url();
        let address: SocketAddr = url.trim_start_matches("ws://").parse().unwrap();
        Self { settings: EmbeddedSettings { address, ..settings }, url, running: Some(running) }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// It goes away; its events stay.
    pub async fn stop(&mut self) {
        self.running.take().expect("it was running").stop().await;
    }

    /// It comes back.
    pub async fn come_back(&mut self) {
        assert!(self.running.is_none(), "it was away");
        self.running = Some(EmbeddedRelay::start(self.settings.clone()).await.unwrap());
    }
}
