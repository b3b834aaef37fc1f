//! A copy made while running: consistent, complete, and never over something else.

#![allow(non_snake_case, clippy::unwrap_used)]

mod samples;

use domp_ports::journal::{COPY, Journal, JournalError};
use domp_store::SqliteJournal;
use samples::{commit, id};

#[tokio::test]
async fn copy__made_while_writing__every_trade_whole() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(&folder.path().join("trades.db")).unwrap();
    let target = folder.path().join("copy.db");
    for n in 0..50 {
        journal.commit(commit(n, 0)).await.unwrap();
    }
    let writing = async {
        for version in 1..40 {
            futures::future::join_all((0..50).map(|n| journal.commit(commit(n, version)))).await;
        }
    };
    let (copied, ()) = tokio::join!(journal.snapshot_to(&target), writing);
    copied.unwrap();
    assert_eq!(journal.trade(&id(0)).await.unwrap().map(|row| row.version), Some(40));

    let copy = SqliteJournal::open(&target).unwrap();
    copy.check().await.unwrap();
    let rows = copy.trades(true).await.unwrap();
    assert_eq!(rows.len(), 50);
    for row in rows {
        assert_eq!(copy.inputs(&row.id).await.unwrap().len() as u64, row.version);
        assert_eq!(copy.documents_of(&row.id).await.unwrap().len() as u64, row.version);
    }
    copy.commit(commit(99, 0)).await.unwrap();
}

#[tokio::test]
async fn copy__of_a_database_in_memory__complete() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::in_memory().unwrap();
    journal.commit(commit(1, 0)).await.unwrap();
    journal.snapshot_to(&folder.path().join("copy.db")).await.unwrap();
    let copy = SqliteJournal::open(&folder.path().join("copy.db")).unwrap();
    assert_eq!(copy.trade(&id(1)).await.unwrap(), Some(commit(1, 0).row));
}

#[tokio::test]
async fn copy__target_exists__refused_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(&folder.path().join("trades.db")).unwrap();
    let target = folder.path().join("wedding.jpg");
    std::fs::write(&target, b"picture").unwrap();
    let refused = journal.snapshot_to(&target).await.unwrap_err();
    assert!(refused.to_string().contains("exists already"), "{refused}");
    assert_eq!(std::fs::read(&target).unwrap(), b"picture");
}

#[tokio::test]
async fn copy__folder_missing__refused_by_name_and_nothing_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(&folder.path().join("trades.db")).unwrap();
    let refused = journal.snapshot_to(&folder.path().join("missing/copy.db")).await.unwrap_err();
    assert!(matches!(&refused, JournalError::ReadOnly { path, .. } if path.contains("missing")), "{refused}");
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name.to_string_lossy().starts_with("trades.db")), "{names:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn copy__made__readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(&folder.path().join("trades.db")).unwrap();
    let target = folder.path().join("copy.db");
    journal.snapshot_to(&target).await.unwrap();
    assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn copy__made__says_that_it_is_one_and_its_original_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(&folder.path().join("trades.db")).unwrap();
    let target = folder.path().join("copy.db");
    journal.snapshot_to(&target).await.unwrap();
    assert_eq!(journal.setting(COPY).await.unwrap(), None);
    let copy = SqliteJournal::open(&target).unwrap();
    assert!(copy.setting(COPY).await.unwrap().is_some());
    copy.set_setting(COPY, "").await.unwrap();
    drop(copy);
    let again = SqliteJournal::open(&target).unwrap();
    again.snapshot_to(&folder.path().join("second.db")).await.unwrap();
    let second = SqliteJournal::open(&folder.path().join("second.db")).unwrap();
    assert_eq!(
        second.setting(COPY).await.unwrap().as_deref(),
        Some("made"),
        "a copy of one that was restored"
    );
}
