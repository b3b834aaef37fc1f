//! The wire: what the API says and takes, as JSON. The daemon writes these shapes, the command line reads them, and the
//! OpenAPI document describes them. Amounts name their unit, ids and hashes are lower-case hex, times are seconds since
//! the Unix epoch. New fields may be added; none changes its meaning.

pub mod channel;
pub mod error;
pub mod event;
pub mod htlc;
pub mod listing;
pub mod order;
pub mod status;
pub mod trade;
