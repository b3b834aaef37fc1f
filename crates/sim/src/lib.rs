//! Seeded simulation: many random walks through the world of [`domp_model`], counted and timed; a seed that fails is told
//! in words.
//!
//! What a seed does depends on the seed alone, so that a failing one replays exactly, on every machine.

pub mod order;
pub mod run;
