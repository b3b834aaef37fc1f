//! Nostr relays: three ways to have some, and the work that they ask for.
//!
//! * `pool` (feature `pool`): relays over WebSocket, for the daemon.
//! * `embedded` (feature `embedded`): a relay inside this process, for trials and tests.
//! * `memory` (feature `memory`): relays without a network, deterministic and with faults, for tests, benches and
//!   simulation.
//! * [`mining`]: proof-of-work off the event loop.
//!
//! `pool` and `memory` implement the same port, [`domp_ports::relays::Relays`], and pass the same contract suite. Neither
//! knows what a trade is, and neither verifies what it delivers: an event is a claim until the protocol's rules admit it.
//! Types of the Nostr libraries do not appear in the interface of this crate.

pub mod address;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(any(feature = "pool", feature = "memory"))]
mod event;
#[cfg(feature = "memory")]
pub mod memory;
pub mod mining;
#[cfg(any(feature = "pool", feature = "embedded"))]
mod policy_document;
#[cfg(feature = "pool")]
pub mod pool;
