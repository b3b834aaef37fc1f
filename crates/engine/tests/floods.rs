//! Floods: whatever strangers and the other side send, what is kept and answered stays within bounds.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use domp_engine::{Engine, EngineConfig, config::Bounds, event::EngineEvent};
use domp_escrow::stage::{Ending, Stage};
use domp_ports::{
    identity::{Identity as _, Unsigned},
    relays::Relays as _,
};
use domp_protocol::{ids::TradeId, private::PRIVATE_KIND};
use domp_vault::{Phrase, Vault};
use std::{sync::Arc, time::Duration};
use world::{
    PATIENCE, RELAYS, World, a_bid, a_listing, config, eventually, no_faults, received, ship, to_bid,
    to_ship, to_shipped, until_ended, until_stage,
};

/// The kind of an event's text.
fn kind(json: &str) -> u64 {
    serde_json::from_str::<serde_json::Value>(json).unwrap()["kind"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_event__wrapped_a_thousand_times__one_answer_and_no_rows() {
    const TIMES: usize = 1_000;
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_ship(&seller, &buyer).await;
    let payment = world.relays.stored(RELAYS[0]).into_iter().find(|json| kind(json) == 311).unwrap();
    let journal = Arc::clone(&seller.ports().journal);
    let rows = async || {
        let marked = journal.documents_of_kind(1059).await.unwrap().len();
        (journal.inputs(&trade).await.unwrap().len(), marked)
    };
    let (inputs, marked) = rows().await;
    let stored = world.relays.stored(RELAYS[0]).len();
    let client = world.relays.client([RELAYS[0]]);
    let identity = Arc::clone(&buyer.ports().identity);
    let me = seller.ports().identity.public_key();
    for _ in 0..TIMES {
        client.publish(&identity.wrap(&me, &payment).unwrap(), &[]).await.unwrap();
    }
    // What comes after them has been read after them.
    seller.command(trade, ship()).await.unwrap();
    until_stage(&buyer, trade, Stage::Shipped).await;
    buyer.command(trade, received()).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    let (inputs_now, marked_now) = rows().await;
    assert!(inputs_now - inputs < 30, "{} inputs more", inputs_now - inputs);
    assert!(marked_now - marked < 30, "{} marks more", marked_now - marked);
    let published = world.relays.stored(RELAYS[0]).len() - stored - TIMES;
    assert!(published < 30, "{published} publications");
    world.check_money();
}

fn bounded(change: impl FnOnce(&mut Bounds)) -> EngineConfig {
    let mut config = config(no_faults());
    change(&mut config.bounds);
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers__many_messages_for_trades_that_nobody_knows__few_are_kept_and_a_trade_goes_on() {
    const STRANGERS: u16 = 20;
    const EACH: u16 = 60;
    let world = World::new();
    let bounds = bounded(|bounds| {
        bounds.held = 50;
        bounds.held_bytes = 40_000;
        bounds.stranger_bytes = 4_000;
        bounds.marks = 100;
    });
    let (seller, buyer) = (world.seller.start_with(bounds.clone()).await, world.buyer.start().await);
    let me = seller.ports().identity.public_key();
    let client = world.relays.client([RELAYS[0]]);
    for stranger in 0..STRANGERS {
        let vault = Vault::from_phrase(Phrase::generate().unwrap()).unwrap();
        for n in 0..EACH {
            let mut bytes = [7; 32];
            bytes[..4].copy_from_slice(&[stranger.to_be_bytes(), n.to_be_bytes()].concat());
            let trade = TradeId::from_bytes(bytes);
            // Every third is as long as a note may be, and every fourth is for nobody.
            let text = "x".repeat(if n % 3 == 0 { 5_000 } else { 100 });
            let content = match n % 4 {
                0 => "{}".to_owned(),
                _ => format!(r#"{{"v":1,"type":"note","trade":"{trade}","text":"{text}"}}"#),
            };
            let created_at = seller.ports().clock.now();
            let note = Unsigned { kind: PRIVATE_KIND, tags: Vec::new(), content, created_at };
            let wrap = vault.wrap(&me, &vault.sign(&note).unwrap()).unwrap();
            client.publish(&wrap, &[]).await.unwrap();
        }
    }
    // A trade that begins after all of that.
    let trade = to_shipped(&seller, &buyer).await;
    let journal = Arc::clone(&seller.ports().journal);
    let private = async || {
        let documents = journal.documents_of_kind(PRIVATE_KIND).await.unwrap();
        let strange: Vec<_> = documents.into_iter().filter(|document| document.trade.is_none()).collect();
        (strange.len(), strange.iter().map(|document| document.json.len()).sum::<usize>())
    };
    eventually("few are kept", async || private().await.0 <= 50).await;
    let (count, bytes) = private().await;
    assert!(count > 0 && bytes <= 40_000, "{count} messages of {bytes} bytes");
    buyer.command(trade, received()).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    seller.stop().await;
    drop((seller, journal));

    // What an earlier process kept beyond the bounds is forgotten.
    let fewer = bounded(|bounds| (bounds.held, bounds.marks) = (5, 10));
    let seller = world.seller.start_with(fewer).await;
    let journal = Arc::clone(&seller.ports().journal);
    let few = async || {
        let kept = journal.documents_of_kind(PRIVATE_KIND).await.unwrap();
        kept.iter().filter(|document| document.trade.is_none()).count() <= 5
    };
    eventually("fewer are kept", few).await;
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wraps__opened_and_marked__only_the_newest_marks_are_kept() {
    let world = World::new();
    let seller = world.seller.start_with(bounded(|bounds| bounds.marks = 100)).await;
    let me = seller.ports().identity.public_key();
    let client = world.relays.client([RELAYS[0]]);
    let vault = Vault::from_phrase(Phrase::generate().unwrap()).unwrap();
    let created_at = seller.ports().clock.now();
    let nothing = Unsigned { kind: PRIVATE_KIND, tags: Vec::new(), content: "{}".to_owned(), created_at };
    let signed = vault.sign(&nothing).unwrap();
    for _ in 0..1_100 {
        client.publish(&vault.wrap(&me, &signed).unwrap(), &[]).await.unwrap();
    }
    let journal = Arc::clone(&seller.ports().journal);
    let marks = async || journal.documents_of_kind(1059).await.unwrap().len();
    eventually("marked", async || marks().await > 0).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    eventually("forgotten", async || marks().await <= 100 + 512).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bids__more_than_anybody_looks_at__no_more_open_trades() {
    const MOST: usize = 5;
    const HANDS: usize = 16;
    let world = World::new();
    let seller = world
        .seller
        .start_with(bounded(|bounds| (bounds.bids, bounds.bids_per_author) = (MOST, 1_000)))
        .await;
    let buyer = world.buyer.start().await;
    let listing = seller.create_listing(a_listing()).await.unwrap().listing;
    let mut last = None;
    for _ in 0..3 * HANDS {
        last = Some(buyer.bid(a_bid(listing)).await.unwrap().summary.trade);
    }
    let out = |trade: TradeId| {
        world.relays.stored(RELAYS[0]).iter().any(|json| json.contains(&format!("\"id\":\"{trade}\"")))
    };
    eventually("the last one is out", async || out(last.unwrap())).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let open = seller.trades(true).await.unwrap().len();
    assert!((MOST..MOST + HANDS).contains(&open), "{open} trades");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bid__without_work__not_taken_in__with_it__taken_in() {
    let world = World::new();
    let seller = world.seller.start_with(bounded(|bounds| bounds.bid_work_bits = 8)).await;
    let lazy = world.buyer.start().await;
    let listing = seller.create_listing(a_listing()).await.unwrap().listing;
    let mut told = seller.subscribe();
    let cheap = lazy.bid(a_bid(listing)).await.unwrap().summary.trade;
    let ignored = async {
        loop {
            if let Ok(EngineEvent::Ignored { event, reason, .. }) = told.recv().await
                && event == cheap
            {
                break reason;
            }
        }
    };
    let reason = tokio::time::timeout(PATIENCE, ignored).await.expect("told why");
    assert!(reason.contains("work") || reason.contains("proof"), "{reason}");
    assert!(seller.trades(true).await.unwrap().is_empty());
    lazy.stop().await;
    drop(lazy);
    let buyer = world.buyer.start_with(bounded(|bounds| bounds.least_work_bits = 8)).await;
    to_bid(&seller, &buyer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disk__nearly_full__nothing_of_strangers_is_taken_in_and_open_trades_go_on() {
    let world = World::new();
    let (ports, journal) = world.seller.slow_ports();
    let seller = Engine::start(ports, config(no_faults())).await.unwrap();
    let buyer = world.buyer.start().await;
    let trade = to_shipped(&seller, &buyer).await;
    journal.leave_room(1 << 20);
    let full = async || seller.health().await.troubles.iter().any(|trouble| trouble.contains("1 MiB left"));
    eventually("said", full).await;
    let listing = seller.trade(trade).await.unwrap().summary.listing;
    buyer.bid(a_bid(listing)).await.unwrap();
    buyer.command(trade, received()).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    assert!(seller.trades(true).await.unwrap().is_empty(), "a stranger's bid was stored");
    journal.leave_room(u64::MAX);
    eventually("well again", async || seller.health().await.is_good()).await;
    to_bid(&seller, &buyer).await;
    world.check_money();
}
