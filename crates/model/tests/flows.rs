//! Whole trades in both machines, the natural way and the ways that DIP-03 calls failed.
#![allow(non_snake_case)]

use domp_escrow::{
    input::{Agreement, Command, Condition},
    stage::{Ending, Stage},
    terms::Side,
};
use domp_model::{
    action::Action,
    node::{PayeeEnd, PayerEnd},
    people::{ship, verdict},
    rehearsal::Rehearsal,
    setting::{START, Setting},
};
use domp_protocol::units::{Blocks, Height};

const COMPLETED: Stage = Stage::Ended(Ending::Completed);
const REFUNDED: Stage = Stage::Ended(Ending::Refunded);
const ABANDONED: Stage = Stage::Ended(Ending::Abandoned);

fn to_stage(setting: &Setting, stage: Stage) -> Rehearsal {
    let mut play = Rehearsal::new(setting);
    play.settle();
    for (side, command) in
        [(Side::Seller, Command::Accept), (Side::Buyer, Command::Pay), (Side::Seller, ship())]
    {
        if play.world.stage(Side::Seller) == stage {
            break;
        }
        play.act(Action::Person(side, command));
        play.settle();
    }
    assert_eq!(play.world.stage(Side::Seller), stage, "{:#?}", play.story);
    play
}

fn assert_both(play: &Rehearsal, stage: Stage) {
    for side in [Side::Buyer, Side::Seller] {
        assert_eq!(play.world.stage(side), stage, "{side:?}: {:#?}", play.world.trade(side));
    }
    assert_eq!(play.world.loss(), None);
    assert_eq!(play.world.disbelief(), None);
}

fn all_home(play: &Rehearsal) {
    for htlc in [play.world.price, play.world.collateral] {
        assert!(matches!(htlc.payer, PayerEnd::Failed | PayerEnd::None), "{htlc:?}");
        assert!(matches!(htlc.payee, PayeeEnd::Cancelled | PayeeEnd::None), "{htlc:?}");
    }
}

/// `[D3-02]` `[D3-07]` `[D3-08]` `[D3-20]` `[D3-24]` `[D3-25]` `[D3-30]` `[D3-31]` `[D3-38]`
#[test]
fn success__with_and_without_collateral__seller_paid_collateral_home() {
    for collateral in [true, false] {
        let setting = Setting { collateral, ..Setting::default() };
        let mut play = to_stage(&setting, Stage::Shipped);
        play.act(Action::Arrive);
        play.people_act();
        assert_both(&play, COMPLETED);
        assert_eq!(play.world.price.payer, PayerEnd::Succeeded);
        assert_ne!(play.world.collateral.payer, PayerEnd::Succeeded);
    }
}

/// `[D3-10]` `[D3-28]` `[D3-32]` `[D3-50]` `[D3-51]` `[D3-76]`
#[test]
fn shipped__buyer_silent_until_the_end__all_home_before_any_close() {
    let mut play = to_stage(&Setting::default(), Stage::Shipped);
    let deadlines = play.world.seller.deadlines.unwrap();
    play.mine_to(deadlines.settle_by.minus(Blocks(1)));
    assert_eq!(play.world.stage(Side::Seller), Stage::Shipped);
    play.mine_to(deadlines.settle_by);
    assert_both(&play, REFUNDED);
    all_home(&play);
}

/// `[D3-52]`
#[test]
fn offered__nobody_pays__abandoned_by_both() {
    let mut play = to_stage(&Setting::default(), Stage::Offered);
    play.mine_to(START.plus(Blocks(145)));
    assert_both(&play, ABANDONED);
    all_home(&play);
}

#[test]
fn bid__never_answered__lapses() {
    let mut play = Rehearsal::new(&Setting::default());
    play.settle();
    play.mine_to(START.plus(Blocks(2017)));
    assert_both(&play, ABANDONED);
}

#[test]
fn to_ship__seller_refunds__all_home() {
    let mut play = to_stage(&Setting::default(), Stage::ToShip);
    play.act(Action::Person(Side::Seller, Command::Refund { reason: "broken".into() }));
    play.settle();
    assert_both(&play, REFUNDED);
    all_home(&play);
}

#[test]
fn to_ship__seller_forgets__refunded_after_ship_by() {
    let mut play = to_stage(&Setting::default(), Stage::ToShip);
    let deadlines = play.world.seller.deadlines.unwrap();
    play.mine_to(deadlines.ship_by);
    assert_eq!(play.world.stage(Side::Seller), Stage::ToShip);
    play.mine_to(deadlines.ship_by.plus(Blocks(1)));
    assert_both(&play, REFUNDED);
    all_home(&play);
}

#[test]
fn shipped__both_agree_to_cancel__all_home() {
    let mut play = to_stage(&Setting::default(), Stage::Shipped);
    play.act(Action::Person(Side::Buyer, Command::Agree(Agreement::Cancel)));
    play.settle();
    assert_eq!(play.world.stage(Side::Seller), Stage::Shipped, "one signature does nothing");
    play.act(Action::Person(Side::Seller, Command::Agree(Agreement::Cancel)));
    play.settle();
    assert_both(&play, REFUNDED);
    all_home(&play);
}

