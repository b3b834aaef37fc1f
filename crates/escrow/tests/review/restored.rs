//! A store that came from a backup (C-47): stage by stage, what it does not do, and what it does all the same.

use crate::{
    duel::{CB, Duel, P, PADDING, event_of, has, heard, id, outcome, reveals, verdict},
    wakes::assert_wakes,
};
use domp_escrow::{
    ack::TIP_SKEW,
    effect::Effect,
    input::{
        Agreement, Command, Condition, Input, InvoiceReport, Outcome, PaymentReport, Said, Secret, Shipment,
        Task, Verdict,
    },
    leg::{HeldState, PaidState, Want},
    letter::{LATE_INVOICE_FOR, LATE_VERDICT_FOR, Leave, Message, Paper, RESEND_AFTER, may_leave},
    note::{Note, Refusal},
    situation::situation,
    stage::{Ending, Stage, stage},
    step::Step,
    terms::Side,
    trade::{Trade, Unwind},
    wake::wake,
};
use domp_protocol::{deadlines::Deadlines, units::Blocks};

const STAGES: [Stage; 4] = [Stage::Bid, Stage::Offered, Stage::ToShip, Stage::Shipped];

/// The world is at `now`, the store of one side as it was at `then`.
fn restored(side: Side, then: Stage, now: Stage) -> Duel {
    let old = Duel::at_stage(then);
    let mut duel = Duel::at_stage(now);
    *duel.trade_mut(side) = old.trade(side).clone();
    duel.take(side, &Input::Restored);
    duel
}

/// The node tells what it holds of both legs.
fn node_tells(duel: &mut Duel) {
    let cltv = duel.seller.terms.agreed.purchase_cltv();
    for purpose in [CB, P] {
        let amount = duel.seller.terms.price.to_msat();
        let (accepted_at, expiry) = (crate::duel::START, crate::duel::START.plus(cltv).plus(Blocks(3)));
        duel.take(
            Side::Seller,
            &Input::Invoice { purpose, report: InvoiceReport::Held { accepted_at, expiry, amount } },
        );
    }
}

/// The buyer's node tells what it has in flight, which is what it had `now`.
fn buyers_node_tells(duel: &mut Duel, now: &Duel) {
    for purpose in [CB, P] {
        let PaidState::InFlight { final_expiry, first_hop_expiry } =
            now.buyer.leg(purpose).unwrap().paying().unwrap().node
        else {
            panic!("not in flight")
        };
        let report = PaymentReport::InFlight { final_expiry, first_hop_expiry };
        duel.take(Side::Buyer, &Input::Payment { purpose, report });
    }
}

fn gives_back(step: &Step) -> bool {
    has(step, |effect| matches!(effect, Effect::Cancel { purpose: P, .. }))
}

fn wrote(side: Side, of: &Trade, message: &Message) -> Input {
    Input::Wrote { event: event_of(side, message), said: heard(of, message).unwrap() }
}

#[test]
fn seller__restored_at_any_stage__no_deadline_but_settle_by_gives_the_price_back() {
    for then in STAGES {
        let mut duel = restored(Side::Seller, then, Stage::Shipped);
        node_tells(&mut duel);
        duel.take(Side::Seller, &Input::Recalled);
        assert_eq!(duel.seller.in_doubt(), then != Stage::Shipped, "{then}");
        let expiry = match duel.seller.leg(P).unwrap().holding().unwrap().node {
            HeldState::Held { expiry, .. } => expiry,
            other => panic!("{other:?}"),
        };
        let last = expiry.minus(duel.seller.terms.agreed.seller_auto_cancel).minus(Blocks(12));
        let last = duel.seller.deadlines.map_or(last, |deadlines| deadlines.settle_by);
        while duel.height < last.minus(Blocks(1)) {
            duel.sleep_to(duel.height.plus(Blocks(1)));
            let step = duel.take(Side::Seller, &Input::Tick);
            assert!(!gives_back(&step) && step.trade.unwind.is_none(), "{then} at {}", duel.height);
        }
        assert_wakes("in doubt", &duel);
        duel.sleep_to(last);
        let step = duel.take(Side::Seller, &Input::Tick);
        assert!(gives_back(&step), "{then}: held past its deadline");
        assert_eq!(step.trade.unwind, Some(Unwind::NotConfirmed));
    }
}

