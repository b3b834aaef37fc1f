//! The relay port: publish to several relays, subscribe on several relays, each counted on its own.

use async_trait::async_trait;
use domp_protocol::{
    ids::{EventId, PublicKey},
    units::Unix,
};
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

/// What one relay said to a published event (NIP-01 `OK`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelayAnswer {
    /// Stored, or already there.
    Accepted,
    /// Refused, with the relay's reason (`pow:`, `blocked:`, `rate-limited:` …).
    Refused(String),
    /// Not connected, or no answer in time. The event may or may not be there.
    NoAnswer(String),
}

/// What to look for. All present conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// These ids.
    pub ids: Vec<EventId>,
    /// These kinds.
    pub kinds: Vec<u16>,
    /// These authors.
    pub authors: Vec<PublicKey>,
    /// Refers to one of these events by an `e` tag.
    pub refers_to: Vec<EventId>,
    /// Addressed to one of these keys by a `p` tag.
    pub addressed_to: Vec<PublicKey>,
    /// Not older than this. Gift wraps are dated up to two days back: leave room.
    pub since: Option<Unix>,
    /// At most so many, newest first.
    pub limit: Option<usize>,
}

/// An event as a relay delivered it: unverified text and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The event's JSON.
    pub json: String,
    /// The relay's URL.
    pub relay: String,
}

/// What a relay asks of those who publish (DIP-04's `domp_policy` in its NIP-11 document).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Proof-of-work bits for a kind.
    pub pow_bits: std::collections::BTreeMap<u16, u8>,
    /// Proof-of-work bits for every other kind.
    pub pow_default: u8,
}

impl Policy {
    /// Bits asked for `kind`.
    pub fn bits_for(&self, kind: u16) -> u8 {
        self.pow_bits.get(&kind).copied().unwrap_or(self.pow_default)
    }
}

/// How the connection to a relay stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayStatus {
    /// The relay's URL.
    pub url: String,
    /// Connected now.
    pub connected: bool,
    /// The last thing that went wrong.
    pub last_error: Option<String>,
}

/// Why nothing can be done with relays at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    /// Not a relay address.
    #[error("{url:?} is not a relay address: {reason} (an example: wss://relay.example.com)")]
    BadUrl {
        /// The text.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No relay answered.
    #[error("no relay answered: {0}")]
    NoneAnswered(String),
}

/// A set of relays.
#[async_trait]
pub trait Relays: Send + Sync {
    /// Sends one event to each of `relays` (all configured ones when empty) separately; one slow relay delays no other.
    /// Returns as soon as every relay answered or ran out of time, with a row for each of `relays` in their order. Text that
    /// is no event is refused by each (`invalid: …`) without being sent. What is no relay address, or leads where a stranger's
    /// address must not, is a [`RelayAnswer::NoAnswer`] in its row; an error only if not one address can be used.
    async fn publish(
        &self,
        event_json: &str,
        relays: &[String],
    ) -> Result<Vec<(String, RelayAnswer)>, RelayError>;
    /// Everything wanted, stored or new, for as long as the stream lives; survives reconnects; may repeat.
    async fn subscribe(
        &self,
        wanted: Vec<Wanted>,
        relays: &[String],
    ) -> Result<BoxStream<'static, Delivered>, RelayError>;
    /// What is stored now: of each relay everything, or the newest up to the limit, newest first; the same event once for
    /// each relay that has it. The second value counts the relays that answered completely; a relay named twice counts once.
    /// An error only if nothing came at all.
    async fn fetch(&self, wanted: Wanted, relays: &[String]) -> Result<(Vec<Delivered>, usize), RelayError>;
    /// The announced policy of a relay; the empty policy when it announces none.
    async fn policy(&self, relay: &str) -> Result<Policy, RelayError>;
    /// How each connection stands.
    async fn status(&self) -> Vec<RelayStatus>;
}
