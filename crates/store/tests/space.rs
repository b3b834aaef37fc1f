//! A full disk: what does not fit is refused with nothing kept, what fits is kept, and everything before it stays.

#![allow(non_snake_case, clippy::unwrap_used)]

mod samples;

use domp_ports::journal::{Commit, Journal, JournalError};
use domp_store::{Limits, SqliteJournal};
use samples::{commit, id};

fn small(folder: &tempfile::TempDir) -> SqliteJournal {
    let limits = Limits { pages: Some(60), ..Limits::default() };
    SqliteJournal::open_with(&folder.path().join("trades.db"), limits).unwrap()
}

/// A commit that needs some 25 pages.
fn large(n: u32) -> Commit {
    let mut commit = commit(n, 0);
    commit.row.snapshot = vec![7; 100_000];
    commit
}

#[tokio::test]
async fn disk__fills_up__full_and_nothing_of_it_kept() {
    let folder = tempfile::tempdir().unwrap();
    let journal = small(&folder);
    let mut kept = 0;
    let refused = loop {
        match journal.commit(large(kept)).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 10, "the bound does not bind");
    };
    assert!(matches!(&refused, JournalError::Full { path } if path.ends_with("trades.db")), "{refused:?}");
    assert_eq!(journal.trade(&id(kept)).await.unwrap(), None);
    assert_eq!(journal.inputs(&id(kept)).await.unwrap(), []);
    assert_eq!(journal.outbox().await.unwrap().len(), 2 * kept as usize);
    journal.commit(commit(99, 0)).await.unwrap();
    drop(journal);
    let journal = SqliteJournal::open(&folder.path().join("trades.db")).unwrap();
    assert_eq!(journal.trades(false).await.unwrap().len(), kept as usize + 1);
    journal.check().await.unwrap();
    journal.commit(large(kept)).await.unwrap();
}

#[tokio::test]
async fn disk__too_full_for_one_of_a_group__its_neighbours_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let journal = small(&folder);
    journal.commit(large(0)).await.unwrap();
    let mut group: Vec<Commit> = (1..21).map(|n| commit(n, 0)).collect();
    group[10].row.snapshot = vec![7; 1_000_000];
    let answers = futures::future::join_all(group.into_iter().map(|commit| journal.commit(commit))).await;
    for (n, answer) in (1..).zip(&answers) {
        assert_eq!(answer.is_ok(), n != 11, "{n}: {answer:?}");
        assert_eq!(journal.trade(&id(n)).await.unwrap().is_some(), n != 11);
    }
    assert!(matches!(answers[10], Err(JournalError::Full { .. })), "{:?}", answers[10]);
    assert_eq!(journal.inputs(&id(11)).await.unwrap(), []);
}
