//! A small world around two production trade machines: two nodes, the mail between them, a chain and two people.
//!
//! Nothing in here decides anything about a trade: [`domp_escrow::step::step`] does, the very function that runs in the
//! daemon. The world only offers the [`Action`](action::Action)s that can happen next and applies one of them. A
//! rehearsal picks the natural one, a [walk](mod@walk) picks at random with faults, an exhaustive checker tries all.
//! [`loss`] judges what came of it by what really happened to the money, whatever the machines believe.

pub mod action;
pub mod atlas;
pub mod backup;
pub mod book;
pub mod cheat;
pub mod dice;
pub mod explore;
pub mod loss;
pub mod mail;
pub mod node;
pub mod people;
pub mod perform;
pub mod picture;
pub mod plan;
pub mod rehearsal;
pub mod sabotage;
pub mod setting;
pub mod story;
pub mod tally;
pub mod trouble;
pub mod walk;
pub mod world;
