//! What the node says of its own accord, and what it refuses: each time the person is told what it means.

use crate::duel::{CB, Duel, P, outcome, ship, verdict};
use domp_escrow::{
    input::{Command, Condition, Input, InvoiceReport, Outcome, PaymentReport, Said, Secret, Task},
    leg::HeldState,
    note::Note,
    stage::{Ending, Stage, stage},
    terms::Side,
    trade::Unwind,
};
use domp_protocol::units::Blocks;

#[test]
fn held__the_node_gives_it_back_by_itself__told_which() {
    for purpose in [CB, P] {
        let mut duel = Duel::at_stage(Stage::Shipped);
        let report = InvoiceReport::Cancelled;
        let step = duel.take(Side::Seller, &Input::Invoice { purpose, report });
        assert!(step.notes.contains(&Note::LegLost(purpose)), "{:?}", step.notes);
        let step = duel.take(Side::Seller, &Input::Invoice { purpose, report });
        assert!(!step.notes.contains(&Note::LegLost(purpose)), "told once");
    }
}

#[test]
fn invoice__refused_by_the_node__everything_ends_with_its_reason() {
    let mut duel = Duel::at_stage(Stage::Bid);
    duel.take(Side::Seller, &Input::Command(Command::Accept));
    for purpose in [P, CB] {
        let refused = Outcome::Refused("no route hints".into());
        duel.take(Side::Seller, &outcome(Task::Issue(purpose), refused));
    }
    assert_eq!(duel.seller.unwind, Some(Unwind::InvoiceRefused("no route hints".into())));
    assert_eq!(stage(&duel.seller), Stage::Ended(Ending::Abandoned));
}

/// Nobody but the buyer knows the secrets: what is taken without the buyer's word is an alarm.
#[test]
fn paid__only_the_price_and_only_after_its_secret_left__no_alarm() {
    let alarm = |duel: &mut Duel, purpose| {
        let report = PaymentReport::Succeeded;
        let step = duel.take(Side::Buyer, &Input::Payment { purpose, report });
        step.notes.iter().any(|note| matches!(note, Note::Alarm(_)))
    };
    let mut kept = Duel::at_stage(Stage::Shipped);
    assert!(alarm(&mut kept.clone(), P) && alarm(&mut kept.clone(), CB));
    kept.take(Side::Buyer, &Input::Command(verdict(Condition::Received)));
    assert!(kept.buyer.revealed_at.is_some());
    assert!(alarm(&mut kept.clone(), CB), "its secret never leaves");
    assert!(!alarm(&mut kept, P));
}

#[test]
fn ship__at_the_last_height_and_after_it__taken_and_refused() {
    for (late, taken) in [(0, true), (1, false), (2, false), (50, false)] {
        let mut duel = Duel::at_stage(Stage::ToShip);
        duel.sleep_to(duel.seller.deadlines.unwrap().ship_by.plus(Blocks(late)));
        let step = duel.ask(Side::Seller, &Input::Command(ship()));
        assert_eq!(step.trade.choices.shipped.is_some(), taken, "{late} blocks late: {:?}", step.notes);
    }
}

#[test]
fn held__reported_again__the_first_height_counts() {
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.lock(CB);
    duel.lock(P);
    let leg = duel.seller.leg(P).unwrap().clone();
    let HeldState::Held { since, expiry, amount } = leg.holding().unwrap().node else { panic!("held") };
    let report = InvoiceReport::Held { accepted_at: since.plus(Blocks(5)), expiry, amount };
    let step = duel.take(Side::Seller, &Input::Invoice { purpose: P, report });
    assert_eq!(step.trade.leg(P).unwrap().holding(), leg.holding());
}

/// The order to take the price was given, and the node has let go of it before.
#[test]
fn settling__the_price_is_gone_at_the_node__told_that_the_secret_came_too_late() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    let said = Said::Verdict { condition: Condition::Received, secret: Secret::Opens };
    let step = duel.take(Side::Seller, &Input::Said { event: crate::duel::id(0x71), said });
    assert!(!step.notes.contains(&Note::SecretTooLate));
    let gone = Input::Invoice { purpose: P, report: InvoiceReport::Cancelled };
    let step = duel.take(Side::Seller, &gone);
    assert!(step.notes.contains(&Note::SecretTooLate), "{:?}", step.notes);
    assert!(!duel.take(Side::Seller, &gone).notes.contains(&Note::SecretTooLate), "told once");
}
