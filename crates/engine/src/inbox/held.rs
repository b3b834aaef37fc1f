//! Events that wait for another one: stored, bounded per author, and looked at again when that one has arrived.

use crate::{
    EngineError,
    config::Bounds,
    documents::WRAP_KIND,
    inner::{Inner, hold},
};
use domp_ports::journal::{Document, JournalError};
use domp_protocol::{
    event::VerifiedEvent,
    ids::{EventId, PublicKey, TradeId},
    private::PRIVATE_KIND,
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
    events: HashMap<EventId, One>,
    per_author: HashMap<PublicKey, usize>,
    /// The longest waiting first; some may wait no more.
    order: VecDeque<EventId>,
    /// What they take on disk.
    bytes: usize,
}

/// An event that waits.
#[derive(Clone, Copy, Debug)]
struct One {
    author: PublicKey,
    bytes: usize,
}

/// How much may wait.
#[derive(Clone, Copy)]
struct Most {
    per_author: usize,
    all: usize,
    bytes: usize,
}

impl Most {
    const fn of(bounds: &Bounds) -> Self {
        Self { per_author: bounds.held_per_author, all: bounds.held, bytes: bounds.held_bytes }
    }
}

/// Whether there is room for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Room {
    /// There is, now that these, which waited longest, are let go: whoever floods us must not keep others out for ever.
    There(Vec<EventId>),
    /// Its author holds too many already.
    None,
}

impl Held {
    /// Makes room for an event.
    fn add(&self, event: EventId, one: One, missing: EventId, most: Most) -> Room {
        let mut now = hold(&self.now);
        if now.events.contains_key(&event) {
            now.missing.insert(missing);
            return Room::There(Vec::new());
        }
        if now.per_author.get(&one.author).copied().unwrap_or(0) >= most.per_author || one.bytes > most.bytes
        {
            return Room::None;
        }
        let mut gone = Vec::new();
        while now.events.len() >= most.all || now.bytes.saturating_add(one.bytes) > most.bytes {
            let Some(oldest) = now.oldest() else { break };
            now.remove(&oldest);
            gone.push(oldest);
        }
        now.events.insert(event, one);
        now.bytes = now.bytes.saturating_add(one.bytes);
        *now.per_author.entry(one.author).or_default() += 1;
        now.order.push_back(event);
        now.missing.insert(missing);
        Room::There(gone)
    }

    fn remove(&self, event: &EventId) {
        hold(&self.now).remove(event);
    }

