//! What the event stream says.

use super::trade::RelayWord;
use domp_engine::event::{EngineEvent, Progress as EngineProgress};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One event of the stream. Sent after what it tells is durable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A trade took in an input.
    Trade {
        /// The trade.
        trade: String,
        /// Its version now.
        version: u64,
        /// When, by our clock.
        at: u64,
        /// What came in, in a word or two.
        input: String,
        /// Where the trade stands now.
        stage: String,
        /// Whether it is over.
        ended: bool,
        /// What people should know.
        notes: Vec<String>,
    },
    /// A proof of work is being searched.
    Mining {
        /// The trade, if it is about one.
        trade: Option<String>,
        /// For which kind of event.
        kind: u16,
        /// Bits asked for.
        bits: u16,
        /// Tries so far.
        tries: u64,
        /// How likely it was, from 0 to 1, to be done by now.
        likelihood: f64,
    },
    /// Something was tried and did not succeed yet.
    Retrying {
        /// The trade, if it is about one.
        trade: Option<String>,
        /// What, in a word or two.
        effect: String,
        /// Tries so far.
        tries: u32,
        /// Why the last one was not enough.
        reason: String,
    },
    /// Something was sent.
    Sent {
        /// The trade, if it is about one.
        trade: Option<String>,
        /// What.
        letter: String,
        /// What each relay said.
        relays: Vec<RelayWord>,
    },
    /// An event that arrived has no effect.
    Ignored {
        /// The trade, if it is about one.
        trade: Option<String>,
        /// The event.
        event: String,
        /// Which rule it breaks.
        reason: String,
    },
    /// The other side has something to say that moves no money. Untrusted text.
    Words {
        /// The trade.
        trade: String,
        /// Who says it, a Nostr key.
        from: String,
        /// What.
        text: String,
    },
    /// Something that a person must look at.
    Alarm {
        /// The trade, if it is about one.
        trade: Option<String>,
        /// What happened and what to do.
        text: String,
    },
    /// Health changed.
    Health {
        /// What is wrong now; empty when all is well.
        troubles: Vec<String>,
    },
    /// The listener was too slow: so many events are missing. Read the trades again.
    Missed {
        /// How many.
        events: u64,
    },
}

impl Event {
    /// Its name in the stream.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Trade { .. } => "trade",
            Self::Mining { .. } => "mining",
            Self::Retrying { .. } => "retrying",
            Self::Sent { .. } => "sent",
            Self::Ignored { .. } => "ignored",
            Self::Words { .. } => "words",
            Self::Alarm { .. } => "alarm",
            Self::Health { .. } => "health",
            Self::Missed { .. } => "missed",
        }
    }

    /// The trade it is about, if it is about one.
    pub fn trade(&self) -> Option<&str> {
        match self {
            Self::Trade { trade, .. } | Self::Words { trade, .. } => Some(trade),
            Self::Ignored { trade, .. }
            | Self::Mining { trade, .. }
            | Self::Retrying { trade, .. }
            | Self::Sent { trade, .. }
            | Self::Alarm { trade, .. } => trade.as_deref(),
            Self::Health { .. } | Self::Missed { .. } => None,
        }
    }
}

impl From<EngineEvent> for Event {
    fn from(event: EngineEvent) -> Self {
        match event {
            EngineEvent::Trade(changed) => Self::Trade {
                trade: changed.trade.to_string(),
                version: changed.version,
                at: changed.at.0,
                input: changed.input,
                stage: changed.stage,
                ended: changed.ended,
                notes: changed.notes,
            },
            EngineEvent::Progress { trade, progress } => {
                let trade = trade.map(|trade| trade.to_string());
                match progress {
                    EngineProgress::Mining { kind, bits, tries, likelihood } => {
                        Self::Mining { trade, kind, bits, tries, likelihood }
                    }
                    EngineProgress::Retrying { effect, tries, reason } => {
                        Self::Retrying { trade, effect, tries, reason }
                    }
                    EngineProgress::Sent { letter, relays } => {
                        let relays = relays.iter().map(|(url, answer)| RelayWord::of(url, answer)).collect();
                        Self::Sent { trade, letter, relays }
                    }
                }
            }
            EngineEvent::Ignored { trade, event, reason } => Self::Ignored {
                trade: trade.map(|trade| trade.to_string()),
                event: event.to_string(),
                reason,
            },
            EngineEvent::Words { trade, from, text } => {
                Self::Words { trade: trade.to_string(), from: from.to_string(), text }
            }
            EngineEvent::Alarm { trade, text } => {
                Self::Alarm { trade: trade.map(|trade| trade.to_string()), text }
            }
            EngineEvent::Health { troubles } => Self::Health { troubles },
        }
    }
}
