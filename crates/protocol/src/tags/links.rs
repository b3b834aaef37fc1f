//! `["ref",id,hint,marker]` with an `e` tag beside each, and `p` tags: what an event refers to, and whom.
//!
//! DOMP refers by `ref` (DIP-01), which relays do not index: the `e` tag beside it makes the event findable.

use super::reader::{Tag, Tags, brief, tag};
use crate::ids::{EventId, PublicKey};
use crate::kinds::malformed::Malformed;
use serde::{Deserialize, Serialize};

/// The place of a referenced event in the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Marker {
    /// The chain's root: the listing.
    Root,
    /// The event that this one answers.
    Reply,
    /// Merely spoken of.
    Mention,
}

impl Marker {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Reply => "reply",
            Self::Mention => "mention",
        }
    }
    fn parse(text: &str) -> Option<Self> {
        [Self::Root, Self::Reply, Self::Mention].into_iter().find(|marker| marker.as_str() == text)
    }
}

/// One reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ref {
    /// The event referred to.
    pub id: EventId,
    /// A relay that has it, or nothing. Untrusted text when read: parse it as a relay's address before use.
    pub hint: String,
    /// Its place.
    pub marker: Marker,
}

/// All references of an event, and the people it is addressed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Links {
    /// Events referred to, in the order of the tags.
    pub refs: Vec<Ref>,
    /// People addressed, in the order of the tags.
    pub people: Vec<PublicKey>,
}

/// The most references, and the most people, that one event may name.
pub const MOST_LINKS: usize = 16;
const LONGEST_HINT: usize = 256;

impl Links {
    /// Addressed to one person, normally the counterparty.
    pub fn to(person: PublicKey) -> Self {
        Self { refs: Vec::new(), people: vec![person] }
    }
    /// With one more reference.
    #[must_use]
    pub fn with(mut self, id: EventId, hint: &str, marker: Marker) -> Self {
        self.refs.push(Ref { id, hint: hint.to_owned(), marker });
        self
    }
    /// Whether some reference names the event.
    pub fn names(&self, id: &EventId) -> bool {
        self.refs.iter().any(|reference| reference.id == *id)
    }
    /// The events answered.
    pub fn replies(&self) -> impl Iterator<Item = &EventId> {
        self.refs.iter().filter(|reference| reference.marker == Marker::Reply).map(|reference| &reference.id)
    }

    pub(crate) fn read(tags: Tags<'_>) -> Result<Self, Malformed> {
        let mut links = Self::default();
        for values in tags.up_to("ref", MOST_LINKS)? {
            let [id, hint, marker] = values.exactly("[\"ref\", event id, relay hint, marker]")?;
            if hint.len() > LONGEST_HINT {
                return Err(values.bad("has a relay hint longer than 256 characters"));
            }
            let marker = Marker::parse(marker).ok_or_else(|| {
                values.bad(format!("has the marker {:?}; known: root, reply, mention", brief(marker)))
            })?;
            links.refs.push(Ref { id: values.parse("the id", id)?, hint: hint.clone(), marker });
        }
        for values in tags.up_to("p", MOST_LINKS)? {
            let Some(key) = values.as_slice().first() else { return Err(values.bad("names nobody")) };
            links.people.push(values.parse("the key", key)?);
        }
        Ok(links)
    }

    pub(crate) fn write(&self) -> Vec<Tag> {
        let mut tags = Vec::with_capacity(2 * self.refs.len() + self.people.len());
        for Ref { id, hint, marker } in &self.refs {
            for name in ["ref", "e"] {
                tags.push(tag([name, &id.to_string(), hint, marker.as_str()]));
            }
        }
        tags.extend(self.people.iter().map(|person| tag(["p", &person.to_string()])));
        tags
    }
}
