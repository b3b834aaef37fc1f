//! The last moment for everything, and what is refused after it.

use crate::duel::{CB, DAWN, Duel, P, has, id, outcome, reveals, verdict};
use domp_escrow::{
    effect::Effect,
    input::{Agreement, Command, Condition, Input, InvoiceReport, Outcome, Said, Secret, Task},
    leg::{HeldState, Want},
    letter::{Message, Paper, REPEAT_BID_AFTER, RESEND_AFTER},
    note::{Note, Refusal},
    stage::{Ending, Stage, stage},
    step::Step,
    terms::Side,
    trade::{Trade, Unwind},
};
use domp_protocol::units::{Blocks, Unix};

fn refused(step: &Step) -> Option<&Refusal> {
    step.notes.iter().find_map(|note| if let Note::Refused(why) = note { Some(why) } else { None })
}

fn sends(step: &Step, paper: Paper) -> bool {
    has(step, |effect| matches!(effect, Effect::Send { message, .. } if message.paper() == Some(paper)))
}

fn at(duel: &mut Duel, unix: Unix) -> &mut Duel {
    duel.unix = unix;
    duel
}

#[test]
fn pay__ten_minutes_before_the_time_is_over_and_a_second_later__taken_and_refused() {
    let mut duel = Duel::at_stage(Stage::Offered);
    let pay_by = duel.buyer.pay_by().unwrap();
    let pay = Input::Command(Command::Pay);
    let step = at(&mut duel, Unix(pay_by.0 - 600)).ask(Side::Buyer, &pay);
    assert!(has(&step, |effect| matches!(effect, Effect::Pay { purpose: CB, .. })), "{:?}", step.notes);
    for later in [599, 1, 0] {
        let step = at(&mut duel, Unix(pay_by.0 - later)).ask(Side::Buyer, &pay);
        assert!(matches!(refused(&step), Some(Refusal::Expired { at, .. }) if *at == pay_by), "{later}");
        assert!(!step.trade.choices.pay);
    }
}

#[test]
fn pay_late__ten_minutes_before_the_invoice_runs_out_and_a_second_later__taken_and_refused() {
    let mut duel = Duel::with_late_invoice();
    let expires = duel.seller.late.as_ref().unwrap().expires.unwrap();
    assert_eq!(duel.buyer.late.as_ref().unwrap().expires, Some(expires));
    assert!(duel.buyer.papers.contains_key(&Paper::LateInvoice));
    let pay = Input::Command(Command::PayLate);
    let step = at(&mut duel, Unix(expires.0 - 600)).ask(Side::Buyer, &pay);
    assert!(has(&step, |effect| matches!(effect, Effect::PayLate { .. })), "{:?}", step.notes);
    for later in [599, 0] {
        let step = at(&mut duel, Unix(expires.0 - later)).ask(Side::Buyer, &pay);
        assert!(matches!(refused(&step), Some(Refusal::Expired { at, .. }) if *at == expires), "{later}");
    }
}

#[test]
fn late_payment__refused_by_the_node__told_and_can_be_tried_again_unless_it_was_paid() {
    let mut duel = Duel::with_late_invoice();
    duel.take(Side::Buyer, &Input::Command(Command::PayLate));
    let no = outcome(Task::PayLate, Outcome::Refused("no route".into()));
    let step = duel.ask(Side::Buyer, &no);
    assert!(step.notes.contains(&Note::PaymentRefused { purpose: P, reason: "no route".into() }));
    assert!(step.trade.late.as_ref().unwrap().failed);
    assert_eq!(stage(&step.trade), Stage::Ended(Ending::Refunded));
    duel.take(Side::Buyer, &Input::Late(domp_escrow::input::PaymentReport::Succeeded));
    let step = duel.ask(Side::Buyer, &no);
    assert!(!step.trade.late.as_ref().unwrap().failed, "an older try's end");
}

