//! Two daemons with two real LND nodes, as two people run them: every step by the command line, and a daemon killed after
//! each.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod machine;

use base64::prelude::{BASE64_STANDARD, Engine};
use domp_node_lnd::permissions::PERMISSIONS;
use domp_nostr::embedded::{EmbeddedRelay, EmbeddedSettings};
use domp_regtest::{Lnd, Plan, Regtest, programs_or_skip};
use machine::{Done, Machine, PASSPHRASE, Running, until};
use serde_json::Value;
use std::{cell::RefCell, fs, path::PathBuf, process::Child};

const PRICE: u64 = 50_000;
const CHANNEL: u64 = 1_000_000;

/// A person with a daemon that can be killed.
struct Person {
    machine: Machine,
    phrase: String,
    daemon: RefCell<Option<Running>>,
    /// Everything that the command line ever wrote.
    said: RefCell<String>,
}

impl Person {
    fn new(lnd: &Lnd, relay: &str) -> Self {
        let machine = Machine::new();
        let folder = lnd.folder().to_str().unwrap();
        let done =
            machine.run(&["--json", "init", "--network", "regtest", "--relay", relay, "--lnddir", folder]);
        let phrase = done.json()["recovery_phrase"].as_str().unwrap().to_owned();
        let person = Self { machine, phrase, daemon: RefCell::default(), said: RefCell::default() };
        person.up_before_its_certificate(lnd);
        person
    }

    /// As after a start of the machine at which LND's folder is not whole yet.
    fn up_before_its_certificate(&self, lnd: &Lnd) {
        let (certificate, away) = (lnd.tls_cert(), lnd.folder().join("tls.cert.away"));
        fs::rename(&certificate, &away).unwrap();
        *self.daemon.borrow_mut() = Some(self.machine.up("daemon"));
        until("the daemon waits for the certificate", || {
            let done = self.run(&["status"]);
            done.status == 3 && done.err.contains("tls.cert")
        });
        fs::rename(&away, &certificate).unwrap();
        until("the daemon is ready", || self.run(&["status"]).status == 0);
    }

    fn up(&self) {
        *self.daemon.borrow_mut() = Some(self.machine.up("daemon"));
        until("the daemon is ready", || self.run(&["status"]).status == 0);
    }

    /// As `kill -9`, and up again.
    fn killed(&self) {
        self.daemon.borrow_mut().take().unwrap().kill();
        self.up();
    }

    fn run(&self, arguments: &[&str]) -> Done {
        let done = self.machine.run(arguments);
        self.said.borrow_mut().push_str(&format!("{done:?}\n"));
        done
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let done = self.run(&[&["--json"], arguments].concat());
        assert_eq!(done.status, 0, "{arguments:?}: {done:#?}");
        done.json()
    }

    fn order(&self, arguments: &[&str]) {
        let done = self.run(&[arguments, &["--yes"]].concat());
        assert_eq!(done.status, 0, "{arguments:?}: {done:#?}");
        assert!(done.out.lines().count() > 2, "it says what it means first: {done:#?}");
    }

    fn until(&self, trade: &str, what: &str, is_so: impl Fn(&Value) -> bool) {
        until(what, || {
            let done = self.run(&["--json", "trade", trade]);
            done.status == 0 && is_so(&done.json())
        });
    }

    fn until_stage(&self, trade: &str, stage: &str) {
        self.until(trade, stage, |found| found["stage"] == stage);
    }

    fn log(&self) -> String {
        fs::read_to_string(self.machine.home().join("daemon.log")).unwrap()
    }
}

/// `domp trade --watch` in the background.
struct Watching {
    child: Child,
    out: PathBuf,
}

impl Watching {
    fn begin(person: &Person, trade: &str) -> Self {
        let out = person.machine.home().join("watched");
        let file = fs::File::create(&out).unwrap();
        let mut command = person.machine.command(&["--json", "trade", trade, "--watch"]);
        let watching = Self { child: command.stdout(file).spawn().unwrap(), out };
        watching.until_seen(trade);
        watching
    }

    fn until_seen(&self, word: &str) {
        until(word, || fs::read_to_string(&self.out).unwrap().contains(word));
    }

    /// Every line was JSON, and the last one says that the daemon has gone.
    fn ended_with_its_daemon(mut self) {
        assert_eq!(self.child.wait().unwrap().code(), Some(1));
        let text = fs::read_to_string(&self.out).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.last().unwrap()["error"]["code"].is_string(), "{text}");
    }
}

