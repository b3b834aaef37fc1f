//! Papers of our own that a restored store finds again: what it learns from each of them.

use crate::duel::{CB, Duel, P, event_of, has, heard, id, outcome, verdict};
use domp_escrow::{
    ack::TIP_SKEW,
    effect::Effect,
    input::{
        Agreement, Command, Condition, Input, InvoiceReport, Outcome, PaymentReport, Said, Secret, Shipment,
        Task,
    },
    leg::{HeldState, PaidState, Want},
    letter::{Letter, Message, Paper},
    stage::{Stage, stage},
    step::Step,
    terms::Side,
    trade::Unwind,
    wake::wake,
};
use domp_protocol::units::Blocks;

fn sends(step: &Step, paper: Paper) -> bool {
    has(step, |effect| matches!(effect, Effect::Send { message, .. } if message.paper() == Some(paper)))
}

fn letters(step: &Step, paper: Paper) -> Vec<&Letter> {
    step.trade.letters.iter().filter(|letter| letter.paper == paper).collect()
}

#[test]
fn acceptance__found_again__its_invoices_are_known_and_not_made_anew() {
    let offered = Duel::at_stage(Stage::Offered);
    let mut duel = Duel::at_stage(Stage::Bid);
    duel.take(Side::Seller, &Input::Restored);
    let said = heard(&offered.seller, &Message::Acceptance).unwrap();
    let step = duel.take(Side::Seller, &Input::Wrote { event: id(0xc1), said });
    assert!(!has(&step, |effect| matches!(effect, Effect::Issue { .. })), "{:?}", step.effects);
    for (found, written) in step.trade.legs.iter().zip(&offered.seller.legs) {
        assert_eq!(found.invoice, written.invoice);
        assert_eq!(found.invoice_expires, written.invoice_expires);
        let holding = found.holding().unwrap();
        assert_eq!((holding.want, holding.node), (Want::Hold, HeldState::Open));
    }
    assert!(step.trade.choices.accept && step.trade.offered_at == Some(duel.unix));
    assert_eq!(step.trade.papers[&Paper::Acceptance], id(0xc1));
}

#[test]
fn had_shipped__after_a_restore_from_before_the_acceptance__what_is_held_is_kept() {
    let mut duel = Duel::at_stage(Stage::Bid);
    duel.take(Side::Seller, &Input::Restored);
    duel.lock(CB);
    duel.lock(P);
    let held = duel.seller.legs.clone();
    let step = duel.take(Side::Seller, &Input::Command(Command::HadShipped(Default::default())));
    assert!(!has(&step, |effect| matches!(effect, Effect::Issue { .. })), "{:?}", step.effects);
    for (now, before) in step.trade.legs.iter().zip(&held) {
        let (now, before) = (now.holding().unwrap(), before.holding().unwrap());
        assert_eq!((now.want, now.node), (Want::Hold, before.node));
        assert!(matches!(now.node, HeldState::Held { .. }));
    }
}

#[test]
fn agreement__our_own_under_another_id__what_we_sent_counts() {
    let mut duel = Duel::at_stage(Stage::ToShip);
    duel.command(Side::Seller, Command::Agree(Agreement::Cancel));
    let before = duel.seller.clone();
    let said = Said::Agreed(Agreement::Cancel);
    let step = duel.take(Side::Seller, &Input::Wrote { event: id(0xc2), said });
    assert_eq!(step.trade, before);
    assert!(step.notes.is_empty(), "{:?}", step.notes);
}

#[test]
fn verdict__found_again__the_secret_is_out_only_if_it_went_along() {
    for (secret, revealed) in [(Secret::Opens, true), (Secret::Absent, false)] {
        let mut duel = Duel::at_stage(Stage::Shipped);
        duel.take(Side::Buyer, &Input::Restored);
        let said = Said::Verdict { condition: Condition::Received, secret };
        let step = duel.take(Side::Buyer, &Input::Wrote { event: id(0xc3), said });
        assert_eq!(step.trade.revealed_at, revealed.then_some(duel.height));
        let [letter] = letters(&step, Paper::Verdict)[..] else { panic!("one verdict") };
        assert_eq!(letter.message.reveals(), step.trade.leg(P).unwrap().hash.filter(|_| revealed));
        assert_eq!(letter.sent, Some(id(0xc3)));
    }
}