#[test]
fn offer_late__only_after_the_money_went_back_and_the_goods_were_confirmed() {
    let offers = |duel: &Duel| {
        let step = duel.ask(Side::Seller, &Input::Command(Command::OfferLateInvoice));
        has(&step, |effect| matches!(effect, Effect::IssueLate { .. }))
    };
    let mut paid = Duel::at_stage(Stage::Shipped);
    assert!(!offers(&paid), "the money is held");
    paid.command(Side::Buyer, verdict(Condition::Received));
    assert_eq!(stage(&paid.seller), Stage::Ended(Ending::Completed));
    assert!(paid.seller.peer.received && !offers(&paid), "it was paid");
    let mut back = Duel::at_stage(Stage::Shipped);
    back.mine_to(back.seller.deadlines.unwrap().settle_by);
    assert!(!offers(&back), "nobody has said that the goods came");
    back.command(Side::Buyer, verdict(Condition::Received));
    assert!(offers(&back));
}

#[test]
fn stale_height__only_what_moves_money_waits_for_a_fresh_one() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    duel.fresh = false;
    let confirmed = |condition| refused(&duel.ask(Side::Buyer, &Input::Command(verdict(condition)))).cloned();
    assert_eq!(confirmed(Condition::Received), Some(Refusal::TipNotFresh));
    for condition in [Condition::Damaged, Condition::NotReceived, Condition::PartiallyReceived] {
        assert_eq!(confirmed(condition), None, "{condition:?} moves none");
    }
    let agrees =
        |side, agreement| refused(&duel.ask(side, &Input::Command(Command::Agree(agreement)))).cloned();
    assert_eq!(agrees(Side::Buyer, Agreement::Release), Some(Refusal::TipNotFresh));
    assert_eq!(agrees(Side::Seller, Agreement::Release), None, "it has nothing to reveal");
    assert_eq!(agrees(Side::Buyer, Agreement::Cancel), None);
}

#[test]
fn agree__while_the_money_goes_back__to_cancel_only() {
    let mut duel = Duel::at_stage(Stage::ToShip);
    duel.take(Side::Buyer, &Input::Said { event: id(0xa1), said: Said::Refund });
    assert_eq!(stage(&duel.buyer), Stage::Returning);
    let agrees =
        |agreement| refused(&duel.ask(Side::Buyer, &Input::Command(Command::Agree(agreement)))).cloned();
    assert_eq!(agrees(Agreement::Release), Some(Refusal::MoneyGoingBack));
    assert_eq!(agrees(Agreement::Cancel), None);
}

#[test]
fn release__before_any_verdict__told_to_confirm_instead() {
    let duel = Duel::at_stage(Stage::Shipped);
    let step = duel.ask(Side::Buyer, &Input::Command(Command::Release));
    assert!(matches!(refused(&step), Some(Refusal::WrongStage { hint, .. }) if hint.contains("confirm")));
    assert!(!reveals(&step));
}

#[test]
fn verdict__with_the_secret__leaves_by_reveal_by_at_the_latest() {
    let duel = Duel::at_stage(Stage::Shipped);
    let reveal_by = duel.buyer.deadlines.map(|deadlines| deadlines.reveal_by);
    assert!(reveal_by.is_some());
    let step = duel.ask(Side::Buyer, &Input::Command(verdict(Condition::Received)));
    let last = |effect: &Effect| matches!(effect, Effect::Send { message: Message::Verdict { .. }, not_after } if *not_after == reveal_by);
    assert!(has(&step, last), "{:?}", step.effects);
}

#[test]
fn bid__unanswered__lapses_after_two_weeks_on_both_sides_and_not_before() {
    let lapses_at = DAWN.plus(14 * 86_400);
    let unanswered = Duel::at_stage(Stage::Bid);
    let mut half = unanswered.clone();
    half.take(Side::Seller, &Input::Command(Command::Accept));
    assert_eq!(stage(&half.seller), Stage::Accepting);
    for side in [Side::Buyer, Side::Seller] {
        for duel in [&unanswered, &half] {
            let mut duel = duel.clone();
            let step = at(&mut duel, Unix(lapses_at.0 - 1)).ask(side, &Input::Tick);
            assert_eq!(step.trade.unwind, None, "{side:?}");
            let step = at(&mut duel, lapses_at).ask(side, &Input::Tick);
            assert_eq!(step.trade.unwind, Some(Unwind::Lapsed), "{side:?}");
        }
        let mut doubted = unanswered.clone();
        doubted.take(side, &Input::Restored);
        let step = at(&mut doubted, lapses_at).ask(side, &Input::Tick);
        assert_eq!(step.trade.unwind, None, "{side:?}: it may have been answered");
    }
    // Answered on the last day: there is the whole time to pay.
    let mut late = unanswered;
    at(&mut late, Unix(lapses_at.0 - 100)).command(Side::Seller, Command::Accept);
    assert_eq!(stage(&late.buyer), Stage::Offered);
    for side in [Side::Buyer, Side::Seller] {
        let step = at(&mut late, lapses_at).ask(side, &Input::Tick);
        assert_eq!(step.trade.unwind, None, "{side:?}");
    }
}

