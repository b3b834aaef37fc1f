//! What is LND's own: its files and errors, permissions, settings, a node that hangs, payments in parts.
//!
//! The tests share one network and take turns.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod lab;

use domp_node_lnd::{
    ConnectError, LndConfig, LndNode,
    permissions::{Need, PERMISSIONS, check},
};
use domp_ports::lightning::{HoldInvoice, InvoiceState, Lightning, LnError, Pay, PaymentState};
use domp_protocol::{
    network::Network,
    secret::Preimage,
    units::{Blocks, Msat, Sat},
};
use domp_regtest::{Plan, Regtest};
use futures::StreamExt as _;
use std::time::Duration;
use tokio::{
    sync::{Mutex, MutexGuard, OnceCell},
    time::{Instant, sleep, timeout},
};

static NETWORK: OnceCell<Result<Option<Regtest>, String>> = OnceCell::const_new();
static TURN: Mutex<()> = Mutex::const_new(());

/// The network, and the turn to use it; `None` after saying loudly that it is not there.
async fn network(test: &str) -> Option<(&'static Regtest, MutexGuard<'static, ()>)> {
    let turn = TURN.lock().await;
    let plan = || {
        Plan::new()
            .node("seller")
            .node("buyer")
            .node_with("hasty", &["invoices.holdexpirydelta=16"])
            .balanced_channel("buyer", "seller", 1_000_000)
            .node("hidden")
            .balanced_channel("buyer", "seller", 1_000_000)
            .private_channel("seller", "hidden", 1_000_000)
    };
    let network = NETWORK.get_or_init(|| async { lab::start(test, &plan()).await }).await;
    // A network that did not start fails every test, without trying again for each.
    Some((network.as_ref().unwrap().as_ref()?, turn))
}

async fn connect(network: &Regtest, name: &str) -> LndNode {
    LndNode::connect(&lab::config(network.node(name).unwrap())).await.unwrap()
}

async fn refused(config: &LndConfig) -> ConnectError {
    match timeout(Duration::from_secs(30), LndNode::connect(config)).await.expect("bounded in time") {
        Ok(_) => panic!("connected with {config:?}"),
        Err(error) => error,
    }
}

fn terms(seed: u8, sat: u64) -> (Preimage, HoldInvoice) {
    let preimage = Preimage::from_bytes([seed; 32]);
    let terms = HoldInvoice {
        hash: preimage.hash(),
        amount: Sat::new(sat).unwrap().to_msat(),
        cltv: Blocks(300),
        expiry_seconds: 3600,
        description: "a test".into(),
        private_hints: false,
    };
    (preimage, terms)
}

fn order(bolt11: &str, terms: &HoldInvoice) -> Pay {
    Pay {
        bolt11: bolt11.into(),
        hash: terms.hash,
        max_fee: Msat::new(1_000_000).unwrap(),
        max_parts: 4,
        max_cltv: Blocks(1000),
        timeout_seconds: 20,
    }
}