#[test]
fn paper__found_while_its_letter_waits__takes_the_letters_place_and_no_other() {
    let mut duel = Duel::at_stage(Stage::ToShip);
    duel.take(Side::Seller, &Input::Command(crate::duel::ship()));
    let before = duel.seller.letters.clone();
    assert!(before.iter().any(|letter| letter.paper == Paper::Shipped && letter.sent.is_none()));
    let shipped = Message::Shipped(Default::default());
    let event = event_of(Side::Seller, &shipped);
    let said = heard(&duel.seller, &shipped).unwrap();
    let step = duel.take(Side::Seller, &Input::Wrote { event, said });
    let [letter] = letters(&step, Paper::Shipped)[..] else { panic!("one") };
    assert_eq!(letter.sent, Some(event));
    let others = |letters: &[Letter]| -> Vec<Letter> {
        letters.iter().filter(|letter| letter.paper != Paper::Shipped).cloned().collect()
    };
    assert_eq!(others(&step.trade.letters), others(&before));
}

/// A buyer restored from before it paid; its node tells that both are in flight.
fn paid_before() -> (Duel, Duel) {
    let now = Duel::at_stage(Stage::ToShip);
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.take(Side::Buyer, &Input::Restored);
    for purpose in [CB, P] {
        let node = now.buyer.leg(purpose).unwrap().paying().unwrap().node;
        let PaidState::InFlight { final_expiry, first_hop_expiry } = node else { panic!("in flight") };
        let report = PaymentReport::InFlight { final_expiry, first_hop_expiry };
        duel.take(Side::Buyer, &Input::Payment { purpose, report });
    }
    (duel, now)
}

#[test]
fn payment__nothing_found_anywhere__said_after_all() {
    let (mut duel, _) = paid_before();
    let step = duel.take(Side::Buyer, &Input::Recalled);
    assert!(sends(&step, Paper::Payment), "{:?}", step.effects);
}

#[test]
fn lock_ok__by_a_restored_buyer__written_while_it_can_still_arrive_in_time() {
    for (blocks, written) in [(0, true), (36, true), (37, false), (100, false)] {
        let (mut duel, now) = paid_before();
        duel.sleep_to(now.buyer.deadlines.unwrap().lock.plus(Blocks(blocks)));
        let (event, ack) = now.buyer.peer.ack.clone().unwrap();
        duel.take(Side::Buyer, &Input::Said { event, said: Said::LockAck(ack) });
        let step = duel.take(Side::Buyer, &Input::Recalled);
        assert!(!sends(&step, Paper::Payment), "the seller has heard of it");
        assert_eq!(sends(&step, Paper::LockOk), written, "{blocks} blocks: {:?}", step.notes);
        // What it remembers less exactly may only shorten its own time.
        let (agreed, exact) = (step.trade.deadlines.unwrap(), now.buyer.deadlines.unwrap());
        assert!(agreed.reveal_by <= exact.reveal_by && agreed.lock.plus(TIP_SKEW) >= exact.lock);
        let step = duel.take(Side::Buyer, &Input::Command(verdict(Condition::Received)));
        assert!(crate::duel::reveals(&step), "{:?}", step.notes);
    }
}

/// The buyer has paid, and this seller does not know whether it has acknowledged.
#[test]
fn refund__by_a_restored_seller__told_to_a_buyer_that_has_paid_and_to_no_other() {
    for paid in [true, false] {
        let mut duel = Duel::at_stage(Stage::Offered);
        duel.take(Side::Seller, &Input::Restored);
        if paid {
            duel.take(Side::Seller, &Input::Said { event: id(0xc4), said: Said::Payment });
        }
        duel.take(Side::Seller, &Input::Recalled);
        duel.unix = duel.seller.pay_by().unwrap();
        let step = duel.take(Side::Seller, &Input::Tick);
        assert_eq!(step.trade.unwind, Some(Unwind::NotPaidInTime));
        assert_eq!(sends(&step, Paper::Refund), paid);
    }
}

