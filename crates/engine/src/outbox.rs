//! The outbox in memory: which effects are being performed now, and how they fare. What does not fit waits on disk.

use crate::{
    cabinet::Kept,
    config::Bounds,
    inner::{Inner, hold},
    perform::How,
    record,
    troubles::Source,
    view::PendingView,
    words,
};
use domp_escrow::{effect::Effect, input::Task};
use domp_ports::journal::{EffectKey, JournalError};
use domp_protocol::ids::TradeId;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Semaphore, time::Instant};

/// Orders of the same kind for the same trade that follow each other faster than this are slowed down.
const CALM: Duration = Duration::from_secs(30);
/// How many of them are remembered.
const REMEMBERED: usize = 10_000;

/// Effects in hand.
pub(crate) struct Outbox {
    hand: Mutex<HashMap<EffectKey, Pending>>,
    most: usize,
    left_behind: AtomicBool,
    /// Calls to the node that may be under way at once. Letters have their own, so that a dead relay never delays money.
    pub node_calls: Semaphore,
    pub mails: Semaphore,
    recent: Mutex<HashMap<(TradeId, Task), (Instant, u32)>>,
}

struct Pending {
    effect: String,
    tries: u32,
    last_error: Option<String>,
}

impl Outbox {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        Self {
            hand: Mutex::default(),
            most: bounds.effects.max(1),
            left_behind: AtomicBool::new(false),
            node_calls: Semaphore::new(bounds.node_calls.max(1)),
            mails: Semaphore::new(bounds.mails.max(1)),
            recent: Mutex::default(),
        }
    }

    /// Takes an effect in hand; false if it is there already, or if there is no room.
    fn take(&self, key: EffectKey, effect: &Effect) -> bool {
        let mut hand = hold(&self.hand);
        if hand.contains_key(&key) {
            return false;
        }
        if hand.len() >= self.most {
            self.left_behind.store(true, Ordering::Release);
            return false;
        }
        hand.insert(key, Pending { effect: words::effect(effect), tries: 0, last_error: None });
        true
    }

    pub(crate) fn put_down(&self, key: &EffectKey) {
        hold(&self.hand).remove(key);
    }

    /// Notes that a try was not enough; gives how many there were.
    pub(crate) fn tried(&self, key: &EffectKey, reason: &str) -> u32 {
        let mut hand = hold(&self.hand);
        let Some(pending) = hand.get_mut(key) else { return 1 };
        pending.tries = pending.tries.saturating_add(1);
        pending.last_error = Some(reason.to_owned());
        pending.tries
    }

    /// What is in hand for a trade, in the order of decision.
    pub(crate) fn of(&self, trade: &TradeId) -> Vec<PendingView> {
        let hand = hold(&self.hand);
        let mut found: Vec<_> = hand.iter().filter(|(key, _)| key.trade == *trade).collect();
        found.sort_by_key(|(key, _)| **key);
        let view = |pending: &Pending| PendingView {
            effect: pending.effect.clone(),
            tries: pending.tries,
            last_error: pending.last_error.clone(),
        };
        found.into_iter().map(|(_, pending)| view(pending)).collect()
    }

    pub(crate) fn tries(&self, key: &EffectKey) -> u32 {
        hold(&self.hand).get(key).map_or(0, |pending| pending.tries)
    }

    pub(crate) fn len(&self) -> usize {
        hold(&self.hand).len()
    }

    /// Effects that have been tried several times without success: how many, and the last reason of one of them.
    pub(crate) fn stuck(&self, tries: u32) -> Option<(usize, String)> {
        let hand = hold(&self.hand);
        let mut stuck = hand.values().filter(|pending| pending.tries >= tries);
        let first = stuck.next()?;
        let reason = first.last_error.clone().unwrap_or_default();
        Some((stuck.count() + 1, format!("{}: {reason}", first.effect)))
    }

    /// How many times in a row the machine has given this order again within a short time.
    pub(crate) fn repeated(&self, trade: TradeId, task: Task) -> u32 {
        let mut recent = hold(&self.recent);
        if recent.len() >= REMEMBERED {
            recent.retain(|_, (at, _)| at.elapsed() < CALM);
        }
        let now = Instant::now();
        let (at, streak) = recent.entry((trade, task)).or_insert((now, 0));
        let again = now.duration_since(*at) < CALM && *streak > 0;
        let before = if again { *streak } else { 0 };
        (*at, *streak) = (now, before.saturating_add(1));
        before
    }
}

/// Puts an effect down however its performing ends.
pub(crate) struct InHand<'a> {
    pub outbox: &'a Outbox,
    pub key: EffectKey,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.outbox.put_down(&self.key);
    }
}

impl Inner {
    /// Performs the effects of a step, each on its own.
    pub(crate) fn perform_all(self: &Arc<Self>, trade: TradeId, seq: u64, effects: Vec<Effect>) {
        for (n, effect) in effects.into_iter().enumerate() {
            let Ok(n) = u16::try_from(n) else { break };
            self.perform(EffectKey { trade, seq, n }, effect, How::Fresh);
        }
    }

    pub(crate) fn perform(self: &Arc<Self>, key: EffectKey, effect: Effect, how: How) {
        if self.outbox.take(key, &effect) {
            let inner = Arc::clone(self);
            self.life.spawn(async move { inner.carry_out(key, effect, how).await });
        }
    }

    /// Takes everything from the outbox on disk that is not in hand.
    pub(crate) async fn perform_stored(self: &Arc<Self>, how: How) -> Result<usize, JournalError> {
        let mut taken = 0;
        self.outbox.left_behind.store(false, Ordering::Release);
        for row in self.ports.journal.outbox().await? {
            match record::read_effect(&row) {
                Ok(effect) => {
                    self.perform(row.key, effect, how);
                    taken += 1;
                }
                Err(reason) => {
                    let text = format!(
                        "an effect of trade {} cannot be read from the database ({reason}) and is not done: install the domp that wrote it",
                        row.key.trade
                    );
                    self.troubles.set(Source::Effects, text.clone());
                    self.alarm(Some(row.key.trade), text);
                }
            }
        }
        Ok(taken)
    }

    /// Looks on disk for effects that found no room in memory before.
    pub(crate) async fn perform_left_behind(self: &Arc<Self>) {
        if !self.outbox.left_behind.load(Ordering::Acquire) || self.outbox.len() * 2 > self.outbox.most {
            return;
        }
        // Never performed by this process, and their payments never begun by an earlier one: recovery came first.
        if let Err(error) = self.perform_stored(How::Fresh).await {
            self.outbox.left_behind.store(true, Ordering::Release);
            self.troubles.journal_failed(&error);
        }
    }

    /// An effect without an outcome for the machine is done: it is struck out with the trade's next commit.
    pub(crate) async fn strike_out_later(self: &Arc<Self>, key: EffectKey) {
        let slot = self.cabinet.slot(&key.trade);
        let mut place = slot.lock().await;
        // Unreadable now, it stays in the outbox and is done again after the next start: harmless.
        if let Ok(Kept { done, .. }) = self.kept(&mut place, &key.trade).await {
            done.push(key);
            self.flush_later(key.trade);
        }
    }
}
