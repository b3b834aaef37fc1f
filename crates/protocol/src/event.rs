//! Nostr events (NIP-01): read strictly, verified, and made.
//!
//! A [`VerifiedEvent`] exists only if its id is the hash of its fields and its signature is the author's. The `nostr`
//! library stands behind this module; none of its types come out of it.

mod draft;
mod envelope;
mod signer;

pub(crate) use draft::is_printable_ascii;
pub use draft::{DraftError, EventDraft};
pub use signer::{BadSecretKey, Signer};

use crate::ids::{EventId, PublicKey};
use crate::tags::reader::Tag;
use crate::units::Unix;
use envelope::Envelope;
use nostr::SECP256K1;
use nostr::secp256k1::{Message, XOnlyPublicKey, schnorr::Signature};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt;

/// The largest event that is read, in bytes of its JSON.
pub const LARGEST_EVENT: usize = 100_000;
/// The oldest time that DIP-01 accepts: 2022-01-01T00:00:00Z.
pub const OLDEST: Unix = Unix(1_640_995_200);
/// How many seconds an event's time may lie ahead of our clock.
pub const MOST_SECONDS_AHEAD: u64 = 15 * 60;

/// Why an event is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// More than [`LARGEST_EVENT`] bytes.
    #[error("the event has {0} bytes; the most is {LARGEST_EVENT}")]
    TooLarge(usize),
    /// No JSON object with exactly the seven fields of NIP-01, or one of the wrong type; the text names the field.
    #[error("the event is malformed: {0}")]
    Malformed(String),
    /// A field that is not lower-case hex of its length.
    #[error("event field `{field}` must be {bytes} bytes in lower-case hex")]
    Hex {
        /// The field.
        field: &'static str,
        /// Its length in bytes.
        bytes: usize,
    },
    /// A kind above 65535, which a reader that keeps 16 bits would take for another.
    #[error("event field `kind` is {0}; the largest kind is 65535")]
    Kind(u64),
    /// A tag without a name.
    #[error("event field `tags` holds an empty tag")]
    EmptyTag,
    /// A time before 2022 (DIP-01).
    #[error("event field `created_at` is {}, before 2022-01-01", .0.0)]
    TooOld(Unix),
    /// A time too far ahead of our clock.
    #[error("event field `created_at` is {} seconds ahead of the clock; the most is {MOST_SECONDS_AHEAD}", .now.until(*.created_at))]
    Future {
        /// The event's time.
        created_at: Unix,
        /// Our clock's.
        now: Unix,
    },
    /// The id is not the hash of the other fields.
    #[error("event field `id` is {claimed}, but the event's hash is {computed}")]
    WrongId {
        /// The id in the event.
        claimed: EventId,
        /// The hash of its fields.
        computed: EventId,
    },
    /// The author is no point on the curve.
    #[error("event field `pubkey` is {0}, which is no public key")]
    BadKey(PublicKey),
    /// The signature is not the author's over this id.
    #[error("event field `sig` is not the signature of {0} over this event")]
    BadSignature(PublicKey),
}

/// A Nostr event whose id and signature have been checked. There is no other way to make one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VerifiedEvent {
    id: EventId,
    author: PublicKey,
    created_at: Unix,
    kind: u16,
    tags: Vec<Tag>,
    content: String,
    signature: [u8; 64],
}

impl VerifiedEvent {
    /// Checks an event that just arrived: its form, its time against `now`, its id and its signature.
    pub fn check(json: &str, now: Unix) -> Result<Self, EventError> {
        let envelope = Envelope::parse(json)?;
        if envelope.created_at > now.plus(MOST_SECONDS_AHEAD) {
            return Err(EventError::Future { created_at: envelope.created_at, now });
        }
        Self::verify(envelope)
    }

    /// Checks an event that was admitted before and kept: everything but the clock.
    pub fn check_stored(json: &str) -> Result<Self, EventError> {
        Self::verify(Envelope::parse(json)?)
    }

    fn verify(envelope: Envelope) -> Result<Self, EventError> {
        let Envelope { id, author, created_at, kind, tags, content, signature } = envelope;
        if created_at < OLDEST {
            return Err(EventError::TooOld(created_at));
        }
        let computed = draft::id(&author, created_at, kind, &tags, &content);
        if computed != id {
            return Err(EventError::WrongId { claimed: id, computed });
        }
        let key = XOnlyPublicKey::from_slice(author.as_bytes()).map_err(|_| EventError::BadKey(author))?;
        Signature::from_slice(&signature)
            .and_then(|parsed| SECP256K1.verify_schnorr(&parsed, &Message::from_digest(*id.as_bytes()), &key))
            .map_err(|_| EventError::BadSignature(author))?;
        Ok(Self { id, author, created_at, kind, tags, content, signature })
    }

    /// The event's id.
    pub const fn id(&self) -> EventId {
        self.id
    }
    /// Who signed it.
    pub const fn author(&self) -> PublicKey {
        self.author
    }
    /// When its author says it was made.
    pub const fn created_at(&self) -> Unix {
        self.created_at
    }
    /// Its kind.
    pub const fn kind(&self) -> u16 {
        self.kind
    }
    /// Its tags; none is empty.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }
    /// Its content, as signed. May hold a secret if the event came out of a gift wrap: never log it.
    pub fn content(&self) -> &str {
        &self.content
    }
    /// The event in its one canonical form: NIP-01's fields in NIP-01's order, without spaces. Whatever spelling it
    /// arrived in, this is what is stored, sent on and wrapped.
    pub fn json(&self) -> String {
        let field = |value: serde_json::Value| value.to_string();
        format!(
            r#"{{"id":"{}","pubkey":"{}","created_at":{},"kind":{},"tags":{},"content":{},"sig":"{}"}}"#,
            self.id,
            self.author,
            self.created_at.0,
            self.kind,
            field(json!(self.tags)),
            field(json!(self.content)),
            hex::encode(self.signature),
        )
    }
}

impl TryFrom<String> for VerifiedEvent {
    type Error = EventError;
    fn try_from(json: String) -> Result<Self, EventError> {
        Self::check_stored(&json)
    }
}
impl From<VerifiedEvent> for String {
    fn from(event: VerifiedEvent) -> Self {
        event.json()
    }
}
impl fmt::Debug for VerifiedEvent {
    /// Without content and tags: a private message's content may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedEvent(kind {} {} by {})", self.kind, self.id, self.author.short())
    }
}
