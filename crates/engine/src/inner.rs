//! What all parts of a running engine share.

use crate::{
    EngineError,
    cabinet::{Cabinet, Kept},
    chain_view::ChainView,
    clockwork::Clockwork,
    config::EngineConfig,
    engine::Ports,
    event::EngineEvent,
    inbox::Inbox,
    life::Life,
    mail::Policies,
    outbox::Outbox,
    record,
    troubles::Troubles,
    watch::Watches,
};
use domp_escrow::{moment::At, terms::Side, trade::Trade};
use domp_ports::journal::JournalError;
use domp_protocol::{
    ids::{EventId, NodeId, PublicKey, TradeId},
    units::Unix,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, broadcast, watch};

/// A trade of which it is open what was done before a restore.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doubted {
    /// Ours.
    pub side: Side,
    /// When its bid was made: nothing of it is older.
    pub bid_at: Unix,
}

/// The shared state. Every lock in here is held for a moment only, never over a call to a neighbour; what is held longer
/// is the lock of a single trade or listing.
pub(crate) struct Inner {
    pub ports: Ports,
    pub config: EngineConfig,
    pub me: PublicKey,
    pub life: Life,
    pub chain: ChainView,
    pub cabinet: Cabinet,
    clockwork: Mutex<Clockwork>,
    pub outbox: Outbox,
    pub watches: Watches,
    pub inbox: Inbox,
    pub troubles: Troubles,
    pub policies: Policies,
    /// Trades of which a step would have broken an invariant: they take on nothing more.
    frozen: Mutex<BTreeMap<TradeId, String>>,
    /// Restored trades of which it is open what was done before.
    doubted: Mutex<BTreeMap<TradeId, Doubted>>,
    /// Trades with effects to be struck out of the outbox.
    unflushed: Mutex<std::collections::BTreeSet<TradeId>>,
    /// One lock for each listing on which something is accepted now.
    pub listings: Mutex<HashMap<EventId, Arc<tokio::sync::Mutex<()>>>>,
    /// Held while room in our channels is asked for and promised.
    pub promising: tokio::sync::Mutex<()>,
    /// Open trades of each node of ours: only one node can go on with them.
    pub nodes: Mutex<HashMap<NodeId, usize>>,
    /// Trades that are looked after now.
    pub open: Mutex<std::collections::HashSet<TradeId>>,
    pub events: broadcast::Sender<EngineEvent>,
    /// Whether everything open at the start has been looked at.
    pub recovered: watch::Sender<bool>,
    /// Told when something may be due.
    pub pulse: Notify,
}

/// Locks plain data that is whole after every change, also if a thread died in between.
pub(crate) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    pub(crate) fn new(ports: Ports, config: EngineConfig) -> Self {
        let (events, _) = broadcast::channel(config.bounds.listener_backlog.max(1));
        Self {
            me: ports.identity.public_key(),
            life: Life::new(),
            chain: ChainView::new(config.network),
            cabinet: Cabinet::new(config.bounds.cached_trades),
            clockwork: Mutex::default(),
            outbox: Outbox::new(&config.bounds),
            watches: Watches::default(),
            inbox: Inbox::default(),
            troubles: Troubles::default(),
            policies: Policies::default(),
            frozen: Mutex::default(),
            doubted: Mutex::default(),
            unflushed: Mutex::default(),
            listings: Mutex::default(),
            promising: tokio::sync::Mutex::default(),
            nodes: Mutex::default(),
            open: Mutex::default(),
            events,
            recovered: watch::Sender::new(false),
            pulse: Notify::new(),
            ports,
            config,
        }
    }

    pub(crate) fn now(&self) -> Unix {
        self.ports.clock.now()
    }

    /// The moment now, if the node has ever told its height.
    pub(crate) fn moment(&self) -> Result<At, EngineError> {
        self.chain.moment(self.now()).ok_or_else(|| {
            EngineError::NoTip(
                self.chain.last_error().unwrap_or_else(|| "it has not answered yet".to_owned()),
            )
        })
    }

    pub(crate) fn clockwork(&self) -> MutexGuard<'_, Clockwork> {
        hold(&self.clockwork)
    }

    /// Tells whoever listens.
    pub(crate) fn tell(&self, event: EngineEvent) {
        // Nobody listening is fine.
        let _ = self.events.send(event);
    }

    /// Tells people something that they must look at.
    pub(crate) fn alarm(&self, trade: Option<TradeId>, text: String) {
        tracing::error!(trade = trade.map(|trade| trade.short()), "{text}");
        self.tell(EngineEvent::Alarm { trade, text });
    }

    /// Reads a trade from storage.
    pub(crate) async fn load(&self, id: &TradeId) -> Result<Option<Kept>, EngineError> {
        let Some(row) = self.ports.journal.trade(id).await? else { return Ok(None) };
        let trade = record::read_trade(&row).map_err(|reason| damaged(*id, &reason))?;
        Ok(Some(Kept::new(trade, row.version, row.open)))
    }

    /// The trade in its place, read from storage if need be.
    pub(crate) async fn kept<'a>(
        &self,
        slot: &'a mut Option<Kept>,
        id: &TradeId,
    ) -> Result<&'a mut Kept, EngineError> {
        if slot.is_none() {
            *slot = self.load(id).await?;
        }
        slot.as_mut().ok_or(EngineError::NoTrade(*id))
    }

    /// A copy of a trade as it is now, with its version.
    pub(crate) async fn peek(&self, id: &TradeId) -> Result<(Trade, u64), EngineError> {
        let slot = self.cabinet.slot(id);
        let mut place = slot.lock().await;
        let kept = self.kept(&mut place, id).await?;
        Ok((kept.trade.clone(), kept.version))
    }

    pub(crate) fn freeze(&self, trade: TradeId, broken: String) -> EngineError {
        if hold(&self.frozen).insert(trade, broken.clone()).as_ref() != Some(&broken) {
            self.alarm(Some(trade), format!("trade {trade} is frozen: {broken}"));
        }
        EngineError::Frozen { trade, broken }
    }
    pub(crate) fn frozen(&self, trade: &TradeId) -> Option<String> {
        hold(&self.frozen).get(trade).cloned()
    }
    pub(crate) fn frozen_trades(&self) -> usize {
        hold(&self.frozen).len()
    }

    /// Notes whether it is open what was done in a trade before a restore.
    pub(crate) fn note_doubt(&self, trade: &Trade, open: bool) {
        if trade.restored.is_none() {
            return;
        }
        let mut doubted = hold(&self.doubted);
        if open && trade.in_doubt() {
            doubted.insert(trade.terms.trade, Doubted { side: trade.side, bid_at: trade.terms.bid_at });
        } else {
            doubted.remove(&trade.terms.trade);
        }
    }
    pub(crate) fn doubted(&self) -> BTreeMap<TradeId, Doubted> {
        hold(&self.doubted).clone()
    }

    pub(crate) fn flush_later(&self, trade: TradeId) {
        hold(&self.unflushed).insert(trade);
    }
    pub(crate) fn take_unflushed(&self) -> std::collections::BTreeSet<TradeId> {
        std::mem::take(&mut *hold(&self.unflushed))
    }
}

/// A snapshot that cannot be read.
pub(crate) fn damaged(trade: TradeId, reason: &str) -> EngineError {
    EngineError::Journal(JournalError::Corrupt { path: format!("trade {trade}"), reason: reason.to_owned() })
}
