//! What one write does to the tables. Every function here runs inside the writer's transaction and savepoint; whatever
//! it returns as an error, nothing that it did stays.

use crate::fault::Fault;
use domp_ports::journal::{Commit, Document, EffectKey, HashUse, JournalError};
use domp_protocol::ids::{EventId, PaymentHash, TradeId};
use rusqlite::{Connection, OptionalExtension, params};

/// One thing to be written, all of it or nothing.
#[derive(Debug)]
pub(crate) enum Write {
    /// What an input changed `[D3-44]`.
    Commit(Box<Commit>),
    /// A document.
    Document(Box<Document>),
    /// Documents to be forgotten.
    Forget(Vec<EventId>),
    /// Documents of a kind to be forgotten, but for the newest.
    ForgetButNewest {
        /// The kind.
        kind: u16,
        /// How many stay.
        keep: u64,
    },
    /// Encrypted bytes under a name, once and for ever.
    Sealed {
        /// Their name.
        name: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A setting, over any earlier one.
    Setting {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}

/// An unsigned number as SQLite holds it: the signed number with the same bits, so that none is out of range.
pub(crate) const fn stored(number: u64) -> i64 {
    number.cast_signed()
}

/// How the use of a hash is numbered in the table; never renumber.
const fn use_number(hash_use: HashUse) -> i64 {
    match hash_use {
        HashUse::Made => 1,
        HashUse::Invoiced => 2,
        HashUse::Paid => 3,
    }
}

impl Write {
    /// Writes it.
    pub(crate) fn apply(&self, db: &Connection) -> Result<(), Fault> {
        match self {
            Self::Commit(commit) => apply_commit(db, commit),
            Self::Document(document) => keep_document(db, document),
            Self::Forget(ids) => ids.iter().try_for_each(|id| forget(db, id)),
            Self::ForgetButNewest { kind, keep } => forget_but_newest(db, *kind, *keep),
            Self::Sealed { name, bytes } => keep_sealed(db, name, bytes),
            Self::Setting { name, value } => set_setting(db, name, value),
        }
    }
}

fn apply_commit(db: &Connection, commit: &Commit) -> Result<(), Fault> {
    let trade = compare_and_set(db, commit)?;
    let version = stored(commit.row.version);
    db.prepare_cached("INSERT INTO inputs (trade, version, input) VALUES (?1, ?2, ?3)")?.execute(params![
        trade,
        version,
        commit.input
    ])?;
    for key in &commit.cleared {
        clear(db, key)?;
    }
    for (place, effect) in commit.effects.iter().enumerate() {
        let place = u16::try_from(place)
            .map_err(|_| JournalError::Failed(format!("trade {}: more than 65536 effects", commit.row.id)))?;
        db.prepare_cached("INSERT INTO outbox (trade, seq, place, effect) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![trade, version, place, effect])?;
    }
    for (hash, hash_use) in &commit.hashes {
        bind_hash(db, hash, *hash_use, trade)?;
    }
    for document in &commit.documents {
        keep_document(db, document)?;
    }
    Ok(())
}

/// Writes the trade's row if it still has the version that the caller saw; returns its number.
fn compare_and_set(db: &Connection, commit: &Commit) -> Result<i64, Fault> {
    let row = &commit.row;
    let expected = commit.expected_version;
    if expected.checked_add(1) != Some(row.version) {
        return Err(JournalError::Failed(format!(
            "trade {}: a commit on version {expected} must make version {expected} + 1, not {}",
            row.id, row.version
        ))
        .into());
    }
    let found: Option<(i64, i64)> = db
        .prepare_cached("SELECT n, version FROM trades WHERE id = ?1")?
        .query_row([row.id.as_bytes()], |found| Ok((found.get(0)?, found.get(1)?)))
        .optional()?;
    let found_version = found.map_or(0, |(_, version)| version.cast_unsigned());
    if found_version != expected {
        return Err(JournalError::Conflict { trade: row.id, expected, found: found_version }.into());
    }
    let wake_at = row.wake_at.map(|height| height.0);
    let Some((n, _)) = found else {
        db.prepare_cached(
            "INSERT INTO trades (id, version, open, wake_at, snapshot) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            row.id.as_bytes(),
            stored(row.version),
            row.open,
            wake_at,
            row.snapshot
        ])?;
        return Ok(db.last_insert_rowid());
    };
    db.prepare_cached("UPDATE trades SET version = ?2, open = ?3, wake_at = ?4, snapshot = ?5 WHERE n = ?1")?
        .execute(params![n, stored(row.version), row.open, wake_at, row.snapshot])?;
    Ok(n)
}

/// Takes an effect out of the outbox. One that is not there was cleared before: an outcome may be reported twice.
fn clear(db: &Connection, key: &EffectKey) -> Result<(), Fault> {
    db.prepare_cached(
        "DELETE FROM outbox WHERE trade = (SELECT n FROM trades WHERE id = ?1) AND seq = ?2 AND place = ?3",
    )?
    .execute(params![key.trade.as_bytes(), stored(key.seq), key.n])?;
    Ok(())
}

/// Binds a hash to a trade `[D3-62]`.
fn bind_hash(db: &Connection, hash: &PaymentHash, hash_use: HashUse, trade: i64) -> Result<(), Fault> {
    let bound = db
        .prepare_cached("INSERT INTO hashes (hash, use, trade) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![hash.as_bytes(), use_number(hash_use), trade])?;
    if bound == 1 {
        return Ok(());
    }
    let (owner, id): (i64, [u8; 32]) = db
        .prepare_cached(
            "SELECT t.n, t.id FROM hashes h JOIN trades t ON t.n = h.trade WHERE h.hash = ?1 AND h.use = ?2",
        )?
        .query_row(params![hash.as_bytes(), use_number(hash_use)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if owner == trade {
        return Ok(());
    }
    Err(JournalError::HashTaken { hash: *hash, other: TradeId::from_bytes(id) }.into())
}

fn keep_document(db: &Connection, document: &Document) -> Result<(), Fault> {
    let made_by = document.made_by.as_ref();
    db.prepare_cached(
        "INSERT INTO documents
           (id, kind, author, created_at, trade, made_by_trade, made_by_seq, made_by_place, held_for, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (id) DO UPDATE SET trade = excluded.trade, held_for = excluded.held_for
           WHERE excluded.trade IS NOT NULL OR documents.trade IS NULL",
    )?
    .execute(params![
        document.id.as_bytes(),
        document.kind,
        document.author.as_bytes(),
        stored(document.created_at.0),
        document.trade.as_ref().map(|trade| trade.as_bytes()),
        made_by.map(|key| key.trade.as_bytes()),
        made_by.map(|key| stored(key.seq)),
        made_by.map(|key| key.n),
        document.held_for.as_ref().map(|id| id.as_bytes()),
        document.json,
    ])?;
    Ok(())
}

fn forget(db: &Connection, id: &EventId) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM documents WHERE id = ?1 AND trade IS NULL AND made_by_trade IS NULL")?
        .execute([id.as_bytes()])?;
    Ok(())
}

fn forget_but_newest(db: &Connection, kind: u16, keep: u64) -> Result<(), Fault> {
    // A negative offset would count as none.
    let keep = i64::try_from(keep).unwrap_or(i64::MAX);
    db.prepare_cached(
        "DELETE FROM documents WHERE n IN (
           SELECT n FROM documents
           WHERE kind = ?1 AND trade IS NULL AND made_by_trade IS NULL AND held_for IS NULL
           ORDER BY n DESC LIMIT -1 OFFSET ?2)",
    )?
    .execute(params![kind, keep])?;
    Ok(())
}

fn keep_sealed(db: &Connection, name: &str, bytes: &[u8]) -> Result<(), Fault> {
    let kept = db
        .prepare_cached("INSERT INTO sealed (name, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![name, bytes])?;
    if kept == 1 {
        return Ok(());
    }
    let equal: bool = db
        .prepare_cached("SELECT bytes = ?2 FROM sealed WHERE name = ?1")?
        .query_row(params![name, bytes], |row| row.get(0))?;
    if equal {
        return Ok(());
    }
    Err(JournalError::Failed(format!("{name:?} is already kept with other bytes; nothing was changed"))
        .into())
}

fn set_setting(db: &Connection, name: &str, value: &str) -> Result<(), Fault> {
    db.prepare_cached(
        "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?
    .execute([name, value])?;
    Ok(())
}
