//! Whatever the order of arrival, the same events end in the same states.

use crate::{
    chain_vectors::{bargain, buyer, listing_with, seller},
    people::{T, Who},
    samples::{self, Trade, sat, signed},
};
use domp_protocol::{
    chain::{Added, Chain, ChainError, MOST_PER_AUTHOR},
    event::VerifiedEvent,
    ids::EventId,
    kinds::{Body, Dispute, Signed, Status, Term},
    tags::links::Links,
};
use proptest::{prelude::*, sample::subsequence};
use std::{collections::BTreeMap, sync::LazyLock};

fn read(event: &VerifiedEvent) -> Signed<Body> {
    Signed::read(event).unwrap()
}

/// Everything that can happen to one trade, honest and not: rivals, strangers, other trades, wrong times.
static EVENTS: LazyLock<(EventId, Vec<Signed<Body>>)> = LazyLock::new(|| {
    let (listing, first, counter, bid) = bargain();
    let mut events = vec![listing.clone(), first.clone(), counter, bid.clone()];
    // Two acceptances, each paid for by a confirmation of its own, and a later trade's acceptance.
    let acceptances = [seller(acceptance(&bid, "one"), T + 20), seller(acceptance(&bid, "two"), T + 20)];
    let payments = [
        buyer(samples::payment(acceptances[0].id()), T + 30),
        buyer(samples::payment(acceptances[1].id()), T + 29),
        buyer(samples::payment(acceptances[1].id()), T + 31),
    ];
    let mut damaged = samples::receipt(payments[2].id());
    (damaged.status, damaged.dispute_reason, damaged.encrypted_preimage) =
        (Status::Damaged, Some("x".into()), None);
    events.extend([
        buyer(samples::receipt(payments[2].id()), T + 40),
        buyer(damaged, T + 40),
        seller(samples::refund(payments[0].id()), T + 41),
        seller(samples::refund(payments[2].id()), T + 41),
        buyer(samples::dispute(payments[2].id()), T + 35),
        seller(samples::agreement(payments[2].id(), Term::Cancel), T + 36),
        buyer(samples::agreement(payments[2].id(), Term::Cancel), T + 36),
        buyer(samples::agreement(payments[0].id(), Term::Release), T + 36),
        // Not theirs to say, not in time, not of this trade.
        seller(samples::payment(acceptances[0].id()), T + 30),
        buyer(samples::receipt(payments[2].id()), T + 1),
        buyer(samples::refund(payments[2].id()), T + 42),
        samples::event(Who::Stranger, samples::dispute(payments[2].id()), &Links::default(), T + 50),
        samples::event(Who::Stranger, samples::bid(listing.id()), &Links::default(), T + 11),
        seller(samples::acceptance(first.id()), T + 21),
        seller(samples::counter_bid(bid.id()), T + 16),
        seller(samples::counter_bid(bid.id()), T + 17),
        buyer(samples::counter_bid(bid.id()), T + 18),
        seller(samples::deposit(listing.id()), T + 22),
        seller(samples::deposit(listing.id()), T + 23),
        listing_with(|listing| listing.price = sat(1)),
        buyer(samples::receipt(EventId::from_bytes([0xee; 32])), T + 40),
    ]);
    events.extend(acceptances);
    events.extend(payments);
    (bid.id(), events.iter().map(read).collect())
});

fn acceptance(bid: &VerifiedEvent, terms: &str) -> domp_protocol::kinds::Acceptance {
    domp_protocol::kinds::Acceptance { terms: Some(terms.to_owned()), ..samples::acceptance(bid.id()) }
}

/// Adds the events and follows what is said of each, as an engine would: by the answer and by later changes.
fn told(trade: EventId, events: &[Signed<Body>]) -> (Chain, BTreeMap<EventId, Added>) {
    let mut chain = Chain::new(trade);
    let mut told = BTreeMap::new();
    for event in events {
        let arrival = chain.add(event.clone());
        if arrival.added != Added::Duplicate {
            told.insert(event.id(), arrival.added);
        }
        told.extend(arrival.changed);
    }
    (chain, told)
}

proptest! {
    #[test]
    fn add__any_part_of_the_events_in_any_order__the_same_states_and_line(
        order in subsequence((0..EVENTS.1.len()).collect::<Vec<_>>(), 0..=EVENTS.1.len()).prop_shuffle(),
        replayed in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let (trade, events) = &*EVENTS;
        let mut sorted = order.clone();
        sorted.sort_unstable();
        let pick = |places: &[usize]| places.iter().map(|place| events[*place].clone()).collect::<Vec<_>>();
        let mut shuffled = pick(&order);
        if !shuffled.is_empty() {
            let again: Vec<_> = replayed.iter().map(|place| shuffled[place.index(shuffled.len())].clone()).collect();
            shuffled.extend(again);
        }
        let (one, one_told) = told(*trade, &pick(&sorted));
        let (other, other_told) = told(*trade, &shuffled);
        prop_assert_eq!(one.line(), other.line());
        prop_assert_eq!(&one.states(), &other.states());
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one_told, other_told, "what was said along the way ends the same, refusals too");
    }
}

