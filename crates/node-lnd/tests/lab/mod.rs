//! Two real LND nodes, each reached with a macaroon that allows the listed calls and nothing else.

use domp_node_lnd::{LndConfig, config::OWN_MACAROON, permissions::PERMISSIONS};
use domp_protocol::network::Network;
use domp_regtest::{Lnd, Plan, Regtest, programs_or_skip};

/// Starts the network; `None` after saying loudly why not.
pub async fn start(test: &str, plan: &Plan) -> Result<Option<Regtest>, String> {
    let Some(programs) = programs_or_skip(test).map_err(|error| error.to_string())? else { return Ok(None) };
    let network = Regtest::start(&programs, plan).await.map_err(|error| error.to_string())?;
    for node in network.nodes() {
        bake(node, OWN_MACAROON, |_| true).await;
    }
    Ok(Some(network))
}

/// Bakes a macaroon with those of the listed calls that `wanted` says, and nothing else.
pub async fn bake(node: &Lnd, name: &str, wanted: impl Fn(&str) -> bool) -> std::path::PathBuf {
    let uris: Vec<(&str, &str)> = PERMISSIONS
        .iter()
        .filter(|permission| wanted(permission.uri))
        .map(|permission| ("uri", permission.uri))
        .collect();
    node.bake_macaroon(name.trim_end_matches(".macaroon"), &uris).await.unwrap()
}

/// How to reach a node: found in its own folder, as a person's configuration would have it.
pub fn config(node: &Lnd) -> LndConfig {
    LndConfig::from_lnddir(node.folder(), Network::Regtest).unwrap()
}
