//! Relays over WebSocket: the [`Relays`] port for the real world.
//!
//! * Every relay is talked to on its own: one that is slow, silent or hostile costs nobody else anything.
//! * Two connections a relay: one for publications and reads (`session`), and one for each subscription (`feed`).
//! * Everything is bounded: waits, queues, sizes, pages, and what a relay may send that makes no sense.
//! * An event's text is passed on exactly as the relay sent it, **not verified**: signatures and rules are the caller's.
//!
//! The common Nostr client library is not used underneath, because some of its habits lose events that money hangs on
//! (seen in nostr-relay-pool 0.44.3): a subscription that a relay closes is forgotten unless the reason is one of two;
//! whether to subscribe again after a reconnection is decided by comparing whole seconds, so that a quick one can be
//! missed; notifications go through a queue that drops the oldest when its reader is slow; every event passes an internal
//! store that obeys deletions and expiry, so that an author can make evidence vanish; verified ids are cached, so that
//! another text under the same id passes; messages up to 64 MiB are buffered and malformed ones logged whole; the address
//! that a name resolves to cannot be checked; and the event's own bytes are lost.

mod auth;
mod backoff;
mod config;
mod dial;
mod exchange;
mod feed;
mod filter;
mod health;
mod message;
pub mod nip05;
mod nip11;
mod pager;
mod reach;
mod session;
mod shared;
mod socket;

pub use auth::{Auth, AuthSigner};
pub use config::{PoolConfig, Proxy};

use crate::{address::RelayAddress, event::Envelope};
use async_trait::async_trait;
use auth::Signers;
use dial::Dialer;
use domp_ports::relays::{Delivered, Policy, RelayAnswer, RelayError, RelayStatus, Relays, Wanted};
use futures::{
    StreamExt,
    future::join_all,
    stream::{self, BoxStream},
};
use health::Health;
use session::{Command, Fetched};
use shared::Shared;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

/// Most relays in the configuration, and in one call.
pub const MAX_RELAYS: usize = 32;
/// Most relays known at a time, configured or not.
const MAX_KNOWN: usize = 128;
/// A fetch that makes progress is given up after so many times the configured patience.
const FETCH_PATIENCE: u32 = 6;

/// Connections to relays.
pub struct RelayPool {
    shared: Arc<Shared>,
    configured: Vec<RelayAddress>,
    known: Mutex<BTreeMap<RelayAddress, Known>>,
}

struct Known {
    health: Arc<Health>,
    session: Option<mpsc::Sender<Command>>,
}

/// A relay of a call: the caller's spelling, and the address or why it is none.
type Named = (String, Result<RelayAddress, RelayError>);

impl RelayPool {
    /// Checks the configuration and begins to connect to its relays. Needs a tokio runtime around it; connections end
    /// when the pool is dropped, subscriptions when their streams are.
    pub fn new(config: PoolConfig) -> Result<Self, RelayError> {
        let mut configured: Vec<RelayAddress> = Vec::new();
        for text in &config.relays {
            let address = RelayAddress::parse(text, config.plaintext)?;
            if configured.len() >= MAX_RELAYS {
                return Err(too_many(text));
            }
            if !configured.contains(&address) {
                configured.push(address);
            }
        }
        let dialer = Dialer::new(&config.extra_roots, config.proxy).map_err(|e| RelayError::BadUrl {
            url: "extra_roots".into(),
            reason: format!("a certificate authority cannot be used: {e}"),
        })?;
        let signers = Signers::new(&config.auth);
        let shared = Arc::new(Shared { config, dialer, signers });
        let pool = Self { shared, configured, known: Mutex::default() };
        for address in &pool.configured {
            pool.session(address).map_err(|reason| RelayError::NoneAnswered(reason.into()))?;
        }
        Ok(pool)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<RelayAddress, Known>> {
        // A map of handles: valid even if a thread died while holding the lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self, address: &RelayAddress) -> Result<Arc<Health>, &'static str> {
        let mut known = self.known();
        if let Some(entry) = known.get(address) {
            return Ok(entry.health.clone());
        }
        if known.len() >= MAX_KNOWN {
            known.retain(|a, k| self.configured.contains(a) || k.health.is_in_use());
        }
        if known.len() >= MAX_KNOWN {
            return Err("too many other relays are in use");
        }
        let health = Health::new(address);
        known.insert(address.clone(), Known { health: health.clone(), session: None });
        Ok(health)
    }

    fn session(&self, address: &RelayAddress) -> Result<mpsc::Sender<Command>, &'static str> {
        let health = self.health(address)?;
        let mut known = self.known();
        let entry = known.entry(address.clone()).or_insert(Known { health, session: None });
        if let Some(session) = entry.session.as_ref().filter(|s| !s.is_closed()) {
            return Ok(session.clone());
        }
        let configured = self.configured.contains(address);
        let session = session::start(self.shared.clone(), address.clone(), configured, entry.health.clone());
        entry.session = Some(session.clone());
        Ok(session)
    }

