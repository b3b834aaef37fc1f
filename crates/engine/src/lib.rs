//! The engine: the trade machine's hands, with no rules of its own.
//!
//! It takes an input, stamps it with time and height, asks the machine what follows, writes that down in one transaction,
//! and only then does it. Each outcome comes back as an input. After a crash it reads what was written, asks the node and
//! the relays what happened meanwhile, and goes on.
//!
//! | file | what |
//! |---|---|
//! | `engine` | what others call |
//! | `commit`, `record` | one input, one step, one transaction |
//! | `cabinet` | trades in memory, one writer each |
//! | `outbox`, `perform/`, `mail/` | effects: taken in hand, tried until certain, letters written and sent |
//! | `inbox/` | what relays deliver: verified, held, brought to its trade |
//! | `watch`, `sweep`, `blocks`, `chain_view` | what the node says |
//! | `clockwork`, `pulse`, `lifetime` | what is done when |
//! | `recovery`, `rebuild`, `backup` | after a stop, and after a loss |
//! | `desk/` | listings, bids, orders |
//! | `view`, `show`, `health`, `troubles`, `event`, `words` | what people see |
//! | `faults` | where tests make things go wrong |

// The tests inside use the same small world as the tests outside.
#[cfg(test)]
extern crate self as domp_engine;

mod backup;
mod blocks;
mod cabinet;
mod chain_view;
pub mod clockwork;
mod commit;
pub mod config;
pub mod desk;
mod documents;
mod engine;
pub mod error;
pub mod event;
pub mod faults;
pub mod health;
mod inbox;
mod inner;
mod life;
mod lifetime;
mod mail;
mod outbox;
mod perform;
mod pulse;
mod rebuild;
mod recall;
#[cfg(not(feature = "fuzzing"))]
mod record;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod record;
mod recovery;
mod reports;
mod secrets;
mod show;
mod sweep;
mod troubles;
pub mod view;
mod watch;
mod words;
#[cfg(test)]
#[path = "../tests/world/mod.rs"]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod world;

pub use config::EngineConfig;
pub use engine::{Engine, Ports, RebuildReport, StepReport};
pub use error::{EngineError, ErrorClass, StartError};
