//! Events, NIP-44 payloads and NIP-59 wraps, each made on one side and read on the other: this crate and the JavaScript
//! package `nostr-tools`, pinned in `interop/package-lock.json`.
//!
//! Without Node the test cannot run. Under `CI=true` that is a failure; elsewhere it says so on standard error.
#![allow(non_snake_case)]
// Functions beside the tests fail loudly too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domp_protocol::{
    event::{EventDraft, Signer, VerifiedEvent},
    ids::{EventId, PaymentHash, PublicKey},
    kinds::{
        Acceptance, Bid, Body, CounterBid, Dispute, Listing, Message, PaymentConfirmation, PaymentMethod,
        ReceiptConfirmation, Refund, Signed, Status,
    },
    private::{Note, Private, PrivateMessage, Release, Shipped},
    secret::Preimage,
    tags::links::Links,
    units::{Sat, Unix},
};
use nostr::nips::{nip44, nip59::UnwrappedGift};
use nostr::{EventBuilder, JsonUtil, Keys, Kind, SecretKey, UnsignedEvent};
use serde_json::{Value, json};
use std::{
    fs,
    future::Future,
    io::Write,
    path::{Path, PathBuf},
    pin::pin,
    process::{Command, Stdio},
    sync::OnceLock,
    task::{Context, Poll, Waker},
};

const T: u64 = 1_760_000_000;
const SELLER: [u8; 32] = [1; 32];
const BUYER: [u8; 32] = [2; 32];
/// Texts of every size class of NIP-44's padding, and letters of every width.
const TEXTS: [&str; 4] =
    ["x", "Grüße 👋\u{0}", "„Zeile“\r\n\u{2028}\u{7f}", "0123456789abcdef0123456789abcdef0"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop")
}

/// Makes sure that Node and the pinned packages are there; the reason if they are not.
fn prepare() -> Result<(), String> {
    static READY: OnceLock<Result<(), String>> = OnceLock::new();
    READY.get_or_init(|| installed().map_err(|reason| format!("cannot run nostr-tools: {reason}"))).clone()
}

fn installed() -> Result<(), String> {
    Command::new("node").arg("--version").output().map_err(|error| format!("node: {error}"))?;
    let wanted = fs::read_to_string(folder().join("package-lock.json")).map_err(|error| error.to_string())?;
    // npm writes down what it installed; the same packages mean that there is nothing to do.
    let pinned = |lock: &str, package: &str| {
        serde_json::from_str::<Value>(lock).ok().map(|lock| lock["packages"][package]["integrity"].clone())
    };
    let found = fs::read_to_string(folder().join("node_modules/.package-lock.json")).unwrap_or_default();
    let packages: Value = serde_json::from_str(&wanted).map_err(|error| error.to_string())?;
    let names = packages["packages"].as_object().ok_or("package-lock.json names no packages")?;
    let same = |name: &String| name.is_empty() || pinned(&found, name) == pinned(&wanted, name);
    if names.iter().filter(|(_, entry)| entry["peer"] != true).all(|(name, _)| same(name)) {
        return Ok(());
    }
    let done = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(folder())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("npm: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("npm ci failed:\n{}", String::from_utf8_lossy(&done.stderr)))
}

/// Runs the script, or says loudly why it cannot be run.
fn nostr_tools(command: &str, input: &Value) -> Option<Value> {
    if let Err(reason) = prepare() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{reason}");
        // Written past the test's own capture, which would hide it.
        let words = format!("NOT RUN: interop with nostr-tools: {reason}\n");
        std::io::stderr().write_all(words.as_bytes()).unwrap();
        return None;
    }
    let mut node = Command::new("node")
        .args(["nostr-tools.mjs", command])
        .current_dir(folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    node.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let done = node.wait_with_output().unwrap();
    assert!(done.status.success(), "nostr-tools {command}: {}", String::from_utf8_lossy(&done.stderr));
    Some(serde_json::from_slice(&done.stdout).unwrap())
}

fn signer(secret: [u8; 32]) -> Signer {
    Signer::from_bytes(&secret).unwrap()
}
fn keys(secret: [u8; 32]) -> Keys {
    Keys::new(SecretKey::from_slice(&secret).unwrap())
}
fn id(byte: u8) -> EventId {
    EventId::from_bytes([byte; 32])
}
fn sat(amount: u64) -> Sat {
    Sat::new(amount).unwrap()
}
/// The library's signer answers at once, so its futures need no executor.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("the library waited for something"),
    }
}

