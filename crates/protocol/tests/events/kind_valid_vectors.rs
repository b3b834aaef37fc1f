//! Events of every kind that may be read: ours, and those of plain DOMP clients.

use crate::{
    people::{Who, id},
    raw_event::{Raw, tags},
    samples,
    vector::Vector,
};
use domp_protocol::{
    kinds::Body,
    tags::links::{Links, Marker},
    units::Unix,
};
use serde_json::{Value, json};

pub fn table() -> Vec<Vector> {
    ours().into_iter().chain(plain()).collect()
}

/// A value of ours as an event that a test can still change.
pub fn raw(who: Who, body: impl Into<Body>) -> Raw {
    let body = body.into();
    let links = match &body {
        Body::Listing(_) => Links::default(),
        _ if who == Who::Seller => {
            Links::to(Who::Buyer.key()).with(id(1), "wss://relay.example.org", Marker::Root)
        }
        _ => Links::to(Who::Seller.key()).with(id(1), "wss://relay.example.org", Marker::Root),
    };
    let draft = body.draft(&links, Unix(crate::people::T)).unwrap();
    Raw {
        who,
        kind: draft.kind.into(),
        created_at: draft.created_at.0,
        tags: draft.tags,
        content: draft.content,
    }
}

fn ours() -> Vec<Vector> {
    let names: [(&str, &str, &str); 13] = [
        ("kind-300-listing", "a listing that offers escrow", "[D3-55]"),
        ("kind-301-bid", "a bid that chooses it and commits to two hashes", "[D3-06]"),
        ("kind-302-counter-bid", "another price", "DIP-02"),
        ("kind-303-acceptance", "both invoices, the agreed heights, the node", "[D3-15]"),
        ("kind-310-collateral-deposit", "the seller's collateral in flight", "[D3-33]"),
        ("kind-311-payment-confirmation", "both payments in flight, their hashes as proof", "[D3-21]"),
        ("kind-312-dispute", "the buyer objects", "[D3-77]"),
        ("kind-313-receipt-confirmation", "received, with the preimage for the seller alone", "[D3-29]"),
        ("kind-314-refund", "the seller lets go", "[D3-78]"),
        ("kind-315-mutual-agreement", "one party's half of a cancel", "[D3-78]"),
        ("kind-316-arbitration-offer", "read, without effect in direct mode", "[D3-77]"),
        ("kind-317-resolution", "read, without effect in direct mode", "[D3-77]"),
        ("kind-320-message", "words with letters outside ASCII, written in ASCII", "DIP-01"),
    ];
    let people = [
        Who::Seller,
        Who::Buyer,
        Who::Seller,
        Who::Seller,
        Who::Seller,
        Who::Buyer,
        Who::Buyer,
        Who::Buyer,
        Who::Seller,
        Who::Buyer,
        Who::Arbiter,
        Who::Arbiter,
        Who::Buyer,
    ];
    samples::one_of_each()
        .into_iter()
        .zip(names)
        .zip(people)
        .map(|((body, (name, what, rule)), who)| {
            let gives = serde_json::to_value(&body).unwrap();
            assert!(name.contains(&body.kind().to_string()), "{name} is of kind {}", body.kind());
            Vector { name, what, rule, input: json!({ "event": raw(who, body).sign() }), expect: Ok(gives) }
        })
        .collect()
}

/// As a plain client writes them: no escrow tags, no `e` tags, only what the documents require.
fn plain() -> Vec<Vector> {
    let reference = |marker: &str| {
        tags([&["anti_spam_proof", "ln", &"ab".repeat(32)], &["ref", &id(1).to_string(), "", marker]])
    };
    let ok = |name, what, who, kind, tags, content: Value| Vector {
        name,
        what,
        rule: "DIP-02",
        input: json!({ "event": Raw::new(who, kind, tags, &content).sign() }),
        expect: Ok(Value::Null),
    };
    let hex = "cd".repeat(32);
    let mut utf8 = Raw::new(
        Who::Seller,
        300,
        Vec::new(),
        &json!({"product_name":"F\u{fc}ller","description":"\u{1f58b}","price_satoshis":1}),
    );
    utf8.content = utf8.content.replace(':', " : ");
    vec![
        ok(
            "kind-300-plain",
            "a listing with the required fields only",
            Who::Seller,
            300,
            tags([&["d", "item_1"], &["anti_spam_proof", "pow", "123", "8"]]),
            json!({"product_name":"Camera","description":"","price_satoshis":80_000_000}),
        ),
        Vector {
            name: "kind-300-utf8",
            what: "raw letters outside ASCII in the content are read too",
            rule: "DIP-01",
            input: json!({"event": utf8.sign()}),
            expect: Ok(Value::Null),
        },
        ok(
            "kind-301-plain",
            "a bid without escrow tags, collateral of zero as the schema allows",
            Who::Buyer,
            301,
            reference("root"),
            json!({"product_ref": id(1), "bid_amount_satoshis": 80_000_000, "buyer_collateral_satoshis": 0}),
        ),
        ok(
            "kind-301-unknown-tags",
            "tags of other projects are ignored",
            Who::Buyer,
            301,
            tags([&["heights", "whatever"], &["client", "x"], &["ref", &id(1).to_string(), "", "root"]]),
            json!({"product_ref": id(1), "bid_amount_satoshis": 5, "buyer_collateral_satoshis": 5, "payment_timeout_hours": 168}),
        ),
        ok(
            "kind-303-plain",
            "an acceptance without collateral invoice, as the schema allows; its invoice is a mock",
            Who::Seller,
            303,
            reference("reply"),
            json!({"bid_ref": id(1), "ln_invoice": "lnbc_mock_invoice", "invoice_expiry_seconds": 300}),
        ),
        ok(
            "kind-311-plain",
            "a payment confirmation without collateral proof, as the schema allows",
            Who::Buyer,
            311,
            reference("reply"),
            json!({"bid_ref": id(1), "payment_proof": hex, "payment_method": "lightning_keysend", "payment_timestamp": 1_760_000_000}),
        ),
        ok(
            "kind-313-plain",
            "a receipt without a preimage: in plain clients it releases nothing",
            Who::Buyer,
            313,
            reference("reply"),
            json!({"payment_ref": id(1), "status": "received", "would_buy_again": false}),
        ),
        ok(
            "kind-313-damaged",
            "a receipt that is a dispute",
            Who::Buyer,
            313,
            reference("reply"),
            json!({"payment_ref": id(1), "status": "damaged", "dispute_reason": "the lid is broken"}),
        ),
        ok(
            "kind-315-other-words",
            "an agreement in other words than this project's terms",
            Who::Seller,
            315,
            reference("reply"),
            json!({"payment_ref": id(1), "agreement": "we split it", "release_funds_to_arbitrator": true}),
        ),
    ]
}
