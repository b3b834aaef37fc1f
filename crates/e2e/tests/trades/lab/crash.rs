//! Crashes: the engine stops for good at a chosen point of its work, as if its process had been killed there.

use domp_engine::faults::{Fault, Faults, Point};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex},
};

/// The name of a point, made from the input or effect itself, so that a new effect has a name without anybody's doing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// `before commit`, `after commit`, `before effect`, `after effect`.
    pub place: &'static str,
    /// Which input or effect.
    pub what: String,
}

impl Spot {
    /// The point before this effect.
    pub fn before_effect(what: &str) -> Self {
        Self { place: "before effect", what: what.to_owned() }
    }
    /// The point after this effect, before its outcome is recorded.
    pub fn after_effect(what: &str) -> Self {
        Self { place: "after effect", what: what.to_owned() }
    }

    /// Whether it is before or after an effect, and not a commit.
    pub fn is_effect(&self) -> bool {
        self.place.ends_with("effect")
    }

    /// Whether it is a commit of what a person ordered or the other side said: those come in every trade of a kind, while
    /// the node may say more or less.
    pub fn is_order(&self) -> bool {
        ["command", "said", "begin"].contains(&self.what.split(' ').next().unwrap_or_default())
    }

    fn of(point: Point<'_>) -> Self {
        let (place, value) = match point {
            Point::BeforeCommit { input, .. } => ("before commit", serde_json::to_value(input)),
            Point::AfterCommit { input, .. } => ("after commit", serde_json::to_value(input)),
            Point::BeforeEffect { effect, .. } => ("before effect", serde_json::to_value(effect)),
            Point::AfterEffect { effect, .. } => ("after effect", serde_json::to_value(effect)),
        };
        Self { place, what: name(&value.unwrap()) }
    }
}

/// The words of an input or effect that tell its kind: variants and purposes, no values.
fn name(value: &Value) -> String {
    /// Fields that hold what something is, not what is in it.
    const TELLING: [&str; 8] =
        ["purpose", "report", "of", "outcome", "said", "message", "status", "condition"];
    match value {
        // An id differs from trade to trade.
        Value::String(word) if word.len() == 64 => String::new(),
        Value::String(word) => word.clone(),
        Value::Object(fields) if fields.len() == 1 => {
            let (word, inner) = fields.iter().next().unwrap();
            match name(inner) {
                inner if inner.is_empty() => word.clone(),
                inner => format!("{word} {inner}"),
            }
        }
        Value::Object(fields) => {
            let told = TELLING.iter().filter_map(|field| fields.get(*field)).map(name);
            told.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.what)
    }
}

/// Remembers every point that is passed, and stops the engine at the chosen one, once.
#[derive(Default)]
pub struct Crash {
    chosen: Mutex<Option<Spot>>,
    passed: Mutex<BTreeSet<Spot>>,
}

impl Crash {
    /// Never crashes.
    pub fn never() -> Arc<Self> {
        Arc::default()
    }

    /// Crashes the first time it comes to this point from now on.
    pub fn choose(&self, spot: &Spot) {
        *self.chosen.lock().unwrap() = Some(spot.clone());
    }

    /// Every point that was passed.
    pub fn passed(&self) -> BTreeSet<Spot> {
        self.passed.lock().unwrap().clone()
    }
}

impl Faults for Crash {
    fn at(&self, point: Point<'_>) -> Fault {
        let spot = Spot::of(point);
        let mut chosen = self.chosen.lock().unwrap();
        let here = chosen.as_ref() == Some(&spot);
        self.passed.lock().unwrap().insert(spot);
        if here {
            *chosen = None;
            return Fault::Stop;
        }
        Fault::None
    }
}
