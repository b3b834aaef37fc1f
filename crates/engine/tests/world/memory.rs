//! A journal in memory, without a thread of its own, so that a simulation can run in one thread on a clock that jumps. It can
//! forget its last commits when its process is killed, as a disk that lies about having written would.

use async_trait::async_trait;
use domp_ports::journal::{Commit, Document, EffectKey, HashUse, Journal, JournalError, OutboxRow, TradeRow};
use domp_protocol::ids::{EventId, PaymentHash, TradeId};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
};

/// See the module. Clones share it.
#[derive(Clone, Default)]
pub struct MemoryJournal(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    now: Rows,
    /// What the rows were before each of the last commits, oldest first; none are kept unless it is to forget.
    before: Vec<Rows>,
    forgets: usize,
}

#[derive(Clone, Default)]
struct Rows {
    /// In order of creation.
    trades: Vec<TradeRow>,
    inputs: BTreeMap<(TradeId, u64), Vec<u8>>,
    /// In order of decision.
    outbox: Vec<OutboxRow>,
    hashes: Vec<(PaymentHash, HashUse, TradeId)>,
    /// In order of keeping.
    documents: Vec<Document>,
    sealed: HashMap<String, Vec<u8>>,
    settings: HashMap<String, String>,
}

impl MemoryJournal {
    /// A journal that loses its last so many commits whenever its process is killed.
    pub fn forgetful(commits: usize) -> Self {
        let journal = Self::default();
        journal.shelf().forgets = commits;
        journal
    }

    /// Its process was killed.
    pub fn killed(&self) {
        let mut shelf = self.shelf();
        let mut before = std::mem::take(&mut shelf.before);
        let keep = before.len().saturating_sub(shelf.forgets);
        if let Some(earlier) = before.drain(..).nth(keep) {
            shelf.now = earlier;
        }
    }

    /// A backup: what is there now, marked as a copy.
    pub fn backup(&self) -> Self {
        let now = self.shelf().now.clone();
        let copy = Self::default();
        copy.shelf().now = now;
        copy.shelf().now.settings.insert(domp_ports::journal::COPY.to_owned(), "made".to_owned());
        copy
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap()
    }

    fn read<T>(&self, read: impl FnOnce(&Rows) -> T) -> Result<T, JournalError> {
        Ok(read(&self.shelf().now))
    }

    fn documents(&self, wanted: impl Fn(&Document) -> bool) -> Vec<Document> {
        self.shelf().now.documents.iter().filter(|document| wanted(document)).cloned().collect()
    }
}

impl Rows {
    fn commit(&mut self, commit: Commit) -> Result<(), JournalError> {
        let (row, expected) = (commit.row, commit.expected_version);
        let (id, version) = (row.id, row.version);
        if expected.checked_add(1) != Some(version) {
            return Err(JournalError::Failed(format!("version {version} does not follow {expected}")));
        }
        let place = self.trades.iter().position(|trade| trade.id == id);
        let found = place.map_or(0, |place| self.trades[place].version);
        if found != expected {
            return Err(JournalError::Conflict { trade: id, expected, found });
        }
        for (hash, hash_use) in commit.hashes {
            match self.hashes.iter().find(|(bound, used, _)| (*bound, *used) == (hash, hash_use)) {
                Some((.., other)) if *other != id => {
                    return Err(JournalError::HashTaken { hash, other: *other });
                }
                Some(_) => {}
                None => self.hashes.push((hash, hash_use, id)),
            }
        }
        match place {
            Some(place) => self.trades[place] = row,
            None => self.trades.push(row),
        }
        self.inputs.insert((id, version), commit.input);
        self.outbox.retain(|row| !commit.cleared.contains(&row.key));
        for (n, effect) in (0_u16..).zip(commit.effects) {
            self.outbox.push(OutboxRow { key: EffectKey { trade: id, seq: version, n }, effect });
        }
        commit.documents.into_iter().for_each(|document| self.keep(document));
        Ok(())
    }