#[test]
fn seller__restored_to_the_bid_and_gives_all_back_before_it_hears_of_an_invoice__gives_that_back_too() {
    let mut duel = restored(Side::Seller, Stage::Bid, Stage::Offered);
    let cltv = duel.seller.terms.agreed.purchase_cltv();
    let (accepted_at, expiry) = (crate::duel::START, crate::duel::START.plus(cltv).plus(Blocks(3)));
    let amount = domp_protocol::units::Msat::new(1_000).unwrap();
    let short = InvoiceReport::Held { accepted_at, expiry, amount };
    let step = duel.take(Side::Seller, &Input::Invoice { purpose: CB, report: short });
    assert!(step.trade.unwind.is_some() && !gives_back(&step), "nothing is known of the price yet");
    duel.take(Side::Seller, &Input::Recalled);
    let step = duel.take(Side::Seller, &Input::Invoice { purpose: P, report: InvoiceReport::Open });
    assert!(gives_back(&step), "an invoice stays open that nobody looks after");
}

#[test]
fn seller__in_doubt__writes_no_second_acknowledgement() {
    let mut duel = restored(Side::Seller, Stage::Offered, Stage::Shipped);
    node_tells(&mut duel);
    let step = duel.take(Side::Seller, &Input::Said { event: id(0x90), said: Said::Payment });
    assert!(!has(&step, |effect| matches!(effect, Effect::Send { message: Message::LockAck(_), .. })));
    let step = duel.take(Side::Seller, &Input::Command(Command::NotShipped));
    assert!(
        has(&step, |effect| matches!(effect, Effect::Send { message: Message::LockAck(_), .. })),
        "said to be early"
    );
}

#[test]
fn seller__in_doubt__takes_the_price_on_the_buyers_word_and_on_nothing_less() {
    for then in [Stage::Offered, Stage::ToShip] {
        let mut duel = restored(Side::Seller, then, Stage::Shipped);
        node_tells(&mut duel);
        let kept =
            |condition, secret| Input::Said { event: id(0x91), said: Said::Verdict { condition, secret } };
        for input in [
            kept(Condition::Damaged, Secret::Opens),
            kept(Condition::Received, Secret::Absent),
            kept(Condition::Received, Secret::Wrong),
        ] {
            let step = duel.ask(Side::Seller, &input);
            assert!(!has(&step, |effect| matches!(effect, Effect::Settle { .. })), "{input:?}");
        }
        let step = duel.take(Side::Seller, &kept(Condition::Received, Secret::Opens));
        assert!(has(&step, |effect| matches!(effect, Effect::Settle { purpose: P, .. })), "{then}");
        assert!(has(&step, |effect| matches!(effect, Effect::Cancel { purpose: CB, .. })), "{then}");
        let late = duel.ask(Side::Seller, &Input::Command(Command::NotShipped));
        assert!(late.notes.iter().any(|note| matches!(note, Note::Refused(Refusal::Already(_)))));
    }
}

#[test]
fn seller__its_own_words_found__up_to_date_whatever_the_backup_knew() {
    let now = Duel::at_stage(Stage::Shipped);
    for then in [Stage::Offered, Stage::ToShip] {
        let mut duel = restored(Side::Seller, then, Stage::Shipped);
        node_tells(&mut duel);
        duel.take(
            Side::Seller,
            &Input::Said { event: now.seller.papers[&Paper::Payment], said: Said::Payment },
        );
        let messages: Vec<Message> = now.seller.letters.iter().map(|letter| letter.message.clone()).collect();
        for message in &messages {
            let step = duel.take(Side::Seller, &wrote(Side::Seller, &now.seller, message));
            assert!(!has(
                &step,
                |effect| matches!(effect, Effect::Send { message, .. } if message.paper().is_some())
            ));
        }
        let ack = now.seller.papers[&Paper::LockAck];
        duel.take(
            Side::Seller,
            &Input::Said { event: now.seller.papers[&Paper::LockOk], said: Said::LockOk { ack } },
        );
        assert!(!duel.seller.in_doubt(), "{then}");
        assert_eq!(stage(&duel.seller), Stage::Shipped);
        assert_eq!(duel.seller.papers, now.seller.papers, "{then}");
        assert_eq!(duel.seller.deadlines, now.seller.deadlines);
        // What may not have arrived is sent again, as it was.
        duel.sleep_to(duel.height.plus(RESEND_AFTER));
        let step = duel.take(Side::Seller, &Input::Tick);
        assert!(
            has(&step, |effect| matches!(effect, Effect::Resend { message: Message::Shipped(_), .. })),
            "{then}"
        );
    }
}

