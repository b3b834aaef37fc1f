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
    collections::{HashMap, HashSet},
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
    /// There may be effects on disk that are not in hand.
    left_behind: AtomicBool,
    /// What an earlier process left is not wholly in hand yet.
    unread: AtomicBool,
    /// What an earlier process left and for which there was no room yet.
    inherited: Mutex<HashSet<EffectKey>>,
    /// Done, and still on disk.
    done: Mutex<HashSet<EffectKey>>,
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
            unread: AtomicBool::new(true),
            inherited: Mutex::default(),
            done: Mutex::default(),
            node_calls: Semaphore::new(bounds.node_calls.max(1)),
            mails: Semaphore::new(bounds.mails.max(1)),
            recent: Mutex::default(),
        }
    }

    /// Takes an effect in hand, unless it was there already, or was done.
    fn take(&self, key: EffectKey, effect: &Effect) -> Taken {
        let mut hand = hold(&self.hand);
        if hand.contains_key(&key) || hold(&self.done).contains(&key) {
            return Taken::Known;
        }
        if hand.len() >= self.most {
            self.look_again();
            return Taken::NoRoom;
        }
        hand.insert(key, Pending { effect: words::effect(effect), tries: 0, last_error: None });
        Taken::New
    }

    /// There may be effects on disk that are not in hand: they are looked for soon.
    pub(crate) fn look_again(&self) {
        self.left_behind.store(true, Ordering::Release);
    }

    /// These are done; on disk they are struck out later.
    pub(crate) fn done_already(&self, keys: &[EffectKey]) {
        hold(&self.done).extend(keys);
    }

    /// These are on disk no more.
    pub(crate) fn struck_out(&self, keys: impl Iterator<Item = EffectKey>) {
        let mut done = hold(&self.done);
        for key in keys {
            done.remove(&key);
        }
    }

    /// How an effect found on disk is to be done: whether an earlier process may have begun it.
    fn how(&self, key: &EffectKey) -> How {
        let inherited = self.unread.load(Ordering::Acquire) || hold(&self.inherited).contains(key);
        if inherited { How::Recovered } else { How::Fresh }
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

/// What came of taking an effect in hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    New,
    Known,
    NoRoom,
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

    fn perform(self: &Arc<Self>, key: EffectKey, effect: Effect, how: How) {
        if self.outbox.take(key, &effect) == Taken::New {
            self.carry_out_later(key, effect, how);
        }
    }

    fn carry_out_later(self: &Arc<Self>, key: EffectKey, effect: Effect, how: How) {
        let inner = Arc::clone(self);
        self.life.spawn(async move { inner.carry_out(key, effect, how).await });
    }

    /// Looks on disk for effects that are not in hand, if there may be any and there is room.
    pub(crate) async fn perform_left_behind(self: &Arc<Self>) {
        if !self.outbox.left_behind.load(Ordering::Acquire) || self.outbox.len() * 2 > self.outbox.most {
            return;
        }
        self.perform_stored().await;
    }

    /// Takes everything from the outbox on disk that is not in hand. If it cannot be read, it is looked at again later.
    pub(crate) async fn perform_stored(self: &Arc<Self>) {
        self.outbox.left_behind.store(false, Ordering::Release);
        if let Err(error) = self.take_stored().await {
            self.outbox.look_again();
            self.troubles.journal_failed(&error);
        }
    }

    async fn take_stored(self: &Arc<Self>) -> Result<(), JournalError> {
        let first = self.outbox.unread.load(Ordering::Acquire);
        let (mut taken, mut no_room) = (Vec::new(), Vec::new());
        for row in self.ports.journal.outbox().await? {
            match record::read_effect(&row) {
                Ok(effect) => match self.outbox.take(row.key, &effect) {
                    Taken::New => taken.push((row.key, effect)),
                    Taken::NoRoom => no_room.push(row.key),
                    Taken::Known => {}
                },
                Err(reason) => self.unreadable(row.key, &reason),
            }
        }
        if !first {
            taken = self.still_there(taken).await?;
        }
        for (key, effect) in taken {
            self.carry_out_later(key, effect, self.outbox.how(&key));
        }
        if first {
            hold(&self.outbox.inherited).extend(no_room);
            self.outbox.unread.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// Puts down again what ended between being read and being taken in hand: it is not on disk any more. What is left is
    /// done by nobody else, and was not done before.
    async fn still_there(
        &self,
        taken: Vec<(EffectKey, Effect)>,
    ) -> Result<Vec<(EffectKey, Effect)>, JournalError> {
        if taken.is_empty() {
            return Ok(taken);
        }
        let rows = self.ports.journal.outbox().await.inspect_err(|_| {
            for (key, _) in &taken {
                self.outbox.put_down(key);
            }
        })?;
        let there: HashSet<EffectKey> = rows.iter().map(|row| row.key).collect();
        let (left, gone): (Vec<_>, Vec<_>) = taken.into_iter().partition(|(key, _)| there.contains(key));
        for (key, _) in gone {
            self.outbox.put_down(&key);
        }
        Ok(left)
    }

    fn unreadable(&self, key: EffectKey, reason: &str) {
        let text = format!(
            "an effect of trade {} cannot be read from the database ({reason}) and is not done: install the domp that wrote it",
            key.trade
        );
        self.troubles.set(Source::Effects, text.clone());
        self.alarm(Some(key.trade), text);
    }

    /// An effect without an outcome for the machine is done: it is struck out with the trade's next commit.
    pub(crate) async fn strike_out_later(self: &Arc<Self>, key: EffectKey) {
        let slot = self.cabinet.slot(&key.trade);
        let mut place = slot.lock().await;
        // Unreadable now, it stays in the outbox and is done again after the next start: harmless.
        if let Ok(Kept { done, .. }) = self.kept(&mut place, &key.trade).await {
            self.outbox.done_already(&[key]);
            done.push(key);
            self.flush_later(key.trade);
        }
    }
}
