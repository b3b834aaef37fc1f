//! Actions: everything that can happen next.

use crate::{cheat::Cheat, trouble::Kind};
use domp_escrow::{input::Command, terms::Side};
use domp_protocol::{
    purpose::Purpose,
    units::{Blocks, Height},
};

/// One thing that happens in a world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A side's oldest pending effect is performed and its outcome recorded.
    Perform(Side),
    /// A side's program is killed just before it performs its oldest effect, or after that and before it has recorded the
    /// outcome; then it starts again. Payment orders that it finds are not performed but asked about.
    Crash {
        /// Whose.
        side: Side,
        /// The effect was performed.
        after: bool,
    },
    /// A side's oldest effect is a payment order, and its node never answers the call.
    CallLost {
        /// Whose.
        side: Side,
        /// The node got the order all the same.
        reached: bool,
    },
    /// A letter arrives.
    Deliver(usize),
    /// A letter arrives, and a copy stays under way.
    DeliverTwice(usize),
    /// All relays lose a letter.
    Lose(usize),
    /// A node's word on a leg reaches its owner.
    Report(Side, Purpose),
    /// A payment arrives at the payee's node.
    Arrives(Purpose),
    /// Its parts arrive so far apart that the first was accepted this many blocks before the last.
    ArrivesInParts(Purpose, Blocks),
    /// A payment fails on its way.
    RouteFails(Purpose),
    /// The route passes the payee's decision on a leg back to the payer.
    Resolve(Purpose),
    /// The chain grows to the next height at which anything may happen.
    Mine,
    /// The chain grows to a height.
    MineTo(Height),
    /// Time passes without a block.
    NoBlockFor {
        /// Seconds.
        seconds: u64,
    },
    /// The last blocks are replaced by fewer: the height goes back.
    Reorg(Blocks),
    /// Trouble begins for one side.
    Trouble(Side, Kind, Blocks),
    /// A side makes a backup; it replaces the one before.
    Backup(Side),
    /// A side's machine is lost, and its program starts on another one with the last backup. The relays give back what was
    /// public and what the other side wrote.
    Restore {
        /// Whose.
        side: Side,
        /// They also give back the copies of its private letters that it sent to itself.
        copies: bool,
    },
    /// A person does something.
    Person(Side, Command),
    /// The parcel arrives.
    Arrive,
    /// A side that does not follow the protocol does something.
    Cheat(Cheat),
}
