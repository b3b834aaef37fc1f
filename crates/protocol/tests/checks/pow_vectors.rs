//! Proof of work in bits, and mined events.

use crate::vector::Vector;
use domp_protocol::{
    event::EventDraft,
    pow::{Difficulty, Miner},
    units::Unix,
};
use serde_json::{Value, json};

const AUTHOR: &str = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

fn event(tags: Value, content: &str) -> Value {
    json!({ "pubkey": AUTHOR, "created_at": 1_760_000_000, "kind": 300, "tags": tags, "content": content })
}

/// What the miner finds. That its id is the one of NIP-01 is tested against another library, in the miner's own tests.
fn mined(tags: &[Vec<String>], content: &str, bits: u16) -> Value {
    let (tags, content) = (tags.to_vec(), content.to_owned());
    let draft = EventDraft { kind: 300, tags, content, created_at: Unix(1_760_000_000) };
    let miner = Miner::new(&draft, &AUTHOR.parse().unwrap(), Difficulty::new(bits).unwrap()).unwrap();
    let nonce = miner.mine(0..1 << 24).unwrap();
    json!({ "tags": miner.proof(nonce).tags(), "id": miner.id(nonce) })
}

/// An id that begins with these hexadecimal digits.
fn id(start: &str) -> String {
    format!("{start:f<64}")
}

pub fn table() -> Vec<Vector> {
    let valid =
        |name, what, input, gives| Vector { name, what, rule: "NIP-13", input, now: None, expect: Ok(gives) };
    let refused =
        |name, what, input, part| Vector { name, what, rule: "NIP-13", input, now: None, expect: Err(part) };
    let check = |start: &str, claimed: u16, required: u16| json!({ "id": id(start), "claimed": claimed, "required": required });
    let mine = |event: Value, difficulty: u16| json!({ "mine": event, "difficulty": difficulty });
    let listing = r#"{"product_name":"lamp","description":"a \u00fc in ASCII","price_satoshis":50000}"#;
    let tag = vec!["d".to_owned(), "lamp \"1\"".to_owned()];
    vec![
        valid("pow-bits", "eleven zero bits: two zero digits and 0001", check("001", 11, 11), Value::Null),
        valid("pow-more-than-claimed", "more zeros than the proof claims", check("0000", 12, 8), Value::Null),
        valid(
            "pow-all-zero",
            "an id of zeros",
            json!({ "id": "0".repeat(64), "claimed": 256, "required": 32 }),
            Value::Null,
        ),
        valid(
            "pow-mined",
            "an event without tags, mined to 12 bits",
            mine(event(json!([]), listing), 12),
            mined(&[], listing, 12),
        ),
        valid(
            "pow-mined-rounded-up",
            "13 bits asked for, 16 mined: readers of hexadecimal digits see the same",
            mine(event(json!([tag]), "{}"), 13),
            mined(std::slice::from_ref(&tag), "{}", 13),
        ),
        refused(
            "pow-not-done",
            "one bit fewer than the proof claims",
            check("001", 12, 8),
            "has 11 leading zero bits, the proof claims 12",
        ),
        refused(
            "pow-digits",
            "a reader of hexadecimal digits would take 3 zero bits for a digit",
            check("1", 4, 4),
            "has 3 leading zero bits, the proof claims 4",
        ),
        refused(
            "pow-too-easy",
            "less claimed than the relay asks, though the id has enough by luck",
            check("00000", 8, 16),
            "8 bits of work, 16 bits are asked for",
        ),
        refused("pow-impossible", "more bits than an id has", check("0", 257, 8), "an event id has 256"),
        refused(
            "pow-mine-too-hard",
            "more than is mined here",
            mine(event(json!([]), "{}"), 33),
            "at most 32 are mined",
        ),
        refused(
            "pow-mine-not-ascii",
            "content that other clients hash in another form",
            mine(event(json!([]), "{\"product_name\":\"\u{fc}\"}"), 8),
            "must be printable ASCII",
        ),
        refused(
            "pow-mine-tags-not-ascii",
            "a tag that other clients hash in another form",
            mine(event(json!([["d", "\u{fc}"]]), "{}"), 8),
            "must be printable ASCII",
        ),
        refused(
            "pow-mine-twice",
            "an event that has a proof already",
            mine(event(json!([["anti_spam_proof", "pow", "1", "8"]]), "{}"), 8),
            "already has a tag",
        ),
    ]
}
