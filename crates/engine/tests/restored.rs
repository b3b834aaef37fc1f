//! A machine is lost, and an old backup is all there is: what was done since is found again, or asked of the person, and
//! nobody loses.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use domp_engine::Engine;
use domp_escrow::{
    input::{Command, Shipment},
    letter::Paper,
    stage::{Ending, Stage},
    trade::Trade,
};
use domp_nostr::memory::Fault;
use domp_ports::{journal::COPY, relays::Wanted};
use domp_protocol::{ids::TradeId, units::Blocks};
use std::path::PathBuf;
use world::{
    PRICE, RELAYS, World, eventually, people::Person, received, ship, to_bid, to_late_invoice, to_offered,
    to_ship, to_shipped, until, until_ended, until_stage,
};

fn paid() -> i64 {
    i64::try_from(PRICE).unwrap()
}

async fn backed_up(person: &Person, engine: &Engine) -> PathBuf {
    let copy = person.database().with_extension("copy");
    engine.ports().journal.snapshot_to(&copy).await.unwrap();
    copy
}

/// The machine is gone; another one starts from the copy.
async fn lost(engine: Engine, person: &mut Person, copy: &PathBuf) {
    engine.stop().await;
    drop(engine);
    person.loses_everything();
    std::fs::copy(copy, person.database()).unwrap();
}

async fn in_doubt(engine: &Engine, trade: TradeId) -> bool {
    engine.snapshot(trade).await.unwrap().in_doubt()
}

async fn ends_paid(world: &World, seller: &Engine, buyer: &Engine, trade: TradeId) {
    until_ended(seller, trade, Ending::Completed).await;
    until_ended(buyer, trade, Ending::Completed).await;
    assert_eq!(world.seller_gained(), paid());
    world.check_money();
}

/// The backup is as old as the listing's first bid: everything of the trade is found again on the relays and at the node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seller__backup_older_than_the_acceptance__its_own_words_come_back_from_the_relays() {
    let mut world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_bid(&seller, &buyer).await;
    let copy = backed_up(&world.seller, &seller).await;
    seller.accept(trade).await.unwrap();
    until_stage(&buyer, trade, Stage::Offered).await;
    buyer.command(trade, Command::Pay).await.unwrap();
    until_stage(&seller, trade, Stage::ToShip).await;
    seller.command(trade, ship()).await.unwrap();
    until_stage(&buyer, trade, Stage::Shipped).await;
    lost(seller, &mut world.seller, &copy).await;
    // Long after SHIP_BY, on a machine that has never heard of the acceptance.
    world.net.mine(200);
    let seller = world.seller.start().await;
    let papers = [Paper::Acceptance, Paper::LockAck, Paper::LockOk, Paper::Shipped];
    let all = |found: &Trade| papers.iter().all(|paper| found.papers.contains_key(paper));
    let found = until(&seller, trade, "up to date", all).await;
    assert!(!found.in_doubt() && found.choices.shipped.is_some() && found.unwind.is_none(), "{found:#?}");
    assert_eq!(seller.ports().journal.setting(COPY).await.unwrap().as_deref(), Some("told"));
    buyer.command(trade, received()).await.unwrap();
    ends_paid(&world, &seller, &buyer, trade).await;
}

