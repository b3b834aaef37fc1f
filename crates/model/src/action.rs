//! Actions: everything that can happen next.

use crate::cheat::Cheat;
use domp_escrow::{input::Command, terms::Side};
use domp_protocol::purpose::Purpose;

/// One thing that happens in a world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A side's oldest pending effect is performed and its outcome recorded.
    Perform(Side),
    /// It is performed, but the process dies before the outcome is recorded: it will be performed again.
    PerformUnrecorded(Side),
    /// The process dies before performing anything; payment orders found at the restart are not performed but asked about.
    Restart(Side),
    /// A letter arrives.
    Deliver(usize),
    /// A letter arrives, and a copy stays under way.
    DeliverTwice(usize),
    /// A relay loses a letter.
    Lose(usize),
    /// A node's word on a leg reaches its owner.
    Report(Side, Purpose),
    /// The route passes the payee's decision on a leg back to the payer.
    Resolve(Purpose),
    /// The chain grows to the next height at which anything may happen.
    Mine,
    /// A person does something.
    Person(Side, Command),
    /// The parcel arrives.
    Arrive,
    /// A side that does not follow the protocol does something.
    Cheat(Cheat),
}
