//! `["relays",url…]`: the relays on which a trade's messages travel.

use super::reader::{Tag, Tags, brief};
use crate::kinds::malformed::Malformed;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The longest address of a relay.
pub const LONGEST_RELAY_URL: usize = 256;
/// The most relays that one event may name.
pub const MOST_RELAYS: usize = 16;

/// The address of a relay: `wss://` or `ws://`, with a host, without a password or a fragment, in ASCII.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelayUrl(String);

/// Text that is not a relay's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a relay's address: {problem}")]
pub struct BadRelayUrl {
    found: String,
    problem: String,
}

impl RelayUrl {
    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RelayUrl {
    type Err = BadRelayUrl;
    fn from_str(text: &str) -> Result<Self, BadRelayUrl> {
        let bad = |problem: &str| BadRelayUrl { found: brief(text), problem: problem.to_owned() };
        if text.len() > LONGEST_RELAY_URL {
            return Err(bad("it is longer than 256 characters"));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(bad("it may hold printable ASCII only, without spaces"));
        }
        if !text.starts_with("wss://") && !text.starts_with("ws://") {
            return Err(bad("it must begin with wss:// or ws://"));
        }
        let url = nostr::Url::parse(text).map_err(|error| bad(&error.to_string()))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(bad("it names no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("it carries a user name or a password"));
        }
        if url.fragment().is_some() {
            return Err(bad("it carries a fragment (#…)"));
        }
        Ok(Self(text.to_owned()))
    }
}
impl TryFrom<String> for RelayUrl {
    type Error = BadRelayUrl;
    fn try_from(text: String) -> Result<Self, BadRelayUrl> {
        text.parse()
    }
}
impl From<RelayUrl> for String {
    fn from(url: RelayUrl) -> Self {
        url.0
    }
}
impl fmt::Display for RelayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The relays named; none when the tag is absent.
pub(crate) fn read(tags: Tags<'_>) -> Result<Vec<RelayUrl>, Malformed> {
    let Some(values) = tags.one("relays")? else { return Ok(Vec::new()) };
    let named = values.as_slice();
    if named.is_empty() || named.len() > MOST_RELAYS {
        return Err(values.bad(format!("names {} relays; it must name 1 to {MOST_RELAYS}", named.len())));
    }
    let mut relays = Vec::with_capacity(named.len());
    for text in named {
        let url: RelayUrl = values.parse("a relay", text)?;
        if relays.contains(&url) {
            return Err(values.bad(format!("names {url} twice")));
        }
        relays.push(url);
    }
    Ok(relays)
}

/// The tag, left out when there is nothing to name.
pub(crate) fn write(relays: &[RelayUrl]) -> Option<Tag> {
    (!relays.is_empty())
        .then(|| std::iter::once("relays".to_owned()).chain(relays.iter().map(|url| url.0.clone())).collect())
}