async fn until_held(node: &LndNode, terms: &HoldInvoice) -> Vec<domp_ports::lightning::HeldPart> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        match node.invoice(&terms.hash).await.unwrap() {
            InvoiceState::Held(parts) => return parts,
            other => assert!(Instant::now() < end, "never held: {other:?}"),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn connect__macaroon_of_another_node__denied_naming_the_file() {
    let Some((network, _turn)) = network("LND's macaroon errors").await else { return };
    let (seller, buyer) = (network.node("seller").unwrap(), network.node("buyer").unwrap());
    let config = LndConfig { macaroon: buyer.macaroon("admin"), ..lab::config(seller) };
    let error = refused(&config).await;
    assert!(matches!(error, ConnectError::Denied { .. }), "{error}");
    assert!(error.to_string().contains(&buyer.macaroon("admin").display().to_string()), "{error}");
}

#[tokio::test]
async fn connect__certificate_of_another_node__refused_naming_the_file() {
    let Some((network, _turn)) = network("LND's certificate errors").await else { return };
    let (seller, buyer) = (network.node("seller").unwrap(), network.node("buyer").unwrap());
    let config = LndConfig { tls_cert: buyer.tls_cert(), ..lab::config(seller) };
    let error = refused(&config).await;
    assert!(matches!(error, ConnectError::WrongCertificate { .. }), "{error}");
    assert!(error.to_string().contains(&buyer.tls_cert().display().to_string()), "{error}");
}

#[tokio::test]
async fn connect__node_of_another_network__refused_naming_both() {
    let Some((network, _turn)) = network("LND's network errors").await else { return };
    let seller = network.node("seller").unwrap();
    let error = refused(&LndConfig { network: Network::Mainnet, ..lab::config(seller) }).await;
    assert!(matches!(error, ConnectError::WrongNetwork { .. }), "{error}");
    assert!(error.to_string().contains("is on regtest, not on mainnet"), "{error}");
    let error = LndConfig::from_lnddir(seller.folder(), Network::Mainnet).unwrap_err();
    assert!(error.to_string().contains("it holds regtest"), "{error}");
}

#[tokio::test]
async fn connect__nobody_there_or_no_tls__unreachable_naming_the_address() {
    let Some((network, _turn)) = network("LND's address errors").await else { return };
    let seller = network.node("seller").unwrap();
    // A port with nothing, and one where something answers that is no TLS: the peer port.
    for address in ["127.0.0.1:9".to_owned(), seller.peer_address()] {
        let config =
            LndConfig { address: address.clone(), deadline: Duration::from_secs(3), ..lab::config(seller) };
        let error = refused(&config).await;
        assert!(matches!(error, ConnectError::Unreachable { .. }) && error.is_temporary(), "{error}");
        assert!(error.to_string().contains(&address), "{error}");
    }
}

#[tokio::test]
async fn macaroon__held_against_the_calls__tells_missing_and_excess() {
    let Some((network, _turn)) = network("LND's permissions").await else { return };
    let seller = network.node("seller").unwrap();

    // The one baked for us: everything, and nothing else.
    let report = check(connect(network, "seller").await.macaroon());
    assert_eq!(
        (report.missing.len(), report.is_least(), report.allows_trading()),
        (0, true, true),
        "{report:?}"
    );

    // admin: everything, and far more.
    let admin = LndConfig { macaroon: seller.macaroon("admin"), ..lab::config(seller) };
    let report = check(LndNode::connect(&admin).await.unwrap().macaroon());
    assert_eq!((report.missing.len(), report.is_least()), (0, false), "{report:?}");
    assert!(report.excess.iter().any(|operation| operation.to_string() == "macaroon:generate"), "{report:?}");

    // readonly: connects, and cannot trade.
    let readonly = LndConfig { macaroon: seller.macaroon("readonly"), ..lab::config(seller) };
    let node = LndNode::connect(&readonly).await.unwrap();
    let report = check(node.macaroon());
    assert!(!report.allows_trading(), "{report:?}");
    let denied = node.sign_message("DOMP").await;
    assert!(matches!(denied, Err(LnError::Denied(_))), "{denied:?}");
}

#[tokio::test]
async fn macaroon__one_call_left_out__is_reported_and_denied() {
    let Some((network, _turn)) = network("LND's permissions, one by one").await else { return };
    let seller = network.node("seller").unwrap();
    let settle = "/invoicesrpc.Invoices/SettleInvoice";
    let path = lab::bake(seller, "no-settle", |uri| uri != settle).await;
    let node = LndNode::connect(&LndConfig { macaroon: path, ..lab::config(seller) }).await.unwrap();
    let missing: Vec<&str> = check(node.macaroon()).missing.iter().map(|permission| permission.uri).collect();
    assert_eq!(missing, [settle]);
    let denied = node.settle(&Preimage::from_bytes([9; 32])).await;
    assert!(matches!(denied, Err(LnError::Denied(_))), "{denied:?}");
}

/// The list is not longer than it must be, and each call's operations are what LND itself asks for.
#[tokio::test]
async fn permissions__listed__are_those_that_lnd_asks_for() {
    let Some((network, _turn)) = network("LND's own list of permissions").await else { return };
    let answer = network.node("seller").unwrap().get("/v1/macaroon/permissions").await.unwrap();
    for permission in PERMISSIONS {
        let listed = answer["method_permissions"][permission.uri]["permissions"].as_array();
        let listed = listed.unwrap_or_else(|| panic!("LND knows no call {}", permission.uri));
        let mut theirs: Vec<(&str, &str)> = listed
            .iter()
            .map(|it| (it["entity"].as_str().unwrap(), it["action"].as_str().unwrap()))
            .collect();
        let mut ours = permission.operations.to_vec();
        theirs.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours, theirs, "{}", permission.uri);
    }
    assert!(PERMISSIONS.iter().any(|permission| permission.need == Need::Trade));
}

