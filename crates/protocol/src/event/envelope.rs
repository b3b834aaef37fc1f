//! The JSON form of an event: exactly the seven fields of NIP-01, each once, nothing proven yet.

use super::{EventError, LARGEST_EVENT};
use crate::ids::{EventId, PublicKey};
use crate::kinds::json::brief_error;
use crate::tags::reader::Tag;
use crate::units::Unix;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use std::{borrow::Cow, fmt};

/// An event as it was written, before its id and signature are checked.
pub(super) struct Envelope {
    pub(super) id: EventId,
    pub(super) author: PublicKey,
    pub(super) created_at: Unix,
    pub(super) kind: u16,
    pub(super) tags: Vec<Tag>,
    pub(super) content: String,
    pub(super) signature: [u8; 64],
}

impl Envelope {
    pub(super) fn parse(json: &str) -> Result<Self, EventError> {
        if json.len() > LARGEST_EVENT {
            return Err(EventError::TooLarge(json.len()));
        }
        let raw: Raw<'_> =
            serde_json::from_str(json).map_err(|error| EventError::Malformed(brief_error(&error)))?;
        if raw.tags.iter().any(Vec::is_empty) {
            return Err(EventError::EmptyTag);
        }
        Ok(Self {
            id: EventId::from_bytes(hex_field("id", &raw.id)?),
            author: PublicKey::from_bytes(hex_field("pubkey", &raw.pubkey)?),
            created_at: Unix(raw.created_at),
            // A library in use keeps 16 bits of the number and finds the signature valid, so it is compared as written.
            kind: u16::try_from(raw.kind).map_err(|_| EventError::Kind(raw.kind))?,
            tags: raw.tags,
            content: raw.content,
            signature: hex_field("sig", &raw.sig)?,
        })
    }
}

fn hex_field<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], EventError> {
    let mut bytes = [0; N];
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    if lower && hex::decode_to_slice(text, &mut bytes).is_ok() {
        Ok(bytes)
    } else {
        Err(EventError::Hex { field, bytes: N })
    }
}

struct Raw<'a> {
    id: Cow<'a, str>,
    pubkey: Cow<'a, str>,
    created_at: u64,
    kind: u64,
    tags: Vec<Tag>,
    content: String,
    sig: Cow<'a, str>,
}

/// Written by hand, since the derived form does not name the field whose type is wrong.
impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event, which is a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'de>, A::Error> {
        let (mut id, mut pubkey, mut created_at, mut kind) = (None, None, None, None);
        let (mut tags, mut content, mut sig) = (None, None, None);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "id" => once("id", &mut id, &mut map)?,
                "pubkey" => once("pubkey", &mut pubkey, &mut map)?,
                "created_at" => once("created_at", &mut created_at, &mut map)?,
                "kind" => once("kind", &mut kind, &mut map)?,
                "tags" => once("tags", &mut tags, &mut map)?,
                "content" => once("content", &mut content, &mut map)?,
                "sig" => once("sig", &mut sig, &mut map)?,
                other => {
                    let other: String = other.chars().take(40).collect();
                    return Err(de::Error::custom(format!("field `{other}` is not one of NIP-01's")));
                }
            }
        }
        Ok(Raw {
            id: needed("id", id)?,
            pubkey: needed("pubkey", pubkey)?,
            created_at: needed("created_at", created_at)?,
            kind: needed("kind", kind)?,
            tags: needed("tags", tags)?,
            content: needed("content", content)?,
            sig: needed("sig", sig)?,
        })
    }
}

/// Reads a field into its place; a second one is refused, since readers differ on which of them counts.
fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    field: &'static str,
    place: &mut Option<T>,
    map: &mut A,
) -> Result<(), A::Error> {
    if place.is_some() {
        return Err(de::Error::custom(format!("field `{field}` occurs twice")));
    }
    *place = Some(map.next_value().map_err(|error| de::Error::custom(format!("field `{field}`: {error}")))?);
    Ok(())
}

fn needed<T, E: de::Error>(field: &'static str, place: Option<T>) -> Result<T, E> {
    place.ok_or_else(|| E::custom(format!("field `{field}` is missing")))
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn parse__value_of_the_wrong_type_that_is_very_long__shown_in_part() {
        let json = format!(r#"{{"kind":"{}"}}"#, "x".repeat(90_000));
        let Err(EventError::Malformed(error)) = Envelope::parse(&json) else { panic!("not malformed") };
        assert!(error.len() < 500 && error.contains("field `kind`") && error.contains("column"), "{error}");
    }
}
