//! MPP: payments in parts, over several channels and hops, and parts that do not come.

use crate::scene::{Deal, mine_to, sat};
use domp_ports::lightning::{InvoiceState, Pay, PaymentState};
use domp_protocol::units::{Blocks, Msat};
use domp_simnet::{Conduct, NodeIndex, Profile, Settings, World};

/// A payer and a payee with channels in which the payer has so many satoshi each.
fn parallel(channels: &[u64]) -> (World, NodeIndex, NodeIndex) {
    let mut world = World::new(Settings::default());
    let payer = world.add_node("payer", Profile::lnd());
    let payee = world.add_node("payee", Profile::lnd());
    for local in channels {
        world.channel(payer, payee, sat(*local), Msat::ZERO);
    }
    (world, payer, payee)
}

/// A payer and a payee with one direct channel and one router between them, each way good for 100,000 sat and some.
fn two_ways() -> (World, NodeIndex, NodeIndex, NodeIndex) {
    let mut world = World::new(Settings::default());
    let [payer, router, payee] =
        ["payer", "router", "payee"].map(|alias| world.add_node(alias, Profile::lnd()));
    world.channel(payer, payee, sat(110_000), Msat::ZERO);
    world.channel(payer, router, sat(110_000), Msat::ZERO);
    world.channel(router, payee, sat(110_000), Msat::ZERO);
    (world, payer, router, payee)
}

fn sum(parts: impl IntoIterator<Item = Msat>) -> Msat {
    parts.into_iter().fold(Msat::ZERO, Msat::saturating_add)
}

#[test]
fn pay__no_single_channel_is_enough__parts_add_up() {
    let (mut world, payer, payee) = parallel(&[60_000, 50_000, 40_000]);
    let deal = Deal::of(&mut world, payer, payee, 1, sat(120_000));
    world.pay(payer, &deal.order()).unwrap();
    let (held, sent) = (deal.parts(&world), deal.in_flight(&world));
    assert_eq!((held.len(), sent.len()), (3, 3));
    assert_eq!(sum(held.iter().map(|part| part.amount)), sat(120_000));
    assert_eq!(sum(sent.iter().map(|part| part.amount)), sat(120_000));
    world.settle(payee, &deal.preimage).unwrap();
    assert_eq!(deal.payment(&world), PaymentState::Succeeded);
    assert_eq!(world.balances(payee).total(), sat(120_000));
}

#[test]
fn pay__one_channel_is_enough__one_part() {
    let (mut world, payer, payee) = parallel(&[60_000, 200_000]);
    let deal = Deal::of(&mut world, payer, payee, 1, sat(120_000));
    world.pay(payer, &deal.order()).unwrap();
    assert_eq!(deal.parts(&world).len(), 1);
}

#[test]
fn pay__fewer_parts_allowed_than_needed__fails_and_locks_nothing() {
    let (mut world, payer, payee) = parallel(&[60_000, 50_000, 40_000]);
    let deal = Deal::of(&mut world, payer, payee, 1, sat(120_000));
    for max_parts in [1, 2] {
        world.pay(payer, &Pay { max_parts, ..deal.order() }).unwrap();
        let reason = deal.failure(&world);
        assert!(reason.contains("liquidity"), "{reason}");
        assert_eq!(world.balances(payer).offered, Msat::ZERO);
    }
    world.pay(payer, &Pay { max_parts: 3, ..deal.order() }).unwrap();
    assert_eq!(deal.parts(&world).len(), 3, "the same invoice can be tried again with more parts");
}

#[test]
fn pay__over_a_router_and_directly__parts_take_both_ways() {
    let (mut world, payer, router, payee) = two_ways();
    let deal = Deal::of(&mut world, payer, payee, 1, sat(150_000));
    world.pay(payer, &deal.order()).unwrap();
    let sent = deal.in_flight(&world);
    assert_eq!(sent.len(), 2);
    let deltas: Vec<Blocks> =
        sent.iter().map(|part| part.final_expiry.unwrap().until(part.first_hop_expiry)).collect();
    assert!(deltas.contains(&Blocks(0)) && deltas.contains(&Blocks(80)), "{deltas:?}");
    assert!(world.balances(router).offered > Msat::ZERO);
    world.cancel(payee, &deal.hash()).unwrap();
    assert!(matches!(deal.payment(&world), PaymentState::Failed(_)));
    assert_eq!(world.balances(payer).total(), sat(220_000));
}

