//! The chain of a trade's public events: 300 → 301 → 303 → 311 → 313, with 302, 310, 312, 314 and 315 beside it
//! `[D3-49]`.
//!
//! Relays deliver in any order, repeat, and lose. So what is known is a set, and every answer is a function of that set:
//! whatever the order of arrival, the same events end in the same states. An event whose predecessor is not known (or not
//! valid) is held and judged again with every arrival.
//!
//! "One event of each kind" cannot mean "the first that arrived", or two readers would see two trades. Among rivals that
//! are valid one by one, the one in force is the one that the other party went on from, then the earliest, then the one
//! with the lowest id. A party that signs two acceptances can therefore not take back the one that was paid. Whoever has
//! acted on an event remembers its id and does not ask again which one is in force.

mod error;
mod line;
mod rules;

pub use error::ChainError;
pub use line::Line;

use crate::ids::{EventId, TradeId};
use crate::kinds::{Acceptance, Bid, Body, CounterBid, Listing, PaymentConfirmation, Signed};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most events of one author that a chain keeps: a flood shuts out its own author only.
pub const MOST_PER_AUTHOR: usize = 64;
/// The most events that a chain keeps, while it does not know yet whose they may be.
pub const MOST_EVENTS: usize = 512;

/// The public events of one trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    trade: TradeId,
    /// Everything that is not refused for ever: valid, rivalled or waiting.
    known: BTreeMap<EventId, Signed<Body>>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is part of the trade.
    Accepted,
    /// It was known already; nothing has changed.
    Duplicate,
    /// It is kept until the event it waits for is known and valid.
    Held {
        /// The event that is missing, perhaps several steps back.
        waiting_for: EventId,
    },
    /// It has no effect, for this reason.
    Refused(ChainError),
}

/// What an arrival changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// What became of the event that arrived.
    pub added: Added,
    /// Events that had arrived before and whose state is another now, by id: held ones that were released, and rivals
    /// that were overtaken.
    pub changed: Vec<(EventId, Added)>,
}

/// Why an event is not in force: not yet, or never.
pub(crate) enum Problem {
    Waits(EventId),
    Refuses(ChainError),
}

impl From<ChainError> for Problem {
    fn from(error: ChainError) -> Self {
        Self::Refuses(error)
    }
}

impl Chain {
    /// The empty chain of the trade that this bid began.
    pub const fn new(trade: TradeId) -> Self {
        Self { trade, known: BTreeMap::new() }
    }
    /// The trade: the id of its bid.
    pub const fn trade(&self) -> TradeId {
        self.trade
    }

    /// Takes in an event, and judges again those that were held.
    pub fn add(&mut self, event: Signed<Body>) -> Arrival {
        let id = event.id();
        if self.known.contains_key(&id) {
            return Arrival { added: Added::Duplicate, changed: Vec::new() };
        }
        if let Err(error) = self.has_room(&event) {
            return Arrival { added: Added::Refused(error), changed: Vec::new() };
        }
        let before = self.states();
        self.known.insert(id, event);
        let mut after = self.states();
        for (id, state) in &after {
            if matches!(state, Added::Refused(error) if !error.is_rivalry()) {
                self.known.remove(id);
            }
        }
        let added = after.remove(&id).unwrap_or(Added::Duplicate);
        let changed = after.into_iter().filter(|(id, state)| before.get(id) != Some(state)).collect();
        Arrival { added, changed }
    }

    /// The state of every event kept, by id.
    pub fn states(&self) -> BTreeMap<EventId, Added> {
        let line = self.line();
        self.known.keys().map(|id| (*id, self.state(id, line.as_ref()))).collect()
    }

    /// An event kept, whatever its state.
    pub fn event(&self, id: &EventId) -> Option<&Signed<Body>> {
        self.known.get(id)
    }

    /// The events in force; `None` until the bid and all that it refers to are known and valid.
    pub fn line(&self) -> Option<Line> {
        Line::of(self)
    }

    fn has_room(&self, event: &Signed<Body>) -> Result<(), ChainError> {
        if matches!(event.body(), Body::ArbitrationOffer(_) | Body::Resolution(_) | Body::Message(_)) {
            return Err(ChainError::NotChained { kind: event.body().kind() });
        }
        let of_author = self.known.values().filter(|known| known.author() == event.author()).count();
        let full = of_author >= MOST_PER_AUTHOR || self.known.len() >= MOST_EVENTS;
        if full && !self.waits_for(&event.id()) { Err(ChainError::TooMany) } else { Ok(()) }
    }

    /// The bid, and what it refers to, find room whatever is kept already: without them nothing else can be judged, and
    /// nothing forgotten.
    fn waits_for(&self, id: &EventId) -> bool {
        let bid = self.state(&self.trade, self.line().as_ref());
        matches!(bid, Added::Held { waiting_for } if waiting_for == *id)
    }

    fn state(&self, id: &EventId, line: Option<&Line>) -> Added {
        let judged = match (self.known.get(id), line) {
            (None, _) => Err(Problem::Waits(*id)),
            (Some(event), Some(line)) => self.belongs(event, line),
            // Until the bid stands, nothing but the bid can be judged.
            (Some(event), None) if *id == self.trade => {
                rules::is_bid(event).and_then(|()| rules::judge(self, event))
            }
            (Some(_), None) => Err(Problem::Waits(self.trade)),
        };
        match judged {
            Ok(()) => Added::Accepted,
            Err(Problem::Waits(waiting_for)) => Added::Held { waiting_for },
            Err(Problem::Refuses(error)) => Added::Refused(error),
        }
    }

    /// Whether an event is valid, is of this trade, and has not lost to a rival.
    fn belongs(&self, event: &Signed<Body>, line: &Line) -> Result<(), Problem> {
        rules::of_this_trade(event, line)?;
        rules::judge(self, event)?;
        line.in_force(self, event).map_err(Problem::Refuses)
    }

    /// A known and valid event, or the wait for it.
    fn valid(&self, id: &EventId) -> Result<&Signed<Body>, Problem> {
        let event = self.known.get(id).ok_or(Problem::Waits(*id))?;
        rules::judge(self, event).map_err(|problem| match problem {
            Problem::Waits(other) => Problem::Waits(other),
            // A predecessor that is refused is forgotten, so it counts as unknown here too.
            Problem::Refuses(_) => Problem::Waits(*id),
        })?;
        Ok(event)
    }
}

macro_rules! lookups {
    ($($name:ident: $body:ident),+ $(,)?) => {
        impl Chain {
            $(
                /// The event of that id if it is valid and of this kind.
                fn $name(&self, id: &EventId) -> Result<(&Signed<Body>, &$body), Problem> {
                    let event = self.valid(id)?;
                    match event.body() {
                        Body::$body(body) => Ok((event, body)),
                        other => Err(ChainError::WrongPredecessor {
                            id: *id,
                            found: other.kind(),
                            expected: <$body as crate::kinds::Kind>::KIND,
                        }
                        .into()),
                    }
                }
            )+
        }
    };
}

lookups!(
    listing: Listing,
    bid: Bid,
    counter: CounterBid,
    acceptance: Acceptance,
    payment: PaymentConfirmation,
);
