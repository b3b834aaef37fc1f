//! Troubles: what is wrong now, by neighbour, until it works again.

use crate::inner::hold;
use domp_ports::journal::JournalError;
use std::{collections::BTreeMap, sync::Mutex};

/// What can be in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// The database.
    Journal,
    /// The disk is nearly full.
    Room,
    /// The stream of new blocks.
    Blocks,
    /// Streams about invoices and payments.
    Watches,
    /// The periodic reading of the node.
    Sweep,
    /// The subscription to private messages.
    Letters,
    /// The subscription to public events.
    Events,
    /// Effects that cannot be performed.
    Effects,
    /// The node that is connected is not the one of the open trades.
    Node,
    /// What was done before a restore is not known yet.
    Restored,
    /// A payment of which the node cannot say what became of it.
    Payments,
}

/// What is wrong now.
#[derive(Default)]
pub(crate) struct Troubles {
    now: Mutex<BTreeMap<Source, String>>,
}

impl Troubles {
    /// Something does not work; true if that is news.
    pub(crate) fn set(&self, source: Source, text: String) -> bool {
        let mut now = hold(&self.now);
        let news = now.get(&source) != Some(&text);
        if news {
            tracing::warn!(?source, "{text}");
            now.insert(source, text);
        }
        news
    }

    /// Something works (again).
    pub(crate) fn clear(&self, source: Source) {
        if hold(&self.now).remove(&source).is_some() {
            tracing::info!(?source, "works again");
        }
    }

    pub(crate) fn has(&self, source: Source) -> bool {
        hold(&self.now).contains_key(&source)
    }

    pub(crate) fn journal_failed(&self, error: &JournalError) {
        match error {
            // Said to whoever asked; the database is in order.
            JournalError::Conflict { .. } | JournalError::HashTaken { .. } => {}
            other => {
                self.set(Source::Journal, other.to_string());
            }
        }
    }
    pub(crate) fn journal_works(&self) {
        self.clear(Source::Journal);
    }

    /// One line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        hold(&self.now).values().cloned().collect()
    }
}
