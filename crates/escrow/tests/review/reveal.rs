//! The secret: when it leaves, that it leaves once, and what becomes of goods that were confirmed too late for it.

use crate::duel::{CB, Duel, P, has, id, reveals, verdict};
use domp_escrow::{
    effect::Effect,
    input::{Agreement, Command, Condition, Input, InvoiceReport, Said, Shipment},
    letter::{Message, Paper},
    note::Note,
    stage::{Ending, Stage, stage},
    terms::Side,
};
use domp_protocol::units::Blocks;

#[test]
fn released_by_agreement__then_received__confirmed_without_a_second_secret() {
    let mut duel = Duel { mail_lost: true, ..Duel::at_stage(Stage::Shipped) };
    duel.command(Side::Buyer, Command::Agree(Agreement::Release));
    let released = duel.said(Side::Buyer, id(0xaa), Said::Agreed(Agreement::Release));
    assert!(reveals(&released));
    // Breaking an invariant here would freeze a trade that is about to pay.
    let confirmed = duel.command(Side::Buyer, verdict(Condition::Received));
    assert!(!reveals(&confirmed));
    let words = |effect: &Effect| {
        matches!(effect, Effect::Send { message: Message::Verdict { reveal: None, .. }, .. })
    };
    assert!(has(&confirmed, words), "{:?}", confirmed.effects);
}

#[test]
fn confirmed_in_time_but_no_relay_took_it__said_without_the_secret_and_paid_late() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    let reveal_by = duel.buyer.deadlines.unwrap().reveal_by;
    duel.sleep_to(reveal_by);
    let decided = duel.take(Side::Buyer, &Input::Command(verdict(Condition::Received)));
    assert!(reveals(&decided));
    // Every relay is away until the block after; by then the secret must not leave any more.
    duel.sleep_to(reveal_by.plus(Blocks(1)));
    let refused = domp_escrow::input::Outcome::Refused("too late".into());
    let late = duel
        .input(Side::Buyer, &crate::duel::outcome(domp_escrow::input::Task::Send(Paper::Verdict), refused));
    assert!(!reveals(&late));
    assert!(duel.seller.peer.received, "the seller knows that the goods have come: {:?}", late.effects);
    assert_eq!(duel.seller.peer.secret, domp_escrow::input::Secret::Absent);
    let settle_by = duel.seller.deadlines.unwrap().settle_by;
    duel.mine_to(settle_by);
    assert_eq!(stage(&duel.buyer), Stage::Ended(Ending::Refunded));
    duel.command(Side::Seller, Command::OfferLateInvoice);
    let paid = duel.command(Side::Buyer, Command::PayLate);
    assert!(has(&paid, |effect| matches!(effect, Effect::PayLate { .. })), "{:?}", paid.notes);
}

#[test]
fn a_letter_that_can_never_be_written__is_not_tried_for_ever() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    duel.take(Side::Buyer, &Input::Command(verdict(Condition::Damaged)));
    for _ in 0..3 {
        let refused = domp_escrow::input::Outcome::Refused("it cannot be written".into());
        let input = crate::duel::outcome(domp_escrow::input::Task::Send(Paper::Verdict), refused);
        assert!(duel.take(Side::Buyer, &input).effects.is_empty());
    }
}

#[test]
fn shipped_said_before_anything_is_locked__the_buyer_is_not_told_that_it_is() {
    for wanted in [Stage::Bid, Stage::Offered] {
        let mut duel = Duel::at_stage(wanted);
        duel.said(Side::Buyer, id(0xaa), Said::Shipped(Shipment::default()));
        assert_eq!(stage(&duel.buyer), wanted, "a claim of the seller moves nothing");
    }
}

#[test]
fn shipped__the_node_lets_go_of_the_price__the_collateral_goes_home_at_once() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    let lost = duel.input(Side::Seller, &Input::Invoice { purpose: P, report: InvoiceReport::Cancelled });
    assert!(
        has(&lost, |effect| matches!(effect, Effect::Cancel { purpose, .. } if *purpose == CB)),
        "{lost:?}"
    );
    assert_eq!(stage(&duel.seller), Stage::Ended(Ending::Refunded));
}

#[test]
fn secret__comes_at_settle_by_or_a_block_later__taken_and_only_then_called_late() {
    for (late, remarked) in [(Blocks(0), false), (Blocks(1), true)] {
        let mut duel = Duel::at_stage(Stage::Shipped);
        // The seller's program was away, so nothing was given back yet.
        duel.sleep_to(duel.seller.deadlines.unwrap().settle_by.plus(late));
        let said =
            Said::Verdict { condition: Condition::Received, secret: domp_escrow::input::Secret::Opens };
        let step = duel.take(Side::Seller, &Input::Said { event: id(0xaa), said });
        assert!(has(&step, |effect| matches!(effect, Effect::Settle { purpose: P, .. })), "{:?}", step.notes);
        let late = step.notes.iter().any(|note| matches!(note, Note::SettlingLate { .. }));
        assert_eq!(late, remarked, "{:?}", step.notes);
    }
}