    /// The relays of a call. Fails if not one of them can be used.
    fn named(&self, relays: &[String]) -> Result<Vec<Named>, RelayError> {
        if relays.is_empty() {
            if self.configured.is_empty() {
                return Err(RelayError::NoneAnswered("no relay is configured and none was named".into()));
            }
            return Ok(self.configured.iter().map(|a| (a.as_str().to_owned(), Ok(a.clone()))).collect());
        }
        if let Some(surplus) = relays.get(MAX_RELAYS) {
            return Err(too_many(surplus));
        }
        let parse = |text: &String| (text.clone(), RelayAddress::parse(text, self.shared.config.plaintext));
        let named: Vec<Named> = relays.iter().map(parse).collect();
        if named.iter().any(|(_, address)| address.is_ok()) {
            return Ok(named);
        }
        match named.into_iter().next() {
            Some((_, Err(error))) => Err(error),
            _ => Err(RelayError::NoneAnswered("no relay was named".into())),
        }
    }

    /// The relays of a call, each once whatever its spelling: somebody who names one relay three times has named one.
    fn distinct(&self, relays: &[String]) -> Result<BTreeSet<RelayAddress>, RelayError> {
        Ok(self.named(relays)?.into_iter().filter_map(|(_, address)| address.ok()).collect())
    }

    async fn publish_to(
        &self,
        address: Result<RelayAddress, RelayError>,
        event: &Envelope,
        json: &Arc<str>,
    ) -> RelayAnswer {
        let opened = address.map_err(|e| e.to_string()).and_then(|address| {
            let session = self.session(&address).map_err(str::to_owned)?;
            Ok((session, self.health(&address).map_err(str::to_owned)?))
        });
        let (session, health) = match opened {
            Ok(opened) => opened,
            Err(reason) => return RelayAnswer::NoAnswer(reason),
        };
        let asked_at = Instant::now();
        let (reply, answer) = oneshot::channel();
        let command = Command::Publish { id: event.id, json: json.clone(), reply };
        match self.ask(session, command, answer, self.shared.config.patience).await {
            Ok(answer) => answer,
            // Some relays refuse an event in words for people only.
            Err(reason) => RelayAnswer::NoAnswer(match health.notice_since(asked_at) {
                Some(notice) => format!("{reason}; it says: {notice}"),
                None => reason,
            }),
        }
    }

    async fn fetch_from(&self, address: RelayAddress, wanted: Wanted) -> (RelayAddress, Fetched) {
        let failed = |reason: String| Fetched { events: Vec::new(), missing: Some(reason) };
        let fetched = match self.session(&address) {
            Err(reason) => failed(reason.to_owned()),
            Ok(session) => {
                let (reply, answer) = oneshot::channel();
                let patience = self.shared.config.patience * FETCH_PATIENCE;
                let command = Command::Fetch { wanted, reply };
                self.ask(session, command, answer, patience).await.unwrap_or_else(failed)
            }
        };
        (address, fetched)
    }

    async fn ask<T>(
        &self,
        session: mpsc::Sender<Command>,
        command: Command,
        answer: oneshot::Receiver<T>,
        patience: Duration,
    ) -> Result<T, String> {
        let asking = async {
            let ended = || "the connection is being closed".to_owned();
            session.send(command).await.map_err(|_| ended())?;
            answer.await.map_err(|_| ended())
        };
        let late = |_| format!("no answer within {} s", patience.as_secs_f32());
        timeout(patience, asking).await.map_err(late)?
    }
}

