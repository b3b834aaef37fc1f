//! Events as such: form, time, id, signature.

use crate::{
    people::{T, Who},
    raw_event::{Raw, tags},
    vector::Vector,
};
use serde_json::{Value, json};

pub fn table() -> Vec<Vector> {
    [valid(), form(), hex(), times(), proofs()].into_iter().flatten().collect()
}

fn note() -> Raw {
    Raw::new(Who::Buyer, 320, tags([&["e", "ab", "", "mention"]]), &json!({"message":"hello"}))
}

fn ok(name: &'static str, what: &'static str, rule: &'static str, input: Value, gives: Value) -> Vector {
    Vector { name, what, rule, input, expect: Ok(gives) }
}
fn bad(
    name: &'static str,
    what: &'static str,
    rule: &'static str,
    input: Value,
    part: &'static str,
) -> Vector {
    Vector { name, what, rule, input, expect: Err(part) }
}
/// The good event as text, with something in it replaced.
fn text(from: &str, to: &str) -> Value {
    let text = note().sign().to_string();
    let changed = text.replacen(from, to, 1);
    assert_ne!(changed, text, "{from} is not in the event");
    json!({ "json": changed })
}
/// The good event with one field replaced, without signing again.
fn field(name: &str, value: impl Into<Value>) -> Value {
    let mut event = note().sign();
    event[name] = value.into();
    json!({ "event": event })
}

fn valid() -> Vec<Vector> {
    let mut non_ascii = note();
    non_ascii.content = "{\"message\":\"Gr\u{fc}\u{df}e \u{1f44b}\"}".to_owned();
    non_ascii.tags = tags([&["subject", "K\u{fc}che"]]);
    let mut escapes = note();
    escapes.content = "line\nquote\" back\\slash tab\t bell\u{7} delete\u{7f} separator\u{2028}".to_owned();
    let mut spaced = String::new();
    for part in note().sign().to_string().split(",\"") {
        if !spaced.is_empty() {
            spaced.push_str(" ,\n \"");
        }
        spaced.push_str(part);
    }
    let utf8 = non_ascii.sign().to_string();
    let ascii: String =
        utf8.chars().flat_map(|c| if c.is_ascii() { vec![c] } else { c.escape_utf16().collect() }).collect();
    let gives = |raw: &Raw| {
        let event = raw.sign();
        json!({"id": event["id"], "author": event["pubkey"], "created_at": event["created_at"],
            "kind": event["kind"], "tags": event["tags"], "content": event["content"]})
    };
    vec![
        ok("event-plain", "an ordinary event", "NIP-01", json!({"event": note().sign()}), gives(&note())),
        ok(
            "event-spaced",
            "with spaces and line breaks between the fields",
            "NIP-01",
            json!({"json": spaced}),
            gives(&note()),
        ),
        ok(
            "event-utf8",
            "raw letters outside ASCII in content and tags",
            "NIP-01",
            json!({"json": utf8}),
            gives(&non_ascii),
        ),
        ok(
            "event-escaped",
            "the same event written in ASCII has the same id",
            "NIP-01",
            json!({"json": ascii}),
            gives(&non_ascii),
        ),
        ok(
            "event-escapes",
            "every character that NIP-01 escapes, and some that it does not",
            "NIP-01",
            json!({"event": escapes.sign()}),
            gives(&escapes),
        ),
        ok(
            "event-oldest",
            "made in the first second of 2022",
            "DIP-01",
            json!({"event": note().at(1_640_995_200).sign()}),
            Value::Null,
        ),
        ok(
            "event-fifteen-minutes-ahead",
            "as far ahead of the clock as is allowed",
            "DIP-01",
            json!({"event": note().sign(), "now": T - 900}),
            Value::Null,
        ),
        ok(
            "event-largest-kind",
            "kind 65535 is a kind; whether it is one of ours is another question",
            "NIP-01",
            json!({"event": Raw { kind: 65_535, ..note() }.sign()}),
            Value::Null,
        ),
    ]
}

