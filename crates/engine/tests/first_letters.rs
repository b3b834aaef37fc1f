//! Bid, hashes and acceptance: nobody receipts them, and still none of them may be lost for good.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use domp_engine::{Engine, EngineConfig, Ports};
use domp_escrow::{letter::Paper, stage::Stage};
use domp_nostr::memory::Fault;
use domp_ports::{clock::Clock, relays::Relays as _};
use domp_protocol::units::Unix;
use std::sync::Arc;
use world::{RELAYS, World, a_bid, a_listing, config, no_faults, people::Person, until, until_stage};

/// Somebody who has one relay only.
async fn at(world: &World, person: &Person, relay: &str) -> Engine {
    let ports = Ports { relays: Arc::new(world.relays.client([relay])), ..person.ports() };
    let config = EngineConfig { relays: vec![relay.to_owned()], ..config(no_faults()) };
    Engine::start(ports, config).await.unwrap()
}

/// A clock that is set wrong.
struct Ahead(Arc<dyn Clock>, u64);

impl Clock for Ahead {
    fn now(&self) -> Unix {
        self.0.now().plus(self.1)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acceptance__the_buyers_only_relay_down_when_it_was_sent__arrives_later() {
    let world = World::new();
    let seller = at(&world, &world.seller, RELAYS[0]).await;
    let buyer = at(&world, &world.buyer, RELAYS[1]).await;
    let listing = seller.create_listing(a_listing()).await.unwrap().listing;
    for json in world.relays.stored(RELAYS[0]) {
        world.relays.client([RELAYS[1]]).publish(&json, &[]).await.unwrap();
    }
    let trade = buyer.bid(a_bid(listing)).await.unwrap().summary.trade;
    until(&seller, trade, "hashes", |found| found.legs.iter().all(|leg| leg.hash.is_some())).await;
    world.relays.break_relay(RELAYS[1], Fault::Down);
    seller.accept(trade).await.unwrap();
    until(&seller, trade, "sent", |found| {
        found.letter(Paper::Acceptance).is_some_and(|letter| letter.sent.is_some())
    })
    .await;
    world.relays.repair(RELAYS[1]);
    world.net.mine(3);
    until_stage(&buyer, trade, Stage::Offered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bid__the_buyers_clock_ahead__taken_in_once_its_time_has_come() {
    let world = World::new();
    let seller = world.seller.start().await;
    let ports = world.buyer.ports();
    let ahead: Arc<dyn Clock> = Arc::new(Ahead(Arc::clone(&ports.clock), 20 * 60));
    let buyer = Engine::start(Ports { clock: ahead, ..ports }, config(no_faults())).await.unwrap();
    let listing = seller.create_listing(a_listing()).await.unwrap().listing;
    let trade = buyer.bid(a_bid(listing)).await.unwrap().summary.trade;
    until(&buyer, trade, "sent", |found| {
        found.letter(Paper::Hashes).is_some_and(|letter| letter.sent.is_some())
    })
    .await;
    assert!(seller.trades(false).await.unwrap().is_empty(), "taken in from the future");
    world.net.pass_seconds(30 * 60);
    world.net.mine(13);
    until(&seller, trade, "hashes", |found| found.legs.iter().all(|leg| leg.hash.is_some())).await;
    seller.accept(trade).await.unwrap();
    until_stage(&buyer, trade, Stage::Offered).await;
}
