//! Something goes away while money is held, and comes back: a node, the chain, a relay, one of the two programs.

use crate::lab::{Ask, Deal, Lab, Person, Relay, Setup, Spot, lab, received, ship};
use domp_escrow::{
    input::Command,
    stage::{Ending, Stage},
    terms::Side,
};
use std::time::Duration;
use tokio::time::sleep;

/// Longer than any call to a node may take here.
const A_WHILE: Duration = Duration::from_secs(12);

async fn held(lab: &Lab) -> (Relay, crate::lab::Books, Deal) {
    let relay = Relay::start().await;
    let before = lab.books().await;
    let deal = Deal::locked(lab, &relay, Ask::default()).await;
    (relay, before, deal)
}

#[tokio::test]
async fn sellers_node__killed_while_held__trade_completes() {
    let Some(lab) = lab("killing the seller's LND").await else { return };
    let (_relay, before, mut deal) = held(&lab).await;
    lab.seller().kill();
    // Settling must wait for the node: the goods go out and are confirmed while it is starting.
    sleep(Duration::from_secs(1)).await;
    lab.seller().start().await.unwrap();
    deal.carry_on().await;
    lab.net.reconnected("buyer", "seller").await.unwrap();
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn sellers_node__killed_when_the_secret_comes__settles_when_it_is_back() {
    let Some(lab) = lab("killing the seller's LND before it settles").await else { return };
    let relay = Relay::start().await;
    let before = lab.books().await;
    let deal = Deal::shipped(&lab, &relay, Ask::default()).await;
    lab.seller().kill();
    deal.buyer.orders(deal.trade, received()).await;
    deal.until(Side::Seller, Stage::Claiming).await;
    lab.seller().start().await.unwrap();
    lab.net.reconnected("buyer", "seller").await.unwrap();
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn buyers_node__killed_while_in_flight__trade_completes() {
    let Some(lab) = lab("killing the buyer's LND").await else { return };
    let (_relay, before, mut deal) = held(&lab).await;
    lab.buyer().kill();
    deal.seller.orders(deal.trade, ship()).await;
    sleep(Duration::from_secs(1)).await;
    lab.buyer().start().await.unwrap();
    lab.net.reconnected("buyer", "seller").await.unwrap();
    deal.carry_on().await;
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn sellers_node__frozen_when_the_secret_comes__settles_when_it_thaws() {
    let Some(lab) = lab("freezing the seller's LND").await else { return };
    let relay = Relay::start().await;
    let before = lab.books().await;
    let deal = Deal::shipped(&lab, &relay, Ask::default()).await;
    lab.seller().freeze();
    deal.buyer.orders(deal.trade, received()).await;
    sleep(A_WHILE).await;
    let stage = deal.seller.stage(deal.trade).await;
    assert!(!stage.unwrap().is_ended(), "a call without an answer is no outcome: {stage:?}");
    lab.seller().thaw();
    lab.net.reconnected("buyer", "seller").await.unwrap();
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn buyers_node__frozen_when_it_is_to_pay__paid_once() {
    let Some(lab) = lab("freezing the buyer's LND").await else { return };
    let relay = Relay::start().await;
    let before = lab.books().await;
    let mut deal = Deal::offered(&lab, &relay, Ask::default()).await;
    // The order is given, and the node hangs before it can take the payment.
    deal.buyer.orders(deal.trade, Command::Pay).await;
    lab.buyer().freeze();
    sleep(A_WHILE).await;
    lab.buyer().thaw();
    lab.net.reconnected("buyer", "seller").await.unwrap();
    deal.carry_on().await;
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn bitcoind__stopped_while_held__trade_completes() {
    let Some(lab) = lab("stopping bitcoind").await else { return };
    let (_relay, before, mut deal) = held(&lab).await;
    lab.net.bitcoind().stop().await.unwrap();
    sleep(Duration::from_secs(3)).await;
    let stage = deal.seller.stage(deal.trade).await;
    assert_eq!(stage, Some(Stage::ToShip), "nothing is lost and nothing is given up meanwhile");
    lab.net.start_bitcoind().await.unwrap();
    deal.carry_on().await;
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn relay__away_when_the_buyer_confirms__delivers_when_it_is_back() {
    let Some(lab) = lab("stopping the relay").await else { return };
    let mut relay = Relay::start().await;
    let before = lab.books().await;
    let deal = Deal::shipped(&lab, &relay, Ask::default()).await;
    relay.stop().await;
    deal.buyer.orders(deal.trade, received()).await;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(deal.seller.stage(deal.trade).await, Some(Stage::Shipped));
    relay.come_back().await;
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn relay__one_of_two_gone_for_good__the_other_is_enough() {
    let Some(lab) = lab("losing one of two relays").await else { return };
    let (mut one, other) = (Relay::start().await, Relay::start().await);
    let before = lab.books().await;
    let relays = [one.url(), other.url()];
    let seller = Person::new(&lab, Setup::new("seller", &relays)).await;
    let buyer = Person::new(&lab, Setup::new("buyer", &relays)).await;
    let mut deal = Deal::between(seller, buyer, Ask::default()).await;
    one.stop().await;
    deal.carry_on().await;
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn seller__away_while_the_secret_waits_on_the_relay__takes_the_money_even_after_the_deadline() {
    let Some(lab) = lab("a seller who comes back late").await else { return };
    let relay = Relay::start().await;
    let before = lab.books().await;
    let mut deal = Deal::shipped(&lab, &relay, Ask::default()).await;
    let settle_by = deal.settle_by().await;
    deal.seller.kill();
    deal.buyer.orders(deal.trade, received()).await;
    deal.until(Side::Buyer, Stage::Claiming).await;
    deal.buyer.has_sent(deal.trade, "verdict").await;
    // Past the height at which it would give the money back, and before LND does.
    lab.mine_to(settle_by + 2).await;
    deal.seller.start().await;
    deal.ends(&lab, before, Ending::Completed).await;
}

#[tokio::test]
async fn seller__killed_while_it_settles__trade_completes() {
    let Some(lab) = lab("killing the seller while it settles").await else { return };
    for spot in [Spot::before_effect("settle domp_purchase"), Spot::after_effect("settle domp_purchase")] {
        let (_relay, before, mut deal) = held(&lab).await;
        deal.seller.crash.choose(&spot);
        deal.carry_on().await;
        assert_eq!(deal.restarts(), 1, "{spot} was never reached");
        deal.ends(&lab, before, Ending::Completed).await;
    }
}

#[tokio::test]
async fn buyer__killed_right_after_confirming__the_seller_is_paid() {
    let Some(lab) = lab("killing the buyer after its word").await else { return };
    let relay = Relay::start().await;
    let before = lab.books().await;
    let mut deal = Deal::shipped(&lab, &relay, Ask::default()).await;
    deal.buyer.orders(deal.trade, received()).await;
    deal.buyer.restart().await;
    deal.ends(&lab, before, Ending::Completed).await;
}

/// Neither program runs when the time is up: LND gives the money back by itself, without closing the channel, and both sides
/// understand it when they come back.
#[tokio::test]
async fn both__away_past_every_deadline__the_node_gives_the_money_back() {
    let Some(lab) = lab("nobody there at the deadline").await else { return };
    let (_relay, before, mut deal) = held(&lab).await;
    let settle_by = deal.settle_by().await;
    deal.seller.stop().await;
    deal.buyer.kill();
    // SETTLE_BY is 12 blocks before K, where LND would surely still hold it; the payer's node adds 3 blocks to the expiry, and
    // 3 more are in hand. One block before, it is held.
    lab.mine_to(settle_by + 12 + 3 + 3 - 1).await;
    assert!(crate::lab::Books::read(lab.net).await.is_err(), "held until 18 blocks before the expiry");
    lab.mine_to(settle_by + 12 + 3 + 3).await;
    assert_eq!(lab.books().await, before);
    deal.seller.start().await;
    deal.buyer.start().await;
    deal.ends(&lab, before, Ending::Refunded).await;
}

/// The database of a running program cannot be opened by a second one.
#[tokio::test]
async fn database__of_a_running_program__refused_to_a_second_one() {
    let Some(lab) = lab("two programs on one database").await else { return };
    let relay = Relay::start().await;
    let person = Person::new(&lab, Setup::new("seller", &[relay.url()])).await;
    let error = domp_store::SqliteJournal::open(&person.database()).unwrap_err().to_string();
    assert!(error.contains("in use by another process"), "{error}");
}
