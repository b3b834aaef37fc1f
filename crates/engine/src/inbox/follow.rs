//! Following the relays: two subscriptions, one queue with a bound, and several hands that empty it.

use crate::{
    EngineError,
    inner::{Inner, hold},
    troubles::Source,
};
use domp_ports::relays::{Delivered, Wanted};
use domp_protocol::units::Unix;
use futures::{StreamExt, stream::BoxStream};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, mpsc},
    time::Instant,
};

/// Gift wraps are dated up to two days back; one more day for clocks and outages.
pub(crate) const BACK_DATED_SECONDS: u64 = 3 * 86_400;
/// The setting that says until when the relays have been read.
const CURSOR: &str = "inbox/cursor";
/// Events looked at at the same time: enough for their commits to share what a disk takes to sync.
const HANDS: usize = 128;
/// After a change of what is followed, others are waited for so long before it is asked anew.
const GATHER: Duration = Duration::from_secs(5);
/// How far the clocks of people may be apart, in seconds.
const CLOCKS_APART: u64 = 3_600;
/// A subscription that lasted so long was a good one.
const LASTED: Duration = Duration::from_secs(30);

impl Inner {
    /// Sets both subscriptions going, and the hands.
    pub(crate) fn follow_relays(self: &Arc<Self>, since: Unix) {
        let (queue, arrivals) = mpsc::channel(self.config.bounds.inbox.max(1));
        let inner = Arc::clone(self);
        self.life.spawn(async move { inner.work_off(arrivals).await });
        let (inner, to) = (Arc::clone(self), queue.clone());
        self.life.spawn(async move { inner.follow_letters(since, to).await });
        let inner = Arc::clone(self);
        self.life.spawn(async move { inner.follow_events(since, queue).await });
    }

    /// From when on the relays are read.
    pub(crate) async fn relays_since(&self) -> Result<Unix, EngineError> {
        let cursor = self.ports.journal.setting(CURSOR).await?;
        let read = cursor.and_then(|text| text.parse().ok()).map_or_else(|| self.now(), Unix);
        Ok(Unix(read.min(self.now()).0.saturating_sub(BACK_DATED_SECONDS)))
    }

    /// Notes that the relays have been read until now, unless a subscription is broken.
    pub(crate) async fn move_cursor(&self) {
        if self.troubles.has(Source::Letters) || self.troubles.has(Source::Events) {
            return;
        }
        let now = self.now().0.to_string();
        if let Err(error) = self.ports.journal.set_setting(CURSOR, &now).await {
            self.troubles.journal_failed(&error);
        }
    }

    /// What is addressed to us: gift wraps, and public events of clients like ours.
    fn letters(&self, since: Unix) -> Vec<Wanted> {
        let to_us = |kinds: Vec<u16>| Wanted {
            kinds,
            addressed_to: vec![self.me],
            since: Some(since),
            ..Wanted::default()
        };
        vec![to_us(vec![crate::documents::WRAP_KIND]), to_us(super::PUBLIC_KINDS.collect())]
    }

    fn events_wanted(&self, since: Unix) -> Vec<Wanted> {
        hold(&self.inbox.interest).filters(since)
    }

    /// Everything that the relays have now, dealt with before this returns. Each relay is asked on its own: what one of them
    /// has does not wait for another. Gives how many answered completely.
    pub(crate) async fn catch_up_with_relays(self: &Arc<Self>, since: Unix) -> usize {
        self.catch_up_with(&self.config.relays, since).await
    }

    /// The same with other relays.
    pub(crate) async fn catch_up_with(self: &Arc<Self>, relays: &[String], since: Unix) -> usize {
        let wanted: Vec<Wanted> = self.letters(since).into_iter().chain(self.events_wanted(since)).collect();
        let asked = relays.iter().map(|relay| self.catch_up_with_one(relay, &wanted));
        futures::future::join_all(asked).await.into_iter().filter(|whole| *whole).count()
    }

