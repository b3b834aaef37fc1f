//! The journal port: durable storage. One transaction per commit (many commits may share one), acknowledged only once
//! it is on disk. The journal stores bytes and keys; it knows nothing of what they mean.

use async_trait::async_trait;
use domp_protocol::{
    ids::{EventId, PaymentHash, PublicKey, TradeId},
    units::{Height, Unix},
};
use serde::{Deserialize, Serialize};

/// The setting that a copy has and the database it was made of has not: whoever starts from a copy may know less than the
/// world does.
pub const COPY: &str = "journal/copy";

/// Names an effect for ever: the trade, the input that caused it, its place among that input's effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectKey {
    /// The trade.
    pub trade: TradeId,
    /// The version of the trade that the causing input produced.
    pub seq: u64,
    /// Place in that step's list of effects.
    pub n: u16,
}

/// A trade as it lies in storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeRow {
    /// The trade.
    pub id: TradeId,
    /// How many inputs it has seen: the compare-and-set version.
    pub version: u64,
    /// The machine's snapshot, serialised by the engine.
    pub snapshot: Vec<u8>,
    /// The first height at which it wants to be woken.
    pub wake_at: Option<Height>,
    /// Whether anything may still happen to it.
    pub open: bool,
}

/// An effect waiting to be performed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its name.
    pub key: EffectKey,
    /// The effect, serialised by the engine.
    pub effect: Vec<u8>,
}

/// How a hash was used: no hash may serve twice in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HashUse {
    /// We made the secret behind it.
    Made,
    /// We invoiced it.
    Invoiced,
    /// We paid it.
    Paid,
}

/// Everything that one input changes, written in one transaction or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The trade as it is afterwards; `row.version` must be `expected_version + 1`.
    pub row: TradeRow,
    /// The version it must have now; 0 when it must not exist yet.
    pub expected_version: u64,
    /// The input, serialised: appended to the audit trail under the new version.
    pub input: Vec<u8>,
    /// New effects, keyed by the new version and their place in this list.
    pub effects: Vec<Vec<u8>>,
    /// Effects whose outcome this input reports: removed from the outbox.
    pub cleared: Vec<EffectKey>,
    /// Hashes that become bound to this trade; a hash bound the same way to **another** trade fails the whole commit.
    pub hashes: Vec<(PaymentHash, HashUse)>,
    /// A document to keep in the same transaction, such as the event that was the input.
    pub documents: Vec<Document>,
}

/// A signed event or wrap that we made or received, kept word for word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub id: EventId,
    /// Its kind.
    pub kind: u16,
    /// Its author.
    pub author: PublicKey,
    /// Its own timestamp.
    pub created_at: Unix,
    /// The trade it belongs to, once known.
    pub trade: Option<TradeId>,
    /// The effect that made it, for our own: asked again, the same bytes are sent again.
    pub made_by: Option<EffectKey>,
    /// Waits for an event that has not arrived yet.
    pub held_for: Option<EventId>,
    /// The event as JSON.
    pub json: String,
}

/// Why storage did not do what it was asked. Nothing of a failed commit is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Somebody else changed the trade first.
    #[error("trade {trade} has moved on: version {found}, expected {expected}")]
    Conflict {
        /// The trade.
        trade: TradeId,
        /// The version the caller saw.
        expected: u64,
        /// The version in storage.
        found: u64,
    },
    /// The hash already serves another trade in the same way.
    #[error("payment hash {hash} is already used in trade {other}: a hash serves one trade only")]
    HashTaken {
        /// The hash.
        hash: PaymentHash,
        /// The trade that has it.
        other: TradeId,
    },
    /// Another process has the database open.
    #[error(
        "{path} is in use by another process; stop that one first, or point this one to another data folder"
    )]
    InUse {
        /// The database file.
        path: String,
    },
    /// The database was written by a newer version of this program.
    #[error(
        "{path} has schema {found}, this program knows up to {known}: install the newer domp; nothing was changed"
    )]
    TooNew {
        /// The database file.
        path: String,
        /// Its schema.
        found: u32,
        /// The newest we know.
        known: u32,
    },
    /// The disk is full.
    #[error("the disk that holds {path} is full: free some room; nothing was changed")]
    Full {
        /// The database file.
        path: String,
    },
    /// The folder or file cannot be written.
    #[error("{path} cannot be written: {reason}")]
    ReadOnly {
        /// The database file.
        path: String,
        /// The system's word.
        reason: String,
    },
    /// What is in storage cannot be read back.
    #[error("the database {path} is damaged: {reason}; restore it from a backup")]
    Corrupt {
        /// The database file.
        path: String,
        /// What does not fit.
        reason: String,
    },
    /// Anything else the storage reports.
    #[error("the database failed: {0}")]
    Failed(String),
}

