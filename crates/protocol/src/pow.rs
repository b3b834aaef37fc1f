//! Proof of work (NIP-13): difficulty in leading zero bits of an event id, and a miner that a caller drives in steps.
//!
//! The miner hashes the event's canonical form (NIP-01). The blocks before the nonce are hashed once; every try begins at
//! that midstate, writes the next number in place and compresses the remaining blocks. Nothing is allocated or formatted in the
//! loop. It has no clock and no thread: the caller hands it ranges, shows progress between them and stops when it likes.

mod difficulty;
mod miner;
mod template;

pub use difficulty::{Difficulty, MAX_BITS, MAX_MINED_BITS, TooManyBits, leading_zero_bits};
pub use miner::{CAPACITY, Miner};
pub use template::PowError;
