//! Events that wait for another one: stored, bounded per author, and looked at again when that one has arrived.

use crate::{
    EngineError,
    inner::{Inner, hold},
};
use domp_ports::journal::{Document, JournalError};
use domp_protocol::{
    event::VerifiedEvent,
    ids::{EventId, PublicKey, TradeId},
};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex},
};

/// What waits, so that nobody asks the database about an event for which nothing does.
#[derive(Default)]
pub(crate) struct Held {
    now: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    missing: HashSet<EventId>,
    events: HashMap<EventId, PublicKey>,
    per_author: HashMap<PublicKey, usize>,
    /// The longest waiting first; some may wait no more.
    order: VecDeque<EventId>,
}

/// Whether there is room for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    /// There is.
    There,
    /// There is, now that this one, which waited longest, is let go: whoever floods us must not keep others out for ever.
    Made(EventId),
    /// Its author holds too many already.
    None,
}

impl Held {
    /// Makes room for an event, with so many of one author and so many of everybody at the most.
    fn add(
        &self,
        event: EventId,
        author: PublicKey,
        missing: EventId,
        per_author: usize,
        all: usize,
    ) -> Room {
        let mut now = hold(&self.now);
        if now.events.contains_key(&event) {
            now.missing.insert(missing);
            return Room::There;
        }
        if now.per_author.get(&author).copied().unwrap_or(0) >= per_author {
            return Room::None;
        }
        let oldest = if now.events.len() >= all { now.oldest() } else { None };
        if let Some(oldest) = &oldest {
            now.remove(oldest);
        }
        now.events.insert(event, author);
        *now.per_author.entry(author).or_default() += 1;
        now.order.push_back(event);
        now.missing.insert(missing);
        oldest.map_or(Room::There, Room::Made)
    }

    fn remove(&self, event: &EventId) {
        hold(&self.now).remove(event);
    }

    /// Whether something may wait for this event. Asked once for each event that arrives.
    fn take(&self, arrived: &EventId) -> bool {
        hold(&self.now).missing.remove(arrived)
    }
}

impl Waiting {
    fn oldest(&mut self) -> Option<EventId> {
        while let Some(oldest) = self.order.pop_front() {
            if self.events.contains_key(&oldest) {
                return Some(oldest);
            }
        }
        None
    }

    fn remove(&mut self, event: &EventId) {
        let Some(author) = self.events.remove(event) else { return };
        if let Some(count) = self.per_author.get_mut(&author) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.per_author.remove(&author);
            }
        }
        // What waits no more is forgotten from the front; the rest when it comes there.
        while self.order.front().is_some_and(|first| !self.events.contains_key(first)) {
            self.order.pop_front();
        }
    }
}

impl Inner {
    /// Reads what earlier processes held, so that the bounds count it too.
    pub(crate) async fn recall_held(&self) -> Result<(), JournalError> {
        let mut held = Vec::new();
        for missing in self.ports.journal.awaited().await? {
            let documents = self.ports.journal.held_documents(&missing).await?;
            held.extend(
                documents
                    .into_iter()
                    .map(|document| (document.created_at, document.id, document.author, missing)),
            );
        }
        held.sort();
        for (_, event, author, missing) in held {
            self.inbox.held().add(event, author, missing, usize::MAX, usize::MAX);
        }
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
        match held.add(event.id(), event.author(), missing, bounds.held_per_author, bounds.held) {
            Room::There => {}
            Room::Made(oldest) => self.forget(&oldest).await?,
            Room::None => {
                let author = event.author().short();
                tracing::warn!(author, "too many events of one author wait for others: one is dropped");
                return Ok(());
            }
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

    /// Lets go of an event for which there is no room any more.
    async fn forget(&self, event: &EventId) -> Result<(), EngineError> {
        tracing::warn!(event = event.short(), "too many events wait for others: the oldest is let go");
        match self.ports.journal.document(event).await? {
            Some(document) => {
                Ok(self.ports.journal.keep_document(Document { held_for: None, ..document }).await?)
            }
            None => Ok(()),
        }
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
        let mut pause = self.config.times.retry_first;
        loop {
            match self.ports.journal.awaited().await {
                Ok(awaited) => {
                    for missing in awaited {
                        Arc::clone(self).recheck(missing).await;
                    }
                    return;
                }
                Err(error) => self.troubles.journal_failed(&error),
            }
            tokio::time::sleep(pause).await;
            pause = self.longer(pause);
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

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    fn id(n: u8) -> EventId {
        EventId::from_bytes([n; 32])
    }
    fn key(n: u8) -> PublicKey {
        PublicKey::from_bytes([n; 32])
    }

    #[test]
    fn add__one_author_floods__only_that_author_is_refused() {
        let held = Held::default();
        assert_eq!(held.add(id(1), key(1), id(9), 2, 10), Room::There);
        assert_eq!(held.add(id(2), key(1), id(9), 2, 10), Room::There);
        assert_eq!(held.add(id(3), key(1), id(9), 2, 10), Room::None);
        assert_eq!(held.add(id(1), key(1), id(8), 2, 10), Room::There, "known already");
        assert_eq!(held.add(id(4), key(2), id(9), 2, 10), Room::There);
        held.remove(&id(1));
        assert_eq!(held.add(id(3), key(1), id(9), 2, 10), Room::There);
    }

    #[test]
    fn add__many_authors_flood__the_oldest_is_let_go() {
        let held = Held::default();
        for n in 1..=3 {
            assert_eq!(held.add(id(n), key(n), id(9), 2, 3), Room::There);
        }
        held.remove(&id(1));
        assert_eq!(held.add(id(4), key(4), id(9), 2, 3), Room::There);
        assert_eq!(held.add(id(5), key(5), id(9), 2, 3), Room::Made(id(2)));
        assert_eq!(held.add(id(6), key(6), id(9), 2, 3), Room::Made(id(3)));
    }

    #[test]
    fn take__arrived__once() {
        let held = Held::default();
        held.add(id(1), key(1), id(9), 2, 3);
        assert!(held.take(&id(9)) && !held.take(&id(9)) && !held.take(&id(8)));
    }
}
