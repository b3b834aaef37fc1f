//! Public events: who may say what, about which paper, when, and with which proofs.

use crate::{
    deal::{hex, preimage, seal, sign},
    post::Post,
};
use domp_escrow::{
    admission::{Admission, Aside, Refused},
    input::{Agreement, Condition, Said, Secret},
    letter::Paper,
    terms::Side,
    trade::Trade,
};
use domp_protocol::{
    event::{Signer, VerifiedEvent},
    ids::{EventId, PaymentHash},
    kinds::{
        self, ArbitrationOffer, Body, CollateralDeposit, CounterBid, Dispute, PaymentConfirmation,
        PaymentMethod, ReceiptConfirmation, Resolution, Status, Term,
    },
    purpose::Purpose,
    secret::Preimage,
    tags::{
        links::{Links, Marker},
        sealed::Sealed,
    },
    units::{Blocks, Unix},
};

fn links(post: &Post, to: Side) -> Links {
    Links::to(post.deal.terms.key_of(to)).with(post.deal.terms.listing, "", Marker::Root)
}

/// An event with the usual links, by whom one likes.
fn event(post: &Post, body: impl Into<Body>, to: Side, by: &Signer) -> VerifiedEvent {
    let body = body.into();
    let links = links(post, to).with(body.predecessor().unwrap(), "", Marker::Reply);
    sign(body.draft(&links, post.now).unwrap(), by)
}

fn from_buyer(post: &Post, body: impl Into<Body>) -> Admission {
    post.read(Side::Seller, &event(post, body, Side::Seller, &post.deal.people.buyer))
}
fn from_seller(post: &Post, body: impl Into<Body>) -> Admission {
    post.read(Side::Buyer, &event(post, body, Side::Buyer, &post.deal.people.seller))
}

#[track_caller]
fn refused(admission: Admission, parts: &[&str]) -> Refused {
    let Admission::Refused(refused) = admission else { panic!("{admission:?}") };
    let text = refused.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
    refused
}

fn hash(role: Purpose) -> PaymentHash {
    preimage(role).hash()
}

fn payment(post: &Post) -> PaymentConfirmation {
    PaymentConfirmation {
        acceptance: post.deal.seller.papers[&Paper::Acceptance],
        payment_proof: hash(Purpose::Purchase),
        collateral_proof: post
            .deal
            .seller
            .leg(Purpose::BuyerCollateral)
            .map(|_| hash(Purpose::BuyerCollateral)),
        payment_method: PaymentMethod::LightningHtlc,
        escrow_timeout: Some(post.deal.terms.agreed.purchase_cltv()),
        encrypted_shipping_address: None,
        shipping_instructions: None,
        payment_timestamp: None,
        backup: None,
    }
}

fn is_payment(admission: &Admission) -> bool {
    matches!(admission, Admission::Said { said: Said::Payment, preimage: None })
}

#[test]
fn payment__good__said_with_and_without_collateral_and_optional_fields() {
    for collateral in [true, false] {
        let post = Post::offered(collateral);
        assert!(is_payment(&from_buyer(&post, payment(&post))));
        let bare = PaymentConfirmation { escrow_timeout: None, ..payment(&post) };
        assert!(is_payment(&from_buyer(&post, bare)));
    }
}

#[test]
fn payment__proofs_that_are_not_our_hashes__field_and_both_values_named() {
    let post = Post::offered(true);
    let other = PaymentHash::from_bytes([7; 32]);
    let body = PaymentConfirmation { payment_proof: other, ..payment(&post) };
    let expected = hash(Purpose::Purchase).to_string();
    refused(from_buyer(&post, body), &["payment_proof", &other.to_string(), &expected]);
    let body = PaymentConfirmation { collateral_proof: Some(other), ..payment(&post) };
    refused(from_buyer(&post, body), &["collateral_proof", &other.to_string()]);
    let body = PaymentConfirmation { collateral_proof: None, ..payment(&post) };
    refused(from_buyer(&post, body), &["collateral_proof", "missing"]);
    let swapped = PaymentConfirmation {
        payment_proof: hash(Purpose::BuyerCollateral),
        collateral_proof: Some(hash(Purpose::Purchase)),
        ..payment(&post)
    };
    refused(from_buyer(&post, swapped), &["payment_proof"]);
    let none = Post::offered(false);
    let body = PaymentConfirmation { collateral_proof: Some(other), ..payment(&none) };
    refused(from_buyer(&none, body), &["collateral_proof", "collateral is 0"]);
}

