//! How fast the journal is against bare rusqlite doing the least that could carry the same bytes: one line a measure,
//! `NAME ours=… base=… ratio=…`. Commits are told in commits a second (higher is better: ratio = ours / base), start-up
//! in seconds (lower is better: ratio = base / ours).
//!
//! Both sides use the same settings (write-ahead log, `synchronous=FULL`), the same folder, and the same number of
//! transactions. The folder is the system's temporary one, so set `TMPDIR` to the disk in question.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)] // a program that measures, run by hand

use domp_ports::journal::{Commit, EffectKey, Journal, TradeRow};
use domp_protocol::{ids::EventId, units::Height};
use domp_store::SqliteJournal;
use rusqlite::{Connection, params};
use std::{path::Path, time::Instant};

/// Bytes of a snapshot, of an input and of an effect.
const SNAPSHOT: usize = 1500;
const INPUT: usize = 600;
const EFFECT: usize = 300;

fn main() {
    for callers in [1, 64, 256] {
        let commits = if callers == 1 { 4_000 } else { 40_000 };
        store_commit(callers, commits);
    }
    store_open(100_000);
}

fn trade(n: u64) -> EventId {
    let mut bytes = [0; 32];
    // Spread like real ids, so that the index is hit all over.
    for (place, part) in bytes.chunks_mut(8).enumerate() {
        part.copy_from_slice(
            &(n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15 ^ (place as u64) << 17).to_be_bytes(),
        );
    }
    EventId::from_bytes(bytes)
}

/// The usual step of a trade: one input, one effect decided, the effect before it reported.
fn step(id: EventId, expected: u64) -> Commit {
    let previous = (expected > 0).then_some(EffectKey { trade: id, seq: expected, n: 0 });
    Commit {
        row: TradeRow {
            id,
            version: expected + 1,
            snapshot: vec![1; SNAPSHOT],
            wake_at: Some(Height(1)),
            open: true,
        },
        expected_version: expected,
        input: vec![2; INPUT],
        effects: vec![vec![3; EFFECT]],
        cleared: previous.into_iter().collect(),
        hashes: Vec::new(),
        documents: Vec::new(),
    }
}

/// `callers` trades commit at the same time, ten inputs each trade. Each side runs three times, in turns, and the middle
/// result counts: the disk of a shared machine has its moods.
fn store_commit(callers: usize, commits: usize) {
    let mut results: [Vec<f64>; 4] = Default::default();
    for _ in 0..3 {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (ours, group, p99) = journal_commits(&folder.path().join("ours.db"), callers, commits);
        let row = one_row(&folder.path().join("row.db"), commits, group);
        let rows = same_rows(&folder.path().join("rows.db"), commits, group);
        for (result, value) in results.iter_mut().zip([ours, row, rows, p99]) {
            result.push(value);
        }
    }
    let [ours, row, rows, p99] = results.map(|mut values| {
        values.sort_by(f64::total_cmp);
        values[1]
    });
    println!(
        "store-commit-{callers} ours={ours:.0}/s base={row:.0}/s ratio={:.2} p99={p99:.2}ms",
        ours / row
    );
    println!("store-commit-{callers}-same-rows ours={ours:.0}/s base={rows:.0}/s ratio={:.2}", ours / rows);
}

/// Commits a second, the mean size of a group, and the 99th percentile of one caller's wait in milliseconds.
fn journal_commits(path: &Path, callers: usize, commits: usize) -> (f64, usize, f64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let journal = SqliteJournal::open(path).unwrap();
    let each = commits / callers;
    let mut waits = Vec::with_capacity(commits);
    let began = Instant::now();
    runtime.block_on(async {
        let run = (0..callers).map(async |caller| {
            let mut waits = Vec::with_capacity(each);
            for n in 0..each {
                let id = trade((caller * each + n / 10) as u64);
                let commit = step(id, (n % 10) as u64);
                let asked = Instant::now();
                journal.commit(commit).await.unwrap();
                waits.push(asked.elapsed().as_secs_f64() * 1000.0);
            }
            waits
        });
        futures::future::join_all(run).await.into_iter().for_each(|some| waits.extend(some));
    });
    let took = began.elapsed().as_secs_f64();
    let written = journal.written();
    waits.sort_by(f64::total_cmp);
    let group = (written.writes / written.groups).max(1) as usize;
    (written.writes as f64 / took, group, waits[waits.len() * 99 / 100])
}