#[test]
fn shipped__damaged_then_both_agree_to_release__seller_paid() {
    let mut play = to_stage(&Setting::default(), Stage::Shipped);
    play.act(Action::Arrive);
    play.act(Action::Person(Side::Buyer, verdict(Condition::Damaged)));
    play.settle();
    assert_eq!(play.world.stage(Side::Buyer), Stage::Shipped);
    play.act(Action::Person(Side::Seller, Command::Agree(Agreement::Release)));
    play.settle();
    assert_eq!(play.world.stage(Side::Buyer), Stage::Shipped, "the secret needs the buyer's own word");
    play.act(Action::Person(Side::Buyer, Command::Agree(Agreement::Release)));
    play.settle();
    assert_both(&play, COMPLETED);
}

#[test]
fn shipped__damaged_then_released__seller_paid() {
    let mut play = to_stage(&Setting::default(), Stage::Shipped);
    play.act(Action::Person(Side::Buyer, verdict(Condition::Damaged)));
    play.settle();
    play.act(Action::Person(Side::Buyer, Command::Release));
    play.settle();
    assert_both(&play, COMPLETED);
}

#[test]
fn shipped__confirmed_after_reveal_by__secret_stays_and_late_invoice_pays() {
    let mut play = to_stage(&Setting::default(), Stage::Shipped);
    let deadlines = play.world.buyer.deadlines.unwrap();
    play.mine_to(deadlines.reveal_by.plus(Blocks(1)));
    play.act(Action::Person(Side::Buyer, verdict(Condition::Received)));
    play.settle();
    assert!(!play.world.secret_known_to_seller, "revealed too late");
    play.mine_to(deadlines.settle_by.plus(Blocks(1)));
    assert_both(&play, REFUNDED);
    play.act(Action::Person(Side::Buyer, Command::PayLate));
    play.settle();
    assert!(play.world.paid_late.is_none(), "there is no invoice yet");
    play.act(Action::Person(Side::Seller, Command::OfferLateInvoice));
    play.settle();
    play.act(Action::Person(Side::Buyer, Command::PayLate));
    play.settle();
    assert_both(&play, Stage::Ended(Ending::PaidLate));
    assert!(play.world.paid_late.is_some());
}

#[test]
fn shipped__confirmed_exactly_at_reveal_by__seller_paid() {
    let mut play = to_stage(&Setting::default(), Stage::Shipped);
    let reveal_by = play.world.buyer.deadlines.unwrap().reveal_by;
    play.mine_to(reveal_by);
    play.act(Action::Arrive);
    play.people_act();
    assert_both(&play, COMPLETED);
}

/// `[D3-36]` `[D3-73]` `[D3-75]`
#[test]
fn locking__only_collateral_paid__home_after_grace() {
    let mut play = to_stage(&Setting::default(), Stage::Offered);
    play.act(Action::Cheat(domp_model::cheat::Cheat::PayOne(
        domp_protocol::purpose::Purpose::BuyerCollateral,
    )));
    play.settle();
    assert_eq!(play.world.stage(Side::Seller), Stage::Locking);
    play.mine_to(START.plus(Blocks(35)));
    assert_eq!(play.world.stage(Side::Seller), Stage::Locking);
    play.mine_to(START.plus(Blocks(36)));
    assert_eq!(play.world.stage(Side::Seller), REFUNDED);
    all_home(&play);
}

#[test]
fn locked__no_lock_ok__home_after_grace_with_a_refund_notice() {
    let mut play = to_stage(&Setting::default(), Stage::Offered);
    play.act(Action::Person(Side::Buyer, Command::Pay));
    for _ in 0..200 {
        // Everything happens but the buyer's agreement with the lock.
        play.world.mail.retain(|mail| !matches!(mail.said, domp_escrow::input::Said::LockOk { .. }));
        let side = [Side::Seller, Side::Buyer].into_iter().find(|side| !play.world.outbox(*side).is_empty());
        match side {
            Some(side) => play.act(Action::Perform(side)),
            None if !play.world.mail.is_empty() => play.act(Action::Deliver(0)),
            None => {
                for purpose in [
                    domp_protocol::purpose::Purpose::BuyerCollateral,
                    domp_protocol::purpose::Purpose::Purchase,
                ] {
                    for side in [Side::Seller, Side::Buyer] {
                        play.act(Action::Report(side, purpose));
                    }
                }
            }
        }
    }
    assert_eq!(play.world.stage(Side::Seller), Stage::Locked);
    assert!(play.world.buyer.deadlines.is_some());
    let before = play.world.height;
    play.world.mine_to(Height(before.0 + 36));
    play.world.mail.retain(|mail| !matches!(mail.said, domp_escrow::input::Said::LockOk { .. }));
    play.settle();
    assert_both(&play, REFUNDED);
    all_home(&play);
}

#[test]
fn locking__seller_withdraws_before_the_311__all_home_without_a_314() {
    let mut play = to_stage(&Setting::default(), Stage::Offered);
    play.act(Action::Cheat(domp_model::cheat::Cheat::PayOne(
        domp_protocol::purpose::Purpose::BuyerCollateral,
    )));
    play.settle();
    play.act(Action::Person(Side::Seller, Command::Withdraw));
    play.settle();
    assert_eq!(play.world.stage(Side::Seller), REFUNDED);
    assert!(!play.world.seller.has(domp_escrow::letter::Paper::Refund));
    all_home(&play);
}
