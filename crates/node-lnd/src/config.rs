//! Where a node is and which files open it.

use crate::{error::ConnectError, lnd_conf::LndConf};
use domp_protocol::network::Network;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long one call may take before its outcome counts as unknown.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// The macaroon that is preferred where there is one: baked for this program with only what it needs.
pub const OWN_MACAROON: &str = "domp.macaroon";

/// How to reach an LND node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LndConfig {
    /// `host:port` of its gRPC.
    pub address: String,
    /// Its TLS certificate, which is pinned. Read again for every connection, since LND renews it now and then.
    pub tls_cert: PathBuf,
    /// The macaroon that is sent with every call.
    pub macaroon: PathBuf,
    /// The network it must be on.
    pub network: Network,
    /// How long one call may take.
    pub deadline: Duration,
}

impl LndConfig {
    /// Finds everything in LND's own folder (`--lnddir`): the address in `lnd.conf`, `tls.cert`, and the macaroon below
    /// `data/chain/bitcoin/NETWORK/`, where [`OWN_MACAROON`] is preferred to `admin.macaroon`.
    ///
    /// # Errors
    /// [`ConnectError`] naming the file or folder that is missing.
    pub fn from_lnddir(folder: &Path, network: Network) -> Result<Self, ConnectError> {
        // Also says so when the folder itself is not there or not ours to read.
        fs::read_dir(folder).map_err(ConnectError::file("LND's folder", folder))?;
        let conf = LndConf::read(folder)?;
        let tls_cert =
            conf.tlscertpath.as_ref().map_or_else(|| folder.join("tls.cert"), |path| folder.join(path));
        let macaroon = find_macaroon(folder, network, conf.adminmacaroonpath.as_deref())?;
        Ok(Self { address: conf.address(), tls_cert, macaroon, network, deadline: DEADLINE })
    }
}

/// The names that LND's folders have for a network.
const fn folders(network: Network) -> &'static [&'static str] {
    match network {
        Network::Mainnet => &["mainnet"],
        Network::Testnet => &["testnet", "testnet4"],
        Network::Signet => &["signet"],
        Network::Regtest => &["regtest"],
    }
}

fn find_macaroon(folder: &Path, network: Network, admin: Option<&str>) -> Result<PathBuf, ConnectError> {
    let chains = folder.join("data").join("chain").join("bitcoin");
    let own = folders(network).iter().map(|name| chains.join(name).join(OWN_MACAROON));
    let admins = folders(network).iter().map(|name| chains.join(name).join("admin.macaroon"));
    let named = admin.map(|path| folder.join(path));
    if let Some(found) = own.chain(named).chain(admins).find(|path| path.is_file()) {
        return Ok(found);
    }
    let mut others: Vec<String> = fs::read_dir(&chains)
        .map(|entries| entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
        .unwrap_or_default();
    others.sort();
    let hint = if others.is_empty() {
        "it holds no chain at all; is this LND's folder (--lnddir), and was a wallet made?".to_owned()
    } else {
        format!("it holds {}; name the right network or folder", others.join(", "))
    };
    Err(ConnectError::NoMacaroon { network, folder: folder.to_owned(), hint })
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    fn lnddir(network: &str, macaroons: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let chain = folder.path().join("data/chain/bitcoin").join(network);
        fs::create_dir_all(&chain).unwrap();
        for name in macaroons {
            fs::write(chain.join(name), "m").unwrap();
        }
        folder
    }

    #[test]
    fn lnddir__usual_layout__found_with_defaults() {
        let folder = lnddir("regtest", &["admin.macaroon"]);
        let config = LndConfig::from_lnddir(folder.path(), Network::Regtest).unwrap();
        assert_eq!(config.address, "127.0.0.1:10009");
        assert_eq!(config.tls_cert, folder.path().join("tls.cert"));
        assert_eq!(config.macaroon, folder.path().join("data/chain/bitcoin/regtest/admin.macaroon"));
    }

    #[test]
    fn lnddir__own_macaroon__preferred() {
        let folder = lnddir("testnet4", &["admin.macaroon", OWN_MACAROON]);
        let config = LndConfig::from_lnddir(folder.path(), Network::Testnet).unwrap();
        assert!(config.macaroon.ends_with("testnet4/domp.macaroon"), "{config:?}");
    }

    #[test]
    fn lnddir__settings_in_lnd_conf__win() {
        let folder = lnddir("mainnet", &[]);
        fs::write(folder.path().join("elsewhere.macaroon"), "m").unwrap();
        let conf =
            "rpclisten=10.0.0.5:10010\ntlscertpath=certs/tls.cert\nadminmacaroonpath=elsewhere.macaroon\n";
        fs::write(folder.path().join("lnd.conf"), conf).unwrap();
        let config = LndConfig::from_lnddir(folder.path(), Network::Mainnet).unwrap();
        assert_eq!(config.address, "10.0.0.5:10010");
        assert_eq!(config.tls_cert, folder.path().join("certs/tls.cert"));
        assert_eq!(config.macaroon, folder.path().join("elsewhere.macaroon"));
    }

    #[test]
    fn lnddir__other_network__says_which_it_holds() {
        let folder = lnddir("regtest", &["admin.macaroon"]);
        let error = LndConfig::from_lnddir(folder.path(), Network::Mainnet).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "no macaroon for mainnet in {}: it holds regtest; name the right network or folder",
                folder.path().display()
            )
        );
    }

    #[test]
    fn lnddir__not_there__names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent");
        let error = LndConfig::from_lnddir(&path, Network::Mainnet).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("cannot read LND's folder {}", path.display())),
            "{error}"
        );
        let error = LndConfig::from_lnddir(folder.path(), Network::Mainnet).unwrap_err();
        assert!(error.to_string().contains("it holds no chain at all"), "{error}");
    }
}