fn bare(path: &Path, tables: &str) -> Connection {
    let db = Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096;",
    )
    .unwrap();
    db.execute_batch(tables).unwrap();
    db
}

fn grouped(db: &Connection, commits: usize, group: usize, mut write: impl FnMut(usize)) -> f64 {
    let began = Instant::now();
    for first in (0..commits).step_by(group) {
        db.execute_batch("BEGIN").unwrap();
        (first..(first + group).min(commits)).for_each(&mut write);
        db.execute_batch("COMMIT").unwrap();
    }
    commits as f64 / began.elapsed().as_secs_f64()
}

/// All bytes of a commit as one row under a unique id.
fn one_row(path: &Path, commits: usize, group: usize) -> f64 {
    let db = bare(path, "CREATE TABLE bare (id BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL)");
    let bytes = vec![1_u8; SNAPSHOT + INPUT + EFFECT];
    let mut insert = db.prepare("INSERT INTO bare VALUES (?1, ?2)").unwrap();
    grouped(&db, commits, group, |n| {
        insert.execute(params![trade(n as u64).as_bytes(), bytes]).unwrap();
    })
}

/// The same rows as ours, by number and without a single check.
fn same_rows(path: &Path, commits: usize, group: usize) -> f64 {
    let db = bare(
        path,
        "CREATE TABLE trades (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, snapshot BLOB NOT NULL);
         CREATE TABLE inputs (trade INTEGER, version INTEGER, input BLOB, UNIQUE (trade, version));
         CREATE TABLE outbox (n INTEGER PRIMARY KEY, trade INTEGER, seq INTEGER, effect BLOB, UNIQUE (trade, seq))",
    );
    let (snapshot, input, effect) = (vec![1_u8; SNAPSHOT], vec![2_u8; INPUT], vec![3_u8; EFFECT]);
    let mut create = db.prepare("INSERT INTO trades VALUES (?1, ?2, ?3)").unwrap();
    let mut update = db.prepare("UPDATE trades SET snapshot = ?2 WHERE n = ?1").unwrap();
    let mut add = db.prepare("INSERT INTO inputs VALUES (?1, ?2, ?3)").unwrap();
    let mut decide = db.prepare("INSERT INTO outbox (trade, seq, effect) VALUES (?1, ?2, ?3)").unwrap();
    let mut clear = db.prepare("DELETE FROM outbox WHERE trade = ?1 AND seq = ?2").unwrap();
    // As many trades at once as share a transaction, ten inputs each.
    grouped(&db, commits, group, |n| {
        let version = n / group % 10;
        let number = (n / group / 10 * group + n % group) as i64;
        if version == 0 {
            create.execute(params![number, trade(number as u64).as_bytes(), snapshot]).unwrap();
        } else {
            update.execute(params![number, snapshot]).unwrap();
            clear.execute(params![number, version as i64 - 1]).unwrap();
        }
        add.execute(params![number, version as i64, input]).unwrap();
        decide.execute(params![number, version as i64, effect]).unwrap();
    })
}

/// Opening a database with `trades` open trades and as many closed ones, and reading what a start needs.
fn store_open(trades: u64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("ours.db");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let journal = SqliteJournal::open(&path).unwrap();
    runtime.block_on(async {
        for first in (0..2 * trades).step_by(256) {
            let some = (first..(first + 256).min(2 * trades)).map(|n| {
                let mut commit = step(trade(n), 0);
                commit.row.open = n % 2 == 0;
                commit.effects = Vec::new();
                journal.commit(commit)
            });
            assert!(futures::future::join_all(some).await.iter().all(Result::is_ok));
        }
    });
    drop(journal);
    let began = Instant::now();
    let journal = SqliteJournal::open(&path).unwrap();
    let (rows, outbox) = runtime.block_on(async { tokio::join!(journal.trades(true), journal.outbox()) });
    let ours = began.elapsed().as_secs_f64();
    assert_eq!((rows.unwrap().len() as u64, outbox.unwrap().len()), (trades, 0));

    let db = Connection::open(&path).unwrap();
    let began = Instant::now();
    let mut select = db.prepare("SELECT snapshot FROM trades WHERE open = 1 ORDER BY n").unwrap();
    let snapshots: Vec<Vec<u8>> =
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let base = began.elapsed().as_secs_f64();
    assert_eq!(snapshots.len() as u64, trades);
    println!("store-open-{trades} ours={ours:.3}s base={base:.3}s ratio={:.2}", base / ours);
}
