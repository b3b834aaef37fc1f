//! Invoices: everything that must hold before an invoice of a trade is paid `[D3-46]`.
//!
//! [`CheckedInvoice`] can be made by [`CheckedInvoice::check`] only, and paying takes nothing else. The checks are those of
//! the escrow protocol (`spec/escrow-v1.md`, "Checking an invoice"); each refuses with an [`InvoiceError`] of its own that
//! names the field, the rule and both values. `lightning-invoice` decodes BOLT11; what it lets pass (no amount, a foreign
//! network, a year's expiry, doubled fields, spellings that another node would read differently) is refused here.
//!
//! | file | what |
//! |---|---|
//! | `expected` | what the trade says the invoice must be |
//! | `decoded` | the text, decoded once, and the one key recovery |
//! | `fields` | the tagged fields: none doubled, none malformed |
//! | `features` | the feature bits |
//! | `rules` | amount, payee, description, times, CLTV delta, route hints |
//! | `checked`, `late` | the two kinds of invoice that pass |
//! | `pair` | the two invoices of one trade beside each other |
//! | `build` | writes invoices, for nodes in this process |

mod build;
mod checked;
mod decoded;
mod description;
mod error;
mod expected;
mod features;
mod fields;
mod late;
mod pair;
mod rules;

pub use build::{BuildError, Draft, Hop};
pub use checked::CheckedInvoice;
pub use description::description;
pub use error::{Field, InvoiceError};
pub use expected::{Expected, LateExpected};
pub use late::LateInvoice;
pub use pair::{PairError, check_pair, same_invoice};

use crate::units::{Blocks, Sat};

/// The longest invoice we look at, in characters. LND's with twenty private route hints has about 2,100; nodes refuse
/// more than 7,089.
pub const MAX_LENGTH: usize = 4096;
/// How far ahead of our clock an invoice may be stamped, in seconds.
pub const MAX_AHEAD_SECONDS: u64 = 600;
/// Shortest and longest life of an invoice, in seconds: one to 24 hours `[D3-17]`.
pub const EXPIRY_SECONDS: std::ops::RangeInclusive<u64> = 3_600..=86_400;
/// Seconds that an invoice must still live when we pay it.
pub const MIN_LEFT_SECONDS: u64 = 600;
/// The smallest HTLC that is worth its own fee on chain; no part of a payment is smaller.
pub const SMALLEST_PART: Sat = match Sat::new(20_000) {
    Ok(sat) => sat,
    Err(_) => Sat::ZERO,
};
/// The most private route hints: what LND puts in at most.
pub const MAX_ROUTE_HINTS: usize = 20;
/// The most hops of one route hint.
pub const MAX_HINT_HOPS: usize = 4;
/// The largest final CLTV delta of an ordinary (late) invoice: it must not hold the money a second time.
pub const LATE_CLTV_CEILING: Blocks = Blocks(144);
