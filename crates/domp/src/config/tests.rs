//! Tests of the configuration: what is read, and every refusal with its key and its rule.

#![allow(non_snake_case)]

use super::*;

const REGTEST: &str = "network = \"regtest\"\n";

fn read_with(text: &str, real_money: RealMoney, variables: &[(&str, &str)]) -> Result<Config, String> {
    let env = |name: &str| {
        let known =
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        known.or_else(|| (name == "HOME").then(|| "/home/ann".into()))
    };
    Config::parse(text, Path::new("/c/config.toml"), real_money, &env).map_err(|error| error.to_string())
}

fn parsed(text: &str) -> Result<Config, String> {
    read_with(text, RealMoney::FileOnly, &[])
}

#[test]
fn file__network_only__has_defaults_for_the_rest() {
    let config = parsed(REGTEST).unwrap();
    assert_eq!(config.network, Network::Regtest);
    assert_eq!(config.lnd, Lnd::Folder("/home/ann/.lnd".into()));
    assert_eq!(config.api, Api { socket: None, listen: None });
    assert_eq!(
        config.limits,
        Limits { fee_ppm: 10_000, fee_floor_sat: 10, max_pow_bits: 24, min_bid_pow_bits: 8 }
    );
    assert_eq!(config.policy, Policy::default());
    assert!(config.relays.urls.is_empty());
}

