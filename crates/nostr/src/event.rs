//! The outside of an event (NIP-01): enough to send it, find it and match it, without judging it.

#[cfg(feature = "memory")]
use domp_ports::relays::Wanted;
use domp_protocol::ids::{EventId, PublicKey};
use serde::Deserialize;
#[cfg(feature = "memory")]
use std::str::FromStr;

/// An event's fields except content and signature. Read strictly (no duplicate keys, lower-case hex), **not verified**.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(
    not(feature = "memory"),
    allow(dead_code, reason = "the other fields are read to see that they are there")
)]
pub(crate) struct Envelope {
    pub(crate) id: EventId,
    pub(crate) pubkey: PublicKey,
    pub(crate) created_at: u64,
    pub(crate) kind: u16,
    pub(crate) tags: Vec<Vec<String>>,
}

impl Envelope {
    /// Reads an event of at most `max_bytes`.
    pub(crate) fn read(json: &str, max_bytes: usize) -> Result<Self, String> {
        if json.len() > max_bytes {
            return Err(format!("the event has {} bytes, at most {max_bytes} are sent", json.len()));
        }
        serde_json::from_str(json).map_err(|e| format!("not a Nostr event: {e}"))
    }

    /// Whether the event is among what is wanted; the limit aside.
    #[cfg(feature = "memory")]
    pub(crate) fn matches(&self, wanted: &Wanted) -> bool {
        fn any<T: PartialEq>(list: &[T], value: &T) -> bool {
            list.is_empty() || list.contains(value)
        }
        any(&wanted.ids, &self.id)
            && any(&wanted.kinds, &self.kind)
            && any(&wanted.authors, &self.pubkey)
            && self.is_tagged("e", &wanted.refers_to)
            && self.is_tagged("p", &wanted.addressed_to)
            && wanted.since.is_none_or(|since| self.created_at >= since.0)
    }

    #[cfg(feature = "memory")]
    fn is_tagged<T: FromStr + PartialEq>(&self, name: &str, values: &[T]) -> bool {
        let of_tag = |tag: &Vec<String>| match tag.as_slice() {
            [this, value, ..] if this == name => value.parse::<T>().ok(),
            _ => None,
        };
        values.is_empty() || self.tags.iter().filter_map(of_tag).any(|value| values.contains(&value))
    }
}
