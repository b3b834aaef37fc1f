//! After the end: what still arrives when a trade is over.

use crate::duel::{CB, Duel, P, START, has, id, outcome, verdict};
use domp_escrow::{
    effect::Effect,
    input::{Command, Condition, Input, InvoiceReport, Outcome, PaymentReport, Said, Secret, Task},
    invariants::check,
    leg::{End, Leg, PaidState},
    note::{Note, Refusal},
    stage::{Ending, Stage, stage},
    terms::Side,
};
use domp_protocol::units::Blocks;

#[test]
fn completed__an_htlc_comes_in_on_the_cancelled_collateral__given_back_and_nothing_freezes() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    duel.command(Side::Buyer, verdict(Condition::Received));
    assert_eq!(stage(&duel.seller), Stage::Ended(Ending::Completed));
    let leg = duel.seller.leg(CB).unwrap().clone();
    let report = InvoiceReport::Held {
        accepted_at: duel.height,
        expiry: duel.height.plus(leg.cltv),
        amount: leg.amount.to_msat(),
    };
    let input = Input::Invoice { purpose: CB, report };
    let again = duel.ask(Side::Seller, &input);
    assert_eq!(check(&duel.seller, duel.at(), &again), Ok(()));
    assert!(has(&again, |effect| matches!(effect, Effect::Cancel { .. })), "{:?}", again.effects);
    duel.input(Side::Seller, &input);
    assert_eq!(stage(&duel.seller), Stage::Ended(Ending::Completed));
}

#[test]
fn refunded__the_node_says_after_all_that_it_took_the_price__alarm_and_nothing_freezes() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    let said = Said::Verdict { condition: Condition::Received, secret: Secret::Opens };
    duel.take(Side::Seller, &Input::Said { event: id(0xaa), said });
    for purpose in [P, CB] {
        duel.take(Side::Seller, &Input::Invoice { purpose, report: InvoiceReport::Cancelled });
    }
    assert_eq!(stage(&duel.seller), Stage::Ended(Ending::Refunded));
    let settled = Input::Invoice { purpose: P, report: InvoiceReport::Settled };
    // Fails when an invariant does.
    let after = duel.take(Side::Seller, &settled);
    assert!(after.notes.iter().any(|note| matches!(note, Note::Alarm(_))), "{:?}", after.notes);
    assert_eq!(stage(&duel.seller), Stage::Ended(Ending::Completed), "the node is the truth of the money");
    let again = duel.take(Side::Seller, &settled);
    assert!(again.notes.is_empty() && again.effects.is_empty(), "told once: {:?}", again.notes);
}

#[test]
fn late_payment__every_part_failed__the_same_invoice_may_be_tried_again_by_hand() {
    let mut duel = Duel::with_late_invoice();
    let pays = |step: &domp_escrow::step::Step| has(step, |effect| matches!(effect, Effect::PayLate { .. }));
    assert!(pays(&duel.take(Side::Buyer, &Input::Command(Command::PayLate))));
    assert!(!pays(&duel.take(Side::Buyer, &Input::Command(Command::PayLate))), "not while it is under way");
    duel.take(Side::Buyer, &outcome(Task::PayLate, Outcome::Unknown("timeout".into())));
    assert!(!pays(&duel.take(Side::Buyer, &Input::Command(Command::PayLate))), "unknown is not failed");
    duel.take(Side::Buyer, &Input::Late(PaymentReport::Failed));
    assert_eq!(stage(&duel.buyer), Stage::Ended(Ending::Refunded));
    assert!(!pays(&duel.take(Side::Buyer, &Input::Tick)), "not by itself");
    assert!(pays(&duel.take(Side::Buyer, &Input::Command(Command::PayLate))));
    // The node tells the end of the first try once more, then of the second.
    duel.take(Side::Buyer, &Input::Late(PaymentReport::Failed));
    duel.take(Side::Buyer, &Input::Late(PaymentReport::Trying));
    assert_eq!(stage(&duel.buyer), Stage::PayingLate);
    duel.take(Side::Buyer, &Input::Late(PaymentReport::Succeeded));
    let again = duel.take(Side::Buyer, &Input::Command(Command::PayLate));
    assert!(!pays(&again));
    assert!(
        again.notes.iter().any(|note| matches!(note, Note::Refused(Refusal::Already(_)))),
        "{:?}",
        again.notes
    );
    assert_eq!(stage(&duel.buyer), Stage::Ended(Ending::PaidLate));
}

#[test]
fn ended__time_and_blocks__nothing_more_is_done() {
    for duel in [Duel::with_late_invoice(), Duel::at_stage(Stage::Shipped)] {
        let mut duel = duel;
        duel.mine_to(START.plus(Blocks(2_100)));
        for side in [Side::Buyer, Side::Seller] {
            assert!(stage(duel.trade(side)).is_ended());
            assert!(duel.ask(side, &Input::Tick).effects.is_empty());
        }
    }
}

