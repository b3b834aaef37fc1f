//! Whole trades over the API.

use super::pair::{One, Pair};
use crate::{
    api::openapi::Document,
    cli,
    exit::Exit,
    wire::{
        channel::ChannelList,
        event::Event,
        htlc::HtlcList,
        listing::{ListingList, Preview},
        order::{Condition, Order, OrderDone},
        status::Health,
        trade::{History, ShippingAddress, TradeList},
    },
};
use domp_protocol::htlc::{Htlc, HtlcTimeout};
use serde_json::Value;
use std::{collections::BTreeSet, ffi::OsString};
use utoipa::OpenApi;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trade__over_the_api__from_listing_to_paid() {
    let pair = Pair::new().await;
    let (seller, buyer) = (&pair.seller.client, &pair.buyer.client);
    let mut events = buyer.events("/v1/events").await.unwrap();
    let trade = pair.to_shipped().await;
    let browsed: ListingList = buyer.get("/v1/listings/browse?limit=5").await.unwrap();
    assert_eq!(browsed.listings.len(), 1);
    assert!(!browsed.listings[0].ours);
    assert_eq!(
        seller.get::<ListingList>("/v1/listings").await.unwrap().listings[0].taken_by.as_deref(),
        Some(&*trade)
    );

    let confirm =
        Order::Confirm { status: Condition::Received, rating: Some(5), feedback: None, reason: None };
    let preview: Preview = buyer.post(&format!("/v1/trades/{trade}/preview"), &confirm).await.unwrap();
    assert!(
        preview.refusal.is_none() && preview.situation.iter().any(|line| line.contains("100,000 sat")),
        "{preview:?}"
    );
    pair.buyer.order(&trade, &confirm).await;
    pair.seller.until(&trade, |trade| trade.line.stage == "completed").await;
    pair.buyer.until(&trade, |trade| trade.line.stage == "completed").await;

    let again: OrderDone = pair.buyer.order(&trade, &confirm).await;
    assert!(again.already.is_some(), "a repeated order answers with the trade as it stands");
    let address: ShippingAddress = seller.get(&format!("/v1/trades/{trade}/address")).await.unwrap();
    assert_eq!(address.address.as_deref(), Some("1 Main Street, Town"));
    let open: TradeList = seller.get("/v1/trades?open=true").await.unwrap();
    let all: TradeList = seller.get("/v1/trades").await.unwrap();
    assert_eq!((open.trades.len(), all.trades.len()), (0, 1));
    let history: History = buyer.get(&format!("/v1/trades/{trade}/history")).await.unwrap();
    assert!(
        history.entries.len() > 5 && history.entries.windows(2).all(|pair| pair[0].version < pair[1].version)
    );

    let mut stages = BTreeSet::new();
    while let Some(event) = events.next().await.unwrap() {
        let Event::Trade { trade: about, stage, ended, .. } = event else { continue };
        assert_eq!(about, trade);
        stages.insert(stage);
        if ended {
            break;
        }
    }
    assert!(
        ["locking", "to ship", "shipped", "completed"].iter().all(|stage| stages.contains(*stage)),
        "{stages:?}"
    );
}

/// A command of the command line, answered by a daemon of this test.
async fn command(one: &One, words: &[&str]) -> Exit {
    let folder = one.folder.path();
    let mut arguments: Vec<OsString> = vec!["domp".into(), "--data-dir".into(), folder.into()];
    arguments.extend(["--config".into(), folder.join("no-config").into()]);
    arguments.extend(words.iter().map(OsString::from));
    tokio::task::spawn_blocking(move || cli::run(arguments)).await.unwrap()
}

/// `already` is a yes to whoever repeats an order; another order than the one that was carried out gets a no.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order__another_than_the_one_carried_out__a_refusal_and_no_success() {
    let pair = Pair::new().await;
    let trade = pair.to_shipped().await;
    let path = format!("/v1/trades/{trade}/orders");
    let confirm = |status: &str| format!(r#"{{"order":"confirm","status":"{status}","reason":"empty box"}}"#);
    let (status, answer) = pair.buyer.ask("POST", &path, &confirm("not_received")).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = pair.buyer.ask("POST", &path, &confirm("not_received")).await;
    assert_eq!((status, answer["already"].is_string()), (200, true), "{answer}");

    let (status, answer) = pair.buyer.ask("POST", &path, r#"{"order":"confirm","status":"received"}"#).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (409, Some("wrong_stage")), "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("use release"), "{answer}");
    let flags = ["--yes", "--json"];
    let received = ["confirm", &trade, "--status", "received"];
    assert_eq!(command(&pair.buyer, &[&received[..], &flags].concat()).await, Exit::Refused);
    let repeated = ["confirm", &trade, "--status", "not_received", "--reason", "empty box"];
    assert_eq!(command(&pair.buyer, &[&repeated[..], &flags].concat()).await, Exit::Success);

    // The buyer pays after all: from then on a refund is no refund.
    pair.buyer.order(&trade, &Order::Release {}).await;
    pair.seller.until(&trade, |trade| trade.line.stage == "completed").await;
    let refund = r#"{"order":"refund","reason":"sorry"}"#;
    let (status, answer) = pair.seller.ask("POST", &path, refund).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (409, Some("wrong_stage")), "{answer}");
    assert_eq!(
        command(&pair.seller, &[&["refund", &trade, "--reason", "sorry"][..], &flags].concat()).await,
        Exit::Refused
    );
}

