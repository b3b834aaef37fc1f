//! The largest event and the oldest time, to the byte and to the second.

use crate::people::{NOW, T, Who};
use domp_protocol::{
    event::{DraftError, EventDraft, EventError, LARGEST_EVENT, OLDEST, VerifiedEvent},
    units::Unix,
};

fn sign(content: String, created_at: Unix) -> Result<VerifiedEvent, DraftError> {
    EventDraft { kind: 320, tags: Vec::new(), content, created_at }.sign(&Who::Buyer.signer())
}

/// Signs an event whose JSON has exactly so many bytes.
fn sized(bytes: usize) -> Result<VerifiedEvent, DraftError> {
    let frame = sign(String::new(), Unix(T)).unwrap().json().len();
    sign("x".repeat(bytes - frame), Unix(T))
}

#[test]
fn event__of_exactly_the_largest_size__signed_and_read() {
    let event = sized(LARGEST_EVENT).unwrap();
    let json = event.json();
    assert_eq!(json.len(), 100_000);
    assert_eq!(VerifiedEvent::check(&json, Unix(NOW)), Ok(event.clone()));
    assert_eq!(VerifiedEvent::check_stored(&json), Ok(event));
}

#[test]
fn event__one_byte_larger__neither_signed_nor_read() {
    let too_large = EventError::TooLarge(100_001);
    assert_eq!(sized(LARGEST_EVENT + 1), Err(DraftError::Refused(too_large.clone())));
    // JSON may end in a space, so only its length is wrong with this one.
    let spaced = sized(LARGEST_EVENT).unwrap().json() + " ";
    assert_eq!(VerifiedEvent::check(&spaced, Unix(NOW)), Err(too_large.clone()));
    assert_eq!(VerifiedEvent::check_stored(&spaced), Err(too_large));
    let spaced = sized(LARGEST_EVENT - 1).unwrap().json() + " ";
    assert!(VerifiedEvent::check(&spaced, Unix(NOW)).is_ok(), "the space alone is no fault");
}

#[test]
fn event__of_the_first_second_of_2022__signed_and_read() {
    let event = sign("{}".to_owned(), OLDEST).unwrap();
    assert_eq!(event.created_at(), Unix(1_640_995_200));
    assert_eq!(VerifiedEvent::check(&event.json(), Unix(NOW)), Ok(event));
}
