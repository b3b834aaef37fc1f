//! A database full of open trades, and the bare journal beside the engine.

use domp_engine::{Engine, EngineConfig, Ports};
use domp_escrow::{terms::Terms, trade::Trade, wake::wake};
use domp_nostr::memory::MemoryNet;
use domp_ports::{
    clock::Clock,
    identity::Identity,
    journal::{Commit, Journal, TradeRow},
};
use domp_protocol::{
    deadlines::Agreed,
    ids::{EventId, NodeId, PublicKey},
    network::Network,
    units::{Blocks, Sat},
};
use domp_simnet::{Profile, Settings, SimNetwork};
use domp_store::SqliteJournal;
use domp_vault::{Phrase, Vault};
use futures::StreamExt;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

const RELAY: &str = "wss://relay.example";
const PHRASE: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

fn id(n: u64) -> EventId {
    let mut bytes = [1; 32];
    for (place, part) in bytes.chunks_mut(8).enumerate() {
        part.copy_from_slice(
            &(n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15 ^ (place as u64) << 17).to_be_bytes(),
        );
    }
    EventId::from_bytes(bytes)
}

fn trade(n: u64, seller: PublicKey, node: NodeId, now: domp_protocol::units::Unix) -> Trade {
    let amount = Sat::new(200_000).expect("an amount");
    Trade::for_seller(Terms {
        trade: id(n),
        listing: id(n / 10 + 1_000_000_000),
        buyer: PublicKey::from_bytes([3; 32]),
        seller,
        buyer_node: NodeId::from_bytes([2; 33]),
        seller_node: node,
        network: Network::Regtest,
        price: amount,
        buyer_collateral: amount,
        agreed: Agreed {
            handling: Blocks(144),
            transit: Blocks(144),
            inspection: Blocks(432),
            seller_auto_cancel: Blocks(18),
            buyer_auto_cancel: Some(Blocks(18)),
        },
        bid_at: now,
        payment_timeout_seconds: 86_400,
        relays: vec![RELAY.to_owned()],
    })
}

fn commit(trade: &Trade) -> Commit {
    Commit {
        row: TradeRow {
            id: trade.terms.trade,
            version: 1,
            snapshot: serde_json::to_vec(trade).expect("json"),
            wake_at: wake(trade).height,
            open: true,
        },
        expected_version: 0,
        input: vec![1; 200],
        effects: Vec::new(),
        cleared: Vec::new(),
        hashes: Vec::new(),
        documents: Vec::new(),
    }
}

/// Seconds that an engine takes to start with so many open trades, and that bare reading of their rows takes.
pub async fn start(folder: &Path, count: u64) -> (f64, f64) {
    let net = SimNetwork::new(Settings::default());
    let node = net.add_node("seller", Profile::lnd());
    let identity = Arc::new(Vault::from_phrase(Phrase::parse(PHRASE).expect("a phrase")).expect("a vault"));
    let database = folder.join("full.db");
    let now = net.clock().now();
    let journal = SqliteJournal::open(&database).expect("a database");
    let trades = (0..count).map(|n| trade(n, identity.public_key(), node.id(), now));
    let commits = trades.map(|trade| journal.commit(commit(&trade)));
    futures::stream::iter(commits).buffer_unordered(256).for_each(async |done| done.expect("kept")).await;
    let began = Instant::now();
    let rows = journal.trades(true).await.expect("rows");
    let base = began.elapsed().as_secs_f64();
    assert_eq!(rows.len() as u64, count);
    drop((rows, journal));
    let ports = Ports {
        lightning: Arc::new(node),
        journal: Arc::new(SqliteJournal::open(&database).expect("a database")),
        relays: Arc::new(MemoryNet::new([RELAY]).client([RELAY])),
        identity,
        clock: Arc::new(net.clock()),
    };
    let began = Instant::now();
    let engine = Engine::start(ports, EngineConfig::new(Network::Regtest, vec![RELAY.to_owned()]))
        .await
        .expect("an engine");
    let ours = began.elapsed().as_secs_f64();
    let health = engine.health().await;
    assert!(health.recovered && health.open_trades as u64 == count, "{health:?}");
    engine.stop().await;
    (ours, base)
}

/// Durable commits a second of the bare journal, 192 at the same time, of the size that trades have.
pub async fn commits_a_second(folder: &Path, count: u64) -> f64 {
    let journal = SqliteJournal::open(&folder.join("bare.db")).expect("a database");
    let now = domp_protocol::units::Unix(1_767_225_600);
    let trades =
        (0..count).map(|n| trade(n, PublicKey::from_bytes([4; 32]), NodeId::from_bytes([3; 33]), now));
    let commits: Vec<Commit> = trades.map(|trade| commit(&trade)).collect();
    let began = Instant::now();
    let commits = commits.into_iter().map(|commit| journal.commit(commit));
    futures::stream::iter(commits).buffer_unordered(192).for_each(async |done| done.expect("kept")).await;
    count as f64 / began.elapsed().as_secs_f64()
}

/// The time within which 99 of 100 commits, one after the other, are durable in the bare journal.
pub async fn slowest_commit_of_a_hundred(folder: &Path, count: u64) -> Duration {
    let journal = SqliteJournal::open(&folder.join("single.db")).expect("a database");
    let now = domp_protocol::units::Unix(1_767_225_600);
    let mut taken = Vec::new();
    for n in 0..count {
        let trade = trade(n, PublicKey::from_bytes([4; 32]), NodeId::from_bytes([3; 33]), now);
        let (commit, began) = (commit(&trade), Instant::now());
        journal.commit(commit).await.expect("kept");
        taken.push(began.elapsed());
    }
    taken.sort_unstable();
    taken.get(taken.len() * 99 / 100).copied().unwrap_or_default()
}