#[test]
fn line__everything_known__follows_the_acceptance_that_was_received() {
    let (trade, events) = &*EVENTS;
    let (chain, told) = told(*trade, events);
    let line = chain.line().unwrap();
    let body = |id: Option<EventId>| chain.event(&id.unwrap()).unwrap().body().clone();
    let Body::Acceptance(acceptance) = body(line.acceptance) else { panic!("{line:?}") };
    assert_eq!(acceptance.terms.as_deref(), Some("two"), "the one whose payment was received");
    assert_eq!(chain.event(&line.payment.unwrap()).unwrap().created_at().0, T + 31, "not the earlier rival");
    assert_eq!((line.earlier.len(), line.counters.len()), (2, 2));
    assert_eq!((line.disputes.len(), line.agreements.len()), (1, 2));
    assert!(line.receipt.is_some() && line.refund.is_some() && line.deposit.is_some());
    let count = |wanted: fn(&Added) -> bool| told.values().filter(|state| wanted(state)).count();
    let rivals = |state: &Added| matches!(state, Added::Refused(ChainError::SecondOfKind { .. }));
    assert_eq!(count(|state| *state == Added::Accepted), 14);
    assert_eq!(told.values().filter(|state| rivals(state)).count(), 8);
    assert_eq!(count(|state| matches!(state, Added::Held { .. })), 1);
    assert_eq!(told.len(), events.len());
}

#[test]
fn add__last_event_first__released_by_the_one_that_was_missing() {
    let trade = Trade::new();
    let mut chain = Chain::new(trade.bid.id());
    for event in [&trade.receipt, &trade.payment, &trade.listing, &trade.bid] {
        let arrival = chain.add(read(event));
        assert!(!matches!(arrival.added, Added::Refused(_) | Added::Duplicate), "{arrival:?}");
    }
    let arrival = chain.add(read(&trade.acceptance));
    assert_eq!(arrival.added, Added::Accepted);
    let mut released: Vec<_> = arrival.changed;
    released.sort_by_key(|(id, _)| *id != trade.payment.id());
    assert_eq!(released, [(trade.payment.id(), Added::Accepted), (trade.receipt.id(), Added::Accepted)]);
}

#[test]
fn add__held__names_what_it_waits_for() {
    let trade = Trade::new();
    let mut chain = Chain::new(trade.bid.id());
    let held = |chain: &mut Chain, event| match chain.add(read(event)).added {
        Added::Held { waiting_for } => waiting_for,
        other => panic!("{other:?}"),
    };
    assert_eq!(held(&mut chain, &trade.payment), trade.bid.id(), "nothing is judged before the bid");
    assert_eq!(held(&mut chain, &trade.bid), trade.listing.id());
    chain.add(read(&trade.listing));
    assert_eq!(held(&mut chain, &trade.receipt), trade.acceptance.id(), "its own predecessor is there");
    assert_eq!(chain.states()[&trade.payment.id()], Added::Held { waiting_for: trade.acceptance.id() });
}

#[test]
fn add__an_earlier_second_acceptance_after_the_payment__cannot_displace_the_paid_one() {
    let trade = Trade::new();
    let mut chain = Chain::new(trade.bid.id());
    for event in [&trade.listing, &trade.bid, &trade.acceptance, &trade.payment] {
        chain.add(read(event));
    }
    assert_eq!(chain.line().unwrap().acceptance, Some(trade.acceptance.id()));
    let backdated = seller(acceptance(&trade.bid, "other invoices"), T + 10);
    let arrival = chain.add(read(&backdated));
    assert_eq!(arrival.added, Added::Refused(ChainError::SecondOfKind { in_force: trade.acceptance.id() }));
    assert_eq!(arrival.changed, []);
    assert_eq!(chain.line().unwrap().payment, Some(trade.payment.id()));
}

#[test]
fn line__rivals_that_nobody_went_on_from__the_earliest_then_the_lowest_id() {
    let trade = Trade::new();
    let rivals = |at: fn(usize) -> u64| -> Vec<VerifiedEvent> {
        (0..6).map(|number| seller(acceptance(&trade.bid, &number.to_string()), at(number))).collect()
    };
    let in_force = |rivals: &[VerifiedEvent]| {
        let mut chain = Chain::new(trade.bid.id());
        for event in [&trade.bid, &trade.listing].into_iter().chain(rivals) {
            chain.add(read(event));
        }
        chain.line().unwrap().acceptance.unwrap()
    };
    let later_first = rivals(|number| T + 30 - number as u64);
    assert_eq!(in_force(&later_first), later_first[5].id());
    let earlier_first = rivals(|number| T + 20 + number as u64);
    assert_eq!(in_force(&earlier_first), earlier_first[0].id());
    let at_once = rivals(|_| T + 20);
    assert_eq!(Some(in_force(&at_once)), at_once.iter().map(VerifiedEvent::id).min());
}

