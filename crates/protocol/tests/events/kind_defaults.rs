//! What a bid and an acceptance mean where they say nothing, and whether a bid's collateral covers it.

use crate::{people::id, samples};
use domp_protocol::{
    kinds::{Acceptance, Bid},
    units::{Blocks, Sat},
};

#[test]
fn bid__hours_to_pay__its_own_or_a_day() {
    let bid = |hours| Bid { payment_timeout_hours: hours, ..samples::bid(id(1)) }.payment_timeout_hours();
    assert_eq!(bid(Some(48)), 48);
    assert_eq!(bid(Some(1)), 1);
    assert_eq!(bid(None), 24);
}

#[test]
fn acceptance__seconds_to_pay_the_invoices__its_own_or_an_hour() {
    let of = |seconds| {
        Acceptance { invoice_expiry_seconds: seconds, ..samples::acceptance(id(2)) }.invoice_expiry_seconds()
    };
    assert_eq!(of(Some(86_400)), 86_400);
    assert_eq!(of(Some(300)), 300);
    assert_eq!(of(None), 3_600);
}

/// The invoices' seconds and the payments' blocks are two numbers [D3-12]: neither stands in for the other.
#[test]
fn acceptance__blocks_of_the_hold__its_own_or_the_fewest() {
    let of = |timeout| Acceptance { htlc_timeout: timeout, ..samples::acceptance(id(2)) }.htlc_timeout();
    assert_eq!(of(Some(Blocks(2016))), Blocks(2016));
    assert_eq!(of(None), Blocks(144));
}

#[test]
fn bid__collateral_below_at_and_above_the_amount__covered_from_the_amount_on() {
    let covers = |collateral: u64| {
        Bid { buyer_collateral: samples::sat(collateral), ..samples::bid(id(1)) }.covers_the_bid()
    };
    assert!(!covers(samples::PRICE - 1));
    assert!(covers(samples::PRICE));
    assert!(covers(samples::PRICE + 1));
    assert!(!Bid { buyer_collateral: Sat::ZERO, ..samples::bid(id(1)) }.covers_the_bid());
}
