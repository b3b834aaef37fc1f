//! Orders that are given again: only the same order with the same content is a yes.

use crate::duel::{Duel, ship, verdict};
use domp_escrow::{
    input::{Command, Condition, Shipment},
    note::{Note, Refusal},
    stage::Stage,
    step::Step,
    terms::Side,
};

fn already(step: &Step) -> bool {
    step.notes.iter().any(|note| matches!(note, Note::Refused(Refusal::Already(_))))
}

fn refused(step: &Step, part: &str) -> bool {
    step.notes.iter().any(|note| {
        matches!(note, Note::Refused(refusal) if !matches!(refusal, Refusal::Already(_))
            && refusal.to_string().contains(part))
    })
}

#[test]
fn shipped__another_verdict_than_the_one_given__refused_and_the_same_already_done() {
    for given in [Condition::NotReceived, Condition::Damaged, Condition::PartiallyReceived] {
        let mut duel = Duel::at_stage(Stage::Shipped);
        duel.command(Side::Buyer, verdict(given));
        let again = duel.command(Side::Buyer, verdict(given));
        assert!(already(&again), "{:?}", again.notes);
        let other = duel.command(Side::Buyer, verdict(Condition::Received));
        assert!(refused(&other, "use release"), "{:?}", other.notes);
        assert!(duel.buyer.revealed_at.is_none());
    }
}

#[test]
fn settling__refund__refused() {
    let mut duel = Duel { mail_lost: true, ..Duel::at_stage(Stage::Shipped) };
    duel.command(Side::Buyer, verdict(Condition::Received));
    duel.mail_lost = false;
    duel.mine_to(duel.buyer.deadlines.unwrap().ship_by);
    let refund = duel.command(Side::Seller, Command::Refund { reason: "sorry".into() });
    assert!(refused(&refund, "your node is taking it"), "{:?}", refund.notes);
}

#[test]
fn refund_and_walking_away__given_again__already_done_and_another_reason_is_none() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    let refund = |reason: &str| Command::Refund { reason: reason.into() };
    duel.command(Side::Seller, refund("sold out"));
    assert!(already(&duel.command(Side::Seller, refund("sold out"))));
    assert!(refused(&duel.command(Side::Seller, refund("broken")), "on its way back"));

    let mut duel = Duel::at_stage(Stage::Bid);
    duel.command(Side::Buyer, Command::Withdraw);
    assert!(already(&duel.command(Side::Buyer, Command::Withdraw)));
}

#[test]
fn shipped__other_words__refused_and_the_same_already_done() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    assert!(already(&duel.command(Side::Seller, ship())));
    let other = Shipment { tracking: Some("123".into()), ..Shipment::default() };
    assert!(refused(&duel.command(Side::Seller, Command::Ship(other)), "stay as they are"));
}

#[test]
fn given_up__accepting_or_paying_again__no_success() {
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.command(Side::Seller, Command::Withdraw);
    assert!(refused(&duel.command(Side::Seller, Command::Accept), "no longer open"));
}
