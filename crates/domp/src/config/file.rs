//! The form of the configuration file: every key there is, and nothing else.

use serde::Deserialize;
use std::path::PathBuf;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub network: Option<String>,
    pub i_know_this_is_real_money: Option<bool>,
    pub relays: Option<Vec<String>>,
    #[serde(default)]
    pub lnd: LndTable,
    #[serde(default)]
    pub api: ApiTable,
    #[serde(default)]
    pub limits: LimitsTable,
    #[serde(default)]
    pub policy: PolicyTable,
    #[serde(default)]
    pub connection: ConnectionTable,
}

/// `[lnd]`: which node, and what opens it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LndTable {
    pub lnddir: Option<PathBuf>,
    pub address: Option<String>,
    pub tls_cert: Option<PathBuf>,
    pub macaroon: Option<PathBuf>,
}

/// `[api]`: where the daemon listens.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApiTable {
    pub socket: Option<PathBuf>,
    pub listen: Option<String>,
}

/// `[limits]`: what a trade may cost.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsTable {
    pub max_fee_percent: Option<f64>,
    pub max_fee_floor_sat: Option<i64>,
    pub max_pow_bits: Option<i64>,
}

/// `[policy]`: which trades are taken.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyTable {
    pub min_collateral_percent: Option<i64>,
    pub allow_small_amounts: Option<bool>,
    pub min_bid_pow_bits: Option<i64>,
}

/// `[connection]`: how relays are reached.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionTable {
    pub tor_proxy: Option<String>,
    pub everything_through_tor: Option<bool>,
    pub allow_plaintext_relays: Option<bool>,
}