#[test]
fn offered__nobody_pays__both_give_up_when_the_time_is_over() {
    let mut duel = Duel::at_stage(Stage::Offered);
    let pay_by = duel.seller.pay_by().unwrap();
    for side in [Side::Buyer, Side::Seller] {
        let step = at(&mut duel, Unix(pay_by.0 - 1)).ask(side, &Input::Tick);
        assert_eq!(step.trade.unwind, None, "{side:?}");
        let step = at(&mut duel, pay_by).ask(side, &Input::Tick);
        assert_eq!(step.trade.unwind, Some(Unwind::NotPaidInTime), "{side:?}");
    }
    // All is locked, and the word for it is on its way: the handshake has its own time.
    let mut locked = Duel::at_stage(Stage::Offered);
    locked.lock(CB);
    locked.lock(P);
    let step = at(&mut locked, pay_by).ask(Side::Seller, &Input::Tick);
    assert_eq!(step.trade.unwind, None);
}

#[test]
fn locked__an_htlc_goes_home_before_the_handshake__everything_goes_back() {
    for purpose in [CB, P] {
        let mut duel = Duel::at_stage(Stage::Offered);
        duel.lock(CB);
        duel.lock(P);
        assert_eq!(stage(&duel.seller), Stage::Locked);
        let gone = Input::Invoice { purpose, report: InvoiceReport::Cancelled };
        let step = duel.take(Side::Seller, &gone);
        assert_eq!(step.trade.unwind, Some(Unwind::LegLost(purpose)));
        let other = if purpose == P { CB } else { P };
        assert!(has(&step, |effect| matches!(effect, Effect::Cancel { purpose, .. } if *purpose == other)));
    }
}

#[test]
fn going_back__all_is_held_and_the_buyer_says_that_it_paid__not_acknowledged() {
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.lock(CB);
    duel.lock(P);
    duel.take(Side::Seller, &Input::Command(Command::Withdraw));
    let step = duel.take(Side::Seller, &Input::Said { event: id(0xa2), said: Said::Payment });
    assert!(!sends(&step, Paper::LockAck) && step.trade.deadlines.is_none());
}

/// What a refund (314) is written for: an acknowledged lock, or the seller's own decision. Before that it refers to nothing.
#[test]
fn refund_letter__for_what_was_acknowledged_and_nothing_else() {
    let mut unshipped = Duel::at_stage(Stage::ToShip);
    unshipped.sleep_to(unshipped.seller.deadlines.unwrap().ship_by.plus(Blocks(1)));
    let step = unshipped.take(Side::Seller, &Input::Tick);
    assert_eq!(step.trade.unwind, Some(Unwind::NotShipped));
    let reason = Unwind::NotShipped.to_string();
    let told = |effect: &Effect| matches!(effect, Effect::Send { message: Message::Refund { reason: why }, .. } if *why == reason);
    assert!(has(&step, told), "{:?}", step.effects);

    let mut half = Duel::at_stage(Stage::Offered);
    half.lock(CB);
    half.take(Side::Seller, &Input::Said { event: id(0xa2), said: Said::Payment });
    half.sleep_to(half.height.plus(Blocks(36)));
    let step = half.take(Side::Seller, &Input::Tick);
    assert_eq!(step.trade.unwind, Some(Unwind::OnlyOneLocked));
    assert!(!sends(&step, Paper::Refund));
}

