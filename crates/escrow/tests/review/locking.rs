//! Locking: payments whose fate is not known, routers that change the last hop, and nodes that know more than the store.

use crate::duel::{CB, Duel, P, PADDING, START, has, outcome, reveals, verdict};
use domp_escrow::{
    ack::compare,
    effect::Effect,
    input::{Command, Condition, Input, InvoiceReport, Outcome, PaymentReport, Said, Task},
    leg::PaidState,
    letter::{Message, Paper},
    note::{Note, Refusal},
    stage::{Ending, Stage, stage},
    step::Step,
    terms::Side,
    trade::Trade,
    wake::wake,
};
use domp_protocol::{
    purpose::Purpose,
    units::{Blocks, Height, Msat},
};

fn unknown_payment() -> Duel {
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.take(Side::Buyer, &Input::Command(Command::Pay));
    duel.take(Side::Buyer, &outcome(Task::Pay(CB), Outcome::Unknown("the connection broke".into())));
    duel
}

/// A node that adds no blocks to the expiry, and does not tell it.
#[test]
fn expiry_just_as_agreed__agreed_and_a_block_less_is_not() {
    let (duel, ack) = acknowledged();
    let mut legs = duel.buyer.legs.clone();
    for leg in &mut legs {
        let domp_escrow::leg::End::Payer(paying) = &mut leg.end else { panic!("the buyer pays") };
        let PaidState::InFlight { first_hop_expiry, .. } = paying.node else { panic!("in flight") };
        paying.node = PaidState::InFlight { final_expiry: None, first_hop_expiry };
    }
    for (less, agreed) in [(0, true), (1, false)] {
        let mut said = ack.clone();
        let asked = legs[1].paying().unwrap().asked_at.unwrap();
        said.legs[1].expiry = asked.plus(legs[1].cltv).minus(Blocks(less));
        assert_eq!(compare(&duel.buyer.terms, &legs, &said).is_ok(), agreed, "{less} blocks less");
    }
}

/// The payment took days on its way. Deadlines from its arrival would not fit below the expiry that it bears.
#[test]
fn lock_later_than_the_payment_bears__not_agreed() {
    let (duel, ack) = acknowledged();
    let terms = &duel.buyer.terms;
    let mut legs = duel.buyer.legs.clone();
    let price = legs.iter_mut().find(|leg| leg.purpose == P).unwrap();
    let cltv = price.cltv;
    let domp_escrow::leg::End::Payer(paying) = &mut price.end else { panic!("the buyer pays") };
    paying.seen_at = Some(START.plus(Blocks(100)));
    let locked_at = |lock: Height| {
        let deadlines = domp_protocol::deadlines::Deadlines::at(lock, &terms.agreed);
        domp_escrow::ack::Ack { deadlines, ..(*ack).clone() }
    };
    let bears = paying.node.final_expiry().unwrap().minus(cltv);
    let last = bears.plus(domp_escrow::ack::TIP_SKEW);
    assert_eq!(compare(terms, &legs, &locked_at(last)), Ok(()));
    assert!(compare(terms, &legs, &locked_at(last.plus(Blocks(1)))).is_err());
}

#[test]
fn payment_asked_for_again_much_later__deadlines_count_from_the_one_that_went_through() {
    let mut duel = unknown_payment();
    // The node was away for most of the day and has never heard of the payment.
    duel.sleep_to(START.plus(Blocks(120)));
    duel.seller.offered_at = Some(duel.unix);
    let again = duel.input(Side::Buyer, &Input::Payment { purpose: CB, report: PaymentReport::NotFound });
    assert!(has(&again, |effect| matches!(effect, Effect::Pay { .. })));
    assert_eq!(stage(&duel.seller), Stage::ToShip, "{:?}", duel.notes.last());
    let (bought, sold) = (duel.buyer.deadlines.unwrap(), duel.seller.deadlines.unwrap());
    assert_eq!(bought, sold, "the buyer keeps its time to look at the goods");
}

