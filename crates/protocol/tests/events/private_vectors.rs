//! Private messages: the content of signed events of kind 320 inside gift wraps.

use crate::{
    people::{T, Who, hash, id},
    raw_event::Raw,
    samples,
    vector::Vector,
};
use domp_protocol::{
    deadlines::Deadlines,
    htlc::{Htlc, HtlcParts},
    private::{
        Address, HeldCollateral, LateInvoice, LockAck, LockOk, LockedHtlc, Note, Private, PrivateMessage,
        Receipt, Release, Shipped,
    },
    purpose::Purpose,
    secret::Preimage,
    tags::escrow::Mode,
    units::{Height, Msat, Unix},
};
use serde_json::{Value, json};

pub fn lock_ack() -> LockAck {
    let agreed = samples::heights(Some(12));
    let locked = |purpose, byte| LockedHtlc {
        htlc: Htlc::new(HtlcParts {
            amount: samples::sat(samples::PRICE).to_msat(),
            payment_hash: hash(byte),
            timeout: agreed.purchase_cltv(),
            recipient: Who::Seller.key(),
            purpose,
            chain_root: id(1),
        })
        .unwrap(),
        expiry: Height(800_000).plus(agreed.purchase_cltv()),
    };
    LockAck {
        acceptance: id(3),
        payment: id(4),
        buyer: Who::Buyer.key(),
        seller: Who::Seller.key(),
        mode: Mode::Direct,
        purchase: locked(Purpose::Purchase, 0x50),
        buyer_collateral: Some(locked(Purpose::BuyerCollateral, 0x60)),
        deadlines: Deadlines::at(Height(800_000), &agreed),
    }
}

/// One good message of each type.
pub fn one_of_each() -> Vec<(Who, PrivateMessage)> {
    vec![
        (Who::Buyer, samples::hashes().into()),
        (Who::Seller, lock_ack().into()),
        (
            Who::Buyer,
            LockOk { ack: id(6), in_flight: vec![hash(0x50), hash(0x60)], seller_collateral: None }.into(),
        ),
        (
            Who::Seller,
            Shipped {
                carrier: Some("Post".into()),
                tracking: Some("RX 1".into()),
                note: Some("gr\u{fc}n".into()),
            }
            .into(),
        ),
        (Who::Buyer, Release { preimage: Preimage::from_bytes([9; 32]) }.into()),
        (Who::Buyer, Receipt { event: id(7), first_seen: Height(800_001) }.into()),
        (Who::Seller, LateInvoice { bolt11: "lnbcrt800u1late".into() }.into()),
        (Who::Buyer, Address { text: "Gr\u{fc}ne Stra\u{df}e 1".into() }.into()),
        (Who::Seller, Note { text: "thank you".into() }.into()),
    ]
}

pub fn table() -> Vec<Vector> {
    let mut table = valid();
    table.extend(envelopes().into_iter().chain(of_types()));
    table
}

fn raw(who: Who, message: PrivateMessage) -> Raw {
    let draft = Private { trade: id(2), message }.draft(Unix(T)).unwrap();
    Raw { who, kind: draft.kind.into(), created_at: T, tags: draft.tags, content: draft.content }
}