#[test]
fn seller__its_own_refund_found__everything_goes_back() {
    let mut duel = restored(Side::Seller, Stage::ToShip, Stage::ToShip);
    let step = duel.take(Side::Seller, &Input::Wrote { event: id(0x92), said: Said::Refund });
    assert!(gives_back(&step));
    assert_eq!(step.trade.unwind, Some(Unwind::Refund));
    assert!(
        !has(&step, |effect| matches!(effect, Effect::Send { message: Message::Refund { .. }, .. })),
        "written before"
    );
}

#[test]
fn wrote__what_the_store_wrote_itself_or_the_other_side_writes__changes_nothing() {
    for side in [Side::Buyer, Side::Seller] {
        let mut duel = Duel::at_stage(Stage::Shipped);
        let before = duel.trade(side).clone();
        for message in before.letters.iter().map(|letter| letter.message.clone()).collect::<Vec<_>>() {
            if let Some(said) = heard(&before, &message) {
                duel.take(side, &Input::Wrote { event: id(0x93), said });
            }
        }
        let theirs = if side == Side::Buyer { Said::Refund } else { Said::Payment };
        duel.take(side, &Input::Wrote { event: id(0x94), said: theirs });
        assert_eq!(*duel.trade(side), before);
    }
}

#[test]
fn seller__its_person_decides__kept_for_the_buyer_or_judged_by_its_deadlines() {
    for then in [Stage::Bid, Stage::Offered, Stage::ToShip] {
        let mut duel = restored(Side::Seller, then, Stage::Shipped);
        node_tells(&mut duel);
        duel.take(Side::Seller, &Input::Recalled);
        duel.sleep_to(duel.height.plus(Blocks(200)));
        let told = situation(&duel.seller, duel.at());
        let names: Vec<&str> = told.next.iter().map(|choice| choice.command).collect();
        assert!(names.contains(&"had shipped") && names.contains(&"not shipped"), "{then}: {names:?}");
        assert!(told.summary.contains("restored"), "{}", told.summary);
        let mut shipped = duel.clone();
        let step = shipped.take(Side::Seller, &Input::Command(Command::HadShipped(Shipment::default())));
        assert!(step.trade.unwind.is_none() && !step.trade.in_doubt());
        assert_eq!(stage(&step.trade), Stage::Shipped, "{then}");
        assert_eq!(step.trade.leg(P).unwrap().holding().unwrap().want, Want::Hold);
        assert_wakes("had shipped", &shipped);
        if then != Stage::Bid {
            let step = duel.take(Side::Seller, &Input::Command(Command::NotShipped));
            assert!(gives_back(&step), "{then}: {:?}", step.notes);
        }
    }
}

