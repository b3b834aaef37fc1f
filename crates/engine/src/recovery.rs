//! Recovery: what is done at the start, in this order: read the trades, perform what was not done, catch up with the
//! relays, read the node, and only then act on deadlines.

use crate::{
    blocks::read_all,
    cabinet::Kept,
    error::StartError,
    inner::{Inner, hold},
    lifetime::lifetime,
    sweep::Thorough,
};
use domp_escrow::{trade::Trade, wake::wake};
use domp_ports::journal::{JournalError, TradeRow};
use std::{future::Future, sync::Arc};

/// Settings that say whose database it is.
const NETWORK: &str = "profile/network";
const PERSON: &str = "profile/public_key";

impl Inner {
    /// Refuses a database of another network or another person; marks a new one.
    pub(crate) async fn check_profile(&self) -> Result<(), StartError> {
        let journal = &self.ports.journal;
        let network = self.config.network;
        match journal.setting(NETWORK).await? {
            Some(stored) if stored != network.as_str() => {
                return Err(StartError::OtherNetwork { stored, configured: network });
            }
            Some(_) => {}
            None => journal.set_setting(NETWORK, network.as_str()).await?,
        }
        match journal.setting(PERSON).await? {
            Some(stored) if stored != self.me.to_string() => {
                Err(StartError::OtherPerson { stored, found: self.me })
            }
            Some(_) => Ok(()),
            None => Ok(journal.set_setting(PERSON, &self.me.to_string()).await?),
        }
    }

    /// Reads every open trade and what our listings are.
    pub(crate) async fn read_trades(&self) -> Result<(), StartError> {
        let rows = self.ports.journal.trades(true).await?;
        let (rows, trades) = tokio::task::spawn_blocking(move || {
            let trades = read_all(&rows);
            (rows, trades)
        })
        .await
        .map_err(|error| JournalError::Failed(format!("the trades could not be read: {error}")))?;
        for (row, trade) in rows.iter().zip(trades) {
            let trade = trade.map_err(|reason| StartError::Unreadable { trade: row.id, reason })?;
            self.settle_in(row, trade).await;
        }
        for document in self.ports.journal.documents_of_kind(300).await? {
            if document.author == self.me {
                self.inbox.listing_made(document.id);
            }
        }
        Ok(self.recall_held().await?)
    }

    async fn settle_in(&self, row: &TradeRow, trade: Trade) {
        let mut next = wake(&trade);
        next.unix = [next.unix, lifetime(&trade).end()].into_iter().flatten().min();
        self.clockwork().set(row.id, next);
        hold(&self.open).insert(row.id);
        self.inbox.trade_changed(&trade, true);
        self.count_node(&trade, false, true);
        if hold(&self.open).len() <= self.config.bounds.cached_trades {
            let slot = self.cabinet.slot(&row.id);
            *slot.lock().await = Some(Kept::new(trade, row.version, row.open));
        }
    }

    /// Everything that needs the node: waits for it if need be.
    pub(crate) async fn recover(self: Arc<Self>) {
        while self.chain.tip().is_none() {
            tokio::select! {
                () = self.chain.until_back() => {}
                () = tokio::time::sleep(self.config.times.retry_first) => {}
            }
        }
        // Until everything has been heard, time stands still where it stood when we stopped: a secret that waits on a relay
        // is used before a deadline that has passed meanwhile is acted on.
        self.chain.stand_still(self.last_height().await);
        self.look_for_room().await;
        let heard = self.begin_restored().await;
        self.perform_stored().await;
        if !self.wait_for(|inner| async move { inner.recheck_all().await }).await {
            tracing::warn!(
                "events that wait for others are many: going on without having looked at all again"
            );
        }
        let since = self.relays_since().await.unwrap_or_else(|_| {
            domp_protocol::units::Unix(self.now().0.saturating_sub(crate::inbox::BACK_DATED_SECONDS))
        });
        if !self
            .wait_for(move |inner| async move {
                inner.catch_up_with_relays(since).await;
            })
            .await
        {
            tracing::warn!("the relays are slow: going on without having heard everything");
        }
        self.life.spawn(Arc::clone(&self).ask_policies());
        self.follow_relays(since);
        self.chain.go_on();
        if !self.wait_for(|inner| async move { inner.sweep(Thorough::Yes).await }).await {
            tracing::warn!("the node is slow: going on without having read everything");
        }
        self.recall(heard).await;
        self.watch_all().await;
        self.recovered.send_replace(true);
        self.keep_height().await;
        let inner = Arc::clone(&self);
        self.life.spawn(inner.sweep_again());
        self.beat().await;
    }

    /// Does a part of the recovery and waits for it, but not for ever; false if it takes longer. It is not given up then: what
    /// was begun goes on beside what follows.
    async fn wait_for<F>(self: &Arc<Self>, part: impl FnOnce(Arc<Self>) -> F) -> bool
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let part = self.life.detached(part(Arc::clone(self)));
        tokio::time::timeout(self.config.times.catch_up, part).await.is_ok()
    }

    async fn watch_all(self: &Arc<Self>) {
        let open: Vec<_> = hold(&self.open).iter().copied().collect();
        for id in open {
            if self.watches.len() >= self.config.bounds.watches {
                return;
            }
            if let Ok((trade, _)) = self.peek(&id).await {
                self.watch_trade(&trade, true);
            }
        }
    }
}
