//! A relay inside this process, for trials and tests: real sockets, real storage rules, nothing to install.
//!
//! It is `nostr-relay-builder`'s relay behind an HTTP front of ours, which serves the information document (NIP-11) on the
//! same port. It is meant for a trial on one machine, not for the open internet.

mod admission;
mod front;
mod store;

pub use admission::AdmittedKinds;
pub use store::{EventStore, StoreError};

use admission::Admission;
use domp_ports::relays::Policy;
use front::Front;
use nostr_relay_builder::{
    LocalRelay, RelayBuilder,
    builder::{RateLimit, RelayBuilderNip42},
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};
use tokio::{
    net::TcpListener,
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};

/// Connections at the same time.
const MAX_CONNECTIONS: usize = 256;
/// Events a minute and connection: no limit that a trial would meet. The library's own is 60.
const EVENTS_A_MINUTE: u32 = 1_000_000;
/// Subscriptions per connection.
const MAX_SUBSCRIPTIONS: usize = 64;

/// What an embedded relay is to be like.
#[derive(Clone, Debug)]
pub struct EmbeddedSettings {
    /// Where it listens; port 0 means any free one.
    pub address: SocketAddr,
    /// Where it keeps events.
    pub store: EventStore,
    /// Which kinds it takes.
    pub kinds: AdmittedKinds,
    /// The proof-of-work that it announces, and demands of DOMP's kinds (300 to 399).
    pub policy: Policy,
    /// Whether clients must authenticate before they read or write (NIP-42).
    pub auth: bool,
    /// Its name, for people.
    pub name: String,
}

impl Default for EmbeddedSettings {
    /// A free port of this machine, events in memory, what a trade needs and no proof-of-work.
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            store: EventStore::memory(),
            kinds: AdmittedKinds::default(),
            policy: Policy::default(),
            auth: false,
            name: "DOMP trial relay".into(),
        }
    }
}

/// A running relay. It stops when it is dropped; its store can be given to the next one.
#[derive(Debug)]
pub struct EmbeddedRelay {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    accepting: JoinHandle<()>,
}

impl EmbeddedRelay {
    /// Starts a relay. Fails only if the address cannot be listened on.
    pub async fn start(settings: EmbeddedSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.address).await.map_err(|e| {
            io::Error::new(e.kind(), format!("the relay cannot listen on {}: {e}", settings.address))
        })?;
        let address = listener.local_addr()?;
        let admission = Admission { kinds: settings.kinds, policy: settings.policy.clone() };
        let mut builder = RelayBuilder::default()
            .database(settings.store.database())
            .rate_limit(RateLimit { max_reqs: MAX_SUBSCRIPTIONS, notes_per_minute: EVENTS_A_MINUTE })
            .max_connections(MAX_CONNECTIONS)
            .write_policy(admission);
        if settings.auth {
            builder = builder.nip42(RelayBuilderNip42::default());
        }
        let front = Arc::new(Front::new(LocalRelay::new(builder), &settings.name, &settings.policy));
        let (stop, stopped) = oneshot::channel();
        let accepting = tokio::spawn(accept(listener, front, stopped));
        Ok(Self { address, stop: Some(stop), accepting })
    }

    /// Its address, as clients on this machine write it.
    pub fn url(&self) -> String {
        let mut address = self.address;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        format!("ws://{address}")
    }

    /// Stops it and returns once its port is free and every connection closed.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // If the task is gone already, so is what it held.
            let _ = stop.send(());
        }
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for EmbeddedRelay {
    fn drop(&mut self) {
        // Dropping the task drops its listener and, with the set, every connection.
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, front: Arc<Front>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) if connections.len() < MAX_CONNECTIONS => {
                    connections.spawn(front.clone().serve(stream, from));
                }
                Ok(_) => {}
                Err(error) => {
                    // Out of file descriptors, most likely: some time must pass before it can get better.
                    tracing::warn!(%error, "the embedded relay cannot take a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}