#[test]
fn payment__a_preimage_as_proof__an_alarm_that_does_not_repeat_it() {
    let post = Post::offered(true);
    let shown = |role| PaymentHash::from_bytes(*preimage(role).expose());
    let published = [
        ("payment_proof", PaymentConfirmation { payment_proof: shown(Purpose::Purchase), ..payment(&post) }),
        (
            "collateral_proof",
            PaymentConfirmation { collateral_proof: Some(shown(Purpose::BuyerCollateral)), ..payment(&post) },
        ),
    ];
    for (field, body) in published {
        let admission = from_buyer(&post, body);
        let shown = format!("{admission:?}");
        let why = refused(admission, &["ALARM", field]);
        assert!(why.is_alarm());
        for role in [Purpose::Purchase, Purpose::BuyerCollateral] {
            let secret = hex(preimage(role).expose());
            assert!(!why.to_string().contains(&secret) && !shown.contains(&secret));
        }
    }
    let wrong = PaymentConfirmation { payment_proof: PaymentHash::from_bytes([7; 32]), ..payment(&post) };
    assert!(!refused(from_buyer(&post, wrong), &[]).is_alarm());
}

#[test]
fn payment__methods_that_hold_nothing_and_another_hold__refused() {
    let post = Post::offered(true);
    for method in [PaymentMethod::LightningKeysend, PaymentMethod::Onchain] {
        let body = PaymentConfirmation { payment_method: method, ..payment(&post) };
        refused(from_buyer(&post, body), &["payment_method", method.as_str()]);
    }
    let body = PaymentConfirmation { escrow_timeout: Some(Blocks(966)), ..payment(&post) };
    refused(from_buyer(&post, body), &["escrow_timeout_blocks", "966", "967"]);
}

#[test]
fn references__an_acceptance_that_is_not_known_yet__held_and_said_once_it_is() {
    let post = Post::offered(true);
    let event = event(&post, payment(&post), Side::Seller, &post.deal.people.buyer);
    let mut early: Trade = post.deal.seller.clone();
    let acceptance = early.papers.remove(&Paper::Acceptance).unwrap();
    assert!(matches!(post.read_as(&early, &event), Admission::Held { missing } if missing == acceptance));
    early.papers.insert(Paper::Acceptance, acceptance);
    assert!(is_payment(&post.read_as(&early, &event)));
}

#[test]
fn references__another_trades_paper__foreign_and_never_held_for_strangers() {
    let post = Post::offered(true);
    let other = EventId::from_bytes([8; 32]);
    let body = PaymentConfirmation { acceptance: other, ..payment(&post) };
    assert!(matches!(from_buyer(&post, body.clone()), Admission::Foreign));
    let mut early = post.deal.seller.clone();
    early.papers.remove(&Paper::Acceptance);
    let by_stranger = event(&post, body.clone(), Side::Seller, &post.deal.people.stranger);
    assert!(matches!(post.read_as(&early, &by_stranger), Admission::Foreign));
    // By the right party, but under the root of another listing.
    let links = Links::to(post.deal.terms.seller).with(EventId::from_bytes([9; 32]), "", Marker::Root).with(
        other,
        "",
        Marker::Reply,
    );
    let elsewhere = sign(Body::from(body).draft(&links, post.now).unwrap(), &post.deal.people.buyer);
    assert!(matches!(post.read_as(&early, &elsewhere), Admission::Foreign));
}

#[test]
fn authors__somebody_else_than_the_right_party__named_with_the_role() {
    let post = Post::shipped(true);
    let paid = post.deal.seller.papers[&Paper::Payment];
    let people = &post.deal.people;
    let stranger = people.stranger.public_key().to_string();
    let by_stranger = event(&post, payment(&post), Side::Seller, &people.stranger);
    refused(post.read(Side::Seller, &by_stranger), &["kind 311", "buyer", &stranger]);
    // A refund signed by the buyer, a confirmation signed by the seller.
    refused(from_buyer(&post, kinds::Refund { payment: paid }), &["kind 314", "seller"]);
    refused(from_seller(&post, receipt(&post, Status::Received, None)), &["kind 313", "buyer"]);
    let dispute = Dispute { payment: paid, reason: "x".into(), details: None };
    let by_stranger = event(&post, dispute, Side::Seller, &people.stranger);
    refused(post.read(Side::Seller, &by_stranger), &["kind 312", &stranger]);
    let own = event(&post, payment(&post), Side::Seller, &people.buyer);
    assert!(matches!(post.read(Side::Buyer, &own), Admission::Own));
}

