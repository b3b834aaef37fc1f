//! Faults: places where a test may stop the engine, fail an effect, or have it done twice. The product runs with
//! [`NoFaults`], which does nothing.

use domp_escrow::{effect::Effect, input::Input};
use domp_ports::journal::EffectKey;
use domp_protocol::ids::TradeId;

/// A place in the engine's work.
#[derive(Clone, Copy, Debug)]
pub enum Point<'a> {
    /// A step was computed and nothing is written yet.
    BeforeCommit {
        /// The trade.
        trade: TradeId,
        /// The version that the commit would make.
        version: u64,
        /// The input.
        input: &'a Input,
    },
    /// The commit is durable and nothing is performed yet.
    AfterCommit {
        /// The trade.
        trade: TradeId,
        /// The version that the commit made.
        version: u64,
        /// The input.
        input: &'a Input,
    },
    /// An effect is about to be tried.
    BeforeEffect {
        /// Its name.
        key: EffectKey,
        /// The effect.
        effect: &'a Effect,
    },
    /// An effect was tried and its outcome is not recorded yet.
    AfterEffect {
        /// Its name.
        key: EffectKey,
        /// The effect.
        effect: &'a Effect,
    },
}

/// What goes wrong at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The commit fails as if the disk were full; the try of an effect fails with its outcome unknown.
    Fail,
    /// The effect is done once more.
    Repeat,
    /// Everything stops here, as if the process had been killed.
    Stop,
}

/// Decides what goes wrong where.
pub trait Faults: Send + Sync {
    /// Asked at every point, in the order in which the points are reached.
    fn at(&self, point: Point<'_>) -> Fault;
}

/// Nothing goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn at(&self, _: Point<'_>) -> Fault {
        Fault::None
    }
}
