//! A plan: at which point of which side what goes wrong, once; or nothing, and every point is recorded.

use domp_engine::faults::{Fault, Faults, Point};
use domp_escrow::{
    effect::Effect,
    input::{Input, Task},
    terms::Side,
};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// A point by what it is, not by when it comes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    side: Side,
    place: Place,
    what: String,
    /// The first of its kind is 0.
    nth: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    BeforeCommit,
    AfterCommit,
    BeforeEffect,
    AfterEffect,
}

impl Spot {
    pub fn is_after_commit(&self) -> bool {
        self.place == Place::AfterCommit
    }
    pub fn is_before_effect(&self) -> bool {
        self.place == Place::BeforeEffect
    }
    pub fn is_effect(&self) -> bool {
        matches!(self.place, Place::BeforeEffect | Place::AfterEffect)
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {} #{}", self.side, self.place, self.what, self.nth)
    }
}

/// Shared by both sides' engines and outlives their restarts.
pub struct Plan {
    wanted: Option<(Spot, Fault)>,
    fired: AtomicBool,
    seen: Mutex<BTreeMap<(Side, Place, String), usize>>,
}

impl Plan {
    pub fn record() -> Arc<Self> {
        Arc::new(Self { wanted: None, fired: AtomicBool::new(false), seen: Mutex::default() })
    }
    pub fn make(spot: Spot, fault: Fault) -> Arc<Self> {
        Arc::new(Self { wanted: Some((spot, fault)), fired: AtomicBool::new(false), seen: Mutex::default() })
    }
    pub fn fired(&self) -> bool {
        self.fired.load(Ordering::SeqCst)
    }

    /// Every point that was reached.
    pub fn spots(&self) -> Vec<Spot> {
        let seen = self.seen.lock().unwrap();
        let each = |((side, place, what), count): (&(Side, Place, String), &usize)| {
            let (side, place, what) = (*side, *place, what.clone());
            // How many receipts there are depends on what is sent again meanwhile.
            let count = if what.contains("Receipt") { (*count).min(2) } else { *count };
            (0..count).map(move |nth| Spot { side, place, what: what.clone(), nth }).collect::<Vec<_>>()
        };
        seen.iter().flat_map(each).collect()
    }

    /// The faults of one side.
    pub fn of(self: &Arc<Self>, side: Side) -> Arc<dyn Faults> {
        Arc::new(Sided { plan: Arc::clone(self), side })
    }

    fn at(&self, side: Side, place: Place, what: String) -> Fault {
        let mut seen = self.seen.lock().unwrap();
        let count = seen.entry((side, place, what.clone())).or_default();
        let spot = Spot { side, place, what, nth: *count };
        *count += 1;
        drop(seen);
        match &self.wanted {
            Some((wanted, fault)) if *wanted == spot && !self.fired.swap(true, Ordering::SeqCst) => *fault,
            _ => Fault::None,
        }
    }
}

struct Sided {
    plan: Arc<Plan>,
    side: Side,
}

impl Faults for Sided {
    fn at(&self, point: Point<'_>) -> Fault {
        let (place, what) = match point {
            Point::BeforeCommit { input, .. } => (Place::BeforeCommit, input_name(input)),
            Point::AfterCommit { input, .. } => (Place::AfterCommit, input_name(input)),
            Point::BeforeEffect { effect, .. } => (Place::BeforeEffect, effect_name(effect)),
            Point::AfterEffect { effect, .. } => (Place::AfterEffect, effect_name(effect)),
        };
        match what {
            Some(what) => self.plan.at(self.side, place, what),
            None => Fault::None,
        }
    }
}

/// `None` for what comes when it comes: ticks, and letters sent again.
fn input_name(input: &Input) -> Option<String> {
    Some(match input {
        Input::Begin => "begin".to_owned(),
        Input::Command(command) => head(command),
        Input::Said { said, .. } => format!("said {}", head(said)),
        Input::Invoice { purpose, report } => format!("{purpose} {}", head(report)),
        Input::Payment { purpose, report } => format!("{purpose} {}", head(report)),
        Input::Late(report) => format!("late {}", head(report)),
        Input::Outcome { of: Task::Send(paper), .. } => format!("sent {paper:?}"),
        Input::Outcome { of, .. } => format!("outcome {of:?}"),
        Input::Tick | Input::Restored | Input::Wrote { .. } | Input::Recalled => return None,
    })
}

fn effect_name(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Issue { purpose, .. } => format!("issue {purpose}"),
        Effect::Pay { purpose, .. } => format!("pay {purpose}"),
        Effect::Settle { purpose, .. } => format!("settle {purpose}"),
        Effect::Cancel { purpose, .. } => format!("cancel {purpose}"),
        Effect::Send { message, .. } => format!("send {}", head(message)),
        Effect::Resend { .. } => return None,
        Effect::IssueLate { .. } => "issue late".to_owned(),
        Effect::PayLate { .. } => "pay late".to_owned(),
    })
}

/// The name of an enum's variant.
fn head(value: &impl fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}