#[async_trait]
impl Relays for RelayPool {
    async fn publish(
        &self,
        event_json: &str,
        relays: &[String],
    ) -> Result<Vec<(String, RelayAnswer)>, RelayError> {
        let named = self.named(relays)?;
        let event = match Envelope::read(event_json, self.shared.config.max_event_bytes) {
            Ok(event) => event,
            // No relay would take it, and some drop the connection over it: it is not sent at all.
            Err(reason) => {
                let refused = |(name, _)| (name, RelayAnswer::Refused(format!("invalid: {reason}")));
                return Ok(named.into_iter().map(refused).collect());
            }
        };
        let json: Arc<str> = event_json.into();
        let publications = named.into_iter().map(|(name, address)| {
            let (event, json) = (&event, &json);
            async move { (name, self.publish_to(address, event, json).await) }
        });
        Ok(join_all(publications).await)
    }

    async fn subscribe(
        &self,
        wanted: Vec<Wanted>,
        relays: &[String],
    ) -> Result<BoxStream<'static, Delivered>, RelayError> {
        // Nothing wanted is a subscription that brings nothing, not one that has ended.
        let addresses = if wanted.is_empty() { BTreeSet::new() } else { self.distinct(relays)? };
        let (mut feeds, mut refusal) = (Vec::new(), None);
        for address in addresses {
            let health = match self.health(&address) {
                Ok(health) => health,
                Err(reason) => {
                    refusal = Some(RelayError::NoneAnswered(format!("{address}: {reason}")));
                    continue;
                }
            };
            let configured = self.configured.contains(&address);
            let receiver = feed::start(self.shared.clone(), address, configured, health, &wanted);
            feeds.push(stream::unfold(receiver, |mut receiver| async {
                receiver.recv().await.map(|delivered| (delivered, receiver))
            }));
        }
        match refusal {
            Some(refusal) if feeds.is_empty() => Err(refusal),
            _ => Ok(stream::select(stream::select_all(feeds.into_iter().map(Box::pin)), stream::pending())
                .boxed()),
        }
    }

    async fn fetch(&self, wanted: Wanted, relays: &[String]) -> Result<(Vec<Delivered>, usize), RelayError> {
        let addresses = self.distinct(relays)?.into_iter();
        let answers = join_all(addresses.map(|address| self.fetch_from(address, wanted.clone()))).await;
        let (mut events, mut complete, mut reasons) = (Vec::new(), 0, Vec::new());
        for (address, fetched) in answers {
            match fetched.missing {
                None => complete += 1,
                Some(reason) => reasons.push(format!("{address}: {reason}")),
            }
            let relay = address.as_str();
            events.extend(fetched.events.into_iter().map(|json| Delivered { json, relay: relay.to_owned() }));
        }
        if complete == 0 && events.is_empty() {
            return Err(RelayError::NoneAnswered(reasons.join("; ")));
        }
        Ok((events, complete))
    }

    async fn policy(&self, relay: &str) -> Result<Policy, RelayError> {
        let address = RelayAddress::parse(relay, self.shared.config.plaintext)?;
        let reach = self.shared.reach(self.configured.contains(&address));
        let patience = self.shared.config.patience;
        let fetched = timeout(patience, nip11::fetch(&self.shared.dialer, &address, reach)).await;
        let late = |_| format!("no answer within {} s", patience.as_secs_f32());
        fetched.map_err(late).and_then(|r| r).map_err(|e| RelayError::NoneAnswered(format!("{address}: {e}")))
    }

    async fn status(&self) -> Vec<RelayStatus> {
        let known = self.known();
        let own = self.configured.iter().filter_map(|address| known.get(address));
        let others = known
            .iter()
            .filter(|(a, k)| !self.configured.contains(a) && k.health.is_in_use())
            .map(|(_, k)| k);
        own.chain(others).map(|k| k.health.status()).collect()
    }
}

fn too_many(url: &str) -> RelayError {
    RelayError::BadUrl { url: url.into(), reason: format!("more than {MAX_RELAYS} relays at once") }
}
