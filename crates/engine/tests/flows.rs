//! Whole trades between two engines, on simulated Lightning, memory relays and SQLite.
#![allow(non_snake_case)]

mod world;

use domp_escrow::{
    input::Command,
    letter::Paper,
    stage::{Ending, Stage},
};
use domp_protocol::ids::TradeId;
use world::{
    COLLATERAL, PRICE, World, a_bid, a_listing, eventually, received, ship, until, until_ended, until_stage,
};

/// A listing, a bid on it, and the seller's side of the trade with its hashes.
async fn bid(world: &World, seller: &domp_engine::Engine, buyer: &domp_engine::Engine) -> TradeId {
    let _ = world;
    let listing = seller.create_listing(a_listing()).await.unwrap();
    let trade = buyer.bid(a_bid(listing.listing)).await.unwrap().summary.trade;
    until(seller, trade, "bid with hashes", |found| found.legs.iter().all(|leg| leg.hash.is_some())).await;
    trade
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success__seller_paid_and_collateral_home() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = bid(&world, &seller, &buyer).await;
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
    let trade = bid(&world, &seller, &buyer).await;
    seller.accept(trade).await.unwrap();
    until_stage(&buyer, trade, Stage::Offered).await;
    buyer.command(trade, Command::Pay).await.unwrap();
    until_stage(&seller, trade, Stage::ToShip).await;
    seller.command(trade, ship()).await.unwrap();
    let found = until_stage(&buyer, trade, Stage::Shipped).await;
    let settle_by = found.deadlines.unwrap().settle_by;
    let remaining = world.net.height().until(settle_by).0;
    world.net.mine(remaining);
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
    let trade = bid(&world, &seller, &buyer).await;
    seller.accept(trade).await.unwrap();
    until_stage(&buyer, trade, Stage::Offered).await;
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
    let trade = bid(&world, &seller, &buyer).await;
    let listing = seller.trade(trade).await.unwrap().summary.listing;
    seller.accept(trade).await.unwrap();
    until_stage(&buyer, trade, Stage::Offered).await;
    buyer.command(trade, Command::Pay).await.unwrap();
    until_stage(&seller, trade, Stage::ToShip).await;
    assert_eq!(seller.fetch_listing(listing).await.unwrap().taken_by, Some(trade));
    seller.command(trade, Command::Refund { reason: "sold out".to_owned() }).await.unwrap();
    until_ended(&seller, trade, Ending::Refunded).await;
    let found = until_ended(&buyer, trade, Ending::Refunded).await;
    assert!(found.papers.contains_key(&Paper::Payment));
    eventually("quiet", async || world.is_quiet()).await;
    assert_eq!(world.seller_gained(), 0);
    assert_eq!(seller.fetch_listing(listing).await.unwrap().taken_by, None);
    world.check_money();
    let _ = COLLATERAL;
}
