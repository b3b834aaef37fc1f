//! Any sequence of writes, queued together, leaves what the same writes leave one after the other in plain maps.

#![allow(non_snake_case, clippy::unwrap_used)]

mod samples;

use domp_ports::journal::{Commit, EffectKey, HashUse, Journal, JournalError};
use domp_store::SqliteJournal;
use proptest::prelude::*;
use samples::{commit, hash, id};
use std::collections::BTreeMap;

/// The journal's rules in a few lines.
#[derive(Default)]
struct Model {
    versions: BTreeMap<u32, u64>,
    hashes: BTreeMap<u32, u32>,
    outbox: Vec<EffectKey>,
}

/// One commit: trade, what the caller believes its version to be, hashes to bind, oldest effects to clear.
#[derive(Clone, Debug)]
struct Step {
    trade: u32,
    lag: u64,
    hashes: Vec<u32>,
    clear: usize,
}

fn step() -> impl Strategy<Value = Step> {
    let lag = prop_oneof![8 => Just(0_u64), 1 => 1..3_u64];
    (0..6_u32, lag, prop::collection::vec(0..12_u32, 0..3), 0..3_usize)
        .prop_map(|(trade, lag, hashes, clear)| Step { trade, lag, hashes, clear })
}

impl Model {
    fn build(&self, step: &Step) -> Commit {
        let now = self.versions.get(&step.trade).copied().unwrap_or(0);
        let mut commit = commit(step.trade, now.saturating_sub(step.lag));
        commit.hashes = step.hashes.iter().map(|n| (hash(*n), HashUse::Paid)).collect();
        commit.cleared =
            self.outbox.iter().filter(|key| key.trade == id(step.trade)).take(step.clear).copied().collect();
        commit
    }

    fn apply(&mut self, step: &Step, commit: &Commit) -> Result<(), JournalError> {
        let found = self.versions.get(&step.trade).copied().unwrap_or(0);
        let (trade, expected) = (commit.row.id, commit.expected_version);
        if found != expected {
            return Err(JournalError::Conflict { trade, expected, found });
        }
        for n in &step.hashes {
            match self.hashes.get(n) {
                Some(owner) if *owner != step.trade => {
                    return Err(JournalError::HashTaken { hash: hash(*n), other: id(*owner) });
                }
                _ => {}
            }
        }
        self.hashes.extend(step.hashes.iter().map(|n| (*n, step.trade)));
        self.versions.insert(step.trade, expected + 1);
        self.outbox.retain(|key| !commit.cleared.contains(key));
        self.outbox.extend((0..2).map(|n| EffectKey { trade, seq: expected + 1, n }));
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_writes__queued_together__as_one_after_the_other(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let journal = SqliteJournal::in_memory().unwrap();
            let mut model = Model::default();
            let mut wanted = Vec::new();
            let mut commits = Vec::new();
            for step in &steps {
                let commit = model.build(step);
                wanted.push(model.apply(step, &commit));
                commits.push(commit);
            }
            let answers = futures::future::join_all(commits.into_iter().map(|c| journal.commit(c))).await;
            prop_assert_eq!(answers, wanted);
            let keys: Vec<EffectKey> = journal.outbox().await.unwrap().into_iter().map(|row| row.key).collect();
            prop_assert_eq!(keys, model.outbox);
            let rows = journal.trades(true).await.unwrap();
            let versions: BTreeMap<_, _> = rows.into_iter().map(|row| (row.id, row.version)).collect();
            prop_assert_eq!(versions, model.versions.iter().map(|(n, v)| (id(*n), *v)).collect());
            for n in 0..12 {
                let owner = model.hashes.get(&n).map(|owner| id(*owner));
                prop_assert_eq!(journal.trade_of_hash(&hash(n)).await.unwrap(), owner);
            }
            Ok(())
        })?;
    }
}
