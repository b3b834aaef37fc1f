//! Fuzz targets: what comes from outside, thrown at the code that reads it, and what must be true of the outcome.
//!
//! One file a target, each with a function `check` that panics when a property does not hold. `targets/` makes a libFuzzer
//! program of each; `tests/replay.rs` runs the seeds and the inputs that once broke something, with plain `cargo test`.
//!
//! | target | input | properties |
//! |---|---|---|
//! | [`events`] | an event as JSON | what is accepted has one form, is the author's, and is what the `nostr` library reads; kinds survive reading and writing |
//! | [`tags`] | tags of an event | the same for tags, proofs against spam and relays' addresses |
//! | [`invoices`] | a BOLT11 invoice, signed here | what passes is what the trade says, and what `lightning-invoice` says |
//! | [`wraps`] | a gift wrap, or a layer of one | only what its sender sealed comes out; private messages survive reading and writing |
//! | [`lnd`] | LND's answers in bytes | nothing unknown becomes final, no part is empty |
//! | [`api`] | a request | an answer in JSON with a known status, never a fault |
//! | [`journal`] | a stored record | reading, writing and reading again; the machine takes whatever was read |
//! | [`machine`] | a story of one side of a trade | the invariants after each step, and a bounded size |
//! | [`config`] | a configuration file, or the answers to `domp init` | refused with the place, real money only if said, what is written is what was answered |
//! | [`backup`] | a backup changed on its way | nothing but the backup itself is restored |

#![forbid(unsafe_code)]

pub mod api;
pub mod backup;
pub mod config;
pub mod dictionary;
pub mod events;
pub mod invoices;
pub mod journal;
pub mod lnd;
pub mod machine;
pub mod requests;
pub mod seeds;
pub mod signing;
pub mod story;
pub mod tags;
pub mod wire;
pub mod wraps;

/// Checks one input; panics when a property does not hold.
pub type Check = fn(&[u8]);

/// Every target, by name.
pub const TARGETS: [(&str, Check); 10] = [
    ("events", events::check),
    ("tags", tags::check),
    ("invoices", invoices::check),
    ("wraps", wraps::check),
    ("lnd", lnd::check),
    ("api", api::check),
    ("journal", journal::check),
    ("machine", machine::check),
    ("config", config::check),
    ("backup", backup::check),
];
