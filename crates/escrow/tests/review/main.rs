//! What a hostile reader of the machine tried: every case here was once a suspicion, some of them a fault.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod after_the_end;
mod chaos;
mod duel;
mod flood;
mod invariants;
mod limits;
mod locking;
mod remembered;
mod repeated;
mod reported;
mod restored;
mod reveal;
mod stages;
mod wakes;
mod words;
