//! Streams: how they break and how they fall silent.

use crate::scene::{Deal, sat};
use domp_ports::{
    clock::Clock as _,
    lightning::{InvoiceState, Lightning as _, PaymentState},
};
use domp_protocol::units::Blocks;
use domp_simnet::{Profile, Settings, SimNetwork, SimNode};
use futures::{FutureExt as _, StreamExt as _};

fn scene() -> (SimNetwork, SimNode, SimNode, Deal) {
    let network = SimNetwork::new(Settings::default());
    let payer = network.add_node("payer", Profile::lnd());
    let payee = network.add_node("payee", Profile::lnd());
    network.channel(&payer, &payee, sat(1_000_000), sat(1_000_000));
    let deal = network.with(|world| Deal::issued(world, payer.index(), payee.index(), 1));
    (network, payer, payee, deal)
}

#[tokio::test]
async fn watched__changes__are_there_without_waiting() {
    let (_, payer, payee, deal) = scene();
    let mut states = payee.watch_invoice(&deal.hash()).await.unwrap();
    let mut payments = payer.watch_payment(&deal.hash()).await.unwrap();
    assert_eq!(states.next().now_or_never(), Some(Some(InvoiceState::Open)));
    assert_eq!(payments.next().now_or_never(), Some(Some(PaymentState::NotFound)));
    payer.pay(&deal.order()).await.unwrap();
    assert!(matches!(states.next().now_or_never(), Some(Some(InvoiceState::Held(_)))));
    assert!(matches!(payments.next().now_or_never(), Some(Some(PaymentState::InFlight(_)))));
    payee.settle(&deal.preimage).await.unwrap();
    assert_eq!(states.collect::<Vec<_>>().await, [InvoiceState::Settled]);
    assert_eq!(payments.collect::<Vec<_>>().await, [PaymentState::Succeeded]);
}

#[tokio::test]
async fn connection__breaks__streams_end_and_the_node_goes_on() {
    let (_, payer, payee, deal) = scene();
    let states = payee.watch_invoice(&deal.hash()).await.unwrap();
    let tips = payee.blocks().await.unwrap();
    payee.break_streams();
    assert_eq!(states.collect::<Vec<_>>().await, [InvoiceState::Open]);
    assert_eq!(tips.count().await, 1);
    assert_eq!(payer.pay(&deal.order()).await, Ok(()));
}

#[tokio::test]
async fn stream__falls_silent__says_nothing_of_what_happens() {
    let (_, payer, payee, deal) = scene();
    let mut states = payee.watch_invoice(&deal.hash()).await.unwrap();
    assert_eq!(states.next().await, Some(InvoiceState::Open));
    payee.mute_streams(true);
    payer.pay(&deal.order()).await.unwrap();
    payee.settle(&deal.preimage).await.unwrap();
    assert!(states.next().now_or_never().is_none(), "only asking helps");
    assert_eq!(payee.invoice(&deal.hash()).await, Ok(InvoiceState::Settled));
}

#[tokio::test]
async fn node__killed__streams_end() {
    let (_, _, payee, deal) = scene();
    let states = payee.watch_invoice(&deal.hash()).await.unwrap();
    payee.stop();
    payee.start();
    assert_eq!(states.collect::<Vec<_>>().await, [InvoiceState::Open]);
}

#[tokio::test]
async fn blocks__mined_and_reorganised__every_tip_is_told() {
    let (network, payer, ..) = scene();
    let start = network.height();
    let tips = payer.blocks().await.unwrap();
    network.mine(3);
    network.reorganise(Blocks(2), 1);
    payer.stop();
    let heights: Vec<u32> = tips.map(|tip| start.until(tip.height).0).collect().await;
    assert_eq!(heights, [0, 1, 2, 3, 1, 2]);
}

#[tokio::test]
async fn blocks__chain_source_stuck__nothing_until_it_works_again() {
    let (network, payer, ..) = scene();
    let mut tips = payer.blocks().await.unwrap();
    assert_eq!(tips.next().await.map(|tip| tip.height), Some(network.height()));
    network.with(|world| world.stall_chain(payer.index()));
    network.mine(5);
    assert!(tips.next().now_or_never().is_none());
    network.with(|world| world.resume_chain(payer.index()));
    assert_eq!(tips.next().now_or_never().flatten().map(|tip| tip.height), Some(network.height()));
}

#[test]
fn clock__set_back__stays() {
    let (network, ..) = scene();
    let before = network.clock().now();
    network.with(|world| world.set_time(domp_protocol::units::Unix(before.0 - 1)));
    assert_eq!(network.clock().now(), before);
}

#[tokio::test]
async fn clock__blocks_and_seconds_pass__tells_the_networks_time() {
    let (network, payer, ..) = scene();
    let clock = network.clock();
    let start = clock.now();
    network.mine(2);
    network.pass_seconds(30);
    assert_eq!(start.until(clock.now()), 1_230);
    assert_eq!(payer.info().await.unwrap().tip.block_time, start.plus(1_200));
}
