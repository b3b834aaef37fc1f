//! Drafts: what is on paper, and what is never written.

use crate::{
    deal::{DAWN, hex, ln_node, preimage, relay, sat, seal, sign, unseal},
    post::{Post, damaged, parcel, received},
};
use domp_escrow::{
    draft::{self, Draft, DraftError, Enclosures, draft, words},
    input::{Agreement, Command, Condition, Shipment, Verdict},
    letter::{Message, Paper},
    terms::Side,
};
use domp_protocol::{
    event::EventDraft,
    ids::EventId,
    kinds::{Acceptance, PaymentConfirmation, ReceiptConfirmation, Signed, Status},
    node_key::NodeKey,
    purpose::Purpose,
    secret::Preimage,
    units::{Blocks, Unix},
};

fn public(draft: Draft) -> EventDraft {
    match draft {
        Draft::Public(draft) => draft,
        Draft::Private(_) => panic!("this must be public"),
    }
}

fn reveal() -> Message {
    Message::Verdict { verdict: received(), reveal: Some(preimage(Purpose::Purchase).hash()) }
}

#[test]
fn public_letters__every_one__link_the_listing_what_they_answer_and_the_peer() {
    let post = Post::shipped(true);
    let papers = post.deal.seller.papers.clone();
    let cases = [
        (Side::Seller, Message::Acceptance, Paper::Bid),
        (Side::Buyer, Message::Payment, Paper::Acceptance),
        (Side::Buyer, reveal(), Paper::Payment),
        (Side::Seller, Message::Refund { reason: "no".into() }, Paper::Payment),
        (Side::Buyer, Message::Agree(Agreement::Cancel), Paper::Payment),
    ];
    for (side, message, answered) in cases {
        let draft = public(post.draft(side, &message).unwrap());
        let named = |name: &str, marker: &str| -> Vec<String> {
            let tags = draft.tags.iter().filter(|tag| tag[0] == name && tag[3] == marker);
            tags.map(|tag| tag[1].clone()).collect()
        };
        for name in ["ref", "e"] {
            assert_eq!(named(name, "root"), [post.deal.terms.listing.to_string()], "{message:?}");
            assert_eq!(named(name, "reply"), [papers[&answered].to_string()], "{message:?}");
        }
        let people: Vec<_> = draft.tags.iter().filter(|tag| tag[0] == "p").collect();
        assert_eq!(people, [&["p".to_owned(), post.deal.terms.key_of(side.other()).to_string()]]);
        assert!(draft.content.is_ascii() && draft.tags.iter().flatten().all(|value| value.is_ascii()));
        assert!(draft.tags.iter().filter(|tag| tag[0] == "ref").all(|tag| tag[2] == "wss://both.example"));
    }
}

#[test]
fn acceptance__as_written__the_trades_terms_and_invoices() {
    let post = Post::offered(true);
    let draft = public(post.draft(Side::Seller, &Message::Acceptance).unwrap());
    let event: Signed<Acceptance> = Signed::read_as(&sign(draft, &post.deal.people.seller)).unwrap();
    let body = event.body();
    assert_eq!(body.invoice_expiry_seconds, Some(86_400));
    assert_eq!(body.htlc_timeout, Some(Blocks(967)));
    assert_eq!(body.shipping_time_days, Some(2));
    assert_eq!(Some(&body.ln_invoice), post.deal.seller.leg(Purpose::Purchase).unwrap().invoice.as_ref());
    let escrow = body.escrow.clone().unwrap();
    assert_eq!(escrow.heights, post.deal.terms.agreed);
    assert_eq!((escrow.node.node, escrow.relays), (post.deal.terms.seller_node, vec![relay("seller")]));
}