#[test]
fn seller__not_restored_or_settled__cannot_claim_to_have_shipped_before() {
    let duel = Duel::at_stage(Stage::ToShip);
    for command in [Command::HadShipped(Shipment::default()), Command::NotShipped] {
        let step = duel.ask(Side::Seller, &Input::Command(command.clone()));
        assert!(
            step.notes.iter().any(|note| matches!(note, Note::Refused(Refusal::WrongStage { .. }))),
            "{command:?}"
        );
        let step = duel.ask(Side::Buyer, &Input::Command(command));
        assert!(step.notes.contains(&Note::Refused(Refusal::NotYours)));
    }
    let mut duel = restored(Side::Seller, Stage::Bid, Stage::Bid);
    let step = duel.ask(Side::Seller, &Input::Command(Command::HadShipped(Shipment::default())));
    assert!(
        step.notes.iter().any(|note| matches!(note, Note::Refused(Refusal::Missing(_)))),
        "nothing is held"
    );
    duel.take(Side::Seller, &Input::Recalled);
    assert!(!duel.seller.in_doubt());
    duel.command(Side::Seller, Command::Accept);
    assert_eq!(stage(&duel.buyer), Stage::Offered);
}

#[test]
fn seller__what_was_decided_before_the_backup__stays_decided() {
    let mut duel = Duel::at_stage(Stage::ToShip);
    duel.take(Side::Seller, &Input::Command(Command::Refund { reason: "broken".into() }));
    duel.take(Side::Seller, &Input::Restored);
    assert!(duel.seller.restored.is_none() && duel.seller.unwind == Some(Unwind::Refund));
}

#[test]
fn seller__in_doubt_and_both_agree_to_cancel__everything_goes_back() {
    let mut duel = restored(Side::Seller, Stage::ToShip, Stage::Shipped);
    duel.take(Side::Seller, &Input::Command(Command::Agree(Agreement::Cancel)));
    let step =
        duel.take(Side::Seller, &Input::Said { event: id(0x95), said: Said::Agreed(Agreement::Cancel) });
    assert!(gives_back(&step));
}

#[test]
fn seller__restored_after_its_node_took_the_price__no_alarm_and_the_collateral_goes_home() {
    let mut duel = restored(Side::Seller, Stage::ToShip, Stage::Shipped);
    let step = duel.take(Side::Seller, &Input::Invoice { purpose: P, report: InvoiceReport::Settled });
    assert!(!step.notes.iter().any(|note| matches!(note, Note::Alarm(_))), "{:?}", step.notes);
    assert!(has(&step, |effect| matches!(effect, Effect::Cancel { purpose: CB, .. })));
}

#[test]
fn buyer__in_doubt__pays_confirms_and_writes_nothing_until_all_is_told() {
    for then in [Stage::Bid, Stage::Offered] {
        let now = Duel::at_stage(Stage::Shipped);
        let mut duel = restored(Side::Buyer, then, Stage::Shipped);
        duel.sleep_to(duel.height.plus(Blocks(300)));
        let step = duel.take(Side::Buyer, &Input::Tick);
        assert!(step.trade.unwind.is_none(), "{then}: the time to pay is over, and it may have paid");
        for command in [Command::Pay, verdict(Condition::Received), Command::Release] {
            let step = duel.ask(Side::Buyer, &Input::Command(command.clone()));
            assert!(step.notes.iter().any(|note| matches!(note, Note::Refused(_))), "{command:?}");
        }
        let said = |paper, said: Said| Input::Said { event: now.buyer.papers[&paper], said };
        let acceptance = heard(&now.seller, &Message::Acceptance).unwrap();
        duel.take(Side::Buyer, &said(Paper::Acceptance, acceptance));
        let (event, ack) = now.buyer.peer.ack.clone().unwrap();
        duel.take(Side::Buyer, &Input::Said { event, said: Said::LockAck(ack) });
        for purpose in [CB, P] {
            let node = now.buyer.leg(purpose).unwrap().paying().unwrap().node;
            let domp_escrow::leg::PaidState::InFlight { final_expiry, first_hop_expiry } = node else {
                panic!()
            };
            let report = PaymentReport::InFlight { final_expiry, first_hop_expiry };
            let step = duel.take(Side::Buyer, &Input::Payment { purpose, report });
            assert!(!has(
                &step,
                |effect| matches!(effect, Effect::Send { message, .. } if message.paper().is_some())
            ));
        }
        let step = duel.take(Side::Buyer, &Input::Recalled);
        assert!(!has(&step, |effect| matches!(effect, Effect::Pay { .. })));
        // The seller's acknowledgement names the 311 that was written before.
        assert_eq!(step.trade.papers[&Paper::Payment], now.buyer.papers[&Paper::Payment], "{then}");
        assert_eq!(step.trade.deadlines, now.buyer.deadlines);
        let step = duel.take(Side::Buyer, &Input::Command(verdict(Condition::Received)));
        assert!(reveals(&step), "{then}: {:?}", step.notes);
    }
}

