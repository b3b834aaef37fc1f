//! Making events: what a draft refuses, what signing gives, and that the Nostr library agrees.

use crate::{
    people::{NOW, T, Who, id},
    samples,
};
use domp_protocol::{
    event::{DraftError, EventDraft, EventError, OLDEST, Signer, VerifiedEvent},
    kinds::{Body, Kind, Listing, Malformed, Signed},
    private::{Private, Release},
    secret::Preimage,
    tags::links::{Links, Marker},
    units::{Sat, Unix},
};
use nostr::JsonUtil;
use proptest::prelude::*;

fn draft() -> EventDraft {
    EventDraft {
        kind: 320,
        tags: vec![vec!["e".into(), "ab".into()]],
        content: "{}".into(),
        created_at: Unix(T),
    }
}

#[test]
fn sign__the_same_draft_twice__the_same_bytes_that_the_library_verifies() {
    let event = draft().sign(&Who::Buyer.signer()).unwrap();
    assert_eq!(draft().sign(&Who::Buyer.signer()).unwrap().json(), event.json());
    assert_eq!(event.id(), draft().id(&Who::Buyer.key()));
    let theirs = nostr::Event::from_json(event.json()).unwrap();
    theirs.verify().unwrap();
    assert_eq!(theirs.as_json(), event.json(), "one canonical form");
    assert_eq!(VerifiedEvent::check(&event.json(), Unix(T)).unwrap(), event);
}

#[test]
fn sign__anything_outside_printable_ascii__refused() {
    let signer = Who::Buyer.signer();
    for text in ["Gr\u{fc}\u{df}e", "line\nbreak", "delete\u{7f}", "nul\0"] {
        let content = EventDraft { content: text.to_owned(), ..draft() };
        assert_eq!(content.sign(&signer), Err(DraftError::NotAscii("content")));
        let tags = EventDraft { tags: vec![vec!["d".into(), text.to_owned()]], ..draft() };
        assert_eq!(tags.sign(&signer), Err(DraftError::NotAscii("tags")));
    }
}

