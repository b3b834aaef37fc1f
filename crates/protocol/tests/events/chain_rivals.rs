//! Which of several valid events is in force, what the others are told, and what is forgotten.

use crate::{
    chain_vectors::{bargain, buyer, listing_with, seller},
    people::{T, Who},
    samples::{self, Trade, sat},
};
use domp_protocol::{
    chain::{Added, Chain, ChainError, MOST_PER_AUTHOR},
    event::VerifiedEvent,
    ids::EventId,
    kinds::{Acceptance, Body, Signed, Term},
    tags::links::Links,
};

fn add(chain: &mut Chain, event: &VerifiedEvent) -> Added {
    chain.add(Signed::<Body>::read(event).unwrap()).added
}

fn chain_of(trade: EventId, events: &[&VerifiedEvent]) -> Chain {
    let mut chain = Chain::new(trade);
    for event in events {
        add(&mut chain, event);
    }
    chain
}

fn acceptance(bid: &VerifiedEvent, terms: &str, at: u64) -> VerifiedEvent {
    seller(Acceptance { terms: Some(terms.to_owned()), ..samples::acceptance(bid.id()) }, at)
}

/// Everything that a trade has one of, twice; the first of each pair is in force.
struct Rivals {
    chain: Chain,
    deposits: [VerifiedEvent; 2],
    sellers_counters: [VerifiedEvent; 2],
    buyers_counters: [VerifiedEvent; 2],
    acceptances: [VerifiedEvent; 2],
    /// Both of the acceptance in force.
    payments: [VerifiedEvent; 2],
    /// Of the other acceptance.
    lost_payment: VerifiedEvent,
    receipts: [VerifiedEvent; 2],
    refunds: [VerifiedEvent; 2],
}

impl Rivals {
    fn new() -> Self {
        let (listing, first, counter, bid) = bargain();
        let twice =
            |make: fn(EventId, u64) -> VerifiedEvent, id: EventId, at| [make(id, at), make(id, at + 1)];
        let deposits = twice(|id, at| seller(samples::deposit(id), at), listing.id(), T + 22);
        let sellers_counters = twice(|id, at| seller(samples::counter_bid(id), at), bid.id(), T + 15);
        let buyers_counters = twice(|id, at| buyer(samples::counter_bid(id), at), bid.id(), T + 17);
        let acceptances = [acceptance(&bid, "one", T + 20), acceptance(&bid, "two", T + 21)];
        let payments = twice(|id, at| buyer(samples::payment(id), at), acceptances[0].id(), T + 30);
        let lost_payment = buyer(samples::payment(acceptances[1].id()), T + 30);
        let receipts = twice(|id, at| buyer(samples::receipt(id), at), payments[0].id(), T + 40);
        let refunds = twice(|id, at| seller(samples::refund(id), at), payments[0].id(), T + 42);
        let mut chain = chain_of(bid.id(), &[&listing, &first, &counter, &bid, &lost_payment]);
        for [one, two] in
            [&acceptances, &payments, &receipts, &refunds, &deposits, &sellers_counters, &buyers_counters]
        {
            // The loser first: what is in force does not hang on the arrival.
            add(&mut chain, two);
            add(&mut chain, one);
        }
        Self {
            chain,
            deposits,
            sellers_counters,
            buyers_counters,
            acceptances,
            payments,
            lost_payment,
            receipts,
            refunds,
        }
    }
}

#[test]
fn line__two_of_everything__the_first_of_each() {
    let it = Rivals::new();
    let line = it.chain.line().unwrap();
    assert_eq!(line.acceptance, Some(it.acceptances[0].id()));
    assert_eq!(line.payment, Some(it.payments[0].id()));
    assert_eq!(line.receipt, Some(it.receipts[0].id()));
    assert_eq!(line.refund, Some(it.refunds[0].id()));
    assert_eq!(line.deposit, Some(it.deposits[0].id()));
    assert_eq!(line.counters, [it.sellers_counters[0].id(), it.buyers_counters[0].id()]);
}

#[test]
fn states__two_of_everything__each_loser_is_told_which_one_is_in_force() {
    let it = Rivals::new();
    let states = it.chain.states();
    for [first, second] in [
        &it.deposits,
        &it.sellers_counters,
        &it.buyers_counters,
        &it.acceptances,
        &it.payments,
        &it.receipts,
        &it.refunds,
    ] {
        let kind = first.kind();
        assert_eq!(states[&first.id()], Added::Accepted, "{kind}");
        let lost = Added::Refused(ChainError::SecondOfKind { in_force: first.id() });
        assert_eq!(states[&second.id()], lost, "{kind}");
    }
}

