//! Acceptances at the buyer's end: which are paid, and why the others never are.

use crate::{
    deal::{ln_node, sat, sign},
    post::Post,
};
use domp_escrow::{
    admission::{Admission, Refused},
    input::{Command, Input, Said},
    stage::{Ending, Stage},
    terms::Side,
};
use domp_protocol::{
    deadlines::Agreed,
    event::VerifiedEvent,
    ids::PublicKey,
    invoice::{self, Hop},
    kinds::{Acceptance, AcceptanceEscrow, Kind},
    network::Network,
    node_key::NodeKey,
    purpose::Purpose,
    tags::{
        escrow::Mode,
        links::{Links, Marker},
    },
    units::{Blocks, Unix},
};

const P: Purpose = Purpose::Purchase;
const CB: Purpose = Purpose::BuyerCollateral;

/// A good invoice of a role, before it is signed.
fn invoice(post: &Post, role: Purpose) -> invoice::Draft {
    let leg = post.deal.buyer.leg(role).unwrap();
    post.draft_invoice(role, leg.hash.unwrap(), leg.amount, leg.cltv)
}

fn signed(post: &Post, role: Purpose) -> String {
    invoice(post, role).sign(&post.deal.people.seller_node).unwrap()
}

fn good(post: &Post) -> Acceptance {
    let terms = &post.deal.terms;
    Acceptance {
        bid: terms.trade,
        ln_invoice: signed(post, P),
        collateral_invoice: (!terms.buyer_collateral.is_zero()).then(|| signed(post, CB)),
        estimated_shipping_time: None,
        shipping_time_days: None,
        terms: None,
        invoice_expiry_seconds: None,
        htlc_timeout: Some(terms.agreed.purchase_cltv()),
        escrow: Some(AcceptanceEscrow {
            mode: Mode::Direct,
            heights: terms.agreed,
            node: ln_node(&post.deal.people.seller_node, &terms.seller),
            seller_collateral: None,
            relays: Vec::new(),
            backup: None,
        }),
    }
}

fn event(post: &Post, body: &Acceptance) -> VerifiedEvent {
    let links = Links::to(post.deal.terms.buyer).with(post.deal.terms.listing, "", Marker::Root).with(
        body.bid,
        "",
        Marker::Reply,
    );
    sign(body.draft(&links, post.now).unwrap(), &post.deal.people.seller)
}

fn read(post: &Post, body: &Acceptance) -> Said {
    match post.read(Side::Buyer, &event(post, body)) {
        Admission::Said { said, preimage: None } => said,
        other => panic!("{other:?}"),
    }
}

/// Why an acceptance must not be paid.
fn reason(post: &Post, body: &Acceptance) -> String {
    match read(post, body) {
        Said::BadAcceptance(reason) => reason,
        other => panic!("{other:?}"),
    }
}

/// Why an acceptance with this spoiled purchase invoice must not be paid.
fn reason_for(post: &Post, spoil: impl FnOnce(&mut invoice::Draft)) -> String {
    let mut draft = invoice(post, P);
    spoil(&mut draft);
    let ln_invoice = draft.sign(&post.deal.people.seller_node).unwrap();
    reason(post, &Acceptance { ln_invoice, ..good(post) })
}

#[track_caller]
fn names(reason: &str, parts: &[&str]) {
    for part in parts {
        assert!(reason.contains(part), "{part:?} is not in {reason:?}");
    }
}

#[test]
fn acceptance__good__offers_in_the_order_of_the_legs() {
    for collateral in [true, false] {
        let post = Post::begun(collateral);
        let Said::Acceptance(offers) = read(&post, &good(&post)) else { panic!("refused") };
        let roles: Vec<Purpose> = offers.iter().map(|offer| offer.purpose).collect();
        assert_eq!(roles, if collateral { vec![CB, P] } else { vec![P] });
        for (offer, leg) in offers.iter().zip(&post.deal.buyer.legs) {
            assert_eq!((Some(offer.hash), offer.amount, offer.cltv), (leg.hash, leg.amount, leg.cltv));
            assert_eq!(offer.expires, post.now.plus(86_400));
        }
    }
}

