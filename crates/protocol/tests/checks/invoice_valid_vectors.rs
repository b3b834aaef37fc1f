//! Invoices that may be paid.

use crate::{raw_invoice::*, vector::Vector};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What the trade of these tests says.
pub fn expected() -> Value {
    json!({
        "network": "regtest",
        "amount_sat": AMOUNT_SAT,
        "hash": hex::encode(HASH),
        "payee": node(SELLER),
        "own_node": node(OURS),
        "purpose": "domp_purchase",
        "trade": hex::encode(TRADE),
        "min_cltv": CLTV,
        "max_cltv": 1850,
        "min_left_seconds": 600,
        "may_split": true,
    })
}

/// The same with one value changed.
pub fn expected_with(key: &str, value: impl Into<Value>) -> Value {
    let mut expected = expected();
    expected[key] = value.into();
    expected
}

pub fn late() -> Value {
    json!({
        "network": "regtest",
        "amount_sat": AMOUNT_SAT,
        "payee": node(SELLER),
        "own_node": node(OURS),
        "trade": hex::encode(TRADE),
        "our_hashes": [hex::encode([0x55; 32]), hex::encode([0x56; 32])],
        "min_left_seconds": 600,
    })
}

fn gives(cltv: u64, life: u64, splits: bool, fallbacks: u64, hints: u64) -> Value {
    json!({
        "amount_msat": AMOUNT_SAT * 1000,
        "cltv": cltv,
        "expires_at": MADE_AT + life,
        "splits": splits,
        "fallbacks": fallbacks,
        "route_hints": hints,
    })
}

fn valid(name: &'static str, what: &'static str, rule: &'static str, input: Value, gives: Value) -> Vector {
    Vector { name, what, rule, input, now: Some(NOW), expect: Ok(gives) }
}

/// A signature with S replaced by the group order minus S: as good, and some writers make it.
fn other_s(signature: [u8; 65]) -> [u8; 65] {
    let mut scalar = secp256k1::SecretKey::from_slice(&signature[32..64]).unwrap();
    scalar = scalar.negate();
    let mut other = signature;
    other[32..64].copy_from_slice(&scalar.secret_bytes());
    other[64] ^= 1;
    other
}

pub fn table() -> Vec<Vector> {
    let plain = gives(CLTV, 86_400, true, 0, 0);
    let good = Raw::good().write();
    let input = |bolt11: String| json!({ "bolt11": bolt11, "expected": expected() });
    let hashed = Sha256::digest(description("domp_purchase"));
    let mut fallback = vec![0];
    fallback.extend(bytes(&[0x77; 20]));
    let mut small = gives(CLTV, 86_400, false, 0, 0);
    small["amount_msat"] = 39_999_000.into();
    vec![
        valid(
            "invoice-plain",
            "a hold invoice that keeps every rule",
            "[D3-46]",
            input(good.clone()),
            plain.clone(),
        ),
        valid(
            "invoice-upper-case",
            "the same in upper case, as QR codes carry it",
            "BOLT11",
            input(good.to_uppercase()),
            plain.clone(),
        ),
        valid(
            "invoice-link",
            "the same as a link",
            "BOLT11",
            input(format!("lightning:{good}")),
            plain.clone(),
        ),
        valid(
            "invoice-link-upper-case",
            "a link in upper case",
            "BOLT11",
            input(format!("LIGHTNING:{}", good.to_uppercase())),
            plain.clone(),
        ),
        valid(
            "invoice-description-hash",
            "the SHA256 of the description instead of its text",
            "[D3-18]",
            input(Raw::good().without(D).and(H, bytes(&hashed)).write()),
            plain.clone(),
        ),
        valid(
            "invoice-payee-field",
            "the payee's key in field n too",
            "[D3-61]",
            input(Raw::good().and(N, bytes(&public(SELLER))).write()),
            plain.clone(),
        ),
        valid(
            "invoice-high-s",
            "a signature with the larger S, which recovery takes as well",
            "BOLT11",
            input(Raw::good().write_with(&other_s(Raw::good().signature()))),
            plain.clone(),
        ),
        valid(
            "invoice-unknown-field",
            "a field that nobody knows is skipped",
            "BOLT11",
            input(Raw::good().and(2, vec![1, 2, 3]).write()),
            plain.clone(),
        ),
        valid(
            "invoice-metadata",
            "metadata for the payee, required by feature 48",
            "BOLT11",
            input(Raw::good().set(NINE, features(&[8, 14, 17, 48])).and(M, bytes(b"meta")).write()),
            plain.clone(),
        ),
        valid(
            "invoice-fallback",
            "an on-chain address is reported and never paid",
            "BOLT11",
            input(Raw::good().and(F, fallback).write()),
            gives(CLTV, 86_400, true, 1, 0),
        ),
        valid(
            "invoice-route-hints",
            "twenty private hints, the most that LND writes",
            "BOLT11",
            input((0..20).fold(Raw::good(), |raw, _| raw.and(R, route(&[80]))).write()),
            gives(CLTV, 86_400, true, 0, 20),
        ),
        valid(
            "invoice-shortest-expiry",
            "one hour, the shortest life",
            "[D3-17]",
            input(Raw::good().set(X, number(3_600)).write()),
            gives(CLTV, 3_600, true, 0, 0),
        ),
        valid(
            "invoice-default-expiry",
            "no field x means one hour",
            "BOLT11",
            input(Raw::good().without(X).write()),
            gives(CLTV, 3_600, true, 0, 0),
        ),
        valid(
            "invoice-ten-minutes-ahead",
            "stamped just as far ahead as clocks may differ",
            "[D3-60]",
            input(Raw::good().timestamp(NOW + 600).write()),
            gives(CLTV, 86_400 + 700, true, 0, 0),
        ),
        valid(
            "invoice-cltv-ceiling",
            "c at the ceiling",
            "[D3-54]",
            input(Raw::good().set(C, number(1850)).write()),
            gives(1850, 86_400, true, 0, 0),
        ),
        valid(
            "invoice-small-without-mpp",
            "an amount too small to be split needs no basic_mpp",
            "[D3-63]",
            json!({ "bolt11": Raw::good().prefix("lnbcrt399990n").set(NINE, features(&[8, 14])).write(),
                "expected": expected_with("amount_sat", 39_999) }),
            small,
        ),
        valid(
            "invoice-pair",
            "purchase and collateral of one trade, each on a hash of its own",
            "[D3-24]",
            json!({ "bolt11": good, "expected": expected(), "second": collateral([0x12; 32], SELLER) }),
            plain,
        ),
        valid(
            "invoice-late",
            "an ordinary invoice of the seller's, on a hash of its own",
            "[D3-78]",
            json!({ "bolt11": Raw::good().set(C, number(80)).write(), "late": late() }),
            json!({ "amount_msat": AMOUNT_SAT * 1000, "cltv": 80 }),
        ),
    ]
}

/// The collateral's invoice beside a purchase invoice.
pub fn collateral(hash: [u8; 32], key: [u8; 32]) -> Value {
    let mut wanted = expected_with("purpose", "domp_buyer_collateral");
    wanted["hash"] = hex::encode(hash).into();
    wanted["payee"] = node(key).into();
    let text = description("domp_buyer_collateral");
    let raw = Raw::good().set(P, bytes(&hash)).set(D, bytes(text.as_bytes())).key(key);
    json!({ "bolt11": raw.write(), "expected": wanted })
}
