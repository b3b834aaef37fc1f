//! A private regtest network of real nodes: one bitcoind and any number of LNDs on free ports of
//! 127.0.0.1, in a temporary folder.
//!
//! [`Regtest::start`] brings up the whole network with funded wallets and balanced channels.
//! Nothing outlives the process that started it: nodes are stopped by handle when the network is
//! dropped, and a watchdog ends them (and removes the folder) when the process ends in any other
//! way, a `static` network and `kill -9` included. When a test panics the folder with all logs is
//! kept and its path is printed.
//!
//! [`install`] puts the node programs in place. The harness talks to LND through its REST listener,
//! and so shares no code with the adapter it helps to test.

mod bitcoind;
mod error;
mod folder;
mod free_port;
mod http;
pub mod install;
mod lnd;
mod network;
mod process;
mod programs;
mod wait;
mod watchdog;

pub use bitcoind::Bitcoind;
pub use error::RegtestError;
pub use lnd::{ChannelView, Lnd};
pub use network::{ChannelPlan, Plan, Regtest};
pub use programs::programs_or_skip;
