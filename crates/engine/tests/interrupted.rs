//! Work that is interrupted while it is being written: nothing that is on disk may be forgotten in memory.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use domp_engine::{Engine, EngineConfig, config::Times};
use domp_escrow::{
    letter::Paper,
    stage::{Ending, Stage},
};
use std::time::Duration;
use world::{
    PRICE, World, config, eventually, no_faults, received, ship, to_ship, to_shipped, until, until_ended,
    until_stage,
};

const LATE: Duration = Duration::from_millis(300);

/// A start that does not wait as long as the database takes.
fn impatient() -> EngineConfig {
    let usual = config(no_faults());
    EngineConfig { times: Times { catch_up: LATE * 2 / 3, ..usual.times }, ..usual }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seller__restarted_and_the_start_takes_too_long_while_the_secret_is_written__settles() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    // Nothing else waits to be written when the secret comes.
    until(&seller, trade, "receipted", |found| {
        found.letter(Paper::Shipped).is_some_and(|letter| letter.receipted)
    })
    .await;
    seller.stop().await;
    drop(seller);
    buyer.command(trade, received()).await.unwrap();
    until(&buyer, trade, "confirmed", |found| {
        found.letter(Paper::Verdict).is_some_and(|letter| letter.sent.is_some())
    })
    .await;

    let (ports, journal) = world.seller.slow_ports();
    journal.acknowledge_after(LATE);
    let seller = Engine::start(ports, impatient()).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    until_ended(&buyer, trade, Ending::Completed).await;
    assert_eq!(world.seller_gained(), i64::try_from(PRICE).unwrap());
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command__its_caller_goes_away_during_the_commit__carried_out() {
    let world = World::new();
    let (ports, journal) = world.seller.slow_ports();
    let seller = Engine::start(ports, config(no_faults())).await.unwrap();
    let buyer = world.buyer.start().await;
    let trade = to_ship(&seller, &buyer).await;
    journal.acknowledge_after(LATE);
    let waiting = tokio::time::timeout(LATE / 3, seller.command(trade, ship())).await;
    assert!(waiting.is_err(), "the caller waited to the end: {waiting:?}");
    until_stage(&buyer, trade, Stage::Shipped).await;
    until_stage(&seller, trade, Stage::Shipped).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outbox__unreadable_at_the_start__what_was_left_is_done_later() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    // The order to settle is written while the node is away, so it is still to be done when the seller stops.
    world.seller.node.stop();
    eventually("seen as down", async || !seller.health().await.node.reachable).await;
    buyer.command(trade, received()).await.unwrap();
    until(&seller, trade, "claiming", |found| found.is_claiming()).await;
    seller.stop().await;
    drop(seller);

    world.seller.node.start();
    let (ports, journal) = world.seller.slow_ports();
    journal.fail_outbox(3);
    let seller = Engine::start(ports, config(no_faults())).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    assert_eq!(world.seller_gained(), i64::try_from(PRICE).unwrap());
    world.check_money();
}