/// Durable storage.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Writes one commit; returns once it is durable.
    async fn commit(&self, commit: Commit) -> Result<(), JournalError>;
    /// One trade.
    async fn trade(&self, id: &TradeId) -> Result<Option<TradeRow>, JournalError>;
    /// Trades in the order of their creation; only open ones if asked.
    async fn trades(&self, only_open: bool) -> Result<Vec<TradeRow>, JournalError>;
    /// Every effect not yet cleared, oldest first.
    async fn outbox(&self) -> Result<Vec<OutboxRow>, JournalError>;
    /// The inputs of a trade: version and bytes, oldest first.
    async fn inputs(&self, trade: &TradeId) -> Result<Vec<(u64, Vec<u8>)>, JournalError>;
    /// The trade bound to a hash, if any.
    async fn trade_of_hash(&self, hash: &PaymentHash) -> Result<Option<TradeId>, JournalError>;

    /// Keeps a document; keeping the same id again changes only `trade` and `held_for`, and nothing if that would take it
    /// away from a trade.
    async fn keep_document(&self, document: Document) -> Result<(), JournalError>;
    /// A document by id.
    async fn document(&self, id: &EventId) -> Result<Option<Document>, JournalError>;
    /// The document that an effect made.
    async fn document_made_by(&self, key: &EffectKey) -> Result<Option<Document>, JournalError>;
    /// All documents of a trade, by `created_at`.
    async fn documents_of(&self, trade: &TradeId) -> Result<Vec<Document>, JournalError>;
    /// All documents of a kind, newest first.
    async fn documents_of_kind(&self, kind: u16) -> Result<Vec<Document>, JournalError>;
    /// The events that documents wait for, each once.
    async fn awaited(&self) -> Result<Vec<EventId>, JournalError>;
    /// Documents waiting for `missing`.
    async fn held_documents(&self, missing: &EventId) -> Result<Vec<Document>, JournalError>;

    /// Forgets these documents for good, as far as they belong to no trade and nobody here made them.
    async fn forget_documents(&self, ids: Vec<EventId>) -> Result<(), JournalError>;
    /// Forgets for good the documents of a kind that belong to no trade, that nobody here made and that wait for nothing,
    /// but for the `keep` that were kept last.
    async fn forget_but_newest(&self, kind: u16, keep: u64) -> Result<(), JournalError>;
    /// Bytes that are left for the database to grow; `None` if nobody can tell.
    async fn room(&self) -> Result<Option<u64>, JournalError>;

    /// Keeps sealed bytes under a name (`secret/<hash>`, `salt/<hash>`); overwriting is an error unless equal.
    async fn keep_sealed(&self, name: &str, sealed: &[u8]) -> Result<(), JournalError>;
    /// Sealed bytes by name.
    async fn sealed(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError>;
    /// Small settings that may change: cursors, announced policies, this profile's network and public key.
    async fn set_setting(&self, name: &str, value: &str) -> Result<(), JournalError>;
    /// A setting.
    async fn setting(&self, name: &str) -> Result<Option<String>, JournalError>;
    /// A consistent copy of everything, for a backup file; made while running. The copy says that it is one: its setting
    /// [`COPY`] is there.
    async fn snapshot_to(&self, path: &std::path::Path) -> Result<(), JournalError>;
}
