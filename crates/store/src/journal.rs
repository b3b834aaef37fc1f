//! [`SqliteJournal`]: the journal port on SQLite.

use crate::{
    apply::Write,
    lock::Lock,
    open::{self, Limits},
    queries,
    reader::Reader,
    snapshot,
    writer::{Writer, Written},
};
use async_trait::async_trait;
use domp_ports::journal::{Commit, Document, EffectKey, Journal, JournalError, OutboxRow, TradeRow};
use domp_protocol::ids::{EventId, PaymentHash, TradeId};
use std::{path::Path, sync::Arc};

/// Durable storage in one SQLite file, open in one process at a time `[D3-44]`.
///
/// A write whose future is dropped after it was queued is written all the same. Dropping the journal writes what waits,
/// closes the file and then releases its lock; it blocks for that long.
// Fields are dropped in this order: the last connection to close is the writer's, which folds the log into the file.
pub struct SqliteJournal {
    /// For questions by key, so that they never queue behind a long list.
    pub(crate) points: Reader,
    /// For lists.
    pub(crate) scans: Reader,
    pub(crate) writer: Writer,
    /// Absent in memory.
    pub(crate) file: Option<Arc<Path>>,
    pub(crate) _lock: Option<Lock>,
}

impl std::fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteJournal").field("file", &self.file).finish_non_exhaustive()
    }
}

impl SqliteJournal {
    /// Opens the database at `path`, creating it if there is none in a folder that exists, and brings it to the newest
    /// schema. Blocks while it does.
    ///
    /// # Errors
    /// [`JournalError::InUse`] if another process has it; [`JournalError::TooNew`] and [`JournalError::Corrupt`] for a file
    /// of a newer program, of another program, or damaged, which is left as it was; [`JournalError::ReadOnly`] and
    /// [`JournalError::Full`] as the file system says.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        open::open(path, Limits::default())
    }

    /// As [`SqliteJournal::open`], with bounds other than the usual ones.
    ///
    /// # Errors
    /// The same.
    pub fn open_with(path: &Path, limits: Limits) -> Result<Self, JournalError> {
        open::open(path, limits)
    }

    /// A database that is gone once it is dropped: for tests and trials.
    ///
    /// # Errors
    /// [`JournalError::Failed`] if the system gives no thread or memory.
    pub fn in_memory() -> Result<Self, JournalError> {
        open::in_memory(Limits::default())
    }

    /// How much was written since it was opened.
    pub fn written(&self) -> Written {
        self.writer.written()
    }

    /// Reads the whole file and checks that every page, index and reference in it is sound; takes long on a large one.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] with the first fault found.
    pub async fn check(&self) -> Result<(), JournalError> {
        match self.scans.ask(queries::fault_in_file).await? {
            None => Ok(()),
            Some(reason) => {
                let path = self.file.as_deref().map_or_else(String::new, |path| path.display().to_string());
                Err(JournalError::Corrupt { path, reason })
            }
        }
    }
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn commit(&self, commit: Commit) -> Result<(), JournalError> {
        self.writer.write(Write::Commit(Box::new(commit))).await
    }
    async fn trade(&self, id: &TradeId) -> Result<Option<TradeRow>, JournalError> {
        let id = *id;
        self.points.ask(move |db| queries::trade(db, &id)).await
    }
    async fn trades(&self, only_open: bool) -> Result<Vec<TradeRow>, JournalError> {
        self.scans.ask(move |db| queries::trades(db, only_open)).await
    }
    async fn outbox(&self) -> Result<Vec<OutboxRow>, JournalError> {
        self.scans.ask(queries::outbox).await
    }
    async fn inputs(&self, trade: &TradeId) -> Result<Vec<(u64, Vec<u8>)>, JournalError> {
        let trade = *trade;
        self.scans.ask(move |db| queries::inputs(db, &trade)).await
    }
    async fn trade_of_hash(&self, hash: &PaymentHash) -> Result<Option<TradeId>, JournalError> {
        let hash = *hash;
        self.points.ask(move |db| queries::trade_of_hash(db, &hash)).await
    }

    async fn keep_document(&self, document: Document) -> Result<(), JournalError> {
        self.writer.write(Write::Document(Box::new(document))).await
    }
    async fn document(&self, id: &EventId) -> Result<Option<Document>, JournalError> {
        let id = *id;
        self.points.ask(move |db| queries::document(db, &id)).await
    }
    async fn document_made_by(&self, key: &EffectKey) -> Result<Option<Document>, JournalError> {
        let key = *key;
        self.points.ask(move |db| queries::document_made_by(db, &key)).await
    }
    async fn documents_of(&self, trade: &TradeId) -> Result<Vec<Document>, JournalError> {
        let trade = *trade;
        self.points.ask(move |db| queries::documents_of(db, &trade)).await
    }
    async fn documents_of_kind(&self, kind: u16) -> Result<Vec<Document>, JournalError> {
        self.scans.ask(move |db| queries::documents_of_kind(db, kind)).await
    }
    async fn awaited(&self) -> Result<Vec<EventId>, JournalError> {
        self.points.ask(queries::awaited).await
    }
    async fn held_documents(&self, missing: &EventId) -> Result<Vec<Document>, JournalError> {
        let missing = *missing;
        self.points.ask(move |db| queries::held_documents(db, &missing)).await
    }

    async fn forget_documents(&self, ids: Vec<EventId>) -> Result<(), JournalError> {
        self.writer.write(Write::Forget(ids)).await
    }
    async fn forget_but_newest(&self, kind: u16, keep: u64) -> Result<(), JournalError> {
        self.writer.write(Write::ForgetButNewest { kind, keep }).await
    }
    async fn room(&self) -> Result<Option<u64>, JournalError> {
        let Some(file) = self.file.clone() else { return Ok(None) };
        let asked = tokio::task::spawn_blocking(move || rustix::fs::statvfs(&*file)).await;
        // A file system that does not tell is no reason to refuse anything.
        let told = asked.ok().and_then(Result::ok);
        Ok(told.map(|told| told.f_bavail.saturating_mul(told.f_frsize)))
    }

    async fn keep_sealed(&self, name: &str, sealed: &[u8]) -> Result<(), JournalError> {
        self.writer.write(Write::Sealed { name: name.to_owned(), bytes: sealed.to_vec() }).await
    }
    async fn sealed(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        let name = name.to_owned();
        self.points.ask(move |db| queries::sealed(db, &name)).await
    }
    async fn set_setting(&self, name: &str, value: &str) -> Result<(), JournalError> {
        self.writer.write(Write::Setting { name: name.to_owned(), value: value.to_owned() }).await
    }
    async fn setting(&self, name: &str) -> Result<Option<String>, JournalError> {
        let name = name.to_owned();
        self.points.ask(move |db| queries::setting(db, &name)).await
    }

    async fn snapshot_to(&self, path: &Path) -> Result<(), JournalError> {
        let target = path.to_owned();
        let copy = move |db: &rusqlite::Connection| snapshot::copy(db, &target);
        match &self.file {
            // A connection and thread of its own: copying a large database takes long, and nobody should wait for it.
            Some(file) => {
                let db = open::reading(file).map_err(|fault| fault.at(file))?;
                let reader = Reader::start(db, Arc::clone(file))?;
                reader.ask(copy).await
            }
            None => self.scans.ask(copy).await,
        }
    }
}
