//! An event as JSON: read, verified, understood, written again.
//!
//! What the fuzzer makes up is read twice: as it is, and with an id and a signature that fit, so that content and tags are
//! reached.

use crate::signing::{AUTHOR, NOW, Unsigned, assert_brief};
use domp_protocol::{
    event::{DraftError, EventError, LARGEST_EVENT, MOST_SECONDS_AHEAD, OLDEST, Signer, VerifiedEvent},
    kinds::{Body, Malformed, Signed},
    tags::links::MOST_LINKS,
};
use nostr::JsonUtil;

/// The most bytes that one byte of content can become when it is written in ASCII.
const WIDEST: usize = 6;

/// Checks one input.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match VerifiedEvent::check(text, NOW) {
        Ok(event) => accepted(&event),
        Err(error) => assert_brief(&error),
    }
    let Some(unsigned) = Unsigned::from_json(text) else { return };
    let json = unsigned.signed_json(&AUTHOR);
    let in_time = (OLDEST..=NOW.plus(MOST_SECONDS_AHEAD)).contains(&unsigned.created_at);
    let right = json.len() <= LARGEST_EVENT && in_time && !unsigned.tags.iter().any(|tag| tag.is_empty());
    match VerifiedEvent::check(&json, NOW) {
        Ok(event) => {
            assert!(right, "accepted: {json}");
            assert_eq!((event.kind(), event.created_at()), (unsigned.kind, unsigned.created_at));
            assert_eq!((event.tags(), event.content()), (&unsigned.tags[..], &unsigned.content[..]));
            accepted(&event);
        }
        Err(error) => {
            assert!(!right, "refused: {error}: {json}");
            assert_brief(&error);
        }
    }
}

/// What must be true of an event that was accepted.
pub fn accepted(event: &VerifiedEvent) {
    let canonical = event.json();
    let again = VerifiedEvent::check_stored(&canonical).expect("the canonical form is accepted");
    assert_eq!((&again, again.json()), (event, canonical.clone()));
    let theirs = nostr::Event::from_json(&canonical).expect("the library reads it");
    theirs.verify().expect("the library verifies it");
    assert_eq!(theirs.id.as_bytes(), event.id().as_bytes());
    assert_eq!(theirs.content, event.content());
    match Signed::<Body>::read(event) {
        Ok(signed) => understood(event, &signed),
        Err(error) => assert_brief(&error),
    }
}

/// What was understood can be written again, and says the same then.
fn understood(event: &VerifiedEvent, signed: &Signed<Body>) {
    let body = signed.body();
    let draft = match body.draft(signed.links(), signed.created_at()) {
        Ok(draft) => draft,
        Err(error) => return assert!(may_be_unwritable(signed, &error), "cannot be written: {error}"),
    };
    assert!(draft.content.len() <= WIDEST * event.content().len() + 64, "grew to {}", draft.content.len());
    let signer = Signer::from_bytes(&AUTHOR).expect("a key");
    let written = match draft.clone().sign(&signer) {
        Ok(written) => written,
        Err(DraftError::Refused(EventError::TooLarge(_))) => return,
        Err(error) => panic!("cannot be signed: {error}"),
    };
    let read = Signed::<Body>::read(&written).expect("what was written is read");
    assert_eq!(read.body(), body);
    assert!(body.predecessor().is_none_or(|id| read.links().names(&id)), "the one before is not linked");
    let twice = read.body().draft(read.links(), read.created_at()).expect("it is written again");
    assert_eq!(twice, draft);
    let stored = serde_json::to_string(&read).expect("it is stored");
    assert_eq!(serde_json::from_str::<Signed<Body>>(&stored).expect("it is loaded"), read);
}

/// Text in tags that other clients may write and we do not, or no room for the link that is missing.
fn may_be_unwritable(signed: &Signed<Body>, error: &Malformed) -> bool {
    let Malformed::Tag { tag, problem } = error else { return false };
    let full = signed.links().refs.len() == MOST_LINKS && tag == "ref" && problem.contains("more than");
    full || problem.contains("printable ASCII")
}
