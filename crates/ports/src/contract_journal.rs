//! What every [`Journal`] must do, as cases that an adapter runs against itself.
//!
//! ```ignore
//! domp_ports::journal_contract!((MyJournal::fresh().await, ()));
//! ```
//! makes one test of each case. The expression gives an empty journal and whatever must live as long as it does, such as
//! its folder; it is evaluated once a case, inside `async`.

use crate::journal::{Commit, Document, EffectKey, HashUse, Journal, JournalError, OutboxRow, TradeRow};
use domp_protocol::{
    ids::{EventId, PaymentHash, PublicKey, TradeId},
    units::{Height, Unix},
};

/// How a case ends if the journal reports an error where it should not; what it does wrong otherwise is an assertion.
pub type Outcome = Result<(), JournalError>;

/// Makes one `#[tokio::test]` of each case.
#[macro_export]
macro_rules! journal_contract {
    ($fresh:expr) => {
        $crate::journal_contract!(@each $fresh;
            empty__every_question__nothing
            empty__first_commit__read_back_exactly
            empty__commit_that_skips_a_version__refused
            empty__commit_on_a_trade_that_is_missing__conflict
            trade__created_again__conflict
            trade__stale_version__conflict_and_nothing_kept
            trade__many_commits__inputs_in_order
            trades__opened_and_closed__listed_in_order_of_creation
            outbox__effects_and_outcomes__oldest_first_until_cleared
            outbox__cleared_twice__harmless
            hash__bound_by_another_trade__whole_commit_refused
            hash__bound_again_by_the_same_trade__accepted
            hash__other_use__accepted_and_first_binding_told
            document__kept_again__only_trade_and_hold_change
            documents__of_trade_and_kind__by_their_own_time
            documents__held__found_by_what_they_wait_for
            documents__forgotten__gone_unless_of_a_trade_or_our_own
            documents__forgotten_but_the_newest__of_that_kind_only
            document__made_by_an_effect__found_by_it
            documents__with_a_commit_that_fails__not_kept
            values__at_their_bounds__read_back_exactly
            sealed__kept_again__only_equal_bytes
            setting__set_again__last_one_wins
            commits__many_at_once_and_one_bad__only_that_one_fails
            commits__racing_on_one_version__exactly_one_wins
        );
    };
    (@each $fresh:expr; $($case:ident)+) => { $(
        #[tokio::test]
        async fn $case() {
            let (journal, _guard) = $fresh;
            $crate::contract_journal::$case(&journal).await.unwrap();
        }
    )+ };
}

/// A trade id made of one byte.
fn id(byte: u8) -> TradeId {
    EventId::from_bytes([byte; 32])
}

fn hash(byte: u8) -> PaymentHash {
    PaymentHash::from_bytes([byte; 32])
}

/// A commit that brings a trade from `expected` to the next version.
fn commit(trade: u8, expected: u64) -> Commit {
    let version = expected.saturating_add(1);
    let snapshot = format!("snapshot {version}").into_bytes();
    Commit {
        row: TradeRow { id: id(trade), version, snapshot, wake_at: Some(Height(800_000)), open: true },
        expected_version: expected,
        input: format!("input {version}").into_bytes(),
        effects: Vec::new(),
        cleared: Vec::new(),
        hashes: Vec::new(),
        documents: Vec::new(),
    }
}

fn document(byte: u8, created_at: u64) -> Document {
    Document {
        id: id(byte),
        kind: 301,
        author: PublicKey::from_bytes([7; 32]),
        created_at: Unix(created_at),
        trade: None,
        made_by: None,
        held_for: None,
        json: format!("{{\"n\":{byte}}}"),
    }
}

/// The first bytes of the documents' ids, in their order.
fn names(documents: &[Document]) -> Vec<u8> {
    documents.iter().map(|document| document.id.as_bytes()[0]).collect()
}

#[allow(non_snake_case, missing_docs)]
mod cases {
    use super::*;

