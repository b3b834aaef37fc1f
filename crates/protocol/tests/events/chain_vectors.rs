//! Chains of events: who may say what, after what, and when.

use crate::{
    people::{T, Who},
    samples::{self, Trade, event, sat},
    vector::Vector,
};
use domp_protocol::{
    event::VerifiedEvent,
    ids::EventId,
    kinds::{Acceptance, Bid, Body, Listing, Message, PaymentConfirmation, PaymentMethod, Term},
    tags::{
        escrow::Mode,
        links::{Links, Marker},
    },
    units::Blocks,
};
use serde_json::{Value, json};

pub fn table() -> Vec<Vector> {
    [valid(), bids(), acceptances(), payments(), afterwards(), places()].into_iter().flatten().collect()
}

fn input(trade: EventId, events: &[&VerifiedEvent]) -> Value {
    let events: Vec<Value> =
        events.iter().map(|event| serde_json::from_str(&event.json()).unwrap()).collect();
    json!({ "trade": trade, "events": events })
}
fn ok(name: &'static str, what: &'static str, trade: EventId, events: &[&VerifiedEvent]) -> Vector {
    let gives = json!({ "events": events.len() });
    Vector { name, what, rule: "[D3-49]", input: input(trade, events), expect: Ok(gives) }
}
fn bad(
    name: &'static str,
    what: &'static str,
    rule: &'static str,
    events: &[&VerifiedEvent],
    part: &'static str,
) -> Vector {
    let bid = events.iter().find(|event| event.kind() == 301).expect("a chain has a bid");
    Vector { name, what, rule, input: input(bid.id(), events), expect: Err(part) }
}

pub fn buyer(body: impl Into<Body>, at: u64) -> VerifiedEvent {
    event(Who::Buyer, body, &Links::to(Who::Seller.key()), at)
}
pub fn seller(body: impl Into<Body>, at: u64) -> VerifiedEvent {
    event(Who::Seller, body, &Links::to(Who::Buyer.key()), at)
}
fn stranger(body: impl Into<Body>, at: u64) -> VerifiedEvent {
    event(Who::Stranger, body, &Links::default(), at)
}
pub fn listing_with(change: impl FnOnce(&mut Listing)) -> VerifiedEvent {
    let mut listing = samples::listing();
    change(&mut listing);
    seller(listing, T)
}
fn bid_with(listing: &VerifiedEvent, change: impl FnOnce(&mut Bid)) -> VerifiedEvent {
    let mut bid = samples::bid(listing.id());
    change(&mut bid);
    buyer(bid, T + 10)
}
fn acceptance_with(bid: &VerifiedEvent, change: impl FnOnce(&mut Acceptance)) -> VerifiedEvent {
    let mut acceptance = samples::acceptance(bid.id());
    change(&mut acceptance);
    seller(acceptance, T + 20)
}
fn payment_with(acceptance: &VerifiedEvent, change: impl FnOnce(&mut PaymentConfirmation)) -> VerifiedEvent {
    let mut payment = samples::payment(acceptance.id());
    change(&mut payment);
    buyer(payment, T + 30)
}
/// As a plain client writes it: no escrow tags.
fn plain_bid(listing: &VerifiedEvent) -> VerifiedEvent {
    bid_with(listing, |bid| bid.escrow = None)
}

/// A bargain: a first bid, the seller's counter bid above the price, and the bid that answers it.
pub fn bargain() -> (VerifiedEvent, VerifiedEvent, VerifiedEvent, VerifiedEvent) {
    let listing = listing_with(|_| ());
    let first = bid_with(&listing, |bid| bid.amount = sat(70_000));
    let counter = seller(samples::counter_bid(first.id()), T + 12);
    let answer = answer(&listing, &counter, 90_000);
    (listing, first, counter, answer)
}
fn answer(listing: &VerifiedEvent, counter: &VerifiedEvent, amount: u64) -> VerifiedEvent {
    let mut bid = samples::bid(listing.id());
    bid.amount = sat(amount);
    let links = Links::to(Who::Seller.key()).with(counter.id(), "", Marker::Reply);
    event(Who::Buyer, bid, &links, T + 14)
}

