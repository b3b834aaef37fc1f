//! Anti-spam proofs: what an event shows a relay so that it is stored (DIP-04, `[D3-04]` `[D3-66]`).
//!
//! Three kinds of proof: work, measured in leading zero **bits** of the event id (NIP-13); a small Lightning payment to the
//! relay; or, for feedback, a reference to the trade that it is about. Each is taken in place of the others `[D3-69]`.
//! [`proof`] reads and writes the tag, [`check`] decides whether it holds, [`policy`] reads what a relay asks for.

pub mod check;
pub mod policy;
pub mod proof;

pub use check::{Answer, PaymentClaim, PaymentProofs, References, Subject, Verdict};
pub use policy::{PolicyError, RelayPolicy};
pub use proof::{Proof, ProofError};