fn bodies() -> Vec<Body> {
    vec![
        Listing {
            product_name: "Füller 🖋".into(),
            description: "„wie neu“\n\u{7f}\u{2028}\\".into(),
            price: sat(80_000),
            category: None,
            storage_link: None,
            shipping_info: None,
            seller_collateral: Some(sat(0)),
            name: Some("pen-1".into()),
            escrow: None,
        }
        .into(),
        Bid {
            listing: id(1),
            amount: sat(80_000),
            buyer_collateral: sat(80_000),
            message: Some("für die Küche".into()),
            shipping_address_hash: None,
            payment_timeout_hours: Some(24),
            escrow: None,
        }
        .into(),
        CounterBid { bid: id(2), offer: sat(79_000), ln_invoice: None, seller_collateral_ref: None }.into(),
        Acceptance {
            bid: id(2),
            ln_invoice: "lnbcrt1price".into(),
            collateral_invoice: Some("lnbcrt1collateral".into()),
            estimated_shipping_time: None,
            shipping_time_days: None,
            terms: Some("keine Rücknahme".into()),
            invoice_expiry_seconds: Some(86_400),
            htlc_timeout: None,
            escrow: None,
        }
        .into(),
        PaymentConfirmation {
            acceptance: id(3),
            payment_proof: PaymentHash::from_bytes([0x50; 32]),
            collateral_proof: Some(PaymentHash::from_bytes([0x60; 32])),
            payment_method: PaymentMethod::LightningHtlc,
            escrow_timeout: None,
            encrypted_shipping_address: None,
            shipping_instructions: Some("läuten".into()),
            payment_timestamp: Some(Unix(T)),
            backup: None,
        }
        .into(),
        Dispute { payment: id(4), reason: "gesprungen ✗".into(), details: None }.into(),
        ReceiptConfirmation {
            payment: id(4),
            status: Status::Damaged,
            rating: Some(2),
            feedback: Some("schön, aber kaputt".into()),
            delivery_confirmation_time: None,
            item_condition: None,
            shipping_rating: None,
            communication_rating: None,
            would_buy_again: Some(false),
            dispute_reason: Some("Gehäuse".into()),
            encrypted_preimage: None,
            confirm: None,
        }
        .into(),
        Refund { payment: id(4) }.into(),
        Message { message: "Grüße 👋".into(), about: Some(id(1)) }.into(),
    ]
}

fn messages() -> Vec<Private> {
    let of = |message: PrivateMessage| Private { trade: id(2), message };
    vec![
        of(Shipped {
            carrier: Some("Österreichische Post".into()),
            tracking: Some("RX1".into()),
            note: None,
        }
        .into()),
        of(Release { preimage: Preimage::from_bytes([7; 32]) }.into()),
        of(Note { text: "danke 🙏".repeat(500) }.into()),
    ]
}

fn template(draft: &EventDraft) -> Value {
    json!({ "kind": draft.kind, "tags": draft.tags, "content": draft.content, "created_at": draft.created_at })
}

#[test]
fn read__events_made_by_nostr_tools__accepted_as_what_they_are() {
    let drafts: Vec<_> =
        bodies().iter().map(|body| body.draft(&Links::default(), Unix(T)).unwrap()).collect();
    let request = json!({
        "seller": hex::encode(SELLER), "buyer": hex::encode(BUYER), "created_at": T, "texts": [], "messages": [],
        "drafts": drafts.iter().map(template).collect::<Vec<_>>(),
    });
    let Some(made) = nostr_tools("make", &request) else { return };
    let read = |event: &Value| {
        let event = VerifiedEvent::check(&event.to_string(), Unix(T)).unwrap();
        Signed::<Body>::read(&event).unwrap()
    };
    let plain: Vec<_> = made["plain"].as_array().unwrap().iter().map(read).collect();
    let kinds: Vec<u16> = plain.iter().map(|event| event.body().kind()).collect();
    assert_eq!(kinds, [300, 301, 302, 303, 310, 311, 312, 313, 314, 315, 316, 317, 320]);
    let Body::Listing(listing) = plain[0].body() else { panic!("{kinds:?}") };
    assert_eq!(listing.product_name, "Füller 🖋");
    assert_eq!(listing.name.as_deref(), Some("Füller-1"));
    assert!(listing.description.ends_with("\\ schwarz\u{2028}\u{7f}"), "{:?}", listing.description);

    let signed = made["signed"].as_array().unwrap();
    assert_eq!(signed.len(), drafts.len());
    for ((event, draft), body) in signed.iter().zip(drafts).zip(bodies()) {
        let event = read(event);
        assert_eq!(event.body(), &body);
        assert_eq!(event.id(), draft.id(&signer(SELLER).public_key()), "both sides hash alike");
    }
}