fn form() -> Vec<Vector> {
    let deep = format!("{}1{}", "[".repeat(400), "]".repeat(400));
    let mut large = note();
    large.content = "x".repeat(100_000);
    let mut unsigned = note().sign();
    unsigned.as_object_mut().unwrap().remove("sig");
    vec![
        bad("event-not-json", "no JSON", "NIP-01", json!({"json": "kind 301 please"}), "malformed"),
        bad("event-empty", "nothing", "NIP-01", json!({"json": ""}), "malformed"),
        bad(
            "event-list",
            "a relay's message instead of the event in it",
            "NIP-01",
            json!({"json": "[\"EVENT\",{}]"}),
            "expected an event",
        ),
        bad(
            "event-cut-off",
            "cut off in the middle",
            "NIP-01",
            json!({"json": &note().sign().to_string()[..200]}),
            "malformed",
        ),
        bad(
            "event-two-in-one",
            "a second event behind the first",
            "NIP-01",
            json!({"json": format!("{0}{0}", note().sign())}),
            "malformed",
        ),
        bad(
            "event-nested-deeply",
            "tags nested four hundred deep",
            "NIP-01",
            text("\"tags\":[[", &format!("\"tags\":[[{deep},")),
            "field `tags`",
        ),
        bad(
            "event-too-large",
            "more than 100,000 bytes",
            "NIP-01",
            json!({"event": large.sign()}),
            "the most is 100000",
        ),
        bad(
            "event-doubled-kind",
            "the kind twice: readers differ on which one counts",
            "NIP-01",
            text("\"kind\":320", "\"kind\":320,\"kind\":313"),
            "field `kind` occurs twice",
        ),
        bad(
            "event-doubled-content",
            "the content twice, the second spelled with an escape",
            "NIP-01",
            text("\"content\"", "\"c\\u006fntent\":\"x\",\"content\""),
            "field `content` occurs twice",
        ),
        bad(
            "event-unknown-field",
            "a field that NIP-01 does not have and nobody signed",
            "NIP-01",
            text("{", "{\"relay\":\"wss://relay.example.org\","),
            "`relay`",
        ),
        bad(
            "event-without-signature",
            "no signature",
            "NIP-01",
            json!({"json": unsigned.to_string()}),
            "field `sig` is missing",
        ),
        bad("event-kind-as-text", "the kind in quotes", "NIP-01", field("kind", "320"), "field `kind`"),
        bad("event-kind-with-fraction", "a kind of 320.0", "NIP-01", field("kind", 320.0), "field `kind`"),
        bad("event-kind-negative", "a negative kind", "NIP-01", field("kind", -65_216), "field `kind`"),
        bad(
            "event-content-not-text",
            "content as an object instead of its text",
            "NIP-01",
            field("content", json!({"message":"hello"})),
            "field `content`",
        ),
        bad(
            "event-tag-with-number",
            "a number among the tags' values",
            "NIP-01",
            field("tags", json!([["heights", 1]])),
            "field `tags`",
        ),
        bad("event-tag-empty", "a tag without a name", "NIP-01", field("tags", json!([[]])), "empty tag"),
        bad(
            "event-lone-surrogate",
            "half of a surrogate pair, which is no character",
            "NIP-01",
            text("hello", "\\ud83d"),
            "field `content`",
        ),
        // 65846 = 65536 + 310: a library that keeps 16 bits signs and verifies it as 310.
        bad(
            "event-kind-beyond-16-bits",
            "kind 65846, which cut to 16 bits is a deposit and verifies",
            "NIP-01",
            json!({"event": Raw { kind: 65_846, ..note() }.sign()}),
            "`kind` is 65846",
        ),
        bad(
            "event-kind-enormous",
            "a kind of 2^64",
            "NIP-01",
            text("\"kind\":320", "\"kind\":18446744073709551616"),
            "field `kind`",
        ),
    ]
}

fn hex() -> Vec<Vector> {
    let event = note().sign();
    let upper = |name: &str| event[name].as_str().unwrap().to_uppercase();
    let short = |name: &str| event[name].as_str().unwrap()[2..].to_owned();
    vec![
        bad(
            "event-id-upper-case",
            "the id in upper case: the same bytes under another name",
            "NIP-01",
            field("id", upper("id")),
            "`id` must be 32 bytes in lower-case hex",
        ),
        bad(
            "event-author-upper-case",
            "the author in upper case",
            "NIP-01",
            field("pubkey", upper("pubkey")),
            "`pubkey` must be 32 bytes",
        ),
        bad(
            "event-signature-upper-case",
            "the signature in upper case",
            "NIP-01",
            field("sig", upper("sig")),
            "`sig` must be 64 bytes",
        ),
        bad(
            "event-id-short",
            "an id of 31 bytes",
            "NIP-01",
            field("id", short("id")),
            "`id` must be 32 bytes",
        ),
        bad(
            "event-signature-short",
            "a signature of 63 bytes",
            "NIP-01",
            field("sig", short("sig")),
            "`sig` must be 64 bytes",
        ),
        bad(
            "event-author-npub",
            "the author in bech32, which belongs on screens only",
            "NIP-19",
            field("pubkey", "npub1w0rthyjyp2f5gful0gm2500pwyxfrx93a85289xdz0sd6hyef33sh2cu4x"),
            "`pubkey` must be 32 bytes",
        ),
    ]
}

