//! How a relay fares, over all connections to it.

use super::message::shown;
use crate::address::RelayAddress;
use domp_ports::relays::RelayStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// What is known of one relay; shared by every connection to it.
pub(crate) struct Health {
    url: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Connections that should be there.
    wanted: usize,
    /// Connections that work: for a subscription, those that the relay has accepted.
    working: usize,
    last_error: Option<String>,
    notice: Option<(Instant, String)>,
}

impl Health {
    pub(crate) fn new(address: &RelayAddress) -> Arc<Self> {
        Arc::new(Self { url: address.as_str().to_owned(), state: Mutex::default() })
    }
    /// Remembers what went wrong. `reason` may hold a relay's own words.
    pub(crate) fn failed(&self, reason: &str) {
        let reason = shown(reason);
        tracing::debug!(relay = %self.url, %reason, "relay trouble");
        self.state().last_error = Some(reason);
    }
    /// Remembers what the relay said to people.
    pub(crate) fn noticed(&self, notice: String) {
        tracing::debug!(relay = %self.url, %notice, "a relay says something to people");
        self.state().notice = Some((Instant::now(), notice));
    }
    /// What it said to people after this moment.
    pub(crate) fn notice_since(&self, moment: Instant) -> Option<String> {
        self.state().notice.as_ref().filter(|(at, _)| *at >= moment).map(|(_, notice)| notice.clone())
    }
    /// The last thing that went wrong.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.state().last_error.clone()
    }
    /// For people: connected only if nothing that should be connected is not.
    pub(crate) fn status(&self) -> RelayStatus {
        let state = self.state();
        let connected = state.working > 0 && state.working >= state.wanted;
        RelayStatus { url: self.url.clone(), connected, last_error: state.last_error.clone() }
    }
    /// Whether anything is to be connected at all.
    pub(crate) fn is_in_use(&self) -> bool {
        self.state().wanted > 0
    }
    fn state(&self) -> MutexGuard<'_, State> {
        // The state is plain counters: valid even if a thread died while holding the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's contribution to the health of its relay; taken back when dropped.
pub(crate) struct Pulse {
    health: Arc<Health>,
    working: bool,
}

impl Pulse {
    /// Counts one more connection as wanted.
    pub(crate) fn new(health: Arc<Health>) -> Self {
        health.state().wanted += 1;
        Self { health, working: false }
    }
    /// Reports that the connection works, or no longer does.
    pub(crate) fn set(&mut self, working: bool) {
        if self.working != working {
            self.working = working;
            let mut state = self.health.state();
            state.working = if working { state.working + 1 } else { state.working.saturating_sub(1) };
        }
    }
    /// Reports a fault; the connection no longer works.
    pub(crate) fn fail(&mut self, reason: &str) {
        self.set(false);
        self.health.failed(reason);
    }
    /// Reports a fault that the connection survives.
    pub(crate) fn note(&self, reason: &str) {
        self.health.failed(reason);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.set(false);
        let mut state = self.health.state();
        state.wanted = state.wanted.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    #![allow(non_snake_case)]
    use super::*;

    #[test]
    fn status__one_of_two_connections_down__not_connected() {
        let health = Health::new(&RelayAddress::parse("wss://relay.example.com", false).unwrap());
        let (mut a, mut b) = (Pulse::new(health.clone()), Pulse::new(health.clone()));
        assert!(!health.status().connected);
        a.set(true);
        a.set(true);
        assert!(!health.status().connected);
        b.set(true);
        assert!(health.status().connected);
        b.fail("closed\nby relay");
        assert!(!health.status().connected);
        assert_eq!(health.status().last_error.as_deref(), Some("closed by relay"));
        drop(b);
        assert!(health.status().connected, "a connection that is not wanted any more is not missed");
    }
}
