//! Engine events: what is told to whoever listens while things happen. Nothing depends on their being heard.

use domp_ports::relays::RelayAnswer;
use domp_protocol::{
    ids::{EventId, PublicKey, TradeId},
    units::Unix,
};
use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EngineEvent {
    /// A trade took in an input.
    Trade(TradeChanged),
    /// Something that takes a while is under way.
    Progress {
        /// The trade, if it is about one.
        trade: Option<TradeId>,
        /// What is under way.
        progress: Progress,
    },
    /// An event that arrived has no effect.
    Ignored {
        /// The trade, if it is about one.
        trade: Option<TradeId>,
        /// The event.
        event: EventId,
        /// Which rule it breaks.
        reason: String,
    },
    /// The other side has something to say that moves no money. Untrusted text.
    Words {
        /// The trade.
        trade: TradeId,
        /// Who says it.
        from: PublicKey,
        /// What.
        text: String,
    },
    /// Something that a person must look at.
    Alarm {
        /// The trade, if it is about one.
        trade: Option<TradeId>,
        /// What happened and what to do.
        text: String,
    },
    /// Health changed: what is wrong now; empty when all is well.
    Health {
        /// One line each.
        troubles: Vec<String>,
    },
}

/// A trade after an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeChanged {
    /// The trade.
    pub trade: TradeId,
    /// Its version now.
    pub version: u64,
    /// Our clock.
    pub at: Unix,
    /// What came in, in a word or two.
    pub input: String,
    /// Where the trade stands now.
    pub stage: String,
    /// Whether it is over.
    pub ended: bool,
    /// What people should know.
    pub notes: Vec<String>,
}

/// What is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Progress {
    /// A proof of work is being searched.
    Mining {
        /// For which kind of event.
        kind: u16,
        /// Bits asked for.
        bits: u16,
        /// Tries so far.
        tries: u64,
        /// How likely it was, from 0 to 1, to be done by now.
        likelihood: f64,
    },
    /// An effect was tried and did not succeed yet.
    Retrying {
        /// The effect, in a word or two.
        effect: String,
        /// How many tries there were.
        tries: u32,
        /// Why the last one was not enough.
        reason: String,
    },
    /// A letter was sent.
    Sent {
        /// Which letter.
        letter: String,
        /// What each relay said.
        relays: Vec<(String, RelayAnswer)>,
    },
}