    pub async fn empty__every_question__nothing(journal: &impl Journal) -> Outcome {
        assert_eq!(journal.trade(&id(1)).await?, None);
        assert_eq!(journal.trades(true).await?, []);
        assert_eq!(journal.trades(false).await?, []);
        assert_eq!(journal.outbox().await?, []);
        assert_eq!(journal.inputs(&id(1)).await?, []);
        assert_eq!(journal.trade_of_hash(&hash(1)).await?, None);
        assert_eq!(journal.document(&id(1)).await?, None);
        assert_eq!(journal.document_made_by(&EffectKey { trade: id(1), seq: 1, n: 0 }).await?, None);
        assert_eq!(journal.documents_of(&id(1)).await?, []);
        assert_eq!(journal.documents_of_kind(301).await?, []);
        assert_eq!(journal.held_documents(&id(1)).await?, []);
        assert_eq!(journal.sealed("secret/1").await?, None);
        assert_eq!(journal.setting("cursor").await?, None);
        Ok(())
    }

    pub async fn empty__first_commit__read_back_exactly(journal: &impl Journal) -> Outcome {
        let mut first = commit(1, 0);
        first.effects = vec![b"pay".to_vec(), Vec::new()];
        first.hashes = vec![(hash(9), HashUse::Made)];
        first.documents = vec![Document { trade: Some(id(1)), ..document(5, 10) }];
        journal.commit(first.clone()).await?;
        assert_eq!(journal.trade(&id(1)).await?, Some(first.row.clone()));
        assert_eq!(journal.trades(true).await?, [first.row]);
        assert_eq!(journal.inputs(&id(1)).await?, [(1, first.input)]);
        let key = |n| EffectKey { trade: id(1), seq: 1, n };
        let rows = [
            OutboxRow { key: key(0), effect: b"pay".to_vec() },
            OutboxRow { key: key(1), effect: Vec::new() },
        ];
        assert_eq!(journal.outbox().await?, rows);
        assert_eq!(journal.trade_of_hash(&hash(9)).await?, Some(id(1)));
        assert_eq!(journal.documents_of(&id(1)).await?, first.documents);
        Ok(())
    }

    pub async fn empty__commit_that_skips_a_version__refused(journal: &impl Journal) -> Outcome {
        for (version, expected) in [(2, 0), (0, 0), (1, 1), (0, u64::MAX)] {
            let mut skipping = commit(1, expected);
            skipping.row.version = version;
            let refused = journal.commit(skipping).await;
            assert!(matches!(refused, Err(JournalError::Failed(_))), "{version} {expected}: {refused:?}");
        }
        assert_eq!(journal.trade(&id(1)).await?, None);
        assert_eq!(journal.inputs(&id(1)).await?, []);
        Ok(())
    }

    pub async fn empty__commit_on_a_trade_that_is_missing__conflict(journal: &impl Journal) -> Outcome {
        let conflict = JournalError::Conflict { trade: id(1), expected: 3, found: 0 };
        assert_eq!(journal.commit(commit(1, 3)).await, Err(conflict));
        assert_eq!(journal.trade(&id(1)).await?, None);
        Ok(())
    }

    pub async fn trade__created_again__conflict(journal: &impl Journal) -> Outcome {
        journal.commit(commit(1, 0)).await?;
        let conflict = JournalError::Conflict { trade: id(1), expected: 0, found: 1 };
        assert_eq!(journal.commit(commit(1, 0)).await, Err(conflict));
        assert_eq!(journal.inputs(&id(1)).await?.len(), 1);
        Ok(())
    }

    pub async fn trade__stale_version__conflict_and_nothing_kept(journal: &impl Journal) -> Outcome {
        journal.commit(Commit { effects: vec![b"first".to_vec()], ..commit(1, 0) }).await?;
        journal.commit(commit(1, 1)).await?;
        let mut stale = commit(1, 1);
        stale.row.snapshot = b"other".to_vec();
        stale.effects = vec![b"second".to_vec()];
        stale.cleared = vec![EffectKey { trade: id(1), seq: 1, n: 0 }];
        stale.hashes = vec![(hash(1), HashUse::Paid)];
        stale.documents = vec![document(5, 1)];
        let conflict = JournalError::Conflict { trade: id(1), expected: 1, found: 2 };
        assert_eq!(journal.commit(stale).await, Err(conflict));
        assert_eq!(journal.trade(&id(1)).await?, Some(commit(1, 1).row));
        assert_eq!(journal.outbox().await?.len(), 1);
        assert_eq!(journal.inputs(&id(1)).await?.len(), 2);
        assert_eq!(journal.trade_of_hash(&hash(1)).await?, None);
        assert_eq!(journal.document(&id(5)).await?, None);
        Ok(())
    }

