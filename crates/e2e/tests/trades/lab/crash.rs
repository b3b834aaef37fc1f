//! Crashes: the engine stops for good at a chosen point of its work, as if its process had been killed there.

use domp_engine::faults::{Fault, Faults, Point};
use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex},
};

/// The name of a point, as [`Point::name`] has it, in two parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// `before commit`, `after commit`, `before effect`, `after effect`.
    pub place: String,
    /// Which input or effect.
    pub what: String,
}

impl Spot {
    /// The point before this effect.
    pub fn before_effect(what: &str) -> Self {
        Self { place: "before effect".to_owned(), what: what.to_owned() }
    }
    /// The point after this effect, before its outcome is recorded.
    pub fn after_effect(what: &str) -> Self {
        Self { place: "after effect".to_owned(), what: what.to_owned() }
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
        let name = point.name();
        let cut = name.match_indices(' ').nth(1).map_or(name.len(), |(at, _)| at);
        Self { place: name[..cut].to_owned(), what: name[cut..].trim_start().to_owned() }
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
