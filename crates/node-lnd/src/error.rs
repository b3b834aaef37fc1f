//! Why a node could not be connected, each with the file or setting at fault and the way out.

use domp_protocol::network::Network;
use std::path::PathBuf;

/// Why no connection to LND could be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A file could not be read.
    #[error("cannot read {what} {path}: {source}")]
    File {
        /// What the file should be.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} is not {what}: {reason}")]
    BadFile {
        /// What the file should be.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// LND's folder has no macaroon for the network.
    #[error("no macaroon for {network} in {folder}: {hint}")]
    NoMacaroon {
        /// The network asked for.
        network: Network,
        /// LND's folder.
        folder: PathBuf,
        /// What was found instead, and what to do.
        hint: String,
    },
    /// The address is none.
    #[error(
        "{address:?} is not an address of LND's gRPC ({reason}); write host:port, such as 127.0.0.1:10009"
    )]
    BadAddress {
        /// As configured.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// Nobody answers there.
    #[error("no LND answers at {address}: {reason}")]
    Unreachable {
        /// As configured.
        address: String,
        /// What was seen.
        reason: String,
    },
    /// Somebody answers there with another certificate.
    #[error(
        "the node at {address} shows another TLS certificate than {path}: name the tls.cert of that very node, or \
         the right address"
    )]
    WrongCertificate {
        /// As configured.
        address: String,
        /// The certificate file.
        path: PathBuf,
    },
    /// The macaroon is not accepted, or allows too little.
    #[error(
        "LND at {address} does not accept the macaroon {path} ({reason}): name a macaroon of that very node with the \
         permissions that `domp doctor` lists"
    )]
    Denied {
        /// As configured.
        address: String,
        /// The macaroon file.
        path: PathBuf,
        /// LND's own words.
        reason: String,
    },
    /// LND is there and cannot work yet.
    #[error("LND at {address} is not ready: {reason}")]
    NotReady {
        /// As configured.
        address: String,
        /// What it waits for.
        reason: String,
    },
    /// The node is on another network.
    #[error(
        "the LND at {address} (macaroon {path}) is on {found}, not on {wanted}: name the node of that network, or \
         change the network"
    )]
    WrongNetwork {
        /// As configured.
        address: String,
        /// The macaroon file, which tells the node's folder.
        path: PathBuf,
        /// The network that was configured.
        wanted: Network,
        /// The network the node is on.
        found: String,
    },
    /// A version whose safety distances are not known.
    #[error(
        "LND reports the version {found:?}, whose block distances before an HTLC's expiry are not known: use LND \
         0.15 or later"
    )]
    UnknownVersion {
        /// As reported.
        found: String,
    },
    /// The answer makes no sense.
    #[error("LND at {address} gave a malformed answer: {reason}")]
    Malformed {
        /// As configured.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The TLS library could not be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
}

impl ConnectError {
    /// Wraps a failure to read a file.
    pub(crate) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
    /// Whether trying again later may help: the node is away, starting or locked.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::NotReady { .. })
    }
    /// Whether it is about the node's files: they may be on a volume that is mounted late, or LND may be making them anew at
    /// this moment. Nobody can tell that from a wrong path.
    pub const fn is_about_files(&self) -> bool {
        matches!(
            self,
            Self::File { .. }
                | Self::BadFile { .. }
                | Self::NoMacaroon { .. }
                | Self::WrongCertificate { .. }
        )
    }
}
