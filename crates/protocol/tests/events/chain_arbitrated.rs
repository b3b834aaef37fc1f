//! Chains in arbitrated mode: the arbiter that a bid chooses, and the seller's deposit.

use crate::{
    chain_vectors::{buyer, listing_with},
    people::{T, Who},
    samples::{self, relays, sat},
};
use domp_protocol::{
    chain::{Added, Chain, ChainError},
    event::VerifiedEvent,
    kinds::{Body, Signed},
    tags::{
        arbiter::Arbiter,
        escrow::Mode,
        links::{Links, Marker},
    },
    units::Blocks,
};

fn arbiter(who: Who) -> Arbiter {
    Arbiter { key: who.key(), relay: relays()[0].clone(), ruling: Blocks(432), fee: sat(1000) }
}

/// A listing that offers both modes and two arbiters.
fn listing() -> VerifiedEvent {
    listing_with(|listing| {
        let escrow = listing.escrow.as_mut().unwrap();
        escrow.modes = vec![Mode::Direct, Mode::Arbitrated];
        escrow.arbiters = vec![arbiter(Who::Stranger), arbiter(Who::Arbiter)];
    })
}

fn bid(listing: &VerifiedEvent, arbiter: Option<Arbiter>) -> VerifiedEvent {
    let mut bid = samples::bid(listing.id());
    let escrow = bid.escrow.as_mut().unwrap();
    escrow.mode = if arbiter.is_some() { Mode::Arbitrated } else { Mode::Direct };
    escrow.arbiter = arbiter;
    buyer(bid, T + 10)
}

fn add(chain: &mut Chain, event: &VerifiedEvent) -> Added {
    chain.add(Signed::<Body>::read(event).unwrap()).added
}

fn judged(arbiter: Option<Arbiter>) -> Added {
    let listing = listing();
    let bid = bid(&listing, arbiter);
    let mut chain = Chain::new(bid.id());
    assert_eq!(add(&mut chain, &listing), Added::Held { waiting_for: bid.id() });
    add(&mut chain, &bid)
}

#[test]
fn bid__an_arbiter_of_the_listing_with_its_conditions_or_none__accepted() {
    assert_eq!(judged(Some(arbiter(Who::Arbiter))), Added::Accepted);
    assert_eq!(judged(Some(arbiter(Who::Stranger))), Added::Accepted);
    assert_eq!(judged(None), Added::Accepted);
}

#[test]
fn bid__another_arbiter_or_other_conditions__refused_by_the_arbiters_key() {
    let listed = arbiter(Who::Arbiter);
    for other in [
        arbiter(Who::Buyer),
        Arbiter { fee: sat(999), ..listed.clone() },
        Arbiter { ruling: Blocks(433), ..listed.clone() },
        Arbiter { relay: relays()[1].clone(), ..listed },
    ] {
        let refused = Added::Refused(ChainError::ArbiterNotOffered(other.key));
        assert_eq!(judged(Some(other)), refused);
    }
}

/// Its content names the listing, which many bids share; only the reply says for which of them it is.
#[test]
fn deposit__that_replies_to_the_bid__accepted() {
    let listing = listing();
    let bid = bid(&listing, Some(arbiter(Who::Arbiter)));
    let mut chain = Chain::new(bid.id());
    add(&mut chain, &listing);
    add(&mut chain, &bid);
    let links = Links::to(Who::Buyer.key()).with(bid.id(), "", Marker::Reply);
    let deposit = samples::event(Who::Seller, samples::deposit(listing.id()), &links, T + 22);
    assert_eq!(add(&mut chain, &deposit), Added::Accepted);
    assert_eq!(chain.line().unwrap().deposit, Some(deposit.id()));
}