    pub async fn trade__many_commits__inputs_in_order(journal: &impl Journal) -> Outcome {
        for version in 0..20 {
            journal.commit(commit(2, version)).await?;
            journal.commit(commit(1, version)).await?;
        }
        let inputs = journal.inputs(&id(1)).await?;
        let wanted: Vec<_> = (1..=20).map(|n: u64| (n, format!("input {n}").into_bytes())).collect();
        assert_eq!(inputs, wanted);
        assert_eq!(journal.trade(&id(1)).await?.map(|row| row.version), Some(20));
        Ok(())
    }

    pub async fn trades__opened_and_closed__listed_in_order_of_creation(journal: &impl Journal) -> Outcome {
        for trade in [9, 1, 5, 3] {
            journal.commit(commit(trade, 0)).await?;
        }
        let mut closing = commit(1, 1);
        closing.row.open = false;
        closing.row.wake_at = None;
        journal.commit(closing.clone()).await?;
        journal.commit(commit(9, 1)).await?;
        let listed = |rows: Vec<TradeRow>| rows.iter().map(|row| row.id.as_bytes()[0]).collect::<Vec<_>>();
        assert_eq!(listed(journal.trades(false).await?), [9, 1, 5, 3]);
        assert_eq!(listed(journal.trades(true).await?), [9, 5, 3]);
        assert_eq!(journal.trade(&id(1)).await?, Some(closing.row));
        journal.commit(commit(1, 2)).await?;
        assert_eq!(listed(journal.trades(true).await?), [9, 1, 5, 3]);
        Ok(())
    }

    pub async fn outbox__effects_and_outcomes__oldest_first_until_cleared(journal: &impl Journal) -> Outcome {
        let with = |trade, expected, effects: &[&str]| Commit {
            effects: effects.iter().map(|effect| effect.as_bytes().to_vec()).collect(),
            ..commit(trade, expected)
        };
        journal.commit(with(2, 0, &["a", "b"])).await?;
        journal.commit(with(1, 0, &["c"])).await?;
        let mut outcome = with(2, 1, &["d"]);
        outcome.cleared = vec![EffectKey { trade: id(2), seq: 1, n: 0 }];
        journal.commit(outcome).await?;
        let rows = journal.outbox().await?;
        let told: Vec<_> =
            rows.iter().map(|row| (row.key.trade, row.key.seq, row.key.n, &row.effect[..])).collect();
        assert_eq!(told, [(id(2), 1, 1, &b"b"[..]), (id(1), 1, 0, b"c"), (id(2), 2, 0, b"d")]);
        let mut last = commit(2, 2);
        last.cleared = rows.iter().map(|row| row.key).collect();
        journal.commit(last).await?;
        assert_eq!(journal.outbox().await?, []);
        Ok(())
    }

    pub async fn outbox__cleared_twice__harmless(journal: &impl Journal) -> Outcome {
        journal.commit(Commit { effects: vec![b"a".to_vec()], ..commit(1, 0) }).await?;
        let key = EffectKey { trade: id(1), seq: 1, n: 0 };
        let unknown = EffectKey { trade: id(8), seq: 4, n: 2 };
        journal.commit(Commit { cleared: vec![key, key, unknown], ..commit(1, 1) }).await?;
        journal.commit(Commit { cleared: vec![key], ..commit(1, 2) }).await?;
        assert_eq!(journal.outbox().await?, []);
        Ok(())
    }

