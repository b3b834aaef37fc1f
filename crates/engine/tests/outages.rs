//! Things that stop working, and what comes of it: nothing lost, nothing paid twice, everything said.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use domp_engine::{Engine, EngineConfig, EngineError, ErrorClass, Ports, config::Times};
use domp_escrow::{
    input::Command,
    letter::{Letter, Paper},
    note::Refusal,
    stage::{Ending, Stage},
};
use domp_nostr::memory::Fault;
use domp_ports::lightning::LnError;
use domp_protocol::units::Blocks;
use domp_simnet::{Call, CallFault, Profile};
use std::{sync::Arc, time::Duration};
use world::{
    PRICE, RELAYS, World, a_bid, a_listing, bid_on, config, eventually, hanging::HangingRelay, no_faults,
    received, ship, to_bid, to_offered, to_ship, to_shipped, until, until_ended, until_stage,
};

fn paid() -> i64 {
    i64::try_from(PRICE).unwrap()
}

/// Incoming payments are seen although nobody tells of them `[D3-41]`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams__dead_and_silent__the_sweep_finds_everything() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_offered(&seller, &buyer).await;
    for person in [&world.seller, &world.buyer] {
        person.node.mute_streams(true);
    }
    buyer.command(trade, Command::Pay).await.unwrap();
    until_stage(&seller, trade, Stage::ToShip).await;
    seller.command(trade, ship()).await.unwrap();
    until_stage(&buyer, trade, Stage::Shipped).await;
    buyer.command(trade, received()).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    until_ended(&buyer, trade, Ending::Completed).await;
    assert_eq!(world.seller_gained(), paid());
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watch__cannot_be_renewed__health_says_so_until_it_can() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_ship(&seller, &buyer).await;
    assert!(seller.health().await.is_good());
    for _ in 0..40 {
        world.seller.node.script_fault(Some(Call::WatchInvoice), CallFault::Unavailable);
    }
    world.seller.node.break_streams();
    let tells =
        async || seller.health().await.troubles.iter().any(|trouble| trouble.contains("subscription"));
    eventually("degraded", tells).await;
    eventually("well again", async || seller.health().await.is_good()).await;
    assert_eq!(seller.health().await.watches, 2);
    seller.command(trade, ship()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node__stopped_while_money_is_held__waits_and_completes() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    world.seller.node.stop();
    eventually("seen as down", async || !seller.health().await.node.reachable).await;
    buyer.command(trade, received()).await.unwrap();
    until(&seller, trade, "claiming", |found| found.is_claiming()).await;
    assert_eq!(world.seller_gained(), 0);
    world.seller.node.start();
    until_ended(&seller, trade, Ending::Completed).await;
    until_ended(&buyer, trade, Ending::Completed).await;
    assert_eq!(world.seller_gained(), paid());
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node__down_at_the_start__starts_all_the_same_and_decides_nothing() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    let settle_by = seller.snapshot(trade).await.unwrap().deadlines.unwrap().settle_by;
    seller.stop().await;
    drop(seller);
    world.seller.node.stop();
    let seller = world.seller.start().await;
    let health = seller.health().await;
    assert!(!health.recovered && !health.is_good(), "{health:?}");
    let refused = seller.input(trade, domp_escrow::input::Input::Tick).await.unwrap_err();
    assert!(matches!(refused, EngineError::NoTip(_)), "{refused}");
    assert_eq!(refused.class(), ErrorClass::Unavailable);
    world.seller.node.start();
    until(&seller, trade, "still held", |found| found.legs.iter().all(|leg| leg.is_locked())).await;
    eventually("recovered", async || seller.health().await.recovered).await;
    world.net.mine(world.net.height().until(settle_by).0);
    until_ended(&seller, trade, Ending::Refunded).await;
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seller__away_past_the_deadline_while_the_secret_waits_on_the_relays__uses_it_first() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    let deadlines = seller.snapshot(trade).await.unwrap().deadlines.unwrap();
    seller.stop().await;
    drop(seller);
    buyer.command(trade, received()).await.unwrap();
    until(&buyer, trade, "confirmed", |found| found.papers.contains_key(&Paper::Verdict)).await;
    // Past the last safe height, and the node would let go by itself soon.
    world.net.mine(world.net.height().until(deadlines.settle_by).0 + 2);
    let seller = world.seller.start().await;
    until_ended(&seller, trade, Ending::Completed).await;
    until_ended(&buyer, trade, Ending::Completed).await;
    assert_eq!(world.seller_gained(), paid());
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seller__away_past_the_deadline_and_one_relay_hangs__the_secret_on_another_is_used_first() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    let deadlines = seller.snapshot(trade).await.unwrap().deadlines.unwrap();
    seller.stop().await;
    drop(seller);
    buyer.command(trade, received()).await.unwrap();
    until(&buyer, trade, "confirmed", |found| found.papers.contains_key(&Paper::Verdict)).await;
    world.net.mine(world.net.height().until(deadlines.settle_by).0 + 2);
    let ports = world.seller.ports();
    let relays = HangingRelay { behind: Arc::clone(&ports.relays), hangs: RELAYS[2].to_owned() };
    let usual = config(no_faults());
    let times = Times { catch_up: Duration::from_millis(500), ..usual.times };
    let ports = Ports { relays: Arc::new(relays), ..ports };
    let seller = Engine::start(ports, EngineConfig { times, ..usual }).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    assert_eq!(world.seller_gained(), paid());
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relays__gone_until_it_is_too_late__the_secret_never_leaves() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    let deadlines = buyer.snapshot(trade).await.unwrap().deadlines.unwrap();
    for relay in RELAYS {
        world.relays.break_relay(relay, Fault::Down);
    }
    buyer.command(trade, received()).await.unwrap();
    let stuck = async || buyer.health().await.troubles.iter().any(|trouble| trouble.contains("tried again"));
    eventually("said to be stuck", stuck).await;
    world.net.mine(world.net.height().until(deadlines.reveal_by).0 + 1);
    let without_it = |letter: &Letter| letter.message.reveals().is_none();
    until(&buyer, trade, "given up", |found| found.letter(Paper::Verdict).is_some_and(without_it)).await;
    for relay in RELAYS {
        world.relays.repair(relay);
    }
    world.net.mine(world.net.height().until(deadlines.settle_by).0);
    until_ended(&seller, trade, Ending::Refunded).await;
    until_ended(&buyer, trade, Ending::Refunded).await;
    let said: Vec<String> = RELAYS.iter().flat_map(|relay| world.relays.stored(relay)).collect();
    assert!(!said.iter().any(|event| event.contains("encrypted_preimage")), "the secret left too late");
    assert_eq!(world.seller_gained(), 0);
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relays__two_of_three_down__the_trade_goes_on() {
    let world = World::new();
    world.relays.break_relay(RELAYS[0], Fault::Down);
    world.relays.break_relay(RELAYS[2], Fault::AnswerLost);
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    buyer.command(trade, received()).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    let view = seller.trade(trade).await.unwrap();
    let answers: Vec<_> = view.letters.iter().flat_map(|letter| &letter.relays).collect();
    assert!(answers.iter().any(|result| result.relay == RELAYS[0]), "{view:#?}");
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_bids_on_one_listing__one_accepted__the_other_told_which() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let first = to_bid(&seller, &buyer).await;
    let listing = seller.trade(first).await.unwrap().summary.listing;
    let second = bid_on(&seller, &buyer, listing).await;
    let (one, two) = tokio::join!(seller.accept(first), seller.accept(second));
    assert!(one.is_ok() != two.is_ok(), "exactly one: {one:?} {two:?}");
    let (taken, free) = if one.is_ok() { (first, second) } else { (second, first) };
    let error = seller.accept(free).await.unwrap_err();
    assert!(matches!(&error, EngineError::ListingTaken { by, .. } if *by == taken), "{error}");
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
    // Withdrawn, the listing is free again.
    until_stage(&buyer, taken, Stage::Offered).await;
    seller.command(taken, Command::Withdraw).await.unwrap();
    until_ended(&seller, taken, Ending::Abandoned).await;
    seller.accept(free).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn liquidity__too_little__refused_with_numbers_before_anything_is_promised() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let mut dear = a_listing();
    dear.price = world::sat(5_000_000);
    let listing = seller.create_listing(dear).await.unwrap();
    let error = buyer.bid(a_bid(listing.listing)).await.unwrap_err();
    assert!(matches!(error, EngineError::Liquidity(_)), "{error}");
    assert!(error.to_string().contains("your node can send"), "{error}");
    assert!(buyer.trades(false).await.unwrap().is_empty());
    let preview = buyer.preview_bid(&a_bid(listing.listing)).await.unwrap();
    assert!(preview.refusal.is_some_and(|refusal| refusal.contains("your node can send")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands__out_of_turn__refused_with_the_way_out_and_nothing_written() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_offered(&seller, &buyer).await;
    let before = seller.trade(trade).await.unwrap().summary.version;
    let error = seller.command(trade, ship()).await.unwrap_err();
    assert!(matches!(error, EngineError::Refused(Refusal::WrongStage { .. })), "{error}");
    assert_eq!(error.class(), ErrorClass::Refused);
    assert!(matches!(
        seller.command(trade, Command::Pay).await,
        Err(EngineError::Refused(Refusal::NotYours))
    ));
    assert_eq!(seller.trade(trade).await.unwrap().summary.version, before);
    let preview = buyer.preview(trade, &Command::Pay).await.unwrap();
    assert!(preview.refusal.is_none() && !preview.situation.is_empty(), "{preview:?}");
    let nowhere = domp_protocol::ids::EventId::from_bytes([9; 32]);
    assert_eq!(buyer.trade(nowhere).await.unwrap_err().class(), ErrorClass::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payer_without_its_own_guard__outcome_unknown__never_paid_twice_and_ends() {
    let world = World::with(Profile::lnd(), Profile::pay_only());
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_offered(&seller, &buyer).await;
    world.buyer.node.script_fault(Some(Call::Pay), CallFault::NotPerformed);
    buyer.command(trade, Command::Pay).await.unwrap();
    let warned =
        async || buyer.health().await.troubles.iter().any(|trouble| trouble.contains("paying twice"));
    eventually("warned", warned).await;
    assert_eq!(world.buyer.node.calls(Call::Pay), 1);
    world.net.pass_seconds(90_000);
    until_ended(&buyer, trade, Ending::Abandoned).await;
    assert_eq!(world.buyer.node.calls(Call::Pay), 1);
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payer_with_a_guard__answer_lost__asked_again_and_paid_once() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_offered(&seller, &buyer).await;
    world.buyer.node.script_fault(Some(Call::Pay), CallFault::AnswerLost);
    world.buyer.node.script_fault(Some(Call::Pay), CallFault::NotPerformed);
    buyer.command(trade, Command::Pay).await.unwrap();
    until_stage(&seller, trade, Stage::ToShip).await;
    seller.command(trade, Command::Refund { reason: "no".to_owned() }).await.unwrap();
    until_ended(&buyer, trade, Ending::Refunded).await;
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn selling__with_a_node_that_cannot_hold__refused_with_the_reason() {
    let world = World::with(Profile::pay_only(), Profile::lnd());
    let seller = world.seller.start().await;
    let error = seller.create_listing(a_listing()).await.unwrap_err();
    assert!(matches!(error, EngineError::Node(LnError::Unsupported(_))), "{error}");
    assert!(error.to_string().contains("hold"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reorg__the_chain_goes_back__nothing_else_does() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    world.net.mine(10);
    let trade = to_shipped(&seller, &buyer).await;
    let before = seller.snapshot(trade).await.unwrap();
    world.net.reorganise(Blocks(4), 2);
    let height = world.net.height();
    eventually("seen", async || seller.health().await.node.height == Some(height)).await;
    let after = seller.snapshot(trade).await.unwrap();
    assert_eq!((&after.deadlines, &after.legs), (&before.deadlines, &before.legs));
    buyer.command(trade, received()).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    world.check_money();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyer__loses_everything_but_the_phrase__finishes_the_trade_on_a_new_machine() {
    let mut world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    buyer.stop().await;
    drop(buyer);
    world.buyer.loses_everything();
    world.net.mine(20);
    let buyer = world.buyer.start().await;
    assert!(buyer.trades(false).await.unwrap().is_empty());
    let report = buyer.rebuild_from_relays().await.unwrap();
    assert_eq!((report.rebuilt.as_slice(), report.failed.len()), ([trade].as_slice(), 0), "{report:?}");
    until_stage(&buyer, trade, Stage::Shipped).await;
    assert_eq!(buyer.shipping_address(trade).await.unwrap().as_deref(), Some("1 Main Street, Town"));
    buyer.command(trade, received()).await.unwrap();
    until_ended(&seller, trade, Ending::Completed).await;
    until_ended(&buyer, trade, Ending::Completed).await;
    assert_eq!(world.seller_gained(), paid());
    world.check_money();
    assert_eq!(buyer.rebuild_from_relays().await.unwrap().known, [trade]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyer__has_only_the_phrase_and_the_relay_with_the_bid_is_down__looks_again_and_finds_it() {
    let mut world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let listing = seller.create_listing(a_listing()).await.unwrap().listing;
    for relay in &RELAYS[1..] {
        world.relays.break_relay(relay, Fault::Down);
    }
    let trade = buyer.bid(a_bid(listing)).await.unwrap().summary.trade;
    until(&seller, trade, "hashes", |found| found.legs.iter().all(|leg| leg.hash.is_some())).await;
    buyer.stop().await;
    drop(buyer);
    world.buyer.loses_everything();
    world.relays.break_relay(RELAYS[0], Fault::Down);
    for relay in &RELAYS[1..] {
        world.relays.repair(relay);
    }
    let buyer = world.buyer.start().await;
    let report = buyer.rebuild_from_relays().await.unwrap();
    assert!(report.rebuilt.is_empty() && !report.complete, "{report:?}");
    world.relays.repair(RELAYS[0]);
    let report = buyer.rebuild_from_relays().await.unwrap();
    assert!(report.rebuilt == [trade] && report.complete, "{report:?}");
    let report = buyer.rebuild_from_relays().await.unwrap();
    assert!(report.known == [trade] && report.complete, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyer__has_only_the_phrase_and_nobody_has_the_listing__looks_again() {
    let mut world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_bid(&seller, &buyer).await;
    let listing = seller.trade(trade).await.unwrap().summary.listing;
    buyer.stop().await;
    drop(buyer);
    world.buyer.loses_everything();
    // New relays that have the bid and not yet the listing.
    let elsewhere = domp_nostr::memory::MemoryNet::new(RELAYS);
    let (mut bids, mut listings) = (Vec::new(), Vec::new());
    for json in world.relays.stored(RELAYS[0]) {
        if json.contains("\"kind\":301,") {
            bids.push(json);
        } else if json.contains(&format!("\"id\":\"{listing}\"")) {
            listings.push(json);
        }
    }
    assert!(!bids.is_empty() && !listings.is_empty());
    let client = elsewhere.client(RELAYS);
    let publish = async |texts: &[String]| {
        for json in texts {
            domp_ports::relays::Relays::publish(&client, json, &[]).await.unwrap();
        }
    };
    publish(&bids).await;
    let ports = Ports { relays: Arc::new(elsewhere.client(RELAYS)), ..world.buyer.ports() };
    let buyer = Engine::start(ports, config(no_faults())).await.unwrap();
    let report = buyer.rebuild_from_relays().await.unwrap();
    assert!(report.failed.len() == 1 && !report.complete, "{report:?}");
    publish(&listings).await;
    let report = buyer.rebuild_from_relays().await.unwrap();
    assert!(report.rebuilt == [trade] && report.complete, "{report:?}");
}

/// The relays that answer the new machine have everything but our payment confirmation and the verdict's first copy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyer__has_only_the_phrase_and_its_311_lies_on_no_relay__goes_by_the_one_that_was_acknowledged() {
    let mut world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    let first = buyer.snapshot(trade).await.unwrap().papers[&Paper::Payment];
    buyer.stop().await;
    drop(buyer);
    world.buyer.loses_everything();
    let elsewhere = domp_nostr::memory::MemoryNet::new(RELAYS);
    let client = elsewhere.client(RELAYS);
    for json in world.relays.stored(RELAYS[0]).iter().filter(|json| !json.contains("\"kind\":311,")) {
        domp_ports::relays::Relays::publish(&client, json, &[]).await.unwrap();
    }
    let ports = Ports { relays: Arc::new(elsewhere.client(RELAYS)), ..world.buyer.ports() };
    let buyer = Engine::start(ports, config(no_faults())).await.unwrap();
    let report = buyer.rebuild_from_relays().await.unwrap();
    assert_eq!(report.rebuilt, [trade], "{report:?}");
    until_stage(&buyer, trade, Stage::Shipped).await;
    assert_eq!(buyer.snapshot(trade).await.unwrap().papers[&Paper::Payment], first);
    buyer.command(trade, received()).await.unwrap();
    let wanted = "\"kind\":313,";
    let found = || elsewhere.stored(RELAYS[0]).into_iter().find(|json| json.contains(wanted));
    eventually("confirmed", async || found().is_some()).await;
    assert!(
        found().unwrap().contains(&first.to_string()),
        "the verdict is about the payment that the seller knows"
    );
    assert!(elsewhere.stored(RELAYS[0]).iter().all(|json| !json.contains("\"kind\":311,")), "a second one");
    drop(seller);
}

/// The verdict with the secret reached one relay, which the seller never heard. The machine is lost, and the trade rebuilt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyer__lost_everything_after_a_verdict_that_the_seller_never_got__it_is_sent_until_it_has() {
    let mut world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_shipped(&seller, &buyer).await;
    seller.stop().await;
    drop(seller);
    buyer.command(trade, received()).await.unwrap();
    eventually("confirmed", async || {
        world.relays.stored(RELAYS[0]).iter().any(|json| json.contains("\"kind\":313,"))
    })
    .await;
    buyer.stop().await;
    drop(buyer);
    world.buyer.loses_everything();
    let buyer = world.buyer.start().await;
    assert_eq!(buyer.rebuild_from_relays().await.unwrap().rebuilt, [trade]);
    let rebuilt = buyer.snapshot(trade).await.unwrap();
    let letter = rebuilt.letter(Paper::Verdict).expect("a letter that is sent again until it is receipted");
    assert!(letter.sent.is_some() && !letter.receipted && rebuilt.revealed_at.is_some());
    let seller = world.seller.start().await;
    until_ended(&seller, trade, Ending::Completed).await;
    until_ended(&buyer, trade, Ending::Completed).await;
    assert_eq!(world.seller_gained(), paid());
    world.check_money();
}
