//! The longest and the most that tags may hold: just that much is read, one more is refused.

use crate::{
    kind_valid_vectors::raw,
    people::{NOW, Who, id},
    raw_event::Raw,
    samples,
};
use domp_protocol::{
    event::VerifiedEvent,
    kinds::{Bid, Kind, Listing, Malformed, Signed},
    tags::relays::{LONGEST_RELAY_URL, MOST_RELAYS, RelayUrl},
    units::Unix,
};

fn read<T: Kind>(raw: &Raw) -> Result<T, Malformed> {
    let event = VerifiedEvent::check(&raw.sign().to_string(), Unix(NOW)).unwrap();
    Signed::<T>::read_as(&event).map(Signed::into_body)
}

fn refused<T>(tag: &str, problem: &str) -> Result<T, Malformed> {
    Err(Malformed::Tag { tag: tag.to_owned(), problem: problem.to_owned() })
}

fn named(name: &str) -> Result<Listing, Malformed> {
    read(&raw(Who::Seller, samples::listing()).without("d").with(&["d", name]))
}

#[test]
fn listing_name__of_256_bytes_and_of_257__read_and_refused() {
    // Two bytes each: bytes are counted, not characters.
    let longest = "\u{fc}".repeat(128);
    assert_eq!(named(&longest).unwrap().name, Some(longest.clone()));
    assert_eq!(named(&format!("{longest}x")), refused("d", "is longer than 256 bytes"));
    assert_eq!(named("").unwrap().name, Some(String::new()), "an empty name is one");
}

fn through(relays: &[String]) -> Result<Bid, Malformed> {
    let tag: Vec<&str> = std::iter::once("relays").chain(relays.iter().map(String::as_str)).collect();
    read(&raw(Who::Buyer, samples::bid(id(1))).without("relays").with(&tag))
}

#[test]
fn relays__sixteen_and_seventeen__read_and_refused() {
    let mut urls: Vec<String> = (0..MOST_RELAYS).map(|n| format!("wss://r{n}.example.org")).collect();
    let read: Vec<String> =
        through(&urls).unwrap().escrow.unwrap().relays.into_iter().map(String::from).collect();
    assert_eq!(read, urls, "all of them, in their order");
    urls.push("wss://one.more.example.org".to_owned());
    assert_eq!(through(&urls), refused("relays", "names 17 relays; it must name 1 to 16"));
}

fn problem(url: &str) -> String {
    url.parse::<RelayUrl>().unwrap_err().to_string()
}

#[test]
fn relay_url__of_256_characters_and_of_257__read_and_refused() {
    let of = |length: usize| {
        let host = "wss://relay.example.org/";
        format!("{host}{}", "a".repeat(length - host.len()))
    };
    let longest = of(LONGEST_RELAY_URL);
    assert_eq!(longest.parse::<RelayUrl>().unwrap().as_str(), longest);
    assert!(problem(&of(LONGEST_RELAY_URL + 1)).ends_with("it is longer than 256 characters"));
}

#[test]
fn relay_url__with_a_user_a_password_or_both__refused() {
    for url in
        ["wss://me@relay.example.org", "wss://:secret@relay.example.org", "wss://me:secret@relay.example.org"]
    {
        assert!(problem(url).ends_with("it carries a user name or a password"), "{url}: {}", problem(url));
    }
    assert!("wss://relay.example.org/@me:x".parse::<RelayUrl>().is_ok(), "an @ in the path is no user");
}
