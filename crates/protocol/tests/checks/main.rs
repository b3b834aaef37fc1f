//! Invoices, node proofs, HTLC structures, proof of work, anti-spam proofs and agreed heights, from outside: the vectors in
//! `spec/vectors`, properties over forged invoices, and the limits of what is read.
#![allow(non_snake_case, missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // all of it is a test, its tables too

mod anti_spam_limits;
mod anti_spam_vectors;
mod collateral_deadlines;
mod heights_vectors;
mod htlc_vectors;
mod invoice_invalid_vectors;
mod invoice_properties;
mod invoice_valid_vectors;
mod late_invoice;
mod node_vectors;
mod pow_limits;
mod pow_vectors;
mod raw_invoice;
mod run;
mod units;
mod vector;
