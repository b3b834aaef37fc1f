//! The cabinet: trades in memory, each behind a lock of its own, so that one writer at a time has it and others go on.

use domp_escrow::{letter::Paper, trade::Trade};
use domp_ports::journal::EffectKey;
use domp_protocol::{
    ids::{EventId, TradeId},
    tags::commit::Commits,
    units::{Height, Unix},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::view::RelayResult;

/// One trade in memory.
pub(crate) struct Kept {
    /// The snapshot, as it is in storage.
    pub trade: Trade,
    /// Its version there.
    pub version: u64,
    /// Whether it is marked open there.
    pub open: bool,
    /// When each stored event of the trade was made; read when first needed.
    pub times: Option<HashMap<EventId, Unix>>,
    /// The commitments of the bid; read when first needed.
    pub commits: Option<Commits>,
    /// Effects that are done and still stand in the outbox: struck out with the next commit.
    pub done: Vec<EffectKey>,
    /// The height at which each event of the other side was last put to the machine, for what was said before.
    pub said_at: HashMap<EventId, Height>,
    /// What the relays said to our letters since the start.
    pub posts: BTreeMap<Paper, Vec<RelayResult>>,
}

impl Kept {
    pub(crate) fn new(trade: Trade, version: u64, open: bool) -> Self {
        Self {
            trade,
            version,
            open,
            times: None,
            commits: None,
            done: Vec::new(),
            said_at: HashMap::new(),
            posts: BTreeMap::new(),
        }
    }
}

impl Kept {
    /// Whether an event is stored with this trade. Asked once its times are read.
    pub(crate) fn has(&self, event: &EventId) -> bool {
        self.times.as_ref().is_some_and(|times| times.contains_key(event))
    }

    /// Whether the other side's event was put to the machine at this height before, so that doing it once more would only
    /// make one more receipt. Whoever sends an event a thousand times gets one answer a block.
    pub(crate) fn repeats(&mut self, event: EventId, height: Height) -> bool {
        let Some(first) = self.trade.seen.get(&event) else { return false };
        *first == height || self.said_at.insert(event, height) == Some(height)
    }
}

/// The place of one trade; empty until it is read or made.
pub(crate) type Slot = tokio::sync::Mutex<Option<Kept>>;

/// A trade's place, locked: whoever has it is the only writer, and may hand that on.
pub(crate) type Place = tokio::sync::OwnedMutexGuard<Option<Kept>>;

type Shard = Mutex<HashMap<TradeId, Arc<Slot>>>;

/// Places by trade, up to a bound.
pub(crate) struct Cabinet {
    shards: Vec<Shard>,
    most_per_shard: usize,
}

const SHARDS: usize = 64;

impl Cabinet {
    pub(crate) fn new(most: usize) -> Self {
        let shards = std::iter::repeat_with(Shard::default).take(SHARDS).collect();
        Self { shards, most_per_shard: (most / SHARDS).max(4) }
    }

    fn shard(&self, trade: &TradeId) -> MutexGuard<'_, HashMap<TradeId, Arc<Slot>>> {
        let place = usize::from(trade.as_bytes()[31]) % self.shards.len().max(1);
        // A plain map, whole after every change.
        self.shards[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of a trade. Whoever holds it keeps it from being cleared away.
    pub(crate) fn slot(&self, trade: &TradeId) -> Arc<Slot> {
        let mut shard = self.shard(trade);
        if let Some(slot) = shard.get(trade) {
            return Arc::clone(slot);
        }
        if shard.len() >= self.most_per_shard {
            clear_away(&mut shard, self.most_per_shard);
        }
        let slot = Arc::new(Slot::new(None));
        shard.insert(*trade, Arc::clone(&slot));
        slot
    }

    /// The place of a trade, once nobody else has it.
    pub(crate) async fn place(&self, trade: &TradeId) -> Place {
        self.slot(trade).lock_owned().await
    }
}

/// Makes room by forgetting a quarter of what nobody is using and what has nothing to be struck out.
fn clear_away(shard: &mut HashMap<TradeId, Arc<Slot>>, most: usize) {
    let mut surplus = shard.len().saturating_sub(most.saturating_mul(3) / 4);
    shard.retain(|_, slot| {
        if surplus == 0 || Arc::strong_count(slot) > 1 {
            return true;
        }
        let idle = slot.try_lock().is_ok_and(|kept| kept.as_ref().is_none_or(|kept| kept.done.is_empty()));
        surplus -= usize::from(idle);
        !idle
    });
}