#[test]
fn price_asked_for_again_much_later__deadlines_count_from_the_one_that_went_through() {
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.take(Side::Buyer, &Input::Command(Command::Pay));
    duel.take(Side::Buyer, &outcome(Task::Pay(CB), Outcome::Done));
    let leg = duel.buyer.leg(CB).unwrap().clone();
    let expiry = START.plus(leg.cltv).plus(PADDING);
    let report = PaymentReport::InFlight { final_expiry: Some(expiry), first_hop_expiry: expiry };
    duel.take(Side::Buyer, &Input::Payment { purpose: CB, report });
    duel.take(Side::Buyer, &outcome(Task::Pay(P), Outcome::Unknown("the connection broke".into())));
    duel.sleep_to(START.plus(Blocks(30)));
    let report = InvoiceReport::Held { accepted_at: START, expiry, amount: leg.amount.to_msat() };
    duel.take(Side::Seller, &Input::Invoice { purpose: CB, report });
    duel.input(Side::Buyer, &Input::Payment { purpose: P, report: PaymentReport::NotFound });
    assert_eq!(stage(&duel.seller), Stage::ToShip, "{:?}", duel.notes.last());
    assert_eq!(duel.buyer.deadlines.unwrap(), duel.seller.deadlines.unwrap());
}

#[test]
fn payment_never_heard_of__time_to_pay_over__abandoned_and_not_left_open_for_ever() {
    let mut duel = unknown_payment();
    let pay_by = duel.buyer.pay_by().unwrap();
    duel.sleep_to(START.plus(Blocks(u32::try_from(duel.unix.until(pay_by) / 600).unwrap())));
    let tick = duel.take(Side::Buyer, &Input::Tick);
    assert!(tick.effects.is_empty());
    assert!(duel.buyer.unwind.is_some(), "nothing more is paid");
    assert!(!stage(&duel.buyer).is_ended(), "unknown is not failed");
    duel.take(Side::Buyer, &Input::Payment { purpose: CB, report: PaymentReport::NotFound });
    assert_eq!(stage(&duel.buyer), Stage::Ended(Ending::Abandoned));
}

#[test]
fn payment_not_known_after_the_time_to_pay__then_in_flight__followed_to_its_end() {
    let mut duel = unknown_payment();
    duel.sleep_to(START.plus(Blocks(144)));
    duel.take(Side::Buyer, &Input::Tick);
    let expiry = START.plus(Blocks(2_000));
    let report = PaymentReport::InFlight { final_expiry: None, first_hop_expiry: expiry };
    duel.take(Side::Buyer, &Input::Payment { purpose: CB, report });
    assert_eq!(stage(&duel.buyer), Stage::Returning);
    duel.take(Side::Buyer, &Input::Payment { purpose: CB, report: PaymentReport::Failed });
    assert!(stage(&duel.buyer).is_ended());
}

/// Both are locked, and the seller's acknowledgement is on its way.
fn acknowledged() -> (Duel, Box<domp_escrow::ack::Ack>) {
    let duel = Duel::at_stage(Stage::ToShip);
    let ack = duel.seller.letters.iter().find_map(|letter| match &letter.message {
        Message::LockAck(ack) => Some(ack.clone()),
        _ => None,
    });
    (duel, ack.unwrap())
}