fn valid() -> Vec<Vector> {
    let trade = Trade::new();
    let mut backwards = trade.events();
    backwards.reverse();
    let payment = trade.payment.id();
    let disputes = [buyer(samples::dispute(payment), T + 31), seller(samples::dispute(payment), T + 31)];
    let agreements = [
        seller(samples::agreement(payment, Term::Cancel), T + 33),
        buyer(samples::agreement(payment, Term::Cancel), T + 34),
    ];
    let refund = seller(samples::refund(payment), T + 32);
    let deposit = seller(samples::deposit(trade.listing.id()), T + 22);
    let mut all = trade.events().to_vec();
    all.extend(disputes.iter().chain(&agreements).chain([&refund, &deposit]));
    let (listing, first, counter, answer) = bargain();
    let same_second = {
        let listing = listing_with(|_| ());
        let bid = buyer(samples::bid(listing.id()), T);
        let acceptance = seller(samples::acceptance(bid.id()), T);
        [listing, bid, acceptance]
    };
    let plain = {
        let listing = listing_with(|listing| listing.escrow = None);
        let bid = plain_bid(&listing);
        let acceptance = acceptance_with(&bid, |acceptance| {
            (acceptance.escrow, acceptance.collateral_invoice, acceptance.htlc_timeout) = (None, None, None);
        });
        let payment = payment_with(&acceptance, |payment| {
            (payment.payment_method, payment.collateral_proof) = (PaymentMethod::LightningKeysend, None);
        });
        [listing, bid, acceptance, payment]
    };
    vec![
        ok("chain-whole", "a whole trade in order", trade.bid.id(), &trade.events()),
        ok(
            "chain-backwards",
            "the same trade, the last event first: held, not dropped",
            trade.bid.id(),
            &backwards,
        ),
        ok(
            "chain-replayed",
            "every event twice: replays are harmless",
            trade.bid.id(),
            &[trade.events(), trade.events()].concat(),
        ),
        ok(
            "chain-with-everything",
            "with deposit, disputes and agreements of both sides, refund",
            trade.bid.id(),
            &all,
        ),
        ok(
            "chain-same-second",
            "listing, bid and acceptance made in the same second",
            same_second[1].id(),
            &same_second.each_ref(),
        ),
        ok(
            "chain-bargain",
            "a bid above the price that answers the seller's counter bid",
            answer.id(),
            &[&answer, &counter, &first, &listing],
        ),
        ok("chain-plain", "a trade of plain clients, without escrow tags", plain[1].id(), &plain.each_ref()),
    ]
}

