//! Relays without a network: the [`Relays`](domp_ports::relays::Relays) port on a shared piece of memory.
//!
//! Everything is deterministic and happens at once: when a publication returns, every subscription that may see the event
//! already holds it. Trouble comes only as it is ordered: see [`Fault`].
//!
//! ```
//! # use domp_nostr::memory::MemoryNet;
//! let net = MemoryNet::new(["wss://a.example", "wss://b.example"]);
//! let seller = net.client(["wss://a.example", "wss://b.example"]);
//! let buyer = net.client(["wss://a.example"]);
//! # let _ = (seller, buyer);
//! ```

mod client;
mod fault;
mod feed;
mod relay;
mod shuffle;

pub use client::MemoryRelays;
pub use fault::Fault;

use crate::event::Envelope;
use domp_ports::relays::{Policy, Wanted};
use nostr::JsonUtil;
use relay::MemoryRelay;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

/// Largest event taken, in bytes of JSON.
const MAX_EVENT_BYTES: usize = 256 * 1024;

/// A set of relays; clones share it.
#[derive(Clone, Debug)]
pub struct MemoryNet {
    world: Arc<Mutex<World>>,
    verify: bool,
}

#[derive(Debug, Default)]
struct World {
    relays: BTreeMap<String, MemoryRelay>,
    /// Subscriptions that have nothing to deliver now.
    waiting: Vec<Waker>,
}

impl World {
    fn wake(&mut self) {
        for waker in self.waiting.drain(..) {
            waker.wake();
        }
    }
}

/// An event as it lies on a relay.
#[derive(Debug)]
struct Stored {
    /// `None` for text that is no event, which only [`MemoryNet::inject`] brings in.
    envelope: Option<Envelope>,
    json: String,
}

impl MemoryNet {
    /// Relays of these addresses, empty and in good order, that verify ids and signatures as real ones do. An address is
    /// written in its normal form (`wss://relay.example`), as [`Delivered`](domp_ports::relays::Delivered) names it.
    pub fn new(urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let relays = urls.into_iter().map(|url| (url.into(), MemoryRelay::default())).collect();
        Self { world: Arc::new(Mutex::new(World { relays, waiting: Vec::new() })), verify: true }
    }

    /// The same relays, taking any event that is well-formed: for benches, where signatures are checked elsewhere.
    pub fn without_verification(mut self) -> Self {
        self.verify = false;
        self
    }

    /// The port of somebody who has these relays configured.
    pub fn client(&self, configured: impl IntoIterator<Item = impl Into<String>>) -> MemoryRelays {
        MemoryRelays::new(self.clone(), configured.into_iter().map(Into::into).collect())
    }

    /// Makes a relay behave badly from now on; several faults add up. Does nothing for a relay that does not exist.
    pub fn break_relay(&self, url: &str, fault: Fault) {
        self.change(url, |relay| relay.break_with(fault));
    }

    /// Ends every fault of a relay. What it held back is delivered now, and subscriptions begin again as after a
    /// reconnection: from everything stored, so that nothing is missed and much is repeated.
    pub fn repair(&self, url: &str) {
        self.change(url, MemoryRelay::repair);
    }

    /// Delivers the oldest event that a relay delays; false if there is none.
    pub fn deliver_one(&self, url: &str) -> bool {
        let mut delivered = false;
        self.change(url, |relay| delivered = relay.deliver_one());
        delivered
    }

    /// Puts any text into every subscription of a relay, as a hostile relay would: unfiltered and unstored.
    pub fn inject(&self, url: &str, text: &str) {
        let stored = Arc::new(Stored { envelope: None, json: text.to_owned() });
        self.change(url, |relay| relay.inject(stored));
    }

    /// Lets a relay announce a policy. It is not enforced: use [`Fault::Refuse`].
    pub fn announce(&self, url: &str, policy: Policy) {
        self.change(url, |relay| relay.policy = policy);
    }

    /// Everything that a relay has stored, oldest first, delivered or not.
    pub fn stored(&self, url: &str) -> Vec<String> {
        self.lock().relays.get(url).map(MemoryRelay::stored).unwrap_or_default()
    }

    /// How many events a relay has that match; delivered or not.
    pub fn count(&self, url: &str, wanted: &Wanted) -> usize {
        self.lock().relays.get(url).map_or(0, |relay| relay.count(wanted))
    }

    fn change(&self, url: &str, change: impl FnOnce(&mut MemoryRelay)) {
        let mut world = self.lock();
        if let Some(relay) = world.relays.get_mut(url) {
            change(relay);
            world.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        // Whole after every operation, also if a test thread died in between.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads and, unless switched off, verifies an event.
    fn admit(&self, json: &str) -> Result<Arc<Stored>, String> {
        let envelope = Envelope::read(json, MAX_EVENT_BYTES)?;
        if self.verify {
            let event = nostr::Event::from_json(json).map_err(|e| e.to_string())?;
            event.verify().map_err(|e| e.to_string())?;
        }
        Ok(Arc::new(Stored { envelope: Some(envelope), json: json.to_owned() }))
    }
}
