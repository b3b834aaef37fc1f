//! Private messages: identities, openings, secrets and late invoices, whoever wraps them.

use crate::{
    deal::{DAWN, preimage, sat, secrets, sign, unseal},
    post::{LATE, Post},
};
use domp_escrow::{
    admission::{Admission, Aside, Reader, Refused, admit},
    input::{Said, Secret, Shipment},
    letter::Paper,
    terms::Side,
    trade::Trade,
};
use domp_protocol::{
    event::{EventDraft, Signer, VerifiedEvent},
    htlc::{Htlc, HtlcParts},
    ids::{EventId, Nonce, PublicKey},
    private::{
        Address, Hashes, LateInvoice, LockAck, LockOk, LockedHtlc, Note, Private, PrivateMessage, Receipt,
        Release, Shipped,
    },
    purpose::Purpose,
    secret::Preimage,
    tags::commit::{Commits, Opened},
    units::{Blocks, Height, Unix},
};
use zeroize::Zeroizing;

fn event_at(post: &Post, message: impl Into<PrivateMessage>, by: &Signer, at: Unix) -> VerifiedEvent {
    let private = Private { trade: post.deal.terms.trade, message: message.into() };
    sign(private.draft(at).unwrap(), by)
}
fn event(post: &Post, message: impl Into<PrivateMessage>, by: &Signer) -> VerifiedEvent {
    event_at(post, message, by, post.now)
}
fn from_buyer(post: &Post, message: impl Into<PrivateMessage>) -> Admission {
    post.read(Side::Seller, &event(post, message, &post.deal.people.buyer))
}
fn from_seller(post: &Post, message: impl Into<PrivateMessage>) -> Admission {
    post.read(Side::Buyer, &event(post, message, &post.deal.people.seller))
}