#[test]
fn file__everything_named__read() {
    let text = "network = \"signet\"
        relays = [\"wss://Relay.example.com/\", \"wss://relay.example.com\", \"ws://127.0.0.1:7000\"]
        [lnd]
        address = \"10.0.0.2:10009\"
        tls_cert = \"~/tls.cert\"
        macaroon = \"/m/domp.macaroon\"
        [api]
        socket = \"~/domp.sock\"
        listen = \"127.0.0.1:9736\"
        [limits]
        max_fee_percent = 0.5
        max_fee_floor_sat = 3
        max_pow_bits = 28
        [policy]
        min_collateral_percent = 0
        allow_small_amounts = true
        min_bid_pow_bits = 12
        [connection]
        tor_proxy = \"127.0.0.1:9050\"
        everything_through_tor = true
        allow_plaintext_relays = false";
    let config = parsed(text).unwrap();
    assert_eq!(config.relays.urls, ["wss://relay.example.com", "ws://127.0.0.1:7000"]);
    assert_eq!(config.relays.proxy, Proxy::Everything("127.0.0.1:9050".parse().unwrap()));
    let Lnd::Files { address, tls_cert, macaroon } = config.lnd else { panic!("{:?}", config.lnd) };
    assert_eq!(
        (address.as_str(), tls_cert, macaroon),
        ("10.0.0.2:10009", "/home/ann/tls.cert".into(), "/m/domp.macaroon".into())
    );
    assert_eq!(config.api.socket, Some("/home/ann/domp.sock".into()));
    assert_eq!(
        config.limits,
        Limits { fee_ppm: 5_000, fee_floor_sat: 3, max_pow_bits: 28, min_bid_pow_bits: 12 }
    );
    assert_eq!(config.policy, Policy { min_collateral_percent: 0, allow_small: true });
}

#[test]
fn file__each_fault__names_file_key_and_rule() {
    let cases: &[(&str, &[&str])] = &[
        ("", &["network is missing", "mainnet, testnet, signet or regtest"]),
        ("network = \"liquid\"", &["network is \"liquid\""]),
        ("network = 3", &["line 1", "network = 3", "string"]),
        ("network = \"regtest\"\nrelay = []", &["line 2", "unknown field `relay`", "relays"]),
        ("network = \"regtest\"\n[lnd]\nport = 1", &["line 3", "unknown field `port`", "lnddir"]),
        ("network = ", &["line 1"]),
        ("network = \"regtest\"\nnetwork = \"regtest\"", &["line 2", "duplicate key"]),
        ("network = \"regtest\"\nrelays = [\"http://x\"]", &["relays has \"http://x\"", "relay address"]),
        ("network = \"regtest\"\nrelays = [\"ws://example.com\"]", &["relays has"]),
        ("network = \"regtest\"\n[lnd]\nlnddir = \"/l\"\naddress = \"x:1\"", &["lnd.lnddir", "not both"]),
        ("network = \"regtest\"\n[lnd]\naddress = \"x:1\"", &["lnd.tls_cert is missing"]),
        (
            "network = \"regtest\"\n[lnd]\naddress = \"x:1\"\ntls_cert = \"/t\"",
            &["lnd.macaroon is missing", "doctor"],
        ),
        ("network = \"regtest\"\n[lnd]\nmacaroon = \"/m\"", &["lnd.address is missing"]),
        (
            "network = \"regtest\"\n[lnd]\naddress = \"x\"\ntls_cert = \"/t\"\nmacaroon = \"/m\"",
            &["lnd.address is \"x\"", "host:port"],
        ),
        ("network = \"regtest\"\n[api]\nlisten = \"0.0.0.0:9736\"", &["api.listen", "this machine only"]),
        ("network = \"regtest\"\n[api]\nlisten = \"9736\"", &["api.listen is \"9736\""]),
        (
            "network = \"regtest\"\n[limits]\nmax_fee_percent = 11.0",
            &["limits.max_fee_percent is 11", "0 to 10"],
        ),
        ("network = \"regtest\"\n[limits]\nmax_fee_percent = nan", &["limits.max_fee_percent"]),
        ("network = \"regtest\"\n[limits]\nmax_pow_bits = 33", &["limits.max_pow_bits is 33"]),
        ("network = \"regtest\"\n[limits]\nmax_fee_floor_sat = -1", &["limits.max_fee_floor_sat is -1"]),
        (
            "network = \"regtest\"\n[policy]\nmin_collateral_percent = 1001",
            &["policy.min_collateral_percent"],
        ),
        (
            "network = \"regtest\"\n[policy]\nmin_bid_pow_bits = 33",
            &["policy.min_bid_pow_bits is 33", "0 to 32"],
        ),
        ("network = \"regtest\"\n[connection]\neverything_through_tor = true", &["connection.tor_proxy"]),
        ("network = \"regtest\"\n[connection]\ntor_proxy = \"tor\"", &["connection.tor_proxy is \"tor\""]),
    ];
    for (text, parts) in cases {
        let error = parsed(text).unwrap_err();
        assert!(error.starts_with("/c/config.toml"), "{text:?}: {error}");
        for part in *parts {
            assert!(error.contains(part), "{text:?} should say {part:?}: {error}");
        }
    }
}

#[test]
fn mainnet__said_once__refused_and_said_twice__taken() {
    let once = "network = \"mainnet\"\n";
    assert!(parsed(once).unwrap_err().contains("twice"));
    assert!(parsed(&format!("{once}i_know_this_is_real_money = false")).unwrap_err().contains("twice"));
    assert_eq!(parsed(&format!("{once}i_know_this_is_real_money = true")).unwrap().network, Network::Mainnet);
    assert_eq!(read_with(once, RealMoney::Flag, &[]).unwrap().network, Network::Mainnet);
}

#[test]
fn mainnet__flag_on_another_network__refused() {
    let error = read_with(REGTEST, RealMoney::Flag, &[]).unwrap_err();
    assert!(error.contains("network is regtest, but --mainnet was given"), "{error}");
}

#[test]
fn mainnet__second_key_on_another_network__harmless() {
    assert!(parsed(&format!("{REGTEST}i_know_this_is_real_money = true")).is_ok());
}

#[test]
fn variables__set__win_over_the_file() {
    let variables = [
        ("DOMP_NETWORK", "signet"),
        ("DOMP_RELAYS", "wss://a.example, wss://b.example,"),
        ("DOMP_LND_ADDRESS", "h:1"),
        ("DOMP_LND_TLS_CERT", "/t"),
        ("DOMP_LND_MACAROON", "/m"),
        ("DOMP_API_LISTEN", "[::1]:9736"),
        ("DOMP_API_SOCKET", "/s"),
    ];
    let config =
        read_with("network = \"regtest\"\n[lnd]\nlnddir = \"/l\"", RealMoney::FileOnly, &variables).unwrap();
    assert_eq!(config.network, Network::Signet);
    assert_eq!(config.relays.urls, ["wss://a.example", "wss://b.example"]);
    assert_eq!(
        config.lnd,
        Lnd::Files { address: "h:1".into(), tls_cert: "/t".into(), macaroon: "/m".into() }
    );
    assert_eq!(config.api, Api { socket: Some("/s".into()), listen: Some("[::1]:9736".parse().unwrap()) });
    let config = read_with(REGTEST, RealMoney::FileOnly, &[("DOMP_LNDDIR", "/l2")]).unwrap();
    assert_eq!(config.lnd, Lnd::Folder("/l2".into()));
}

#[test]
fn read__no_file__names_it_and_init() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let error = Config::read(&path, RealMoney::FileOnly, &|_| None).unwrap_err();
    assert_eq!(error, ConfigError::Missing(path));
    let failure = crate::failure::Failure::from(error);
    assert!(failure.hint.unwrap().contains("domp init"));
}

/// Every key of the file's form, as the reader itself names them when it meets a stranger.
fn keys_of(table: &str) -> Vec<String> {
    let text = if table.is_empty() { "stranger = 1".to_owned() } else { format!("[{table}]\nstranger = 1") };
    let error = toml::from_str::<File>(&text).unwrap_err().message().to_owned();
    error.split('`').skip(1).step_by(2).filter(|name| *name != "stranger").map(str::to_owned).collect()
}

#[test]
fn page__every_key__described_and_no_other() {
    let page = include_str!("../../../../docs/configuration.md");
    let described: std::collections::BTreeSet<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| line.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2))
        .collect();
    let tables = ["lnd", "api", "limits", "policy", "connection"];
    let mut known: Vec<String> =
        keys_of("").into_iter().filter(|key| !tables.contains(&key.as_str())).collect();
    for table in tables {
        known.extend(keys_of(table).into_iter().map(|key| format!("{table}.{key}")));
    }
    assert!(known.len() > 10, "{known:?}");
    assert_eq!(described, known.iter().map(String::as_str).collect());
}