fn bids() -> Vec<Vector> {
    let listing = listing_with(|_| ());
    let rule = "DIP-02";
    let (_, first, _, _) = bargain();
    let own = event(Who::Seller, samples::bid(listing.id()), &Links::default(), T + 10);
    let above = bid_with(&listing, |bid| bid.amount = sat(samples::PRICE + 1));
    let tenth = bid_with(&listing, |bid| bid.amount = sat(samples::PRICE * 11 / 10));
    let own_counter = buyer(samples::counter_bid(first.id()), T + 12);
    let strangers_counter = stranger(samples::counter_bid(first.id()), T + 12);
    let counter = seller(samples::counter_bid(first.id()), T + 12);
    let other_bid = event(Who::Stranger, samples::bid(listing.id()), &Links::default(), T + 10);
    let to_other = seller(samples::counter_bid(other_bid.id()), T + 12);
    let answering = |counter: &VerifiedEvent| answer(&listing, counter, 90_000);
    let unlinked = {
        let mut draft = domp_protocol::kinds::Kind::draft(
            &samples::bid(listing.id()),
            &Links::default(),
            domp_protocol::units::Unix(T + 10),
        )
        .unwrap();
        draft.tags.retain(|tag| tag[0] != "ref");
        draft.sign(&Who::Buyer.signer()).unwrap()
    };
    let shorter = bid_with(&listing, |bid| bid.escrow.as_mut().unwrap().heights.handling = Blocks(72));
    let without = listing_with(|listing| listing.escrow = None);
    let answers = [
        answering(&own_counter),
        answering(&to_other),
        answer(&listing, &counter, 90_001),
        answering(&strangers_counter),
    ];
    vec![
        bad(
            "chain-bid-on-own-listing",
            "the seller bids on its own listing",
            rule,
            &[&listing, &own],
            "the listing's own seller",
        ),
        bad(
            "chain-bid-above-price",
            "one satoshi above the price",
            rule,
            &[&listing, &above],
            "the bid of 80001 sat is above 80000 sat",
        ),
        bad(
            "chain-bid-tenth-above-price",
            "some clients allow a tenth more",
            rule,
            &[&listing, &tenth],
            "the bid of 88000 sat is above",
        ),
        bad(
            "chain-bid-before-listing",
            "a bid older than the listing",
            rule,
            &[&listing, &buyer(samples::bid(listing.id()), T - 1)],
            "created_at is",
        ),
        bad(
            "chain-bid-not-linked",
            "the listing in the content only",
            rule,
            &[&listing, &unlinked],
            "no `ref` tag does",
        ),
        bad(
            "chain-bid-other-heights",
            "a bid that gives the seller less time than the listing",
            "[D3-55]",
            &[&listing, &shorter],
            "the heights tag differs",
        ),
        bad(
            "chain-bid-escrow-not-offered",
            "escrow on a listing that does not offer it",
            rule,
            &[&without, &buyer(samples::bid(without.id()), T + 10)],
            "which the event it answers does not",
        ),
        bad(
            "chain-bid-mode-not-offered",
            "a mode that the listing does not offer",
            rule,
            &[&listing, &arbitrated_bid(&listing)],
            "the mode arbitrated is not one",
        ),
        bad(
            "chain-bid-answers-own-counter",
            "a bid above the price that answers the buyer's own counter bid",
            rule,
            &[&listing, &answers[0], &first, &own_counter],
            "is not the seller's answer",
        ),
        bad(
            "chain-bid-answers-counter-of-another",
            "a bid that answers the counter bid to somebody else",
            rule,
            &[&listing, &answers[1], &other_bid, &to_other],
            "is not the seller's answer",
        ),
        bad(
            "chain-bid-above-counter",
            "a bid above the counter bid too",
            rule,
            &[&listing, &answers[2], &first, &counter],
            "the bid of 90001 sat is above 90000 sat",
        ),
        bad(
            "chain-bid-answers-stranger",
            "a bid that answers a stranger's counter bid: it waits for a valid one",
            rule,
            &[&listing, &answers[3], &first, &strangers_counter],
            "is held for",
        ),
        bad(
            "chain-bid-without-listing",
            "the listing never arrives",
            rule,
            &[&buyer(samples::bid(listing.id()), T + 10)],
            "is held for",
        ),
    ]
}

fn arbitrated_bid(listing: &VerifiedEvent) -> VerifiedEvent {
    bid_with(listing, |bid| {
        let escrow = bid.escrow.as_mut().unwrap();
        escrow.mode = Mode::Arbitrated;
        escrow.arbiter = Some(domp_protocol::tags::arbiter::Arbiter {
            key: Who::Arbiter.key(),
            relay: samples::relays()[0].clone(),
            ruling: Blocks(432),
            fee: sat(1000),
        });
    })
}

