//! Events of our own that this store may not have written: judged as the other side judges them.

use crate::{
    deal::{preimage, sat, sign, unseal},
    post::{LATE, Post, damaged, parcel, received},
};
use domp_escrow::{
    admission::{Admission, Reader, admit_own},
    input::{Agreement, Said},
    letter::{Message, Paper},
    terms::Side,
};
use domp_protocol::{
    event::VerifiedEvent,
    ids::EventId,
    private::{Private, Receipt},
    purpose::Purpose,
    secret::Preimage,
};
use zeroize::Zeroizing;

fn read_own(post: &Post, side: Side, event: &VerifiedEvent) -> Admission {
    let made_at = |id: &EventId| post.times.get(id).copied();
    let open = |sealed: &_| Some(Zeroizing::new(unseal(sealed)));
    let reader = Reader {
        now: post.now,
        own_node: post.deal.people.node(side).id(),
        may_split: true,
        commits: post.deal.bid.body().escrow.as_ref().map(|escrow| escrow.commits),
        made_at: &made_at,
        open_secret: &open,
    };
    admit_own(post.trade(side), event, &reader)
}

#[track_caller]
fn said(admission: Admission) -> Said {
    match admission {
        Admission::Said { said, .. } => said,
        other => panic!("{other:?}"),
    }
}

/// A store that was lost finds what it wrote where it had been sent. It has to mean the same as on the day it was written:
/// the seller's acceptance, for one, names the seller's own node, and is not bad for that.
#[test]
fn own_letter__found_again__said_as_the_other_side_hears_it() {
    let mut post = Post::shipped(true);
    let secret = preimage(Purpose::Purchase).hash();
    let ack = post.deal.seller.papers[&Paper::LockAck];
    let ours = post.deal.seller.letter(Paper::LockAck).unwrap().message.clone();
    let late = post.late_invoice(Preimage::from_bytes(LATE).hash(), sat(100_000));
    let letters = [
        (Side::Seller, Message::Acceptance),
        (Side::Buyer, Message::Payment),
        (Side::Seller, ours),
        (Side::Buyer, Message::LockOk { ack }),
        (Side::Seller, Message::Shipped(parcel())),
        (Side::Buyer, Message::Verdict { verdict: received(), reveal: Some(secret) }),
        (Side::Buyer, Message::Verdict { verdict: damaged(), reveal: None }),
        (Side::Seller, Message::Refund { reason: "sold twice".into() }),
        (Side::Buyer, Message::Agree(Agreement::Cancel)),
        (Side::Seller, Message::Agree(Agreement::Release)),
        (Side::Seller, Message::LateInvoice { bolt11: late }),
    ];
    for (side, message) in letters {
        let event = post.write(side, &message);
        let own = said(read_own(&post, side, &event));
        assert!(!matches!(own, Said::BadAcceptance(_)), "{own:?}");
        assert_eq!(own, said(post.read(side.other(), &event)), "{message:?}");
    }
}

#[test]
fn own_words__of_another_trade__foreign() {
    let post = Post::to_ship(true);
    for side in [Side::Buyer, Side::Seller] {
        let elsewhere = EventId::from_bytes([1; 32]);
        let receipt = Receipt { event: elsewhere, first_seen: post.height };
        let private = Private { trade: elsewhere, message: receipt.into() };
        let event = sign(private.draft(post.now).unwrap(), post.deal.people.signer(side));
        assert!(matches!(read_own(&post, side, &event), Admission::Foreign));
    }
}