/// Without the rule the price goes back at SHIP_BY + 1.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seller__backup_older_than_the_shipping_and_no_relay_has_its_words__the_price_waits_for_the_buyer() {
    let mut world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_ship(&seller, &buyer).await;
    let copy = backed_up(&world.seller, &seller).await;
    let to_itself = Wanted {
        kinds: vec![1059],
        addressed_to: vec![seller.snapshot(trade).await.unwrap().terms.seller],
        ..Wanted::default()
    };
    for relay in RELAYS {
        world.relays.break_relay(relay, Fault::Withhold(to_itself.clone()));
    }
    seller.command(trade, ship()).await.unwrap();
    until_stage(&buyer, trade, Stage::Shipped).await;
    lost(seller, &mut world.seller, &copy).await;
    world.net.mine(200);
    let seller = world.seller.start().await;
    assert!(in_doubt(&seller, trade).await);
    let found = seller.snapshot(trade).await.unwrap();
    assert!(found.unwind.is_none(), "{found:#?}");
    let told = seller.health().await.troubles.iter().any(|line| line.contains("had-shipped"));
    assert!(told, "{:?}", seller.health().await.troubles);
    buyer.command(trade, received()).await.unwrap();
    ends_paid(&world, &seller, &buyer, trade).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seller__in_doubt__its_person_says_which_it_was() {
    for shipped in [true, false] {
        let mut world = World::new();
        let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
        let trade = to_ship(&seller, &buyer).await;
        let copy = backed_up(&world.seller, &seller).await;
        lost(seller, &mut world.seller, &copy).await;
        world.net.mine(200);
        let seller = world.seller.start().await;
        assert!(in_doubt(&seller, trade).await);
        if shipped {
            seller.command(trade, Command::HadShipped(Shipment::default())).await.unwrap();
            let told = seller.health().await.troubles;
            assert!(!told.iter().any(|line| line.contains("had-shipped")), "{told:?}");
            until_stage(&buyer, trade, Stage::Shipped).await;
            buyer.command(trade, received()).await.unwrap();
            ends_paid(&world, &seller, &buyer, trade).await;
        } else {
            seller.command(trade, Command::NotShipped).await.unwrap();
            until_ended(&buyer, trade, Ending::Refunded).await;
            until_ended(&seller, trade, Ending::Refunded).await;
            assert_eq!(world.seller_gained(), 0);
            world.check_money();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seller__in_doubt_and_nobody_says_anything__everything_home_before_the_node_lets_go() {
    let mut world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_ship(&seller, &buyer).await;
    let settle_by = seller.snapshot(trade).await.unwrap().deadlines.unwrap().settle_by;
    let copy = backed_up(&world.seller, &seller).await;
    lost(seller, &mut world.seller, &copy).await;
    let seller = world.seller.start().await;
    while world.net.height() < settle_by.minus(Blocks(1)) {
        world.net.mine(1);
    }
    eventually("seen", async || seller.health().await.node.height == Some(world.net.height())).await;
    assert!(in_doubt(&seller, trade).await && seller.snapshot(trade).await.unwrap().unwind.is_none());
    world.net.mine(1);
    until_ended(&seller, trade, Ending::Refunded).await;
    until_ended(&buyer, trade, Ending::Refunded).await;
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seller__nothing_was_locked_yet__no_doubt_is_left() {
    let mut world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_offered(&seller, &buyer).await;
    let copy = backed_up(&world.seller, &seller).await;
    lost(seller, &mut world.seller, &copy).await;
    let seller = world.seller.start().await;
    eventually("known", async || !in_doubt(&seller, trade).await).await;
    assert!(seller.health().await.is_good(), "{:?}", seller.health().await.troubles);
    buyer.command(trade, Command::Pay).await.unwrap();
    until_stage(&seller, trade, Stage::ToShip).await;
    seller.command(trade, ship()).await.unwrap();
    until_stage(&buyer, trade, Stage::Shipped).await;
    buyer.command(trade, received()).await.unwrap();
    ends_paid(&world, &seller, &buyer, trade).await;
}

/// A day after the acceptance, which the backup knows, and the payment, which it does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyer__backup_older_than_the_payment__pays_nothing_and_can_confirm() {
    let mut world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_offered(&seller, &buyer).await;
    let copy = backed_up(&world.buyer, &buyer).await;
    buyer.command(trade, Command::Pay).await.unwrap();
    until_stage(&seller, trade, Stage::ToShip).await;
    seller.command(trade, ship()).await.unwrap();
    until_stage(&buyer, trade, Stage::Shipped).await;
    let written = buyer.snapshot(trade).await.unwrap().papers[&Paper::Payment];
    lost(buyer, &mut world.buyer, &copy).await;
    world.net.pass_seconds(90_000);
    world.net.mine(150);
    let buyer = world.buyer.start().await;
    let found = until_stage(&buyer, trade, Stage::Shipped).await;
    assert_eq!(found.papers[&Paper::Payment], written, "the 311 is the one that was written before");
    assert!(!found.in_doubt() && found.unwind.is_none(), "{found:#?}");
    buyer.command(trade, received()).await.unwrap();
    ends_paid(&world, &seller, &buyer, trade).await;
}

/// No relay answers at first: nothing is done meanwhile that may have been done before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyer__no_relay_answers_after_the_restore__waits_in_doubt_until_one_does() {
    let mut world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_offered(&seller, &buyer).await;
    let copy = backed_up(&world.buyer, &buyer).await;
    buyer.command(trade, Command::Pay).await.unwrap();
    until_stage(&seller, trade, Stage::ToShip).await;
    lost(buyer, &mut world.buyer, &copy).await;
    for relay in RELAYS {
        world.relays.break_relay(relay, Fault::Down);
    }
    let buyer = world.buyer.start().await;
    assert!(in_doubt(&buyer, trade).await);
    let refused = buyer.command(trade, Command::Pay).await.unwrap_err();
    assert!(refused.to_string().contains("restored"), "{refused}");
    for relay in RELAYS {
        world.relays.repair(relay);
    }
    eventually("known", async || !in_doubt(&buyer, trade).await).await;
    seller.command(trade, ship()).await.unwrap();
    until_stage(&buyer, trade, Stage::Shipped).await;
    buyer.command(trade, received()).await.unwrap();
    ends_paid(&world, &seller, &buyer, trade).await;
}

/// A copy is made of a database, the database goes on: only the copy is in doubt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backup__made__its_original_is_never_in_doubt() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    backed_up(&world.seller, &seller).await;
    seller.stop().await;
    drop(seller);
    let seller = world.seller.start().await;
    assert!(seller.snapshot(trade).await.unwrap().restored.is_none());
    buyer.command(trade, received()).await.unwrap();
    ends_paid(&world, &seller, &buyer, trade).await;
}

/// The backup knows the late invoice and not that it was paid: nothing of that trade was open any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyer__backup_older_than_its_late_payment__ordered_again_and_paid_once() {
    let mut world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_late_invoice(&world, &seller, &buyer).await;
    let copy = backed_up(&world.buyer, &buyer).await;
    buyer.command(trade, Command::PayLate).await.unwrap();
    until_ended(&seller, trade, Ending::PaidLate).await;
    lost(buyer, &mut world.buyer, &copy).await;
    let buyer = world.buyer.start().await;
    let found = buyer.snapshot(trade).await.unwrap();
    assert!(!found.late.unwrap().paid, "the backup does not know");
    buyer.command(trade, Command::PayLate).await.unwrap();
    until_ended(&buyer, trade, Ending::PaidLate).await;
    assert_eq!(world.seller_gained(), paid());
    world.check_money();
}
