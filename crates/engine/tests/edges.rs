//! The edges of a trade: what a bid tells of its buyer, nodes that say no for now, promises that are not paid yet, listings
//! that are withdrawn, bids that bring too little work, and stores that are older than the node.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use domp_engine::{
    Engine, EngineConfig, EngineError,
    config::{Bounds, Times},
    desk::NewListing,
    event::EngineEvent,
};
use domp_escrow::{
    input::Command,
    leg::HeldState,
    stage::{Ending, Stage},
    trade::Unwind,
};
use domp_ports::{
    lightning::Capabilities,
    relays::{RelayAnswer, Wanted},
};
use domp_protocol::{ids::EventId, purpose::Purpose, units::Blocks};
use domp_simnet::{Call, CallFault, Profile};
use std::{fs, time::Duration};
use tokio::sync::broadcast;
use world::{
    World, a_bid, a_listing, bid_on, config, eventually, no_faults, sat, to_bid, until, until_ended,
    until_stage,
};

/// What is told to people that contains this.
async fn told(events: &mut broadcast::Receiver<EngineEvent>, part: &str) -> String {
    let waited = tokio::time::timeout(world::PATIENCE, async {
        loop {
            let text = match events.recv().await.unwrap() {
                EngineEvent::Words { text, .. } => text,
                EngineEvent::Ignored { reason, .. } => reason,
                _ => continue,
            };
            if text.contains(part) {
                return text;
            }
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never told: {part}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bid__with_an_address__says_nothing_of_it_in_public() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_bid(&seller, &buyer).await;
    let wanted = Wanted { ids: vec![trade], ..Wanted::default() };
    let (found, _) = buyer.ports().relays.fetch(wanted, &[]).await.unwrap();
    assert!(!found.is_empty());
    assert!(found.iter().all(|event| !event.json.contains("shipping_address")), "{found:?}");
}

/// What LND says while it is busy says nothing about the invoice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted__node_makes_no_invoice_for_now__made_later() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_bid(&seller, &buyer).await;
    for fault in [CallFault::Unavailable, CallFault::Denied] {
        world.seller.node.script_fault(Some(Call::IssueHoldInvoice), fault);
    }
    seller.accept(trade).await.unwrap();
    until_stage(&buyer, trade, Stage::Offered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted__node_never_makes_the_invoices__the_buyer_is_told() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let mut events = buyer.subscribe();
    let trade = to_bid(&seller, &buyer).await;
    world.seller.node.script_fault(Some(Call::IssueHoldInvoice), CallFault::Refused);
    seller.accept(trade).await.unwrap();
    let ended = until_ended(&seller, trade, Ending::Abandoned).await;
    assert!(matches!(ended.unwind, Some(Unwind::InvoiceRefused(_))), "{:?}", ended.unwind);
    let text = told(&mut events, "does not make the invoices").await;
    assert!(!text.contains("made to be refused"), "the node's own words stay at home: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted__node_makes_no_invoice_until_the_bid_lapses__over_on_both_sides() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_bid(&seller, &buyer).await;
    for _ in 0..10_000 {
        world.seller.node.script_fault(Some(Call::IssueHoldInvoice), CallFault::Unavailable);
    }
    seller.accept(trade).await.unwrap();
    world.net.pass_seconds(14 * 86_400 + 1);
    for engine in [&seller, &buyer] {
        let ended = until_ended(engine, trade, Ending::Abandoned).await;
        assert_eq!(ended.unwind, Some(Unwind::Lapsed));
    }
}

/// Each of two trades would fit; both together do not `[D3-40]` `[D3-43]`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_trades__the_first_accepted_and_not_paid__no_room_is_promised_twice() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let dear = NewListing { price: sat(600_000), ..a_listing() };
    let mut trades = Vec::new();
    for _ in 0..2 {
        let listing = seller.create_listing(dear.clone()).await.unwrap().listing;
        trades.push(bid_dearly(&seller, &buyer, listing).await);
    }
    seller.accept(trades[0]).await.unwrap();
    until_stage(&buyer, trades[0], Stage::Offered).await;
    let short = seller.accept(trades[1]).await.unwrap_err();
    assert!(
        matches!(&short, EngineError::Liquidity(text) if text.contains("beside 1,200,000 sat")),
        "{short}"
    );
    assert_eq!(
        seller.preview(trades[1], &Command::Accept).await.unwrap().refusal,
        Some(short.to_string()),
        "and is told before"
    );

    // The buyer cannot bid a third time on money that it may be asked for; it can pay what it was offered.
    let third = seller.create_listing(dear).await.unwrap().listing;
    let mut bid = a_bid(third);
    bid.buyer_collateral = None;
    let short = buyer.bid(bid).await.unwrap_err();
    assert!(
        matches!(&short, EngineError::Liquidity(text) if text.contains("beside 1,212,000 sat")),
        "{short}"
    );
    buyer.command(trades[0], Command::Pay).await.unwrap();
    until_stage(&buyer, trades[0], Stage::ToShip).await;

    // What is locked is counted once, by the channel itself.
    until_stage(&seller, trades[0], Stage::ToShip).await;
    let short = seller.accept(trades[1]).await.unwrap_err();
    assert!(matches!(&short, EngineError::Liquidity(text) if !text.contains("beside")), "{short}");
}

async fn bid_dearly(seller: &Engine, buyer: &Engine, listing: EventId) -> EventId {
    let mut bid = a_bid(listing);
    bid.buyer_collateral = None;
    let trade = buyer.bid(bid).await.unwrap().summary.trade;
    until(seller, trade, "bid with hashes", |found| found.legs.iter().all(|leg| leg.hash.is_some())).await;
    trade
}

/// `[D3-54]`: the agreed hold has to fit into the longest route that the buyer's own node pays over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bid__longer_than_the_own_node_pays__refused_with_both_numbers() {
    let lnd = Profile::lnd();
    let route = |most: u32| Profile {
        capabilities: Capabilities { max_route_cltv: Blocks(most), ..lnd.capabilities.clone() },
        ..lnd.clone()
    };
    // h, t and i of the listing make c(P) 967.
    for (most, room) in [(969, None), (970, Some(true)), (1_200, Some(false))] {
        let world = World::with(Profile::lnd(), route(most));
        let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
        let listing = seller.create_listing(a_listing()).await.unwrap().listing;
        let preview = buyer.preview_bid(&a_bid(listing)).await.unwrap();
        let warned = preview.warnings.iter().any(|warning| warning.contains("max-cltv-expiry"));
        match room {
            None => {
                let error = buyer.bid(a_bid(listing)).await.unwrap_err();
                let text = error.to_string();
                assert!(matches!(error, EngineError::RouteTooLong { .. }), "{text}");
                assert!(text.contains("967") && text.contains(&most.to_string()), "{text}");
                assert_eq!(preview.refusal, Some(text));
            }
            Some(tight) => {
                assert_eq!((preview.refusal, warned), (None, tight), "{most}");
                bid_on(&seller, &buyer, listing).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listing__withdrawn__no_further_bid_is_taken_and_relays_are_asked_to_delete() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let listing = seller.create_listing(a_listing()).await.unwrap().listing;
    let before = bid_on(&seller, &buyer, listing).await;
    let error = buyer.withdraw_listing(listing).await.unwrap_err();
    assert!(matches!(error, EngineError::NotYourListing(_)), "{error}");

    let mut events = seller.subscribe();
    let withdrawn = seller.withdraw_listing(listing).await.unwrap();
    assert!(withdrawn.listing.withdrawn.is_some());
    assert!(withdrawn.relays.iter().all(|(_, answer)| *answer == RelayAnswer::Accepted), "{withdrawn:?}");
    let wanted = Wanted { kinds: vec![5], ..Wanted::default() };
    let (found, _) = buyer.ports().relays.fetch(wanted, &[]).await.unwrap();
    assert!(found.iter().any(|event| event.json.contains(&listing.to_string())), "{found:?}");

    let after = buyer.bid(a_bid(listing)).await.unwrap().summary.trade;
    told(&mut events, "was withdrawn").await;
    assert!(matches!(seller.trade(after).await, Err(EngineError::NoTrade(_))));
    // Also after a restart, and what was there before may be accepted.
    seller.stop().await;
    drop(seller);
    let seller = world.seller.start().await;
    assert!(seller.my_listings().await.unwrap()[0].withdrawn.is_some());
    seller.accept(before).await.unwrap();
    until_stage(&buyer, before, Stage::Offered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bid__less_work_than_the_seller_asks__refused_and_enough_taken() {
    let world = World::new();
    let asks = |bits: u16, brings: u16| EngineConfig {
        bounds: Bounds { bid_work_bits: bits, least_work_bits: brings, ..config(no_faults()).bounds },
        ..config(no_faults())
    };
    let seller = world.seller.start_with(asks(8, 0)).await;
    let buyer = world.buyer.start_with(asks(0, 4)).await;
    let listing = seller.create_listing(a_listing()).await.unwrap().listing;
    let mut events = seller.subscribe();
    buyer.bid(a_bid(listing)).await.unwrap();
    let reason = told(&mut events, "of work").await;
    assert!(reason.contains("4 bits") && reason.contains("8 bits"), "{reason}");
    assert_eq!(seller.trades(false).await.unwrap().len(), 0);

    buyer.stop().await;
    drop(buyer);
    let buyer = world.buyer.start_with(asks(0, 8)).await;
    bid_on(&seller, &buyer, listing).await;
}

/// A store from before the acceptance, a node from after it: what comes in on the invoice that this store never asked for
/// goes back before any node would let go of it by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restored_seller__node_holds_what_the_store_never_asked_for__given_back_in_time() {
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_bid(&seller, &buyer).await;
    seller.stop().await;
    drop(seller);
    let (database, kept) = (world.seller.database(), world.seller.database().with_extension("kept"));
    fs::copy(&database, &kept).unwrap();
    let seller = world.seller.start().await;
    seller.accept(trade).await.unwrap();
    until_stage(&buyer, trade, Stage::Offered).await;
    seller.stop().await;
    drop(seller);

    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", database.display()));
    }
    fs::copy(&kept, &database).unwrap();
    // The relays do not have the acceptance any more, and it is looked at often.
    let times = Times { sweep: Duration::from_millis(5), ..config(no_faults()).times };
    let seller = world.seller.start_with(EngineConfig { times, ..config(no_faults()) }).await;
    buyer.command(trade, Command::Pay).await.unwrap();
    let held = |found: &domp_escrow::trade::Trade| {
        found.legs.iter().all(|leg| {
            leg.holding()
                .is_some_and(|holding| matches!(holding.node, HeldState::Held { .. } | HeldState::Cancelled))
        })
    };
    let found = until(&seller, trade, "seen by the restored seller", held).await;
    let expiry = found.legs.iter().filter_map(|leg| match leg.holding()?.node {
        HeldState::Held { expiry, .. } => Some(expiry),
        _ => None,
    });
    if let Some(expiry) = expiry.min() {
        world.net.mine(world.net.height().until(expiry.minus(Blocks(18 + 12))).0);
    }
    until_ended(&buyer, trade, Ending::Refunded).await;
    eventually("quiet", async || world.is_quiet()).await;
    assert_eq!(
        buyer.snapshot(trade).await.unwrap().leg(Purpose::Purchase).map(|leg| leg.is_locked()),
        Some(false)
    );
    assert_eq!(world.seller_gained(), 0);
    world.check_money();
}