#[test]
fn add__what_goes_on_from_a_loser__is_told_the_predecessor_in_force() {
    let mut it = Rivals::new();
    let lost_to =
        |in_force: &VerifiedEvent| Added::Refused(ChainError::SecondOfKind { in_force: in_force.id() });
    assert_eq!(it.chain.states()[&it.lost_payment.id()], lost_to(&it.acceptances[0]));
    for lost in [it.lost_payment.id(), it.payments[1].id()] {
        for event in [
            buyer(samples::receipt(lost), T + 50),
            seller(samples::refund(lost), T + 50),
            buyer(samples::dispute(lost), T + 50),
            seller(samples::agreement(lost, Term::Cancel), T + 50),
        ] {
            assert_eq!(add(&mut it.chain, &event), lost_to(&it.payments[0]), "{}", event.kind());
        }
    }
}

#[test]
fn line__a_later_acceptance_that_was_paid_and_received__before_one_unpaid_or_only_paid() {
    let Trade { listing, bid, .. } = Trade::new();
    let early = acceptance(&bid, "early", T + 20);
    let late = acceptance(&bid, "late", T + 21);
    let payment = buyer(samples::payment(late.id()), T + 40);
    let receipt = buyer(samples::receipt(payment.id()), T + 41);
    let mut chain = chain_of(bid.id(), &[&listing, &bid, &early, &late, &payment, &receipt]);
    assert_eq!(chain.line().unwrap().acceptance, Some(late.id()), "the earlier one is not paid");
    let early_payment = buyer(samples::payment(early.id()), T + 30);
    let lost = Added::Refused(ChainError::SecondOfKind { in_force: late.id() });
    assert_eq!(add(&mut chain, &early_payment), lost);
    let line = chain.line().unwrap();
    assert_eq!((line.acceptance, line.payment), (Some(late.id()), Some(payment.id())), "only paid");
}

#[test]
fn add__refused_for_ever__forgotten_and_refused_again_for_the_same_reason() {
    let trade = Trade::new();
    let mut chain = chain_of(trade.bid.id(), &[&trade.listing, &trade.bid, &trade.acceptance]);
    let early = buyer(samples::payment(trade.acceptance.id()), T + 19);
    for _ in 0..2 {
        let added = add(&mut chain, &early);
        assert!(matches!(added, Added::Refused(ChainError::TimeGoesBack { .. })), "{added:?}");
        assert_eq!(chain.event(&early.id()), None);
        assert!(!chain.states().contains_key(&early.id()));
    }
}

#[test]
fn add__more_refused_events_than_an_author_may_have__leave_room_for_a_good_one() {
    let trade = Trade::new();
    let mut chain = chain_of(trade.bid.id(), &[&trade.listing, &trade.bid, &trade.acceptance]);
    for number in 0..=MOST_PER_AUTHOR as u64 {
        let too_early = buyer(samples::payment(trade.acceptance.id()), T - number);
        let added = add(&mut chain, &too_early);
        assert!(matches!(added, Added::Refused(ChainError::TimeGoesBack { .. })), "{added:?}");
    }
    assert_eq!(add(&mut chain, &trade.payment), Added::Accepted);
}

#[test]
fn add__a_counter_bid_to_another_bid__belongs_to_another_trade() {
    let (listing, first, counter, bid) = bargain();
    let other = samples::event(Who::Stranger, samples::bid(listing.id()), &Links::default(), T + 10);
    let mut chain = chain_of(bid.id(), &[&listing, &first, &counter, &bid, &other]);
    assert_eq!(chain.states()[&counter.id()], Added::Accepted, "it led to this bid");
    for countered in [first.id(), other.id()] {
        let again = seller(samples::counter_bid(countered), T + 13);
        let refused = Added::Refused(ChainError::AnotherTrade(countered));
        assert_eq!(add(&mut chain, &again), refused);
    }
}

#[test]
fn add__a_deposit_on_another_listing__belongs_to_another_trade() {
    let trade = Trade::new();
    let mut chain = chain_of(trade.bid.id(), &[&trade.listing, &trade.bid]);
    let other = listing_with(|listing| listing.price = sat(1));
    let deposit = seller(samples::deposit(other.id()), T + 22);
    assert_eq!(add(&mut chain, &deposit), Added::Refused(ChainError::AnotherTrade(other.id())));
}