#[tokio::test]
async fn settings__told_or_not__decide_what_the_node_can_do() {
    let Some((network, _turn)) = network("LND's settings").await else { return };
    let seller = connect(network, "seller").await;
    assert_eq!(
        (seller.settings().hold_expiry_delta, seller.settings().max_cltv_expiry),
        (Some(18), Some(2016))
    );
    let can = seller.capabilities();
    assert_eq!((can.auto_cancel, can.on_chain_claim, can.holds), (Blocks(18), Blocks(16), true));
    assert_eq!(can.implementation, "LND 0.21.2-beta");

    // Not allowed to ask: the version's default counts.
    let node = network.node("seller").unwrap();
    let path = lab::bake(node, "no-settings", |uri| !uri.ends_with("GetDebugInfo")).await;
    let silent = LndNode::connect(&LndConfig { macaroon: path, ..lab::config(node) }).await.unwrap();
    assert_eq!((silent.settings().hold_expiry_delta, silent.capabilities()), (None, can));

    // A node that would close the channel rather than give back what is held: it does not hold.
    let hasty = connect(network, "hasty").await;
    assert!(!hasty.capabilities().holds);
    let answer = hasty.issue_hold_invoice(&terms(1, 30_000).1).await;
    assert!(
        matches!(answer, Err(LnError::Unsupported(why)) if why.contains("holdexpirydelta")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn frozen_node__called_and_watched__answers_unknown_and_streams_end() {
    let Some((network, _turn)) = network("a frozen LND").await else { return };
    let node = network.node("hasty").unwrap();
    let config = LndConfig { deadline: Duration::from_secs(2), ..lab::config(node) };
    let hasty = LndNode::connect(&config).await.unwrap();
    let mut tips = hasty.blocks().await.unwrap();
    tips.next().await.expect("the present tip");

    node.freeze();
    let frozen = timeout(Duration::from_secs(10), hasty.info()).await.expect("bounded in time");
    assert!(matches!(&frozen, Err(error) if error.is_unknown()), "{frozen:?}");
    // The keep-alive finds it out: 20 s to the next ping, 10 s without an answer.
    let end = timeout(Duration::from_secs(60), tips.next()).await.expect("the stream of a frozen node ends");
    assert_eq!(end, None);

    node.thaw();
    let end = Instant::now() + Duration::from_secs(30);
    while let Err(error) = hasty.info().await {
        assert!(error.is_unknown() && Instant::now() < end, "{error:?}");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn payment_in_parts__held_and_settled__every_part_with_its_heights() {
    let Some((network, _turn)) = network("payments in parts").await else { return };
    let (seller, buyer) = (connect(network, "seller").await, connect(network, "buyer").await);
    let liquidity = buyer.liquidity().await.unwrap();
    let (preimage, terms) = terms(2, 700_000);
    assert!(liquidity.outbound_largest < terms.amount && terms.amount < liquidity.outbound, "{liquidity:?}");

    let bolt11 = seller.issue_hold_invoice(&terms).await.unwrap();
    let height = seller.info().await.unwrap().tip.height;
    buyer.pay(&order(&bolt11, &terms)).await.unwrap();
    let parts = until_held(&seller, &terms).await;
    assert!(parts.len() > 1, "{parts:?}");
    assert_eq!(parts.iter().fold(Msat::ZERO, |sum, part| sum.saturating_add(part.amount)), terms.amount);
    for part in &parts {
        assert_eq!(part.accepted_at, height);
        assert!(part.expiry >= height.plus(terms.cltv), "{part:?}");
    }
    let PaymentState::InFlight(sent) = buyer.payment(&terms.hash).await.unwrap() else {
        panic!("not in flight")
    };
    assert_eq!(sent.len(), parts.len());

    // With every channel full, the next one has no room, and says so.
    let (_, more) = self::terms(3, 400_000);
    let bolt11 = seller.issue_hold_invoice(&more).await.unwrap();
    buyer.pay(&order(&bolt11, &more)).await.unwrap();
    let mut states = buyer.watch_payment(&more.hash).await.unwrap();
    let mut last = None;
    while let Some(state) = timeout(Duration::from_secs(30), states.next()).await.expect("it fails soon") {
        last = Some(state);
    }
    assert!(matches!(last, Some(PaymentState::Failed(_))), "{last:?}");

    seller.settle(&preimage).await.unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while buyer.payment(&terms.hash).await.unwrap() != PaymentState::Succeeded {
        assert!(Instant::now() < end, "never paid");
        sleep(Duration::from_millis(50)).await;
    }
    seller.cancel(&more.hash).await.unwrap();
}

/// What is said to be sendable can be sent, to the satoshi; a little more cannot.
#[tokio::test]
async fn liquidity__largest_sent_in_one_part__goes_through() {
    let Some((network, _turn)) = network("what LND can really send").await else { return };
    let (seller, buyer) = (connect(network, "seller").await, connect(network, "buyer").await);
    let largest = buyer.liquidity().await.unwrap().outbound_largest.to_sat_floor().get();
    assert!(seller.liquidity().await.unwrap().inbound_largest.to_sat_floor().get() >= largest);

    let (_, above) = terms(4, largest + 1_000);
    let bolt11 = seller.issue_hold_invoice(&above).await.unwrap();
    buyer.pay(&Pay { max_parts: 1, ..order(&bolt11, &above) }).await.unwrap();
    let last =
        timeout(Duration::from_secs(30), buyer.watch_payment(&above.hash).await.unwrap().collect::<Vec<_>>())
            .await
            .expect("it fails soon");
    assert!(matches!(last.last(), Some(PaymentState::Failed(_))), "{last:?}");
    seller.cancel(&above.hash).await.unwrap();

    let (_, exact) = terms(5, largest);
    let bolt11 = seller.issue_hold_invoice(&exact).await.unwrap();
    buyer.pay(&Pay { max_parts: 1, ..order(&bolt11, &exact) }).await.unwrap();
    assert_eq!(until_held(&seller, &exact).await.len(), 1);
    seller.cancel(&exact.hash).await.unwrap();
    let states = buyer.watch_payment(&exact.hash).await.unwrap().collect::<Vec<_>>();
    let last = timeout(Duration::from_secs(30), states).await.expect("it comes back soon");
    assert!(matches!(last.last(), Some(PaymentState::Failed(_))), "{last:?}");
}

#[tokio::test]
async fn stopped_node__called__unavailable_and_found_again() {
    let Some((network, _turn)) = network("an LND that is away").await else { return };
    let node = network.node("hasty").unwrap();
    let hasty = connect(network, "hasty").await;
    node.stop().await.unwrap();
    let away = hasty.info().await;
    assert!(matches!(&away, Err(error) if error.is_unknown()), "{away:?}");
    let error = refused(&lab::config(node)).await;
    assert!(error.is_temporary(), "{error}");
    node.start().await.unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while let Err(error) = hasty.info().await {
        assert!(error.is_unknown() && Instant::now() < end, "{error:?}");
        sleep(Duration::from_millis(100)).await;
    }
}

/// A seller with unannounced channels only: without hints in the invoice nobody finds a way to it.
#[tokio::test]
async fn ordinary_invoice__payee_with_unannounced_channels_only__can_be_paid() {
    let Some((network, _turn)) = network("an ordinary invoice over unannounced channels").await else {
        return;
    };
    let (hidden, buyer) = (connect(network, "hidden").await, connect(network, "buyer").await);
    let amount = Sat::new(30_000).unwrap().to_msat();
    let bolt11 = hidden.issue_invoice(amount, 3600, "paid late").await.unwrap();
    let hash = buyer.decode(&bolt11).await.unwrap().hash;
    let (_, unlike) = terms(6, 30_000);
    buyer.pay(&Pay { hash, ..order(&bolt11, &unlike) }).await.unwrap();
    let states = buyer.watch_payment(&hash).await.unwrap().collect::<Vec<_>>();
    let last = timeout(Duration::from_secs(60), states).await.expect("it ends soon");
    assert_eq!(last.last(), Some(&PaymentState::Succeeded), "{last:?}");
}