#[test]
fn router_leaves_the_payee_more_time_or_more_money_than_it_was_told__still_agreed() {
    let (duel, ack) = acknowledged();
    let Trade { terms, legs, .. } = &duel.buyer;
    assert_eq!(compare(terms, legs, &ack), Ok(()));
    for leg in 0..2 {
        let mut more = ack.clone();
        more.legs[leg].amount = Msat::new(more.legs[leg].amount.get() + 1).unwrap();
        assert_eq!(compare(terms, legs, &more), Ok(()), "an amount above ours was paid by somebody else");
        more.legs[leg].amount = Msat::new(ack.legs[leg].amount.get() - 1).unwrap();
        assert!(compare(terms, legs, &more).is_err());
    }
    // A longer route: our first hop expires later than the last.
    let mut legs = legs.clone();
    for leg in &mut legs {
        let domp_escrow::leg::End::Payer(paying) = &mut leg.end else { panic!("the buyer pays") };
        let PaidState::InFlight { final_expiry, .. } = paying.node else { panic!("in flight") };
        let first_hop_expiry = final_expiry.unwrap().plus(Blocks(40));
        paying.node = PaidState::InFlight { final_expiry, first_hop_expiry };
    }
    for (later, agreed) in [(0, true), (1, true), (40, true), (41, false)] {
        let mut moved = ack.clone();
        moved.legs[1].expiry = ack.legs[1].expiry.plus(Blocks(later));
        assert_eq!(compare(terms, &legs, &moved).is_ok(), agreed, "{later} blocks later");
    }
    let mut earlier = ack.clone();
    earlier.legs[1].expiry = ack.legs[1].expiry.minus(Blocks(1));
    assert!(compare(terms, &legs, &earlier).is_err());
}

#[test]
fn collateral_in_parts_across_a_block__held_long_enough() {
    let duel = Duel::at_stage(Stage::Offered);
    let leg = duel.seller.leg(CB).unwrap().clone();
    let held = |later: u32| InvoiceReport::Held {
        accepted_at: START.plus(Blocks(later)),
        expiry: START.plus(leg.cltv),
        amount: leg.amount.to_msat(),
    };
    for (later, enough) in [(0, true), (1, true), (3, true), (4, false)] {
        let done = duel.ask(Side::Seller, &Input::Invoice { purpose: CB, report: held(later) });
        assert_eq!(done.trade.unwind.is_none(), enough, "{later} blocks between the parts: {:?}", done.notes);
    }
}

#[test]
fn restored_buyer__its_node_pays_already__followed_to_the_end_without_an_order() {
    let old = Duel::at_stage(Stage::Offered);
    let expiry = START.plus(old.buyer.leg(CB).unwrap().cltv).plus(PADDING);
    let report = PaymentReport::InFlight { final_expiry: Some(expiry), first_hop_expiry: expiry };
    let mut duel = old;
    let seen = duel.take(Side::Buyer, &Input::Payment { purpose: CB, report });
    assert!(!has(&seen, |effect| matches!(effect, Effect::Pay { .. })), "the person has not ordered it");
    duel.take(Side::Buyer, &Input::Payment { purpose: CB, report: PaymentReport::Failed });
    assert!(stage(&duel.buyer).is_ended(), "{}", stage(&duel.buyer));
}

#[test]
fn restored_buyer__its_own_papers_found_again__nothing_is_written_twice_and_it_can_still_confirm() {
    // The store is from before the payment; node and relays know all.
    let (now, ack) = acknowledged();
    let mut old = Duel::at_stage(Stage::Offered);
    old.sleep_to(START.plus(Blocks(50)));
    let papers = &now.buyer.papers;
    for paper in [Paper::Payment, Paper::LockOk] {
        old.take(Side::Buyer, &outcome(Task::Send(paper), Outcome::Sent { event: papers[&paper] }));
    }
    let writes = |step: &Step| {
        has(step, |effect| matches!(effect, Effect::Send { message, .. } if message.paper().is_some()))
    };
    for leg in &now.buyer.legs {
        let PaidState::InFlight { final_expiry, first_hop_expiry } = leg.paying().unwrap().node else {
            panic!()
        };
        let report = PaymentReport::InFlight { final_expiry, first_hop_expiry };
        let step = old.take(Side::Buyer, &Input::Payment { purpose: leg.purpose, report });
        assert!(!writes(&step), "{:?}", step.effects);
    }
    let event = now.seller.papers[&Paper::LockAck];
    let agreed = old.take(Side::Buyer, &Input::Said { event, said: Said::LockAck(ack) });
    assert!(!writes(&agreed), "{:?}", agreed.effects);
    assert_eq!(old.buyer.deadlines, now.buyer.deadlines, "{:?}", agreed.notes);
    assert_eq!(stage(&old.buyer), Stage::ToShip);
    let confirmed = old.take(Side::Buyer, &Input::Command(verdict(Condition::Received)));
    assert!(reveals(&confirmed), "{:?}", confirmed.notes);
}

