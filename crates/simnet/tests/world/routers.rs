//! Payments over a router: fees and CLTV deltas, and routers that do not do what they should.

use crate::scene::{Row, mine_to, sat};
use domp_ports::lightning::{InvoiceState, PaymentState};
use domp_protocol::units::{Blocks, Msat};
use domp_simnet::Conduct;

#[test]
fn routed__held_and_settled__fee_and_delta_are_the_routers() {
    let mut row = Row::new();
    let height = row.world.height();
    let deal = row.deal(1);
    row.world.pay(row.payer, &deal.order()).unwrap();
    let (sent, held) = (deal.in_flight(&row.world), deal.parts(&row.world));
    assert_eq!(held[0].expiry, height.plus(Blocks(303)));
    assert_eq!(sent[0].final_expiry, Some(held[0].expiry));
    assert_eq!(sent[0].first_hop_expiry, held[0].expiry.plus(Blocks(80)));
    assert_eq!(sent[0].amount, sat(100_000), "amounts are those at the payee");
    row.world.settle(row.payee, &deal.preimage).unwrap();
    assert_eq!(deal.payment(&row.world), PaymentState::Succeeded);
    // 1 sat and a millionth.
    let fee = Msat::new(1_100).unwrap();
    assert_eq!(row.world.balances(row.payee).total(), sat(5_100_000));
    assert_eq!(row.world.balances(row.router).total(), sat(10_000_000).saturating_add(fee));
    assert_eq!(row.world.balances(row.payer).total(), sat(4_900_000).saturating_sub(fee));
}

#[test]
fn routed__largest_cltv__fits_2016_and_one_more_does_not() {
    let mut row = Row::new();
    let mut deal = row.deal(1);
    for (number, cltv, fits) in [(2, 1933, true), (3, 1934, false)] {
        let preimage = crate::scene::preimage(number);
        deal.terms.hash = preimage.hash();
        deal.terms.cltv = Blocks(cltv);
        deal.bolt11 = row.world.issue_hold_invoice(row.payee, &deal.terms).unwrap();
        row.world.pay(row.payer, &deal.order()).unwrap();
        assert_eq!(!deal.parts(&row.world).is_empty(), fits, "c = {cltv}");
    }
    assert!(deal.failure(&row.world).contains("2017 blocks"), "{}", deal.failure(&row.world));
}

#[test]
fn routed__fee_limit_below_the_fee__fails_and_says_the_fee() {
    let mut row = Row::new();
    let deal = row.deal(1);
    let order = domp_ports::lightning::Pay { max_fee: Msat::new(1_099).unwrap(), ..deal.order() };
    row.world.pay(row.payer, &order).unwrap();
    assert!(deal.failure(&row.world).contains("costs 1100 msat"), "{}", deal.failure(&row.world));
    assert_eq!(deal.invoice(&row.world), InvoiceState::Open);
}

#[test]
fn router__withholds_a_failure__payer_in_flight_until_its_own_expiry() {
    let mut row = Row::new();
    row.world.set_conduct(row.router, Conduct { withholds_failures: true, ..Conduct::default() });
    let deal = row.deal(1);
    row.world.pay(row.payer, &deal.order()).unwrap();
    let first = deal.in_flight(&row.world)[0].first_hop_expiry;
    row.world.cancel(row.payee, &deal.hash()).unwrap();
    assert_eq!(deal.invoice(&row.world), InvoiceState::Cancelled);
    mine_to(&mut row.world, first.minus(Blocks(1)));
    assert!(matches!(deal.payment(&row.world), PaymentState::InFlight(_)), "in flight until E + delta");
    row.world.mine(1);
    assert!(matches!(deal.payment(&row.world), PaymentState::Failed(_)));
    let closes = row.world.force_closes();
    assert_eq!((closes.len(), closes[0].by, closes[0].peer), (1, row.payer, row.router));
    assert_eq!(row.world.balances(row.payer).total(), sat(5_000_000));
}

#[test]
fn router__withholds_a_failure_for_a_while__payer_failed_when_it_passes_it_on() {
    let mut row = Row::new();
    row.world.set_conduct(row.router, Conduct { withholds_failures: true, ..Conduct::default() });
    let deal = row.deal(1);
    row.world.pay(row.payer, &deal.order()).unwrap();
    row.world.cancel(row.payee, &deal.hash()).unwrap();
    assert_eq!(row.world.held_back(row.router), 1);
    row.world.release(row.router);
    assert!(matches!(deal.payment(&row.world), PaymentState::Failed(_)));
    assert_eq!(row.world.force_closes(), []);
}

