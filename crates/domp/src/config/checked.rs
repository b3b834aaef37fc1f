//! The configuration as the rest of the program sees it: every value within its rule.

use super::{
    error::ConfigError,
    file::{ApiTable, ConnectionTable, File, LimitsTable, LndTable, PolicyTable},
};
use domp_escrow::offering::Policy;
use domp_nostr::{
    address::RelayAddress,
    pool::{MAX_RELAYS, Proxy},
};
use domp_protocol::network::Network;
use std::{
    ffi::OsString,
    fs,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Routing fees in percent of an amount, unless the file says otherwise.
const FEE_PERCENT: f64 = 1.0;
/// What a payment may cost however small it is.
const FEE_FLOOR_SAT: u32 = 10;
/// Proof-of-work that a relay may ask of us without a person being asked: seconds to a few minutes.
const POW_BITS: u8 = 24;
/// Proof-of-work that a bid on our listings brings: what this program mines even where no relay asks for any.
const BID_POW_BITS: u8 = 8;

/// Everything a person decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The Bitcoin network; the node must be on it.
    pub network: Network,
    /// The user's own relays, and how relays are reached.
    pub relays: Relays,
    /// The Lightning node.
    pub lnd: Lnd,
    /// Where the daemon listens.
    pub api: Api,
    /// What a trade may cost.
    pub limits: Limits,
    /// Which trades are taken.
    pub policy: Policy,
}

/// The user's own relays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relays {
    /// In normal form, none twice.
    pub urls: Vec<String>,
    /// Whether `ws://` to another machine is allowed.
    pub plaintext: bool,
    /// Tor, if any.
    pub proxy: Proxy,
}

/// Which node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lnd {
    /// Everything as it lies in LND's own folder.
    Folder(PathBuf),
    /// Each thing named.
    Files {
        /// `host:port` of its gRPC.
        address: String,
        /// Its certificate.
        tls_cert: PathBuf,
        /// What opens it.
        macaroon: PathBuf,
    },
}

/// Where the daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// The Unix socket; `None` means the one in the data folder.
    pub socket: Option<PathBuf>,
    /// Also over TCP, on loopback only.
    pub listen: Option<SocketAddr>,
}

/// What a trade may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest routing fee, in millionths of the amount.
    pub fee_ppm: u32,
    /// What a payment may cost however small it is, in satoshi.
    pub fee_floor_sat: u32,
    /// The most proof-of-work that is done for a relay.
    pub max_pow_bits: u8,
    /// The least proof-of-work of a bid on our listings.
    pub min_bid_pow_bits: u8,
}

/// How often real money was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RealMoney {
    /// The flag `--mainnet` was given.
    Flag,
    /// It was not: the file alone decides.
    FileOnly,
}

/// Reads the environment; the process's own outside tests.
type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Config {
    /// Reads and checks the file, then the variables that override it.
    ///
    /// # Errors
    /// [`ConfigError`] with the place, the key and the rule.
    pub fn read(path: &Path, real_money: RealMoney, env: Env<'_>) -> Result<Self, ConfigError> {
        Self::parse(&read(path)?, path, real_money, env)
    }

    /// The socket alone, for those who only want to talk to the daemon: the rest is the daemon's affair.
    ///
    /// # Errors
    /// [`ConfigError`], if the file cannot be read at all.
    pub fn socket(path: &Path, env: Env<'_>) -> Result<Option<PathBuf>, ConfigError> {
        let text = read(path)?;
        let mut file: File = toml::from_str(&text).map_err(|error| ConfigError::form(path, &text, &error))?;
        override_from(&mut file, env)?;
        let home = env("HOME").map(PathBuf::from);
        Ok(file.api.socket.map(|path| expand(path, home.as_deref())))
    }

    /// The same of a text that is not in a file yet.
    pub(crate) fn parse(
        text: &str,
        path: &Path,
        real_money: RealMoney,
        env: Env<'_>,
    ) -> Result<Self, ConfigError> {
        let mut file: File = toml::from_str(text).map_err(|error| ConfigError::form(path, text, &error))?;
        override_from(&mut file, env)?;
        let place = path.display().to_string();
        let home = env("HOME").map(PathBuf::from);
        Ok(Self {
            network: network(&place, &file, real_money)?,
            relays: relays(&place, file.relays, &file.connection)?,
            lnd: lnd(&place, file.lnd, home.as_deref())?,
            api: api(&place, file.api, home.as_deref())?,
            limits: limits(&place, &file.limits, &file.policy)?,
            policy: policy(&place, &file.policy)?,
        })
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => ConfigError::Missing(path.to_owned()),
        _ => ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() },
    })
}

