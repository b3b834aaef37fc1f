//! From a relay's address to an open byte stream: name resolution, TCP or SOCKS5, TLS.
//!
//! TLS is rustls with its `ring` provider, named explicitly: nothing depends on a process-wide default being installed.

use super::{config::Proxy, reach::Reach};
use crate::address::RelayAddress;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName},
    },
};
use tokio_socks::tcp::Socks5Stream;

/// How long one of several addresses of a host may take before the next is tried.
const PER_ADDRESS: Duration = Duration::from_secs(3);
/// How many addresses of one host are tried.
const MAX_ADDRESSES: usize = 6;

/// An open, possibly encrypted connection.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}
/// Any such connection.
pub(crate) type Stream = Box<dyn Io>;

/// Opens connections.
pub(crate) struct Dialer {
    tls: TlsConnector,
    proxy: Proxy,
}

impl Dialer {
    /// A dialer that trusts the web's certificate authorities and `extra` ones.
    pub(crate) fn new(extra: &[CertificateDer<'static>], proxy: Proxy) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in extra {
            roots.add(root.clone())?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), proxy })
    }

    /// Connects. Not bounded in time as a whole: the caller does that.
    pub(crate) async fn dial(&self, address: &RelayAddress, reach: Reach) -> Result<Stream, String> {
        let tcp = self.tcp(address, reach).await?;
        // Messages are small and wait for answers; Nagle's algorithm would only delay them.
        tcp.set_nodelay(true).map_err(|e| e.to_string())?;
        if !address.is_tls() {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(address.host()).map_err(|e| e.to_string())?;
        let tls = self.tls.connect(name, tcp).await.map_err(|e| format!("TLS: {e}"))?;
        Ok(Box::new(tls))
    }

    async fn tcp(&self, address: &RelayAddress, reach: Reach) -> Result<TcpStream, String> {
        let (host, port) = (address.host(), address.port());
        if let Some(proxy) = self.proxy.for_host(address.is_onion()) {
            if host.parse().is_ok_and(|ip| !reach.allows(ip)) {
                return Err(NOT_PUBLIC.into());
            }
            // The proxy resolves the name: asking our own resolver would tell it where we go.
            let stream = Socks5Stream::connect(proxy, (host.as_str(), port)).await;
            return stream.map(Socks5Stream::into_inner).map_err(|e| format!("SOCKS5 proxy {proxy}: {e}"));
        }
        if address.is_onion() {
            return Err("a .onion relay needs a SOCKS5 proxy (Tor), and none is configured".into());
        }
        let found: Vec<SocketAddr> =
            lookup_host((host.as_str(), port)).await.map_err(|e| e.to_string())?.collect();
        let allowed: Vec<_> =
            found.into_iter().filter(|a| reach.allows(a.ip())).take(MAX_ADDRESSES).collect();
        if allowed.is_empty() {
            return Err(NOT_PUBLIC.into());
        }
        let mut last = String::new();
        for candidate in allowed {
            match timeout(PER_ADDRESS, TcpStream::connect(candidate)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(e)) => last = format!("{candidate}: {}", plain(&e)),
                Err(_) => last = format!("{candidate}: no answer within {} s", PER_ADDRESS.as_secs()),
            }
        }
        Err(last)
    }
}

const NOT_PUBLIC: &str =
    "it leads to a private address, which is allowed for relays of your own configuration only";

fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(non_snake_case)]
    use super::*;

    fn address(text: &str) -> RelayAddress {
        RelayAddress::parse(text, true).unwrap()
    }

    #[tokio::test]
    async fn dial__strangers_address_on_this_machine__refused_before_connecting() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://localhost:{}", listener.local_addr().unwrap().port());
        let dialer = Dialer::new(&[], Proxy::None).unwrap();
        let refused = dialer.dial(&address(&url), Reach::PublicOnly).await.err().unwrap();
        assert_eq!(refused, NOT_PUBLIC);
        assert!(dialer.dial(&address(&url), Reach::Anywhere).await.is_ok());
    }

    #[tokio::test]
    async fn dial__onion_without_proxy__says_what_is_missing() {
        let dialer = Dialer::new(&[], Proxy::None).unwrap();
        let refused = dialer.dial(&address("ws://abcdef.onion"), Reach::Anywhere).await.err().unwrap();
        assert!(refused.contains("SOCKS5"), "{refused}");
    }

    #[tokio::test]
    async fn dial__proxy_for_everything__a_strangers_private_address_is_still_refused() {
        let dialer = Dialer::new(&[], Proxy::Everything(([127, 0, 0, 1], 9).into())).unwrap();
        let refused = dialer.dial(&address("wss://192.168.1.1"), Reach::PublicOnly).await.err().unwrap();
        assert_eq!(refused, NOT_PUBLIC);
    }

    #[tokio::test]
    async fn dial__nobody_listens__connection_refused() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dialer = Dialer::new(&[], Proxy::None).unwrap();
        let failed =
            dialer.dial(&address(&format!("ws://127.0.0.1:{free}")), Reach::Anywhere).await.err().unwrap();
        assert!(failed.contains("connection refused"), "{failed}");
    }
}
