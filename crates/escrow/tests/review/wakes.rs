//! A machine that is woken only when it asked for it does the same as one that is woken at every block.

use crate::duel::{CB, DAWN, Duel, P, START, outcome, ship, verdict};
use domp_escrow::{
    effect::Effect,
    input::{Agreement, Command, Condition, Input, InvoiceReport, Outcome, PaymentReport, Task},
    letter::Paper,
    moment::At,
    note::Note,
    stage::{Stage, stage},
    step::step,
    terms::Side,
    trade::Trade,
    wake::wake,
};
use domp_protocol::units::{Blocks, Height};

/// What a trade does at which height if nothing happens but blocks, one every ten minutes.
fn left_alone(trade: &Trade, from: Height, every_block: bool) -> (Vec<(Height, Effect)>, Trade) {
    let mut trade = trade.clone();
    let mut done = Vec::new();
    for height in from.0..START.0 + 2_300 {
        // A trade that is over is never woken.
        if stage(&trade).is_ended() {
            break;
        }
        let height = Height(height);
        let unix = DAWN.plus(u64::from(START.until(height).0) * 600);
        let next = wake(&trade);
        let due = next.height.is_some_and(|due| due <= height) || next.unix.is_some_and(|due| due <= unix);
        if every_block || due {
            let after = step(trade, &Input::Tick, At { unix, height, fresh: true });
            trade = after.trade;
            done.extend(after.effects.into_iter().map(|effect| (height, effect)));
        }
    }
    (done, trade)
}

pub fn assert_wakes(name: &str, duel: &Duel) {
    for side in [Side::Buyer, Side::Seller] {
        let trade = duel.trade(side);
        let (dense, last) = left_alone(trade, duel.height, true);
        let (sparse, same) = left_alone(trade, duel.height, false);
        assert_eq!(dense, sparse, "{name}, {side:?} at '{}'", stage(trade));
        assert_eq!(stage(&last), stage(&same), "{name}, {side:?} at '{}'", stage(trade));
    }
}

#[test]
fn every_stage__woken_only_when_asked__does_what_it_does_at_every_block() {
    for mail_lost in [false, true] {
        for wanted in [Stage::Bid, Stage::Offered, Stage::ToShip, Stage::Shipped] {
            let mut duel = Duel::at_stage(wanted);
            assert_wakes("as it is", &duel);
            duel.mail_lost = mail_lost;
            let commands = [
                (Side::Buyer, Command::Pay),
                (Side::Seller, Command::Accept),
                (Side::Seller, ship()),
                (Side::Buyer, verdict(Condition::Received)),
                (Side::Buyer, verdict(Condition::Damaged)),
                (Side::Seller, Command::Refund { reason: "broken".into() }),
                (Side::Buyer, Command::Agree(Agreement::Release)),
                (Side::Buyer, Command::Withdraw),
                (Side::Seller, Command::Withdraw),
            ];
            for (side, command) in commands {
                let mut duel = duel.clone();
                let name = format!("{command:?}");
                duel.take(side, &Input::Command(command.clone()));
                assert_wakes(&name, &duel);
                let mut duel = Duel { mail_lost, ..Duel::at_stage(wanted) };
                duel.command(side, command);
                assert_wakes(&name, &duel);
            }
        }
    }
}

#[test]
fn locking__one_leg_or_none_or_no_word__woken_for_every_limit() {
    let offered = Duel::at_stage(Stage::Offered);
    let mut asked = offered.clone();
    asked.take(Side::Buyer, &Input::Command(Command::Pay));
    assert_wakes("asked", &asked);
    asked.take(Side::Buyer, &outcome(Task::Pay(CB), Outcome::Unknown("timeout".into())));
    assert_wakes("unknown", &asked);
    asked.lock(CB);
    assert_wakes("one of two", &asked);
    let mut both = asked.clone();
    both.lock(P);
    assert_wakes("both, nothing said", &both);
}

#[test]
fn accepting__only_one_invoice_made__woken_when_it_runs_out() {
    let mut duel = Duel::at_stage(Stage::Bid);
    duel.take(Side::Seller, &Input::Command(Command::Accept));
    let issued =
        Outcome::Issued { bolt11: "one".into(), hash: crate::duel::hash(CB), expires: DAWN.plus(86_400) };
    duel.take(Side::Seller, &outcome(Task::Issue(CB), issued));
    assert_wakes("one invoice", &duel);
}

