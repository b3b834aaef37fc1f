//! Invoices that must not be paid, at least one for each reason.

use crate::{
    invoice_valid_vectors::{collateral, expected, expected_with, late},
    raw_invoice::*,
    vector::Vector,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub fn table() -> Vec<Vector> {
    [
        syntax(),
        network_and_amount(),
        fields(),
        who_and_what(),
        times_and_heights(),
        features_and_hints(),
        late_and_pairs(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn refused(
    name: &'static str,
    what: &'static str,
    rule: &'static str,
    input: Value,
    part: &'static str,
) -> Vector {
    Vector { name, what, rule, input, now: Some(NOW), expect: Err(part) }
}

/// Of an invoice that should say what `expected` says.
fn case(
    name: &'static str,
    what: &'static str,
    rule: &'static str,
    bolt11: String,
    part: &'static str,
) -> Vector {
    refused(name, what, rule, json!({ "bolt11": bolt11, "expected": expected() }), part)
}

/// Of a good invoice where the trade expects something else.
fn wanting(
    name: &'static str,
    what: &'static str,
    rule: &'static str,
    key: &str,
    value: impl Into<Value>,
    part: &'static str,
) -> Vector {
    refused(
        name,
        what,
        rule,
        json!({ "bolt11": Raw::good().write(), "expected": expected_with(key, value) }),
        part,
    )
}

fn syntax() -> Vec<Vector> {
    let good = Raw::good().write();
    let mut typo = good.clone();
    typo.replace_range(40..41, if &good[40..41] == "q" { "p" } else { "q" });
    let mut padded = bytes(&HASH);
    padded[51] |= 1;
    let mut long_number = vec![0];
    long_number.extend(number(86_400));
    let mut long_features = vec![0];
    long_features.extend(features(&[8, 14, 17]));
    let mut no_key = [0; 65];
    no_key[31] = 5;
    no_key[63] = 1;
    let not_text = Raw::good().set(D, bytes(&[0xff, 0xfe]));
    vec![
        case(
            "invoice-dip03-sample",
            "the \"valid\" sample of DIP-03 is a placeholder",
            "[D3-83]",
            "lnbc800m1pwjqwqpp5abc123...".into(),
            "not a valid BOLT11 invoice",
        ),
        case(
            "invoice-dip03-sample-acceptance",
            "the sample inside DIP-03's kind 303",
            "[D3-83]",
            "lnbc800m1pwjqwqpp5...".into(),
            "not a valid BOLT11 invoice",
        ),
        case(
            "invoice-mock",
            "a mock string, as some clients send",
            "[D3-46]",
            "lnbc_mock_invoice_80000".into(),
            "not a valid BOLT11 invoice",
        ),
        case("invoice-empty", "nothing at all", "[D3-46]", String::new(), "not a valid BOLT11 invoice"),
        case(
            "invoice-address",
            "an on-chain address",
            "[D3-46]",
            "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080".into(),
            "not a valid BOLT11 invoice",
        ),
        case(
            "invoice-typo",
            "one character wrong: the checksum does not fit",
            "BOLT11",
            typo,
            "not a valid BOLT11 invoice",
        ),
        case(
            "invoice-mixed-case",
            "upper and lower case mixed",
            "BOLT11",
            format!("{}{}", good[..20].to_uppercase(), &good[20..]),
            "not a valid BOLT11 invoice",
        ),
        case(
            "invoice-space-before",
            "a space before it",
            "BOLT11",
            format!(" {good}"),
            "not a valid BOLT11 invoice",
        ),
        case(
            "invoice-cut-off",
            "cut off in the middle",
            "BOLT11",
            good[..200].to_owned(),
            "not a valid BOLT11 invoice",
        ),
        case(
            "invoice-short-data",
            "a right checksum over too few symbols",
            "BOLT11",
            with_checksum("lnbcrt500u", &[0; 50]),
            "too short",
        ),
        case(
            "invoice-too-long",
            "more characters than any invoice needs",
            "BOLT11",
            (0..60).fold(Raw::good(), |raw, _| raw.and(2, vec![0; 64])).write(),
            "at most 4096",
        ),
        case(
            "invoice-description-not-text",
            "the description is not UTF-8",
            "BOLT11",
            not_text.write(),
            "not a valid BOLT11 invoice",
        ),
        case(
            "invoice-spelling-padding",
            "padding bits behind the hash that are not zero: signed over them, seen by some readers only",
            "BOLT11",
            Raw::good().set(P, padded).write(),
            "shortest spelling",
        ),
        case(
            "invoice-spelling-expiry",
            "field x with a leading zero",
            "BOLT11",
            Raw::good().set(X, long_number).write(),
            "shortest spelling",
        ),
        case(
            "invoice-spelling-features",
            "field 9 with a leading zero",
            "BOLT11",
            Raw::good().set(NINE, long_features).write(),
            "shortest spelling",
        ),
        case(
            "invoice-spelling-amount",
            "an amount with a leading zero",
            "BOLT11",
            Raw::good().prefix("lnbcrt0500u").write(),
            "shortest spelling",
        ),
        case(
            "invoice-signature-of-nobody",
            "numbers that are no signature of any key",
            "BOLT11",
            Raw::good().write_with(&no_key),
            "no node can have made",
        ),
        case(
            "invoice-signature-recovery-id",
            "a recovery id above 3",
            "BOLT11",
            {
                let mut signature = Raw::good().signature();
                signature[64] = 4;
                Raw::good().write_with(&signature)
            },
            "not a valid BOLT11 invoice",
        ),
    ]
}

fn network_and_amount() -> Vec<Vector> {
    let amount = |prefix: &str| Raw::good().prefix(prefix).write();
    vec![
        case(
            "invoice-mainnet",
            "for mainnet in a trade on regtest",
            "[D3-46]",
            amount("lnbc500u"),
            "is for mainnet, the trade is on regtest",
        ),
        case(
            "invoice-testnet",
            "for testnet",
            "[D3-46]",
            amount("lntb500u"),
            "is for testnet, the trade is on regtest",
        ),
        case(
            "invoice-signet",
            "for signet",
            "[D3-46]",
            amount("lntbs500u"),
            "is for signet, the trade is on regtest",
        ),
        case(
            "invoice-simnet",
            "for simnet, which no trade is on",
            "[D3-46]",
            amount("lnsb500u"),
            "is for simnet",
        ),
        wanting(
            "invoice-regtest-on-mainnet",
            "lnbcrt begins with lnbc: the network is not compared as text",
            "[D3-46]",
            "network",
            "mainnet",
            "is for regtest, the trade is on mainnet",
        ),
        case(
            "invoice-amount-missing",
            "no amount: the payer would choose",
            "[D3-59]",
            amount("lnbcrt"),
            "names no amount; it must be 50000000 msat",
        ),
        case(
            "invoice-amount-zero",
            "an amount of zero",
            "[D3-59]",
            amount("lnbcrt0u"),
            "is over 0 msat, the trade says 50000000 msat",
        ),
        case(
            "invoice-amount-more",
            "one sat more than the bid",
            "[D3-16]",
            amount("lnbcrt500010n"),
            "is over 50001000 msat",
        ),
        case(
            "invoice-amount-less",
            "one millisatoshi less",
            "[D3-16]",
            amount("lnbcrt499999990p"),
            "is over 49999999 msat",
        ),
        case(
            "invoice-amount-thousandfold",
            "sat taken for msat",
            "[D3-16]",
            amount("lnbcrt500m"),
            "is over 50000000000 msat",
        ),
        case(
            "invoice-amount-fraction",
            "a tenth of a millisatoshi",
            "BOLT11",
            amount("lnbcrt500000001p"),
            "no whole number of millisatoshi",
        ),
        case(
            "invoice-amount-overflow",
            "whole bitcoins beyond 64 bits: the library reads them as no amount",
            "BOLT11",
            amount("lnbcrt18446744073709551615"),
            "no whole number of millisatoshi",
        ),
        wanting(
            "invoice-nothing-to-pay",
            "an invoice for a role of zero satoshi",
            "[D3-16]",
            "amount_sat",
            0,
            "nothing to pay",
        ),
    ]
}

fn fields() -> Vec<Vector> {
    let twice = |tag: u8| {
        let symbols = Raw::good().fields.iter().find(|(found, _)| *found == tag).unwrap().1.clone();
        Raw::good().and(tag, symbols).write()
    };
    let seller = bytes(&public(SELLER));
    let hashed = bytes(&Sha256::digest(description("domp_purchase")));
    vec![
        case(
            "invoice-hash-missing",
            "no payment hash",
            "BOLT11",
            Raw::good().without(P).write(),
            "no field p (payment hash)",
        ),
        case(
            "invoice-hash-twice",
            "the payment hash twice",
            "BOLT11",
            twice(P),
            "field p (payment hash) 2 times",
        ),
        case(
            "invoice-hash-second-other",
            "ours first, another after it: nodes differ on which counts",
            "BOLT11",
            Raw::good().and(P, bytes(&[0x99; 32])).write(),
            "field p (payment hash) 2 times",
        ),
        case(
            "invoice-hash-length",
            "a payment hash of 51 symbols, which readers skip",
            "BOLT11",
            Raw::good().set(P, bytes(&HASH)[..51].to_vec()).write(),
            "field p (payment hash) has a length",
        ),
        case(
            "invoice-secret-missing",
            "no payment secret",
            "BOLT11",
            Raw::good().without(S).write(),
            "no field s (payment secret)",
        ),
        case(
            "invoice-secret-twice",
            "the payment secret twice",
            "BOLT11",
            twice(S),
            "field s (payment secret) 2 times",
        ),
        case(
            "invoice-secret-length",
            "a payment secret that is too short",
            "BOLT11",
            Raw::good().set(S, vec![1; 50]).write(),
            "field s (payment secret) has a length",
        ),
        case(
            "invoice-description-missing",
            "neither description nor description hash",
            "[D3-18]",
            Raw::good().without(D).write(),
            "no field d (description)",
        ),
        case(
            "invoice-description-twice",
            "two descriptions",
            "BOLT11",
            twice(D),
            "field d (description) 2 times",
        ),
        case(
            "invoice-description-and-hash",
            "a description and a description hash",
            "BOLT11",
            Raw::good().and(H, hashed.clone()).write(),
            "a description and a description hash",
        ),
        case(
            "invoice-description-hash-twice",
            "two description hashes",
            "BOLT11",
            Raw::good().without(D).and(H, hashed.clone()).and(H, hashed).write(),
            "field h (description hash) 2 times",
        ),
        case(
            "invoice-payee-field-twice",
            "field n twice",
            "BOLT11",
            Raw::good().and(N, seller.clone()).and(N, seller.clone()).write(),
            "field n (payee node) 2 times",
        ),
        case(
            "invoice-payee-field-length",
            "a field n that is too long",
            "BOLT11",
            Raw::good().and(N, [seller, vec![0]].concat()).write(),
            "field n (payee node) has a length",
        ),
        case(
            "invoice-expiry-twice",
            "an hour first, a year after it",
            "BOLT11",
            Raw::good().set(X, number(3_600)).and(X, number(31_536_000)).write(),
            "field x (expiry) 2 times",
        ),
        case(
            "invoice-cltv-twice",
            "the right c first, a short one after it",
            "BOLT11",
            Raw::good().and(C, number(18)).write(),
            "field c (final CLTV delta) 2 times",
        ),
        case(
            "invoice-features-missing",
            "no feature bits",
            "BOLT11",
            Raw::good().without(NINE).write(),
            "no field 9 (features)",
        ),
        case(
            "invoice-features-twice",
            "harmless features first, an unknown requirement after them",
            "BOLT11",
            Raw::good().and(NINE, features(&[100])).write(),
            "field 9 (features) 2 times",
        ),
        case(
            "invoice-metadata-twice",
            "metadata twice",
            "BOLT11",
            Raw::good().and(M, vec![1; 8]).and(M, vec![2; 8]).write(),
            "field m (metadata) 2 times",
        ),
    ]
}

fn who_and_what() -> Vec<Vector> {
    let says = |text: &str| Raw::good().set(D, bytes(text.as_bytes())).write();
    let other_trade = format!("DOMP/1 domp_purchase {}", hex::encode([0x34; 32]));
    vec![
        case(
            "invoice-hash-other",
            "on the seller's own hash: it could take the money at once",
            "[D3-05]",
            Raw::good().set(P, bytes(&[0x99; 32])).write(),
            "it must be on ours",
        ),
        case(
            "invoice-hash-one-bit",
            "on a hash that differs in the last bit",
            "[D3-05]",
            {
                let mut hash = HASH;
                hash[31] ^= 1;
                Raw::good().set(P, bytes(&hash)).write()
            },
            "it must be on ours",
        ),
        case(
            "invoice-payee-other",
            "signed by another node than the ln_node",
            "[D3-19]",
            Raw::good().key(STRANGER).write(),
            "the payee's ln_node is",
        ),
        case(
            "invoice-payee-field-only",
            "field n names the right node, another one signed",
            "[D3-61]",
            Raw::good().key(STRANGER).and(N, bytes(&public(SELLER))).write(),
            "field n names node",
        ),
        case(
            "invoice-payee-field-other",
            "the right node signed, field n names another",
            "[D3-61]",
            Raw::good().and(N, bytes(&public(STRANGER))).write(),
            "field n names node",
        ),
        case(
            "invoice-tampered-amount",
            "a good invoice whose amount was changed and the checksum made to fit",
            "[D3-59]",
            {
                let raw = Raw::good().prefix("lnbcrt5m");
                raw.write_with(&Raw::good().signature())
            },
            "is over 500000000 msat",
        ),
        refused(
            "invoice-tampered-amount-as-asked",
            "the amount is the asked one, but the node signed another",
            "[D3-59]",
            json!({ "bolt11": Raw::good().prefix("lnbcrt5m").write_with(&Raw::good().signature()), "expected": expected_with("amount_sat", 500_000) }),
            "the payee's ln_node is",
        ),
        case(
            "invoice-own-node",
            "of our own node",
            "[D3-61]",
            Raw::good().key(OURS).write(),
            "is of our own node",
        ),
        wanting(
            "invoice-own-node-as-payee",
            "the payee that the other side named is our own node",
            "[D3-61]",
            "own_node",
            node(SELLER),
            "is of our own node",
        ),
        case(
            "invoice-description-other",
            "describes something else",
            "[D3-18]",
            says("80000 sats for goods"),
            "description is \"80000 sats for goods\"",
        ),
        case(
            "invoice-description-purpose",
            "the collateral's description on the purchase",
            "[D3-18]",
            says(&description("domp_buyer_collateral")),
            "it must be \"DOMP/1 domp_purchase",
        ),
        case(
            "invoice-description-trade",
            "of another trade",
            "[D3-18]",
            says(&other_trade),
            "it must be \"DOMP/1 domp_purchase 3333",
        ),
        case(
            "invoice-description-more",
            "the right words and more behind them",
            "[D3-18]",
            says(&format!("{} thanks", description("domp_purchase"))),
            "description is",
        ),
        case(
            "invoice-description-hash-other",
            "the hash of another description",
            "[D3-18]",
            Raw::good().without(D).and(H, bytes(&Sha256::digest(other_trade.as_bytes()))).write(),
            "description hash is",
        ),
    ]
}

fn times_and_heights() -> Vec<Vector> {
    let life = |seconds: u64| Raw::good().set(X, number(seconds)).write();
    let delta = |blocks: u64| Raw::good().set(C, number(blocks)).write();
    let made = |timestamp: u64| Raw::good().set(X, number(3_600)).timestamp(timestamp).write();
    vec![
        case(
            "invoice-future",
            "stamped a second more than ten minutes ahead",
            "[D3-60]",
            made(NOW + 601),
            "ahead of our clock",
        ),
        case(
            "invoice-expiry-short",
            "a second less than an hour",
            "[D3-17]",
            life(3_599),
            "makes it live 3599 s; it must be from 3600 to 86400 s",
        ),
        case(
            "invoice-expiry-long",
            "a second more than a day",
            "[D3-17]",
            life(86_401),
            "makes it live 86401 s",
        ),
        case("invoice-expiry-year", "a year", "[D3-17]", life(31_536_000), "makes it live 31536000 s"),
        case(
            "invoice-expiry-largest",
            "the largest number of 64 bits",
            "[D3-17]",
            life(u64::MAX),
            "makes it live 18446744073709551615 s",
        ),
        case(
            "invoice-expired",
            "expired in this second",
            "[D3-60]",
            made(NOW - 3_600),
            "0 s from now; at least 600 s must be left",
        ),
        case(
            "invoice-time-left",
            "599 seconds left",
            "[D3-60]",
            made(NOW - 3_001),
            "599 s from now; at least 600 s must be left",
        ),
        case(
            "invoice-cltv-short",
            "one block less than the agreed numbers need",
            "[D3-53]",
            delta(CLTV - 1),
            "a hold of 999 blocks; the agreed numbers need 1000 blocks",
        ),
        case(
            "invoice-cltv-missing",
            "no field c means 18 blocks",
            "[D3-53]",
            Raw::good().without(C).write(),
            "a hold of 18 blocks; the agreed numbers need 1000 blocks",
        ),
        case(
            "invoice-cltv-long",
            "one block above the ceiling",
            "[D3-54]",
            delta(1851),
            "a hold of 1851 blocks; at most 1850 blocks",
        ),
        case(
            "invoice-cltv-wraps",
            "2^32 + 1000: 1000 when cut to 32 bits",
            "[D3-54]",
            delta((1 << 32) + 1_000),
            "a hold of 4294968296 blocks",
        ),
        case(
            "invoice-cltv-largest",
            "the largest number of 64 bits",
            "[D3-54]",
            delta(u64::MAX),
            "a hold of 18446744073709551615 blocks",
        ),
    ]
}

fn features_and_hints() -> Vec<Vector> {
    let bits = |bits: &[usize]| Raw::good().set(NINE, features(bits)).write();
    vec![
        case(
            "invoice-feature-unknown",
            "requires feature 100, which nobody knows",
            "BOLT11",
            bits(&[8, 14, 17, 100]),
            "requires feature bit 100",
        ),
        case(
            "invoice-feature-amp",
            "requires AMP (30), which pays in another way",
            "BOLT11",
            bits(&[8, 14, 17, 30]),
            "requires feature bit 30",
        ),
        case(
            "invoice-feature-no-secret",
            "a payment secret that the features do not offer",
            "BOLT11",
            bits(&[8, 17]),
            "does not offer payment_secret",
        ),
        case(
            "invoice-feature-no-mpp",
            "50,000 sat and no basic_mpp, while our node may split",
            "[D3-63]",
            bits(&[8, 14]),
            "does not offer basic_mpp",
        ),
        case(
            "invoice-hints-many",
            "21 route hints",
            "BOLT11",
            (0..21).fold(Raw::good(), |raw, _| raw.and(R, route(&[80]))).write(),
            "21 hints; at most 20",
        ),
        case(
            "invoice-hints-hops",
            "a hint of five hops",
            "BOLT11",
            Raw::good().and(R, route(&[10; 5])).write(),
            "5 hops in one hint; at most 4",
        ),
        case(
            "invoice-hints-blocks",
            "a hint along which nobody routes that long",
            "[D3-54]",
            Raw::good().and(R, route(&[500, 513])).write(),
            "2013 blocks along one hint",
        ),
    ]
}

fn late_and_pairs() -> Vec<Vector> {
    let late_with = |raw: Raw, late: Value| json!({ "bolt11": raw.write(), "late": late });
    let ordinary = || Raw::good().set(C, number(80));
    let pair =
        |second: Value| json!({ "bolt11": Raw::good().write(), "expected": expected(), "second": second });
    let mut same_purpose =
        json!({ "bolt11": Raw::good().set(P, bytes(&[0x12; 32])).write(), "expected": expected() });
    same_purpose["expected"]["hash"] = hex::encode([0x12; 32]).into();
    let mut other_trade = collateral([0x12; 32], SELLER);
    let text = format!("DOMP/1 domp_buyer_collateral {}", hex::encode([0x34; 32]));
    other_trade["bolt11"] =
        Raw::good().set(P, bytes(&[0x12; 32])).set(D, bytes(text.as_bytes())).write().into();
    other_trade["expected"]["trade"] = hex::encode([0x34; 32]).into();
    vec![
        refused(
            "invoice-late-our-hash",
            "a late invoice on a hash of the escrow",
            "[D3-78]",
            late_with(ordinary().set(P, bytes(&[0x56; 32])), late()),
            "on our own hash",
        ),
        refused(
            "invoice-late-hold",
            "a late invoice that asks for a long hold again",
            "[D3-78]",
            late_with(Raw::good(), late()),
            "a hold of 1000 blocks; at most 144 blocks",
        ),
        refused(
            "invoice-late-amount",
            "a late invoice over more than the bid",
            "[D3-16]",
            late_with(ordinary().prefix("lnbcrt501u"), late()),
            "is over 50100000 msat",
        ),
        refused(
            "invoice-late-payee",
            "a late invoice of a stranger",
            "[D3-61]",
            late_with(ordinary().key(STRANGER), late()),
            "the payee's ln_node is",
        ),
        refused(
            "invoice-pair-same-hash",
            "both invoices on one hash: whoever opens one opens the other",
            "[D3-62]",
            pair(collateral(HASH, SELLER)),
            "both invoices are on payment hash",
        ),
        refused(
            "invoice-pair-two-payees",
            "the collateral goes to another node",
            "[D3-61]",
            pair(collateral([0x12; 32], STRANGER)),
            "both must be of the seller's node",
        ),
        refused(
            "invoice-pair-same-purpose",
            "two invoices for the purchase",
            "[D3-62]",
            pair(same_purpose),
            "both invoices are for domp_purchase",
        ),
        refused(
            "invoice-pair-two-trades",
            "the invoices of two trades",
            "[D3-62]",
            pair(other_trade),
            "the other for trade",
        ),
    ]
}
