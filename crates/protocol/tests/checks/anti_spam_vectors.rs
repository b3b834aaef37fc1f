//! The `anti_spam_proof` tag and the relay's policy.

use crate::vector::Vector;
use serde_json::{Value, json};

const HASH: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const EVENT: &str = "4444444444444444444444444444444444444444444444444444444444444444";

fn policy() -> Value {
    json!({
        "anti_spam_required": true,
        "pow_difficulty": { "kind_300": 20, "kind_301": 16, "default": 12 },
        "lightning_payment": { "amount_msat": 10_000, "recipient": "lnurl1dp68gurn8ghj7um9wfmxjcm99e3k7mf0v9cxj0m385ekvcenxc6r2c35" },
        "rate_limits": { "events_per_hour": 100, "events_per_day": 1_000 },
    })
}

/// A document whose policy has another value at one place.
fn nip11(pointer: &str, value: Value) -> Value {
    let mut document = json!({ "name": "a relay", "supported_nips": [1, 11, 13], "domp_policy": policy() });
    if !pointer.is_empty() {
        *document.pointer_mut(pointer).unwrap() = value;
    }
    json!({ "nip11": document.to_string() })
}

pub fn table() -> Vec<Vector> {
    proofs().into_iter().chain(policies()).collect()
}

fn proofs() -> Vec<Vector> {
    let on = |kind: u16, tags: Value| json!({ "kind": kind, "tags": tags });
    let valid =
        |name, what, rule, input, gives| Vector { name, what, rule, input, now: None, expect: Ok(gives) };
    let refused =
        |name, what, rule, input, part| Vector { name, what, rule, input, now: None, expect: Err(part) };
    let work = json!({ "Work": { "nonce": "123456", "difficulty": 20 } });
    let pow = json!(["anti_spam_proof", "pow", "123456", "20"]);
    let reference = json!(["anti_spam_proof", "ref", EVENT, "313"]);
    vec![
        valid(
            "anti-spam-pow",
            "work with NIP-13's tag beside it",
            "DIP-04",
            on(300, json!([["d", "x"], pow, ["nonce", "123456", "20"]])),
            work.clone(),
        ),
        valid(
            "anti-spam-pow-alone",
            "work as older clients write it, without a nonce tag",
            "DIP-04",
            on(300, json!([pow])),
            work,
        ),
        valid(
            "anti-spam-ln",
            "a payment",
            "[D3-66]",
            on(301, json!([["anti_spam_proof", "ln", HASH, "10000"]])),
            json!({ "Payment": { "hash": HASH, "amount": 10_000 } }),
        ),
        valid(
            "anti-spam-ln-no-amount",
            "a payment of an older client, without its amount",
            "[D3-66]",
            on(301, json!([["anti_spam_proof", "ln", HASH]])),
            json!({ "Payment": { "hash": HASH, "amount": null } }),
        ),
        valid(
            "anti-spam-ref",
            "feedback that refers to a receipt",
            "DIP-04",
            on(321, json!([reference])),
            json!({ "Reference": { "event": EVENT, "kind": 313 } }),
        ),
        refused(
            "anti-spam-missing",
            "no proof",
            "DIP-04",
            on(300, json!([["d", "x"]])),
            "exactly one is required",
        ),
        refused(
            "anti-spam-lone-nonce",
            "a nonce tag alone is no proof",
            "DIP-04",
            on(300, json!([["nonce", "123456", "20"]])),
            "a nonce tag alone is none",
        ),
        refused(
            "anti-spam-two",
            "two proofs: other clients judge only the first",
            "DIP-04",
            on(300, json!([pow, ["anti_spam_proof", "ln", HASH, "10000"]])),
            "has 2 anti_spam_proof tags",
        ),
        refused(
            "anti-spam-method",
            "an unknown method",
            "DIP-04",
            on(300, json!([["anti_spam_proof", "captcha", "1"]])),
            "method \"captcha\" is not known",
        ),
        refused(
            "anti-spam-no-method",
            "a tag without a method",
            "DIP-04",
            on(300, json!([["anti_spam_proof"]])),
            "is not known",
        ),
        refused(
            "anti-spam-pow-no-difficulty",
            "work without its difficulty",
            "DIP-04",
            on(300, json!([["anti_spam_proof", "pow", "123456"]])),
            "has 3 values",
        ),
        refused(
            "anti-spam-pow-zero",
            "work of zero bits",
            "DIP-04",
            on(300, json!([["anti_spam_proof", "pow", "123456", "0"]])),
            "work of zero bits is none",
        ),
        refused(
            "anti-spam-pow-impossible",
            "more bits than an id has",
            "DIP-04",
            on(300, json!([["anti_spam_proof", "pow", "123456", "257"]])),
            "field difficulty",
        ),
        refused(
            "anti-spam-pow-spelling",
            "a difficulty with a leading zero",
            "DIP-04",
            on(300, json!([["anti_spam_proof", "pow", "123456", "020"]])),
            "field difficulty",
        ),
        refused(
            "anti-spam-pow-nonce-empty",
            "an empty nonce",
            "DIP-04",
            on(300, json!([["anti_spam_proof", "pow", "", "20"]])),
            "field nonce",
        ),
        refused(
            "anti-spam-pow-nonce-tag-other",
            "a nonce tag that commits to less",
            "NIP-13",
            on(300, json!([pow, ["nonce", "123456", "8"]])),
            "both must say the same",
        ),
        refused(
            "anti-spam-ln-cheap",
            "less than 1 sat",
            "[D3-67]",
            on(301, json!([["anti_spam_proof", "ln", HASH, "999"]])),
            "from 1000 to 1000000 msat",
        ),
        refused(
            "anti-spam-ln-dear",
            "more than 1000 sat",
            "[D3-67]",
            on(301, json!([["anti_spam_proof", "ln", HASH, "1000001"]])),
            "from 1000 to 1000000 msat",
        ),
        refused(
            "anti-spam-ln-hash",
            "a payment hash of the wrong length",
            "[D3-66]",
            on(301, json!([["anti_spam_proof", "ln", "abc123", "10000"]])),
            "field payment_hash",
        ),
        refused(
            "anti-spam-ln-more",
            "a value too many",
            "[D3-66]",
            on(301, json!([["anti_spam_proof", "ln", HASH, "10000", "x"]])),
            "has 5 values",
        ),
        refused(
            "anti-spam-ref-on-listing",
            "a reference on another kind than feedback",
            "DIP-04",
            on(300, json!([reference])),
            "only on feedback",
        ),
        refused(
            "anti-spam-ref-kind",
            "a kind beyond 65535",
            "DIP-04",
            on(321, json!([["anti_spam_proof", "ref", EVENT, "65849"]])),
            "field kind",
        ),
    ]
}

