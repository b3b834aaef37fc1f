//! What the other side may say: taken in whole or not at all.

use crate::duel::{CB, Duel, P, hash, heard, id};
use domp_escrow::{
    ack::Disagreement,
    effect::Effect,
    input::{Condition, Input, Offer, Said, Secret},
    letter::{Message, Paper},
    note::Note,
    stage::{Stage, stage},
    step::Step,
    terms::Side,
    trade::Unwind,
};
use domp_protocol::{
    ids::{Nonce, PaymentHash},
    purpose::Purpose,
    units::{Blocks, Sat},
};

fn ignored(step: &Step) -> bool {
    step.notes.iter().any(|note| matches!(note, Note::Ignored(_)))
}

fn hears(duel: &Duel, side: Side, said: Said) -> Step {
    duel.ask(side, &Input::Said { event: id(0xb1), said })
}

/// A seller that has not heard the hashes yet.
fn unheard(collateral: bool) -> Duel {
    let mut duel = Duel::new(collateral);
    for leg in &mut duel.seller.legs {
        (leg.hash, leg.nonce) = (None, None);
    }
    duel.seller.papers.remove(&Paper::Hashes);
    duel
}

#[test]
fn hashes__one_different_hash_for_each_htlc_and_nothing_else() {
    let nonce = Nonce::from_bytes([1; 32]);
    let one = |purpose: Purpose, hash: PaymentHash| (purpose, hash, nonce);
    let taken = |collateral, hashes: Vec<(Purpose, PaymentHash, Nonce)>| {
        let step = hears(&unheard(collateral), Side::Seller, Said::Hashes(hashes));
        let kept = step.trade.papers.contains_key(&Paper::Hashes);
        assert_eq!(kept, !ignored(&step), "told when it is not taken in");
        assert_eq!(kept, step.trade.legs.iter().all(|leg| leg.hash.is_some()));
        kept
    };
    let other = PaymentHash::from_bytes([9; 32]);
    assert!(taken(true, vec![one(P, hash(P)), one(CB, hash(CB))]));
    assert!(taken(false, vec![one(P, hash(P))]));
    assert!(!taken(false, vec![one(P, hash(P)), one(CB, hash(CB))]), "one too many");
    assert!(!taken(true, vec![one(P, hash(P))]), "one is missing");
    assert!(!taken(true, vec![one(P, hash(P)), one(CB, hash(P))]), "the same for both");
    assert!(!taken(true, vec![one(P, hash(P)), one(P, other)]), "two for one");
    assert!(!taken(true, vec![one(P, hash(P)), one(CB, hash(CB)), one(CB, other)]), "three");
}

