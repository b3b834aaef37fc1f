//! Events that wait for another one: stored, bounded per author, and looked at again when that one has arrived.

use crate::{
    EngineError,
    inner::{Inner, hold},
};
use domp_ports::journal::Document;
use domp_protocol::{
    event::VerifiedEvent,
    ids::{EventId, PublicKey, TradeId},
};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// The setting that says that something was held once.
const SETTING: &str = "inbox/held";

/// What waits, as far as this process has seen it.
#[derive(Default)]
pub(crate) struct Held {
    now: Mutex<Waiting>,
    /// An earlier process held something: only the database knows all.
    earlier: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    missing: HashSet<EventId>,
    events: HashMap<EventId, PublicKey>,
    per_author: HashMap<PublicKey, usize>,
}

impl Held {
    /// Makes room for an event; false if its author, or everybody together, holds too many.
    fn add(
        &self,
        event: EventId,
        author: PublicKey,
        missing: EventId,
        per_author: usize,
        all: usize,
    ) -> bool {
        let mut now = hold(&self.now);
        if !now.events.contains_key(&event) {
            let of_author = now.per_author.get(&author).copied().unwrap_or(0);
            if of_author >= per_author || now.events.len() >= all {
                return false;
            }
            now.events.insert(event, author);
            *now.per_author.entry(author).or_default() += 1;
        }
        now.missing.insert(missing);
        true
    }

    fn remove(&self, event: &EventId) {
        let mut now = hold(&self.now);
        let Some(author) = now.events.remove(event) else { return };
        if let Some(count) = now.per_author.get_mut(&author) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                now.per_author.remove(&author);
            }
        }
    }

    /// Whether something may wait for this event. Asked once for each event that arrives.
    fn take(&self, arrived: &EventId) -> bool {
        hold(&self.now).missing.remove(arrived) || self.earlier.load(Ordering::Acquire)
    }
}

impl Inner {
    /// Reads whether an earlier process held anything.
    pub(crate) async fn recall_held(&self) -> Result<(), EngineError> {
        let held = self.ports.journal.setting(SETTING).await?.is_some();
        self.inbox.held().earlier.store(held, Ordering::Release);
        Ok(())
    }

    /// Keeps an event until the one it waits for arrives: until this trade has it, or if none is given, any trade.
    pub(super) async fn hold_event(
        self: &Arc<Self>,
        event: &VerifiedEvent,
        missing: EventId,
        marker: Option<Document>,
        of: Option<TradeId>,
    ) -> Result<(), EngineError> {
        let bounds = &self.config.bounds;
        let held = self.inbox.held();
        if !held.add(event.id(), event.author(), missing, bounds.held_per_author, bounds.held) {
            tracing::warn!(
                author = event.author().short(),
                "too many events wait for others: one is dropped"
            );
            return Ok(());
        }
        if !held.earlier.load(Ordering::Acquire) {
            self.ports.journal.set_setting(SETTING, "1").await?;
        }
        let document = Document { held_for: Some(missing), ..self.document_of(event, None) };
        self.ports.journal.keep_document(document).await?;
        if let Some(marker) = marker {
            self.ports.journal.keep_document(marker).await?;
        }
        tracing::debug!(event = event.id().short(), missing = missing.short(), "held");
        // What it waits for may have arrived while it was being stored.
        let arrived = match of {
            Some(trade) => self.peek(&trade).await?.0.papers.values().any(|paper| *paper == missing),
            None => self.trade_of_event(&missing).await?.is_some(),
        };
        if arrived {
            self.recheck_later(missing);
        }
        Ok(())
    }

    /// Lets go of an event that was held and has no effect.
    pub(super) async fn let_go(&self, event: &VerifiedEvent) -> Result<(), EngineError> {
        self.inbox.held().remove(&event.id());
        let document = self.document_of(event, None);
        Ok(self.ports.journal.keep_document(document).await?)
    }

    pub(super) fn held_no_more(&self, event: &EventId) {
        self.inbox.held().remove(event);
    }

    /// Looks again at what waited for these events.
    pub(crate) fn inbox_recheck(self: &Arc<Self>, arrived: &[EventId]) {
        for id in arrived.iter().filter(|id| self.inbox.held().take(id)) {
            self.recheck_later(*id);
        }
    }

    /// Looks again at everything that waits: an earlier process may have ended after something had arrived and before what
    /// waited for it was looked at.
    pub(crate) async fn recheck_all(self: &Arc<Self>) {
        match self.ports.journal.awaited().await {
            Ok(awaited) => {
                for missing in awaited {
                    Arc::clone(self).recheck(missing).await;
                }
            }
            Err(error) => self.troubles.journal_failed(&error),
        }
    }

    fn recheck_later(self: &Arc<Self>, arrived: EventId) {
        let inner = Arc::clone(self);
        self.life.spawn(async move { inner.recheck(arrived).await });
    }

    async fn recheck(self: Arc<Self>, arrived: EventId) {
        let held = match self.ports.journal.held_documents(&arrived).await {
            Ok(held) => held,
            Err(error) => {
                self.troubles.journal_failed(&error);
                // Asked again with the next event that refers to it, and after a restart.
                hold(&self.inbox.held().now).missing.insert(arrived);
                return;
            }
        };
        for document in held {
            let event = self.unpack(&document).ok().and_then(|json| VerifiedEvent::check_stored(&json).ok());
            match event {
                Some(event) => self.insist(&event, None, true).await,
                None => tracing::warn!(event = document.id.short(), "a held event cannot be read"),
            }
        }
    }
}