#[test]
fn settled_by_the_node_without_an_order__alarm() {
    let alarms = |duel: &Duel, purpose| {
        let report = InvoiceReport::Settled;
        let step = duel.ask(Side::Seller, &Input::Invoice { purpose, report });
        step.notes.iter().any(|note| matches!(note, Note::Alarm(_)))
    };
    let shipped = Duel::at_stage(Stage::Shipped);
    assert!(alarms(&shipped, P) && alarms(&shipped, CB));
    let mut restored = Duel::at_stage(Stage::ToShip);
    restored.take(Side::Seller, &Input::Restored);
    assert!(alarms(&restored, CB), "nobody ever takes the collateral");
    assert!(!alarms(&restored, P), "it may have been ordered after the backup");
}

#[test]
fn invoice__reported_before_its_order_has_ended__known_once_it_is_ours() {
    let tells = |duel: &Duel, report| duel.ask(Side::Seller, &Input::Invoice { purpose: P, report });
    let node = |step: &Step| step.trade.leg(P).unwrap().holding().unwrap().node;
    let mut duel = Duel::at_stage(Stage::Bid);
    assert_eq!(node(&tells(&duel, InvoiceReport::Open)), HeldState::Unissued, "not ours: never accepted");
    let mut doubted = duel.clone();
    doubted.take(Side::Seller, &Input::Restored);
    assert_eq!(node(&tells(&doubted, InvoiceReport::Open)), HeldState::Open, "forgotten");
    duel.take(Side::Seller, &Input::Command(Command::Accept));
    let open = tells(&duel, InvoiceReport::Open);
    assert_eq!(node(&open), HeldState::Open);
    let expires = duel.unix.plus(86_400);
    let issued = Outcome::Issued { bolt11: "one".into(), hash: crate::duel::hash(P), expires };
    let issued = outcome(Task::Issue(P), issued);
    assert_eq!(node(&duel.ask(Side::Seller, &issued)), HeldState::Open);
    let mut paid = duel.clone();
    paid.lock(P);
    assert!(matches!(node(&paid.ask(Side::Seller, &issued)), HeldState::Held { .. }), "paid already");
    // The call that made it broke, and its repetition was refused because it is there.
    duel.seller = open.trade;
    let refused = outcome(Task::Issue(P), Outcome::Refused("exists".into()));
    let step = duel.ask(Side::Seller, &refused);
    assert!(has(&step, |effect| matches!(effect, Effect::Cancel { purpose: P, .. })), "{:?}", step.effects);
    assert_eq!(node(&step), HeldState::Open, "until the node says that it is gone");
    assert_eq!(step.trade.leg(P).unwrap().holding().unwrap().want, Want::Cancel);
}

#[test]
fn invoice__refused_to_a_store_in_doubt__told_and_nothing_given_up() {
    let mut duel = Duel::at_stage(Stage::Bid);
    duel.take(Side::Seller, &Input::Command(Command::Accept));
    duel.take(Side::Seller, &Input::Restored);
    let refused = outcome(Task::Issue(CB), Outcome::Refused("exists".into()));
    let step = duel.take(Side::Seller, &refused);
    assert_eq!(step.trade.unwind, None);
    assert!(step.notes.iter().any(|note| matches!(note, Note::NotSent(_))), "{:?}", step.notes);
}

