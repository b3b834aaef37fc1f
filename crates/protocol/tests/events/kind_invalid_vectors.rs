//! Events that are well signed and still must not be read.

use crate::{
    kind_valid_vectors::raw,
    people::{Who, id},
    raw_event::Raw,
    samples,
    vector::Vector,
};
use domp_protocol::kinds::Bid;
use serde_json::{Value, json};

pub fn table() -> Vec<Vector> {
    [
        contents(),
        listings(),
        bids(),
        commits(),
        heights(),
        nodes_and_relays(),
        acceptances(),
        payments(),
        after_payment(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn bad(name: &'static str, what: &'static str, rule: &'static str, raw: Raw, part: &'static str) -> Vector {
    Vector { name, what, rule, input: json!({ "event": raw.sign() }), expect: Err(part) }
}
fn listing() -> Raw {
    raw(Who::Seller, samples::listing())
}
fn bid() -> Raw {
    raw(Who::Buyer, samples::bid(id(1)))
}
fn acceptance() -> Raw {
    raw(Who::Seller, samples::acceptance(id(2)))
}
fn payment() -> Raw {
    raw(Who::Buyer, samples::payment(id(3)))
}
fn receipt() -> Raw {
    raw(Who::Buyer, samples::receipt(id(4)))
}
/// With the content's text itself changed.
fn text(mut raw: Raw, from: &str, to: &str) -> Raw {
    let changed = raw.content.replacen(from, to, 1);
    assert_ne!(changed, raw.content, "{from} is not in the content");
    raw.content = changed;
    raw
}

fn contents() -> Vec<Vector> {
    vec![
        bad(
            "kind-unknown",
            "feedback is none of the kinds of a trade",
            "DIP-01",
            Raw { kind: 321, ..listing() },
            "kind 321 is none of those",
        ),
        bad(
            "kind-content-empty",
            "no content",
            "DIP-01",
            Raw { content: String::new(), ..listing() },
            "the content is not valid JSON",
        ),
        bad(
            "kind-content-text",
            "content that is text, not an object",
            "DIP-01",
            Raw { content: "\"hello\"".into(), ..listing() },
            "must be a JSON object",
        ),
        bad(
            "kind-content-doubled-amount",
            "the price twice: two readers, two prices",
            "DIP-01",
            text(listing(), "\"price_satoshis\":80000", "\"price_satoshis\":80000,\"price_satoshis\":8"),
            "`price_satoshis` occurs twice",
        ),
        bad(
            "kind-content-doubled-by-escape",
            "the price twice, once with an escaped letter",
            "DIP-01",
            text(listing(), "\"price_satoshis\"", "\"p\\u0072ice_satoshis\":8,\"price_satoshis\""),
            "`price_satoshis` occurs twice",
        ),
        bad(
            "kind-content-doubled-inside",
            "a field twice in a nested object",
            "DIP-01",
            text(listing(), "\"estimated_days\":3", "\"estimated_days\":3,\"estimated_days\":30"),
            "`estimated_days` occurs twice",
        ),
        bad(
            "kind-content-unknown-key",
            "other clients refuse a key they do not know, so do we",
            "DIP-01",
            listing().with_field("escrow", "direct"),
            "content field `escrow` is not one of this kind's fields",
        ),
        bad(
            "kind-content-unknown-key-inside",
            "an unknown key in a nested object",
            "DIP-01",
            listing().content(|it| it["shipping_info"]["express"] = 1.into()),
            "`shipping_info.express` is not one",
        ),
        bad(
            "kind-content-null",
            "null where a field could simply be missing",
            "DIP-01",
            listing().with_field("category", Value::Null),
            "`category` must be text, not null",
        ),
        bad(
            "kind-content-preimage-in-clear",
            "a preimage in the content of a receipt",
            "[D3-29]",
            receipt().with_field("preimage", "ab".repeat(32)),
            "`preimage` is not one of this kind's fields",
        ),
        bad(
            "kind-320-private-in-public",
            "a private message's content is no public message",
            "DIP-01",
            Raw::new(Who::Buyer, 320, Vec::new(), &json!({"v":1,"type":"note","trade":id(2),"text":"x"})),
            "content field `message` is missing",
        ),
    ]
}

fn listings() -> Vec<Vector> {
    let field = |name: &str, value: Value| listing().with_field(name, value);
    vec![
        bad(
            "kind-300-name-missing",
            "no product name",
            "DIP-02",
            listing().without_field("product_name"),
            "`product_name` is missing",
        ),
        bad(
            "kind-300-name-empty",
            "an empty name",
            "DIP-02",
            field("product_name", "".into()),
            "`product_name` must be 1 to 100 characters long, not 0",
        ),
        bad(
            "kind-300-name-long",
            "101 letters of two bytes each",
            "DIP-02",
            field("product_name", "\u{fc}".repeat(101).into()),
            "`product_name` must be 1 to 100 characters long, not 101",
        ),
        bad(
            "kind-300-description-long",
            "2001 characters",
            "DIP-02",
            field("description", "x".repeat(2001).into()),
            "`description` must be 0 to 2000",
        ),
        bad(
            "kind-300-price-zero",
            "for nothing",
            "DIP-02",
            field("price_satoshis", 0.into()),
            "`price_satoshis` must be a whole number from 1",
        ),
        bad(
            "kind-300-price-negative",
            "the seller pays",
            "DIP-02",
            field("price_satoshis", (-80_000).into()),
            "`price_satoshis` must be a whole number from 1",
        ),
        bad(
            "kind-300-price-fraction",
            "half a satoshi",
            "DIP-01",
            field("price_satoshis", 80_000.5.into()),
            "`price_satoshis` must be a whole number",
        ),
        bad(
            "kind-300-price-exponent",
            "8e4 is a number of other languages",
            "DIP-01",
            text(listing(), ":80000", ":8e4"),
            "`price_satoshis` must be a whole number",
        ),
        bad(
            "kind-300-price-text",
            "the price in quotes",
            "DIP-01",
            field("price_satoshis", "80000".into()),
            "`price_satoshis` must be a whole number, not text",
        ),
        bad(
            "kind-300-price-too-much",
            "one satoshi more than there will ever be",
            "DIP-01",
            field("price_satoshis", 2_100_000_000_000_001_u64.into()),
            "`price_satoshis` must be a whole number from 1 to 2100000000000000",
        ),
        bad(
            "kind-300-category-long",
            "51 characters",
            "DIP-02",
            field("category", "x".repeat(51).into()),
            "`category` must be",
        ),
        bad(
            "kind-300-link-without-scheme",
            "a link without a scheme",
            "DIP-02",
            field("storage_link", "files.example.org/x".into()),
            "`storage_link` must be a link with a scheme",
        ),
        bad(
            "kind-300-shipping-info-list",
            "shipping_info as a list",
            "DIP-02",
            field("shipping_info", json!([500])),
            "`shipping_info` must be an object, not a list",
        ),
        bad(
            "kind-300-escrow-version",
            "a version of the escrow that is not spoken",
            "DIP-01",
            listing().without("escrow").with(&["escrow", "2", "direct"]),
            "tag `escrow` has version \"2\"",
        ),
        bad(
            "kind-300-escrow-mode",
            "a mode that does not exist",
            "DIP-01",
            listing().without("escrow").with(&["escrow", "1", "trusting"]),
            "tag `escrow` the mode \"trusting\"",
        ),
        bad(
            "kind-300-escrow-no-mode",
            "no mode at all",
            "DIP-01",
            listing().without("escrow").with(&["escrow", "1"]),
            "tag `escrow` names no mode",
        ),
        bad(
            "kind-300-escrow-twice",
            "two escrow tags: which one counts?",
            "DIP-01",
            listing().with(&["escrow", "1", "direct"]),
            "tag `escrow` occurs twice",
        ),
        bad(
            "kind-300-arbitrated-without-arbiter",
            "arbitrated mode offered, nobody to arbitrate",
            "[D3-77]",
            listing().without("escrow").with(&["escrow", "1", "direct", "arbitrated"]),
            "tag `arbiter` is missing",
        ),
        bad(
            "kind-300-arbiter-hasty",
            "an arbiter with less than two days for a ruling",
            "[D3-77]",
            listing().with(&["arbiter", &Who::Arbiter.key().to_string(), "wss://a.example.org", "287", "0"]),
            "tag `arbiter` r is 287 blocks",
        ),
        bad(
            "kind-300-d-empty",
            "a d tag without a value",
            "DIP-01",
            listing().without("d").with(&["d"]),
            "tag `d` has no value",
        ),
    ]
}

fn bids() -> Vec<Vector> {
    let field = |name: &str, value: Value| bid().with_field(name, value);
    let arbiter = ["arbiter", &Who::Arbiter.key().to_string(), "wss://a.example.org", "432", "1000"];
    vec![
        bad(
            "kind-301-listing-missing",
            "a bid on nothing",
            "DIP-02",
            bid().without_field("product_ref"),
            "`product_ref` is missing",
        ),
        bad(
            "kind-301-listing-name",
            "a listing's own name instead of its id",
            "DIP-02",
            field("product_ref", "item_1703894400_1".into()),
            "`product_ref` is refused: an event id must be 32 bytes",
        ),
        bad(
            "kind-301-listing-upper-case",
            "the id in upper case",
            "DIP-02",
            field("product_ref", "AB".repeat(32).into()),
            "`product_ref` is refused",
        ),
        bad(
            "kind-301-amount-zero",
            "a bid of zero",
            "DIP-02",
            field("bid_amount_satoshis", 0.into()),
            "`bid_amount_satoshis` must be a whole number from 1",
        ),
        bad(
            "kind-301-collateral-missing",
            "no collateral field",
            "DIP-02",
            bid().without_field("buyer_collateral_satoshis"),
            "`buyer_collateral_satoshis` is missing",
        ),
        bad(
            "kind-301-collateral-negative",
            "a negative collateral",
            "DIP-02",
            field("buyer_collateral_satoshis", (-1).into()),
            "`buyer_collateral_satoshis` must be a whole number from 0",
        ),
        bad(
            "kind-301-message-long",
            "501 characters",
            "DIP-02",
            field("message", "x".repeat(501).into()),
            "`message` must be 0 to 500",
        ),
        bad(
            "kind-301-timeout-zero",
            "no time to pay",
            "DIP-02",
            field("payment_timeout_hours", 0.into()),
            "`payment_timeout_hours` must be a whole number from 1 to 168",
        ),
        bad(
            "kind-301-timeout-long",
            "more than a week to pay",
            "DIP-02",
            field("payment_timeout_hours", 169.into()),
            "`payment_timeout_hours` must be",
        ),
        bad(
            "kind-301-timeout-wraps",
            "256 + 24 hours, which eight bits would read as 24",
            "DIP-02",
            field("payment_timeout_hours", 280.into()),
            "`payment_timeout_hours` must be",
        ),
        bad(
            "kind-301-two-modes",
            "a bid chooses one mode",
            "DIP-01",
            bid().without("escrow").with(&["escrow", "1", "direct", "arbitrated"]),
            "tag `escrow` names 2 modes",
        ),
        bad(
            "kind-301-direct-with-arbiter",
            "direct mode has no arbiter",
            "[D3-77]",
            bid().with(&arbiter),
            "tag `arbiter` stands in a bid that chooses direct mode",
        ),
        bad(
            "kind-301-arbitrated-without-arbiter",
            "arbitrated mode without saying by whom",
            "[D3-77]",
            bid().without("escrow").with(&["escrow", "1", "arbitrated"]),
            "tag `arbiter` is missing",
        ),
        bad(
            "kind-301-holds-maybe",
            "a node can hold or it cannot",
            "[D3-34]",
            bid().without("holds").with(&["holds", "maybe"]),
            "tag `holds` must say yes or no",
        ),
        bad(
            "kind-301-backup-in-clear",
            "recovery data that is not encrypted",
            "[D3-56]",
            bid().without("backup").with(&["backup", "salt=abcdef"]),
            "tag `backup` the value: is not a NIP-44 payload",
        ),
        bad(
            "kind-301-ref-marker",
            "a ref tag without a marker",
            "DIP-01",
            bid().without("ref").with(&["ref", &id(1).to_string(), ""]),
            "tag `ref` must be",
        ),
        bad(
            "kind-301-ref-id",
            "a ref tag to no event",
            "DIP-01",
            bid().without("ref").with(&["ref", "item_1", "", "root"]),
            "tag `ref` the id",
        ),
        bad(
            "kind-301-ref-unknown-marker",
            "a marker that DIP-01 does not have",
            "DIP-01",
            bid().without("ref").with(&["ref", &id(1).to_string(), "", "parent"]),
            "tag `ref` has the marker \"parent\"",
        ),
        bad(
            "kind-301-refs-without-end",
            "seventeen references",
            "DIP-01",
            (0..17).fold(bid(), |raw, byte| raw.with(&["ref", &id(byte).to_string(), "", "mention"])),
            "tag `ref` occurs more than 16 times",
        ),
        bad(
            "kind-301-p-no-key",
            "a p tag that names no key",
            "NIP-01",
            bid().with(&["p", "npub1"]),
            "tag `p` the key",
        ),
    ]
}

fn commits() -> Vec<Vector> {
    let plain: Bid = samples::bid(id(1));
    let commits = plain.escrow.unwrap().commits;
    let (c, collateral) = (commits.purchase.to_string(), commits.buyer_collateral.unwrap().to_string());
    let none = || bid().without("commit");
    let tag = |raw: Raw, purpose: &str, commitment: &str| raw.with(&["commit", purpose, commitment]);
    let (p, cb) = ("domp_purchase", "domp_buyer_collateral");
    vec![
        bad(
            "kind-301-commit-missing",
            "no commitment to the price's hash",
            "[D3-06]",
            tag(none(), cb, &collateral),
            "tag `commit` of domp_purchase is missing",
        ),
        bad(
            "kind-301-commit-collateral-missing",
            "a collateral without a commitment to its hash",
            "[D3-06]",
            tag(none(), p, &c),
            "tag `commit` of domp_buyer_collateral is missing for 80000 sat",
        ),
        bad(
            "kind-301-commit-collateral-zero",
            "a commitment for a collateral of zero",
            "[D3-06]",
            bid().with_field("buyer_collateral_satoshis", 0),
            "tag `commit` of domp_buyer_collateral stands beside a collateral of 0",
        ),
        bad(
            "kind-301-commit-twice",
            "two commitments for one role: which one will be opened?",
            "[D3-06]",
            tag(bid(), p, &collateral),
            "tag `commit` of domp_purchase occurs twice",
        ),
        bad(
            "kind-301-commit-same",
            "the same commitment for both roles",
            "[D3-62]",
            tag(tag(none(), p, &c), cb, &c),
            "tag `commit` is the same for both roles",
        ),
        bad(
            "kind-301-commit-seller",
            "the buyer commits to the seller's hash",
            "[D3-06]",
            tag(bid(), "domp_seller_collateral", &c),
            "tag `commit` of domp_seller_collateral",
        ),
        bad(
            "kind-301-commit-purpose",
            "a purpose that DIP-03 does not know",
            "[D3-11]",
            tag(bid(), "domp_tip", &c),
            "tag `commit` the purpose: \"domp_tip\"",
        ),
        bad(
            "kind-301-commit-short",
            "a commitment of 31 bytes",
            "[D3-06]",
            tag(tag(none(), p, &c[2..]), cb, &collateral),
            "tag `commit` the commitment",
        ),
    ]
}

fn heights() -> Vec<Vector> {
    let with =
        |numbers: [&str; 7]| bid().without("heights").with(&[["heights"].as_slice(), &numbers].concat());
    vec![
        bad(
            "kind-301-heights-missing",
            "escrow without numbers",
            "[D3-55]",
            bid().without("heights"),
            "tag `heights` is missing",
        ),
        bad(
            "kind-301-heights-short",
            "without the buyer's own distance",
            "[D3-55]",
            bid().without("heights").with(&["heights", "1", "144", "144", "432", "18"]),
            "tag `heights` must be [\"heights\", \"1\", h, t, i, D_S, D_B]",
        ),
        bad(
            "kind-300-heights-long",
            "a listing that already knows the buyer's distance",
            "[D3-55]",
            listing().without("heights").with(&["heights", "1", "144", "144", "432", "18", "12"]),
            "tag `heights` must be",
        ),
        bad(
            "kind-301-heights-version",
            "version 2",
            "[D3-55]",
            with(["2", "144", "144", "432", "18", "12", ""])
                .without("heights")
                .with(&["heights", "2", "144", "144", "432", "18", "12"]),
            "tag `heights` has version \"2\"",
        ),
        bad(
            "kind-301-heights-no-inspection",
            "no time to look at the goods",
            "[D3-53]",
            bid().without("heights").with(&["heights", "1", "144", "144", "1", "18", "12"]),
            "inspection (i) is 1 blocks",
        ),
        bad(
            "kind-301-heights-no-handling",
            "no time to ship",
            "[D3-53]",
            bid().without("heights").with(&["heights", "1", "0", "144", "432", "18", "12"]),
            "handling (h) is 0 blocks",
        ),
        bad(
            "kind-301-heights-too-long",
            "each number allowed, the hold above the ceiling",
            "[D3-54]",
            bid().without("heights").with(&["heights", "1", "1008", "1008", "1008", "18", "12"]),
            "the hold c(P)",
        ),
        bad(
            "kind-301-heights-leading-zero",
            "a number with two spellings",
            "[D3-55]",
            bid().without("heights").with(&["heights", "1", "0144", "144", "432", "18", "12"]),
            "h must be a whole number in decimal, not \"0144\"",
        ),
        bad(
            "kind-301-heights-plus",
            "a number with a sign",
            "[D3-55]",
            bid().without("heights").with(&["heights", "1", "+144", "144", "432", "18", "12"]),
            "h must be a whole number in decimal",
        ),
        bad(
            "kind-301-heights-wraps",
            "2^32 + 144, which 32 bits would read as 144",
            "[D3-55]",
            bid().without("heights").with(&["heights", "1", "4294967440", "144", "432", "18", "12"]),
            "h must be a whole number in decimal",
        ),
        bad(
            "kind-301-heights-hex",
            "a number in hex",
            "[D3-55]",
            bid().without("heights").with(&["heights", "1", "0x90", "144", "432", "18", "12"]),
            "h must be a whole number in decimal",
        ),
    ]
}

fn nodes_and_relays() -> Vec<Vector> {
    let node = Who::Buyer.node();
    let (key, signature) = (node.node.to_string(), node.signature);
    let with_node =
        |values: &[&str]| bid().without("ln_node").with(&[["ln_node"].as_slice(), values].concat());
    let with_relays =
        |values: &[&str]| bid().without("relays").with(&[["relays"].as_slice(), values].concat());
    let many: Vec<String> = (0..17).map(|n| format!("wss://r{n}.example.org")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let long = format!("wss://{}.example.org", "a".repeat(250));
    vec![
        bad(
            "kind-301-node-missing",
            "escrow without a node",
            "[D3-61]",
            bid().without("ln_node"),
            "tag `ln_node` is missing",
        ),
        bad(
            "kind-301-node-unsigned",
            "a node that does not say whose it is",
            "[D3-61]",
            with_node(&[&key]),
            "tag `ln_node` must be",
        ),
        bad(
            "kind-301-node-uncompressed",
            "no compressed key",
            "[D3-61]",
            with_node(&[&format!("04{}", &key[2..]), &signature]),
            "it must begin with 02 or 03",
        ),
        bad(
            "kind-301-node-signature-hex",
            "the signature in hex, as Eclair prints it",
            "[D3-61]",
            with_node(&[&key, &"ab".repeat(65)]),
            "tag `ln_node` the signature must be 104 characters",
        ),
        bad(
            "kind-301-relays-http",
            "a web page is no relay",
            "DIP-01",
            with_relays(&["https://relay.example.org"]),
            "it must begin with wss:// or ws://",
        ),
        bad(
            "kind-301-relays-file",
            "a file is no relay",
            "DIP-01",
            with_relays(&["file:///etc/passwd"]),
            "it must begin with wss:// or ws://",
        ),
        bad(
            "kind-301-relays-password",
            "an address with a password",
            "DIP-01",
            with_relays(&["wss://me:secret@relay.example.org"]),
            "a user name or a password",
        ),
        bad(
            "kind-301-relays-no-host",
            "an address without a host",
            "DIP-01",
            with_relays(&["wss://"]),
            "is not a relay's address",
        ),
        bad(
            "kind-301-relays-space",
            "an address with a space",
            "DIP-01",
            with_relays(&["wss://relay.example.org/a b"]),
            "printable ASCII only",
        ),
        bad(
            "kind-301-relays-long",
            "an address of more than 256 characters",
            "DIP-01",
            with_relays(&[&long]),
            "longer than 256",
        ),
        bad(
            "kind-301-relays-twice",
            "the same relay twice",
            "DIP-01",
            with_relays(&["wss://a.example.org", "wss://a.example.org"]),
            "tag `relays` names wss://a.example.org twice",
        ),
        bad(
            "kind-301-relays-many",
            "seventeen relays",
            "DIP-01",
            with_relays(&many),
            "tag `relays` names 17 relays",
        ),
        bad(
            "kind-301-relays-none",
            "a relays tag without a relay",
            "DIP-01",
            with_relays(&[]),
            "tag `relays` names 0 relays",
        ),
    ]
}

fn acceptances() -> Vec<Vector> {
    let field = |name: &str, value: Value| acceptance().with_field(name, value);
    vec![
        bad(
            "kind-303-invoice-missing",
            "no invoice",
            "[D3-14]",
            acceptance().without_field("ln_invoice"),
            "`ln_invoice` is missing",
        ),
        bad(
            "kind-303-invoice-empty",
            "an empty invoice",
            "[D3-14]",
            field("ln_invoice", "".into()),
            "`ln_invoice` must be 1 to 4096",
        ),
        bad(
            "kind-303-invoice-list",
            "a list of invoices",
            "[D3-14]",
            field("ln_invoice", json!(["lnbc1"])),
            "`ln_invoice` must be text, not a list",
        ),
        bad(
            "kind-303-same-invoice",
            "one invoice for both payments",
            "[D3-62]",
            field("collateral_invoice", "lnbcrt800u1price".into()),
            "`collateral_invoice` is the same invoice as ln_invoice",
        ),
        bad(
            "kind-303-expiry-short",
            "an invoice of under five minutes",
            "[D3-17]",
            field("invoice_expiry_seconds", 299.into()),
            "`invoice_expiry_seconds` must be a whole number from 300 to 86400",
        ),
        bad(
            "kind-303-expiry-year",
            "an invoice of a year",
            "[D3-17]",
            field("invoice_expiry_seconds", 31_536_000.into()),
            "`invoice_expiry_seconds` must be",
        ),
        bad(
            "kind-303-hold-short",
            "a hold of 143 blocks",
            "[D3-53]",
            field("htlc_timeout_blocks", 143.into()),
            "`htlc_timeout_blocks` must be a whole number from 144 to 2016",
        ),
        bad(
            "kind-303-hold-long",
            "a hold that no route carries",
            "[D3-54]",
            field("htlc_timeout_blocks", 2017.into()),
            "`htlc_timeout_blocks` must be",
        ),
        bad(
            "kind-303-hold-seconds",
            "the invoice's seconds taken for the hold's blocks",
            "[D3-12]",
            field("htlc_timeout_blocks", 86_400.into()),
            "`htlc_timeout_blocks` must be",
        ),
        bad(
            "kind-303-days",
            "three months of shipping",
            "DIP-02",
            field("shipping_time_days", 91.into()),
            "`shipping_time_days` must be a whole number from 0 to 90",
        ),
        bad(
            "kind-303-terms-long",
            "1001 characters",
            "DIP-02",
            field("terms", "x".repeat(1001).into()),
            "`terms` must be 0 to 1000",
        ),
        bad(
            "kind-303-hash-in-direct",
            "a seller collateral's hash in direct mode, which has none",
            "[D3-03]",
            acceptance().with(&["hash", "domp_seller_collateral", &"ab".repeat(32)]),
            "tag `hash` stands in direct mode",
        ),
        bad(
            "kind-303-hash-of-purchase",
            "the buyer's hash made public by the seller",
            "[D3-06]",
            acceptance().with(&["hash", "domp_purchase", &"ab".repeat(32)]),
            "tag `hash` shows a hash of \"domp_purchase\"",
        ),
    ]
}

fn payments() -> Vec<Vector> {
    let field = |name: &str, value: Value| payment().with_field(name, value);
    let sample = Raw::new(
        Who::Buyer,
        311,
        Vec::new(),
        &json!({"payment_proof":"def456...","payment_method":"lightning_htlc"}),
    );
    vec![
        bad(
            "kind-311-dip03-sample",
            "the sample of DIP-03: no reference, and a placeholder for a proof",
            "[D3-84]",
            sample,
            "`bid_ref` is missing",
        ),
        bad(
            "kind-311-proof-short",
            "a proof of four bytes",
            "[D3-22]",
            field("payment_proof", "deadbeef".into()),
            "`payment_proof` is refused: a payment hash must be 32 bytes",
        ),
        bad(
            "kind-311-proof-words",
            "a proof in words",
            "[D3-22]",
            field("payment_proof", "test_payment_hash".into()),
            "`payment_proof` is refused",
        ),
        bad(
            "kind-311-proof-upper-case",
            "a proof in upper case",
            "[D3-22]",
            field("payment_proof", "AB".repeat(32).into()),
            "`payment_proof` is refused",
        ),
        bad(
            "kind-311-proofs-equal",
            "one hash for both payments",
            "[D3-62]",
            field("collateral_proof", "50".repeat(32).into()),
            "`collateral_proof` is the same hash as payment_proof",
        ),
        bad(
            "kind-311-method-missing",
            "no method",
            "[D3-23]",
            payment().without_field("payment_method"),
            "`payment_method` is missing",
        ),
        bad(
            "kind-311-method-unknown",
            "cash on delivery",
            "[D3-23]",
            field("payment_method", "cash".into()),
            "`payment_method` is refused: known are lightning_htlc",
        ),
        bad(
            "kind-311-hold-short",
            "a hold of 100 blocks",
            "[D3-53]",
            field("escrow_timeout_blocks", 100.into()),
            "`escrow_timeout_blocks` must be a whole number from 144 to 2016",
        ),
        bad(
            "kind-311-time-absurd",
            "milliseconds taken for seconds",
            "DIP-02",
            field("payment_timestamp", 1_760_000_000_000_u64.into()),
            "`payment_timestamp` must be",
        ),
    ]
}

fn after_payment() -> Vec<Vector> {
    let field = |name: &str, value: Value| receipt().with_field(name, value);
    let refund = raw(Who::Seller, samples::refund(id(4)));
    let dispute = raw(Who::Buyer, samples::dispute(id(4)));
    let damaged = || field("status", "damaged".into());
    vec![
        bad(
            "kind-310-amount-zero",
            "a deposit of nothing",
            "[D3-33]",
            raw(Who::Seller, samples::deposit(id(1))).with_field("collateral_amount_satoshis", 0),
            "`collateral_amount_satoshis` must be a whole number from 1",
        ),
        bad(
            "kind-302-offer-missing",
            "a counter bid without an offer",
            "DIP-02",
            raw(Who::Seller, samples::counter_bid(id(2))).without_field("counter_offer_satoshis"),
            "`counter_offer_satoshis` is missing",
        ),
        bad(
            "kind-312-reason-missing",
            "a dispute without a reason",
            "[D3-77]",
            dispute.clone().without_field("reason"),
            "`reason` is missing",
        ),
        bad(
            "kind-312-reason-empty",
            "a dispute with an empty reason",
            "[D3-77]",
            dispute.with_field("reason", ""),
            "`reason` must be 1 to 1000",
        ),
        bad(
            "kind-313-status-missing",
            "a receipt that does not say what came",
            "[D3-29]",
            receipt().without_field("status"),
            "`status` is missing",
        ),
        bad(
            "kind-313-status-unknown",
            "a status that does not exist",
            "[D3-29]",
            field("status", "stolen".into()),
            "`status` is refused: known are received",
        ),
        bad(
            "kind-313-rating-six",
            "six of five stars",
            "DIP-02",
            field("rating", 6.into()),
            "`rating` must be a whole number from 1 to 5",
        ),
        bad("kind-313-rating-zero", "no star", "DIP-02", field("rating", 0.into()), "`rating` must be"),
        bad(
            "kind-313-buy-again-text",
            "yes in words",
            "DIP-02",
            field("would_buy_again", "yes".into()),
            "`would_buy_again` must be true or false, not text",
        ),
        bad(
            "kind-313-reason-beside-received",
            "received, and yet a reason to dispute",
            "DIP-02",
            field("dispute_reason", "scratches".into()),
            "`dispute_reason` stands beside the status `received`",
        ),
        bad(
            "kind-313-damaged-without-reason",
            "damaged, without a reason",
            "DIP-02",
            damaged().without("encrypted_preimage"),
            "`dispute_reason` is missing: the status `damaged`",
        ),
        bad(
            "kind-313-damaged-with-preimage",
            "a dispute that pays",
            "[D3-09]",
            damaged().with_field("dispute_reason", "broken"),
            "tag `encrypted_preimage` stands beside the status `damaged`",
        ),
        bad(
            "kind-313-preimage-in-clear",
            "the preimage in a tag that everybody reads",
            "[D3-29]",
            receipt().without("encrypted_preimage").with(&["encrypted_preimage", &"ab".repeat(32)]),
            "tag `encrypted_preimage` the value: is not a NIP-44 payload",
        ),
        bad(
            "kind-313-preimage-twice",
            "two preimages: which one counts?",
            "[D3-29]",
            receipt().with(&["encrypted_preimage", samples::sealed('q').as_str()]),
            "tag `encrypted_preimage` occurs twice",
        ),
        bad(
            "kind-313-confirm-short",
            "a confirm key of four bytes",
            "[D3-29]",
            receipt().with(&["confirm", "deadbeef"]),
            "tag `confirm` the key",
        ),
        bad(
            "kind-314-ref-missing",
            "a refund of nothing",
            "[D3-78]",
            refund.clone().without_field("payment_ref"),
            "`payment_ref` is missing",
        ),
        bad(
            "kind-314-reason",
            "the documents give a refund no reason",
            "[D3-78]",
            refund.with_field("reason", "sold out"),
            "`reason` is not one of this kind's fields",
        ),
        bad(
            "kind-315-agreement-empty",
            "an agreement on nothing",
            "[D3-78]",
            raw(Who::Buyer, samples::agreement(id(4), domp_protocol::kinds::Term::Cancel))
                .with_field("agreement", ""),
            "`agreement` must be 1 to 1000",
        ),
        bad(
            "kind-317-fee-missing",
            "a ruling without a fee",
            "[D3-77]",
            Raw::new(Who::Arbiter, 317, Vec::new(), &json!({"dispute_ref": id(5), "resolution": "x"})),
            "`arbitration_fee_satoshis` is missing",
        ),
    ]
}
