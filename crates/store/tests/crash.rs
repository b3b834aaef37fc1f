//! A process killed in the middle of its commits `[D3-44]`: everything that was acknowledged is there, nothing is there by halves,
//! and the database opens at once.

#![allow(non_snake_case, clippy::unwrap_used, clippy::print_stdout)]

mod samples;

use domp_ports::journal::{Journal, JournalError};
use domp_store::SqliteJournal;
use samples::{commit, id};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Where the child finds its database; unset in the parent.
const DATABASE: &str = "DOMP_TEST_CRASH_DATABASE";
/// Trades that the child works on at the same time.
const TRADES: u32 = 40;

/// Commits for ever on [`TRADES`] trades at once, and says each commit once it is acknowledged.
fn child(path: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let journal = SqliteJournal::open(path).unwrap();
        let trades = (0..TRADES).map(async |n| {
            let from = journal.trade(&id(n)).await.unwrap().map_or(0, |row| row.version);
            for version in from.. {
                journal.commit(commit(n, version)).await.unwrap();
                println!("\nacknowledged {n} {}", version + 1);
            }
        });
        futures::future::join_all(trades).await;
    });
}

/// Kills the child whatever happens to the test.
struct Victim(Child);

impl Drop for Victim {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn start(test: &str, path: &Path) -> Victim {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Victim(child)
}

/// Reads acknowledgements, at least `enough`; kills; reads what was still in the pipe. The highest version of each trade.
fn kill_after(mut victim: Victim, enough: usize) -> Vec<u64> {
    let mut highest = vec![0; TRADES as usize];
    let mut seen = 0;
    let mut alive = true;
    for line in BufReader::new(victim.0.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        // A line cut off by the kill is no acknowledgement: its number may have lost digits, never gained any.
        if let ["acknowledged", trade, version] = words[..]
            && let (Ok(trade), Ok(version)) = (trade.parse::<usize>(), version.parse::<u64>())
        {
            highest[trade] = highest[trade].max(version);
            seen += 1;
        }
        if seen >= enough && alive {
            victim.0.kill().unwrap();
            alive = false;
        }
    }
    assert!(seen >= enough, "the child ended by itself after {seen} commits");
    highest
}

#[test]
fn process__killed_while_committing__all_that_was_acknowledged_is_there() {
    if let Some(path) = std::env::var_os(DATABASE) {
        return child(&PathBuf::from(path));
    }
    let name = "process__killed_while_committing__all_that_was_acknowledged_is_there";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.db");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for round in 1..=3 {
        let acknowledged = kill_after(start(name, &path), 300 * round);
        let journal = SqliteJournal::open(&path).unwrap();
        runtime.block_on(async {
            journal.check().await.unwrap();
            for (n, version) in (0..).zip(acknowledged) {
                let found = journal.trade(&id(n)).await.unwrap().map_or(0, |row| row.version);
                assert!(found >= version, "trade {n}: acknowledged {version}, found {found}");
                whole(&journal, n, found).await;
            }
        });
    }
}

/// Every commit up to `version` is there with all its parts, and none beyond.
async fn whole(journal: &SqliteJournal, n: u32, version: u64) {
    let inputs = journal.inputs(&id(n)).await.unwrap();
    assert_eq!(inputs.len() as u64, version);
    assert_eq!(journal.documents_of(&id(n)).await.unwrap().len() as u64, version);
    let effects = journal.outbox().await.unwrap().iter().filter(|row| row.key.trade == id(n)).count();
    assert_eq!(effects as u64, 2 * version);
    if let Some(row) = journal.trade(&id(n)).await.unwrap() {
        assert_eq!(row.snapshot, commit(n, version - 1).row.snapshot);
    }
}

#[test]
fn process__that_holds_the_database__second_one_refused_until_it_is_killed() {
    if let Some(path) = std::env::var_os(DATABASE) {
        return child(&PathBuf::from(path));
    }
    let name = "process__that_holds_the_database__second_one_refused_until_it_is_killed";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.db");
    let mut victim = start(name, &path);
    let mut lines = BufReader::new(victim.0.stdout.take().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().starts_with("acknowledged")).unwrap().unwrap();
    assert!(matches!(SqliteJournal::open(&path), Err(JournalError::InUse { .. })));
    drop(victim);
    SqliteJournal::open(&path).unwrap();
}

/// What a power cut can do and a kill cannot: the end of the log never reached the disk, or only in part.
#[tokio::test]
async fn log__cut_off_anywhere__every_trade_whole_at_some_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.db");
    let journal = SqliteJournal::open(&path).unwrap();
    for version in 0..4 {
        futures::future::join_all((0..TRADES).map(|n| journal.commit(commit(n, version)))).await;
    }
    let database = std::fs::read(&path).unwrap();
    let log = std::fs::read(folder.path().join("trades.db-wal")).unwrap();
    drop(journal);
    let mut versions_seen = std::collections::BTreeSet::new();
    for cut in 0..=24 {
        let other = folder.path().join(format!("cut-{cut}.db"));
        std::fs::write(&other, &database).unwrap();
        let mut log = log[..log.len() * cut / 24].to_vec();
        if let Some(last) = log.last_mut() {
            *last ^= 0x55;
        }
        std::fs::write(folder.path().join(format!("cut-{cut}.db-wal")), log).unwrap();
        let journal = SqliteJournal::open(&other).unwrap();
        journal.check().await.unwrap();
        for n in 0..TRADES {
            let version = journal.trade(&id(n)).await.unwrap().map_or(0, |row| row.version);
            versions_seen.insert(version);
            whole(&journal, n, version).await;
        }
    }
    assert!(versions_seen.len() > 2, "the cuts all fell on the same spot: {versions_seen:?}");
}
