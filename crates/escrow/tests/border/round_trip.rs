//! Every letter that one side drafts is what the other side hears, through real signatures.

use crate::{
    deal::{preimage, sat},
    post::{LATE, Post, damaged, parcel, received},
};
use domp_escrow::{
    admission::{Admission, Aside},
    draft::{self, Draft, Enclosures},
    input::{Agreement, Command, Condition, Offer, Said, Secret},
    letter::{Message, Paper},
    stage::{Ending, Stage},
    terms::Side,
    trade::Trade,
};
use domp_protocol::{
    ids::EventId,
    purpose::Purpose,
    secret::Preimage,
    units::{Blocks, Height},
};

/// What the other side has to hear of a letter.
fn meant(trade: &Trade, message: &Message) -> Said {
    match message {
        Message::Bid => panic!("a bid makes a trade and is not said in one"),
        Message::Hashes(hashes) => Said::Hashes(hashes.clone()),
        Message::Acceptance => Said::Acceptance(
            trade
                .legs
                .iter()
                .map(|leg| Offer {
                    purpose: leg.purpose,
                    hash: leg.hash.unwrap(),
                    amount: leg.amount,
                    cltv: leg.cltv,
                    expires: leg.invoice_expires.unwrap(),
                    bolt11: leg.invoice.clone().unwrap(),
                })
                .collect(),
        ),
        Message::Payment => Said::Payment,
        Message::LockAck(ack) => Said::LockAck(ack.clone()),
        Message::LockOk { ack } => Said::LockOk { ack: *ack },
        Message::Shipped(shipment) => Said::Shipped(shipment.clone()),
        Message::Verdict { verdict, reveal } => Said::Verdict {
            condition: verdict.condition,
            secret: if reveal.is_some() { Secret::Opens } else { Secret::Absent },
        },
        Message::Release { .. } => Said::Release { secret: Secret::Opens },
        Message::Refund { .. } => Said::Refund,
        Message::Agree(agreement) => Said::Agreed(*agreement),
        Message::Receipt { of, first_seen } => Said::Receipt { of: *of, first_seen: *first_seen },
        Message::LateInvoice { bolt11 } => {
            let late = trade.late.clone().unwrap();
            Said::LateInvoice(Offer {
                purpose: Purpose::Purchase,
                hash: late.hash.unwrap(),
                amount: trade.terms.price,
                cltv: Blocks(40),
                expires: late.expires.unwrap(),
                bolt11: bolt11.clone(),
            })
        }
    }
}

fn all_heard_as_meant(post: &Post) {
    assert!(!post.heard.is_empty());
    for (side, message, said) in &post.heard {
        assert_eq!(said, &meant(post.trade(*side), message), "{message:?}");
    }
}

fn papers_of(post: &Post, side: Side) -> Vec<Paper> {
    post.heard
        .iter()
        .filter(|(author, ..)| *author == side)
        .filter_map(|(_, message, _)| message.paper())
        .collect()
}

#[test]
fn whole_trade__success__every_letter_is_heard_as_meant() {
    for collateral in [true, false] {
        let mut post = Post::shipped(collateral);
        post.order(Side::Buyer, Command::Confirm(received()));
        all_heard_as_meant(&post);
        let buyers = [Paper::Hashes, Paper::Payment, Paper::LockOk, Paper::Verdict];
        assert_eq!(papers_of(&post, Side::Buyer), buyers);
        assert_eq!(papers_of(&post, Side::Seller), [Paper::Acceptance, Paper::LockAck, Paper::Shipped]);
        let receipts = |of: Side| {
            post.heard
                .iter()
                .filter(|(side, message, _)| *side == of && matches!(message, Message::Receipt { .. }))
                .count()
        };
        assert_eq!((receipts(Side::Seller), receipts(Side::Buyer)), (3, 2));
        for side in [Side::Buyer, Side::Seller] {
            assert_eq!(post.stage(side), Stage::Ended(Ending::Completed), "{}", side.as_str());
        }
        assert_eq!(post.secrets, [preimage(Purpose::Purchase).hash()]);
        assert!(
            post.trade(Side::Buyer)
                .letters
                .iter()
                .all(|letter| letter.receipted || !letter.paper.wants_receipt())
        );
    }
}