    // No hash serves two trades `[D3-62]`.
    pub async fn hash__bound_by_another_trade__whole_commit_refused(journal: &impl Journal) -> Outcome {
        journal.commit(Commit { hashes: vec![(hash(1), HashUse::Invoiced)], ..commit(1, 0) }).await?;
        let mut thief = commit(2, 0);
        thief.hashes = vec![(hash(2), HashUse::Invoiced), (hash(1), HashUse::Invoiced)];
        thief.effects = vec![b"issue".to_vec()];
        thief.documents = vec![document(5, 1)];
        let taken = JournalError::HashTaken { hash: hash(1), other: id(1) };
        assert_eq!(journal.commit(thief).await, Err(taken));
        assert_eq!(journal.trade(&id(2)).await?, None);
        assert_eq!(journal.trade_of_hash(&hash(2)).await?, None);
        assert_eq!(journal.outbox().await?, []);
        assert_eq!(journal.document(&id(5)).await?, None);
        Ok(())
    }

    pub async fn hash__bound_again_by_the_same_trade__accepted(journal: &impl Journal) -> Outcome {
        let both = vec![(hash(1), HashUse::Made), (hash(1), HashUse::Made)];
        journal.commit(Commit { hashes: both.clone(), ..commit(1, 0) }).await?;
        journal.commit(Commit { hashes: both, ..commit(1, 1) }).await?;
        assert_eq!(journal.trade_of_hash(&hash(1)).await?, Some(id(1)));
        Ok(())
    }

    pub async fn hash__other_use__accepted_and_first_binding_told(journal: &impl Journal) -> Outcome {
        journal.commit(Commit { hashes: vec![(hash(1), HashUse::Paid)], ..commit(2, 0) }).await?;
        journal.commit(Commit { hashes: vec![(hash(1), HashUse::Made)], ..commit(1, 0) }).await?;
        assert_eq!(journal.trade_of_hash(&hash(1)).await?, Some(id(2)));
        Ok(())
    }

    pub async fn document__kept_again__only_trade_and_hold_change(journal: &impl Journal) -> Outcome {
        let first = Document { held_for: Some(id(8)), ..document(1, 100) };
        journal.keep_document(first.clone()).await?;
        assert_eq!(journal.document(&id(1)).await?, Some(first.clone()));
        let again = Document {
            kind: 999,
            author: PublicKey::from_bytes([1; 32]),
            created_at: Unix(5),
            trade: Some(id(3)),
            made_by: Some(EffectKey { trade: id(3), seq: 1, n: 1 }),
            held_for: None,
            json: "other".to_owned(),
            ..first.clone()
        };
        journal.keep_document(again).await?;
        let wanted = Document { trade: Some(id(3)), held_for: None, ..first.clone() };
        assert_eq!(journal.document(&id(1)).await?, Some(wanted.clone()));
        // Once of a trade it stays so.
        journal.keep_document(first).await?;
        assert_eq!(journal.document(&id(1)).await?, Some(wanted));
        assert_eq!(journal.held_documents(&id(8)).await?, []);
        Ok(())
    }

    pub async fn documents__of_trade_and_kind__by_their_own_time(journal: &impl Journal) -> Outcome {
        for (byte, time) in [(1, 30), (2, 10), (3, 20), (4, 10), (5, u64::MAX)] {
            journal.keep_document(Document { trade: Some(id(9)), ..document(byte, time) }).await?;
        }
        journal.keep_document(Document { kind: 303, trade: Some(id(9)), ..document(6, 15) }).await?;
        journal.keep_document(document(7, 40)).await?;
        assert_eq!(names(&journal.documents_of(&id(9)).await?), [2, 4, 6, 3, 1, 5]);
        assert_eq!(names(&journal.documents_of_kind(301).await?), [5, 7, 1, 3, 2, 4]);
        assert_eq!(names(&journal.documents_of_kind(303).await?), [6]);
        Ok(())
    }

