//! Books: a machine's snapshot, shared as long as it does not change. A checker holds millions of worlds, most of which
//! differ in one machine only.

use domp_escrow::trade::Trade;
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    ops::Deref,
    sync::{Arc, OnceLock},
};

/// A machine's snapshot.
#[derive(Clone, Debug)]
pub struct Book(Arc<Page>);

#[derive(Debug)]
struct Page {
    trade: Trade,
    /// Its hash, once somebody has asked for it.
    mark: OnceLock<u64>,
}

impl Book {
    /// A book with one snapshot.
    pub fn new(trade: Trade) -> Self {
        Self(Arc::new(Page { trade, mark: OnceLock::new() }))
    }
}

impl Deref for Book {
    type Target = Trade;
    fn deref(&self) -> &Trade {
        &self.0.trade
    }
}

impl Hash for Book {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mark = self.0.mark.get_or_init(|| {
            let mut hasher = DefaultHasher::new();
            self.0.trade.hash(&mut hasher);
            hasher.finish()
        });
        state.write_u64(*mark);
    }
}

impl PartialEq for Book {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.trade == other.0.trade
    }
}

impl Eq for Book {}
