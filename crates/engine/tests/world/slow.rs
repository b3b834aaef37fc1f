//! A database whose acknowledgements come late, and whose reading can be made to fail: what is written is written at once.

use async_trait::async_trait;
use domp_ports::journal::{Commit, Document, EffectKey, Journal, JournalError, OutboxRow, TradeRow};
use domp_protocol::ids::{EventId, PaymentHash, TradeId};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

/// See the module.
#[derive(Clone)]
pub struct SlowJournal {
    behind: Arc<dyn Journal>,
    /// Milliseconds between a commit and its acknowledgement.
    late: Arc<AtomicU64>,
    /// Readings of the outbox that fail.
    unreadable: Arc<AtomicU32>,
}

impl SlowJournal {
    pub fn new(behind: Arc<dyn Journal>) -> Self {
        Self { behind, late: Arc::default(), unreadable: Arc::default() }
    }
    pub fn acknowledge_after(&self, late: Duration) {
        self.late.store(u64::try_from(late.as_millis()).unwrap(), Ordering::SeqCst);
    }
    pub fn fail_outbox(&self, times: u32) {
        self.unreadable.store(times, Ordering::SeqCst);
    }
}

#[async_trait]
impl Journal for SlowJournal {
    async fn commit(&self, commit: Commit) -> Result<(), JournalError> {
        let written = self.behind.commit(commit).await;
        let late = Duration::from_millis(self.late.load(Ordering::SeqCst));
        if late > Duration::ZERO {
            tokio::time::sleep(late).await;
        }
        written
    }
    async fn outbox(&self) -> Result<Vec<OutboxRow>, JournalError> {
        let failing = |left: u32| left.checked_sub(1);
        if self.unreadable.fetch_update(Ordering::SeqCst, Ordering::SeqCst, failing).is_ok() {
            return Err(JournalError::Failed("made to fail".to_owned()));
        }
        self.behind.outbox().await
    }
    async fn trade(&self, id: &TradeId) -> Result<Option<TradeRow>, JournalError> {
        self.behind.trade(id).await
    }
    async fn trades(&self, only_open: bool) -> Result<Vec<TradeRow>, JournalError> {
        self.behind.trades(only_open).await
    }
    async fn inputs(&self, trade: &TradeId) -> Result<Vec<(u64, Vec<u8>)>, JournalError> {
        self.behind.inputs(trade).await
    }
    async fn trade_of_hash(&self, hash: &PaymentHash) -> Result<Option<TradeId>, JournalError> {
        self.behind.trade_of_hash(hash).await
    }
    async fn keep_document(&self, document: Document) -> Result<(), JournalError> {
        self.behind.keep_document(document).await
    }
    async fn document(&self, id: &EventId) -> Result<Option<Document>, JournalError> {
        self.behind.document(id).await
    }
    async fn document_made_by(&self, key: &EffectKey) -> Result<Option<Document>, JournalError> {
        self.behind.document_made_by(key).await
    }
    async fn documents_of(&self, trade: &TradeId) -> Result<Vec<Document>, JournalError> {
        self.behind.documents_of(trade).await
    }
    async fn documents_of_kind(&self, kind: u16) -> Result<Vec<Document>, JournalError> {
        self.behind.documents_of_kind(kind).await
    }
    async fn awaited(&self) -> Result<Vec<EventId>, JournalError> {
        self.behind.awaited().await
    }
    async fn held_documents(&self, missing: &EventId) -> Result<Vec<Document>, JournalError> {
        self.behind.held_documents(missing).await
    }
    async fn keep_sealed(&self, name: &str, sealed: &[u8]) -> Result<(), JournalError> {
        self.behind.keep_sealed(name, sealed).await
    }
    async fn sealed(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        self.behind.sealed(name).await
    }
    async fn set_setting(&self, name: &str, value: &str) -> Result<(), JournalError> {
        self.behind.set_setting(name, value).await
    }
    async fn setting(&self, name: &str) -> Result<Option<String>, JournalError> {
        self.behind.setting(name).await
    }
    async fn snapshot_to(&self, path: &Path) -> Result<(), JournalError> {
        self.behind.snapshot_to(path).await
    }
}