#[track_caller]
fn refused(admission: Admission, parts: &[&str]) {
    let Admission::Refused(refused) = admission else { panic!("{admission:?}") };
    let text = refused.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

fn opened(role: Purpose) -> Opened {
    let (hash, nonce) = secrets(true)[&role];
    Opened { hash, nonce }
}
fn hashes() -> Hashes {
    Hashes { purchase: opened(Purpose::Purchase), buyer_collateral: Some(opened(Purpose::BuyerCollateral)) }
}

#[test]
fn hashes__that_open_the_commitments__said_role_by_role() {
    let post = Post::begun(true);
    let Admission::Said { said: Said::Hashes(heard), .. } = from_buyer(&post, hashes()) else {
        panic!("not said")
    };
    for (role, hash, nonce) in heard {
        assert_eq!((hash, nonce), secrets(true)[&role]);
    }
}

#[test]
fn hashes__that_do_not_open_them__refused() {
    let post = Post::begun(true);
    let spoiled = [
        Hashes {
            purchase: Opened { nonce: Nonce::from_bytes([0; 32]), ..opened(Purpose::Purchase) },
            ..hashes()
        },
        Hashes { buyer_collateral: None, ..hashes() },
        Hashes {
            purchase: opened(Purpose::BuyerCollateral),
            buyer_collateral: Some(opened(Purpose::Purchase)),
        },
    ];
    for message in spoiled {
        refused(from_buyer(&post, message), &["hashes", "commitments"]);
    }
    let none = Post::begun(false);
    refused(from_buyer(&none, hashes()), &["hashes"]);
}

fn read_with(post: &Post, trade: &Trade, event: &VerifiedEvent, commits: Option<Commits>) -> Admission {
    let made_at = |_: &EventId| None;
    let open = |sealed: &_| Some(Zeroizing::new(unseal(sealed)));
    let own_node = post.deal.people.seller_node.id();
    let reader =
        Reader { now: post.now, own_node, may_split: true, commits, made_at: &made_at, open_secret: &open };
    admit(trade, event, &reader)
}

#[test]
fn hashes__while_the_bid_is_not_at_hand__held_for_it() {
    let post = Post::begun(true);
    let event = event(&post, hashes(), &post.deal.people.buyer);
    let admission = read_with(&post, &post.deal.seller, &event, None);
    assert!(matches!(admission, Admission::Held { missing } if missing == post.deal.terms.trade));
}

#[test]
fn any_message__about_another_trade__foreign() {
    let post = Post::begun(true);
    let private = Private { trade: EventId::from_bytes([1; 32]), message: hashes().into() };
    let event = sign(private.draft(post.now).unwrap(), &post.deal.people.buyer);
    assert!(matches!(post.read(Side::Seller, &event), Admission::Foreign));
}

#[test]
fn any_message__from_a_stranger_or_the_wrong_side__refused_by_name() {
    let post = Post::shipped(true);
    let ack = post.deal.buyer.papers[&Paper::LockAck];
    let release = Release { preimage: preimage(Purpose::Purchase) };
    let buyers: [(&str, PrivateMessage); 4] = [
        ("hashes", hashes().into()),
        ("lock_ok", LockOk { ack, in_flight: Vec::new(), seller_collateral: None }.into()),
        ("release", release.into()),
        ("address", Address { text: "Here".into() }.into()),
    ];
    let sellers: [(&str, PrivateMessage); 3] = [
        ("lock_ack", lock_ack(&post).into()),
        ("shipped", Shipped::default().into()),
        ("late_invoice", LateInvoice { bolt11: "x".into() }.into()),
    ];
    for (name, message) in buyers {
        refused(from_seller(&post, message.clone()), &[name, "buyer"]);
        let by_stranger = event(&post, message, &post.deal.people.stranger);
        refused(post.read(Side::Seller, &by_stranger), &[name, "buyer"]);
    }
    for (name, message) in sellers {
        refused(from_buyer(&post, message.clone()), &[name, "seller"]);
        let by_stranger = event(&post, message, &post.deal.people.stranger);
        refused(post.read(Side::Buyer, &by_stranger), &[name, "seller"]);
    }
    let note = event(&post, Note { text: "hello".into() }, &post.deal.people.stranger);
    refused(post.read(Side::Buyer, &note), &["note", "seller"]);
}

#[test]
fn any_message__made_before_the_bid__refused() {
    let post = Post::begun(true);
    let early = event_at(&post, hashes(), &post.deal.people.buyer, DAWN);
    refused(post.read(Side::Seller, &early), &["created_at"]);
    let same = event_at(&post, hashes(), &post.deal.people.buyer, post.deal.bid.created_at());
    assert!(matches!(post.read(Side::Seller, &same), Admission::Said { .. }));
}

fn locked(post: &Post, role: Purpose, root: EventId) -> LockedHtlc {
    let leg = post.deal.seller.leg(role).unwrap();
    let htlc = Htlc::new(HtlcParts {
        amount: leg.amount.to_msat(),
        payment_hash: leg.hash.unwrap(),
        timeout: leg.cltv,
        recipient: post.deal.terms.seller,
        purpose: role,
        chain_root: root,
    });
    LockedHtlc { htlc: htlc.unwrap(), expiry: Height(800_970) }
}

fn lock_ack(post: &Post) -> LockAck {
    let root = post.deal.terms.listing;
    LockAck {
        acceptance: post.deal.buyer.papers[&Paper::Acceptance],
        payment: post.deal.buyer.papers[&Paper::Payment],
        buyer: post.deal.terms.buyer,
        seller: post.deal.terms.seller,
        mode: domp_protocol::tags::escrow::Mode::Direct,
        purchase: locked(post, Purpose::Purchase, root),
        buyer_collateral: Some(locked(post, Purpose::BuyerCollateral, root)),
        deadlines: post.deal.seller.deadlines.unwrap(),
    }
}

#[test]
fn lock_ack__every_identity_that_is_not_this_trades__refused_by_field() {
    let post = Post::to_ship(true);
    assert!(matches!(from_seller(&post, lock_ack(&post)), Admission::Said { said: Said::LockAck(_), .. }));
    let other = EventId::from_bytes([5; 32]);
    let someone = PublicKey::from_bytes([6; 32]);
    refused(from_seller(&post, LockAck { acceptance: other, ..lock_ack(&post) }), &["field acceptance"]);
    refused(from_seller(&post, LockAck { payment: other, ..lock_ack(&post) }), &["field payment"]);
    refused(from_seller(&post, LockAck { buyer: someone, ..lock_ack(&post) }), &["field buyer"]);
    let root = LockAck {
        purchase: locked(&post, Purpose::Purchase, other),
        buyer_collateral: Some(locked(&post, Purpose::BuyerCollateral, other)),
        ..lock_ack(&post)
    };
    refused(from_seller(&post, root), &["domp_transaction_id"]);
    // Another seller: nothing that names one can even be read, since the HTLCs are paid to this one.
    let text = Private { trade: post.deal.terms.trade, message: lock_ack(&post).into() }.content();
    let seller = post.deal.terms.seller.to_string();
    let spoiled = text.replace(&seller, &someone.to_string());
    let draft = EventDraft { kind: 320, tags: Vec::new(), content: spoiled, created_at: post.now };
    let event = sign(draft, &post.deal.people.seller);
    refused(post.read(Side::Buyer, &event), &["field seller"]);
}

#[test]
fn lock_ack__before_our_own_311_is_recorded__held() {
    let post = Post::to_ship(true);
    let event = event(&post, lock_ack(&post), &post.deal.people.seller);
    let mut early = post.deal.buyer.clone();
    let payment = early.papers.remove(&Paper::Payment).unwrap();
    assert!(matches!(post.read_as(&early, &event), Admission::Held { missing } if missing == payment));
}

/// The 311 lies on no relay that answers. Held for it, the acknowledgement would never be taken in.
#[test]
fn lock_ack__names_a_311_that_a_restored_buyer_does_not_find__said() {
    let post = Post::to_ship(true);
    let event = event(&post, lock_ack(&post), &post.deal.people.seller);
    for own in [None, Some(EventId::from_bytes([5; 32]))] {
        let mut restored = post.deal.buyer.clone().rebuilt(post.height);
        restored.papers.remove(&Paper::Payment);
        restored.papers.extend(own.map(|own| (Paper::Payment, own)));
        let heard = post.read_as(&restored, &event);
        assert!(matches!(heard, Admission::Said { said: Said::LockAck(_), .. }), "{heard:?}");
    }
}

#[test]
fn lock_ok__for_another_acknowledgement_or_without_a_payment__refused() {
    let post = Post::to_ship(true);
    let ack = post.deal.seller.papers[&Paper::LockAck];
    let all: Vec<_> = post.deal.seller.legs.iter().filter_map(|leg| leg.hash).collect();
    let ok = |ack, in_flight| LockOk { ack, in_flight, seller_collateral: None };
    let heard = from_buyer(&post, ok(ack, all.clone()));
    assert!(matches!(heard, Admission::Said { said: Said::LockOk { ack: named }, .. } if named == ack));
    let other = EventId::from_bytes([5; 32]);
    refused(from_buyer(&post, ok(other, all.clone())), &["field lock_ack", &other.to_string()]);
    refused(from_buyer(&post, ok(ack, all[..1].to_vec())), &["in_flight", "domp_purchase"]);
    refused(from_buyer(&post, ok(ack, Vec::new())), &["in_flight"]);
    let single = Post::to_ship(false);
    let ack = single.deal.seller.papers[&Paper::LockAck];
    refused(from_buyer(&single, ok(ack, all)), &["in_flight"]);
    let mut early = single.deal.seller.clone();
    early.papers.remove(&Paper::LockAck);
    let hash = preimage(Purpose::Purchase).hash();
    let event = event(&single, ok(ack, vec![hash]), &single.deal.people.buyer);
    assert!(matches!(single.read_as(&early, &event), Admission::Held { missing } if missing == ack));
}

#[test]
fn shipped_and_receipt__all_that_they_say__heard() {
    let post = Post::to_ship(true);
    let parcel = Shipped { carrier: None, tracking: Some("T".into()), note: None };
    match from_seller(&post, parcel) {
        Admission::Said { said: Said::Shipped(heard), .. } => {
            assert_eq!(heard, Shipment { carrier: None, tracking: Some("T".into()), note: None });
        }
        other => panic!("{other:?}"),
    }
    let of = post.deal.terms.trade;
    let receipt = Receipt { event: of, first_seen: Height(800_002) };
    for heard in [from_seller(&post, receipt), from_buyer(&post, receipt)] {
        assert!(
            matches!(heard, Admission::Said { said: Said::Receipt { of: event, first_seen: Height(800_002) }, .. } if event == of)
        );
    }
}

#[test]
fn release__the_right_secret_and_another__opens_or_wrong() {
    let post = Post::shipped(true);
    match from_buyer(&post, Release { preimage: preimage(Purpose::Purchase) }) {
        Admission::Said { said: Said::Release { secret: Secret::Opens }, preimage: Some(secret) } => {
            assert_eq!(secret.hash(), preimage(Purpose::Purchase).hash());
        }
        other => panic!("{other:?}"),
    }
    for secret in [preimage(Purpose::BuyerCollateral), Preimage::from_bytes([0; 32])] {
        let heard = from_buyer(&post, Release { preimage: secret });
        assert!(
            matches!(
                heard,
                Admission::Said { said: Said::Release { secret: Secret::Wrong }, preimage: None }
            ),
            "{heard:?}"
        );
    }
}

#[test]
fn late_invoice__ordinary_and_over_the_price__an_offer_and_anything_else_refused() {
    let post = Post::shipped(true);
    let late = Preimage::from_bytes(LATE).hash();
    let say = |bolt11: String| from_seller(&post, LateInvoice { bolt11 });
    match say(post.late_invoice(late, sat(100_000))) {
        Admission::Said { said: Said::LateInvoice(offer), .. } => {
            assert_eq!((offer.hash, offer.amount, offer.cltv), (late, sat(100_000), Blocks(40)));
        }
        other => panic!("{other:?}"),
    }
    refused(say(post.late_invoice(late, sat(100_001))), &["bolt11", "amounts must be equal"]);
    for role in [Purpose::Purchase, Purpose::BuyerCollateral] {
        refused(say(post.late_invoice(preimage(role).hash(), sat(100_000))), &["bolt11", "our own hash"]);
    }
    let long = post.invoice(Purpose::Purchase, late, sat(100_000), Blocks(967));
    refused(say(long), &["bolt11", "at most"]);
    let draft = post.draft_invoice(Purpose::Purchase, late, sat(100_000), Blocks(40));
    refused(say(draft.sign(&post.deal.people.buyer_node).unwrap()), &["our own node"]);
    refused(say("lnbc1".into()), &["bolt11", "not a valid BOLT11 invoice"]);
}

#[test]
fn asides__words_between_people__shown_and_not_said() {
    let post = Post::shipped(true);
    let note = from_seller(&post, Note { text: "thanks".into() });
    assert!(matches!(&note, Admission::Aside(Aside::Note(note)) if note.text == "thanks"));
    assert!(!format!("{note:?}").contains("thanks"), "personal words are printed");
    let address = from_buyer(&post, Address { text: "12 Mill Lane".into() });
    assert!(matches!(&address, Admission::Aside(Aside::Address(address)) if address.text == "12 Mill Lane"));
    assert!(!format!("{address:?}").contains("Mill"), "an address is printed");
}

fn raw(post: &Post, content: &str, by: &Signer) -> Admission {
    let draft = EventDraft { kind: 320, tags: Vec::new(), content: content.to_owned(), created_at: post.now };
    post.read(Side::Seller, &sign(draft, by))
}

#[test]
fn kind_320__of_later_versions_other_modes_or_public__kept_aside() {
    let post = Post::shipped(true);
    let trade = post.deal.terms.trade;
    let buyer = &post.deal.people.buyer;
    for content in [
        format!(r#"{{"v":2,"type":"hashes","trade":"{trade}"}}"#),
        format!(r#"{{"v":1,"type":"poem","trade":"{trade}"}}"#),
        format!(r#"{{"v":1,"type":"armed","trade":"{trade}"}}"#),
    ] {
        let heard = raw(&post, &content, buyer);
        assert!(matches!(heard, Admission::Aside(Aside::NotSpoken(_))), "{heard:?}");
    }
    let public = raw(&post, r#"{"message":"hello"}"#, buyer);
    assert!(matches!(&public, Admission::Aside(Aside::Message(words)) if words.message == "hello"));
    assert!(matches!(raw(&post, r#"{"message":"hello"}"#, &post.deal.people.stranger), Admission::Foreign));
}

#[test]
fn kind_320__malformed__refused_with_the_field_and_nothing_from_strangers() {
    let post = Post::shipped(true);
    let trade = post.deal.terms.trade;
    let buyer = &post.deal.people.buyer;
    let secret = "5".repeat(63);
    let cases = [
        ("not json".to_owned(), "content"),
        ("{}".to_owned(), "`v`"),
        (format!(r#"{{"v":1,"type":"release","trade":"{trade}","preimage":"{secret}"}}"#), "preimage"),
        (format!(r#"{{"v":1,"type":"shipped","trade":"{trade}","extra":1}}"#), "extra"),
        (r#"{"v":1,"type":"shipped","trade":"00"}"#.to_owned(), "trade"),
    ];
    for (content, field) in cases {
        let admission = raw(&post, &content, buyer);
        assert!(!format!("{admission:?}").contains(&secret), "most of a secret is printed");
        refused(admission, &[field]);
        let by_stranger = raw(&post, &content, &post.deal.people.stranger);
        assert!(matches!(by_stranger, Admission::Foreign), "{by_stranger:?}");
    }
}

#[test]
fn refused__the_reason__is_one_of_ours_and_no_alarm() {
    let post = Post::begun(true);
    let spoiled = Hashes { buyer_collateral: None, ..hashes() };
    let Admission::Refused(why) = from_buyer(&post, spoiled) else { panic!("not refused") };
    assert_eq!(why, Refused::WrongOpening);
    assert!(!why.is_alarm());
}

/// A buyer that lost its store writes what the seller answered before anew. The answer is older, and true all the same.
#[test]
fn answers__older_than_what_we_wrote_anew_after_a_loss__heard() {
    let mut post = Post::to_ship(true);
    let shipped = event(&post, Shipped::default(), &post.deal.people.seller);
    let ack = post.deal.buyer.papers[&Paper::LockAck];
    for ours in [Paper::LockOk, Paper::Payment] {
        let ours = post.deal.buyer.papers[&ours];
        post.times.insert(ours, post.now.plus(12_000));
    }
    assert!(matches!(post.read(Side::Buyer, &shipped), Admission::Said { said: Said::Shipped(_), .. }));
    // What its own author had not written yet it cannot follow.
    post.times.insert(ack, post.now.plus(12_000));
    refused(post.read(Side::Buyer, &shipped), &["created_at"]);
}
