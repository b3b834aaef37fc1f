//! The API without a socket, for the fuzz targets only: never part of the program.

use crate::{
    api::{Desk, routes},
    reference::npub,
    wire::status::Identity,
};
use domp_engine::Engine;
use domp_ports::identity::Identity as _;
use domp_vault::Vault;
use std::{path::PathBuf, sync::Arc};
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