fn policies() -> Vec<Vector> {
    let valid = |name, what, input, gives| Vector {
        name,
        what,
        rule: "[D3-70]",
        input,
        now: None,
        expect: Ok(gives),
    };
    let refused =
        |name, what, input, part| Vector { name, what, rule: "[D3-70]", input, now: None, expect: Err(part) };
    let whole = json!({
        "required": true,
        "work_by_kind": { "300": 20, "301": 16 },
        "work_default": 12,
        "payment": { "amount": 10_000, "recipient": policy()["lightning_payment"]["recipient"] },
        "events_per_hour": 100,
        "events_per_day": 1_000,
        "unknown": [],
    });
    vec![
        valid("anti-spam-policy", "every field of a relay's policy", nip11("", Value::Null), whole),
        valid(
            "anti-spam-policy-none",
            "a relay without a policy",
            json!({ "nip11": "{\"name\":\"a relay\"}" }),
            Value::Null,
        ),
        refused(
            "anti-spam-policy-not-json",
            "a page instead of a document",
            json!({ "nip11": "<html>" }),
            "is not valid JSON",
        ),
        refused(
            "anti-spam-policy-required-text",
            "\"true\" in quotation marks",
            nip11("/domp_policy/anti_spam_required", "true".into()),
            "domp_policy.anti_spam_required is \"true\"",
        ),
        refused(
            "anti-spam-policy-bits",
            "more bits than an id has",
            nip11("/domp_policy/pow_difficulty/default", 1000.into()),
            "domp_policy.pow_difficulty.default is 1000",
        ),
        refused(
            "anti-spam-policy-kind-name",
            "a difficulty for no kind",
            nip11("/domp_policy/pow_difficulty", json!({ "listing": 20 })),
            "domp_policy.pow_difficulty.listing",
        ),
        refused(
            "anti-spam-policy-price",
            "a price above 1000 sat",
            nip11("/domp_policy/lightning_payment/amount_msat", 5_000_000.into()),
            "domp_policy.lightning_payment.amount_msat is 5000000",
        ),
        refused(
            "anti-spam-policy-recipient",
            "a web address where an LNURL belongs",
            nip11("/domp_policy/lightning_payment/recipient", "http://127.0.0.1/pay".into()),
            "domp_policy.lightning_payment.recipient",
        ),
        refused(
            "anti-spam-policy-limit",
            "a negative limit",
            nip11("/domp_policy/rate_limits/events_per_hour", (-5).into()),
            "domp_policy.rate_limits.events_per_hour is -5",
        ),
    ]
}
