//! Whole trades on a real bitcoind, two real LND nodes and real relays.
//!
//! The nodes are shared, so the tests take turns; each has people, databases and a relay of its own. Every test ends with the
//! same questions: did both sides end as they must, do the satoshis of both nodes add up, is nothing held any more, and is
//! the channel still open?
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod crashes;
mod daemons;
mod flows;
mod hostile;
mod lab;
mod outages;
mod restore;