#[test]
fn acceptance__without_or_with_another_node__not_written() {
    let post = Post::offered(true);
    let made_at = |_: &EventId| None;
    let bare = Enclosures::none(post.now, &made_at);
    let error = draft(&post.deal.seller, &Message::Acceptance, &bare).unwrap_err();
    assert!(matches!(error, DraftError::NotEnclosed(_)), "{error}");
    let other = NodeKey::from_bytes(&[0x66; 32]).unwrap();
    let node = ln_node(&other, &post.deal.terms.seller);
    let with = Enclosures { node: Some(&node), ..Enclosures::none(post.now, &made_at) };
    let error = draft(&post.deal.seller, &Message::Acceptance, &with).unwrap_err();
    assert_eq!(error, DraftError::AnotherNode { found: other.id(), expected: post.deal.terms.seller_node });
}

#[test]
fn acceptance__before_the_invoices_are_made__not_written() {
    let post = Post::begun(true);
    let error = post.draft(Side::Seller, &Message::Acceptance).unwrap_err();
    assert!(matches!(error, DraftError::Unready { what: "invoice", .. }) && !error.is_premature());
}

#[test]
fn payment__as_written__hashes_and_never_a_preimage() {
    let post = Post::to_ship(true);
    let sealed = seal("address");
    let made_at = |_: &EventId| None;
    let with = Enclosures { sealed_address: Some(&sealed), ..Enclosures::none(post.now, &made_at) };
    let draft = public(draft(&post.deal.buyer, &Message::Payment, &with).unwrap());
    for role in [Purpose::Purchase, Purpose::BuyerCollateral] {
        assert!(draft.content.contains(&preimage(role).hash().to_string()));
        assert!(!draft.content.contains(&hex(preimage(role).expose())));
    }
    let event: Signed<PaymentConfirmation> = Signed::read_as(&sign(draft, &post.deal.people.buyer)).unwrap();
    assert_eq!(event.body().escrow_timeout, Some(Blocks(967)));
    assert_eq!(event.body().encrypted_shipping_address.as_deref(), Some(sealed.as_str()));
}

#[test]
fn any_letter__whose_predecessor_is_not_recorded__premature() {
    let mut post = Post::shipped(true);
    post.deal.buyer.papers.remove(&Paper::Acceptance);
    post.deal.buyer.papers.remove(&Paper::Payment);
    post.deal.seller.papers.remove(&Paper::Payment);
    let cases = [
        (Side::Buyer, Message::Payment, Paper::Acceptance),
        (Side::Buyer, reveal(), Paper::Payment),
        (Side::Buyer, Message::Agree(Agreement::Release), Paper::Payment),
        (Side::Seller, Message::Refund { reason: String::new() }, Paper::Payment),
    ];
    for (side, message, missing) in cases {
        let error = post.draft(side, &message).unwrap_err();
        assert_eq!(error, DraftError::Premature(missing));
        assert!(error.is_premature());
    }
    assert_eq!(post.draft(Side::Buyer, &Message::Bid), Err(DraftError::BidIsSigned));
}

#[test]
fn times__our_clock_behind_what_we_answer__never_earlier_than_that() {
    let mut post = Post::to_ship(true);
    let acceptance = post.deal.buyer.papers[&Paper::Acceptance];
    let ahead = post.now.plus(500);
    post.times.insert(acceptance, ahead);
    assert_eq!(public(post.draft(Side::Buyer, &Message::Payment).unwrap()).created_at, ahead);
    let ack = post.deal.buyer.papers[&Paper::LockAck];
    post.times.insert(ack, Unix(ahead.0 + 1));
    let (Draft::Private(draft) | Draft::Public(draft)) =
        post.draft(Side::Buyer, &Message::LockOk { ack }).unwrap();
    assert_eq!(draft.created_at, Unix(ahead.0 + 1));
}

#[test]
fn private_letters__our_clock_behind_what_we_wrote_or_answer__never_earlier_than_that() {
    let mut post = Post::shipped(true);
    post.order(Side::Buyer, Command::Confirm(damaged()));
    let bolt11 = post.late_invoice(Preimage::from_bytes([3; 32]).hash(), sat(100_000));
    let cases = [
        (Side::Seller, Message::Shipped(parcel()), Paper::LockAck),
        (Side::Seller, Message::Shipped(parcel()), Paper::LockOk),
        (Side::Buyer, Message::Release { reveal: preimage(Purpose::Purchase).hash() }, Paper::Payment),
        (Side::Buyer, Message::Release { reveal: preimage(Purpose::Purchase).hash() }, Paper::Verdict),
        (Side::Seller, Message::LateInvoice { bolt11 }, Paper::Verdict),
    ];
    let mut ahead = post.now.plus(500);
    for (side, message, after) in cases {
        ahead = ahead.plus(1);
        post.times.insert(post.trade(side).papers[&after], ahead);
        let Draft::Private(draft) = post.draft(side, &message).unwrap() else {
            panic!("{message:?} is public")
        };
        assert_eq!(draft.created_at, ahead, "{message:?} after {after:?}");
    }
}