fn acceptances() -> Vec<Vector> {
    let listing = listing_with(|_| ());
    let bid = bid_with(&listing, |_| ());
    let plain = plain_bid(&listing);
    let no_collateral = bid_with(&listing, |bid| {
        bid.buyer_collateral = sat(0);
        bid.escrow.as_mut().unwrap().commits.buyer_collateral = None;
    });
    let rule = "DIP-02";
    let with = |change: fn(&mut Acceptance)| acceptance_with(&bid, change);
    let good = with(|_| ());
    let second = seller(samples::acceptance(bid.id()), T + 21);
    let by_buyer = buyer(samples::acceptance(bid.id()), T + 20);
    let elsewhere = event(
        Who::Seller,
        samples::acceptance(bid.id()),
        &Links::default().with(bid.id(), "", Marker::Mention).with(plain.id(), "", Marker::Reply),
        T + 20,
    );
    vec![
        bad(
            "chain-acceptance-by-buyer",
            "the buyer accepts its own bid",
            rule,
            &[&listing, &bid, &by_buyer],
            "kind 303 must be signed by the seller",
        ),
        bad(
            "chain-acceptance-by-stranger",
            "a stranger's invoices",
            rule,
            &[&listing, &bid, &stranger(samples::acceptance(bid.id()), T + 20)],
            "kind 303 must be signed by the seller",
        ),
        bad(
            "chain-acceptance-before-bid",
            "accepted before it was bid",
            rule,
            &[&listing, &bid, &seller(samples::acceptance(bid.id()), T + 9)],
            "created_at is",
        ),
        bad(
            "chain-acceptance-of-other-bid",
            "the acceptance of another bid on the same listing",
            rule,
            &[&listing, &bid, &acceptance_with(&plain, |_| ())],
            "it belongs to another trade",
        ),
        bad(
            "chain-acceptance-linked-elsewhere",
            "the content accepts one bid, the tag replies to another",
            rule,
            &[&listing, &bid, &elsewhere],
            "but a `ref` tag replies to",
        ),
        bad(
            "chain-acceptance-of-listing",
            "an acceptance that names the listing as its bid",
            rule,
            &[&listing, &bid, &acceptance_with(&listing, |_| ())],
            "it belongs to another trade",
        ),
        bad(
            "chain-acceptance-second",
            "a second acceptance with other invoices",
            rule,
            &[&listing, &bid, &good, &second],
            "a second of its kind",
        ),
        bad(
            "chain-acceptance-other-heights",
            "the seller shortens the buyer's inspection",
            "[D3-55]",
            &[&listing, &bid, &with(|it| it.escrow.as_mut().unwrap().heights.inspection = Blocks(144))],
            "the heights tag differs",
        ),
        bad(
            "chain-acceptance-other-distance",
            "the seller changes D_B",
            "[D3-55]",
            &[
                &listing,
                &bid,
                &with(|it| it.escrow.as_mut().unwrap().heights.buyer_auto_cancel = Some(Blocks(13))),
            ],
            "the heights tag differs",
        ),
        bad(
            "chain-acceptance-hold-default",
            "the hold left at 144 blocks, though the heights need more",
            "[D3-53]",
            &[&listing, &bid, &with(|it| it.htlc_timeout = None)],
            "htlc_timeout_blocks is 144 blocks; the agreed heights make it 967 blocks",
        ),
        bad(
            "chain-acceptance-hold-longer",
            "a hold longer than agreed",
            "[D3-54]",
            &[&listing, &bid, &with(|it| it.htlc_timeout = Some(Blocks(1850)))],
            "the agreed heights make it 967 blocks",
        ),
        bad(
            "chain-acceptance-drops-escrow",
            "the bid chooses escrow, the acceptance forgets it",
            rule,
            &[&listing, &bid, &with(|it| it.escrow = None)],
            "the acceptance carries no escrow tag",
        ),
        bad(
            "chain-acceptance-invents-escrow",
            "escrow on a bid that did not choose it",
            rule,
            &[&listing, &plain, &acceptance_with(&plain, |_| ())],
            "which the event it answers does not",
        ),
        bad(
            "chain-acceptance-without-collateral",
            "no invoice for the collateral",
            "[D3-15]",
            &[&listing, &bid, &with(|it| it.collateral_invoice = None)],
            "collateral_invoice must be there exactly when",
        ),
        bad(
            "chain-acceptance-of-no-collateral",
            "an invoice for a collateral of zero",
            "[D3-15]",
            &[&listing, &no_collateral, &acceptance_with(&no_collateral, |_| ())],
            "collateral_invoice must be there exactly when",
        ),
    ]
}

