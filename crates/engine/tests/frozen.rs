//! A step that would break an invariant is not taken, and its trade is frozen: it takes on nothing more, and what is locked
//! in it still goes to whom it belongs.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use domp_engine::{
    EngineError,
    faults::{Fault, Faults, Point},
};
use domp_escrow::{
    input::{Input, Said},
    stage::Ending,
};
use domp_protocol::ids::EventId;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use world::{World, eventually, received, ship, to_ship, to_shipped, until_ended};

/// One step of a trade counts as breaking an invariant.
struct BreaksOnce {
    at: &'static str,
    done: AtomicBool,
}

impl Faults for BreaksOnce {
    fn at(&self, point: Point<'_>) -> Fault {
        let hit = point.name() == self.at && !self.done.swap(true, Ordering::SeqCst);
        if hit { Fault::Break } else { Fault::None }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen__after_shipping__takes_on_nothing_more_and_is_paid_all_the_same() {
    let world = World::new();
    let faults = BreaksOnce { at: "before commit said dispute", done: false.into() };
    let (seller, buyer) = (world.seller.start_faulty(Arc::new(faults)).await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    let before = seller.snapshot(trade).await.unwrap();
    let event = EventId::from_bytes([7; 32]);
    let said = Said::Dispute;
    let refused = seller.input(trade, Input::Said { event, said }).await.unwrap_err();
    assert!(matches!(refused, EngineError::Frozen { .. }), "{refused}");
    assert_eq!(seller.snapshot(trade).await.unwrap(), before, "the step was not taken");
    assert_eq!(seller.health().await.frozen_trades, 1);
    assert!(seller.health().await.troubles.iter().any(|line| line.contains("frozen")));
    assert!(seller.trade(trade).await.unwrap().frozen.is_some());
    let refused = seller.command(trade, ship()).await.unwrap_err();
    assert!(matches!(refused, EngineError::Refused(_) | EngineError::Frozen { .. }), "{refused}");
    buyer.command(trade, received()).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    until_ended(&buyer, trade, Ending::Completed).await;
    world.check_money();
}

/// The step at its deadline cannot be taken the first time: it is tried again with the next block.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen__at_a_deadline__tried_again_with_the_next_block() {
    let world = World::new();
    let faults = BreaksOnce { at: "before commit tick", done: false.into() };
    let (seller, buyer) = (world.seller.start_faulty(Arc::new(faults)).await, world.buyer.start().await);
    let trade = to_ship(&seller, &buyer).await;
    let ship_by = seller.snapshot(trade).await.unwrap().deadlines.unwrap().ship_by;
    world.net.mine(world.net.height().until(ship_by).0 + 1);
    eventually("frozen", async || seller.health().await.frozen_trades == 1).await;
    let refused = seller.command(trade, ship()).await.unwrap_err();
    assert!(matches!(refused, EngineError::Refused(_) | EngineError::Frozen { .. }), "{refused}");
    world.net.mine(1);
    until_ended(&seller, trade, Ending::Refunded).await;
    until_ended(&buyer, trade, Ending::Refunded).await;
    world.check_money();
}
