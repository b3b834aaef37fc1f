//! What is followed on the relays: our listings, and the public events of open trades that others refer to.

use domp_escrow::{letter::Paper, trade::Trade};
use domp_ports::relays::Wanted;
use domp_protocol::{
    ids::{EventId, TradeId},
    units::Unix,
};
use std::collections::{BTreeSet, HashMap};

/// Ids in one filter.
const IDS_PER_FILTER: usize = 256;
/// Filters in one subscription. Events of clients like ours are addressed to us and found without these.
const MOST_FILTERS: usize = 16;

/// Events that others refer to.
#[derive(Debug, Default)]
pub(super) struct Interest {
    listings: BTreeSet<EventId>,
    trades: HashMap<TradeId, Vec<EventId>>,
    /// How often each event is wanted.
    wanted: HashMap<EventId, usize>,
}

impl Interest {
    /// A listing of ours; true if it is new.
    pub(super) fn listing(&mut self, listing: EventId) -> bool {
        let new = self.listings.insert(listing);
        if new {
            *self.wanted.entry(listing).or_default() += 1;
        }
        new
    }

    /// A trade as it is now; true if there is more or less to follow.
    pub(super) fn trade(&mut self, trade: &Trade, open: bool) -> bool {
        let id = trade.terms.trade;
        let papers = [Paper::Bid, Paper::Acceptance, Paper::Payment];
        let events: Vec<EventId> =
            papers.iter().filter(|_| open).filter_map(|paper| trade.papers.get(paper).copied()).collect();
        let before = if events.is_empty() {
            self.trades.remove(&id)
        } else if self.trades.get(&id) == Some(&events) {
            return false;
        } else {
            self.trades.insert(id, events.clone())
        };
        for event in &events {
            *self.wanted.entry(*event).or_default() += 1;
        }
        for event in before.iter().flatten() {
            if let Some(count) = self.wanted.get_mut(event) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.wanted.remove(event);
                }
            }
        }
        before.is_some() || !events.is_empty()
    }

    pub(super) fn has(&self, event: &EventId) -> bool {
        self.wanted.contains_key(event)
    }

    /// The filters for everything that refers to these.
    pub(super) fn filters(&self, since: Unix) -> Vec<Wanted> {
        let trades: Vec<EventId> = self.trades.values().flatten().copied().collect();
        let all: Vec<EventId> = self.listings.iter().copied().chain(trades).collect();
        let filter = |ids: &[EventId]| Wanted {
            kinds: super::PUBLIC_KINDS.collect(),
            refers_to: ids.to_vec(),
            since: Some(since),
            ..Wanted::default()
        };
        all.chunks(IDS_PER_FILTER).take(MOST_FILTERS).map(filter).collect()
    }
}