    fn keep(&mut self, document: Document) {
        match self.documents.iter_mut().find(|kept| kept.id == document.id) {
            // Once of a trade it stays so.
            Some(kept) if kept.trade.is_some() && document.trade.is_none() => {}
            Some(kept) => (kept.trade, kept.held_for) = (document.trade, document.held_for),
            None => self.documents.push(document),
        }
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn commit(&self, commit: Commit) -> Result<(), JournalError> {
        let mut shelf = self.shelf();
        let mut after = shelf.now.clone();
        after.commit(commit)?;
        let before = std::mem::replace(&mut shelf.now, after);
        if shelf.forgets > 0 {
            shelf.before.push(before);
        }
        Ok(())
    }
    async fn trade(&self, id: &TradeId) -> Result<Option<TradeRow>, JournalError> {
        self.read(|rows| rows.trades.iter().find(|trade| trade.id == *id).cloned())
    }
    async fn trades(&self, only_open: bool) -> Result<Vec<TradeRow>, JournalError> {
        self.read(|rows| rows.trades.iter().filter(|trade| trade.open || !only_open).cloned().collect())
    }
    async fn outbox(&self) -> Result<Vec<OutboxRow>, JournalError> {
        self.read(|rows| rows.outbox.clone())
    }
    async fn inputs(&self, trade: &TradeId) -> Result<Vec<(u64, Vec<u8>)>, JournalError> {
        self.read(|rows| {
            let of_trade = rows.inputs.range((*trade, 0)..=(*trade, u64::MAX));
            of_trade.map(|((_, version), input)| (*version, input.clone())).collect()
        })
    }
    async fn trade_of_hash(&self, hash: &PaymentHash) -> Result<Option<TradeId>, JournalError> {
        self.read(|rows| rows.hashes.iter().find(|(bound, ..)| bound == hash).map(|(.., trade)| *trade))
    }
    async fn keep_document(&self, document: Document) -> Result<(), JournalError> {
        self.shelf().now.keep(document);
        Ok(())
    }
    async fn document(&self, id: &EventId) -> Result<Option<Document>, JournalError> {
        Ok(self.documents(|document| document.id == *id).pop())
    }
    async fn document_made_by(&self, key: &EffectKey) -> Result<Option<Document>, JournalError> {
        Ok(self.documents(|document| document.made_by == Some(*key)).into_iter().next())
    }
    async fn documents_of(&self, trade: &TradeId) -> Result<Vec<Document>, JournalError> {
        let mut found = self.documents(|document| document.trade == Some(*trade));
        found.sort_by_key(|document| document.created_at);
        Ok(found)
    }
    async fn documents_of_kind(&self, kind: u16) -> Result<Vec<Document>, JournalError> {
        let mut found = self.documents(|document| document.kind == kind);
        found.sort_by_key(|document| Reverse(document.created_at));
        Ok(found)
    }
    async fn awaited(&self) -> Result<Vec<EventId>, JournalError> {
        self.read(|rows| {
            let awaited: BTreeSet<EventId> =
                rows.documents.iter().filter_map(|document| document.held_for).collect();
            awaited.into_iter().collect()
        })
    }
    async fn held_documents(&self, missing: &EventId) -> Result<Vec<Document>, JournalError> {
        Ok(self.documents(|document| document.held_for == Some(*missing)))
    }
    async fn forget_documents(&self, ids: Vec<EventId>) -> Result<(), JournalError> {
        let strange = |document: &Document| document.trade.is_none() && document.made_by.is_none();
        self.shelf().now.documents.retain(|document| !strange(document) || !ids.contains(&document.id));
        Ok(())
    }
    async fn forget_but_newest(&self, kind: u16, keep: u64) -> Result<(), JournalError> {
        let loose = |document: &Document| {
            document.kind == kind
                && document.trade.is_none()
                && document.made_by.is_none()
                && document.held_for.is_none()
        };
        let mut shelf = self.shelf();
        let all = shelf.now.documents.iter().filter(|document| loose(document)).count();
        let mut surplus = all.saturating_sub(usize::try_from(keep).unwrap());
        shelf.now.documents.retain(|document| {
            let goes = surplus > 0 && loose(document);
            surplus -= usize::from(goes);
            !goes
        });
        Ok(())
    }
    async fn room(&self) -> Result<Option<u64>, JournalError> {
        Ok(None)
    }
    async fn keep_sealed(&self, name: &str, sealed: &[u8]) -> Result<(), JournalError> {
        let mut shelf = self.shelf();
        let kept = shelf.now.sealed.entry(name.to_owned()).or_insert_with(|| sealed.to_vec());
        if kept == sealed {
            return Ok(());
        }
        Err(JournalError::Failed(format!("{name:?} is kept with other bytes")))
    }
    async fn sealed(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        self.read(|rows| rows.sealed.get(name).cloned())
    }
    async fn set_setting(&self, name: &str, value: &str) -> Result<(), JournalError> {
        self.shelf().now.settings.insert(name.to_owned(), value.to_owned());
        Ok(())
    }
    async fn setting(&self, name: &str) -> Result<Option<String>, JournalError> {
        self.read(|rows| rows.settings.get(name).cloned())
    }
    async fn snapshot_to(&self, _: &Path) -> Result<(), JournalError> {
        Err(JournalError::Failed("memory is not copied".to_owned()))
    }
}