#[test]
fn authors__a_malformed_event__refused_from_the_peer_and_nothing_from_strangers() {
    let post = Post::offered(true);
    let mut draft = Body::from(payment(&post)).draft(&links(&post, Side::Seller), post.now).unwrap();
    draft.content = draft.content.replace("lightning_htlc", "barter");
    let by_buyer = sign(draft.clone(), &post.deal.people.buyer);
    refused(post.read(Side::Seller, &by_buyer), &["payment_method"]);
    let by_stranger = sign(draft, &post.deal.people.stranger);
    assert!(matches!(post.read(Side::Seller, &by_stranger), Admission::Foreign));
}

#[test]
fn links__missing_or_pointing_elsewhere__refused() {
    let post = Post::offered(true);
    let body = Body::from(payment(&post));
    let mut bare = body.draft(&links(&post, Side::Seller), post.now).unwrap();
    bare.tags.retain(|tag| tag[0] != "ref");
    let acceptance = payment(&post).acceptance;
    refused(post.read(Side::Seller, &sign(bare, &post.deal.people.buyer)), &["ref", &acceptance.to_string()]);
    let other = EventId::from_bytes([8; 32]);
    let two = links(&post, Side::Seller).with(acceptance, "", Marker::Reply).with(other, "", Marker::Reply);
    let two = sign(body.draft(&two, post.now).unwrap(), &post.deal.people.buyer);
    refused(post.read(Side::Seller, &two), &["replies to", &other.to_string()]);
}

#[test]
fn times__before_the_acceptance__refused_in_the_same_second_not() {
    let post = Post::offered(true);
    let body = Body::from(payment(&post));
    let made = post.times[&payment(&post).acceptance];
    let at = |time| {
        let links = links(&post, Side::Seller).with(payment(&post).acceptance, "", Marker::Reply);
        let draft = body.draft(&links, time).unwrap();
        post.read(Side::Seller, &sign(draft, &post.deal.people.buyer))
    };
    assert!(is_payment(&at(made)));
    refused(at(Unix(made.0 - 1)), &["created_at", &made.0.to_string(), &(made.0 - 1).to_string()]);
}

fn receipt(post: &Post, status: Status, secret: Option<Sealed>) -> ReceiptConfirmation {
    ReceiptConfirmation {
        payment: post.deal.seller.papers[&Paper::Payment],
        status,
        rating: None,
        feedback: None,
        delivery_confirmation_time: None,
        item_condition: None,
        shipping_rating: None,
        communication_rating: None,
        would_buy_again: None,
        dispute_reason: (status != Status::Received).then(|| "no".to_owned()),
        encrypted_preimage: secret,
        confirm: None,
    }
}

#[test]
fn receipt__each_status__its_condition_and_no_secret() {
    let post = Post::shipped(true);
    let cases = [
        (Status::Received, Condition::Received),
        (Status::PartiallyReceived, Condition::PartiallyReceived),
        (Status::NotReceived, Condition::NotReceived),
        (Status::Damaged, Condition::Damaged),
    ];
    for (status, meant) in cases {
        match from_buyer(&post, receipt(&post, status, None)) {
            Admission::Said { said: Said::Verdict { condition, secret: Secret::Absent }, preimage: None } => {
                assert_eq!(condition, meant);
            }
            other => panic!("{other:?}"),
        }
    }
}

