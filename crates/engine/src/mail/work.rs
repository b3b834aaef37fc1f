//! Proof of work for public events, as the relays ask for it: searched away from the event loop, with progress.

use crate::{
    EngineError,
    event::{EngineEvent, Progress},
    inner::{Inner, hold},
};
use domp_ports::relays::Policy;
use domp_protocol::{
    event::EventDraft,
    ids::TradeId,
    pow::{CAPACITY, Difficulty, MAX_MINED_BITS, Miner},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Nonces tried between two words about progress.
const STEP: u64 = 100_000;
/// So little work is done at once, without a thread.
const AT_ONCE_BITS: u16 = 12;
/// How long a relay's announced policy is believed.
const BELIEVED: Duration = Duration::from_secs(600);
/// How long it is not asked again after it did not answer.
const NOT_ASKED: Duration = Duration::from_secs(60);
/// Policies remembered; relays are named by others too.
const MOST_POLICIES: usize = 1_000;
/// The longest wait for a relay's policy.
const PATIENCE: Duration = Duration::from_secs(5);

/// Policies as they were announced.
#[derive(Default)]
pub(crate) struct Policies(Mutex<HashMap<String, (Instant, Option<Policy>)>>);

/// Stops the search when nobody waits for it any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Inner {
    /// The event with a proof of work that satisfies these relays; ours where none is named.
    pub(crate) async fn with_work(
        self: &Arc<Self>,
        trade: Option<TradeId>,
        draft: EventDraft,
        relays: &[String],
    ) -> Result<EventDraft, EngineError> {
        let bits = self.bits_for(draft.kind, relays).await;
        let impossible = |error: &dyn std::fmt::Display| EngineError::Work(error.to_string());
        let difficulty = Difficulty::new(bits).map_err(|error| impossible(&error))?;
        let miner = Miner::new(&draft, &self.me, difficulty).map_err(|error| impossible(&error))?;
        let nonce = if bits <= AT_ONCE_BITS {
            miner.mine(0..CAPACITY)
        } else {
            self.search(trade, draft.kind, miner.clone()).await?
        };
        match nonce {
            Some(nonce) => Ok(miner.finish(draft, nonce)),
            None => Err(EngineError::Work(format!("no nonce gives {difficulty}; try again in a second"))),
        }
    }

    async fn search(
        &self,
        trade: Option<TradeId>,
        kind: u16,
        miner: Miner,
    ) -> Result<Option<u64>, EngineError> {
        let stop = Arc::new(AtomicBool::new(false));
        let _stop = StopOnDrop(Arc::clone(&stop));
        let bits = miner.difficulty();
        let events = self.events.clone();
        let search = move || {
            let mut start = 0;
            while start < CAPACITY && !stop.load(Ordering::Relaxed) {
                let found = miner.mine(start..start.saturating_add(STEP));
                if found.is_some() {
                    return found;
                }
                start = start.saturating_add(STEP);
                let progress = Progress::Mining {
                    kind,
                    bits: bits.bits(),
                    tries: start,
                    likelihood: bits.likelihood_after(start),
                };
                // Nobody listening is fine.
                let _ = events.send(EngineEvent::Progress { trade, progress });
            }
            None
        };
        tokio::task::spawn_blocking(search).await.map_err(|error| EngineError::Work(error.to_string()))
    }

    /// The most that any of the relays asks for and that we are ready to mine. One that asks for more goes without.
    async fn bits_for(self: &Arc<Self>, kind: u16, relays: &[String]) -> u16 {
        let relays = if relays.is_empty() { &self.config.relays } else { relays };
        let policies = futures::future::join_all(relays.iter().map(|relay| self.policy(relay))).await;
        let asked = policies.into_iter().flatten().map(|policy| u16::from(policy.bits_for(kind)));
        let most = self.config.bounds.most_work_bits.min(MAX_MINED_BITS);
        asked
            .filter(|bits| *bits <= most)
            .fold(self.config.bounds.least_work_bits.min(MAX_MINED_BITS), u16::max)
    }

    /// A relay's policy as far as it is known. Only the first question waits for the answer; an old one is asked for anew
    /// meanwhile.
    async fn policy(self: &Arc<Self>, relay: &str) -> Option<Policy> {
        let known = hold(&self.policies.0).get(relay).cloned();
        let Some((asked, policy)) = known else { return self.ask_policy(relay.to_owned()).await };
        let believed = if policy.is_some() { BELIEVED } else { NOT_ASKED };
        if asked.elapsed() >= believed {
            // Not asked twice while the answer is on its way.
            hold(&self.policies.0).insert(relay.to_owned(), (Instant::now(), policy.clone()));
            let (inner, relay) = (Arc::clone(self), relay.to_owned());
            self.life.spawn(async move {
                inner.ask_policy(relay).await;
            });
        }
        policy
    }

    async fn ask_policy(self: &Arc<Self>, relay: String) -> Option<Policy> {
        let answer = tokio::time::timeout(PATIENCE, self.ports.relays.policy(&relay)).await;
        let policy = answer.ok().and_then(Result::ok);
        let mut known = hold(&self.policies.0);
        if known.len() >= MOST_POLICIES {
            known.clear();
        }
        known.insert(relay, (Instant::now(), policy.clone()));
        policy
    }

    /// Asks our own relays, so that the first letter need not wait.
    pub(crate) async fn ask_policies(self: Arc<Self>) {
        let relays = self.config.relays.clone();
        futures::future::join_all(relays.into_iter().map(|relay| self.ask_policy(relay))).await;
    }
}
