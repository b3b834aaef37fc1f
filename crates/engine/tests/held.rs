//! Events that arrive before what they refer to, and a process that ends between the two.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use domp_engine::faults::{Fault, Faults, Point};
use domp_escrow::input::Input;
use domp_nostr::memory::MemoryNet;
use domp_ports::relays::Relays as _;
use domp_simnet::{Profile, Settings, SimNetwork};
use std::sync::Arc;
use world::{RELAYS, a_bid, a_listing, eventually, msat, people::Person, until};

/// Stops when a trade has been begun, before anything follows from that.
struct StopsWhenBegun;

impl Faults for StopsWhenBegun {
    fn at(&self, point: Point<'_>) -> Fault {
        match point {
            Point::AfterCommit { input: Input::Begin, .. } => Fault::Stop,
            _ => Fault::None,
        }
    }
}

/// The kind of an event's text.
fn kind(json: &str) -> u64 {
    serde_json::from_str::<serde_json::Value>(json).unwrap()["kind"].as_u64().unwrap()
}

/// Nobody sends the hashes a second time, so they must not be forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hashes__before_their_bid_and_stopped_when_it_came__taken_in_after_the_restart() {
    let net = SimNetwork::new(Settings::default());
    let (near_seller, near_buyer) = (MemoryNet::new(RELAYS), MemoryNet::new(RELAYS));
    let seller = Person::new(&net, &near_seller, "seller", Profile::lnd());
    let buyer = Person::new(&net, &near_buyer, "buyer", Profile::lnd());
    net.channel(&buyer.node, &seller.node, msat(2_000_000), msat(500_000));
    let stopping = seller.start_faulty(Arc::new(StopsWhenBegun)).await;
    let bidding = buyer.start().await;
    let listing = stopping.create_listing(a_listing()).await.unwrap().listing;
    for json in near_seller.stored(RELAYS[0]) {
        near_buyer.client(RELAYS).publish(&json, &[]).await.unwrap();
    }
    let trade = bidding.bid(a_bid(listing)).await.unwrap().summary.trade;
    let found = |wanted: u64| near_buyer.stored(RELAYS[0]).into_iter().find(|json| kind(json) == wanted);
    eventually("bid and hashes are out", async || found(301).is_some() && found(1059).is_some()).await;

    near_seller.client(RELAYS).publish(&found(1059).unwrap(), &[]).await.unwrap();
    let journal = Arc::clone(&stopping.ports().journal);
    eventually("held", async || !journal.held_documents(&trade).await.unwrap().is_empty()).await;
    near_seller.client(RELAYS).publish(&found(301).unwrap(), &[]).await.unwrap();
    stopping.until_halted().await;
    stopping.stop().await;
    drop((stopping, journal));

    let restarted = seller.start().await;
    until(&restarted, trade, "the hashes", |found| found.legs.iter().all(|leg| leg.hash.is_some())).await;
}