/// Long after it has paid the buyer is restored, and the seller says that the lock was only now: every deadline would be later
/// than what the node holds bears. The expiry at the node tells when it was paid at the latest.
#[test]
fn buyer__restored_late_and_the_lock_said_to_be_later_than_it_was__does_not_agree() {
    for (late, agrees) in
        [(Blocks(0), true), (TIP_SKEW, true), (TIP_SKEW.plus(PADDING).plus(Blocks(1)), false)]
    {
        for hears_first in [true, false] {
            let now = Duel::at_stage(Stage::ToShip);
            let mut duel = restored(Side::Buyer, Stage::Offered, Stage::ToShip);
            duel.sleep_to(duel.height.plus(Blocks(20)));
            let (event, mut ack) = now.buyer.peer.ack.clone().unwrap();
            let lock = ack.deadlines.lock.plus(late);
            ack.deadlines = Deadlines::at(lock, &duel.buyer.terms.agreed);
            let arrives = Input::Said { event, said: Said::LockAck(ack) };
            if hears_first {
                duel.take(Side::Buyer, &arrives);
            }
            buyers_node_tells(&mut duel, &now);
            duel.take(Side::Buyer, &Input::Recalled);
            if !hears_first {
                duel.take(Side::Buyer, &arrives);
            }
            let locked = duel.buyer.deadlines.map(|deadlines| deadlines.lock);
            assert_eq!(locked.is_some(), agrees, "{late} later, {:?}", duel.notes);
        }
    }
}

#[test]
fn buyer__its_node_is_still_trying__never_ordered_again() {
    let mut duel = restored(Side::Buyer, Stage::Offered, Stage::Offered);
    duel.take(Side::Buyer, &Input::Payment { purpose: CB, report: PaymentReport::Trying });
    duel.take(Side::Buyer, &Input::Recalled);
    let step = duel.take(Side::Buyer, &Input::Command(Command::Pay));
    assert!(!has(&step, |effect| matches!(effect, Effect::Pay { .. })), "{:?}", step.effects);
}

/// The words on which a late payment hangs are sent again although the trade is over, for a while.
#[test]
fn late_words__the_trade_is_over__sent_again_until_receipted_and_not_for_ever() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    duel.mine_to(duel.seller.deadlines.unwrap().settle_by);
    assert_eq!(stage(&duel.buyer), Stage::Ended(Ending::Refunded));
    duel.mail_lost = true;
    duel.command(Side::Buyer, verdict(Condition::Received));
    let event = duel.buyer.papers[&Paper::Verdict];
    assert_resends(&mut duel, Side::Buyer, Paper::Verdict, LATE_VERDICT_FOR);
    duel.said(Side::Seller, event, Said::Verdict { condition: Condition::Received, secret: Secret::Absent });
    duel.command(Side::Seller, Command::OfferLateInvoice);
    assert_resends(&mut duel, Side::Seller, Paper::LateInvoice, LATE_INVOICE_FOR);
    let offer = duel.seller.papers[&Paper::LateInvoice];
    let first_seen = duel.height;
    duel.said(Side::Seller, id(0x96), Said::Receipt { of: offer, first_seen });
    assert_eq!(wake(&duel.seller).height, None, "seen: not sent again");
}

/// A letter is sent again every other block for as long as it may, and its trade is woken for it; never after.
fn assert_resends(duel: &mut Duel, side: Side, paper: Paper, blocks: Blocks) {
    let mut alone = duel.clone();
    let last = alone.height.plus(blocks);
    let mut times = 0;
    while let Some(next) = wake(alone.trade(side)).height {
        assert!(next <= last, "{paper:?} is sent again at {next}, after {last}");
        alone.sleep_to(next);
        let step = alone.take(side, &Input::Tick);
        let again = |effect: &Effect| matches!(effect, Effect::Resend { message, .. } if message.paper() == Some(paper));
        assert!(has(&step, again), "{:?}", step.effects);
        times += 1;
    }
    assert_eq!(times, blocks.0 / RESEND_AFTER.0);
    assert!(alone.ask(side, &Input::Tick).effects.is_empty());
}

