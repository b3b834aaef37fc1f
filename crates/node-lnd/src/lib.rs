//! LND behind the [`Lightning`](domp_ports::lightning::Lightning) port, over gRPC.
//!
//! * [`config`]: where the node is and which files open it, found in LND's own folder.
//! * [`LndNode`]: a connected node; it pins LND's certificate, sends the macaroon, puts a deadline on every call,
//!   and finds back to a node that was away.
//! * [`permissions`]: the calls this adapter makes, and what a macaroon allows.
//! * [`capabilities`]: what LND can do, by the version and settings it reports.
//!
//! The adapter holds no policy: it translates. What it is careful about is certainty. LND answers many things with
//! one error code; texts that are known to be certain become certain errors, everything else stays open.

mod call;
pub mod capabilities;
mod chain;
mod channels;
pub mod config;
mod connect;
mod connector;
mod convert;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod invoices;
mod lnd_conf;
pub mod macaroon;
mod node;
mod payments;
pub mod permissions;
mod rpc;
mod stream;

pub use config::LndConfig;
pub use error::ConnectError;
pub use node::LndNode;