#[test]
fn restored_buyer__its_own_verdict_found_again__not_given_twice_but_the_secret_can_be_sent() {
    let mut old = Duel::at_stage(Stage::Shipped);
    let found = Outcome::Sent { event: crate::duel::id(0x77) };
    old.take(Side::Buyer, &outcome(Task::Send(Paper::Verdict), found));
    let again = old.take(Side::Buyer, &Input::Command(verdict(Condition::Received)));
    assert!(
        again.notes.iter().any(|note| matches!(note, Note::Refused(Refusal::WrongStage { .. }))),
        "{:?}",
        again.notes
    );
    assert!(old.buyer.revealed_at.is_none());
    assert!(reveals(&old.take(Side::Buyer, &Input::Command(Command::Release))));
}

#[test]
fn restored_buyer__its_node_has_paid_the_price_before__pays_nothing() {
    let mut old = Duel::at_stage(Stage::Offered);
    old.take(Side::Buyer, &Input::Payment { purpose: P, report: PaymentReport::Succeeded });
    let step = old.take(Side::Buyer, &Input::Command(Command::Pay));
    assert!(step.effects.is_empty(), "{:?}", step.effects);
    assert!(
        step.notes.iter().any(|note| matches!(note, Note::Refused(Refusal::WrongStage { .. }))),
        "{:?}",
        step.notes
    );
}

#[test]
fn restored_seller__its_node_holds_what_the_store_never_accepted__given_back_in_time() {
    let mut old = Duel::at_stage(Stage::Bid);
    let leg = old.seller.leg(P).unwrap().clone();
    let expiry = START.plus(leg.cltv).plus(PADDING);
    let report = InvoiceReport::Held { accepted_at: START, expiry, amount: leg.amount.to_msat() };
    old.take(Side::Seller, &Input::Invoice { purpose: P, report });
    let due = wake(&old.seller).height.expect("it wants to be woken");
    old.sleep_to(due);
    let step = old.take(Side::Seller, &Input::Tick);
    assert!(has(&step, |effect| matches!(effect, Effect::Cancel { .. })), "{:?}", step.effects);
}

/// Both people follow the protocol and their nodes are a few blocks apart; how far they come.
fn handshake(seller_ahead: i32) -> (Stage, Stage) {
    let mut duel = Duel::at_stage(Stage::Offered);
    let sellers = Height(START.0.saturating_add_signed(seller_ahead));
    duel.take(Side::Buyer, &Input::Command(Command::Pay));
    for purpose in [CB, P] {
        let leg = duel.buyer.leg(purpose).unwrap().clone();
        let expiry = START.plus(leg.cltv).plus(PADDING);
        duel.height = sellers;
        let held = InvoiceReport::Held { accepted_at: sellers, expiry, amount: leg.amount.to_msat() };
        duel.input(Side::Seller, &Input::Invoice { purpose, report: held });
        duel.height = START;
        duel.take(Side::Buyer, &outcome(Task::Pay(purpose), Outcome::Done));
        let report = PaymentReport::InFlight { final_expiry: Some(expiry), first_hop_expiry: expiry };
        // Once the price is in flight, letters go to and fro.
        match purpose {
            Purpose::Purchase => duel.input(Side::Buyer, &Input::Payment { purpose, report }),
            _ => duel.take(Side::Buyer, &Input::Payment { purpose, report }),
        };
    }
    (stage(&duel.buyer), stage(&duel.seller))
}

#[test]
fn nodes_up_to_three_blocks_apart__agree_on_what_is_locked() {
    for seller_ahead in -3..=3 {
        assert_eq!(handshake(seller_ahead), (Stage::ToShip, Stage::ToShip), "{seller_ahead}");
    }
    for seller_ahead in [-4, 7] {
        assert_ne!(handshake(seller_ahead).1, Stage::ToShip, "{seller_ahead}");
    }
}