fn override_from(file: &mut File, env: Env<'_>) -> Result<(), ConfigError> {
    let text = |name: &str| match env(name) {
        None => Ok(None),
        Some(value) => value.into_string().map(Some).map_err(|_| {
            ConfigError::value(
                "environment",
                name,
                "is not text",
                "it has to be UTF-8; unset it or correct it",
            )
        }),
    };
    if let Some(network) = text("DOMP_NETWORK")? {
        file.network = Some(network);
    }
    if let Some(relays) = text("DOMP_RELAYS")? {
        file.relays =
            Some(relays.split(',').map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()).collect());
    }
    if let Some(folder) = env("DOMP_LNDDIR") {
        file.lnd = LndTable { lnddir: Some(folder.into()), ..LndTable::default() };
    }
    if let Some(address) = text("DOMP_LND_ADDRESS")? {
        file.lnd.lnddir = None;
        file.lnd.address = Some(address);
    }
    if let Some(path) = env("DOMP_LND_TLS_CERT") {
        file.lnd.tls_cert = Some(path.into());
    }
    if let Some(path) = env("DOMP_LND_MACAROON") {
        file.lnd.macaroon = Some(path.into());
    }
    if let Some(path) = env("DOMP_API_SOCKET") {
        file.api.socket = Some(path.into());
    }
    if let Some(listen) = text("DOMP_API_LISTEN")? {
        file.api.listen = Some(listen);
    }
    Ok(())
}

/// Mainnet has to be said twice: in `network`, and by a second key or the flag.
fn network(place: &str, file: &File, real_money: RealMoney) -> Result<Network, ConfigError> {
    let wrong = |found: String, rule: &str| Err(ConfigError::value(place, "network", found, rule));
    let Some(name) = &file.network else {
        return wrong("is missing".into(), "it has to be mainnet, testnet, signet or regtest");
    };
    let network = match Network::from_str(name) {
        Ok(network) => network,
        Err(_) => return wrong(format!("is {name:?}"), "it has to be mainnet, testnet, signet or regtest"),
    };
    let twice = file.i_know_this_is_real_money == Some(true) || real_money == RealMoney::Flag;
    match (network, twice) {
        (Network::Mainnet, false) => wrong(
            "is mainnet, said once".into(),
            "real money has to be asked for twice: set i_know_this_is_real_money = true as well, or give --mainnet",
        ),
        (Network::Mainnet, true) => Ok(network),
        (_, _) if real_money == RealMoney::Flag => wrong(
            format!("is {network}, but --mainnet was given"),
            "leave the flag out, or set network = \"mainnet\"",
        ),
        (_, _) => Ok(network),
    }
}

fn relays(place: &str, urls: Option<Vec<String>>, table: &ConnectionTable) -> Result<Relays, ConfigError> {
    let plaintext = table.allow_plaintext_relays.unwrap_or(false);
    let wrong = |found: String, rule: String| ConfigError::value(place, "relays", found, rule);
    let mut checked: Vec<String> = Vec::new();
    for url in urls.unwrap_or_default() {
        let address = RelayAddress::parse(&url, plaintext)
            .map_err(|error| wrong(format!("has {url:?}"), error.to_string()))?;
        if !checked.iter().any(|known| known == address.as_str()) {
            checked.push(address.as_str().to_owned());
        }
    }
    if checked.len() > MAX_RELAYS {
        return Err(wrong(format!("names {}", checked.len()), format!("at most {MAX_RELAYS} are used")));
    }
    Ok(Relays { urls: checked, plaintext, proxy: proxy(place, table)? })
}

fn proxy(place: &str, table: &ConnectionTable) -> Result<Proxy, ConfigError> {
    let everything = table.everything_through_tor.unwrap_or(false);
    match (&table.tor_proxy, everything) {
        (None, false) => Ok(Proxy::None),
        (None, true) => Err(ConfigError::value(
            place,
            "connection.everything_through_tor",
            "is true",
            "it needs connection.tor_proxy, such as \"127.0.0.1:9050\"",
        )),
        (Some(text), everything) => {
            let address = text.parse().map_err(|_| {
                let rule = "it has to be an address and a port, such as \"127.0.0.1:9050\"";
                ConfigError::value(place, "connection.tor_proxy", format!("is {text:?}"), rule)
            })?;
            Ok(if everything { Proxy::Everything(address) } else { Proxy::OnionOnly(address) })
        }
    }
}