    pub async fn documents__held__found_by_what_they_wait_for(journal: &impl Journal) -> Outcome {
        for byte in [3, 1, 2] {
            journal.keep_document(Document { held_for: Some(id(9)), ..document(byte, 1) }).await?;
        }
        journal.keep_document(Document { held_for: Some(id(8)), ..document(4, 1) }).await?;
        assert_eq!(names(&journal.held_documents(&id(9)).await?), [3, 1, 2]);
        assert_eq!(journal.awaited().await?, [id(8), id(9)]);
        journal.keep_document(Document { held_for: Some(id(8)), ..document(1, 1) }).await?;
        assert_eq!(names(&journal.held_documents(&id(9)).await?), [3, 2]);
        assert_eq!(names(&journal.held_documents(&id(8)).await?), [1, 4]);
        Ok(())
    }

    /// What belongs to a trade or was made here is kept whatever anybody asks.
    pub async fn documents__forgotten__gone_unless_of_a_trade_or_our_own(journal: &impl Journal) -> Outcome {
        let key = EffectKey { trade: id(9), seq: 1, n: 0 };
        journal.keep_document(Document { held_for: Some(id(8)), ..document(1, 1) }).await?;
        journal.keep_document(Document { trade: Some(id(9)), ..document(2, 1) }).await?;
        journal.keep_document(Document { made_by: Some(key), ..document(3, 1) }).await?;
        journal.keep_document(document(4, 1)).await?;
        journal.forget_documents((1..=3).chain([9]).map(id).collect()).await?;
        assert!(journal.document(&id(1)).await?.is_none());
        assert!(journal.held_documents(&id(8)).await?.is_empty());
        for kept in 2..=4 {
            assert!(journal.document(&id(kept)).await?.is_some());
        }
        Ok(())
    }

    /// By the order of keeping, not by a time that a stranger wrote.
    pub async fn documents__forgotten_but_the_newest__of_that_kind_only(journal: &impl Journal) -> Outcome {
        for byte in 1..=5 {
            journal.keep_document(document(byte, 100 - u64::from(byte))).await?;
        }
        let kind = document(1, 1).kind;
        journal.keep_document(Document { trade: Some(id(9)), ..document(6, 1) }).await?;
        journal.keep_document(Document { held_for: Some(id(9)), ..document(7, 1) }).await?;
        journal.keep_document(Document { kind: kind + 1, ..document(8, 1) }).await?;
        journal.forget_but_newest(kind, 2).await?;
        for byte in 1..=8 {
            assert!(journal.document(&id(byte)).await?.is_some() == (byte >= 4));
        }
        journal.forget_but_newest(kind, 2).await?;
        journal.forget_but_newest(kind, 0).await?;
        assert!(journal.document(&id(5)).await?.is_none());
        assert!(journal.document(&id(6)).await?.is_some());
        Ok(())
    }

    pub async fn document__made_by_an_effect__found_by_it(journal: &impl Journal) -> Outcome {
        let key = EffectKey { trade: id(9), seq: 3, n: 1 };
        let made = Document { made_by: Some(key), ..document(1, 1) };
        journal.keep_document(made.clone()).await?;
        journal.keep_document(Document { made_by: Some(key), ..document(2, 1) }).await?;
        assert_eq!(journal.document_made_by(&key).await?, Some(made));
        assert_eq!(journal.document_made_by(&EffectKey { n: 2, ..key }).await?, None);
        assert_eq!(journal.document_made_by(&EffectKey { seq: 2, ..key }).await?, None);
        assert_eq!(journal.document_made_by(&EffectKey { trade: id(8), ..key }).await?, None);
        Ok(())
    }

    pub async fn documents__with_a_commit_that_fails__not_kept(journal: &impl Journal) -> Outcome {
        journal.keep_document(document(1, 1)).await?;
        let mut failing = commit(1, 5);
        failing.documents = vec![Document { held_for: Some(id(4)), ..document(1, 1) }, document(2, 1)];
        assert!(journal.commit(failing).await.is_err());
        assert_eq!(journal.document(&id(1)).await?, Some(document(1, 1)));
        assert_eq!(journal.document(&id(2)).await?, None);
        Ok(())
    }