#[test]
fn acceptance__hashed_description_and_upper_case__still_good() {
    let post = Post::begun(true);
    let mut draft = invoice(&post, P);
    draft.hashed_description = true;
    let ln_invoice = draft.sign(&post.deal.people.seller_node).unwrap().to_uppercase();
    let said = read(&post, &Acceptance { ln_invoice, ..good(&post) });
    assert!(matches!(said, Said::Acceptance(_)), "{said:?}");
}

#[test]
fn acceptance__invoice_on_the_sellers_own_hash__never_paid() {
    let post = Post::begun(true);
    let why = reason_for(&post, |draft| draft.hash = domp_protocol::ids::PaymentHash::from_bytes([1; 32]));
    names(&why, &["field ln_invoice", "payment hash", "ours"]);
}

#[test]
fn acceptance__wrong_amounts__both_values_named() {
    let post = Post::begun(true);
    for amount in [99_999, 100_001] {
        let why = reason_for(&post, |draft| draft.amount = Some(sat(amount).to_msat()));
        names(&why, &["field ln_invoice", &format!("{amount}000 msat"), "100000000 msat"]);
    }
    names(&reason_for(&post, |draft| draft.amount = None), &["names no amount"]);
}

#[test]
fn acceptance__wrong_network__named() {
    let post = Post::begun(true);
    names(&reason_for(&post, |draft| draft.network = Network::Mainnet), &["mainnet", "regtest"]);
}

#[test]
fn acceptance__invoice_of_another_node_or_our_own__never_paid() {
    let post = Post::begun(true);
    let other = NodeKey::from_bytes(&[0x66; 32]).unwrap();
    let by = |key: &NodeKey| Acceptance { ln_invoice: invoice(&post, P).sign(key).unwrap(), ..good(&post) };
    names(&reason(&post, &by(&other)), &["field ln_invoice", &other.id().to_string()]);
    names(&reason(&post, &by(&post.deal.people.buyer_node)), &["our own node"]);
}

#[test]
fn acceptance__description_of_another_trade_or_role__never_paid() {
    let post = Post::begun(true);
    let other = domp_protocol::ids::EventId::from_bytes([3; 32]);
    let why = reason_for(&post, |draft| draft.description = invoice::description(P, &other));
    names(&why, &["description", &post.deal.terms.trade.to_string()]);
    let trade = post.deal.terms.trade;
    names(&reason_for(&post, |draft| draft.description = invoice::description(CB, &trade)), &["description"]);
}

#[test]
fn acceptance__expiry_and_timestamp_outside_the_rules__never_paid() {
    let post = Post::begun(true);
    names(&reason_for(&post, |draft| draft.expiry_seconds = 31_536_000), &["31536000 s", "86400 s"]);
    names(&reason_for(&post, |draft| draft.expiry_seconds = 3599), &["3599 s", "3600"]);
    let now = post.now;
    names(&reason_for(&post, |draft| draft.timestamp = now.plus(601)), &["ahead of our clock"]);
    // Ten minutes must have been left when it was accepted.
    names(&reason_for(&post, |draft| draft.timestamp = Unix(now.0 - 86_400 + 599)), &["at least 600 s"]);
    let mut draft = invoice(&post, P);
    draft.timestamp = Unix(now.0 - 86_400 + 600);
    let ln_invoice = draft.sign(&post.deal.people.seller_node).unwrap();
    assert!(matches!(read(&post, &Acceptance { ln_invoice, ..good(&post) }), Said::Acceptance(_)));
}