#[test]
fn verdict__that_reveals__carries_the_ciphertext_and_no_clear_secret() {
    let post = Post::shipped(true);
    let draft = public(post.draft(Side::Buyer, &reveal()).unwrap());
    let event: Signed<ReceiptConfirmation> =
        Signed::read_as(&sign(draft.clone(), &post.deal.people.buyer)).unwrap();
    assert_eq!(event.body().status, Status::Received);
    assert_eq!(
        unseal(event.body().encrypted_preimage.as_ref().unwrap()),
        hex(preimage(Purpose::Purchase).expose())
    );
    assert!(!draft.content.contains(&hex(preimage(Purpose::Purchase).expose())));
    let made_at = |_: &EventId| None;
    let error = draft::draft(&post.deal.buyer, &reveal(), &Enclosures::none(post.now, &made_at)).unwrap_err();
    assert!(matches!(error, DraftError::NotEnclosed(_)), "{error}");
}

#[test]
fn verdict__that_does_not_reveal__carries_no_secret_even_if_one_is_enclosed() {
    let post = Post::shipped(true);
    for verdict in [received(), damaged()] {
        let message = Message::Verdict { verdict, reveal: None };
        let draft = public(post.draft(Side::Buyer, &message).unwrap());
        assert!(!draft.tags.iter().any(|tag| tag[0] == "encrypted_preimage"));
    }
}

#[test]
fn verdict__words_that_readers_would_refuse__cut_and_the_secret_still_leaves() {
    let post = Post::shipped(true);
    let wordy = Verdict {
        condition: Condition::Received,
        rating: Some(9),
        feedback: Some("\u{fc}".repeat(1001)),
        reason: Some("none".into()),
    };
    assert!(words::check(&Command::Confirm(wordy.clone())).is_err());
    let message = Message::Verdict { verdict: wordy, reveal: Some(preimage(Purpose::Purchase).hash()) };
    let draft = public(post.draft(Side::Buyer, &message).unwrap());
    let event: Signed<ReceiptConfirmation> = Signed::read_as(&sign(draft, &post.deal.people.buyer)).unwrap();
    let body = event.body();
    assert_eq!((body.rating, &body.dispute_reason), (None, &None));
    assert_eq!(body.feedback.as_ref().map(|words| words.chars().count()), Some(1000));
    assert!(body.encrypted_preimage.is_some());
    let speechless =
        Verdict { condition: Condition::NotReceived, rating: None, feedback: None, reason: None };
    let message = Message::Verdict { verdict: speechless, reveal: None };
    assert!(post.draft(Side::Buyer, &message).is_ok());
}

#[test]
fn release__without_the_right_secret__not_written() {
    let post = Post::shipped(true);
    let hash = preimage(Purpose::Purchase).hash();
    let made_at = |_: &EventId| None;
    let with = |secret| Enclosures { preimage: secret, ..Enclosures::none(post.now, &made_at) };
    let message = Message::Release { reveal: hash };
    let error = draft(&post.deal.buyer, &message, &with(None)).unwrap_err();
    assert!(matches!(error, DraftError::NotEnclosed(_)), "{error}");
    let other = Preimage::from_bytes([1; 32]);
    assert_eq!(draft(&post.deal.buyer, &message, &with(Some(&other))), Err(DraftError::WrongSecret));
    // A secret that opens what was asked for, but what was asked for is not the price.
    let message = Message::Release { reveal: preimage(Purpose::BuyerCollateral).hash() };
    let collateral = preimage(Purpose::BuyerCollateral);
    assert_eq!(draft(&post.deal.buyer, &message, &with(Some(&collateral))), Err(DraftError::WrongSecret));
}

