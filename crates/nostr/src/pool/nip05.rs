//! Names of people (NIP-05): `name@domain`, and the key that the domain says is theirs.
//!
//! The domain's word, of this moment: whoever has the domain, or its web server, can say another key tomorrow. It is asked over
//! HTTPS, redirects are not followed, and only public addresses are asked.

use super::{config::Proxy, dial::Dialer, nip11::document, reach::Reach};
use crate::address::RelayAddress;
use domp_protocol::ids::PublicKey;
use serde::Deserialize;
use std::{collections::BTreeMap, fmt, time::Duration};
use tokio::time::timeout;

/// The longest name, with its domain, in bytes.
const LONGEST: usize = 200;
/// The longest wait for a domain's answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A name that is well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    local: String,
    domain: String,
}

/// Why a name leads to no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is no name.
    #[error("{found:?} is no name of the form name@domain: {rule}")]
    Malformed {
        /// As it was given, shortened.
        found: String,
        /// What is wrong.
        rule: &'static str,
    },
    /// The domain could not be asked, or does not say it in the form of NIP-05.
    #[error("{name} cannot be looked up: {reason}")]
    NoAnswer {
        /// The name.
        name: String,
        /// What was seen.
        reason: String,
    },
    /// The domain answers, and knows no such name.
    #[error("{domain} knows nobody called {local}")]
    Unknown {
        /// The name before the `@`.
        local: String,
        /// The domain.
        domain: String,
    },
}

impl Name {
    /// Reads `name@domain`; `_@domain` is the domain itself. Letters count as small ones.
    ///
    /// # Errors
    /// [`NameError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let bad = |rule| NameError::Malformed { found: text.chars().take(70).collect::<String>(), rule };
        if text.len() > LONGEST {
            return Err(bad("it is too long"));
        }
        let lower = text.to_ascii_lowercase();
        let Some((local, domain)) = lower.split_once('@') else { return Err(bad("there is no @ in it")) };
        if local.is_empty() || !local.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
            return Err(bad("before the @ there may be letters of a to z, digits, and - _ . only"));
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:".contains(&b);
        if domain.is_empty() || !domain.bytes().all(plain) {
            return Err(bad("after the @ there has to be a domain, in ASCII (international ones as xn--…)"));
        }
        Ok(Self { local: local.to_owned(), domain: domain.to_owned() })
    }

    /// Where its domain is asked.
    fn address(&self) -> Result<RelayAddress, NameError> {
        let url = format!("wss://{}/.well-known/nostr.json?name={}", self.domain, self.local);
        RelayAddress::parse(&url, false).map_err(|error| self.no_answer(error.to_string()))
    }

    fn no_answer(&self, reason: String) -> NameError {
        NameError::NoAnswer { name: self.to_string(), reason }
    }

    /// Asks the domain, through the proxy if there is one for everything.
    ///
    /// # Errors
    /// [`NameError`].
    pub async fn look_up(&self, proxy: Proxy) -> Result<PublicKey, NameError> {
        let dialer = Dialer::new(&[], proxy).map_err(|error| self.no_answer(error.to_string()))?;
        self.ask(&dialer, &self.address()?, Reach::PublicOnly).await
    }

    async fn ask(&self, dialer: &Dialer, at: &RelayAddress, reach: Reach) -> Result<PublicKey, NameError> {
        let asking = async {
            let stream = dialer.dial(at, reach).await?;
            document(stream, at, "application/json").await
        };
        let answered = timeout(PATIENCE, asking).await;
        let late = |_| format!("no answer within {} s", PATIENCE.as_secs());
        match answered.map_err(late).and_then(|answer| answer) {
            Ok(Some(document)) => self.read(&document),
            Ok(None) => Err(self.no_answer(format!(
                "{} has no /.well-known/nostr.json there (redirects are not followed)",
                self.domain
            ))),
            Err(reason) => Err(self.no_answer(reason)),
        }
    }

    /// The key in the domain's document, in hexadecimal as NIP-05 has it.
    fn read(&self, document: &str) -> Result<PublicKey, NameError> {
        let listed: Listed = serde_json::from_str(document)
            .map_err(|_| self.no_answer("its nostr.json is not of the form of NIP-05".to_owned()))?;
        let found = listed.names.iter().find(|(name, _)| name.eq_ignore_ascii_case(&self.local));
        let (local, domain) = (self.local.clone(), self.domain.clone());
        let (_, key) = found.ok_or(NameError::Unknown { local, domain })?;
        let key = key.as_str().unwrap_or_default();
        key.parse().map_err(|_| {
            let shown: String = key.chars().take(70).collect();
            self.no_answer(format!("its nostr.json says {shown:?}, which is no key of 64 small hex digits"))
        })
    }
}