#[test]
fn second_paper_of_a_kind__ignored__its_arrival_acknowledged() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    let step =
        duel.take(Side::Buyer, &Input::Said { event: id(0x97), said: Said::Shipped(Shipment::default()) });
    assert!(step.notes.iter().any(|note| matches!(note, Note::Ignored(_))));
    assert!(has(
        &step,
        |effect| matches!(effect, Effect::Send { message: Message::Receipt { of, .. }, .. } if *of == id(0x97))
    ));
}

/// While it is written anew, what was written before is found: the other side goes by the first.
#[test]
fn sent__after_another_was_found__the_one_found_counts() {
    let mut duel = restored(Side::Buyer, Stage::Bid, Stage::Offered);
    duel.take(Side::Buyer, &Input::Recalled);
    duel.buyer.papers.insert(Paper::Payment, id(0x81));
    let sent = Outcome::Sent { event: id(0x82) };
    duel.take(Side::Buyer, &outcome(Task::Send(Paper::Payment), sent));
    assert_eq!(duel.buyer.papers[&Paper::Payment], id(0x81));
}

/// A trade that was given up before the loss: nothing was paid, nothing is on its way, and it ends.
#[test]
fn rebuilt__the_acceptance_is_bad_and_nothing_was_paid__ends_once_relays_and_node_have_told() {
    let mut duel = Duel::at_stage(Stage::Bid);
    duel.buyer = duel.buyer.clone().rebuilt(duel.height);
    duel.take(Side::Buyer, &Input::Said { event: id(0x83), said: Said::BadAcceptance("no".into()) });
    assert_eq!(stage(&duel.buyer), Stage::Returning, "it is not known whether anything was paid");
    duel.take(Side::Buyer, &Input::Recalled);
    assert_eq!(stage(&duel.buyer), Stage::Ended(Ending::Abandoned));
}

#[test]
fn seller__in_doubt_while_everything_goes_back__no_doubt_is_left_once_all_is_told() {
    let mut duel = restored(Side::Seller, Stage::Offered, Stage::Shipped);
    node_tells(&mut duel);
    duel.take(Side::Seller, &Input::Wrote { event: id(0x84), said: Said::Refund });
    duel.take(Side::Seller, &Input::Recalled);
    assert!(!duel.seller.in_doubt() && duel.seller.unwind == Some(Unwind::Refund));
}

/// Between the order and a relay that takes the letter the world may have changed.
#[test]
fn letters__whose_ground_is_gone_or_that_may_have_been_written__do_not_leave() {
    let duel = Duel::at_stage(Stage::Shipped);
    let verdict = |reveal| {
        let verdict = Verdict { condition: Condition::Received, rating: None, feedback: None, reason: None };
        Message::Verdict { verdict, reveal }
    };
    let price = duel.buyer.leg(P).unwrap().hash.unwrap();
    let (with, without) = (verdict(Some(price)), verdict(None));
    let release = Message::Release { reveal: price };
    assert_eq!(may_leave(&duel.buyer, &with), Leave::Now);
    let mut back = duel.clone();
    for message in [&with, &release] {
        back.buyer.unwind = Some(Unwind::Agreed);
        assert!(matches!(may_leave(&back.buyer, message), Leave::Never(_)), "for money that goes back");
        let mut failed = duel.clone();
        failed.take(Side::Buyer, &Input::Payment { purpose: P, report: PaymentReport::Failed });
        assert!(matches!(may_leave(&failed.buyer, message), Leave::Never(_)), "for nothing");
    }
    assert_eq!(may_leave(&back.buyer, &without), Leave::Now);

    let doubt = restored(Side::Buyer, Stage::Offered, Stage::Shipped);
    let lock_ok = Message::LockOk { ack: id(0x85) };
    for message in [&Message::Payment, &lock_ok] {
        assert!(matches!(may_leave(&doubt.buyer, message), Leave::Later(_)));
        assert_eq!(may_leave(&duel.buyer, message), Leave::Now);
    }
    assert_eq!(may_leave(&doubt.buyer, &without), Leave::Now);
    let mut over = restored(Side::Seller, Stage::Offered, Stage::Shipped);
    let (_, ack) = duel.buyer.peer.ack.clone().unwrap();
    assert!(matches!(may_leave(&over.seller, &Message::LockAck(ack.clone())), Leave::Later(_)));
    for purpose in [CB, P] {
        over.take(Side::Seller, &Input::Invoice { purpose, report: InvoiceReport::Settled });
    }
    assert!(stage(&over.seller).is_ended(), "{}", stage(&over.seller));
    assert!(
        matches!(may_leave(&over.seller, &Message::LockAck(ack)), Leave::Never(_)),
        "it would wait for ever"
    );
}