#[test]
fn acceptance__any_other_c_than_the_agreed__never_paid() {
    let post = Post::begun(true);
    let agreed = u64::from(post.deal.terms.agreed.purchase_cltv().0);
    for (cltv, word) in [
        (18, "need"),
        (agreed - 1, "need"),
        (agreed + 1, "at most"),
        (1850, "at most"),
        (u64::MAX / 2, "at most"),
    ] {
        let why = reason_for(&post, |draft| draft.cltv = cltv);
        names(&why, &["field c", &cltv.to_string(), &agreed.to_string(), word]);
    }
}

#[test]
fn acceptance__an_amount_to_be_split_without_mpp__never_paid() {
    let post = Post::begun(true);
    names(&reason_for(&post, |draft| draft.splits = false), &["field 9", "mpp"]);
}

#[test]
fn acceptance__route_hints_without_end__never_paid() {
    let post = Post::begun(true);
    let hop = Hop {
        from: post.deal.people.seller_node.id(),
        channel: 1,
        base_msat: 0,
        per_million: 0,
        cltv_delta: 2000,
    };
    names(
        &reason_for(&post, |draft| draft.hints = vec![vec![hop]]),
        &["route hints", "blocks along one hint"],
    );
}

#[test]
fn acceptance__the_two_invoices_swapped_or_the_same__never_paid() {
    let post = Post::begun(true);
    let swapped = Acceptance {
        ln_invoice: signed(&post, CB),
        collateral_invoice: Some(signed(&post, P)),
        ..good(&post)
    };
    names(&reason(&post, &swapped), &["collateral_invoice", "payment hash"]);
    let upper = Acceptance { collateral_invoice: Some(signed(&post, P).to_uppercase()), ..good(&post) };
    names(&reason(&post, &upper), &["collateral_invoice", "payment hash"]);
    let mut draft = good(&post).draft(&Links::default(), post.now).unwrap();
    draft.content = draft.content.replace(&signed(&post, CB), &signed(&post, P));
    match post.read(Side::Buyer, &sign(draft, &post.deal.people.seller)) {
        Admission::Refused(Refused::Malformed(error)) => {
            names(&error.to_string(), &["collateral_invoice", "same"])
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn acceptance__both_roles_on_one_hash_by_a_fault_of_our_own__never_paid() {
    let mut post = Post::begun(true);
    let hash = post.deal.buyer.leg(P).unwrap().hash;
    post.deal.buyer.leg_mut(CB).unwrap().hash = hash;
    names(&reason(&post, &good(&post)), &["both invoices are on payment hash"]);
}

#[test]
fn acceptance__placeholders_and_rubbish_for_invoices__refused_with_a_clear_reason() {
    let post = Post::begun(true);
    for text in ["lnbc800m1pwjqwqpp5abc123...", "mock_invoice_123", "lnbc", "\u{fc}", "lnbcrt1"] {
        let why = reason(&post, &Acceptance { ln_invoice: text.into(), ..good(&post) });
        names(&why, &["field ln_invoice", "not a valid BOLT11 invoice"]);
    }
}

#[test]
fn acceptance__an_invoice_where_there_is_no_collateral_or_none_where_there_is__never_paid() {
    let post = Post::begun(true);
    let without = Acceptance { collateral_invoice: None, ..good(&post) };
    names(&reason(&post, &without), &["collateral_invoice is missing", "100000 sat"]);
    let post = Post::begun(false);
    let with = Acceptance { collateral_invoice: Some(signed(&post, P).to_uppercase()), ..good(&post) };
    names(&reason(&post, &with), &["collateral_invoice", "collateral is 0"]);
}

fn with_escrow(post: &Post, change: impl FnOnce(&mut AcceptanceEscrow)) -> Acceptance {
    let mut body = good(post);
    if let Some(escrow) = body.escrow.as_mut() {
        change(escrow);
    }
    body
}

#[test]
fn acceptance__other_terms_than_the_bids__never_paid() {
    let post = Post::begun(true);
    let none = Acceptance { escrow: None, ..good(&post) };
    names(&reason(&post, &none), &["tag escrow is missing"]);
    let mode = with_escrow(&post, |escrow| escrow.mode = Mode::Arbitrated);
    names(&reason(&post, &mode), &["tag escrow", "arbitrated", "direct"]);
    for change in [
        (|agreed: &mut Agreed| agreed.handling = Blocks(145)) as fn(&mut Agreed),
        |agreed| agreed.transit = Blocks(0),
        |agreed| agreed.inspection = Blocks(144),
        |agreed| agreed.seller_auto_cancel = Blocks(19),
        |agreed| agreed.buyer_auto_cancel = Some(Blocks(19)),
    ] {
        let body = with_escrow(&post, |escrow| change(&mut escrow.heights));
        names(&reason(&post, &body), &["tag heights"]);
    }
    for timeout in [None, Some(Blocks(144)), Some(Blocks(2016))] {
        let body = Acceptance { htlc_timeout: timeout, ..good(&post) };
        names(&reason(&post, &body), &["htlc_timeout_blocks", "967 blocks"]);
    }
}

#[test]
fn acceptance__another_node_than_the_listings__never_paid_even_if_it_proves_itself() {
    let post = Post::begun(true);
    let other = NodeKey::from_bytes(&[0x66; 32]).unwrap();
    let node = ln_node(&other, &post.deal.terms.seller);
    let moved = with_escrow(&post, |escrow| escrow.node = node);
    names(&reason(&post, &moved), &["tag ln_node", &other.id().to_string(), "no other node is paid"]);
    let stranger: PublicKey = post.deal.people.stranger.public_key();
    let node = ln_node(&post.deal.people.seller_node, &stranger);
    let stolen = with_escrow(&post, |escrow| escrow.node = node);
    names(&reason(&post, &stolen), &["tag ln_node", "signature"]);
}

#[test]
fn acceptance__read_days_later__judged_as_of_its_own_time_and_no_longer_payable() {
    let mut post = Post::begun(true);
    let event = event(&post, &good(&post));
    post.now = post.now.plus(3 * 86_400);
    let Admission::Said { said, .. } = post.read(Side::Buyer, &event) else { panic!("not said") };
    assert!(matches!(said, Said::Acceptance(_)), "{said:?}");
    // Whoever has not paid yet cannot any more.
    post.input(Side::Buyer, &Input::Said { event: event.id(), said });
    assert_eq!(post.stage(Side::Buyer), Stage::Ended(Ending::Abandoned));
    post.order(Side::Buyer, Command::Pay);
    assert!(
        post.deal.buyer.legs.iter().all(|leg| leg.paying().is_some_and(|paying| paying.asked_at.is_none()))
    );
}

#[test]
fn acceptance__dated_ahead_of_our_clock__judged_by_our_clock() {
    let mut post = Post::begun(true);
    let now = post.now;
    let mut draft = invoice(&post, P);
    draft.timestamp = now.plus(1000);
    let ln_invoice = draft.sign(&post.deal.people.seller_node).unwrap();
    let body = Acceptance { ln_invoice, ..good(&post) };
    post.now = now.plus(800);
    let event = event(&post, &body);
    post.now = now;
    let Admission::Said { said: Said::BadAcceptance(why), .. } = post.read(Side::Buyer, &event) else {
        panic!("not refused")
    };
    names(&why, &["1000 s ahead of our clock"]);
}

#[test]
fn acceptance__one_that_must_not_be_paid__ends_the_trade_before_anything_is_locked() {
    let mut post = Post::begun(true);
    let bad = event(&post, &Acceptance { ln_invoice: "mock".into(), ..good(&post) });
    let Admission::Said { said, .. } = post.read(Side::Buyer, &bad) else { panic!("not said") };
    post.input(Side::Buyer, &Input::Said { event: bad.id(), said });
    assert_eq!(post.stage(Side::Buyer), Stage::Ended(Ending::Abandoned));
    post.order(Side::Buyer, Command::Pay);
    assert!(
        post.deal.buyer.legs.iter().all(|leg| leg.paying().is_some_and(|paying| paying.asked_at.is_none()))
    );
}