/// What counts of a domain's document.
#[derive(Deserialize)]
struct Listed {
    names: BTreeMap<String, serde_json::Value>,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

#[cfg(test)]
mod tests {
    #![allow(non_snake_case)]
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    const KEY: &str = "e8bcf3823669444d0b49ad45d65088635d9fd8500a75b5f20b59abefa56a144f";

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn parse__forms__read_and_faults_named() {
        assert_eq!(name("Ann.b-c_1@Example.COM").to_string(), "ann.b-c_1@example.com");
        let address = name("_@example.com").address().unwrap();
        assert_eq!(address.as_str(), "wss://example.com/.well-known/nostr.json?name=_");
        for (text, part) in [
            ("example.com", "no @"),
            ("@example.com", "before the @"),
            ("ann bob@example.com", "before the @"),
            ("ann@", "after the @"),
            ("ann@b@example.com", "after the @"),
            ("ann@example.com/x?y", "after the @"),
            ("ann@ex\u{e4}mple.com", "xn--"),
            (&format!("ann@{}.com", "a".repeat(300)), "too long"),
        ] {
            let error = Name::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn read__the_domains_document__the_key_or_what_is_wrong() {
        let ann = name("ann@example.com");
        let listed = |key: &str| format!(r#"{{"names":{{"Ann":{key},"bob":1}},"relays":{{}}}}"#);
        assert_eq!(ann.read(&listed(&format!("{KEY:?}"))).unwrap().to_string(), KEY);
        for (document, part) in [
            (listed("\"npub1xyz\""), "no key"),
            (listed(&format!("{:?}", KEY.to_uppercase())), "no key"),
            (listed("7"), "no key"),
            ("{}".to_owned(), "form of NIP-05"),
            (r#"{"names":{"bob":"x"}}"#.to_owned(), "knows nobody called ann"),
        ] {
            let error = ann.read(&document).unwrap_err().to_string();
            assert!(error.contains(part), "{document}: {error}");
        }
    }

    /// Answers one request; gives what was asked.
    async fn server(answer: String) -> (RelayAddress, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let url = format!("ws://127.0.0.1:{port}/.well-known/nostr.json?name=ann");
        (RelayAddress::parse(&url, true).unwrap(), asked)
    }

    #[tokio::test]
    async fn ask__a_document_or_a_redirect__the_key_or_no_answer() {
        let (ann, dialer) = (name("ann@example.com"), Dialer::new(&[], Proxy::None).unwrap());
        let body = format!(r#"{{"names":{{"ann":"{KEY}"}}}}"#);
        let found = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let (address, asked) = server(found).await;
        assert_eq!(ann.ask(&dialer, &address, Reach::Anywhere).await.unwrap().to_string(), KEY);
        let asked = asked.await.unwrap();
        assert!(asked.starts_with("GET /.well-known/nostr.json?name=ann HTTP/1.1"), "{asked}");

        let elsewhere =
            "HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n";
        let (address, _asked) = server(elsewhere.to_owned()).await;
        let error = ann.ask(&dialer, &address, Reach::Anywhere).await.unwrap_err().to_string();
        assert!(error.contains("redirects are not followed"), "{error}");

        let (address, _asked) = server(String::new()).await;
        let error = ann.ask(&dialer, &address, Reach::PublicOnly).await.unwrap_err().to_string();
        assert!(error.contains("private address"), "{error}");
    }
}