#[test]
fn letters__after_the_end__only_late_words_with_a_last_height_are_sent_again() {
    let duel = Duel::at_stage(Stage::Shipped);
    let letter = |message: Message, not_after| domp_escrow::letter::Letter {
        paper: message.paper().unwrap(),
        message,
        not_after,
        posted_at: duel.height,
        sent: None,
        receipted: false,
        dropped: false,
    };
    let last = Some(duel.height);
    let invoice = Message::LateInvoice { bolt11: String::new() };
    assert!(letter(invoice.clone(), last).outlives_the_trade());
    assert!(!letter(invoice, None).outlives_the_trade());
    assert!(!letter(Message::Shipped(Shipment::default()), last).outlives_the_trade());
}

/// Whatever is found of ours is sent again, as it was, until the other side has it.
#[test]
fn wrote__each_paper_that_can_be_found__becomes_a_letter_that_is_sent() {
    let now = Duel::at_stage(Stage::Shipped);
    let ack = match &now.seller.letter(Paper::LockAck).unwrap().message {
        Message::LockAck(ack) => ack.clone(),
        other => panic!("{other:?}"),
    };
    let sellers = [
        (Paper::Acceptance, heard(&now.seller, &Message::Acceptance).unwrap()),
        (Paper::LockAck, Said::LockAck(ack)),
        (Paper::Shipped, Said::Shipped(Shipment::default())),
        (Paper::Refund, Said::Refund),
        (Paper::AgreeCancel, Said::Agreed(Agreement::Cancel)),
    ];
    let buyers = [
        (Paper::Payment, Said::Payment),
        (Paper::Verdict, Said::Verdict { condition: Condition::Received, secret: Secret::Opens }),
        (Paper::AgreeRelease, Said::Agreed(Agreement::Release)),
    ];
    let each = sellers.map(|it| (Side::Seller, it)).into_iter().chain(buyers.map(|it| (Side::Buyer, it)));
    for (side, (paper, said)) in each {
        let mut duel = restored(side, Stage::Bid, Stage::Shipped);
        duel.take(side, &Input::Wrote { event: id(0x86), said });
        let letter = duel.trade(side).letter(paper);
        assert_eq!(letter.and_then(|letter| letter.sent), Some(id(0x86)), "{paper:?}");
    }
}

/// The chain lost blocks right after the lock, and then the store: the payment is older than the chain is high.
#[test]
fn buyer__restored_below_the_height_of_its_payment__agrees_all_the_same() {
    let now = Duel::at_stage(Stage::ToShip);
    let mut duel = restored(Side::Buyer, Stage::Offered, Stage::ToShip);
    duel.height = duel.height.minus(Blocks(5));
    buyers_node_tells(&mut duel, &now);
    duel.take(Side::Buyer, &Input::Recalled);
    let (event, ack) = now.buyer.peer.ack.clone().unwrap();
    duel.take(Side::Buyer, &Input::Said { event, said: Said::LockAck(ack) });
    assert!(duel.buyer.deadlines.is_some(), "{:?}", duel.notes);
}
