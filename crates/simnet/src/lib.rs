//! A deterministic simulated Lightning network behind the Lightning port.
//!
//! The network is one plain structure, [`World`]: a chain, nodes with real keys (so that invoices and signatures are
//! real and verify), channels, and HTLCs on their way. Its methods are ordinary synchronous functions, and everything
//! that follows from a call (HTLCs forwarded, held, settled, failed back) has happened when the call returns. The same
//! seed and the same calls give the same world, down to the last byte.
//!
//! [`SimNetwork`] and [`SimNode`] put the asynchronous port over it, with streams. A seeded simulation drives
//! [`World`] directly.
//!
//! What is modelled: MPP parts over several channels and hops, routing fees and CLTV deltas, channel reserves and HTLC
//! slots, hold and ordinary invoices, expiry of invoices, MPP timeouts, auto-cancel at E − D while the payee's node
//! runs, going on chain at E or, with a preimage the peer does not take, before it; nodes that are killed and come
//! back; chains that stall or reorganise; routers that stall payments, withhold failures or settlements, or claim with
//! a preimage they learnt; payees that never let go; calls whose answer is lost, that stall, or that never arrive;
//! streams that break or fall silent.
//!
//! What is not: on-chain fees and races, dust, gossip, the latency of real nodes.

mod adapter;
mod arrival;
mod balance;
mod bolt11;
mod calendar;
mod chain;
mod channel;
mod clock;
mod conduct;
mod faults;
mod htlc;
mod invoice;
mod node;
mod payment;
mod profile;
mod resolution;
mod route;
mod seed;
mod split;
mod watchers;
mod world;

pub use adapter::{SimNetwork, SimNode};
pub use balance::Balances;
pub use channel::{ForceClose, ForceCloseReason};
pub use clock::SimClock;
pub use conduct::Conduct;
pub use faults::{Call, CallFault, Noise};
pub use node::NodeIndex;
pub use profile::{ExtraCltv, Profile, RoutingPolicy};
pub use world::{Change, Settings, World};
