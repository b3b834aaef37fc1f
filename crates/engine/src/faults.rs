//! Faults: places where a test may stop the engine, fail an effect, or have it done twice. The product runs with
//! [`NoFaults`], which does nothing.

use domp_escrow::{effect::Effect, input::Input};
use domp_ports::journal::EffectKey;
use domp_protocol::ids::TradeId;
use serde_json::Value;

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

impl Point<'_> {
    /// What is reached here, in words without any value: `after effect pay domp_purchase`. Made from the input or effect
    /// itself, so that a new one has a name without anybody's doing.
    pub fn name(&self) -> String {
        let (place, value) = match self {
            Self::BeforeCommit { input, .. } => ("before commit", serde_json::to_value(input)),
            Self::AfterCommit { input, .. } => ("after commit", serde_json::to_value(input)),
            Self::BeforeEffect { effect, .. } => ("before effect", serde_json::to_value(effect)),
            Self::AfterEffect { effect, .. } => ("after effect", serde_json::to_value(effect)),
        };
        format!("{place} {}", value.map_or_else(|_| "unnamed".to_owned(), |value| kind(&value)))
    }
}

/// The words that tell what kind of input or effect it is.
fn kind(value: &Value) -> String {
    /// Fields that say what something is, and not what is in it.
    const TELLING: [&str; 8] =
        ["purpose", "report", "of", "outcome", "said", "message", "status", "condition"];
    /// Fields that stand alone in a variant and hold a value.
    const VALUES: [&str; 6] = ["event", "ack", "amount", "reason", "reveal", "bolt11"];
    match value {
        // An id differs from trade to trade.
        Value::String(word) if word.len() == 64 => String::new(),
        Value::String(word) => word.clone(),
        Value::Object(fields) => {
            let told: Vec<String> = match fields.iter().next() {
                Some((field, _)) if fields.len() == 1 && VALUES.contains(&field.as_str()) => Vec::new(),
                Some((variant, inner)) if fields.len() == 1 => vec![variant.clone(), kind(inner)],
                _ => TELLING.iter().filter_map(|field| fields.get(*field)).map(kind).collect(),
            };
            told.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
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
    /// The step counts as one that would break an invariant.
    Break,
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

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use domp_escrow::{
        input::{Command, Outcome, Said, Task},
        letter::{Message, Paper},
    };
    use domp_protocol::{
        ids::{EventId, PaymentHash},
        purpose::Purpose,
        units::Height,
    };

    #[test]
    fn name__inputs_and_effects__kinds_without_values() {
        let trade = EventId::from_bytes([1; 32]);
        let key = EffectKey { trade, seq: 1, n: 0 };
        let named = |input: &Input| Point::AfterCommit { trade, version: 1, input }.name();
        assert_eq!(named(&Input::Tick), "after commit tick");
        assert_eq!(named(&Input::Command(Command::Pay)), "after commit command pay");
        let of = Task::Send(Paper::LockAck);
        let sent = Input::Outcome { of, outcome: Outcome::Sent { event: trade } };
        assert_eq!(named(&sent), "after commit outcome send lock_ack sent");
        let said = Said::LockOk { ack: trade };
        assert_eq!(named(&Input::Said { event: trade, said }), "after commit said lock_ok");
        let refund = Command::Refund { reason: "broken".to_owned() };
        assert_eq!(named(&Input::Command(refund)), "after commit command refund");
        let settle = Effect::Settle { purpose: Purpose::Purchase, hash: PaymentHash::from_bytes([2; 32]) };
        assert_eq!(Point::BeforeEffect { key, effect: &settle }.name(), "before effect settle domp_purchase");
        let message = Message::Receipt { of: trade, first_seen: Height(1) };
        let send = Effect::Send { message, not_after: None };
        assert_eq!(Point::AfterEffect { key, effect: &send }.name(), "after effect send receipt");
    }
}