    fn has(&self, event: &EventId) -> bool {
        hold(&self.now).events.contains_key(event)
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
        let Some(One { author, bytes }) = self.events.remove(event) else { return };
        self.bytes = self.bytes.saturating_sub(bytes);
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
    /// Reads what earlier processes held, so that the bounds count it too; what is beyond them is forgotten.
    pub(crate) async fn recall_held(&self) -> Result<(), JournalError> {
        let mut held = Vec::new();
        for missing in self.ports.journal.awaited().await? {
            let documents = self.ports.journal.held_documents(&missing).await?;
            held.extend(documents.into_iter().filter(|document| document.author != self.me).map(
                |document| {
                    let one = One { author: document.author, bytes: document.json.len() };
                    (document.created_at, document.id, one, missing)
                },
            ));
        }
        held.sort_by_key(|(at, id, ..)| (*at, *id));
        let most = Most { per_author: usize::MAX, ..Most::of(&self.config.bounds) };
        let mut gone = Vec::new();
        for (_, event, one, missing) in held {
            match self.inbox.held().add(event, one, missing, most) {
                Room::There(oldest) => gone.extend(oldest),
                Room::None => gone.push(event),
            }
        }
        if !gone.is_empty() {
            self.ports.journal.forget_documents(gone).await?;
        }
        // Private messages that were let go of by an earlier version, which kept them.
        self.ports.journal.forget_but_newest(PRIVATE_KIND, 0).await?;
        self.ports.journal.forget_but_newest(WRAP_KIND, self.config.bounds.marks).await
    }

    /// Keeps an event until the one it waits for arrives: until this trade has it, or if none is given, any trade. Its wrap
    /// is not marked as opened: if it is let go of, it may come again.
    pub(super) async fn hold_event(
        self: &Arc<Self>,
        event: &VerifiedEvent,
        missing: EventId,
        of: Option<TradeId>,
    ) -> Result<(), EngineError> {
        let document = Document { held_for: Some(missing), ..self.document_of(event, None) };
        let one = One { author: event.author(), bytes: document.json.len() };
        let stranger = of.is_none();
        if stranger && one.bytes > self.config.bounds.stranger_bytes {
            tracing::debug!(event = event.id().short(), bytes = one.bytes, "of a stranger, and not kept");
            return Ok(());
        }
        if stranger && self.short_of_room() {
            return Err(EngineError::NoRoom(event.id()));
        }
        let held = self.inbox.held();
        match held.add(event.id(), one, missing, Most::of(&self.config.bounds)) {
            Room::There(gone) if gone.is_empty() => {}
            Room::There(gone) => {
                tracing::debug!(count = gone.len(), "too many events wait for others: the oldest are let go");
                self.ports.journal.forget_documents(gone).await?;
            }
            Room::None => {
                let author = event.author().short();
                tracing::debug!(author, "too many events of one author wait for others: one is dropped");
                return Err(EngineError::NoRoom(event.id()));
            }
        }
        self.ports.journal.keep_document(document).await?;
        if !held.has(&event.id()) {
            // It was let go of, or taken in, before it was stored.
            return Ok(self.ports.journal.forget_documents(vec![event.id()]).await?);
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
        Ok(self.ports.journal.forget_documents(vec![event.id()]).await?)
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
                Some(event) => {
                    self.insist(&event, None, true).await;
                }
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

    fn add(held: &Held, event: u8, author: u8, most: Most) -> Room {
        held.add(id(event), One { author: key(author), bytes: 10 }, id(9), most)
    }
    fn there(gone: impl IntoIterator<Item = u8>) -> Room {
        Room::There(gone.into_iter().map(id).collect())
    }

    #[test]
    fn add__one_author_floods__only_that_author_is_refused() {
        let held = Held::default();
        let most = Most { per_author: 2, all: 10, bytes: 1_000 };
        assert_eq!(add(&held, 1, 1, most), there([]));
        assert_eq!(add(&held, 2, 1, most), there([]));
        assert_eq!(add(&held, 3, 1, most), Room::None);
        assert_eq!(add(&held, 1, 1, most), there([]), "known already");
        assert_eq!(add(&held, 4, 2, most), there([]));
        held.remove(&id(1));
        assert_eq!(add(&held, 3, 1, most), there([]));
    }

    #[test]
    fn add__many_authors_flood__the_oldest_is_let_go() {
        let held = Held::default();
        let most = Most { per_author: 2, all: 3, bytes: 1_000 };
        for n in 1..=3 {
            assert_eq!(add(&held, n, n, most), there([]));
        }
        held.remove(&id(1));
        assert_eq!(add(&held, 4, 4, most), there([]));
        assert_eq!(add(&held, 5, 5, most), there([2]));
        assert_eq!(add(&held, 6, 6, most), there([3]));
    }

    #[test]
    fn add__long_ones__as_many_are_let_go_as_it_takes() {
        let held = Held::default();
        let most = Most { per_author: 2, all: 100, bytes: 35 };
        for n in 1..=3 {
            assert_eq!(add(&held, n, n, most), there([]));
        }
        let long = |bytes| One { author: key(4), bytes };
        assert_eq!(held.add(id(4), long(36), id(9), most), Room::None);
        assert_eq!(held.add(id(4), long(20), id(9), most), there([1, 2]));
        assert_eq!(hold(&held.now).bytes, 30);
    }

    #[test]
    fn take__arrived__once() {
        let held = Held::default();
        add(&held, 1, 1, Most { per_author: 2, all: 3, bytes: 1_000 });
        assert!(held.take(&id(9)) && !held.take(&id(9)) && !held.take(&id(8)));
    }
}