fn payments() -> Vec<Vector> {
    let Trade { listing, bid, acceptance, payment, .. } = Trade::new();
    let rule = "[D3-21]";
    let chain = [&listing, &bid, &acceptance];
    let with = |change: fn(&mut PaymentConfirmation)| payment_with(&acceptance, change);
    let case = |name, what, rule, last: &VerifiedEvent, part| {
        bad(name, what, rule, &[chain.as_slice(), &[last]].concat(), part)
    };
    let of_bid = payment_with(&bid, |_| ());
    let second = buyer(samples::payment(acceptance.id()), T + 31);
    vec![
        case(
            "chain-payment-by-seller",
            "the seller says that the buyer paid",
            rule,
            &seller(samples::payment(acceptance.id()), T + 30),
            "kind 311 must be signed by the buyer",
        ),
        case(
            "chain-payment-of-bid",
            "bid_ref means the acceptance, not the bid",
            rule,
            &of_bid,
            "as an event of kind 303, which is one of kind 301",
        ),
        case(
            "chain-payment-before-acceptance",
            "paid before it was accepted",
            rule,
            &buyer(samples::payment(acceptance.id()), T + 19),
            "created_at is",
        ),
        case(
            "chain-payment-by-keysend",
            "a payment that holds nothing",
            "[D3-23]",
            &with(|it| it.payment_method = PaymentMethod::LightningKeysend),
            "payment_method is lightning_keysend, which holds no money",
        ),
        case(
            "chain-payment-on-chain",
            "a payment that holds nothing",
            "[D3-23]",
            &with(|it| it.payment_method = PaymentMethod::Onchain),
            "payment_method is onchain",
        ),
        case(
            "chain-payment-without-collateral",
            "no proof of the collateral",
            rule,
            &with(|it| it.collateral_proof = None),
            "collateral_proof must be there exactly when",
        ),
        case(
            "chain-payment-other-hold",
            "another hold than agreed",
            "[D3-12]",
            &with(|it| it.escrow_timeout = Some(Blocks(144))),
            "escrow_timeout_blocks is 144 blocks",
        ),
        bad(
            "chain-payment-second",
            "a second payment confirmation",
            rule,
            &[chain.as_slice(), &[&payment, &second]].concat(),
            "a second of its kind",
        ),
        bad(
            "chain-payment-of-unknown",
            "of an acceptance that nobody has seen",
            rule,
            &[&listing, &bid, &payment],
            "is held for",
        ),
    ]
}

