//! Whole trades between two engines, on simulated Lightning, memory relays and SQLite.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use domp_escrow::{
    input::{Agreement, Command},
    letter::Paper,
    stage::{Ending, Stage},
};
use domp_nostr::memory::Fault;
use world::{
    PRICE, RELAYS, World, eventually, received, ship, to_bid, to_late_invoice, to_offered, to_ship,
    to_shipped, until, until_ended, until_stage,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success__seller_paid_and_collateral_home() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_bid(&seller, &buyer).await;
    seller.accept(trade).await.unwrap();
    until_stage(&buyer, trade, Stage::Offered).await;
    buyer.command(trade, Command::Pay).await.unwrap();
    until_stage(&seller, trade, Stage::ToShip).await;
    until_stage(&buyer, trade, Stage::ToShip).await;
    assert_eq!(seller.shipping_address(trade).await.unwrap().as_deref(), Some("1 Main Street, Town"));
    seller.command(trade, ship()).await.unwrap();
    until_stage(&buyer, trade, Stage::Shipped).await;
    buyer.command(trade, received()).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    until_ended(&buyer, trade, Ending::Completed).await;
    eventually("quiet", async || world.is_quiet()).await;
    assert_eq!(world.seller_gained(), i64::try_from(PRICE).unwrap());
    world.check_money();
    for engine in [&seller, &buyer] {
        eventually("nothing pending", async || engine.health().await.pending_effects == 0).await;
        let view = engine.trade(trade).await.unwrap();
        assert!(view.summary.ended && view.summary.stage == "completed", "{view:#?}");
        assert_eq!(engine.health().await.troubles, Vec::<String>::new());
    }
    seller.stop().await;
    buyer.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timeout__buyer_silent__everything_home_and_channel_open() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    let settle_by = buyer.snapshot(trade).await.unwrap().deadlines.unwrap().settle_by;
    world.net.mine(world.net.height().until(settle_by).0);
    until_ended(&seller, trade, Ending::Refunded).await;
    until_ended(&buyer, trade, Ending::Refunded).await;
    eventually("quiet", async || world.is_quiet()).await;
    assert_eq!(world.seller_gained(), 0);
    world.net.mine(100);
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonpayment__nobody_pays__abandoned_on_both_sides() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_offered(&seller, &buyer).await;
    world.net.pass_seconds(90_000);
    until_ended(&seller, trade, Ending::Abandoned).await;
    until_ended(&buyer, trade, Ending::Abandoned).await;
    assert!(world.is_quiet());
    assert_eq!(world.seller_gained(), 0);
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refund__seller_gives_back__everything_home_and_listing_free_again() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_ship(&seller, &buyer).await;
    let listing = seller.trade(trade).await.unwrap().summary.listing;
    assert_eq!(seller.fetch_listing(listing).await.unwrap().taken_by, Some(trade));
    seller.command(trade, Command::Refund { reason: "sold out".to_owned() }).await.unwrap();
    until_ended(&seller, trade, Ending::Refunded).await;
    until_ended(&buyer, trade, Ending::Refunded).await;
    until(&buyer, trade, "told by a 314", |found| found.papers.contains_key(&Paper::Refund)).await;
    eventually("quiet", async || world.is_quiet()).await;
    assert_eq!(world.seller_gained(), 0);
    assert_eq!(seller.fetch_listing(listing).await.unwrap().taken_by, None);
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel__both_agree__everything_home() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    buyer.command(trade, Command::Agree(Agreement::Cancel)).await.unwrap();
    seller.command(trade, Command::Agree(Agreement::Cancel)).await.unwrap();
    until_ended(&seller, trade, Ending::Refunded).await;
    until_ended(&buyer, trade, Ending::Refunded).await;
    assert_eq!(world.seller_gained(), 0);
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late__goods_after_the_hold__paid_by_an_ordinary_invoice_once() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_late_invoice(&world, &seller, &buyer).await;
    buyer.command(trade, Command::PayLate).await.unwrap();
    until_ended(&buyer, trade, Ending::PaidLate).await;
    until_ended(&seller, trade, Ending::PaidLate).await;
    assert_eq!(world.seller_gained(), i64::try_from(PRICE).unwrap());
    assert!(buyer.command(trade, Command::PayLate).await.is_err());
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success__relays_repeat_and_shuffle__the_same_end() {
    let world = World::new();
    world.relays.break_relay(RELAYS[0], Fault::Repeat(3));
    world.relays.break_relay(RELAYS[1], Fault::Shuffle { window: 2, seed: 7 });
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    buyer.command(trade, received()).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    until_ended(&buyer, trade, Ending::Completed).await;
    assert_eq!(world.seller_gained(), i64::try_from(PRICE).unwrap());
    world.check_money();
}
