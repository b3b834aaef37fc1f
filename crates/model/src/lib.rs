//! A small world around two production trade machines: two nodes, the mail between them, a chain and two people.
//!
//! Nothing in here decides anything about a trade: [`domp_escrow::step::step`] does, the very function that runs in the
//! daemon. The world only offers the [`Action`](action::Action)s that can happen next and applies one of them. A
//! rehearsal picks the natural one, a test or a checker picks any.

pub mod action;
pub mod atlas;
pub mod cheat;
pub mod explore;
pub mod loss;
pub mod node;
pub mod people;
pub mod perform;
pub mod picture;
pub mod rehearsal;
pub mod setting;
pub mod world;
