//! The pulse: what is done from time to time. Trades that are due are ticked, done effects struck out, the node swept, and
//! whoever listens is told when health changes.

use crate::{
    EngineError, commit::Along, event::EngineEvent, inner::Inner, sweep::Thorough, troubles::Source,
};
use domp_escrow::{input::Input, wake::Wake};
use domp_protocol::{ids::TradeId, units::Blocks};
use futures::StreamExt;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Trades ticked at the same time.
const AT_ONCE: usize = 64;
/// Trades taken from the clockwork at once.
const BATCH: usize = 4_096;
/// Between two notes of how far the relays have been read.
const CURSOR_EVERY: Duration = Duration::from_secs(60);
/// Sweeps of which one also looks for what a restored store has forgotten: about once an hour.
const THOROUGH_EVERY: u32 = 60;
/// Tries after which an effect counts as stuck.
const STUCK_TRIES: u32 = 5;

impl Inner {
    /// Beats for as long as the engine lives.
    pub(crate) async fn beat(self: Arc<Self>) {
        let mut told = Vec::new();
        let mut cursor_moved = Instant::now();
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.config.times.pulse) => {
                    self.flush().await;
                    self.perform_left_behind().await;
                    self.tell_health(&mut told);
                    if cursor_moved.elapsed() >= CURSOR_EVERY {
                        self.move_cursor().await;
                        cursor_moved = Instant::now();
                    }
                }
                () = self.pulse.notified() => {}
            }
            self.tick_due().await;
        }
    }

    /// Sweeps the node again and again.
    pub(crate) async fn sweep_again(self: Arc<Self>) {
        let mut sweeps: u32 = 0;
        loop {
            tokio::time::sleep(self.config.times.sweep).await;
            if self.chain.is_reachable() {
                sweeps = sweeps.wrapping_add(1);
                let thorough =
                    if sweeps.is_multiple_of(THOROUGH_EVERY) { Thorough::Yes } else { Thorough::No };
                self.sweep(thorough).await;
            }
        }
    }

    /// Ticks every trade that is due.
    async fn tick_due(self: &Arc<Self>) {
        loop {
            let Ok(at) = self.moment() else { return };
            let due = self.clockwork().due(at.height, at.unix, at.fresh, BATCH);
            if due.is_empty() {
                return;
            }
            futures::stream::iter(due).for_each_concurrent(AT_ONCE, |trade| self.tick(trade)).await;
        }
    }

    async fn tick(self: &Arc<Self>, trade: TradeId) {
        match self.input(trade, &Input::Tick, Along::default()).await {
            Ok(_) | Err(EngineError::Stopping | EngineError::Frozen { .. } | EngineError::NoTrade(_)) => {}
            Err(error) => {
                tracing::warn!(trade = trade.short(), %error, "not ticked");
                // Due again soon, whatever was due now.
                let wake = Wake {
                    height: self.chain.tip().map(|tip| tip.height.plus(Blocks(1))),
                    unix: Some(self.now().plus(1)),
                };
                self.clockwork().set(trade, wake);
            }
        }
    }

    /// Strikes done effects out of the outbox.
    pub(crate) async fn flush(self: &Arc<Self>) {
        let waiting = self.take_unflushed();
        let each = |trade: TradeId| async move {
            let along = Along { flush: true, ..Along::default() };
            if let Err(error) = self.input(trade, &Input::Tick, along).await {
                tracing::debug!(trade = trade.short(), %error, "not struck out yet");
                if matches!(error, EngineError::Journal(_) | EngineError::NoTip(_)) {
                    self.flush_later(trade);
                }
            }
        };
        futures::stream::iter(waiting).for_each_concurrent(AT_ONCE, each).await;
    }

    fn tell_health(&self, told: &mut Vec<String>) {
        match self.outbox.stuck(STUCK_TRIES) {
            Some((count, example)) => {
                let plural = if count == 1 { "is" } else { "are" };
                self.troubles.set(
                    Source::Effects,
                    format!("{count} to be done {plural} tried again and again; {example}"),
                );
            }
            None => self.troubles.clear(Source::Effects),
        }
        let troubles = self.troubles.lines();
        if troubles != *told {
            told.clone_from(&troubles);
            self.tell(EngineEvent::Health { troubles });
        }
    }
}
