//! Floods: whatever strangers and the other side send, what is kept and answered stays within bounds.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use domp_ports::relays::Relays as _;
use world::{RELAYS, World, received, to_ship, until_ended};

/// The kind of an event's text.
fn kind(json: &str) -> u64 {
    serde_json::from_str::<serde_json::Value>(json).unwrap()["kind"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_event__wrapped_a_thousand_times__one_answer_and_no_rows() {
    const TIMES: usize = 1_000;
    let world = World::new();
    let (seller, buyer) = (world.seller.start().await, world.buyer.start().await);
    let trade = to_ship(&seller, &buyer).await;
    let payment = world.relays.stored(RELAYS[0]).into_iter().find(|json| kind(json) == 311).unwrap();
    let journal = std::sync::Arc::clone(&seller.ports().journal);
    let rows = async || {
        let marked = journal.documents_of_kind(1059).await.unwrap().len();
        (journal.inputs(&trade).await.unwrap().len(), marked)
    };
    let (inputs, marked) = rows().await;
    let stored = world.relays.stored(RELAYS[0]).len();
    let client = world.relays.client([RELAYS[0]]);
    let identity = std::sync::Arc::clone(&buyer.ports().identity);
    let me = seller.ports().identity.public_key();
    for _ in 0..TIMES {
        client.publish(&identity.wrap(&me, &payment).unwrap(), &[]).await.unwrap();
    }
    // What comes after them has been read after them.
    seller.command(trade, world::ship()).await.unwrap();
    world::until_stage(&buyer, trade, domp_escrow::stage::Stage::Shipped).await;
    buyer.command(trade, received()).await.unwrap();
    until_ended(&seller, trade, domp_escrow::stage::Ending::Completed).await;
    let (inputs_now, marked_now) = rows().await;
    assert!(inputs_now - inputs < 30, "{} inputs more", inputs_now - inputs);
    assert!(marked_now - marked < 30, "{} marks more", marked_now - marked);
    let published = world.relays.stored(RELAYS[0]).len() - stored - TIMES;
    assert!(published < 30, "{published} publications");
    world.check_money();
}
