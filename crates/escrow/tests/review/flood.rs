//! Floods: what the other side may sign without end must not make us grow without end.

use crate::duel::{Duel, P};
use domp_escrow::{
    input::{Agreement, Condition, Input, InvoiceReport, Said, Secret},
    letter::Paper,
    stage::Stage,
    terms::Side,
};
use domp_protocol::ids::EventId;

fn event(n: u32) -> EventId {
    let mut bytes = [0x99; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    EventId::from_bytes(bytes)
}

/// The size of what is stored of a trade.
fn size(duel: &Duel, side: Side) -> usize {
    serde_json::to_vec(duel.trade(side)).unwrap().len()
}

fn assert_bounded(duel: &mut Duel, side: Side, said: impl Fn(u32) -> Said) {
    let many = |duel: &mut Duel, from: u32| {
        for n in from..from + 500 {
            duel.take(side, &Input::Said { event: event(n), said: said(n) });
        }
        size(duel, side)
    };
    let first = many(duel, 0);
    assert_eq!(many(duel, 500), first, "{side:?} {:?}", said(0));
}

#[test]
fn the_same_said_in_ever_new_events__what_is_stored_stays_as_it_is() {
    for wanted in [Stage::Offered, Stage::ToShip, Stage::Shipped] {
        for side in [Side::Buyer, Side::Seller] {
            let sayings: Vec<Box<dyn Fn(u32) -> Said>> = vec![
                Box::new(|_| Said::Agreed(Agreement::Cancel)),
                Box::new(|_| Said::Agreed(Agreement::Release)),
                Box::new(|_| Said::Dispute),
                Box::new(|_| Said::Refund),
                Box::new(|_| Said::Payment),
                Box::new(|_| Said::Verdict { condition: Condition::Damaged, secret: Secret::Wrong }),
                Box::new(|_| Said::Release { secret: Secret::Wrong }),
                Box::new(|n| Said::LockOk { ack: event(n) }),
                Box::new(|n| Said::Receipt { of: event(n), first_seen: crate::duel::START }),
            ];
            for said in sayings {
                assert_bounded(&mut Duel::at_stage(wanted), side, said);
            }
        }
    }
}

#[test]
fn agreement_with_our_acknowledgement_after_all_goes_back__in_ever_new_events__stays_as_it_is() {
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.mail_lost = true;
    duel.take(Side::Buyer, &Input::Command(domp_escrow::input::Command::Pay));
    duel.lock(crate::duel::CB);
    duel.lock(P);
    duel.said(Side::Seller, event(7), Said::Payment);
    duel.take(Side::Seller, &Input::Invoice { purpose: P, report: InvoiceReport::Cancelled });
    assert!(duel.seller.unwind.is_some());
    let ack = duel.seller.papers.get(&Paper::LockAck).copied().unwrap();
    assert_bounded(&mut duel, Side::Seller, move |_| Said::LockOk { ack });
}

#[test]
fn agreement_signed_twice__receipted_all_the_same() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    for n in 0..3 {
        let said = Said::Agreed(Agreement::Cancel);
        let step = duel.take(Side::Seller, &Input::Said { event: event(n), said });
        assert_eq!(step.effects.len(), 1, "{:?}", step.effects);
    }
}

#[test]
fn agreement_with_what_was_never_said__in_ever_new_events__a_new_fact_only_so_often() {
    let mut duel = Duel::at_stage(Stage::Offered);
    let mut changes = 0;
    for n in 0..500 {
        let before = duel.seller.clone();
        let said = Said::LockOk { ack: event(n + 1_000) };
        let step = duel.take(Side::Seller, &Input::Said { event: event(n), said });
        changes += usize::from(duel.seller != before || !step.effects.is_empty());
    }
    assert!(changes <= 64, "{changes} times something was written");
}