fn can(order: &'static str) -> impl Fn(&Value) -> bool {
    move |trade| trade["possible"].as_array().unwrap().iter().any(|possible| possible == order)
}

async fn local(lnd: &Lnd) -> u64 {
    let channels = lnd.channels().await.unwrap();
    assert_eq!(channels.len(), 1);
    assert!(channels[0].active && channels[0].htlcs == 0, "{channels:?}");
    channels[0].local_sat
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trade__each_daemon_killed_after_each_step__ends_well_and_says_no_secret() {
    let Some(programs) = programs_or_skip("a trade by the command line on real nodes").unwrap() else {
        return;
    };
    let plan = Plan::new().node("seller").node("buyer").balanced_channel("buyer", "seller", CHANNEL);
    let network = Regtest::start(&programs, &plan).await.unwrap();
    let relay = EmbeddedRelay::start(EmbeddedSettings::default()).await.unwrap();
    let (one, other) = (network.node("seller").unwrap(), network.node("buyer").unwrap());
    let uris: Vec<(&str, &str)> = PERMISSIONS.iter().map(|permission| ("uri", permission.uri)).collect();
    one.bake_macaroon("domp", &uris).await.unwrap();
    let (had, has) = (local(one).await, local(other).await);

    let preimages = tokio::task::block_in_place(|| {
        let (seller, buyer) = (Person::new(one, &relay.url()), Person::new(other, &relay.url()));
        doctors_agree(&seller, &buyer, one);
        let trade = whole_trade(&seller, &buyer);
        assert_eq!(seller.json(&["channels", "list"])["channels"][0]["htlcs"], 0);
        assert!(seller.run(&["channels", "address"]).good().starts_with("bcrt1"));
        restored_elsewhere(&buyer, other, &relay.url(), &trade);
        let hashes: Vec<String> = seller.json(&["htlcs", &trade])["htlcs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|htlc| htlc["htlc"]["payment_hash"].as_str().unwrap().to_owned())
            .collect();
        (hashes, seller, buyer)
    });

    let (hashes, seller, buyer) = preimages;
    until_quiet(one, other).await;
    assert_eq!((local(one).await, local(other).await), (had + PRICE, has - PRICE));
    let everything =
        [seller.log(), buyer.log(), seller.said.borrow().clone(), buyer.said.borrow().clone()].concat();
    let mut secrets = vec![seller.phrase.clone(), buyer.phrase.clone(), PASSPHRASE.to_owned()];
    for hash in &hashes {
        let invoice = one.get(&format!("/v1/invoice/{hash}")).await.unwrap();
        let preimage = BASE64_STANDARD.decode(invoice["r_preimage"].as_str().unwrap()).unwrap_or_default();
        if preimage.len() == 32 && preimage.iter().any(|byte| *byte != 0) {
            secrets.push(hex::encode(&preimage));
            secrets.push(format!("{preimage:?}"));
            secrets.push(BASE64_STANDARD.encode(&preimage));
        }
    }
    assert!(secrets.len() >= 6, "the price's secret is known to the node");
    for macaroon in ["admin", "domp"] {
        let bytes = fs::read(one.macaroon(macaroon)).unwrap();
        secrets.push(hex::encode(bytes));
    }
    for secret in secrets {
        assert!(!everything.contains(&secret), "a secret was said or logged: {}…", &secret[..8]);
    }
    network.stop().await.unwrap();
}

/// The last HTLC may leave the channel a moment after the invoice says so.
async fn until_quiet(one: &Lnd, other: &Lnd) {
    for lnd in [one, other] {
        loop {
            let channels = lnd.channels().await.unwrap();
            if channels.iter().all(|channel| channel.htlcs == 0) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

/// The seller has a macaroon made for it, the buyer LND's own.
fn doctors_agree(seller: &Person, buyer: &Person, lnd: &Lnd) {
    let (address, certificate, macaroon) = (lnd.rpc_address(), lnd.tls_cert(), lnd.macaroon("domp"));
    let named = [
        ("DOMP_NETWORK", "signet"),
        ("DOMP_LND_ADDRESS", address.as_str()),
        ("DOMP_LND_TLS_CERT", certificate.to_str().unwrap()),
        ("DOMP_LND_MACAROON", macaroon.to_str().unwrap()),
    ];
    let fresh = Machine::with_identity("ws://127.0.0.1:9");
    fresh.run_with(&["up"], &named).refused(2, &["regtest", "signet"]);
    let least = seller.run(&["doctor"]);
    assert!(least.status == 0 && !least.out.contains("allows more"), "{least:#?}");
    let elsewhere = seller.machine.run_with(&["doctor"], &[("DOMP_NETWORK", "signet")]);
    elsewhere.refused(1, &[]);
    assert!(
        elsewhere.out.contains("no macaroon for signet") && elsewhere.out.contains("regtest"),
        "{elsewhere:#?}"
    );
    let admin = buyer.run(&["doctor"]);
    assert!(admin.status == 0 && admin.out.contains("allows more than is used"), "{admin:#?}");
}

fn whole_trade(seller: &Person, buyer: &Person) -> String {
    let price = PRICE.to_string();
    let listing = seller.json(&[
        "listing",
        "create",
        "--name",
        "lamp",
        "--description",
        "a lamp",
        "--price",
        &price,
        "--transit",
        "72",
        "--yes",
    ]);
    let listing = listing["id"].as_str().unwrap();
    let address = buyer.machine.home().join("address");
    fs::write(&address, "1 Main Street\nTown\n").unwrap();
    let note = format!("nostr:{}", &listing[..10]);
    let bid = buyer.json(&["bid", &note, "--address-file", address.to_str().unwrap(), "--yes"]);
    let id = bid["id"].as_str().unwrap().to_owned();
    let trade = &id[..12];
    buyer.killed();
    seller.killed();

    seller.until(trade, "the bid can be accepted", can("accept"));
    assert_eq!(seller.run(&["accept", trade]).status, 4, "without a terminal nobody can say yes");
    for no in ["n\n", "\n", "perhaps\n"] {
        let asked = seller.machine.run_at_terminal(&["accept", trade], no);
        asked.refused(4, &["never confirms, and accept? [y/N]", "nothing was done"]);
        assert!(asked.out.contains("you are not paid"), "{asked:#?}");
    }
    assert!(can("accept")(&seller.json(&["trade", trade])));
    let asked = seller.machine.run_at_terminal(&["accept", trade], "y\n");
    assert_eq!(asked.status, 0, "{asked:#?}");
    seller.killed();
    buyer.until_stage(trade, "offered");
    buyer.order(&["pay", trade]);
    buyer.killed();
    seller.killed();
    seller.until(trade, "the seller may ship", can("ship"));
    let shown = seller.run(&["trade", trade, "--history"]).good();
    assert!(shown.contains("1 Main Street") && shown.contains("ship_by"), "{shown}");
    let watching = Watching::begin(buyer, trade);
    seller.order(&["ship", trade, "--carrier", "post", "--tracking", "123"]);
    seller.killed();
    buyer.until_stage(trade, "shipped");
    watching.until_seen("\"stage\":\"shipped\"");
    buyer.order(&["confirm", trade, "--rating", "5"]);
    buyer.killed();
    watching.ended_with_its_daemon();
    seller.killed();
    seller.until_stage(trade, "completed");
    buyer.until_stage(trade, "completed");
    let again = buyer.run(&["confirm", trade, "--rating", "5", "--yes"]);
    assert!(again.status == 0 && again.err.contains("already done"), "{again:#?}");
    id
}

/// Phrase and backup on an empty machine show what the old one shows.
fn restored_elsewhere(buyer: &Person, lnd: &Lnd, relay: &str, trade: &str) {
    let file = buyer.machine.home().join("backup");
    buyer.run(&["backup", file.to_str().unwrap()]).good();
    assert_eq!(buyer.run(&["backup", file.to_str().unwrap()]).status, 1, "a backup is never overwritten");
    let daemon = buyer.daemon.borrow_mut().take().unwrap();
    daemon.kill();

    let fresh = Machine::new();
    let restore = [
        "restore",
        file.to_str().unwrap(),
        "--network",
        "regtest",
        "--relay",
        relay,
        "--lnddir",
        lnd.folder().to_str().unwrap(),
    ];
    let wrong =
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
    fresh.run_with_input(&restore, wrong).refused(1, &["another recovery phrase"]);
    let done = fresh.run_with_input(&restore, &buyer.phrase);
    assert_eq!(done.status, 0, "{done:#?}");
    let daemon = fresh.up("restored");
    until("the restored daemon is ready", || fresh.run(&["status"]).status == 0);
    let trades = fresh.run(&["--json", "trades", "--all"]).json();
    assert_eq!(
        (trades["trades"][0]["id"].as_str(), trades["trades"][0]["stage"].as_str()),
        (Some(trade), Some("completed"))
    );
    until("the relays were looked at", || !fresh.data().join("rebuild.wanted").exists());
    daemon.kill();
    buyer.up();
}