fn lnd(place: &str, table: LndTable, home: Option<&Path>) -> Result<Lnd, ConfigError> {
    let wrong = |key: &str, found: &str, rule: &str| Err(ConfigError::value(place, key, found, rule));
    let open = |path: PathBuf| expand(path, home);
    match (table.lnddir, table.address, table.tls_cert, table.macaroon) {
        (Some(folder), None, None, None) => Ok(Lnd::Folder(open(folder))),
        (None, None, None, None) => Ok(Lnd::Folder(open("~/.lnd".into()))),
        (Some(_), _, _, _) => wrong(
            "lnd.lnddir",
            "stands beside lnd.address, lnd.tls_cert or lnd.macaroon",
            "name the folder or the three things, not both",
        ),
        (None, Some(address), Some(tls_cert), Some(macaroon)) => {
            let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            if port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
                return wrong(
                    "lnd.address",
                    &format!("is {address:?}"),
                    "it has to be host:port, such as \"127.0.0.1:10009\"",
                );
            }
            Ok(Lnd::Files { address, tls_cert: open(tls_cert), macaroon: open(macaroon) })
        }
        (None, None, _, _) => wrong(
            "lnd.address",
            "is missing",
            "the certificate or macaroon is named, so the address has to be",
        ),
        (None, Some(_), None, _) => {
            wrong("lnd.tls_cert", "is missing", "name LND's tls.cert beside lnd.address")
        }
        (None, Some(_), Some(_), None) => wrong(
            "lnd.macaroon",
            "is missing",
            "name a macaroon beside lnd.address; `domp doctor` says which",
        ),
    }
}

fn api(place: &str, table: ApiTable, home: Option<&Path>) -> Result<Api, ConfigError> {
    let listen = match table.listen {
        None => None,
        Some(text) => {
            let wrong = |rule| ConfigError::value(place, "api.listen", format!("is {text:?}"), rule);
            let address: SocketAddr = text
                .parse()
                .map_err(|_| wrong("it has to be an address and a port, such as \"127.0.0.1:9736\""))?;
            if !address.ip().is_loopback() {
                return Err(wrong(
                    "the API is for this machine only: use 127.0.0.1 or [::1], and a tunnel if it must be reached from elsewhere",
                ));
            }
            Some(address)
        }
    };
    Ok(Api { socket: table.socket.map(|path| expand(path, home)), listen })
}

fn limits(place: &str, table: &LimitsTable, policy: &PolicyTable) -> Result<Limits, ConfigError> {
    let percent = table.max_fee_percent.unwrap_or(FEE_PERCENT);
    if !(0.0..=10.0).contains(&percent) {
        let found = format!("is {percent}");
        return Err(ConfigError::value(place, "limits.max_fee_percent", found, "it has to be from 0 to 10"));
    }
    // Within 0 to 100,000, so the conversion loses nothing but fractions of a millionth.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let fee_ppm = (percent * 10_000.0).round() as u32;
    let whole = |key: &str, value: Option<i64>, least: u32, most: u32, default: u32| match value {
        None => Ok(default),
        Some(found) => u32::try_from(found).ok().filter(|n| (least..=most).contains(n)).ok_or_else(|| {
            ConfigError::value(
                place,
                key,
                format!("is {found}"),
                format!("it has to be from {least} to {most}"),
            )
        }),
    };
    let bits = whole("limits.max_pow_bits", table.max_pow_bits, 0, 32, u32::from(POW_BITS))?;
    let bid_bits = whole("policy.min_bid_pow_bits", policy.min_bid_pow_bits, 0, 32, u32::from(BID_POW_BITS))?;
    Ok(Limits {
        fee_ppm,
        fee_floor_sat: whole("limits.max_fee_floor_sat", table.max_fee_floor_sat, 0, 10_000, FEE_FLOOR_SAT)?,
        max_pow_bits: u8::try_from(bits).unwrap_or(POW_BITS),
        min_bid_pow_bits: u8::try_from(bid_bits).unwrap_or(u8::MAX),
    })
}

fn policy(place: &str, table: &PolicyTable) -> Result<Policy, ConfigError> {
    let default = Policy::default();
    let percent = match table.min_collateral_percent {
        None => default.min_collateral_percent,
        Some(found) => u32::try_from(found).ok().filter(|n| *n <= 1000).ok_or_else(|| {
            let key = "policy.min_collateral_percent";
            ConfigError::value(place, key, format!("is {found}"), "it has to be from 0 to 1000")
        })?,
    };
    let allow_small = table.allow_small_amounts.unwrap_or(default.allow_small);
    Ok(Policy { min_collateral_percent: percent, allow_small })
}

/// `~/` at the start of a path, as people write it.
fn expand(path: PathBuf, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
