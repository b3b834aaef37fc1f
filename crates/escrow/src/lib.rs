//! The trade machine: one total function [`step`](step::step), effects as data.
//!
//! A [`Trade`](trade::Trade) is a set of facts: what the terms say, what our person decided, what the other side said,
//! what our own node reports, what we sent. An input adds facts; then the rules of DIP-03's three phases
//! ([`setup`], [`shipping`], [`resolution`]) look at all facts and decide what must be done, whatever the order in
//! which the facts arrived. The [`Stage`](stage::Stage) that people see is derived from the facts and decides nothing.
//!
//! There is no clock, no randomness, no `Result` and no panic in here: every input is either taken in, or answered
//! with a [`Note`](note::Note) that says why not.

pub mod ack;
pub mod admission;
pub mod commands;
pub mod draft;
pub mod effect;
pub mod input;
pub mod invariants;
pub mod leg;
pub mod letter;
pub mod liquidity;
pub mod moment;
pub mod note;
pub mod offering;
pub mod reports;
pub mod resolution;
pub mod restored;
pub mod said;
pub mod setup;
pub mod shipping;
pub mod situation;
pub mod stage;
pub mod step;
pub mod terms;
pub mod trade;
pub mod wake;