fn times() -> Vec<Vector> {
    vec![
        bad(
            "event-before-2022",
            "made in the last second of 2021",
            "DIP-01",
            json!({"event": note().at(1_640_995_199).sign()}),
            "before 2022-01-01",
        ),
        bad(
            "event-from-the-future",
            "one second more ahead of the clock than is allowed",
            "DIP-01",
            json!({"event": note().sign(), "now": T - 901}),
            "901 seconds ahead of the clock",
        ),
        bad(
            "event-end-of-time",
            "the largest time there is",
            "DIP-01",
            json!({"event": note().at(u64::MAX).sign()}),
            "ahead of the clock",
        ),
        bad(
            "event-time-negative",
            "a negative time",
            "NIP-01",
            field("created_at", -1),
            "field `created_at`",
        ),
        bad(
            "event-time-milliseconds",
            "milliseconds taken for seconds",
            "DIP-01",
            json!({"event": note().at(T * 1000).sign()}),
            "ahead of the clock",
        ),
    ]
}

fn proofs() -> Vec<Vector> {
    let stranger = Raw { who: Who::Stranger, ..note() }.sign();
    let mut zero_id = note().sign();
    zero_id["id"] = "0".repeat(64).into();
    let mut other_author = note().sign();
    other_author["pubkey"] = stranger["pubkey"].clone();
    let mut moved_signature = Raw { content: "{}".into(), ..note() }.sign();
    moved_signature["sig"] = note().sign()["sig"].clone();
    // 0x05 is the x coordinate of no point.
    let no_point = {
        let mut event = note().sign();
        event["pubkey"] = format!("{:064x}", 5).into();
        let canonical =
            json!([0, event["pubkey"], event["created_at"], event["kind"], event["tags"], event["content"]]);
        let digest = <sha2::Sha256 as sha2::Digest>::digest(canonical.to_string());
        event["id"] = hex::encode(digest).into();
        event
    };
    // Other clients hash the ASCII form: that is not NIP-01's id.
    let mut ascii_id = Raw { content: "{\"message\":\"Gr\u{fc}\u{df}e\"}".into(), ..note() }.sign();
    let escaped = json!([
        0,
        ascii_id["pubkey"],
        ascii_id["created_at"],
        ascii_id["kind"],
        ascii_id["tags"],
        ascii_id["content"]
    ])
    .to_string()
    .replace('\u{fc}', "\\u00fc")
    .replace('\u{df}', "\\u00df");
    ascii_id["id"] = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(escaped)).into();
    vec![
        bad(
            "event-content-changed",
            "one letter of the content changed after signing",
            "NIP-01",
            text("hello", "jello"),
            "but the event's hash is",
        ),
        bad(
            "event-time-changed",
            "the time moved by a second after signing",
            "NIP-01",
            field("created_at", T + 1),
            "but the event's hash is",
        ),
        bad(
            "event-kind-changed",
            "a message turned into a receipt",
            "NIP-01",
            field("kind", 313),
            "but the event's hash is",
        ),
        bad(
            "event-tag-added",
            "a tag added after signing",
            "NIP-01",
            field("tags", json!([["e", "ab", "", "mention"], ["p", "ab"]])),
            "but the event's hash is",
        ),
        bad(
            "event-id-zero",
            "an id with all the proof of work in the world",
            "NIP-01",
            json!({"event": zero_id}),
            "but the event's hash is",
        ),
        bad(
            "event-id-over-ascii",
            "an id over escaped text instead of the text itself",
            "NIP-01",
            json!({"event": ascii_id}),
            "but the event's hash is",
        ),
        bad(
            "event-author-replaced",
            "somebody else's name on the event",
            "NIP-01",
            json!({"event": other_author}),
            "but the event's hash is",
        ),
        bad(
            "event-signature-of-another",
            "a good signature of the same author over another event",
            "NIP-01",
            json!({"event": moved_signature}),
            "is not the signature of",
        ),
        bad(
            "event-signature-zero",
            "a signature of zeros",
            "NIP-01",
            field("sig", "0".repeat(128)),
            "is not the signature of",
        ),
        bad(
            "event-author-no-point",
            "an author that is no point on the curve",
            "NIP-01",
            json!({"event": no_point}),
            "no public key",
        ),
    ]
}

trait EscapeUtf16 {
    fn escape_utf16(self) -> std::vec::IntoIter<char>;
}
impl EscapeUtf16 for char {
    /// `\uXXXX`, in pairs above U+FFFF.
    fn escape_utf16(self) -> std::vec::IntoIter<char> {
        let mut units = [0; 2];
        let escaped: String =
            self.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect();
        escaped.chars().collect::<Vec<_>>().into_iter()
    }
}