#[test]
fn sign__what_every_reader_would_refuse__refused() {
    let signer = Who::Buyer.signer();
    let refused = |draft: EventDraft| match draft.sign(&signer) {
        Err(DraftError::Refused(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(EventDraft { tags: vec![vec![]], ..draft() }), EventError::EmptyTag);
    let before = Unix(OLDEST.0 - 1);
    assert_eq!(refused(EventDraft { created_at: before, ..draft() }), EventError::TooOld(before));
    let large = EventDraft { content: "x".repeat(100_000), ..draft() };
    assert!(matches!(refused(large), EventError::TooLarge(size) if size > 100_000));
}

#[test]
fn signer__zero_or_the_order__no_key() {
    assert!(Signer::from_bytes(&[0; 32]).is_err());
    assert!(Signer::from_bytes(&[0xff; 32]).is_err());
}

#[test]
fn debug__of_everything_that_carries_a_secret__does_not_show_it() {
    let secret = [0xa7; 32];
    let message =
        Private { trade: id(2), message: Release { preimage: Preimage::from_bytes(secret) }.into() };
    let draft = message.draft(Unix(T)).unwrap();
    let event = draft.clone().sign(&Who::Buyer.signer()).unwrap();
    let signed = Private::read(&event).unwrap();
    assert!(event.content().contains(&hex::encode(secret)), "the secret does travel");
    let signer = Signer::from_bytes(&secret).unwrap();
    let shown = format!("{message:?} {draft:?} {event:?} {signed:?} {signer:?}");
    assert!(!shown.contains("a7a7"), "{shown}");
    assert!(!shown.contains("167"), "the same byte in decimal: {shown}");
}

#[test]
fn stored__written_and_read__verified_again() {
    let event = draft().sign(&Who::Buyer.signer()).unwrap();
    let stored = serde_json::to_string(&event).unwrap();
    assert_eq!(serde_json::from_str::<VerifiedEvent>(&stored).unwrap(), event);
    let forged = stored.replace("{}", "[]");
    assert_ne!(forged, stored);
    assert!(serde_json::from_str::<VerifiedEvent>(&forged).is_err(), "a changed store is noticed");
}

#[test]
fn kind_draft__a_value_that_reading_refuses__the_same_words() {
    let free = Listing { price: Sat::ZERO, ..samples::listing() };
    let error = free.draft(&Links::default(), Unix(T)).unwrap_err();
    assert!(matches!(&error, Malformed::Field { field, .. } if field == "price_satoshis"), "{error}");
}

#[test]
fn kind_draft__a_tag_outside_ascii__refused_by_its_name() {
    let named = Listing { name: Some("F\u{fc}ller".to_owned()), ..samples::listing() };
    let error = named.draft(&Links::default(), Unix(T)).unwrap_err();
    assert_eq!(error.to_string(), "tag `d` may be written in printable ASCII only");
    let hinted = Links::default().with(id(1), "wss://k\u{fc}che.example.org", Marker::Root);
    let error = samples::acceptance(id(2)).draft(&hinted, Unix(T)).unwrap_err();
    assert!(error.to_string().contains("tag `ref`"), "{error}");
}

#[test]
fn kind_draft__a_relay_hint__of_256_characters_is_the_longest() {
    let hinted = |length| {
        let links = Links::default().with(id(1), &"w".repeat(length), Marker::Root);
        samples::acceptance(id(2)).draft(&links, Unix(T))
    };
    let event = hinted(256).unwrap().sign(&Who::Seller.signer()).unwrap();
    let read = Signed::<Body>::read(&event).unwrap();
    assert!(read.links().refs.iter().any(|link| link.hint.len() == 256));
    let error = hinted(257).unwrap_err();
    assert!(error.to_string().contains("longer than 256"), "{error}");
}

#[test]
fn kind_draft__links__each_ref_beside_an_e_tag_and_the_predecessor_once() {
    let links = Links::to(Who::Buyer.key()).with(id(1), "wss://relay.example.org", Marker::Root);
    let draft = samples::acceptance(id(2)).draft(&links, Unix(T)).unwrap();
    let of = |name: &str| -> Vec<Vec<String>> {
        draft.tags.iter().filter(|tag| tag[0] == name).map(|tag| tag[1..].to_vec()).collect()
    };
    assert_eq!(of("ref"), of("e"));
    assert_eq!(
        of("ref"),
        [
            vec![id(1).to_string(), "wss://relay.example.org".into(), "root".into()],
            vec![id(2).to_string(), String::new(), "reply".into()],
        ]
    );
    assert_eq!(of("p"), [vec![Who::Buyer.key().to_string()]]);
    let named = links.with(id(2), "wss://r.example.org", Marker::Reply);
    let draft = samples::acceptance(id(2)).draft(&named, Unix(T)).unwrap();
    assert_eq!(
        draft.tags.iter().filter(|tag| tag[0] == "ref").count(),
        2,
        "a link that is there is not doubled"
    );
}

#[test]
fn kind_draft__everything_of_ours__is_ascii_and_signs() {
    for body in samples::one_of_each() {
        let draft = body.draft(&Links::default(), Unix(T)).unwrap();
        let event = draft.sign(&Who::Seller.signer()).unwrap();
        assert!(event.json().bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{event:?}");
    }
}

proptest! {
    #[test]
    fn check__any_event_of_the_library__read_with_the_same_id(
        content: String,
        tags in prop::collection::vec(prop::collection::vec(any::<String>(), 1..5), 0..5),
        kind in 0u16..,
        created_at in OLDEST.0..NOW,
    ) {
        let keys = nostr::Keys::new(nostr::SecretKey::from_slice(&Who::Buyer.secret()).unwrap());
        let theirs = nostr::EventBuilder::new(nostr::Kind::from(kind), &content)
            .tags(tags.iter().map(|tag| nostr::Tag::parse(tag.clone()).unwrap()))
            .custom_created_at(nostr::Timestamp::from(created_at))
            .allow_self_tagging()
            .sign_with_keys(&keys)
            .unwrap();
        let ours = VerifiedEvent::check(&theirs.as_json(), Unix(NOW)).unwrap();
        prop_assert_eq!(ours.id().to_string(), theirs.id.to_hex());
        prop_assert_eq!(ours.kind(), kind);
        prop_assert_eq!(ours.tags(), &tags[..]);
        prop_assert_eq!(ours.content(), content);
        prop_assert_eq!(ours.json(), theirs.as_json());
    }

    #[test]
    fn check__any_bytes__an_error_and_no_panic(text: String) {
        prop_assert!(VerifiedEvent::check(&text, Unix(NOW)).is_err());
    }

    #[test]
    fn check__a_good_event_with_one_character_replaced__never_another_event(
        place in 0usize..1000,
        character in prop::char::range(' ', '~'),
    ) {
        let good = draft().sign(&Who::Buyer.signer()).unwrap();
        let mut text: Vec<char> = good.json().chars().collect();
        let place = place % text.len();
        text[place] = character;
        let text: String = text.into_iter().collect();
        if let Ok(event) = VerifiedEvent::check(&text, Unix(NOW)) {
            prop_assert_eq!(event, good);
        }
    }
}