fn valid() -> Vec<Vector> {
    let names = [
        ("private-hashes", "the hashes behind the bid's commitments", "[D3-06]"),
        ("private-lock-ack", "what the seller's node holds", "[D3-11]"),
        ("private-lock-ok", "the buyer agrees", "[D3-27]"),
        ("private-shipped", "the parcel is on its way", "[D3-27]"),
        ("private-release", "the preimage sent again", "[D3-09]"),
        ("private-receipt", "an event has arrived", "[D3-72]"),
        ("private-late-invoice", "an ordinary invoice after the hold", "[D3-78]"),
        ("private-address", "where to ship", "DIP-02"),
        ("private-note", "words between people", "DIP-01"),
    ];
    let ok = |name, what, rule, raw: Raw| {
        let kind = serde_json::from_str::<Value>(&raw.content).unwrap()["type"].clone();
        let gives = json!({ "trade": id(2), "type": kind });
        Vector { name, what, rule, input: json!({ "event": raw.sign() }), expect: Ok(gives) }
    };
    let mut table: Vec<_> = one_of_each()
        .into_iter()
        .zip(names)
        .map(|((who, message), (name, what, rule))| ok(name, what, rule, raw(who, message)))
        .collect();
    let held = HeldCollateral { hash: hash(0x70), amount: Msat::new(1000).unwrap(), expiry: Height(800_900) };
    let full = LockOk { ack: id(6), in_flight: vec![hash(0x50)], seller_collateral: Some(held) };
    table.push(ok(
        "private-lock-ok-collateral",
        "with a seller collateral as the buyer's node holds it",
        "[D3-34]",
        raw(Who::Buyer, full.into()),
    ));
    table.push(ok(
        "private-shipped-nothing",
        "handed over: nothing to follow",
        "[D3-27]",
        raw(Who::Seller, Shipped::default().into()),
    ));
    table
}

fn bad(name: &'static str, what: &'static str, rule: &'static str, raw: Raw, part: &'static str) -> Vector {
    Vector { name, what, rule, input: json!({ "event": raw.sign() }), expect: Err(part) }
}
fn of(kind: &str) -> Raw {
    let (who, message) = one_of_each().into_iter().find(|(_, message)| message.type_name() == kind).unwrap();
    raw(who, message)
}

fn envelopes() -> Vec<Vector> {
    let note = || of("note");
    let arbitrated =
        |kind: &str| Raw::new(Who::Arbiter, 320, Vec::new(), &json!({"v":1,"type":kind,"trade":id(2),"x":1}));
    vec![
        bad(
            "private-kind",
            "the same content in another kind",
            "DIP-01",
            Raw { kind: 314, ..note() },
            "the event is of kind 314; kind 320 is needed",
        ),
        bad(
            "private-public-message",
            "a public message inside a wrap is no private one",
            "DIP-01",
            Raw::new(Who::Buyer, 320, Vec::new(), &json!({"message":"hello"})),
            "content field `v` is missing",
        ),
        bad(
            "private-version",
            "a version that is not spoken",
            "DIP-01",
            note().with_field("v", 2),
            "version 2 is not spoken here",
        ),
        bad(
            "private-version-text",
            "a version in quotes",
            "DIP-01",
            note().with_field("v", "1"),
            "`v` must be a whole number, not text",
        ),
        bad(
            "private-type-missing",
            "of no type",
            "DIP-01",
            note().without_field("type"),
            "`type` is missing",
        ),
        bad(
            "private-type-unknown",
            "of a type from a later version",
            "DIP-01",
            note().with_field("type", "telepathy"),
            "type `telepathy` is not spoken here",
        ),
        bad(
            "private-trade-missing",
            "about no trade",
            "[D3-13]",
            note().without_field("trade"),
            "`trade` is missing",
        ),
        bad(
            "private-trade-short",
            "about a trade by eight digits",
            "[D3-13]",
            note().with_field("trade", "02020202"),
            "`trade` is refused",
        ),
        bad(
            "private-unknown-field",
            "a field that its type does not have",
            "DIP-01",
            note().with_field("cc", "everybody"),
            "`cc` is not one of this kind's fields",
        ),
        bad(
            "private-doubled-field",
            "the trade twice",
            "DIP-01",
            Raw { content: note().content.replacen("\"trade\"", "\"trade\":\"\",\"trade\"", 1), ..note() },
            "`trade` occurs twice",
        ),
        bad(
            "private-challenge",
            "kept for arbitrated mode",
            "[D3-77]",
            arbitrated("challenge"),
            "`challenge` belongs to arbitrated mode",
        ),
        bad(
            "private-opening",
            "kept for arbitrated mode",
            "[D3-77]",
            arbitrated("opening"),
            "`opening` belongs to arbitrated mode",
        ),
        bad(
            "private-share",
            "kept for arbitrated mode",
            "[D3-77]",
            arbitrated("share"),
            "`share` belongs to arbitrated mode",
        ),
        bad(
            "private-armed",
            "kept for arbitrated mode",
            "[D3-77]",
            arbitrated("armed"),
            "`armed` belongs to arbitrated mode",
        ),
        bad(
            "private-award",
            "kept for arbitrated mode",
            "[D3-77]",
            arbitrated("award"),
            "`award` belongs to arbitrated mode",
        ),
    ]
}