#[test]
fn offers__exactly_the_invoices_of_this_trade() {
    let offered = Duel::at_stage(Stage::Offered);
    let Some(Said::Acceptance(right)) = heard(&offered.seller, &Message::Acceptance) else { panic!() };
    let answer = |offers: Vec<Offer>| {
        let step = hears(&Duel::at_stage(Stage::Bid), Side::Buyer, Said::Acceptance(offers));
        assert!(step.trade.papers.contains_key(&Paper::Acceptance), "an answer it is");
        match step.trade.unwind {
            None => true,
            Some(Unwind::BadInvoices(_)) => {
                assert!(step.trade.legs.iter().all(|leg| leg.invoice.is_none()), "nothing of it is kept");
                false
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(answer(right.clone()));
    for nth in 0..right.len() {
        let with = |change: fn(&mut Offer)| {
            let mut offers = right.clone();
            change(&mut offers[nth]);
            answer(offers)
        };
        assert!(!with(|offer| offer.hash = PaymentHash::from_bytes([9; 32])));
        assert!(!with(|offer| offer.amount = Sat::new(99_999).unwrap()));
        assert!(!with(|offer| offer.cltv = offer.cltv.plus(Blocks(1))));
        assert!(!with(|offer| offer.purpose = if offer.purpose == P { CB } else { P }));
        let mut fewer = right.clone();
        fewer.remove(nth);
        assert!(!answer(fewer));
        let mut more = right.clone();
        more.push(right[nth].clone());
        assert!(!answer(more));
    }
}

#[test]
fn late_invoice__over_the_price_and_only_one() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    let price = duel.buyer.terms.price;
    let offer = |amount| Offer {
        purpose: P,
        hash: PaymentHash::from_bytes([7; 32]),
        amount,
        cltv: Blocks(144),
        expires: duel.unix.plus(86_400),
        bolt11: "late".into(),
    };
    let dear = hears(&duel, Side::Buyer, Said::LateInvoice(offer(Sat::new(price.get() + 1).unwrap())));
    assert!(ignored(&dear) && dear.trade.late.is_none());
    assert!(!dear.trade.papers.contains_key(&Paper::LateInvoice));
    let said = Said::LateInvoice(offer(price));
    let taken = duel.take(Side::Buyer, &Input::Said { event: id(0xb2), said });
    let late = taken.trade.late.clone().unwrap();
    assert_eq!(late.expires, Some(duel.unix.plus(86_400)));
    assert_eq!((late.bolt11.as_deref(), late.ordered), (Some("late"), false));
    assert_eq!(taken.trade.papers.get(&Paper::LateInvoice), Some(&id(0xb2)));
}

#[test]
fn said_again__the_same_event__nothing_is_ignored_and_nothing_changes() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    let (event, ack) = duel.buyer.peer.ack.clone().unwrap();
    let before = duel.buyer.clone();
    let step = duel.take(Side::Buyer, &Input::Said { event, said: Said::LockAck(ack) });
    assert!(step.notes.is_empty(), "{:?}", step.notes);
    assert_eq!(step.trade, before);
}

#[test]
fn wrong_secret__after_the_right_one__the_right_one_counts() {
    let duel = Duel::at_stage(Stage::ToShip);
    let release = |secret| Said::Release { secret };
    let wrong = hears(&duel, Side::Seller, release(Secret::Wrong));
    assert_eq!(wrong.trade.peer.secret, Secret::Wrong);
    let mut known = duel.clone();
    let verdict = Said::Verdict { condition: Condition::Received, secret: Secret::Opens };
    known.take(Side::Seller, &Input::Said { event: id(0xb3), said: verdict });
    let wrong = hears(&known, Side::Seller, release(Secret::Wrong));
    assert_eq!(wrong.trade.peer.secret, Secret::Opens);
    assert!(wrong.notes.contains(&Note::WrongSecret));
}

/// A buyer that has paid, and the acknowledgement that would come.
fn paid() -> (Duel, Box<domp_escrow::ack::Ack>) {
    let locked = Duel::at_stage(Stage::ToShip);
    let (_, ack) = locked.buyer.peer.ack.clone().unwrap();
    let mut duel = locked;
    duel.buyer.peer.ack = None;
    duel.buyer.deadlines = None;
    duel.buyer.papers.retain(|paper, _| !matches!(paper, Paper::LockAck | Paper::LockOk));
    duel.buyer.letters.retain(|letter| letter.paper != Paper::LockOk);
    (duel, ack)
}

fn agrees(step: &Step) -> bool {
    crate::duel::has(step, |effect| matches!(effect, Effect::Send { message: Message::LockOk { .. }, .. }))
}

#[test]
fn acknowledgement__of_another_payment__not_agreed_and_told_once() {
    let (mut duel, ack) = paid();
    let mut other = ack.clone();
    other.payment = id(0xb4);
    let tells = |duel: &mut Duel, event, ack| {
        let step = duel.take(Side::Buyer, &Input::Said { event, said: Said::LockAck(ack) });
        let told = step.notes.iter().filter(|note| matches!(note, Note::AckDisagrees(_))).count();
        (agrees(&step), told)
    };
    assert_eq!(tells(&mut duel, id(0xb5), other), (false, 1));
    assert!(matches!(duel.buyer.peer.ack_disagrees, Some(Disagreement::Field(_))));
    let step = duel.take(Side::Buyer, &Input::Tick);
    assert!(step.notes.is_empty(), "told once: {:?}", step.notes);
    let (mut duel, ack) = paid();
    assert_eq!(tells(&mut duel, id(0xb5), ack), (true, 0));
    assert_eq!(stage(&duel.buyer), Stage::ToShip);
}

#[test]
fn acknowledgement__at_a_stale_height__agreed_when_it_is_fresh_again() {
    let (mut duel, ack) = paid();
    duel.fresh = false;
    let step = duel.take(Side::Buyer, &Input::Said { event: id(0xb5), said: Said::LockAck(ack) });
    assert!(!agrees(&step) && step.trade.deadlines.is_none());
    assert!(step.notes.contains(&Note::TipNotFresh));
    duel.fresh = true;
    assert!(agrees(&duel.take(Side::Buyer, &Input::Tick)));
}