#[test]
fn router__withholds_a_settlement__it_loses_and_the_payer_gets_its_money_back() {
    let mut row = Row::new();
    row.world.set_conduct(row.router, Conduct { withholds_settlements: true, ..Conduct::default() });
    let deal = row.deal(1);
    row.world.pay(row.payer, &deal.order()).unwrap();
    row.world.settle(row.payee, &deal.preimage).unwrap();
    row.world.mine(500);
    assert!(matches!(deal.payment(&row.world), PaymentState::Failed(_)));
    assert_eq!(row.world.balances(row.payee).total(), sat(5_100_000), "the payee is paid");
    assert_eq!(row.world.balances(row.router).total(), sat(9_900_000), "by the router");
}

#[test]
fn router__stalls_a_payment__open_at_the_payee_and_in_flight_at_the_payer() {
    let mut row = Row::new();
    row.world.set_conduct(row.router, Conduct { stalls_payments: true, ..Conduct::default() });
    let deal = row.deal(1);
    row.world.pay(row.payer, &deal.order()).unwrap();
    assert_eq!(deal.invoice(&row.world), InvoiceState::Open);
    assert_eq!(deal.in_flight(&row.world).len(), 1);
    row.world.mine(3);
    row.world.release(row.router);
    assert_eq!(deal.parts(&row.world).len(), 1, "three blocks late is what the payer left room for");
}

#[test]
fn router__stalls_a_payment_too_long__payee_does_not_let_it_in() {
    let mut row = Row::new();
    row.world.set_conduct(row.router, Conduct { stalls_payments: true, ..Conduct::default() });
    let deal = row.deal(1);
    row.world.pay(row.payer, &deal.order()).unwrap();
    row.world.mine(4);
    row.world.release(row.router);
    assert_eq!(deal.invoice(&row.world), InvoiceState::Open);
    assert!(matches!(deal.payment(&row.world), PaymentState::Failed(_)));
}

#[test]
fn router__stalls_a_payment_past_its_expiry__taken_back_and_never_forwarded() {
    let mut row = Row::new();
    row.world.set_conduct(row.router, Conduct { stalls_payments: true, ..Conduct::default() });
    let deal = row.deal(1);
    row.world.pay(row.payer, &deal.order()).unwrap();
    let first = deal.in_flight(&row.world)[0].first_hop_expiry;
    mine_to(&mut row.world, first);
    assert!(matches!(deal.payment(&row.world), PaymentState::Failed(_)));
    row.world.release(row.router);
    assert_eq!(row.world.parts_under_way(), 0);
    assert_eq!(row.world.balances(row.payer).total(), sat(5_000_000));
}

#[test]
fn router__learns_the_preimage_after_a_withheld_failure__takes_the_payers_money() {
    let mut row = Row::new();
    row.world.set_conduct(row.router, Conduct { withholds_failures: true, ..Conduct::default() });
    let deal = row.deal(1);
    row.world.pay(row.payer, &deal.order()).unwrap();
    row.world.cancel(row.payee, &deal.hash()).unwrap();
    assert_eq!(row.world.claim_as_router(row.router, &deal.preimage), 1);
    assert_eq!(deal.invoice(&row.world), InvoiceState::Cancelled);
    assert_eq!(deal.payment(&row.world), PaymentState::Succeeded, "why a secret is kept until E + delta");
    assert_eq!(row.world.balances(row.payee).total(), sat(5_000_000));
    assert_eq!(row.world.parts_under_way(), 0);
}

#[test]
fn payee__claims_as_if_it_were_a_router__nothing() {
    let mut row = Row::new();
    let deal = row.deal(1);
    row.world.pay(row.payer, &deal.order()).unwrap();
    assert_eq!(row.world.claim_as_router(row.payee, &deal.preimage), 0, "a payee settles its invoice");
    assert_eq!(deal.parts(&row.world).len(), 1);
}

#[test]
fn router__claims_what_it_stalls__payee_never_sees_it() {
    let mut row = Row::new();
    row.world.set_conduct(row.router, Conduct { stalls_payments: true, ..Conduct::default() });
    let deal = row.deal(1);
    row.world.pay(row.payer, &deal.order()).unwrap();
    assert_eq!(row.world.claim_as_router(row.payee, &deal.preimage), 0, "nothing was offered to the payee");
    assert_eq!(row.world.claim_as_router(row.router, &deal.preimage), 1);
    row.world.release(row.router);
    assert_eq!(deal.payment(&row.world), PaymentState::Succeeded);
    assert_eq!(deal.invoice(&row.world), InvoiceState::Open);
    assert_eq!(row.world.parts_under_way(), 0);
}