    pub async fn values__at_their_bounds__read_back_exactly(journal: &impl Journal) -> Outcome {
        let mut large = commit(1, 0);
        large.row.snapshot = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        large.row.wake_at = Some(Height(u32::MAX));
        large.input = Vec::new();
        large.effects = vec![b"x".to_vec(); 300];
        journal.commit(large.clone()).await?;
        assert_eq!(journal.trade(&id(1)).await?, Some(large.row));
        assert_eq!(journal.inputs(&id(1)).await?, [(1, Vec::new())]);
        assert_eq!(journal.outbox().await?.last().map(|row| row.key.n), Some(299));
        let odd = Document {
            kind: u16::MAX,
            created_at: Unix(u64::MAX),
            made_by: Some(EffectKey { trade: id(1), seq: u64::MAX, n: u16::MAX }),
            json: "{\"content\":\"quote ' nul \0 \u{10FFFF} ü\"}".to_owned(),
            ..document(1, 0)
        };
        journal.keep_document(odd.clone()).await?;
        assert_eq!(journal.document(&odd.id).await?, Some(odd));
        Ok(())
    }

    pub async fn sealed__kept_again__only_equal_bytes(journal: &impl Journal) -> Outcome {
        journal.keep_sealed("secret/a", b"\x01\x00\xff").await?;
        journal.keep_sealed("secret/b", b"").await?;
        journal.keep_sealed("secret/a", b"\x01\x00\xff").await?;
        assert!(matches!(journal.keep_sealed("secret/a", b"\x01\x00").await, Err(JournalError::Failed(_))));
        assert!(matches!(journal.keep_sealed("secret/b", b"x").await, Err(JournalError::Failed(_))));
        assert_eq!(journal.sealed("secret/a").await?, Some(b"\x01\x00\xff".to_vec()));
        assert_eq!(journal.sealed("secret/b").await?, Some(Vec::new()));
        assert_eq!(journal.sealed("secret/A").await?, None);
        Ok(())
    }

    pub async fn setting__set_again__last_one_wins(journal: &impl Journal) -> Outcome {
        journal.set_setting("cursor", "1").await?;
        journal.set_setting("cursor", "2").await?;
        journal.set_setting("empty", "").await?;
        assert_eq!(journal.setting("cursor").await?.as_deref(), Some("2"));
        assert_eq!(journal.setting("empty").await?.as_deref(), Some(""));
        Ok(())
    }

    pub async fn commits__many_at_once_and_one_bad__only_that_one_fails(journal: &impl Journal) -> Outcome {
        let commits = (0..200_u8).map(|trade| {
            // 100 asks for the hash that 50 binds; both are queued at once.
            let bound = if trade == 100 { 50 } else { trade };
            journal.commit(Commit {
                hashes: vec![(hash(bound), HashUse::Invoiced)],
                effects: vec![vec![trade]],
                ..commit(trade, u64::from(trade == 150))
            })
        });
        let answers = futures::future::join_all(commits).await;
        let failed: Vec<usize> =
            answers.iter().enumerate().filter(|(_, a)| a.is_err()).map(|(n, _)| n).collect();
        assert_eq!(failed, [100, 150]);
        assert_eq!(answers[100], Err(JournalError::HashTaken { hash: hash(50), other: id(50) }));
        assert_eq!(answers[150], Err(JournalError::Conflict { trade: id(150), expected: 1, found: 0 }));
        assert_eq!(journal.trades(true).await?.len(), 198);
        assert_eq!(journal.outbox().await?.len(), 198);
        assert_eq!(journal.trade(&id(100)).await?, None);
        assert_eq!(journal.trade_of_hash(&hash(101)).await?, Some(id(101)));
        Ok(())
    }

    pub async fn commits__racing_on_one_version__exactly_one_wins(journal: &impl Journal) -> Outcome {
        journal.commit(commit(1, 0)).await?;
        let answers = futures::future::join_all((0..50).map(|_| journal.commit(commit(1, 1)))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let conflict = JournalError::Conflict { trade: id(1), expected: 1, found: 2 };
        assert_eq!(answers.iter().filter(|answer| **answer == Err(conflict.clone())).count(), 49);
        assert_eq!(journal.inputs(&id(1)).await?.len(), 2);
        Ok(())
    }
}

pub use cases::*;