#[test]
fn whole_trade__refund__the_314_is_heard_and_the_reason_goes_beside_it() {
    let mut post = Post::to_ship(true);
    post.order(Side::Seller, Command::Refund { reason: "out of stock".into() });
    all_heard_as_meant(&post);
    assert!(papers_of(&post, Side::Seller).contains(&Paper::Refund));
    assert_eq!(post.stage(Side::Buyer), Stage::Ended(Ending::Refunded));
    let made_at = |id: &EventId| post.times.get(id).copied();
    let reason = post.trade(Side::Seller).refund_reason.clone().unwrap();
    let with = Enclosures::none(post.now, &made_at);
    let Draft::Private(note) = draft::note(post.trade(Side::Seller), &reason, &with).unwrap() else {
        panic!("a note is private")
    };
    let event = crate::deal::sign(note, &post.deal.people.seller);
    match post.read(Side::Buyer, &event) {
        Admission::Aside(Aside::Note(note)) => assert_eq!(note.text, "out of stock"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn whole_trade__agreement_to_cancel__both_signatures_are_heard() {
    let mut post = Post::to_ship(true);
    post.order(Side::Buyer, Command::Agree(Agreement::Cancel));
    assert_eq!(post.stage(Side::Seller), Stage::ToShip);
    post.order(Side::Seller, Command::Agree(Agreement::Cancel));
    all_heard_as_meant(&post);
    assert!(papers_of(&post, Side::Buyer).contains(&Paper::AgreeCancel));
    assert!(papers_of(&post, Side::Seller).contains(&Paper::AgreeCancel));
    assert_eq!(post.stage(Side::Seller), Stage::Ended(Ending::Refunded));
}

#[test]
fn whole_trade__agreement_to_release__the_secret_follows_and_opens() {
    let mut post = Post::shipped(true);
    post.order(Side::Seller, Command::Agree(Agreement::Release));
    post.order(Side::Buyer, Command::Agree(Agreement::Release));
    all_heard_as_meant(&post);
    assert!(papers_of(&post, Side::Buyer).contains(&Paper::Release));
    assert_eq!(post.secrets, [preimage(Purpose::Purchase).hash()]);
    assert_eq!(post.stage(Side::Seller), Stage::Ended(Ending::Completed));
}

#[test]
fn whole_trade__complaint_then_release__a_313_without_and_a_release_with_the_secret() {
    let mut post = Post::shipped(true);
    post.order(Side::Buyer, Command::Confirm(damaged()));
    let heard = |said: &Said| post.heard.iter().any(|(.., heard)| heard == said);
    assert!(heard(&Said::Verdict { condition: Condition::Damaged, secret: Secret::Absent }));
    assert!(post.secrets.is_empty());
    post.order(Side::Buyer, Command::Release);
    all_heard_as_meant(&post);
    assert_eq!(post.stage(Side::Buyer), Stage::Ended(Ending::Completed));
}

#[test]
fn whole_trade__silence_then_a_late_payment__the_late_invoice_is_checked_and_paid() {
    let mut post = Post::shipped(true);
    let deadlines = post.trade(Side::Seller).deadlines.unwrap();
    post.mine_to(deadlines.settle_by);
    assert_eq!(post.stage(Side::Seller), Stage::Ended(Ending::Refunded));
    post.order(Side::Buyer, Command::Confirm(received()));
    post.order(Side::Seller, Command::OfferLateInvoice);
    all_heard_as_meant(&post);
    assert!(papers_of(&post, Side::Seller).contains(&Paper::LateInvoice));
    assert!(post.secrets.is_empty());
    post.order(Side::Buyer, Command::PayLate);
    for side in [Side::Buyer, Side::Seller] {
        assert_eq!(post.stage(side), Stage::Ended(Ending::PaidLate), "{}", side.as_str());
    }
}

#[test]
fn every_letter__drafted_twice__the_same_event() {
    let mut post = Post::shipped(true);
    let of = post.trade(Side::Buyer).papers[&Paper::LockAck];
    let reveal = preimage(Purpose::Purchase).hash();
    let letters = [
        (Side::Buyer, Message::Payment),
        (Side::Buyer, Message::Verdict { verdict: received(), reveal: Some(reveal) }),
        (Side::Buyer, Message::Release { reveal }),
        (Side::Buyer, Message::Receipt { of, first_seen: Height(800_001) }),
        (Side::Buyer, Message::Agree(Agreement::Release)),
        (Side::Seller, Message::Acceptance),
        (Side::Seller, Message::Shipped(parcel())),
        (Side::Seller, Message::Refund { reason: String::new() }),
        (Side::Seller, Message::Agree(Agreement::Cancel)),
        (Side::Seller, Message::Receipt { of: post.deal.terms.trade, first_seen: Height(0) }),
        (
            Side::Seller,
            Message::LateInvoice {
                bolt11: post.late_invoice(Preimage::from_bytes(LATE).hash(), sat(100_000)),
            },
        ),
    ];
    for (side, message) in letters {
        let (first, again) = (post.write(side, &message), post.write(side, &message));
        assert_eq!(first, again);
        let private = !matches!(
            message,
            Message::Acceptance
                | Message::Payment
                | Message::Verdict { .. }
                | Message::Refund { .. }
                | Message::Agree(_)
        );
        assert_eq!(first.kind() == 320, private, "{message:?}");
        assert!(matches!(post.read(side, &first), Admission::Own));
        assert!(matches!(post.read(side.other(), &first), Admission::Said { .. }), "{message:?}");
    }
}