/// The store is from before the acceptance, which lies on no relay any more; the goods are out.
#[test]
fn shipped__the_own_acceptance_is_lost__nothing_before_it_gives_the_price_back() {
    let mut world = Duel::at_stage(Stage::Bid);
    world.sleep_to(world.height.plus(Blocks(1_900)));
    let mut old = world.clone();
    old.take(Side::Seller, &Input::Command(Command::Accept));
    for before in [world.seller.clone(), old.seller] {
        for found in [true, false] {
            let mut duel = world.clone();
            duel.command(Side::Seller, Command::Accept);
            duel.command(Side::Buyer, Command::Pay);
            duel.command(Side::Seller, crate::duel::ship());
            let now = duel.seller.clone();
            assert_eq!(stage(&now), Stage::Shipped);
            duel.seller = before.clone();
            duel.take(Side::Seller, &Input::Restored);
            for leg in &now.legs {
                let HeldState::Held { since, expiry, amount } = leg.holding().unwrap().node else { panic!() };
                let report = InvoiceReport::Held { accepted_at: since, expiry, amount };
                duel.take(Side::Seller, &Input::Invoice { purpose: leg.purpose, report });
            }
            if found {
                let shipped = Message::Shipped(Shipment::default());
                let event = event_of(Side::Seller, &shipped);
                let said = heard(&now, &shipped).unwrap();
                duel.take(Side::Seller, &Input::Wrote { event, said });
            }
            duel.take(Side::Seller, &Input::Recalled);
            if !found {
                duel.take(Side::Seller, &Input::Command(Command::HadShipped(Shipment::default())));
            }
            assert_eq!(stage(&duel.seller), Stage::Shipped);
            // The node is asked once more for what the store had begun.
            let refused = outcome(Task::Issue(P), Outcome::Refused("exists".into()));
            duel.take(Side::Seller, &refused);
            let last = wake(&duel.seller).height.unwrap();
            while duel.height.plus(Blocks(7)) < last {
                duel.sleep_to(duel.height.plus(Blocks(7)));
                let step = duel.take(Side::Seller, &Input::Tick);
                assert_eq!(step.trade.unwind, None, "at {}", duel.height);
            }
            let said = Said::Verdict { condition: Condition::Received, secret: Secret::Opens };
            let step = duel.take(Side::Seller, &Input::Said { event: id(0xc5), said });
            assert!(has(&step, |effect| matches!(effect, Effect::Settle { purpose: P, .. })));
        }
    }
}

/// The buyer paid for the goods after the hold, its machine was lost, and the seller's invoice comes once more.
#[test]
fn late_invoice__paid_before_the_restore__not_paid_again() {
    let duel = Duel::with_late_invoice();
    let pay = Input::Command(Command::PayLate);
    let pays = |step: &Step| has(step, |effect| matches!(effect, Effect::PayLate { .. }));
    for report in [PaymentReport::NotFound, PaymentReport::Failed] {
        let mut unpaid = duel.clone();
        unpaid.take(Side::Buyer, &Input::Late(report));
        assert!(pays(&unpaid.ask(Side::Buyer, &pay)), "{report:?}");
    }
    let in_flight = PaymentReport::InFlight { final_expiry: None, first_hop_expiry: duel.height };
    for report in [PaymentReport::Trying, in_flight, PaymentReport::Succeeded] {
        assert!(pays(&duel.ask(Side::Buyer, &pay)));
        let mut strange = duel.clone();
        strange.take(Side::Buyer, &Input::Late(report));
        assert!(pays(&strange.take(Side::Buyer, &pay)), "never restored: it would know");
        let mut paid = duel.clone();
        paid.buyer = paid.buyer.rebuilt(paid.height);
        paid.take(Side::Buyer, &Input::Recalled);
        assert!(pays(&paid.ask(Side::Buyer, &pay)));
        paid.take(Side::Buyer, &Input::Late(report));
        assert!(!pays(&paid.take(Side::Buyer, &pay)), "{report:?}");
        paid.take(Side::Buyer, &Input::Late(PaymentReport::Succeeded));
        assert_eq!(stage(&paid.buyer), Stage::Ended(domp_escrow::stage::Ending::PaidLate));
    }
}