#[test]
fn part__does_not_come__the_others_go_back_after_the_mpp_timeout() {
    let (mut world, payer, router, payee) = two_ways();
    world.set_conduct(router, Conduct { stalls_payments: true, ..Conduct::default() });
    let deal = Deal::of(&mut world, payer, payee, 1, sat(150_000));
    world.pay(payer, &deal.order()).unwrap();
    assert_eq!(deal.invoice(&world), InvoiceState::Open, "a part of the amount is not held");
    assert_eq!(deal.in_flight(&world).len(), 2);
    world.pass_seconds(119);
    assert_eq!(deal.in_flight(&world).len(), 2);
    world.pass_seconds(1);
    assert_eq!(deal.invoice(&world), InvoiceState::Open);
    assert_eq!(deal.in_flight(&world).len(), 1, "only the stalled part is still out");
    world.release(router);
    assert_eq!(deal.invoice(&world), InvoiceState::Open, "late and alone, it is not enough either");
    world.pass_seconds(120);
    assert!(matches!(deal.payment(&world), PaymentState::Failed(_)));
    assert_eq!(world.balances(payer).total(), sat(220_000));
    assert_eq!(world.force_closes(), []);
}

#[test]
fn part__comes_just_in_time__held_with_two_accept_heights() {
    let (mut world, payer, router, payee) = two_ways();
    world.set_conduct(router, Conduct { stalls_payments: true, ..Conduct::default() });
    let start = world.height();
    let deal = Deal::of(&mut world, payer, payee, 1, sat(150_000));
    world.pay(payer, &deal.order()).unwrap();
    world.pass_seconds(60);
    world.release(router);
    let held = deal.parts(&world);
    assert_eq!(held.len(), 2);
    assert!(held.iter().all(|part| part.accepted_at == start));
    world.pass_seconds(1_000);
    assert_eq!(deal.parts(&world).len(), 2, "once whole, the MPP timeout means nothing");
    let expiry = deal.expiry(&world);
    mine_to(&mut world, expiry.minus(Blocks(18)));
    assert_eq!(deal.invoice(&world), InvoiceState::Cancelled);
}

#[test]
fn part__stuck_while_the_clock_stands_still__goes_back_before_expiry() {
    let mut world = World::new(Settings { block_seconds: 0, ..Settings::default() });
    let [payer, router, payee] =
        ["payer", "router", "payee"].map(|alias| world.add_node(alias, Profile::lnd()));
    world.channel(payer, payee, sat(110_000), Msat::ZERO);
    world.channel(payer, router, sat(110_000), Msat::ZERO);
    world.channel(router, payee, sat(110_000), Msat::ZERO);
    world.set_conduct(router, Conduct { stalls_payments: true, ..Conduct::default() });
    let deal = Deal::of(&mut world, payer, payee, 1, sat(150_000));
    world.pay(payer, &deal.order()).unwrap();
    world.mine(303 - 19);
    assert_eq!(deal.in_flight(&world).len(), 2);
    world.mine(1);
    assert_eq!(deal.in_flight(&world).len(), 1);
    assert_eq!(deal.invoice(&world), InvoiceState::Open);
    assert_eq!(world.force_closes(), []);
}

#[test]
fn pay__just_more_than_one_channel_has__no_part_is_a_crumb() {
    let (mut world, payer, payee) = parallel(&[60_000, 50_000]);
    let deal = Deal::of(&mut world, payer, payee, 1, sat(60_000));
    world.pay(payer, &deal.order()).unwrap();
    let amounts: Vec<Msat> = deal.parts(&world).iter().map(|part| part.amount).collect();
    assert_eq!(amounts, [sat(50_000), sat(10_000)]);
}

#[test]
fn pay__only_crumbs_would_do__fails() {
    let (mut world, payer, payee) = parallel(&[12_000, 12_000]);
    let deal = Deal::of(&mut world, payer, payee, 1, sat(15_000));
    world.pay(payer, &deal.order()).unwrap();
    assert!(deal.failure(&world).contains("liquidity"), "{}", deal.failure(&world));
}

#[test]
fn pay__second_way_is_beyond_the_cltv_limit__fails_and_says_so() {
    let (mut world, payer, _, payee) = two_ways();
    let deal = Deal::of(&mut world, payer, payee, 1, sat(150_000));
    world.pay(payer, &Pay { max_cltv: Blocks(382), ..deal.order() }).unwrap();
    assert!(deal.failure(&world).contains("383 blocks"), "{}", deal.failure(&world));
    world.pay(payer, &Pay { max_cltv: Blocks(383), ..deal.order() }).unwrap();
    assert_eq!(deal.parts(&world).len(), 2);
}

