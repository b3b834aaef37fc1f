//! Opening: what is ours is read back, what is not is refused and left as it was.

#![allow(non_snake_case, clippy::unwrap_used)]

mod samples;

use domp_ports::journal::{Journal, JournalError};
use domp_store::SqliteJournal;
use samples::{commit, document, hash, id};
use std::path::Path;

fn sql(path: &Path, statements: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(statements).unwrap();
}

#[tokio::test]
async fn file__closed_and_opened_again__everything_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.db");
    let journal = SqliteJournal::open(&path).unwrap();
    for n in 0..10 {
        journal.commit(commit(n, 0)).await.unwrap();
    }
    journal.commit(commit(3, 1)).await.unwrap();
    journal.keep_sealed("secret/x", b"sealed").await.unwrap();
    journal.set_setting("network", "regtest").await.unwrap();
    let before = (journal.trades(false).await.unwrap(), journal.outbox().await.unwrap());
    drop(journal);

    let journal = SqliteJournal::open(&path).unwrap();
    assert_eq!((journal.trades(false).await.unwrap(), journal.outbox().await.unwrap()), before);
    assert_eq!(journal.inputs(&id(3)).await.unwrap().len(), 2);
    assert_eq!(journal.trade_of_hash(&hash(3)).await.unwrap(), Some(id(3)));
    assert_eq!(journal.documents_of(&id(3)).await.unwrap().len(), 2);
    assert_eq!(journal.sealed("secret/x").await.unwrap().as_deref(), Some(&b"sealed"[..]));
    assert_eq!(journal.setting("network").await.unwrap().as_deref(), Some("regtest"));
    journal.check().await.unwrap();
    let conflict = journal.commit(commit(3, 0)).await;
    assert!(matches!(conflict, Err(JournalError::Conflict { found: 2, .. })), "{conflict:?}");
}

#[tokio::test]
async fn file__open_already__in_use_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.db");
    let first = SqliteJournal::open(&path).unwrap();
    let refused = SqliteJournal::open(&path).unwrap_err();
    assert_eq!(refused, JournalError::InUse { path: path.display().to_string() });
    first.commit(commit(1, 0)).await.unwrap();
    drop(first);
    let second = SqliteJournal::open(&path).unwrap();
    assert!(second.trade(&id(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn file__of_a_newer_program__too_new_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.db");
    SqliteJournal::open(&path).unwrap().commit(commit(1, 0)).await.unwrap();
    sql(&path, "PRAGMA user_version = 1000");
    let before = std::fs::read(&path).unwrap();
    let refused = SqliteJournal::open(&path).unwrap_err();
    assert!(matches!(refused, JournalError::TooNew { found: 1000, known: 1, .. }), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn file__that_is_no_database__corrupt_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [("letter.txt", "dear diary".repeat(100)), ("short", "SQLite format 3".to_owned())]
    {
        let path = folder.path().join(name);
        std::fs::write(&path, &content).unwrap();
        let refused = SqliteJournal::open(&path).unwrap_err();
        assert!(
            matches!(&refused, JournalError::Corrupt { reason, .. } if reason.contains("not an SQLite")),
            "{refused}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn file__of_another_program__corrupt_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photos.db");
    sql(&path, "CREATE TABLE photos (x); INSERT INTO photos VALUES (1)");
    let before = std::fs::read(&path).unwrap();
    let refused = SqliteJournal::open(&path).unwrap_err();
    assert!(
        matches!(&refused, JournalError::Corrupt { reason, .. } if reason.contains("another program")),
        "{refused}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn file__empty__taken_for_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.db");
    std::fs::write(&path, b"").unwrap();
    let journal = SqliteJournal::open(&path).unwrap();
    journal.commit(commit(1, 0)).await.unwrap();
}

#[tokio::test]
async fn file__damaged_pages__corrupt_when_read_or_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.db");
    let journal = SqliteJournal::open(&path).unwrap();
    for n in 0..200 {
        journal.commit(commit(n, 0)).await.unwrap();
    }
    drop(journal);
    let mut bytes = std::fs::read(&path).unwrap();
    // The first page (header and schema) stays; everything after it is noise.
    for (n, byte) in bytes.iter_mut().enumerate().skip(4096) {
        *byte = (n % 251) as u8 | 0x80;
    }
    std::fs::write(&path, &bytes).unwrap();
    let journal = SqliteJournal::open(&path).unwrap();
    assert!(matches!(journal.check().await, Err(JournalError::Corrupt { .. })));
    assert!(matches!(journal.trades(false).await, Err(JournalError::Corrupt { .. })));
    assert!(matches!(journal.commit(commit(1, 1)).await, Err(JournalError::Corrupt { .. })));
}

#[test]
fn file__damaged_first_page__corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.db");
    drop(SqliteJournal::open(&path).unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100..4096].fill(0xee);
    std::fs::write(&path, &bytes).unwrap();
    let refused = SqliteJournal::open(&path).unwrap_err();
    assert!(matches!(refused, JournalError::Corrupt { .. }), "{refused}");
}

#[test]
fn folder__missing_or_not_a_folder_or_not_writable__refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"x").unwrap();
    let mut places =
        vec![folder.path().join("missing/trades.db"), file.join("trades.db"), folder.path().to_owned()];
    if cfg!(target_os = "linux") {
        // Nobody can create files there, not even the superuser, whom permission bits do not stop.
        places.push("/proc/trades.db".into());
    }
    for path in places {
        let refused = SqliteJournal::open(&path).unwrap_err();
        assert!(matches!(refused, JournalError::ReadOnly { .. }), "{}: {refused:?}", path.display());
        assert!(refused.to_string().contains(&*path.to_string_lossy()), "{refused}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn folder__without_write_permission__refused_unless_permissions_do_not_bind_us() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
    let binding = std::fs::write(folder.path().join("probe"), b"").is_err();
    let opened = SqliteJournal::open(&folder.path().join("trades.db"));
    assert_eq!(matches!(opened, Err(JournalError::ReadOnly { .. })), binding, "{opened:?}");
    drop(opened);
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn file__created__readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.db");
    let journal = SqliteJournal::open(&path).unwrap();
    journal.commit(commit(1, 0)).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.file_name());
    }
}

#[tokio::test]
async fn writes__queued_together__share_transactions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.db");
    let journal = SqliteJournal::open(&path).unwrap();
    futures::future::join_all((0..100).map(|n| journal.keep_document(document(n)))).await;
    let written = journal.written();
    assert_eq!(written.writes, 100);
    assert!(written.groups < 100, "{written:?}");
}
