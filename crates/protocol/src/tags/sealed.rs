//! `["backup",ciphertext]` and `["encrypted_preimage",ciphertext]`: what only its receiver can read (NIP-44).

use super::reader::{Tag, Tags, tag};
use crate::kinds::malformed::Malformed;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A NIP-44 version 2 payload in base64. Its form is checked here; only the receiver's key can tell what is in it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sealed(String);

/// The smallest and the largest payload that NIP-44 allows, in characters.
const SIZES: std::ops::RangeInclusive<usize> = 132..=87_472;

/// Text that cannot be a NIP-44 payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a NIP-44 payload: {0}")]
pub struct BadPayload(&'static str);

impl Sealed {
    /// The payload in base64.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl FromStr for Sealed {
    type Err = BadPayload;
    fn from_str(text: &str) -> Result<Self, BadPayload> {
        if !SIZES.contains(&text.len()) {
            return Err(BadPayload("it must be 132 to 87472 characters long"));
        }
        let body = text.trim_end_matches('=');
        let base64 = body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
        if !base64 || text.len() - body.len() > 2 || !text.len().is_multiple_of(4) {
            return Err(BadPayload("it must be padded base64"));
        }
        // The first byte is the version, 2: "A" followed by one of "g" to "v".
        if !matches!(body.as_bytes(), [b'A', b'g'..=b'v', ..]) {
            return Err(BadPayload("its version is not 2"));
        }
        Ok(Self(text.to_owned()))
    }
}
impl TryFrom<String> for Sealed {
    type Error = BadPayload;
    fn try_from(text: String) -> Result<Self, BadPayload> {
        text.parse()
    }
}
impl From<Sealed> for String {
    fn from(sealed: Sealed) -> Self {
        sealed.0
    }
}
impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} characters)", self.0.len())
    }
}

pub(crate) const BACKUP: &str = "backup";
pub(crate) const ENCRYPTED_PREIMAGE: &str = "encrypted_preimage";

pub(crate) fn read(tags: Tags<'_>, name: &'static str) -> Result<Option<Sealed>, Malformed> {
    let Some(values) = tags.one(name)? else { return Ok(None) };
    let [payload] = values.exactly("one NIP-44 payload")?;
    values.parse("the value", payload).map(Some)
}

pub(crate) fn write(name: &str, sealed: &Sealed) -> Tag {
    tag([name, &sealed.0])
}