fn of_types() -> Vec<Vector> {
    let hashes = |change: fn(&mut Value)| of("hashes").content(|it| change(&mut it["hashes"]));
    let ack = |change: fn(&mut Value)| of("lock_ack").content(change);
    let ok = |change: fn(&mut Value)| of("lock_ok").content(change);
    let first = |it: &mut Value| it["htlcs"] = json!([it["htlcs"][0]]);
    vec![
        bad(
            "private-hashes-none",
            "no hash at all",
            "[D3-06]",
            hashes(|it| *it = json!([])),
            "`hashes` has none for domp_purchase",
        ),
        bad(
            "private-hashes-three",
            "three hashes",
            "[D3-06]",
            hashes(|it| *it = json!([it[0], it[1], it[1]])),
            "`hashes` must hold at most 2 entries",
        ),
        bad(
            "private-hashes-twice",
            "two hashes for the price",
            "[D3-06]",
            hashes(|it| it[1]["purpose"] = "domp_purchase".into()),
            "`hashes` has two for domp_purchase",
        ),
        bad(
            "private-hashes-equal",
            "one hash for both roles: whoever opens one opens both",
            "[D3-62]",
            hashes(|it| it[1]["payment_hash"] = it[0]["payment_hash"].clone()),
            "the same payment hash for both roles",
        ),
        bad(
            "private-hashes-seller",
            "a hash of the seller's",
            "[D3-06]",
            hashes(|it| it[1]["purpose"] = "domp_seller_collateral".into()),
            "`hashes.purpose` is domp_seller_collateral",
        ),
        bad(
            "private-hashes-nonce",
            "a hash without its nonce",
            "[D3-06]",
            hashes(|it| {
                it[0].as_object_mut().unwrap().remove("nonce");
            }),
            "`hashes.nonce` is missing",
        ),
        bad(
            "private-hashes-extra",
            "a preimage among the hashes",
            "[D3-09]",
            hashes(|it| it[0]["preimage"] = "00".into()),
            "`hashes.preimage` is not one",
        ),
        bad(
            "private-lock-ack-no-purchase",
            "only the collateral",
            "[D3-11]",
            ack(|it| it["htlcs"] = json!([it["htlcs"][1]])),
            "`htlcs` has none for domp_purchase",
        ),
        bad(
            "private-lock-ack-twice",
            "the purchase twice",
            "[D3-11]",
            ack(|it| it["htlcs"] = json!([it["htlcs"][0], it["htlcs"][0]])),
            "`htlcs` has two for domp_purchase",
        ),
        bad(
            "private-lock-ack-seller-collateral",
            "a collateral that the seller would hold of itself",
            "[D3-03]",
            ack(|it| it["htlcs"][1]["htlc"]["purpose"] = "domp_seller_collateral".into()),
            "which the seller never holds",
        ),
        bad(
            "private-lock-ack-recipient",
            "paid to somebody else",
            "[D3-11]",
            ack(|it| it["htlcs"][0]["htlc"]["recipient"] = it["buyer"].clone()),
            "not paid to the seller",
        ),
        bad(
            "private-lock-ack-two-listings",
            "two chain roots",
            "[D3-13]",
            ack(|it| it["htlcs"][1]["htlc"]["domp_transaction_id"] = "09".repeat(32).into()),
            "`htlcs` names two listings",
        ),
        bad(
            "private-lock-ack-hashes-equal",
            "one hash for both",
            "[D3-62]",
            ack(|it| it["htlcs"][1]["htlc"]["payment_hash"] = it["htlcs"][0]["htlc"]["payment_hash"].clone()),
            "the same payment hash for both roles",
        ),
        bad(
            "private-lock-ack-timeout",
            "a hold of 143 blocks",
            "[D3-12]",
            ack(|it| it["htlcs"][0]["htlc"]["timeout_blocks"] = 143.into()),
            "timeout_blocks is 143",
        ),
        bad(
            "private-lock-ack-amount",
            "nothing held",
            "[D3-11]",
            ack(|it| it["htlcs"][0]["htlc"]["amount_msat"] = 0.into()),
            "amount_msat is 0",
        ),
        bad(
            "private-lock-ack-seventh-field",
            "a field that DIP-03's structure does not have",
            "[D3-11]",
            ack(|it| it["htlcs"][0]["htlc"]["expiry"] = 1.into()),
            "`htlcs.htlc` is refused",
        ),
        bad(
            "private-lock-ack-expiry",
            "no expiry",
            "[D3-75]",
            ack(|it| {
                it["htlcs"][0].as_object_mut().unwrap().remove("expiry_height");
            }),
            "`htlcs.expiry_height` is missing",
        ),
        bad(
            "private-lock-ack-time-for-height",
            "a time where a height belongs",
            "[D3-75]",
            ack(|it| it["lock"] = 1_760_000_000.into()),
            "`lock` must be a whole number from 0 to 499999999",
        ),
        bad(
            "private-lock-ack-arbitrated",
            "the mode that is not spoken",
            "[D3-77]",
            ack(|it| it["mode"] = "arbitrated".into()),
            "belongs to arbitrated mode",
        ),
        bad(
            "private-lock-ack-with-itself",
            "buyer and seller are one",
            "[D3-11]",
            ack(|it| it["buyer"] = it["seller"].clone()),
            "`seller` is the buyer's key",
        ),
        bad(
            "private-lock-ack-deadline-missing",
            "a deadline left out",
            "[D3-75]",
            of("lock_ack").content(first).without_field("reveal_by"),
            "`reveal_by` is missing",
        ),
        bad(
            "private-lock-ok-without-ack",
            "agreement with nothing",
            "[D3-27]",
            of("lock_ok").without_field("lock_ack"),
            "`lock_ack` is missing",
        ),
        bad(
            "private-lock-ok-without-payments",
            "does not say what is in flight",
            "[D3-27]",
            of("lock_ok").without_field("in_flight"),
            "`in_flight` is missing",
        ),
        bad(
            "private-lock-ok-twice",
            "one payment named twice",
            "[D3-27]",
            ok(|it| it["in_flight"][1] = it["in_flight"][0].clone()),
            "`in_flight` names a payment hash twice",
        ),
        bad(
            "private-release-short",
            "31 bytes: no node could settle with them",
            "[D3-05]",
            of("release").with_field("preimage", "09".repeat(31)),
            "`preimage` must be 32 bytes",
        ),
        bad(
            "private-release-long",
            "33 bytes: the hash may fit and no node could settle with them",
            "[D3-05]",
            of("release").with_field("preimage", "09".repeat(33)),
            "`preimage` must be 32 bytes",
        ),
        bad(
            "private-release-upper-case",
            "hex in upper case",
            "[D3-05]",
            of("release").with_field("preimage", "AB".repeat(32)),
            "`preimage` must be 32 bytes in lower-case hex",
        ),
        bad(
            "private-receipt-without-height",
            "does not say since when",
            "[D3-72]",
            of("receipt").without_field("height"),
            "`height` is missing",
        ),
        bad(
            "private-late-invoice-empty",
            "an empty invoice",
            "[D3-78]",
            of("late_invoice").with_field("bolt11", ""),
            "`bolt11` must be 1 to 4096",
        ),
        bad(
            "private-address-empty",
            "nowhere",
            "DIP-02",
            of("address").with_field("text", ""),
            "`text` must be 1 to 2000",
        ),
        bad(
            "private-note-long",
            "more than 5000 characters",
            "DIP-01",
            of("note").with_field("text", "x".repeat(5001)),
            "`text` must be 1 to 5000",
        ),
    ]
}
