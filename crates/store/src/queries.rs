//! Every question the port may ask of the tables.

use crate::{apply::stored, fault::Fault};
use domp_ports::journal::{Document, EffectKey, OutboxRow, TradeRow};
use domp_protocol::{
    ids::{EventId, PaymentHash, PublicKey, TradeId},
    units::{Height, Unix},
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row, params};

const TRADE: &str = "SELECT id, version, open, wake_at, snapshot FROM trades";
const DOCUMENT: &str =
    "SELECT id, kind, author, created_at, trade, made_by_trade, made_by_seq, made_by_place, held_for, json
     FROM documents";

type Found<T> = Result<T, Fault>;

fn list<T>(
    mut statement: CachedStatement<'_>,
    asked: impl Params,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Found<Vec<T>> {
    let rows = statement.query_map(asked, read)?.collect::<rusqlite::Result<Vec<T>>>()?;
    Ok(rows)
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<EventId> {
    row.get(column).map(EventId::from_bytes)
}

fn optional_id(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<EventId>> {
    Ok(row.get::<_, Option<[u8; 32]>>(column)?.map(EventId::from_bytes))
}

fn trade_row(row: &Row<'_>) -> rusqlite::Result<TradeRow> {
    Ok(TradeRow {
        id: id(row, 0)?,
        version: unsigned(row, 1)?,
        open: row.get(2)?,
        wake_at: row.get::<_, Option<u32>>(3)?.map(Height),
        snapshot: row.get(4)?,
    })
}

fn document_row(row: &Row<'_>) -> rusqlite::Result<Document> {
    let made_by = match optional_id(row, 5)? {
        Some(trade) => Some(EffectKey { trade, seq: unsigned(row, 6)?, n: row.get(7)? }),
        None => None,
    };
    Ok(Document {
        id: id(row, 0)?,
        kind: row.get(1)?,
        author: row.get(2).map(PublicKey::from_bytes)?,
        created_at: unsigned(row, 3).map(Unix)?,
        trade: optional_id(row, 4)?,
        made_by,
        held_for: optional_id(row, 8)?,
        json: row.get(9)?,
    })
}

/// One trade.
pub(crate) fn trade(db: &Connection, id: &TradeId) -> Found<Option<TradeRow>> {
    let mut statement = db.prepare_cached(&format!("{TRADE} WHERE id = ?1"))?;
    Ok(statement.query_row([id.as_bytes()], trade_row).optional()?)
}

/// All or all open trades, in order of creation.
pub(crate) fn trades(db: &Connection, only_open: bool) -> Found<Vec<TradeRow>> {
    let which = if only_open { "INDEXED BY trades_open WHERE open = 1" } else { "" };
    list(db.prepare_cached(&format!("{TRADE} {which} ORDER BY n"))?, [], trade_row)
}

/// The outbox, in order of decision.
pub(crate) fn outbox(db: &Connection) -> Found<Vec<OutboxRow>> {
    let statement = db.prepare_cached(
        "SELECT t.id, o.seq, o.place, o.effect FROM outbox o JOIN trades t ON t.n = o.trade ORDER BY o.n",
    )?;
    list(statement, [], |row| {
        let key = EffectKey { trade: id(row, 0)?, seq: unsigned(row, 1)?, n: row.get(2)? };
        Ok(OutboxRow { key, effect: row.get(3)? })
    })
}

/// The inputs of a trade, oldest first.
pub(crate) fn inputs(db: &Connection, trade: &TradeId) -> Found<Vec<(u64, Vec<u8>)>> {
    let statement = db.prepare_cached(
        "SELECT version, input FROM inputs WHERE trade = (SELECT n FROM trades WHERE id = ?1) ORDER BY version",
    )?;
    list(statement, [trade.as_bytes()], |row| Ok((unsigned(row, 0)?, row.get(1)?)))
}

/// The trade that a hash was first bound to.
pub(crate) fn trade_of_hash(db: &Connection, hash: &PaymentHash) -> Found<Option<TradeId>> {
    let mut statement = db.prepare_cached(
        "SELECT t.id FROM hashes h JOIN trades t ON t.n = h.trade WHERE h.hash = ?1 ORDER BY h.n LIMIT 1",
    )?;
    Ok(statement.query_row([hash.as_bytes()], |row| id(row, 0)).optional()?)
}

/// One document.
pub(crate) fn document(db: &Connection, id: &EventId) -> Found<Option<Document>> {
    let mut statement = db.prepare_cached(&format!("{DOCUMENT} WHERE id = ?1"))?;
    Ok(statement.query_row([id.as_bytes()], document_row).optional()?)
}

/// The first document that an effect made.
pub(crate) fn document_made_by(db: &Connection, key: &EffectKey) -> Found<Option<Document>> {
    let mut statement = db.prepare_cached(&format!(
        "{DOCUMENT} WHERE made_by_trade = ?1 AND made_by_seq = ?2 AND made_by_place = ?3 ORDER BY n LIMIT 1"
    ))?;
    let asked = params![key.trade.as_bytes(), stored(key.seq), key.n];
    Ok(statement.query_row(asked, document_row).optional()?)
}

/// The documents of a trade by their own timestamp; equal ones in the order of keeping. Sorted here and not by SQLite,
/// which would take a timestamp above 2^63 for a negative one.
pub(crate) fn documents_of(db: &Connection, trade: &TradeId) -> Found<Vec<Document>> {
    let statement = db.prepare_cached(&format!("{DOCUMENT} WHERE trade = ?1 ORDER BY n"))?;
    let mut documents = list(statement, [trade.as_bytes()], document_row)?;
    documents.sort_by_key(|document| document.created_at);
    Ok(documents)
}

/// The documents of a kind, newest first; equal ones in the order of keeping.
pub(crate) fn documents_of_kind(db: &Connection, kind: u16) -> Found<Vec<Document>> {
    let statement = db.prepare_cached(&format!("{DOCUMENT} WHERE kind = ?1 ORDER BY n"))?;
    let mut documents = list(statement, [kind], document_row)?;
    documents.sort_by_key(|document| std::cmp::Reverse(document.created_at));
    Ok(documents)
}

/// What documents wait for, each once, in the order of the ids.
pub(crate) fn awaited(db: &Connection) -> Found<Vec<EventId>> {
    let statement = db.prepare_cached(
        "SELECT DISTINCT held_for FROM documents WHERE held_for IS NOT NULL ORDER BY held_for",
    )?;
    list(statement, [], |row| id(row, 0))
}

/// The documents that wait for `missing`, in the order of keeping.
pub(crate) fn held_documents(db: &Connection, missing: &EventId) -> Found<Vec<Document>> {
    let statement = db.prepare_cached(&format!("{DOCUMENT} WHERE held_for = ?1 ORDER BY n"))?;
    list(statement, [missing.as_bytes()], document_row)
}

/// Encrypted bytes by name.
pub(crate) fn sealed(db: &Connection, name: &str) -> Found<Option<Vec<u8>>> {
    let mut statement = db.prepare_cached("SELECT bytes FROM sealed WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// A setting by name.
pub(crate) fn setting(db: &Connection, name: &str) -> Found<Option<String>> {
    let mut statement = db.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// Whether every page, index and reference of the file is sound; the first fault otherwise.
pub(crate) fn fault_in_file(db: &Connection) -> Found<Option<String>> {
    let word: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if word != "ok" {
        return Ok(Some(word));
    }
    let table: Option<String> = db.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).optional()?;
    Ok(table.map(|table| format!("a row of {table} refers to a trade that is not there")))
}
