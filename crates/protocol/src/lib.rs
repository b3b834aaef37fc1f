//! DOMP's events, invoices, proofs and numbers as pure rules: no I/O, no clock, no randomness of its own.
//!
//! Everything that arrives from outside passes through a constructor of this crate that either proves it or names
//! the field and the rule it breaks. Amounts carry their unit ([`units`]), keys and hashes their meaning ([`ids`]),
//! and secrets cannot be printed ([`secret`]).

pub mod anti_spam;
pub mod chain;
pub mod deadlines;
pub mod event;
pub mod htlc;
pub mod ids;
pub mod invoice;
pub mod kinds;
pub mod network;
pub mod node_key;
pub mod node_proof;
pub mod pow;
pub mod private;
pub mod purpose;
pub mod secret;
pub mod tags;
pub mod units;
pub mod zbase32;
