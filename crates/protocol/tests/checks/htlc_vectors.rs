//! DIP-03's HTLC structure and its timeout state.

use crate::vector::Vector;
use serde_json::{Value, json};

const HASH: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const KEY: &str = "2222222222222222222222222222222222222222222222222222222222222222";
const ROOT: &str = "3333333333333333333333333333333333333333333333333333333333333333";

fn structure(replace: &[(&str, Value)]) -> Value {
    let mut htlc = json!({
        "amount_msat": 80_000_000_000u64,
        "payment_hash": HASH,
        "timeout_blocks": 144,
        "recipient": KEY,
        "purpose": "domp_purchase",
        "domp_transaction_id": ROOT,
    });
    for (field, value) in replace {
        if value.is_null() {
            htlc.as_object_mut().unwrap().remove(*field).unwrap();
        } else {
            htlc[field] = value.clone();
        }
    }
    json!({ "htlc": htlc.to_string() })
}

fn state(timeout: u64, current: u64, paid: u64, remaining: u64) -> Value {
    let state = json!({
        "htlc_timeout_blocks": timeout,
        "current_block_height": current,
        "payment_block_height": paid,
        "blocks_remaining": remaining,
    });
    json!({ "state": state.to_string() })
}

pub fn table() -> Vec<Vector> {
    let valid =
        |name, what, rule, input, gives| Vector { name, what, rule, input, now: None, expect: Ok(gives) };
    let refused =
        |name, what, rule, input, part| Vector { name, what, rule, input, now: None, expect: Err(part) };
    let field = |name, what, rule, field, value: Value, part| {
        refused(name, what, rule, structure(&[(field, value)]), part)
    };
    let left = |blocks: u64, ended: bool| json!({ "blocks_remaining": blocks, "ended": ended });
    let placeholder = structure(&[
        ("payment_hash", "abc123...".into()),
        ("recipient", "<seller_pubkey>".into()),
        ("domp_transaction_id", "<event_chain_root>".into()),
    ]);
    let doubled = structure(&[])["htlc"].as_str().unwrap().replacen('{', "{\"amount_msat\":1,", 1);
    vec![
        valid(
            "htlc-purchase",
            "the structure of DIP-03 with real identifiers",
            "[D3-11]",
            structure(&[]),
            Value::Null,
        ),
        valid(
            "htlc-collateral",
            "a buyer's collateral with the longest hold",
            "[D3-11]",
            structure(&[("purpose", "domp_buyer_collateral".into()), ("timeout_blocks", 2016.into())]),
            Value::Null,
        ),
        valid(
            "htlc-state-dip03",
            "the vector of DIP-03",
            "[D3-85]",
            state(144, 800_000, 799_900, 44),
            left(44, false),
        ),
        valid(
            "htlc-state-just-paid",
            "paid in this block",
            "[D3-85]",
            state(2016, 800_000, 800_000, 2016),
            left(2016, false),
        ),
        valid("htlc-state-ended", "past the end", "[D3-85]", state(144, 800_100, 799_900, 0), left(0, true)),
        refused(
            "htlc-dip03-placeholders",
            "the sample of DIP-03 as it stands there",
            "[D3-11]",
            placeholder,
            "payment_hash",
        ),
        field(
            "htlc-amount-zero",
            "an amount of zero",
            "[D3-11]",
            "amount_msat",
            0.into(),
            "amount_msat is 0",
        ),
        field(
            "htlc-amount-negative",
            "a negative amount",
            "[D3-11]",
            "amount_msat",
            (-1).into(),
            "amount_msat is -1",
        ),
        field(
            "htlc-amount-fraction",
            "half a millisatoshi",
            "[D3-11]",
            "amount_msat",
            0.5.into(),
            "amount_msat is 0.5",
        ),
        field(
            "htlc-amount-text",
            "an amount in quotation marks",
            "[D3-11]",
            "amount_msat",
            "80000000000".into(),
            "amount_msat is \"80000000000\"",
        ),
        field(
            "htlc-amount-beyond-supply",
            "more than all bitcoin",
            "[D3-11]",
            "amount_msat",
            2_100_000_000_000_001_000u64.into(),
            "more than all bitcoin",
        ),
        field(
            "htlc-timeout-short",
            "143 blocks",
            "[D3-12]",
            "timeout_blocks",
            143.into(),
            "it must be from 144 to 2016 blocks",
        ),
        field(
            "htlc-timeout-long",
            "2017 blocks",
            "[D3-12]",
            "timeout_blocks",
            2017.into(),
            "it must be from 144 to 2016 blocks",
        ),
        field(
            "htlc-timeout-seconds",
            "an invoice's expiry in seconds taken for blocks",
            "[D3-12]",
            "timeout_blocks",
            3600.into(),
            "it must be from 144 to 2016 blocks",
        ),
        field(
            "htlc-timeout-wraps",
            "2^32 + 144: 144 when cut to 32 bits",
            "[D3-12]",
            "timeout_blocks",
            4_294_967_440u64.into(),
            "timeout_blocks is 4294967440",
        ),
        field(
            "htlc-hash-upper-case",
            "a hash in upper case",
            "[D3-11]",
            "payment_hash",
            "AA".repeat(32).into(),
            "payment_hash",
        ),
        field(
            "htlc-hash-short",
            "a hash of 31 bytes",
            "[D3-11]",
            "payment_hash",
            HASH[2..].into(),
            "payment_hash",
        ),
        field(
            "htlc-recipient-node",
            "a node id where the payee's Nostr key belongs",
            "[D3-11]",
            "recipient",
            format!("02{KEY}").into(),
            "recipient",
        ),
        field(
            "htlc-purpose-unknown",
            "an unknown purpose",
            "[D3-01]",
            "purpose",
            "domp_gift".into(),
            "is not a payment purpose",
        ),
        field(
            "htlc-purpose-anti-spam",
            "an anti-spam payment, which is never held",
            "[D3-04]",
            "purpose",
            "domp_anti_spam".into(),
            "never held",
        ),
        field(
            "htlc-field-missing",
            "no recipient",
            "[D3-11]",
            "recipient",
            Value::Null,
            "missing field `recipient`",
        ),
        field(
            "htlc-field-unknown",
            "a field that DIP-03 does not have",
            "[D3-11]",
            "preimage",
            HASH.into(),
            "unknown field `preimage`",
        ),
        refused(
            "htlc-field-doubled",
            "an amount twice: two readers could see two amounts",
            "[D3-11]",
            json!({ "htlc": doubled }),
            "duplicate field `amount_msat`",
        ),
        refused("htlc-list", "a list instead of an object", "[D3-11]", json!({ "htlc": "[]" }), "malformed"),
        refused(
            "htlc-state-wrong-remaining",
            "the vector of DIP-03, one block off",
            "[D3-85]",
            state(144, 800_000, 799_900, 45),
            "the other three fields make it 44",
        ),
        refused(
            "htlc-state-future",
            "paid in a block that is not there yet",
            "[D3-85]",
            state(144, 800_000, 800_001, 145),
            "payment_block_height",
        ),
        refused(
            "htlc-state-short",
            "a hold shorter than 144 blocks",
            "[D3-85]",
            state(100, 800_000, 799_900, 0),
            "htlc_timeout_blocks is 100",
        ),
    ]
}
