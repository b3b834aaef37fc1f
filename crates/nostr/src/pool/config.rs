//! How the pool behaves: which relays, how long, how much, and who answers a relay that asks who we are.

use super::auth::Auth;
use std::{net::SocketAddr, time::Duration};
use tokio_rustls::rustls::pki_types::CertificateDer;

/// Settings of a [`RelayPool`](super::RelayPool). [`PoolConfig::new`] fills in what suits public relays.
#[derive(Clone)]
pub struct PoolConfig {
    /// The user's own relays: the ones meant when a caller names none, and the only ones that may be on a private
    /// network. Connected from the start and kept connected.
    pub relays: Vec<String>,
    /// Longest wait for a connection, for an answer to a publication, and for each page of stored events.
    pub patience: Duration,
    /// Admits `ws://` to hosts other than this machine and `.onion`: for a trial on a local network.
    pub plaintext: bool,
    /// Lets relays that are not configured be on private addresses too: for trials where everybody is on one machine.
    pub private_strangers: bool,
    /// Who answers when a relay asks for authentication (NIP-42).
    pub auth: Auth,
    /// A SOCKS5 proxy such as Tor's.
    pub proxy: Proxy,
    /// Certificate authorities trusted besides the web's, for a relay with a certificate of its own making.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Largest event passed on or sent, in bytes of JSON; larger ones are left out and counted as a fault of the relay.
    pub max_event_bytes: usize,
    /// Silence after which a relay is asked for a sign of life; after twice as long the connection counts as dead.
    pub ping_every: Duration,
}

impl PoolConfig {
    /// The usual settings, with these relays.
    pub fn new(relays: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            relays: relays.into_iter().map(Into::into).collect(),
            patience: Duration::from_secs(10),
            plaintext: false,
            private_strangers: false,
            auth: Auth::Ephemeral,
            proxy: Proxy::None,
            extra_roots: Vec::new(),
            max_event_bytes: 256 * 1024,
            ping_every: Duration::from_secs(25),
        }
    }
}

/// Which connections go through a SOCKS5 proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// None. Relays with a `.onion` address cannot be reached.
    #[default]
    None,
    /// Those to `.onion` addresses.
    OnionOnly(SocketAddr),
    /// All of them; names are resolved by the proxy.
    Everything(SocketAddr),
}

impl Proxy {
    pub(crate) fn for_host(self, onion: bool) -> Option<SocketAddr> {
        match self {
            Self::Everything(proxy) => Some(proxy),
            Self::OnionOnly(proxy) if onion => Some(proxy),
            Self::OnionOnly(_) | Self::None => None,
        }
    }
}
