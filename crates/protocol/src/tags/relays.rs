//! `["relays",url…]`: the relays on which a trade's messages travel.

use super::reader::{Tag, Tags, brief};
use crate::kinds::malformed::Malformed;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};

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
    /// Whether the host is this machine or lies in a private network: no two people mean the same relay by it, and whoever
    /// follows such an address out of a stranger's event knocks at doors of its own house. Names are not resolved.
    pub fn is_local(&self) -> bool {
        // The library's form of the host: a number or hex digits that mean an IPv4 address are one here.
        let url = nostr::Url::parse(&self.0);
        let Some(host) = url.as_ref().ok().and_then(|url| url.host_str()) else { return true };
        let host = host.trim_matches(['[', ']']).trim_end_matches('.');
        match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => is_local_v4(ip),
            Ok(IpAddr::V6(ip)) => match ip.to_ipv4_mapped() {
                Some(ip) => is_local_v4(ip),
                None => {
                    ip.is_loopback()
                        || ip.is_unspecified()
                        || ip.is_unique_local()
                        || ip.is_unicast_link_local()
                }
            },
            Err(_) => {
                let within = |zone: &str| host == zone || host.ends_with(&format!(".{zone}"));
                ["localhost", "local", "internal", "home.arpa"].into_iter().any(within)
            }
        }
    }
}

fn is_local_v4(ip: Ipv4Addr) -> bool {
    // 100.64.0.0/10 is shared by the customers of one provider (RFC 6598).
    let shared = matches!(ip.octets(), [100, 64..=127, ..]);
    ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified() || shared
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

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn is_local__addresses_of_every_spelling__told_from_public_ones() {
        let local = [
            "ws://localhost:8080",
            "ws://LOCALHOST./x",
            "ws://a.localhost",
            "ws://127.0.0.1",
            "ws://127.9.9.9:80/path",
            "ws://2130706433",
            "ws://0x7f.1",
            "ws://0.0.0.0",
            "wss://10.1.2.3",
            "wss://172.16.0.1",
            "wss://192.168.178.1",
            "wss://169.254.169.254",
            "wss://100.64.0.1",
            "ws://[::1]:7000",
            "ws://[::]",
            "wss://[fd00::1]",
            "wss://[fe80::1]",
            "ws://[::ffff:127.0.0.1]",
            "wss://router.local",
            "wss://metadata.google.internal",
        ];
        for text in local {
            assert!(text.parse::<RelayUrl>().unwrap().is_local(), "{text}");
        }
        let public = [
            "wss://relay.example",
            "wss://localhost.example",
            "wss://mylocal",
            "wss://8.8.8.8",
            "wss://172.32.0.1",
            "wss://100.128.0.1",
            "wss://[2001:db8::1]",
            "ws://abcdefghijklmnop.onion",
        ];
        for text in public {
            assert!(!text.parse::<RelayUrl>().unwrap().is_local(), "{text}");
        }
    }
}
