//! Relays of which one does not answer questions about what it has: whoever asks it waits, as for a real one that is silent.

use async_trait::async_trait;
use domp_ports::relays::{Delivered, Policy, RelayAnswer, RelayError, RelayStatus, Relays, Wanted};
use futures::stream::BoxStream;
use std::{sync::Arc, time::Duration};

/// See the module.
pub struct HangingRelay {
    pub behind: Arc<dyn Relays>,
    /// The relay.
    pub hangs: String,
}

#[async_trait]
impl Relays for HangingRelay {
    async fn fetch(&self, wanted: Wanted, relays: &[String]) -> Result<(Vec<Delivered>, usize), RelayError> {
        // As a pool does: the answers are there when every relay has answered or was waited for long enough.
        if relays.is_empty() || relays.contains(&self.hangs) {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
        }
        self.behind.fetch(wanted, relays).await
    }
    async fn publish(
        &self,
        event_json: &str,
        relays: &[String],
    ) -> Result<Vec<(String, RelayAnswer)>, RelayError> {
        self.behind.publish(event_json, relays).await
    }
    async fn subscribe(
        &self,
        wanted: Vec<Wanted>,
        relays: &[String],
    ) -> Result<BoxStream<'static, Delivered>, RelayError> {
        self.behind.subscribe(wanted, relays).await
    }
    async fn policy(&self, relay: &str) -> Result<Policy, RelayError> {
        self.behind.policy(relay).await
    }
    async fn status(&self) -> Vec<RelayStatus> {
        self.behind.status().await
    }
}