#[test]
fn verify__events_made_here__accepted_by_nostr_tools() {
    let events: Vec<VerifiedEvent> = bodies()
        .iter()
        .map(|body| body.draft(&Links::default(), Unix(T)).unwrap().sign(&signer(BUYER)).unwrap())
        .collect();
    let request = json!({
        "seller": hex::encode(SELLER), "buyer": hex::encode(BUYER), "payloads": [], "wraps": [],
        "events": events.iter().map(VerifiedEvent::json).collect::<Vec<_>>(),
    });
    let Some(found) = nostr_tools("check", &request) else { return };
    let ids: Vec<String> = events.iter().map(|event| event.id().to_string()).collect();
    assert_eq!(found["ids"], json!(ids));
    assert_eq!(found["contents"][0]["product_name"], "Füller 🖋", "escaped here, read there");
    assert_eq!(found["contents"][8]["message"], "Grüße 👋");
}

#[test]
fn unwrap__wraps_and_payloads_made_by_nostr_tools__opened() {
    let drafts: Vec<_> = messages().iter().map(|message| message.draft(Unix(T)).unwrap()).collect();
    let request = json!({
        "seller": hex::encode(SELLER), "buyer": hex::encode(BUYER), "created_at": T, "drafts": [], "texts": TEXTS,
        "messages": drafts.iter().map(template).collect::<Vec<_>>(),
    });
    let Some(made) = nostr_tools("make", &request) else { return };
    let (seller, buyer) = (keys(SELLER), keys(BUYER));
    let payloads = made["payloads"].as_array().unwrap();
    assert_eq!(payloads.len(), TEXTS.len());
    for (payload, text) in payloads.iter().zip(TEXTS) {
        let payload = payload.as_str().unwrap();
        assert_eq!(nip44::decrypt(buyer.secret_key(), &seller.public_key(), payload).unwrap(), text);
        let sealed: domp_protocol::tags::sealed::Sealed = payload.parse().unwrap();
        assert_eq!(sealed.as_str(), payload, "the form that our tags ask for");
    }
    let wraps = made["wraps"].as_array().unwrap();
    assert_eq!(wraps.len(), messages().len());
    for (wrap, message) in wraps.iter().zip(messages()) {
        let wrap = nostr::Event::from_json(wrap.to_string()).unwrap();
        wrap.verify().unwrap();
        let gift = now(UnwrappedGift::from_gift_wrap(&buyer, &wrap)).unwrap();
        assert_eq!(gift.sender, seller.public_key());
        let inner = VerifiedEvent::check(&gift.rumor.content, Unix(T)).unwrap();
        assert_eq!(inner.author(), PublicKey::from_bytes(seller.public_key().to_bytes()));
        assert_eq!(Private::read(&inner).unwrap().body(), &message);
    }
}

#[test]
fn wrap__messages_and_payloads_made_here__opened_by_nostr_tools() {
    let (seller, buyer) = (keys(SELLER), keys(BUYER));
    let payloads: Vec<String> = TEXTS
        .iter()
        .map(|text| {
            nip44::encrypt(buyer.secret_key(), &seller.public_key(), text, nip44::Version::V2).unwrap()
        })
        .collect();
    let inner: Vec<VerifiedEvent> =
        messages().iter().map(|it| it.draft(Unix(T)).unwrap().sign(&signer(BUYER)).unwrap()).collect();
    let wraps: Vec<String> = inner
        .iter()
        .map(|event| {
            let rumor: UnsignedEvent =
                EventBuilder::new(Kind::from(320), event.json()).build(buyer.public_key());
            now(EventBuilder::gift_wrap(&buyer, &seller.public_key(), rumor, [])).unwrap().as_json()
        })
        .collect();
    let request = json!({
        "seller": hex::encode(SELLER), "buyer": hex::encode(BUYER), "events": [], "payloads": payloads, "wraps": wraps,
    });
    let Some(found) = nostr_tools("check", &request) else { return };
    assert_eq!(found["texts"], json!(TEXTS));
    let ids: Vec<String> = inner.iter().map(|event| event.id().to_string()).collect();
    assert_eq!(found["messages"], json!(ids));
}
