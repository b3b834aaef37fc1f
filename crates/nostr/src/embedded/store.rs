//! Where an embedded relay keeps its events.

use nostr_relay_builder::prelude::{MemoryDatabase, MemoryDatabaseOptions, NostrDatabase};
use std::{fmt, sync::Arc};

/// Events kept in memory; the oldest go first.
const MAX_EVENTS: usize = 200_000;

/// A relay's events. A clone is the same store, so that a relay can be stopped and another one go on with it.
#[derive(Clone)]
pub struct EventStore(Arc<dyn NostrDatabase>);

/// Why a store cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the relay's store {path} cannot be opened: {reason}")]
pub struct StoreError {
    /// Its folder.
    pub path: String,
    /// The system's or the library's word.
    pub reason: String,
}

impl EventStore {
    /// In memory: gone with the last clone.
    pub fn memory() -> Self {
        let options = MemoryDatabaseOptions { events: true, max_events: Some(MAX_EVENTS) };
        Self(Arc::new(MemoryDatabase::with_opts(options)))
    }

    /// In a folder (LMDB), for trials that outlive the program.
    #[cfg(feature = "lmdb")]
    pub fn folder(path: &std::path::Path) -> Result<Self, StoreError> {
        let opened = nostr_lmdb::NostrLMDB::open(path);
        let failed = |e: nostr_relay_builder::prelude::DatabaseError| StoreError {
            path: path.display().to_string(),
            reason: e.to_string(),
        };
        opened.map(|database| Self(Arc::new(database))).map_err(failed)
    }

    pub(super) fn database(&self) -> Arc<dyn NostrDatabase> {
        self.0.clone()
    }
}

impl fmt::Debug for EventStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventStore({:?})", self.0.backend())
    }
}