/// Of bid, hashes and acceptance nobody sends a receipt: they are sent again until what follows shows that they came.
#[test]
fn set_up__unanswered__sent_again_until_it_is_answered_or_given_up() {
    let again = |trade: &Trade, duel: &Duel, blocks: Blocks, paper| {
        let moment = domp_escrow::moment::At { height: duel.height.plus(blocks), ..duel.at() };
        let step = domp_escrow::step::step(trade.clone(), &Input::Tick, moment);
        has(
            &step,
            |effect| matches!(effect, Effect::Resend { message, .. } if message.paper() == Some(paper)),
        )
    };
    let bid = Duel::at_stage(Stage::Bid);
    let offered = Duel::at_stage(Stage::Offered);
    for paper in [Paper::Bid, Paper::Hashes] {
        let before = Blocks(REPEAT_BID_AFTER.0 - 1);
        assert!(!again(&bid.buyer, &bid, before, paper));
        assert!(again(&bid.buyer, &bid, REPEAT_BID_AFTER, paper), "{paper:?}");
        assert!(!again(&offered.buyer, &offered, REPEAT_BID_AFTER, paper), "{paper:?} was answered");
        let withdrawn = bid.ask(Side::Buyer, &Input::Command(Command::Withdraw)).trade;
        assert!(!again(&withdrawn, &bid, REPEAT_BID_AFTER, paper), "{paper:?} was withdrawn");
    }
    assert!(again(&offered.seller, &offered, RESEND_AFTER, Paper::Acceptance));
    let mut paid = offered.clone();
    paid.lock(CB);
    assert!(!again(&paid.seller, &paid, RESEND_AFTER, Paper::Acceptance), "it is being paid");
    // A secret of which no deadline is known is not sent again.
    let verdict_of = |secret| {
        let said = Said::Verdict { condition: Condition::Received, secret };
        let mut found = Duel::at_stage(Stage::Offered);
        found.take(Side::Buyer, &Input::Restored);
        found.take(Side::Buyer, &Input::Wrote { event: id(0xa3), said });
        assert!(found.buyer.deadlines.is_none());
        again(&found.buyer, &found, RESEND_AFTER, Paper::Verdict)
    };
    assert!(!verdict_of(Secret::Opens));
    assert!(verdict_of(Secret::Absent));
}

#[test]
fn withdrawn_before_it_was_sent__no_bid_leaves() {
    let duel = Duel::at_stage(Stage::Bid);
    let terms = duel.buyer.terms;
    let fresh = Trade::for_buyer(terms, &std::collections::BTreeMap::new());
    let mut duel = Duel { buyer: fresh, ..Duel::at_stage(Stage::Bid) };
    let step = duel.take(Side::Buyer, &Input::Command(Command::Withdraw));
    assert!(step.effects.is_empty(), "{:?}", step.effects);
}

#[test]
fn reasons__why_everything_goes_back__each_in_its_own_words() {
    let all = [
        (Unwind::Withdrawn, "withdrawn"),
        (Unwind::Lapsed, "not answered"),
        (Unwind::BadInvoices("too dear".into()), "too dear"),
        (Unwind::InvoiceRefused("disk full".into()), "disk full"),
        (Unwind::NotPaidInTime, "ran out"),
        (Unwind::OnlyOneLocked, "only a part"),
        (Unwind::PaymentFailed, "no route"),
        (Unwind::BadLock("1 msat held".into()), "1 msat held"),
        (Unwind::NoHandshake, "confirm the lock"),
        (Unwind::NotShipped, "nothing was shipped"),
        (Unwind::NotConfirmed, "did not confirm"),
        (Unwind::Refund, "gives the money back"),
        (Unwind::Agreed, "agreed to cancel"),
        (Unwind::LegLost(P), "by itself"),
    ];
    for (why, words) in all {
        assert!(why.to_string().contains(words), "{why:?}: {why}");
    }
}

#[test]
fn collateral__expires_before_the_price__given_back_in_its_own_time_and_the_price_stays() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    let agreed = duel.seller.terms.agreed;
    let leg = duel.seller.leg(CB).unwrap().clone();
    let HeldState::Held { since, expiry, amount } = leg.holding().unwrap().node else { panic!("held") };
    let expiry = expiry.minus(Blocks(40));
    let report = InvoiceReport::Held { accepted_at: since, expiry, amount };
    duel.take(Side::Seller, &Input::Invoice { purpose: CB, report });
    let due = expiry.minus(agreed.seller_auto_cancel).minus(Blocks(12));
    duel.sleep_to(due.minus(Blocks(1)));
    assert!(!has(&duel.ask(Side::Seller, &Input::Tick), |effect| matches!(effect, Effect::Cancel { .. })));
    duel.sleep_to(due);
    let step = duel.take(Side::Seller, &Input::Tick);
    assert!(has(&step, |effect| matches!(effect, Effect::Cancel { purpose: CB, .. })));
    assert!(!has(&step, |effect| matches!(effect, Effect::Cancel { purpose: P, .. })));
    assert_eq!((step.trade.unwind.clone(), stage(&step.trade)), (None, Stage::Shipped));
}
