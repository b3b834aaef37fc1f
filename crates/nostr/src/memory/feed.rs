//! A subscription on relays in memory: no queue, only a place in what each relay has delivered.

use super::{MemoryNet, Stored, World, relay::MemoryRelay};
use domp_ports::relays::{Delivered, Wanted};
use futures::Stream;
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// See the module.
pub(super) struct MemoryFeed {
    net: MemoryNet,
    wanted: Vec<Wanted>,
    sources: Vec<Source>,
    turn: usize,
}

struct Source {
    url: String,
    /// The life of the relay in which this subscription began.
    life: Option<u64>,
    stored: VecDeque<Arc<Stored>>,
    place: usize,
}

impl MemoryFeed {
    pub(super) fn new(net: MemoryNet, wanted: Vec<Wanted>, urls: impl IntoIterator<Item = String>) -> Self {
        let source = |url| Source { url, life: None, stored: VecDeque::new(), place: 0 };
        let mut feed = Self { net, wanted, sources: urls.into_iter().map(source).collect(), turn: 0 };
        let world = feed.net.lock();
        // Begun now, not when first polled: what is published in between is new, not stored.
        for source in &mut feed.sources {
            if let Some(relay) = world.relays.get(&source.url) {
                source.begin(relay, &feed.wanted);
            }
        }
        drop(world);
        feed
    }
}

impl Source {
    fn begin(&mut self, relay: &MemoryRelay, wanted: &[Wanted]) {
        if relay.is_reachable() && self.life != Some(relay.life) {
            self.life = Some(relay.life);
            self.stored = relay.find(wanted);
            self.place = relay.end();
        }
    }

    fn next(&mut self, world: &World, wanted: &[Wanted]) -> Option<Delivered> {
        let relay = world.relays.get(&self.url)?;
        if !relay.is_reachable() {
            return None;
        }
        self.begin(relay, wanted);
        let deliver = |event: &Stored| Delivered { json: event.json.clone(), relay: self.url.clone() };
        if let Some(event) = self.stored.pop_front() {
            return Some(deliver(&event));
        }
        while let Some(event) = relay.at(self.place) {
            self.place += 1;
            if event.envelope.as_ref().is_none_or(|envelope| wanted.iter().any(|w| envelope.matches(w))) {
                return Some(deliver(event));
            }
        }
        None
    }
}

impl Stream for MemoryFeed {
    type Item = Delivered;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Delivered>> {
        let Self { net, wanted, sources, turn } = self.get_mut();
        let mut world = net.lock();
        for _ in 0..sources.len() {
            *turn = (*turn + 1) % sources.len();
            if let Some(delivered) = sources.get_mut(*turn).and_then(|source| source.next(&world, wanted)) {
                return Poll::Ready(Some(delivered));
            }
        }
        if !world.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            world.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}
