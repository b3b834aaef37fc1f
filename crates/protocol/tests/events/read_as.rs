//! Reading an event as the one kind that is asked for.

use crate::{
    people::{T, Who, id},
    samples,
};
use domp_protocol::{
    kinds::{Bid, Body, Listing, Malformed, Signed},
    tags::links::Links,
    units::Unix,
};

#[test]
fn read_as__the_kind_of_the_event__its_value_author_and_time() {
    let event = samples::event(Who::Buyer, samples::bid(id(1)), &Links::default(), T + 5);
    let bid = Signed::<Bid>::read_as(&event).unwrap();
    assert_eq!(bid.body(), &samples::bid(id(1)));
    assert_eq!((bid.id(), bid.author(), bid.created_at()), (event.id(), Who::Buyer.key(), Unix(T + 5)));
    assert!(bid.links().names(&id(1)), "the listing is linked");
    assert_eq!(bid.map(Body::from), Signed::<Body>::read(&event).unwrap());
}

#[test]
fn read_as__an_event_of_another_kind__refused_with_both_numbers() {
    let listing = samples::event(Who::Seller, samples::listing(), &Links::default(), T);
    assert_eq!(Signed::<Bid>::read_as(&listing), Err(Malformed::WrongKind { found: 300, expected: 301 }));
    let bid = samples::event(Who::Buyer, samples::bid(id(1)), &Links::default(), T);
    assert_eq!(Signed::<Listing>::read_as(&bid), Err(Malformed::WrongKind { found: 301, expected: 300 }));
}