#[test]
fn accepting__the_acceptance_cannot_be_written__the_trade_ends_when_the_invoices_run_out() {
    let mut duel = Duel::at_stage(Stage::Bid);
    duel.take(Side::Seller, &Input::Command(Command::Accept));
    for purpose in [CB, P] {
        let issued = Outcome::Issued {
            bolt11: "one".into(),
            hash: crate::duel::hash(purpose),
            expires: DAWN.plus(86_400),
        };
        duel.take(Side::Seller, &outcome(Task::Issue(purpose), issued));
    }
    let never = Outcome::Refused("our node is another one now".into());
    duel.take(Side::Seller, &outcome(Task::Send(Paper::Acceptance), never));
    assert_wakes("no acceptance", &duel);
    let (effects, _) = left_alone(&duel.seller, duel.height, false);
    let cancels = effects.iter().filter(|(_, effect)| matches!(effect, Effect::Cancel { .. })).count();
    assert_eq!(cancels, 2, "both invoices are taken back");
}

#[test]
fn shipped__the_node_lost_the_price__woken_for_the_collateral() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    duel.take(Side::Seller, &Input::Invoice { purpose: P, report: InvoiceReport::Cancelled });
    assert_wakes("price lost", &duel);
}

#[test]
fn stale_height__whatever_waits_for_a_fresh_one__says_so() {
    // Nothing wakes a trade when the height can be relied on again, unless it said that it waits for that.
    let waits = |duel: &mut Duel, side: Side, input: &Input| {
        duel.fresh = false;
        let stale = duel.take(side, input);
        assert!(stale.notes.contains(&Note::TipNotFresh), "{side:?} {input:?}: {:?}", stale.notes);
        duel.fresh = true;
        let fresh = duel.take(side, &Input::Tick);
        assert!(!fresh.effects.is_empty(), "{side:?} {input:?}");
    };
    let mut locking = Duel::at_stage(Stage::Offered);
    locking.take(Side::Buyer, &Input::Command(Command::Pay));
    let expiry = START.plus(Blocks(1_000));
    let report = PaymentReport::InFlight { final_expiry: None, first_hop_expiry: expiry };
    waits(&mut locking, Side::Buyer, &Input::Payment { purpose: CB, report });

    let mut agreed = Duel::at_stage(Stage::Shipped);
    agreed.command(Side::Buyer, Command::Agree(Agreement::Release));
    let said = domp_escrow::input::Said::Agreed(Agreement::Release);
    waits(&mut agreed, Side::Buyer, &Input::Said { event: crate::duel::id(0xaa), said });
}

#[test]
fn offered__with_less_time_to_pay_than_to_answer__the_buyer_is_woken_when_it_is_over() {
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.buyer.terms.payment_timeout_seconds = 3_600;
    let pay_by = duel.buyer.pay_by().unwrap();
    assert!(pay_by < duel.buyer.terms.lapses_at());
    assert_eq!(wake(&duel.buyer).unix, Some(pay_by));
    assert_wakes("an hour to pay", &duel);
    let (_, last) = left_alone(&duel.buyer, duel.height, false);
    assert!(stage(&last).is_ended(), "{}", stage(&last));
}

#[test]
fn locked__the_price_long_after_the_collateral_and_no_word__woken_when_the_price_has_waited_long_enough() {
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.mail_lost = true;
    duel.lock(CB);
    assert_eq!(wake(&duel.seller).height, Some(START.plus(Blocks(36))));
    duel.sleep_to(START.plus(Blocks(20)));
    duel.lock(P);
    assert_eq!(stage(&duel.seller), Stage::Locked);
    assert_eq!(wake(&duel.seller).height, Some(START.plus(Blocks(20 + 36))));
    assert_wakes("locked, and nothing said", &duel);
    let (_, last) = left_alone(&duel.seller, duel.height, false);
    assert!(last.unwind.is_some());
}

#[test]
fn bid__nobody_answers__the_buyer_is_woken_when_it_lapses() {
    let buyer = Duel::at_stage(Stage::Bid).buyer;
    assert_eq!(wake(&buyer).unix, Some(buyer.terms.lapses_at()));
}

/// A time that has passed and does nothing would wake it over and over.
#[test]
fn locked__nothing_waits_for_the_clock__the_buyer_is_woken_at_no_time() {
    let mut duel = Duel::at_stage(Stage::Offered);
    duel.take(Side::Buyer, &Input::Command(Command::Pay));
    assert_eq!(wake(&duel.buyer).unix, duel.buyer.pay_by());
    for wanted in [Stage::ToShip, Stage::Shipped] {
        assert_eq!(wake(&Duel::at_stage(wanted).buyer).unix, None, "{wanted}");
    }
}

#[test]
fn in_doubt__what_has_not_happened_ends_nothing__woken_at_no_time_until_all_is_told() {
    for wanted in [Stage::Bid, Stage::Offered] {
        for side in [Side::Buyer, Side::Seller] {
            let mut duel = Duel::at_stage(wanted);
            let before = wake(duel.trade(side)).unix;
            assert!(before.is_some());
            duel.take(side, &Input::Restored);
            assert_eq!(wake(duel.trade(side)).unix, None, "{side:?} at '{wanted}'");
            duel.take(side, &Input::Recalled);
            assert_eq!(wake(duel.trade(side)).unix, before, "{side:?} at '{wanted}'");
        }
    }
}
