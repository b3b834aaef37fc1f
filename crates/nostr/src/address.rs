//! A relay's address: what may be written there, and what it says about the way to reach it.
//!
//! Addresses come from the user's configuration and from strangers' events, so the rules are strict: a WebSocket URL,
//! short, without credentials, encrypted unless the connection never leaves the machine or goes through Tor.

use domp_ports::relays::RelayError;
use std::fmt;
use url::{Host, Url};

/// Longest relay address accepted, in bytes.
pub const MAX_ADDRESS_BYTES: usize = 256;

/// A checked relay address in its one normal form: two spellings of the same relay compare equal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelayAddress {
    url: Url,
    text: String,
}

impl RelayAddress {
    /// Checks and normalises a relay address. `plaintext` admits `ws://` to any host; without it, only to this machine
    /// and to `.onion` hosts, where nobody can listen in between.
    pub fn parse(text: &str, plaintext: bool) -> Result<Self, RelayError> {
        check(text, plaintext).map_err(|reason| RelayError::BadUrl { url: excerpt(text), reason })
    }
    /// The address in its normal form: lower-case host, no default port, no trailing slash on an empty path.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// The host, as it goes into a TLS server name or a SOCKS request; IPv6 without brackets.
    pub fn host(&self) -> String {
        match self.url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            None => String::new(),
        }
    }
    /// `host:port` for an HTTP `Host` header; the port is left out when it is the scheme's own.
    pub fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }
    /// Path and query, for an HTTP request line.
    pub fn path(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }
    /// Whether the connection is encrypted with TLS.
    pub fn is_tls(&self) -> bool {
        self.url.scheme() == "wss"
    }
    /// Whether the host is a Tor hidden service, reachable through a SOCKS5 proxy only.
    pub fn is_onion(&self) -> bool {
        matches!(self.url.host(), Some(Host::Domain(name)) if is_onion(name))
    }
}

impl fmt::Display for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl fmt::Debug for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelayAddress({})", self.text)
    }
}

fn check(text: &str, plaintext: bool) -> Result<RelayAddress, String> {
    if text.len() > MAX_ADDRESS_BYTES {
        return Err(format!("it has {} bytes, at most {MAX_ADDRESS_BYTES} are accepted", text.len()));
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it contains white space or control characters".into());
    }
    let url = Url::parse(text).map_err(|e| e.to_string())?;
    if !matches!(url.scheme(), "ws" | "wss") {
        return Err(format!("the scheme is {:?}, a relay's is wss (or ws)", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it contains a user name or password".into());
    }
    if url.fragment().is_some() {
        return Err("it contains a fragment (#…)".into());
    }
    if url.port() == Some(0) {
        return Err("port 0 cannot be connected to".into());
    }
    let private = match url.host() {
        None => return Err("it names no host".into()),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost") || is_onion(name),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
    };
    if url.scheme() == "ws" && !private && !plaintext {
        return Err(
            "ws:// is not encrypted and this host is neither this machine nor a .onion; use wss://".into()
        );
    }
    let text = url.as_str();
    let text = if url.path() == "/" && url.query().is_none() { text.trim_end_matches('/') } else { text };
    // The normal form spells some characters with three.
    if text.len() > MAX_ADDRESS_BYTES {
        return Err(format!(
            "its normal form has {} bytes, at most {MAX_ADDRESS_BYTES} are accepted",
            text.len()
        ));
    }
    Ok(RelayAddress { text: text.to_owned(), url })
}

fn is_onion(name: &str) -> bool {
    name.ends_with(".onion")
}

/// What an error message quotes of an address: not much, and no password.
fn excerpt(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
    if let Some(at) = text[start..end].rfind('@') {
        return excerpt(&format!("{}…{}", &text[..start], &text[start + at + 1..]));
    }
    if text.chars().count() <= 80 { text.to_owned() } else { text.chars().take(80).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    #![allow(non_snake_case)]
    use super::*;

    fn reason(text: &str) -> String {
        match RelayAddress::parse(text, false) {
            Err(RelayError::BadUrl { reason, .. }) => reason,
            other => panic!("{text:?} gave {other:?}"),
        }
    }

    #[test]
    fn address__two_spellings__one_normal_form() {
        let a = RelayAddress::parse("wss://Relay.Example.com:443/", false).unwrap();
        let b = RelayAddress::parse("wss://relay.example.com", false).unwrap();
        assert_eq!(a, b);
        assert_eq!(a.as_str(), "wss://relay.example.com");
        assert_eq!(
            (a.host().as_str(), a.port(), a.authority().as_str()),
            ("relay.example.com", 443, "relay.example.com")
        );
    }

    #[test]
    fn address__normal_form_too_long__refused() {
        let fits = RelayAddress::parse(&format!("wss://a.example/{}", "<".repeat(80)), false).unwrap();
        assert_eq!(RelayAddress::parse(fits.as_str(), false), Ok(fits));
        assert!(reason(&format!("wss://a.example/{}", "<".repeat(81))).contains("normal form"));
    }

    #[test]
    fn address__path_and_query__kept() {
        let a = RelayAddress::parse("wss://relay.example.com:8443/trade/?token=x", false).unwrap();
        assert_eq!(a.as_str(), "wss://relay.example.com:8443/trade/?token=x");
        assert_eq!(a.path(), "/trade/?token=x");
        assert_eq!(a.authority(), "relay.example.com:8443");
    }

    #[test]
    fn address__plaintext__only_to_this_machine_or_tor() {
        for text in ["ws://127.0.0.1:7777", "ws://[::1]:7777", "ws://localhost:7777", "ws://abc.onion"] {
            assert!(RelayAddress::parse(text, false).is_ok(), "{text}");
        }
        assert!(reason("ws://relay.example.com").contains("not encrypted"));
        assert!(reason("ws://10.0.0.4").contains("not encrypted"));
        assert!(RelayAddress::parse("ws://relay.example.com", true).is_ok());
    }

    #[test]
    fn address__not_a_relay__refused_with_the_rule() {
        for (text, words) in [
            ("file:///etc/passwd", "scheme"),
            ("http://relay.example.com", "scheme"),
            ("wss://user:secret@relay.example.com", "user name"),
            ("wss://relay.example.com/#top", "fragment"),
            ("wss://relay.example.com:0", "port 0"),
            ("wss://", "host"),
            ("relay.example.com", "relative URL"),
            ("", "relative URL"),
            ("wss://relay.example.com/\n", "white space"),
            (" wss://relay.example.com", "white space"),
        ] {
            assert!(reason(text).contains(words), "{text:?}: {}", reason(text));
        }
        let shown =
            RelayAddress::parse("wss://user:hunter2@relay.example.com/x", false).unwrap_err().to_string();
        assert!(
            !shown.contains("hunter2") && shown.contains("relay.example.com"),
            "no password in a message: {shown}"
        );
        let long = format!("wss://{}.example.com", "a".repeat(300));
        assert!(reason(&long).contains("at most 256"));
        let shown = RelayAddress::parse(&long, false).unwrap_err().to_string();
        assert!(shown.len() < 300, "the message quotes an excerpt only: {shown}");
    }

    #[test]
    fn address__ipv6__host_without_brackets() {
        let a = RelayAddress::parse("ws://[::1]:7777", false).unwrap();
        assert_eq!((a.host().as_str(), a.authority().as_str()), ("::1", "[::1]:7777"));
    }
}
