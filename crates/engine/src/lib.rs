//! The engine: the trade machine's hands, with no rules of its own.
//!
//! It takes an input, stamps it with time and height, asks the machine what follows, writes that down in one transaction,
//! and only then does it. Each outcome comes back as an input. After a crash it reads what was written, asks the node and
//! the relays what happened meanwhile, and goes on.

pub mod config;
pub mod desk;
mod engine;
pub mod error;
pub mod event;
pub mod faults;
pub mod health;
pub mod view;

pub use config::EngineConfig;
pub use engine::{Engine, Ports, RebuildReport, StepReport};
pub use error::{EngineError, ErrorClass, StartError};
