//! Events that are not signed yet.

use super::{EventError, Signer, VerifiedEvent};
use crate::ids::{EventId, PublicKey};
use crate::tags::reader::Tag;
use crate::units::Unix;
use sha2::{Digest, Sha256};
use std::fmt;

/// An event before its author and signature: what a kind writes, a proof of work completes and a [`Signer`] signs.
#[derive(Clone, PartialEq, Eq)]
pub struct EventDraft {
    /// The kind.
    pub kind: u16,
    /// The tags, in printable ASCII: other clients compute another id over anything else.
    pub tags: Vec<Tag>,
    /// The content, in printable ASCII.
    pub content: String,
    /// The time it will carry.
    pub created_at: Unix,
}

/// Why a draft cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// Something outside printable ASCII, over which other clients compute another id.
    #[error("a draft's {0} may hold printable ASCII only")]
    NotAscii(&'static str),
    /// The event would be refused by those who read it.
    #[error("the signed event would be refused: {0}")]
    Refused(#[from] EventError),
}

impl EventDraft {
    /// What is hashed for the id (NIP-01): `[0,author,created_at,kind,tags,content]` without spaces. A proof of work
    /// varies one tag in it.
    pub fn canonical(&self, author: &PublicKey) -> String {
        canonical(author, self.created_at, self.kind, &self.tags, &self.content)
    }
    /// The id it will have under this author.
    pub fn id(&self, author: &PublicKey) -> EventId {
        id(author, self.created_at, self.kind, &self.tags, &self.content)
    }
    /// The signed event. The same draft and key give the same event, byte for byte.
    pub fn sign(self, signer: &Signer) -> Result<VerifiedEvent, DraftError> {
        if !is_printable_ascii(&self.content) {
            return Err(DraftError::NotAscii("content"));
        }
        if !self.tags.iter().flatten().all(|value| is_printable_ascii(value)) {
            return Err(DraftError::NotAscii("tags"));
        }
        if self.tags.iter().any(Vec::is_empty) {
            return Err(EventError::EmptyTag.into());
        }
        if self.created_at < super::OLDEST {
            return Err(EventError::TooOld(self.created_at).into());
        }
        let author = signer.public_key();
        let id = self.id(&author);
        let Self { kind, tags, content, created_at } = self;
        let event =
            VerifiedEvent { id, author, created_at, kind, tags, content, signature: signer.sign(&id) };
        let size = event.json().len();
        if size > super::LARGEST_EVENT {
            return Err(EventError::TooLarge(size).into());
        }
        Ok(event)
    }
}

impl fmt::Debug for EventDraft {
    /// Without content and tags: a private message's content may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventDraft(kind {} at {}, {} tags)", self.kind, self.created_at.0, self.tags.len())
    }
}

/// Whether every client computes the same id over this text.
pub(crate) fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

fn canonical(author: &PublicKey, created_at: Unix, kind: u16, tags: &[Tag], content: &str) -> String {
    // Writing text and numbers into a string cannot fail, and the library escapes exactly as NIP-01 says.
    serde_json::to_string(&(0, author, created_at, kind, tags, content)).unwrap_or_default()
}

/// SHA256 of the canonical form.
pub(super) fn id(author: &PublicKey, created_at: Unix, kind: u16, tags: &[Tag], content: &str) -> EventId {
    EventId::from_bytes(Sha256::digest(canonical(author, created_at, kind, tags, content)).into())
}