fn secret_of(admission: Admission) -> (Secret, Option<PaymentHash>) {
    match admission {
        Admission::Said { said: Said::Verdict { secret, .. }, preimage } => {
            (secret, preimage.map(|preimage| preimage.hash()))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn receipt__the_right_secret__opens_and_comes_out() {
    let post = Post::shipped(true);
    let sealed = seal(&hex(preimage(Purpose::Purchase).expose()));
    let heard = secret_of(from_buyer(&post, receipt(&post, Status::Received, Some(sealed))));
    assert_eq!(heard, (Secret::Opens, Some(hash(Purpose::Purchase))));
}

#[test]
fn receipt__a_secret_of_every_digit__read_digit_by_digit() {
    let post = Post::shipped(true);
    let bytes = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef].repeat(4);
    let secret = Preimage::from_bytes(bytes.try_into().unwrap());
    let mut trade = post.deal.seller.clone();
    trade.leg_mut(Purpose::Purchase).unwrap().hash = Some(secret.hash());
    let sealed = seal(&hex(secret.expose()));
    let body = receipt(&post, Status::Received, Some(sealed));
    let event = event(&post, body, Side::Seller, &post.deal.people.buyer);
    assert_eq!(secret_of(post.read_as(&trade, &event)), (Secret::Opens, Some(secret.hash())));
}

#[test]
fn receipt__any_other_secret__wrong_and_nothing_comes_out() {
    let post = Post::shipped(true);
    let right = hex(preimage(Purpose::Purchase).expose());
    let wrong = [
        // Of the collateral, whose secret opens something else.
        hex(preimage(Purpose::BuyerCollateral).expose()),
        right.to_uppercase(),
        "0".repeat(64),
        "z".repeat(64),
    ];
    for text in wrong {
        let heard = secret_of(from_buyer(&post, receipt(&post, Status::Received, Some(seal(&text)))));
        assert_eq!(heard, (Secret::Wrong, None), "{text}");
    }
}

#[test]
fn receipt__plaintexts_of_other_lengths_or_none__wrong() {
    // F4: a longer string may hash to H and still settle nothing.
    let post = Post::shipped(true);
    let event =
        event(&post, receipt(&post, Status::Received, Some(seal(""))), Side::Seller, &post.deal.people.buyer);
    let right = hex(preimage(Purpose::Purchase).expose());
    let texts = [
        Some(format!("{right}00")),
        Some(right[..62].to_owned()),
        Some(String::new()),
        Some("a".into()),
        None,
    ];
    for text in texts {
        let made_at = |_: &EventId| None;
        let open = |_: &Sealed| text.clone().map(zeroize::Zeroizing::new);
        let reader = domp_escrow::admission::Reader {
            now: post.now,
            own_node: post.deal.people.seller_node.id(),
            may_split: true,
            commits: None,
            made_at: &made_at,
            open_secret: &open,
        };
        let heard = secret_of(domp_escrow::admission::admit(&post.deal.seller, &event, &reader));
        assert_eq!(heard, (Secret::Wrong, None));
    }
}

#[test]
fn agreement__known_terms_said_others_shown_and_custody_never_honoured() {
    let post = Post::shipped(true);
    let agreement = |term: Term| kinds::Agreement {
        payment: post.deal.seller.papers[&Paper::Payment],
        term,
        arbitrator_ref: Some(EventId::from_bytes([4; 32])),
        release_funds_to_arbitrator: Some(true),
    };
    for (term, meant) in [(Term::Cancel, Agreement::Cancel), (Term::Release, Agreement::Release)] {
        for admission in [from_buyer(&post, agreement(term.clone())), from_seller(&post, agreement(term))] {
            match admission {
                Admission::Said { said: Said::Agreed(heard), preimage: None } => assert_eq!(heard, meant),
                other => panic!("{other:?}"),
            }
        }
    }
    let extend = from_buyer(&post, agreement(Term::Extend));
    assert!(matches!(extend, Admission::Aside(Aside::NotSpoken(_))), "{extend:?}");
    match from_buyer(&post, agreement(Term::Other("half each".into()))) {
        Admission::Aside(Aside::Terms(words)) => assert_eq!(words, "half each"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn dispute_and_counter_bid__heard_without_effect_on_money() {
    let post = Post::shipped(true);
    let paid = post.deal.seller.papers[&Paper::Payment];
    let dispute = Dispute { payment: paid, reason: "empty box".into(), details: None };
    let heard = from_buyer(&post, dispute);
    assert!(matches!(heard, Admission::Said { said: Said::Dispute, preimage: None }), "{heard:?}");
    let counter = CounterBid {
        bid: post.deal.terms.trade,
        offer: crate::deal::sat(90_000),
        ln_invoice: None,
        seller_collateral_ref: None,
    };
    match from_seller(&post, counter) {
        Admission::Aside(Aside::CounterBid { offer }) => assert_eq!(offer, crate::deal::sat(90_000)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn kinds__that_are_no_part_of_a_direct_trade__foreign() {
    let post = Post::shipped(true);
    let deposit =
        CollateralDeposit { listing: post.deal.terms.listing, amount: crate::deal::sat(1), hash: None };
    let dispute = EventId::from_bytes([6; 32]);
    let offer = ArbitrationOffer {
        dispute: Some(dispute),
        arbitrator: None,
        terms: None,
        fee: None,
        contact_info: None,
    };
    let resolution = Resolution {
        dispute,
        resolution: "all to the seller".into(),
        fee: crate::deal::sat(0),
        fee_deducted_from: None,
    };
    for admission in [from_seller(&post, deposit), from_seller(&post, offer), from_seller(&post, resolution)]
    {
        assert!(matches!(admission, Admission::Foreign), "{admission:?}");
    }
}
