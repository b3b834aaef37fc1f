//! A typed value together with who signed it and when.

use super::malformed::Malformed;
use super::{Body, Kind};
use crate::event::VerifiedEvent;
use crate::ids::{EventId, PublicKey};
use crate::tags::links::Links;
use crate::tags::reader::Tags;
use crate::units::Unix;
use serde::{Deserialize, Serialize};

/// What a verified event says, with its id, its author, its time and its links. Made from a [`VerifiedEvent`] only;
/// deserialise it only from storage that nobody else can write, since that checks no signature again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed<T> {
    id: EventId,
    author: PublicKey,
    created_at: Unix,
    links: Links,
    body: T,
}

impl<T> Signed<T> {
    pub(crate) fn new(event: &VerifiedEvent, body: T) -> Result<Self, Malformed> {
        let links = Links::read(Tags::new(event.tags()))?;
        Ok(Self { id: event.id(), author: event.author(), created_at: event.created_at(), links, body })
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
    /// The events and people it refers to.
    pub const fn links(&self) -> &Links {
        &self.links
    }
    /// What it says.
    pub const fn body(&self) -> &T {
        &self.body
    }
    /// What it says, by value.
    pub fn into_body(self) -> T {
        self.body
    }
    /// The same event with another form of what it says.
    pub fn map<U>(self, form: impl FnOnce(T) -> U) -> Signed<U> {
        let Self { id, author, created_at, links, body } = self;
        Signed { id, author, created_at, links, body: form(body) }
    }
}

impl Signed<Body> {
    /// Reads a verified event of any of DOMP's kinds.
    pub fn read(event: &VerifiedEvent) -> Result<Self, Malformed> {
        Self::new(event, Body::read(event.kind(), event.content(), event.tags())?)
    }
}

impl<T: Kind> Signed<T> {
    /// Reads a verified event that must be of this one kind.
    pub fn read_as(event: &VerifiedEvent) -> Result<Self, Malformed> {
        if event.kind() != T::KIND {
            return Err(Malformed::WrongKind { found: event.kind(), expected: T::KIND });
        }
        Self::new(event, T::read(event.content(), event.tags())?)
    }
}