/// `[D3-82]`: the HTLC state API speaks DIP-03's own structures `[D3-11]` `[D3-85]`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn htlcs__while_held__in_the_structures_of_dip_03() {
    let pair = Pair::new().await;
    let trade = pair.to_shipped().await;
    pair.net.mine(10);
    for one in [&pair.seller, &pair.buyer] {
        let path = format!("/v1/trades/{}/htlcs", &trade[..8]);
        let list: HtlcList = loop {
            let list: HtlcList = one.client.get(&path).await.unwrap();
            let seen = list.htlcs.iter().all(|htlc| {
                htlc.timeout.is_some_and(|timeout| timeout.current_block_height >= pair.net.height().0)
            });
            if seen {
                break list;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        };
        assert_eq!(list.htlcs.len(), 2);
        for state in &list.htlcs {
            let structure = serde_json::to_string(state.htlc.as_ref().unwrap()).unwrap();
            let htlc = Htlc::parse(&structure).unwrap();
            assert_eq!(htlc.amount().get(), 100_000_000);
            let timeout =
                HtlcTimeout::parse(&serde_json::to_string(&state.timeout.unwrap()).unwrap()).unwrap();
            assert_eq!(timeout.remaining().0, htlc.timeout().0 - 10);
            assert!(["held", "in flight"].contains(&state.state.as_str()), "{state:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_channels_metrics__asked__tell() {
    let pair = Pair::new().await;
    let trade = pair.to_shipped().await;
    let health: Health = pair.seller.client.get("/v1/health").await.unwrap();
    assert!(health.node.reachable && health.node.fresh && health.recovered, "{health:?}");
    assert_eq!((health.network.as_str(), health.open_trades), ("regtest", 1));
    assert!(health.npub.starts_with("npub1"));
    let channels: ChannelList = pair.seller.client.get("/v1/channels").await.unwrap();
    assert_eq!((channels.channels.len(), channels.channels[0].htlcs), (1, 2));
    let close = format!(r#"{{"outpoint":"{}"}}"#, channels.channels[0].outpoint);
    let (status, answer) = pair.seller.ask("POST", "/v1/channels/close", &close).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (409, Some("channel_in_use")), "{answer}");
    let (status, metrics) = pair.seller.ask("GET", "/metrics", "").await;
    let metrics = metrics.as_str().unwrap().to_owned();
    assert_eq!(status, 200);
    for line in [
        "domp_open_trades 1",
        "domp_open_trades_by_stage{side=\"seller\",stage=\"shipped\"} 1",
        "domp_node_reachable 1",
        "domp_held_msat 200000000",
        "domp_relay_connected{relay=\"wss://relay.example\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is missing in\n{metrics}");
    }
    assert_eq!(pair.seller.trade(&trade).await.line.stage, "shipped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backup__while_running__opens_with_the_phrase_only() {
    let pair = Pair::new().await;
    let trade = pair.bid().await;
    let path = pair.buyer.folder.path().join("backup");
    let mut file = tokio::fs::File::create(&path).await.unwrap();
    let bytes = pair.buyer.client.download("/v1/backup", &mut file).await.unwrap();
    assert_eq!(bytes, std::fs::metadata(&path).unwrap().len());
    let sealed = std::fs::read(&path).unwrap();
    let known = trade.as_bytes();
    assert!(
        !sealed.windows(known.len()).any(|window| window == known),
        "a trade's id stands in the backup in clear"
    );
    assert!(
        !sealed.windows(15).any(|window| window == b"SQLite format 3"),
        "the database stands in the backup in clear"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openapi__served__describes_every_path_and_only_those() {
    let pair = Pair::new().await;
    let document: Value = pair.seller.client.get("/openapi.json").await.unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."), "{document}");
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(|method| (path.clone(), method.to_uppercase()))
        })
        .collect();
    for (path, method) in &described {
        let path = path.replace("{id}", &"ab".repeat(32));
        // Some answers never end.
        if path == "/v1/events" {
            continue;
        }
        let (_, answer) = pair.seller.ask(method, &path, "{}").await;
        let code = answer["error"]["code"].as_str().unwrap_or_default().to_owned();
        assert!(!["no_such_path", "no_such_method"].contains(&code.as_str()), "{method} {path}: {answer}");
    }
    let source = include_str!("../mod.rs");
    for route in source.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(described.iter().any(|(path, _)| path == route), "{route} is not described");
    }
    let page = include_str!("../../../../../docs/api.md");
    for (path, _) in &described {
        assert!(page.contains(&format!("`{path}")), "{path} is not in docs/api.md");
    }
    references(&document, &document);
    assert_eq!(serde_json::to_value(Document::openapi()).unwrap(), document);
}

/// Every `$ref` leads somewhere.
fn references(part: &Value, document: &Value) {
    match part {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            fields.values().for_each(|field| references(field, document));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, document)),
        _ => {}
    }
}
