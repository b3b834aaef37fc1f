//! The inbox: what relays deliver is verified, deduplicated, brought to its trade, and put to the rules. Nothing is believed
//! because of where it came from.

mod arrive;
mod bids;
mod follow;
mod held;
mod interest;
mod say;
mod seen;

use domp_escrow::{
    stage::{Stage, stage},
    terms::Side,
    trade::Trade,
};
use domp_protocol::ids::{EventId, PublicKey, TradeId};
use held::Held;
use interest::Interest;
use seen::Seen;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Notify;

use crate::inner::hold;

pub(crate) use follow::BACK_DATED_SECONDS;

/// The kinds of public events that a trade is made of.
pub(crate) const PUBLIC_KINDS: std::ops::RangeInclusive<u16> = 301..=317;

/// What the inbox remembers.
#[derive(Default)]
pub(crate) struct Inbox {
    seen: Seen,
    held: Held,
    interest: Mutex<Interest>,
    /// Told when there is more or less to follow.
    interest_changed: Notify,
    /// Bids of each author that are neither accepted nor over.
    bids: Mutex<HashMap<PublicKey, BTreeSet<TradeId>>>,
    /// Wraps marked as opened since the start.
    marks: AtomicU64,
}

impl Inbox {
    /// A trade was changed, opened or closed.
    pub(crate) fn trade_changed(&self, trade: &Trade, open: bool) {
        if hold(&self.interest).trade(trade, open) {
            self.interest_changed.notify_one();
        }
        if trade.side == Side::Buyer {
            return;
        }
        let waiting = stage(trade) == Stage::Bid;
        let mut bids = hold(&self.bids);
        if waiting && open {
            bids.entry(trade.terms.buyer).or_default().insert(trade.terms.trade);
        } else if let Some(of_author) = bids.get_mut(&trade.terms.buyer) {
            of_author.remove(&trade.terms.trade);
            if of_author.is_empty() {
                bids.remove(&trade.terms.buyer);
            }
        }
    }

    /// A listing of ours: others may bid on it.
    pub(crate) fn listing_made(&self, listing: EventId) {
        if hold(&self.interest).listing(listing) {
            self.interest_changed.notify_one();
        }
    }

    /// Counts a wrap that was marked as opened; true if it is time to forget old ones.
    fn count_mark(&self) -> bool {
        const EVERY: u64 = 512;
        self.marks.fetch_add(1, Ordering::Relaxed) % EVERY == EVERY - 1
    }

    /// Bids of everybody that are neither accepted nor over.
    fn all_bids(&self) -> usize {
        hold(&self.bids).values().map(BTreeSet::len).sum()
    }

    /// A text of our own goes out: it need not be looked at when it comes back.
    pub(crate) fn sends(&self, text: &str) {
        if let Some(under_way) = self.seen.begin(self.seen.mark(text)) {
            under_way.remember();
        }
    }

    /// What was delivered before is looked at again when it comes again.
    pub(crate) fn read_everything_again(&self) {
        self.seen.forget();
    }

    /// Bids of this author that are neither accepted nor over.
    fn bids_of(&self, author: &PublicKey) -> usize {
        hold(&self.bids).get(author).map_or(0, BTreeSet::len)
    }

    /// Whether an event refers to something that we follow.
    fn follows(&self, event: &EventId) -> bool {
        hold(&self.interest).has(event)
    }

    pub(crate) const fn held(&self) -> &Held {
        &self.held
    }
}
