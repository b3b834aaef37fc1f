//! Recalling: a database that came from a backup knows less than the world. What we wrote after it was made is looked for on
//! the relays, what became of the money is asked of the node; until both have answered, its trades stay in doubt (C-47).

use crate::{
    EngineError,
    commit::Along,
    inbox::{BACK_DATED_SECONDS, PUBLIC_KINDS},
    inner::{Inner, hold},
    troubles::Source,
};
use domp_escrow::input::Input;
use domp_ports::{journal::COPY, relays::Wanted};
use domp_protocol::{ids::TradeId, units::Unix};
use std::{sync::Arc, time::Duration};

/// How much longer relays are listened to once nothing waits for it.
const LONGER: u32 = 15;
/// What a setting says once every trade knows that it was restored.
const TOLD: &str = "told";

impl Inner {
    /// Tells every open trade of a database that came from a backup, and asks the relays before anything that was begun is
    /// done. False if no relay answered.
    pub(crate) async fn begin_restored(self: &Arc<Self>) -> bool {
        let mut pause = self.config.times.retry_first;
        // Nothing else is done with any of them before.
        while let Err(error) = self.tell_if_restored().await {
            self.troubles.set(
                Source::Restored,
                format!("it is looked again whether this database comes from a backup, and open trades are told: {error}"),
            );
            tokio::time::sleep(pause).await;
            pause = self.longer(pause);
        }
        self.troubles.clear(Source::Restored);
        self.doubted().is_empty() || self.ask_relays(self.config.times.catch_up).await
    }

    async fn tell_if_restored(self: &Arc<Self>) -> Result<(), EngineError> {
        if self.ports.journal.setting(COPY).await?.is_none_or(|mark| mark == TOLD) {
            return Ok(());
        }
        let open: Vec<TradeId> = hold(&self.open).iter().copied().collect();
        tracing::warn!(open = open.len(), "this database comes from a backup: open trades are in doubt");
        for id in open {
            match self.input(id, &Input::Restored, Along::default()).await {
                // A frozen one does nothing by itself.
                Ok(_) | Err(EngineError::Frozen { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.ports.journal.set_setting(COPY, TOLD).await?)
    }

    /// What others wrote to us, then what we wrote ourselves, since the oldest bid in doubt. False if no relay answered.
    async fn ask_relays(self: &Arc<Self>, patience: Duration) -> bool {
        // Nothing of a trade is older than its bid; what was read when is not asked, it may have been by another store.
        let oldest = self.doubted().into_values().map(|doubted| doubted.bid_at).min();
        let since = self.relays_since().await.unwrap_or(Unix(0)).min(oldest.unwrap_or(self.now()));
        let since = Unix(since.0.saturating_sub(BACK_DATED_SECONDS));
        match tokio::time::timeout(patience, self.catch_up_with_relays(since)).await {
            Ok(heard) if heard > 0 => {}
            Ok(_) | Err(_) => return false,
        }
        let (authors, since) = (vec![self.me], Some(since));
        let wanted = Wanted { kinds: PUBLIC_KINDS.collect(), authors, since, ..Wanted::default() };
        match tokio::time::timeout(patience, self.ports.relays.fetch(wanted, &[])).await {
            Ok(Ok((delivered, answered))) => {
                // Oldest first: each refers to the one before it.
                for one in delivered.into_iter().rev() {
                    self.deliver(one).await;
                }
                answered > 0
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "no relay tells what we wrote before the restore");
                false
            }
            Err(_) => false,
        }
    }

    /// Ends the doubt of every trade of which relays and node have told what they know; goes on in the background where
    /// they have not.
    pub(crate) async fn recall(self: &Arc<Self>, heard: bool) {
        if self.recall_now(heard).await {
            return;
        }
        let inner = Arc::clone(self);
        self.life.spawn(async move {
            let mut pause = inner.config.times.retry_first;
            loop {
                tokio::time::sleep(pause).await;
                pause = inner.longer(pause);
                // Nothing waits for it now, and there may be much to hear.
                let heard = inner.ask_relays(LONGER * inner.config.times.catch_up).await;
                if inner.recall_now(heard).await {
                    return;
                }
            }
        });
    }

    async fn recall_now(self: &Arc<Self>, heard: bool) -> bool {
        let mut all = true;
        for id in self.doubted().into_keys() {
            let Ok((trade, _)) = self.peek(&id).await else { continue };
            if !heard || !self.ask_all(&trade).await {
                all = false;
                continue;
            }
            match self.input(id, &Input::Recalled, Along::default()).await {
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(trade = id.short(), %error, "still in doubt");
                    all = false;
                }
            }
        }
        if all {
            self.troubles.clear(Source::Restored);
        } else {
            let text =
                "trades restored from a backup wait until a relay and the node have told what was done since";
            self.troubles.set(Source::Restored, text.to_owned());
        }
        all
    }
}