#[test]
fn pay__widest_way_is_beyond_the_cltv_limit__parts_take_the_others() {
    let (mut world, payer, _, payee) = two_ways();
    world.channel(payer, payee, sat(60_000), Msat::ZERO);
    let amount = sat(150_000);
    let deal = Deal::of(&mut world, payer, payee, 1, amount);
    let router = world.add_node("wide router", Profile::lnd());
    world.channel(payer, router, sat(140_000), Msat::ZERO);
    world.channel(router, payee, sat(140_000), Msat::ZERO);
    world.pay(payer, &Pay { max_cltv: Blocks(382), ..deal.order() }).unwrap();
    let sent = deal.in_flight(&world);
    assert_eq!(sent.len(), 2, "both direct channels: {sent:?}");
    assert!(sent.iter().all(|part| part.final_expiry == Some(part.first_hop_expiry)));
}

#[test]
fn mpp_timeout__of_an_attempt_given_up_before__leaves_the_next_one_alone() {
    let mut world = World::new(Settings { block_seconds: 0, ..Settings::default() });
    let payer = world.add_node("payer", Profile::pay_only());
    let [router, payee] = ["router", "payee"].map(|alias| world.add_node(alias, Profile::lnd()));
    world.channel(payer, payee, sat(110_000), Msat::ZERO);
    world.channel(payer, router, sat(410_000), Msat::ZERO);
    world.channel(router, payee, sat(110_000), Msat::ZERO);
    world.set_conduct(router, Conduct { stalls_payments: true, ..Conduct::default() });
    let deal = Deal::of(&mut world, payer, payee, 1, sat(150_000));
    world.pay(payer, &deal.order()).unwrap();
    assert_eq!(deal.in_flight(&world).len(), 2);
    let expiry = deal.in_flight(&world).iter().map(|part| part.first_hop_expiry).min().unwrap();
    mine_to(&mut world, expiry.minus(Blocks(18)));
    assert_eq!(deal.in_flight(&world).len(), 1, "the part that came was let go by height");
    world.pass_seconds(60);
    world.pay(payer, &deal.order()).unwrap();
    assert_eq!(deal.in_flight(&world).len(), 3);
    world.pass_seconds(119);
    assert_eq!(deal.in_flight(&world).len(), 3, "the first attempt's timeout means nothing now");
    world.pass_seconds(1);
    assert_eq!(deal.in_flight(&world).len(), 2, "the second attempt's does");
}

#[test]
fn slots__run_out_at_a_router__what_does_not_fit_fails_back() {
    let mut world = World::new(Settings::default());
    let [payer, router] = ["payer", "router"].map(|alias| world.add_node(alias, Profile::lnd()));
    let payee = world.add_node("payee", Profile::cln());
    world.channel(payer, router, sat(100_000_000), Msat::ZERO);
    world.channel(router, payee, sat(100_000_000), Msat::ZERO);
    world.set_conduct(router, Conduct { stalls_payments: true, ..Conduct::default() });
    let deals: Vec<Deal> = (0..31).map(|number| Deal::issued(&mut world, payer, payee, number)).collect();
    for deal in &deals {
        world.pay(payer, &deal.order()).unwrap();
    }
    world.release(router);
    assert_eq!(deals.iter().filter(|deal| deal.parts(&world).len() == 1).count(), 30);
    assert!(matches!(deals[30].payment(&world), PaymentState::Failed(_)));
}

#[test]
fn slots__all_taken__the_next_payment_finds_no_room() {
    let mut world = World::new(Settings::default());
    let payer = world.add_node("payer", Profile::lnd());
    let payee = world.add_node("payee", Profile::cln());
    world.channel(payer, payee, sat(100_000_000), Msat::ZERO);
    for number in 0..30 {
        Deal::held(&mut world, payer, payee, number);
    }
    let deal = Deal::issued(&mut world, payer, payee, 30);
    world.pay(payer, &deal.order()).unwrap();
    assert!(deal.failure(&world).contains("liquidity"), "{}", deal.failure(&world));
    world.cancel(payee, &crate::scene::preimage(0).hash()).unwrap();
    world.pay(payer, &deal.order()).unwrap();
    assert_eq!(deal.parts(&world).len(), 1, "a slot is free again");
}

#[test]
fn reserve__of_one_hundredth__cannot_be_sent() {
    let (mut world, payer, payee) = parallel(&[1_000_000]);
    assert_eq!(world.liquidity(payer).outbound, sat(990_000));
    assert_eq!(world.liquidity(payee).inbound, sat(990_000));
    let deal = Deal::of(&mut world, payer, payee, 1, sat(990_001));
    world.pay(payer, &deal.order()).unwrap();
    let reason = deal.failure(&world);
    assert!(reason.contains("990000000 msat can be sent"), "{reason}");
    let deal = Deal::of(&mut world, payer, payee, 2, sat(990_000));
    world.pay(payer, &deal.order()).unwrap();
    assert_eq!(deal.parts(&world).len(), 1);
}
