//! Wiring: which adapter stands behind which port. Beside the ground of the trial (`demo/ground/`) this is the only file that
//! names a kind of node.

use crate::{
    config::{Config, Lnd},
    failure::Failure,
};
use domp_engine::{
    EngineConfig,
    config::{Bounds, FeeLimit},
};
use domp_node_lnd::{
    ConnectError, LndConfig, LndNode,
    config::DEADLINE,
    permissions::{self, Need},
};
use domp_nostr::pool::{Auth, PoolConfig, RelayPool};
use domp_ports::{identity::Identity, lightning::Lightning, relays::Relays};
use domp_protocol::units::Sat;
use domp_vault::Vault;
use std::{sync::Arc, time::Duration};

/// Between two attempts to reach the node.
const PAUSE: Duration = Duration::from_secs(3);

/// What the engine is told.
pub fn engine_config(config: &Config) -> EngineConfig {
    let least = Sat::new(u64::from(config.limits.fee_floor_sat)).unwrap_or_default().to_msat();
    let bounds = Bounds { most_work_bits: u16::from(config.limits.max_pow_bits), ..Bounds::default() };
    EngineConfig {
        bounds,
        policy: config.policy,
        fee: FeeLimit { per_million: config.limits.fee_ppm, least },
        ..EngineConfig::new(config.network, config.relays.urls.clone())
    }
}

/// The user's relays. They may know who reads there; others are told nothing.
///
/// # Errors
/// If an address is none.
pub fn relays(config: &Config, vault: Arc<Vault>) -> Result<Arc<dyn Relays>, Failure> {
    let pool = PoolConfig {
        plaintext: config.relays.plaintext,
        proxy: config.relays.proxy,
        auth: Auth::Signer(Arc::new(move |event| vault.sign(event).map_err(|error| error.to_string()))),
        ..PoolConfig::new(config.relays.urls.clone())
    };
    let pool = RelayPool::new(pool)
        .map_err(|error| Failure::usage("bad_relay", error.to_string()).field("relays"))?;
    Ok(Arc::new(pool))
}

/// The user's relays, for somebody without a vault: a look from outside.
///
/// # Errors
/// If an address is none.
pub fn relays_from_outside(config: &Config) -> Result<Arc<dyn Relays>, Failure> {
    let pool = PoolConfig {
        plaintext: config.relays.plaintext,
        proxy: config.relays.proxy,
        ..PoolConfig::new(config.relays.urls.clone())
    };
    let pool = RelayPool::new(pool)
        .map_err(|error| Failure::usage("bad_relay", error.to_string()).field("relays"))?;
    Ok(Arc::new(pool))
}

/// The user's node. One that is not there yet is waited for; `waiting` is told why.
///
/// # Errors
/// What waiting does not mend: a missing file, a wrong network, a macaroon that is not accepted.
pub async fn lightning(config: &Config, waiting: impl Fn(&str)) -> Result<Arc<dyn Lightning>, Failure> {
    let lnd = lnd_config(config)?;
    loop {
        match LndNode::connect(&lnd).await {
            Ok(node) => return Ok(Arc::new(node)),
            Err(error) if error.is_temporary() => {
                waiting(&error.to_string());
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(not_connected(&error)),
        }
    }
}

/// What a node's credentials allow, held against the calls that are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Calls that a trade needs and that are not allowed.
    pub missing_for_trades: Vec<String>,
    /// Calls that make trading safer and are not allowed.
    pub missing_but_advised: Vec<String>,
    /// Calls for channels that are not allowed.
    pub missing_for_channels: Vec<String>,
    /// What is allowed beyond what is used.
    pub excess: Vec<String>,
    /// Conditions that may make them stop working.
    pub conditions: Vec<String>,
}

/// The user's node, now or not at all, and what its credentials allow.
///
/// # Errors
/// Whatever keeps us from it.
pub async fn lightning_now(config: &Config) -> Result<(Arc<dyn Lightning>, Allowed), Failure> {
    let node = LndNode::connect(&lnd_config(config)?).await.map_err(|error| not_connected(&error))?;
    let report = permissions::check(node.macaroon());
    let missing = |need: Need| -> Vec<String> {
        let missing = report.missing.iter().filter(|permission| permission.need == need);
        missing.map(|permission| permission.uri.to_owned()).collect()
    };
    let allowed = Allowed {
        missing_for_trades: missing(Need::Trade),
        missing_but_advised: missing(Need::Advised),
        missing_for_channels: missing(Need::Channels),
        excess: report.excess.iter().map(ToString::to_string).collect(),
        conditions: report.caveats.clone(),
    };
    Ok((Arc::new(node), allowed))
}

/// The command that bakes a macaroon with the calls that are made, and no more.
pub fn bake_command() -> String {
    permissions::bake_command("domp.macaroon", true)
}

fn lnd_config(config: &Config) -> Result<LndConfig, Failure> {
    match &config.lnd {
        Lnd::Folder(folder) => {
            LndConfig::from_lnddir(folder, config.network).map_err(|error| not_connected(&error))
        }
        Lnd::Files { address, tls_cert, macaroon } => Ok(LndConfig {
            address: address.clone(),
            tls_cert: tls_cert.clone(),
            macaroon: macaroon.clone(),
            network: config.network,
            deadline: DEADLINE,
        }),
    }
}

fn not_connected(error: &ConnectError) -> Failure {
    let (code, usage) = match error {
        ConnectError::WrongNetwork { .. } => ("wrong_network", true),
        ConnectError::File { .. } | ConnectError::BadFile { .. } | ConnectError::NoMacaroon { .. } => {
            ("node_files", true)
        }
        ConnectError::BadAddress { .. } => ("node_address", true),
        ConnectError::WrongCertificate { .. } => ("node_certificate", false),
        ConnectError::Denied { .. } => ("node_permission", false),
        _ => ("node_unreachable", false),
    };
    let failure = if usage {
        Failure::usage(code, error.to_string())
    } else {
        Failure::refused(code, error.to_string())
    };
    failure.field("lnd").hint("docs/lnd.md says how LND is set up; `domp doctor` checks it")
}