#[test]
fn add__the_bid_itself_refused__said_so_and_nothing_else_judged() {
    let listing = listing_with(|_| ());
    let mut bid = samples::bid(listing.id());
    bid.amount = sat(samples::PRICE + 1);
    let bid = buyer(bid, T + 10);
    let mut chain = Chain::new(bid.id());
    chain.add(read(&listing));
    assert!(matches!(chain.add(read(&bid)).added, Added::Refused(ChainError::AbovePrice { .. })));
    assert_eq!(chain.line(), None);
}

#[test]
fn add__a_flood_of_disputes__shuts_out_its_own_author_only() {
    let trade = Trade::new();
    let mut chain = Chain::new(trade.bid.id());
    for event in [&trade.listing, &trade.bid, &trade.acceptance, &trade.payment] {
        chain.add(read(event));
    }
    let dispute = |who, number: usize| {
        let body = Dispute { reason: number.to_string(), ..samples::dispute(trade.payment.id()) };
        signed(who, body, &Links::default(), T + 100)
    };
    let refused = (0..2 * MOST_PER_AUTHOR)
        .map(|number| chain.add(dispute(Who::Seller, number)).added)
        .filter(|added| *added == Added::Refused(ChainError::TooMany))
        .count();
    // The listing and the acceptance count too.
    assert_eq!(refused, MOST_PER_AUTHOR + 2);
    assert_eq!(chain.add(read(&trade.receipt)).added, Added::Accepted);
    for number in 0..10 {
        let added = chain.add(dispute(Who::Stranger, number)).added;
        assert!(matches!(added, Added::Refused(ChainError::Stranger { .. })), "{added:?}");
    }
}

/// Nothing can be judged before the bid and all that it refers to: those find room however much came before them.
#[test]
fn add__a_flood_before_the_bid__does_not_keep_out_what_the_bid_waits_for() {
    let (listing, first, counter, bid) = bargain();
    let trade = Trade::new();
    let mut chain = Chain::new(bid.id());
    let flood = |number: usize| {
        let body = Dispute { reason: number.to_string(), ..samples::dispute(trade.payment.id()) };
        [Who::Seller, Who::Buyer].map(|who| signed(who, body.clone(), &Links::default(), T + 100))
    };
    for event in (0..MOST_PER_AUTHOR).flat_map(flood) {
        assert_eq!(chain.add(event).added, Added::Held { waiting_for: bid.id() });
    }
    assert_eq!(chain.add(read(&trade.acceptance)).added, Added::Refused(ChainError::TooMany));
    chain.add(read(&bid));
    let mut wanted = Vec::new();
    while let Some(Added::Held { waiting_for }) = chain.states().remove(&bid.id()) {
        let event = [&listing, &first, &counter].into_iter().find(|event| event.id() == waiting_for).unwrap();
        assert_ne!(chain.add(read(event)).added, Added::Refused(ChainError::TooMany));
        wanted.push(waiting_for);
        assert!(wanted.len() <= 3, "each once");
    }
    assert!(chain.line().is_some());
}

#[test]
fn chain__kept_in_a_snapshot__the_same_again() {
    let (trade, events) = &*EVENTS;
    let (chain, _) = told(*trade, events);
    let kept = serde_json::to_string(&chain).unwrap();
    assert_eq!(serde_json::from_str::<Chain>(&kept).unwrap(), chain);
}

/// Bids and counter bids that answer each other a long way back are judged once each, not once for each way to them.
#[test]
fn add__a_long_bargain_backwards__every_step_judged_once() {
    let listing = listing_with(|_| ());
    let mut events = vec![listing.clone()];
    let mut links = Links::to(Who::Seller.key());
    let mut at = T + 1;
    let bid = loop {
        let bid = samples::event(Who::Buyer, samples::bid(listing.id()), &links, at);
        events.push(bid.clone());
        if events.len() > 80 {
            break bid;
        }
        let counter = seller(samples::counter_bid(bid.id()), at);
        links = Links::default().with(counter.id(), "", domp_protocol::tags::links::Marker::Reply);
        events.push(counter);
        at += 1;
    };
    let mut chain = Chain::new(bid.id());
    for event in events.iter().rev() {
        chain.add(read(event));
    }
    assert_eq!(chain.line().unwrap().earlier.len(), events.len() - 2);
    assert!(chain.states().values().all(|state| *state == Added::Accepted));
}
