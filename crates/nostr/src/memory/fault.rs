//! The ways in which a relay can be broken on purpose.

use domp_ports::relays::Wanted;

/// A fault of one relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not reachable: publications get no answer, nothing is delivered, reads fail. What it stored stays.
    Down,
    /// Reachable but dumb: takes nothing, delivers nothing, answers nothing.
    Mute,
    /// Stores what it is given, and its answer is lost.
    AnswerLost,
    /// Refuses what matches, with this reason.
    Refuse(Wanted, String),
    /// Stores what matches and shows it to nobody.
    Withhold(Wanted),
    /// Stores everything and shows new events only when told ([`deliver_one`](super::MemoryNet::deliver_one)).
    Delay,
    /// Delivers every new event so many times more.
    Repeat(usize),
    /// Collects so many new events and then delivers them in an order that depends on `seed` alone.
    Shuffle {
        /// How many are collected; below two, nothing is shuffled.
        window: usize,
        /// The seed.
        seed: u64,
    },
}
