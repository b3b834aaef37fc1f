//! Nodes that are killed: what survives, and who waits for whom.

use crate::scene::{Deal, Pair, Row};
use domp_ports::lightning::{InvoiceState, PaymentState};

#[test]
fn held__both_killed_and_back__still_held() {
    let mut pair = Pair::new();
    let deal = pair.deal(1);
    let (parts, sent) = (deal.parts(&pair.world), deal.in_flight(&pair.world));
    for node in [pair.payer, pair.payee] {
        pair.world.stop(node);
    }
    pair.world.mine(20);
    for node in [pair.payer, pair.payee] {
        pair.world.start(node);
    }
    assert_eq!(deal.parts(&pair.world), parts);
    assert_eq!(deal.in_flight(&pair.world), sent);
}

#[test]
fn pay__payee_down__no_route_and_nothing_locked() {
    let mut pair = Pair::new();
    let deal = Deal::issued(&mut pair.world, pair.payer, pair.payee, 1);
    pair.world.stop(pair.payee);
    pair.world.pay(pair.payer, &deal.order()).unwrap();
    assert!(deal.failure(&pair.world).contains("balance"), "{}", deal.failure(&pair.world));
    assert_eq!(pair.world.parts_under_way(), 0);
    assert!(!pair.world.channels(pair.payer)[0].active, "the channel is not in use while the peer is down");
}

#[test]
fn cancelled__router_down__payer_hears_when_it_is_back() {
    let mut row = Row::new();
    let deal = row.deal(1);
    row.world.pay(row.payer, &deal.order()).unwrap();
    row.world.stop(row.router);
    row.world.cancel(row.payee, &deal.hash()).unwrap();
    assert_eq!(deal.invoice(&row.world), InvoiceState::Cancelled);
    assert!(matches!(deal.payment(&row.world), PaymentState::InFlight(_)));
    row.world.start(row.router);
    assert!(matches!(deal.payment(&row.world), PaymentState::Failed(_)));
    row.world.mine(1000);
    assert_eq!(row.world.force_closes(), []);
}

#[test]
fn settled__payer_and_router_down__settles_as_they_come_back_in_any_order() {
    for payer_first in [true, false] {
        let mut row = Row::new();
        let deal = row.deal(1);
        row.world.pay(row.payer, &deal.order()).unwrap();
        row.world.stop(row.payer);
        row.world.stop(row.router);
        row.world.settle(row.payee, &deal.preimage).unwrap();
        let order = if payer_first { [row.payer, row.router] } else { [row.router, row.payer] };
        for node in order {
            assert_ne!(deal.payment(&row.world), PaymentState::Succeeded, "not before both are back");
            row.world.start(node);
        }
        assert_eq!(deal.payment(&row.world), PaymentState::Succeeded);
        assert_eq!(row.world.parts_under_way(), 0);
    }
}

#[test]
fn open_invoice__expires_while_its_node_is_down__cancelled_when_it_is_back() {
    let mut pair = Pair::new();
    let deal = Deal::issued(&mut pair.world, pair.payer, pair.payee, 1);
    pair.world.stop(pair.payee);
    pair.world.pass_seconds(86_400);
    pair.world.start(pair.payee);
    assert_eq!(deal.invoice(&pair.world), InvoiceState::Cancelled);
}
