//! The stage in one word: what people and programs act on, where the facts are few or odd.

use crate::duel::{CB, Duel, P, event_of, id, outcome, ship};
use domp_escrow::{
    input::{Command, Condition, Input, InvoiceReport, Outcome, PaymentReport, Said, Secret, Task},
    leg::Want,
    letter::{Message, Paper},
    note::{Note, Refusal},
    stage::{Ending, Stage, stage},
    terms::Side,
};
use domp_protocol::units::Height;

/// All is held, the buyer has said so, and of the seller's acknowledgement nothing has come back.
fn acknowledged() -> Duel {
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.take(Side::Buyer, &Input::Command(Command::Pay));
    duel.lock(CB);
    duel.lock(P);
    let paid = event_of(Side::Buyer, &Message::Payment);
    duel.take(Side::Seller, &Input::Said { event: paid, said: Said::Payment });
    let ack = duel.seller.letter(Paper::LockAck).unwrap().message.clone();
    let sent = Outcome::Sent { event: event_of(Side::Seller, &ack) };
    duel.take(Side::Seller, &outcome(Task::Send(Paper::LockAck), sent));
    duel
}

#[test]
fn seller__restored_before_the_buyer_has_agreed__has_nothing_to_ship_yet() {
    let mut duel = acknowledged();
    assert_eq!(stage(&duel.seller), Stage::Locked);
    duel.take(Side::Seller, &Input::Restored);
    duel.take(Side::Seller, &Input::Recalled);
    assert_eq!(stage(&duel.seller), Stage::Locked);
    duel.take(Side::Seller, &Input::Command(Command::NotShipped));
    assert!(!duel.seller.in_doubt());
    assert_eq!(stage(&duel.seller), Stage::Locked);
    let step = duel.ask(Side::Seller, &Input::Command(ship()));
    let refused =
        |note: &Note| matches!(note, Note::Refused(Refusal::WrongStage { stage: Stage::Locked, .. }));
    assert!(step.notes.iter().any(refused), "{:?}", step.notes);
}

#[test]
fn restored__before_anything_was_shipped__at_the_stage_that_it_was_at() {
    for wanted in [Stage::Bid, Stage::Offered, Stage::ToShip] {
        for side in [Side::Buyer, Side::Seller] {
            let mut duel = Duel::at_stage(wanted);
            let before = stage(duel.trade(side));
            duel.take(side, &Input::Restored);
            assert_eq!(stage(duel.trade(side)), before, "{side:?}");
        }
    }
}

/// Whoever says that it paid need not have.
#[test]
fn seller__told_of_a_payment_that_never_came__abandoned_and_not_refunded() {
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.said(Side::Seller, id(0xa1), Said::Payment);
    assert_eq!(stage(&duel.seller), Stage::Offered);
    duel.sleep_to(Height(duel.height.0 + 144));
    duel.input(Side::Seller, &Input::Tick);
    assert_eq!(stage(&duel.seller), Stage::Ended(Ending::Abandoned));
}

#[test]
fn seller__restored_when_all_had_gone_back__refunded_once_everything_is_told() {
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.take(Side::Seller, &Input::Restored);
    duel.take(Side::Seller, &Input::Said { event: id(0xa2), said: Said::Payment });
    for purpose in [CB, P] {
        duel.take(Side::Seller, &Input::Invoice { purpose, report: InvoiceReport::Cancelled });
    }
    assert!(!stage(&duel.seller).is_ended(), "more may be told");
    duel.take(Side::Seller, &Input::Recalled);
    assert_eq!(stage(&duel.seller), Stage::Ended(Ending::Refunded));
}

/// A store that was lost and is not known to be a restored one: its price may be with the seller for all it knows.
#[test]
fn forgotten_trade__own_verdict_found__not_over_before_the_price_is_heard_of() {
    let mut duel = Duel::at_stage(Stage::Bid);
    let said = Said::Verdict { condition: Condition::Received, secret: Secret::Opens };
    duel.take(Side::Buyer, &Input::Wrote { event: id(0xa3), said });
    duel.take(Side::Buyer, &Input::Payment { purpose: CB, report: PaymentReport::Failed });
    assert_eq!(stage(&duel.buyer), Stage::Claiming);
    let mut back = duel.clone();
    back.take(Side::Buyer, &Input::Payment { purpose: P, report: PaymentReport::Failed });
    assert_eq!(stage(&back.buyer), Stage::Ended(Ending::Refunded));
    duel.take(Side::Buyer, &Input::Payment { purpose: P, report: PaymentReport::Succeeded });
    assert_eq!(stage(&duel.buyer), Stage::Ended(Ending::Completed));
}

/// A buyer that confirms too early has given its secret away; the seller takes nothing before it has shipped.
#[test]
fn seller__has_the_secret_and_has_not_shipped__still_has_to_ship() {
    let mut duel = Duel::at_stage(Stage::ToShip);
    let said = Said::Verdict { condition: Condition::Received, secret: Secret::Opens };
    let step = duel.take(Side::Seller, &Input::Said { event: id(0xa4), said });
    assert!(step.notes.contains(&Note::SecretWithoutEntitlement), "{:?}", step.notes);
    let want = |duel: &Duel| duel.seller.leg(P).unwrap().holding().unwrap().want;
    assert_eq!((stage(&duel.seller), want(&duel)), (Stage::ToShip, Want::Hold));
    duel.take(Side::Seller, &Input::Command(ship()));
    assert_eq!((stage(&duel.seller), want(&duel)), (Stage::Claiming, Want::Settle));
}
