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
use domp_nostr::pool::{
    Auth, PoolConfig, Proxy, RelayPool,
    nip05::{Name, NameError},
};
use domp_ports::{identity::Identity, lightning::Lightning, relays::Relays};
use domp_protocol::{ids::PublicKey, units::Sat};
use domp_vault::Vault;
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Between two attempts to reach the node.
const PAUSE: Duration = Duration::from_secs(3);

/// What the engine is told.
pub fn engine_config(config: &Config) -> EngineConfig {
    let least = Sat::new(u64::from(config.limits.fee_floor_sat)).unwrap_or_default().to_msat();
    let bounds = Bounds {
        most_work_bits: u16::from(config.limits.max_pow_bits),
        bid_work_bits: u16::from(config.limits.min_bid_pow_bits),
        ..Bounds::default()
    };
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

/// The user's node. One that is not there yet is waited for, and so are its files: a daemon that gave up after a reboot, when
/// a volume was mounted late, would miss every deadline. `waiting` is told why, once for each reason.
///
/// # Errors
/// What waiting does not mend: a wrong network, a macaroon that is not accepted.
pub async fn lightning(config: &Config, waiting: impl Fn(&str)) -> Result<Arc<dyn Lightning>, Failure> {
    let mut told = String::new();
    loop {
        let error = match connect(config).await {
            Ok(node) => return Ok(Arc::new(node)),
            Err(error) if error.is_temporary() || error.is_about_files() => error.to_string(),
            Err(error) => return Err(not_connected(&error)),
        };
        if error != told {
            waiting(&error);
            told = error;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn connect(config: &Config) -> Result<LndNode, ConnectError> {
    LndNode::connect(&lnd_config(config)?).await
}

/// The file with the node's macaroon, if it can be found.
pub fn macaroon_file(config: &Config) -> Option<PathBuf> {
    lnd_config(config).ok().map(|lnd| lnd.macaroon)
}

/// A name of the form `name@domain`, and the key that its domain says is theirs (NIP-05).
///
/// # Errors
/// If it is no name, its domain cannot be asked, or does not know it.
pub async fn look_up(text: &str, proxy: Proxy) -> Result<(Name, PublicKey), Failure> {
    let unknown = |error: NameError| {
        let failure = match error {
            NameError::Malformed { .. } => Failure::usage("bad_name", error.to_string()),
            NameError::NoAnswer { .. } | NameError::Unknown { .. } => {
                Failure::refused("unknown_name", error.to_string())
            }
        };
        failure.hint("the key itself always does: npub1…, nprofile1… or 64 hex digits")
    };
    let name = Name::parse(text.trim()).map_err(unknown)?;
    let key = name.look_up(proxy).await.map_err(unknown)?;
    Ok((name, key))
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
    let node = connect(config).await.map_err(|error| not_connected(&error))?;
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

/// The command that bakes a macaroon with the calls that trades need, and no more; with `channels` also those that open and
/// close channels.
pub fn bake_command(channels: bool) -> String {
    permissions::bake_command("domp.macaroon", channels)
}

fn lnd_config(config: &Config) -> Result<LndConfig, ConnectError> {
    match &config.lnd {
        Lnd::Folder(folder) => LndConfig::from_lnddir(folder, config.network),
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
