//! What the engine asks of the world: one trait a neighbour, plain types, no adapter code.
//!
//! * [`lightning`]: a Lightning node that holds, settles, cancels and pays.
//! * [`journal`]: durable storage of trades, inputs, effects and documents.
//! * [`relays`]: Nostr relays.
//! * [`identity`]: the vault's keys and secrets, which never leave it unasked.
//! * [`clock`]: the time of day.
//!
//! With the feature `contract`, the modules `contract` (Lightning) and `contract_journal` are the suites of checks that every
//! adapter's tests run.

pub mod clock;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "contract")]
pub mod contract_journal;
#[cfg(feature = "contract")]
pub mod contract_relays;
pub mod identity;
pub mod journal;
pub mod lightning;
pub mod relays;