#[test]
fn private_letters__every_one__carry_no_tags_and_are_not_shown_by_debug() {
    let post = Post::shipped(true);
    let ack = post.deal.buyer.papers[&Paper::LockAck];
    let secret = hex(preimage(Purpose::Purchase).expose());
    let letters = [
        Message::LockOk { ack },
        Message::Release { reveal: preimage(Purpose::Purchase).hash() },
        Message::Receipt { of: ack, first_seen: post.height },
    ];
    for message in letters {
        let draft = post.draft(Side::Buyer, &message).unwrap();
        assert!(!format!("{draft:?}").contains(&secret), "a draft shows its secret");
        let Draft::Private(draft) = draft else { panic!("{message:?} is public") };
        assert_eq!((draft.kind, draft.tags.len()), (320, 0));
    }
}

#[test]
fn shipped__words_of_any_length__fit_or_are_cut() {
    let post = Post::to_ship(true);
    let wordy = Shipment {
        carrier: Some("c".repeat(101)),
        tracking: Some(String::new()),
        note: Some("n".repeat(5000)),
    };
    assert!(post.draft(Side::Seller, &Message::Shipped(wordy)).is_ok());
    assert!(post.draft(Side::Seller, &Message::Shipped(parcel())).is_ok());
}

#[test]
fn note_and_address__words_and_none__written_or_refused() {
    let post = Post::to_ship(true);
    let made_at = |_: &EventId| None;
    let with = Enclosures::none(DAWN.plus(9000), &made_at);
    assert!(draft::note(&post.deal.buyer, &"x".repeat(9000), &with).is_ok());
    assert!(matches!(draft::note(&post.deal.buyer, " ", &with), Err(DraftError::NotEnclosed(_))));
    assert!(draft::address(&post.deal.buyer, "12 Mill Lane", &with).is_ok());
    for text in [String::new(), "x".repeat(2001)] {
        let error = draft::address(&post.deal.buyer, &text, &with).unwrap_err();
        assert!(matches!(&error, DraftError::Malformed(_)), "{error}");
    }
}

#[test]
fn words__each_rule__names_the_field() {
    let ship = |shipment| words::check(&Command::Ship(shipment));
    let confirm = |verdict| words::check(&Command::Confirm(verdict));
    let long = |count: usize| Some("x".repeat(count));
    let cases = [
        (ship(Shipment { carrier: long(101), ..parcel() }), "carrier"),
        (ship(Shipment { tracking: long(201), ..parcel() }), "tracking"),
        (ship(Shipment { note: long(1001), ..parcel() }), "note"),
        (ship(Shipment { note: Some("  ".into()), ..parcel() }), "note is empty"),
        (confirm(Verdict { rating: Some(0), ..received() }), "rating is 0"),
        (confirm(Verdict { rating: Some(6), ..received() }), "rating is 6"),
        (confirm(Verdict { feedback: long(1001), ..received() }), "feedback has 1001"),
        (confirm(Verdict { reason: long(501), ..damaged() }), "reason has 501"),
        (confirm(Verdict { reason: None, ..damaged() }), "reason is missing"),
        (confirm(Verdict { reason: long(1), ..received() }), "beside `received`"),
        (words::check(&Command::Refund { reason: "x".repeat(5001) }), "reason has 5001"),
    ];
    for (checked, text) in cases {
        let error = checked.unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    let fine = [
        Command::Ship(Shipment::default()),
        Command::Ship(Shipment { carrier: long(100), tracking: long(200), note: long(1000) }),
        Command::Confirm(received()),
        Command::Confirm(Verdict { feedback: long(1000), reason: long(500), ..damaged() }),
        Command::Refund { reason: "x".repeat(5000) },
        Command::Refund { reason: String::new() },
        Command::Pay,
    ];
    for command in fine {
        assert_eq!(words::check(&command), Ok(()), "{command:?}");
    }
}
