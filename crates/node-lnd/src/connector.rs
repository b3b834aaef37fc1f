//! The TLS connection to LND: its own certificate is pinned, and nothing else is trusted.
//!
//! LND's self-signed certificate is marked as an authority, which the usual verification refuses as an end-entity
//! certificate. Comparing it with the file byte for byte is both stricter and simpler. The handshake's signature is
//! still verified: it is what proves that the other end holds the certificate's key.

use crate::error::ConnectError;
use hyper_util::rt::TokioIo;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    },
};

/// Why the last attempt to connect failed. gRPC reports only that one did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nobody answers, or not in TLS.
    Connection(String),
    /// Somebody answers who is not the node of the certificate file.
    WrongCertificate,
    /// The certificate file cannot be used.
    CertificateFile(String),
}

/// Opens connections to one node.
#[derive(Debug)]
pub(crate) struct Connector {
    host: String,
    port: u16,
    tls_cert: PathBuf,
    provider: Arc<CryptoProvider>,
    last_failure: Mutex<Option<Failure>>,
}

impl Connector {
    pub(crate) fn new(address: &str, tls_cert: &Path) -> Result<Self, ConnectError> {
        let (host, port) = host_and_port(address)?;
        Ok(Self {
            host,
            port,
            tls_cert: tls_cert.to_owned(),
            provider: Arc::new(ring::default_provider()),
            last_failure: Mutex::new(None),
        })
    }

    /// `http://host:port`: the scheme says that gRPC shall not do TLS itself, since this connector does it.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }

    /// Why the last attempt failed; `None` after one that worked.
    pub(crate) fn last_failure(&self) -> Option<Failure> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One TLS connection. The certificate file is read anew each time: LND renews it when it runs out.
    pub(crate) async fn connect(&self) -> io::Result<TokioIo<TlsStream<TcpStream>>> {
        let outcome = self.handshake().await;
        let failure = outcome.as_ref().err().cloned();
        *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        outcome.map(TokioIo::new).map_err(|failure| io::Error::other(failure.to_string()))
    }

    async fn handshake(&self) -> Result<TlsStream<TcpStream>, Failure> {
        let pinned =
            read_certificate(&self.tls_cert).map_err(|error| Failure::CertificateFile(error.to_string()))?;
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let connection = |error: String| Failure::Connection(error);
        let tls = self.tls_config(pinned).map_err(|error| connection(error.to_string()))?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| connection(error.to_string()))?;
        let tcp =
            TcpStream::connect((host, self.port)).await.map_err(|error| connection(error.to_string()))?;
        tcp.set_nodelay(true).map_err(|error| connection(error.to_string()))?;
        let wrong = Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        TlsConnector::from(Arc::new(tls)).connect(name, tcp).await.map_err(|error| {
            match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
                Some(inner) if *inner == wrong => Failure::WrongCertificate,
                _ => connection(format!("no TLS: {error}")),
            }
        })
    }

    fn tls_config(&self, pinned: CertificateDer<'static>) -> Result<ClientConfig, Error> {
        let pin = Pin { pinned, provider: Arc::clone(&self.provider) };
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pin))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connection(reason) | Self::CertificateFile(reason) => f.write_str(reason),
            Self::WrongCertificate => f.write_str("another TLS certificate than the pinned one"),
        }
    }
}

/// The one certificate of LND's `tls.cert`.
pub(crate) fn read_certificate(path: &Path) -> Result<CertificateDer<'static>, ConnectError> {
    let pem = fs::read(path).map_err(ConnectError::file("LND's TLS certificate", path))?;
    CertificateDer::from_pem_slice(&pem).map_err(|error| ConnectError::BadFile {
        what: "a TLS certificate in PEM form",
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

fn host_and_port(address: &str) -> Result<(String, u16), ConnectError> {
    let bad =
        |reason: &str| ConnectError::BadAddress { address: address.to_owned(), reason: reason.to_owned() };
    if address.contains("://") {
        return Err(bad("it has a scheme"));
    }
    let uri: tonic::codegen::http::Uri =
        format!("http://{address}").parse().map_err(|_| bad("no host and port"))?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| bad("no host"))?;
    let port = uri.port_u16().ok_or_else(|| bad("no port"))?;
    if uri.path() != "/" || address.contains('@') {
        return Err(bad("more than host and port"));
    }
    Ok((host.to_owned(), port))
}

/// Accepts one certificate.
#[derive(Debug)]
struct Pin {
    pinned: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if end_entity.as_ref() == self.pinned.as_ref() {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn address__host_and_port__taken_apart() {
        for (address, host, port) in [
            ("127.0.0.1:10009", "127.0.0.1", 10009),
            ("[::1]:1", "[::1]", 1),
            ("lnd.example:443", "lnd.example", 443),
        ] {
            assert_eq!(host_and_port(address).unwrap(), (host.to_owned(), port));
        }
    }

    #[test]
    fn address__anything_else__refused_with_an_example() {
        for address in
            ["", "127.0.0.1", "https://127.0.0.1:10009", "a b:1", "host:99999", "host:1/path", "me@host:1"]
        {
            let error = host_and_port(address).unwrap_err().to_string();
            assert!(error.contains("write host:port, such as 127.0.0.1:10009"), "{address:?}: {error}");
        }
    }

    #[test]
    fn certificate__not_pem__names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tls.cert");
        let error = read_certificate(&path).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("cannot read LND's TLS certificate {}", path.display())),
            "{error}"
        );
        fs::write(&path, "hello").unwrap();
        let error = read_certificate(&path).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("{} is not a TLS certificate in PEM form", path.display())),
            "{error}"
        );
    }
}