/// As far as its store remembers, this buyer has paid nothing: it knows its own verdict and that the price came back.
#[test]
fn forgotten_trade__own_verdict_found_and_the_price_is_back__refunded_and_can_be_paid_late() {
    let mut duel = Duel::with_late_invoice();
    let offer = duel.buyer.late.clone().unwrap();
    duel.buyer = Duel::at_stage(Stage::Bid).buyer;
    duel.take(Side::Buyer, &Input::Payment { purpose: P, report: PaymentReport::Failed });
    duel.take(Side::Buyer, &Input::Payment { purpose: CB, report: PaymentReport::Failed });
    duel.take(Side::Buyer, &Input::Command(Command::Withdraw));
    assert_eq!(stage(&duel.buyer), Stage::Ended(Ending::Abandoned));
    duel.buyer.late = Some(offer);
    let step = duel.ask(Side::Buyer, &Input::Command(Command::PayLate));
    assert!(
        !has(&step, |effect| matches!(effect, Effect::PayLate { .. })),
        "nobody has said that goods came"
    );
    let said = Said::Verdict { condition: Condition::Received, secret: Secret::Opens };
    duel.take(Side::Buyer, &Input::Wrote { event: id(0xab), said });
    assert_eq!(stage(&duel.buyer), Stage::Ended(Ending::Refunded));
    let step = duel.take(Side::Buyer, &Input::Command(Command::PayLate));
    assert!(has(&step, |effect| matches!(effect, Effect::PayLate { .. })), "{:?}", step.notes);
}

#[test]
fn collateral_gone__the_price_came_back__nothing_more_is_paid() {
    let mut duel = Duel::with_late_invoice();
    let paid = duel.ask(Side::Buyer, &Input::Command(Command::PayLate));
    assert!(has(&paid, |effect| matches!(effect, Effect::PayLate { .. })), "{:?}", paid.notes);
    let Some(Leg { end: End::Payer(paying), .. }) = duel.buyer.leg_mut(CB) else {
        unreachable!("the buyer pays its collateral")
    };
    paying.node = PaidState::Succeeded;
    let step = duel.take(Side::Buyer, &Input::Command(Command::PayLate));
    assert!(!has(&step, |effect| matches!(effect, Effect::PayLate { .. })));
    assert!(
        step.notes.iter().any(|note| matches!(note, Note::Refused(Refusal::Missing(_)))),
        "{:?}",
        step.notes
    );
}

/// The call broke and the node was away: nobody knows. Then the node says that it has never heard of the payment.
#[test]
fn late_payment__call_unanswered_and_not_known_to_the_node__can_be_ordered_again_and_never_meanwhile() {
    let mut duel = Duel::with_late_invoice();
    let pay = Input::Command(Command::PayLate);
    let pays = |step: &domp_escrow::step::Step| has(step, |effect| matches!(effect, Effect::PayLate { .. }));
    assert!(pays(&duel.take(Side::Buyer, &pay)));
    duel.take(Side::Buyer, &Input::Late(PaymentReport::NotFound));
    assert!(!pays(&duel.take(Side::Buyer, &pay)), "the call is under way");
    let unknown = Outcome::Unknown("the connection broke".into());
    duel.take(Side::Buyer, &outcome(Task::PayLate, unknown));
    assert!(!pays(&duel.take(Side::Buyer, &pay)), "it may have arrived");
    assert_eq!(stage(&duel.buyer), Stage::PayingLate);
    duel.take(Side::Buyer, &Input::Late(PaymentReport::NotFound));
    assert_eq!(stage(&duel.buyer), Stage::Ended(Ending::Refunded), "nobody says that it is on its way");
    let in_flight = PaymentReport::Trying;
    duel.take(Side::Buyer, &Input::Late(in_flight));
    assert!(!pays(&duel.take(Side::Buyer, &pay)), "it was there after all");
    duel.take(Side::Buyer, &Input::Late(PaymentReport::NotFound));
    assert!(pays(&duel.take(Side::Buyer, &pay)));
    assert!(!pays(&duel.take(Side::Buyer, &pay)));
    duel.take(Side::Buyer, &Input::Late(PaymentReport::Succeeded));
    assert_eq!(stage(&duel.buyer), Stage::Ended(Ending::PaidLate));
}

#[test]
fn late_payment__failed__the_buyer_is_warned_as_before_the_first_try() {
    let warned = |duel: &Duel| {
        let told = domp_escrow::situation::situation(&duel.buyer, duel.at());
        told.warnings.iter().any(|warning| warning.contains("Paying it is final"))
    };
    let mut duel = Duel::with_late_invoice();
    assert!(warned(&duel));
    duel.take(Side::Buyer, &Input::Command(Command::PayLate));
    duel.take(Side::Buyer, &Input::Late(PaymentReport::Failed));
    assert_eq!(stage(&duel.buyer), Stage::Ended(Ending::Refunded));
    assert!(warned(&duel));
}