fn afterwards() -> Vec<Vector> {
    let trade = Trade::new();
    let chain = &trade.events()[..4];
    let payment = trade.payment.id();
    let case = |name, what, rule, last: &VerifiedEvent, part| {
        bad(name, what, rule, &[chain, &[last]].concat(), part)
    };
    let mut damaged = samples::receipt(payment);
    damaged.status = domp_protocol::kinds::Status::Damaged;
    damaged.dispute_reason = Some("broken".to_owned());
    damaged.encrypted_preimage = None;
    let second = buyer(damaged, T + 41);
    let whole = trade.events();
    let deposit_for_other = {
        let links = Links::default().with(EventId::from_bytes([9; 32]), "", Marker::Reply);
        event(Who::Seller, samples::deposit(trade.listing.id()), &links, T + 21)
    };
    let other_listing = seller(Listing { name: Some("another".into()), ..samples::listing() }, T);
    vec![
        case(
            "chain-receipt-by-seller",
            "the seller confirms its own delivery",
            "[D3-29]",
            &seller(samples::receipt(payment), T + 40),
            "kind 313 must be signed by the buyer",
        ),
        case(
            "chain-receipt-by-stranger",
            "a stranger confirms",
            "[D3-29]",
            &stranger(samples::receipt(payment), T + 40),
            "kind 313 must be signed by the buyer",
        ),
        case(
            "chain-receipt-of-acceptance",
            "a receipt for the acceptance",
            "[D3-49]",
            &buyer(samples::receipt(trade.acceptance.id()), T + 40),
            "as an event of kind 311, which is one of kind 303",
        ),
        case(
            "chain-receipt-before-payment",
            "received before it was paid",
            "[D3-49]",
            &buyer(samples::receipt(payment), T + 29),
            "created_at is",
        ),
        bad(
            "chain-receipt-second",
            "received, and then damaged: the first stands",
            "[D3-57]",
            &[whole.as_slice(), &[&second]].concat(),
            "a second of its kind",
        ),
        case(
            "chain-refund-by-buyer",
            "the buyer refunds itself",
            "[D3-78]",
            &buyer(samples::refund(payment), T + 40),
            "kind 314 must be signed by the seller",
        ),
        case(
            "chain-dispute-by-stranger",
            "a stranger disputes",
            "[D3-77]",
            &stranger(samples::dispute(payment), T + 40),
            "must be signed by the buyer or the seller",
        ),
        case(
            "chain-agreement-by-stranger",
            "a stranger agrees",
            "[D3-78]",
            &stranger(samples::agreement(payment, Term::Release), T + 40),
            "must be signed by the buyer or the seller",
        ),
        case(
            "chain-deposit-by-buyer",
            "the buyer deposits the seller's collateral",
            "[D3-33]",
            &buyer(samples::deposit(trade.listing.id()), T + 21),
            "kind 310 must be signed by the seller",
        ),
        case(
            "chain-deposit-for-other-bid",
            "a deposit for another bid",
            "[D3-33]",
            &deposit_for_other,
            "it belongs to another trade",
        ),
        case(
            "chain-counter-by-stranger",
            "a stranger's counter bid",
            "DIP-02",
            &stranger(samples::counter_bid(trade.bid.id()), T + 12),
            "must be signed by the buyer or the seller",
        ),
        case(
            "chain-other-listing",
            "a listing that the bid does not name",
            "[D3-13]",
            &other_listing,
            "it belongs to another trade",
        ),
        case(
            "chain-other-bid",
            "another bid on the same listing is another trade",
            "[D3-13]",
            &plain_bid(&trade.listing),
            "it belongs to another trade",
        ),
        case(
            "chain-message",
            "a message is no part of a chain",
            "DIP-02",
            &buyer(Message { message: "hello".into(), about: Some(payment) }, T + 40),
            "kind 320 is no part",
        ),
    ]
}

fn places() -> Vec<Vector> {
    let Trade { listing, bid, acceptance, payment, receipt } = Trade::new();
    let not_a_bid = Vector {
        name: "chain-trade-is-no-bid",
        what: "a trade named by its listing",
        rule: "[D3-13]",
        input: input(listing.id(), &[&listing, &bid]),
        expect: Err("as an event of kind 301, which is one of kind 300"),
    };
    vec![
        not_a_bid,
        bad(
            "chain-gap",
            "the acceptance is missing: what follows waits for it",
            "[D3-49]",
            &[&listing, &bid, &payment, &receipt],
            "is held for",
        ),
        bad(
            "chain-bid-missing-listing-later-events",
            "without the listing nothing can be judged",
            "[D3-49]",
            &[&bid, &acceptance, &payment],
            "is held for",
        ),
    ]
}
