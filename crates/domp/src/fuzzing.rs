//! The API without a socket and the configuration without a file, for the fuzz targets only: never part of the program.

use crate::{
    api::{Desk, routes},
    config::{Config, RealMoney, Template},
    reference::npub,
    wire::status::Identity,
};
use domp_engine::Engine;
use domp_ports::identity::Identity as _;
use domp_protocol::network::Network;
use domp_vault::Vault;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::watch;

/// Every path of the API on a running engine, behind neither socket nor gate. Streams end when `stopping` turns true.
pub fn router(
    engine: Engine,
    vault: Arc<Vault>,
    workspace: PathBuf,
    stopping: watch::Receiver<bool>,
) -> axum::Router {
    let key = vault.public_key();
    let identity = Identity {
        public_key: key.to_string(),
        npub: npub(key.as_bytes()),
        network: "regtest".to_owned(),
        implementation: engine.ports().lightning.capabilities().implementation,
    };
    routes(Arc::new(Desk { engine, vault, identity, workspace, stopping }))
}

/// What a configuration file with this text says.
///
/// # Errors
/// Why it is refused, as a person reads it.
pub fn config(text: &str) -> Result<String, String> {
    let env = |name: &str| (name == "HOME").then(|| "/home/ann".into());
    Config::parse(text, Path::new("/c/config.toml"), RealMoney::FileOnly, &env)
        .map(|config| format!("{config:?}"))
        .map_err(|error| error.to_string())
}

/// The configuration file that `domp init` writes for these answers.
pub fn template(relays: Vec<String>, lnddir: &str) -> String {
    Template { network: Network::Regtest, real_money: false, relays, lnddir: Some(lnddir.into()) }.text()
}
