//! The border between events and the machine: bids become terms, letters become signed events, events become what the other
//! side said. Every event in here is really signed and verified, every invoice really made and checked.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acceptance;
mod commitments;
mod deal;
mod drafts;
mod liquidity;
mod offering;
mod own_events;
mod picture;
mod post;
mod private_messages;
mod properties;
mod public_events;
mod round_trip;
mod situations;
mod warnings;