    async fn catch_up_with_one(self: &Arc<Self>, relay: &String, wanted: &[Wanted]) -> bool {
        let mut whole = true;
        for wanted in wanted {
            match self.ports.relays.fetch(wanted.clone(), std::slice::from_ref(relay)).await {
                Ok((delivered, complete)) => {
                    let each = |one: Delivered| self.deliver(one);
                    futures::stream::iter(delivered).for_each_concurrent(HANDS, each).await;
                    whole &= complete > 0;
                }
                Err(error) => {
                    tracing::warn!(relay, %error, "could not catch up with a relay");
                    whole = false;
                }
            }
        }
        whole
    }

    async fn work_off(self: Arc<Self>, mut arrivals: mpsc::Receiver<Delivered>) {
        let hands = Arc::new(Semaphore::new(HANDS));
        while let Some(delivered) = arrivals.recv().await {
            let Ok(hand) = Arc::clone(&hands).acquire_owned().await else { return };
            let inner = Arc::clone(&self);
            self.life.spawn(async move {
                inner.deliver(delivered).await;
                drop(hand);
            });
        }
    }

    async fn follow_letters(self: Arc<Self>, since: Unix, queue: mpsc::Sender<Delivered>) {
        let mut pause = self.config.times.retry_first;
        loop {
            let began = Instant::now();
            if let Some(mut stream) = self.subscribed(Source::Letters, self.letters(since)).await {
                while let Some(delivered) = stream.next().await {
                    if queue.send(delivered).await.is_err() {
                        return;
                    }
                }
                self.troubles.set(
                    Source::Letters,
                    "the relays ended the subscription to private messages; asking again".to_owned(),
                );
            }
            pause = if began.elapsed() > LASTED { self.config.times.retry_first } else { self.longer(pause) };
            tokio::time::sleep(pause).await;
        }
    }

    async fn follow_events(self: Arc<Self>, mut since: Unix, queue: mpsc::Sender<Delivered>) {
        let mut pause = self.config.times.retry_first;
        loop {
            let began = Instant::now();
            let asked_at = self.now();
            let wanted = self.events_wanted(since);
            if wanted.is_empty() {
                self.inbox.interest_changed.notified().await;
                tokio::time::sleep(GATHER).await;
                continue;
            }
            if let Some(stream) = self.subscribed(Source::Events, wanted).await {
                match self.forward(stream, &queue).await {
                    Forwarded::QueueGone => return,
                    Forwarded::Changed => {
                        // What refers to something new is new; what refers to the others has been delivered.
                        since = since.max(Unix(asked_at.0.saturating_sub(CLOCKS_APART)));
                        continue;
                    }
                    Forwarded::Ended => {
                        self.troubles.set(
                            Source::Events,
                            "the relays ended the subscription to events; asking again".to_owned(),
                        );
                    }
                }
            }
            pause = if began.elapsed() > LASTED { self.config.times.retry_first } else { self.longer(pause) };
            tokio::time::sleep(pause).await;
        }
    }

    /// Passes on what a subscription delivers until there is something else to subscribe to.
    async fn forward(
        &self,
        mut stream: BoxStream<'static, Delivered>,
        queue: &mpsc::Sender<Delivered>,
    ) -> Forwarded {
        loop {
            tokio::select! {
                delivered = stream.next() => match delivered {
                    Some(delivered) => {
                        if queue.send(delivered).await.is_err() {
                            return Forwarded::QueueGone;
                        }
                    }
                    None => return Forwarded::Ended,
                },
                () = self.inbox.interest_changed.notified() => {
                    tokio::time::sleep(GATHER).await;
                    return Forwarded::Changed;
                }
            }
        }
    }

    async fn subscribed(&self, source: Source, wanted: Vec<Wanted>) -> Option<BoxStream<'static, Delivered>> {
        match self.ports.relays.subscribe(wanted, &[]).await {
            Ok(stream) => {
                self.troubles.clear(source);
                Some(stream)
            }
            Err(error) => {
                self.troubles.set(source, format!("cannot subscribe to the relays: {error}"));
                None
            }
        }
    }
}

/// Why forwarding ended.
enum Forwarded {
    Ended,
    Changed,
    QueueGone,
}
