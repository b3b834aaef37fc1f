//! Known bugs put in: the checker must find each, and tell the shortest way to it.
//!
//! `cargo test -p domp-check --test sabotage -- --nocapture` tells the stories.
#![allow(non_snake_case, clippy::panic)] // test names; a check that finds nothing must say so
#![allow(clippy::print_stdout)] // the stories are for people

use domp_check::{
    scope::{QUIET, Scope},
    verdict::{Search, search},
};
use domp_escrow::terms::Side;
use domp_model::{explore::Faults, sabotage::Sabotage, setting::Judged};

fn scope(cheater: Option<Side>, faults: Faults, change: impl Fn(&mut Scope)) -> Scope {
    let mut scope = Scope::of("sabotaged", cheater, faults);
    change(&mut scope);
    scope
}

fn honest(faults: Faults) -> Scope {
    scope(None, faults, |_| {})
}

fn assert_caught(scope: Scope, sabotage: Sabotage, judged: Judged, words: &str) {
    let verdict = search(scope.sabotaged(sabotage, judged), Search::default());
    let Some((property, story)) = verdict.violations.first() else {
        panic!("{sabotage:?} went unnoticed in {} states", verdict.states)
    };
    println!("--- {sabotage:?}, after {} states: {property}\n{story}", verdict.states);
    assert!(story.contains(words), "{property}: {story}");
}

#[test]
fn reveal_by__not_kept__seller_unpaid_with_everybody_honest() {
    let late = Faults { late: 1, ..QUIET };
    assert_caught(honest(late), Sabotage::RevealAfterDeadline, Judged::Losses, "the seller was not paid");
}

#[test]
fn F22__paid_again_on_unknown__buyer_pays_twice() {
    let mut scope = honest(Faults { crashes: 1, ..QUIET });
    scope.setting.nature.dedupes = false;
    assert_caught(scope, Sabotage::PayAgainOnUnknown, Judged::Losses, "the buyer paid twice");
}

#[test]
fn F22__unknown_taken_for_failed__program_believes_what_its_node_denies() {
    let crash = honest(Faults { crashes: 1, ..QUIET });
    assert_caught(crash, Sabotage::UnknownIsFailed, Judged::Conduct, "believes Failed");
}

#[test]
fn secret__used_before_stored__seller_unpaid_after_a_crash() {
    let crash = honest(Faults { crashes: 1, ..QUIET });
    assert_caught(crash, Sabotage::SecretInMemory, Judged::Losses, "the seller was not paid");
}

#[test]
fn F2__ships_after_ship_by__goods_for_nothing_with_everybody_honest() {
    assert_caught(honest(QUIET), Sabotage::ShipLate, Judged::Losses, "VIOLATION");
}

#[test]
fn F5d__agreement_not_awaited__seller_ships_unconfirmed() {
    let words = "ships although the buyer has not agreed";
    assert_caught(honest(QUIET), Sabotage::ShipUnconfirmed, Judged::Conduct, words);
}

#[test]
fn F13__letters_sent_once__seller_unpaid_with_everybody_honest() {
    let mut scope = honest(Faults { mail: 1, ..QUIET });
    scope.setting.nature.receipts = true;
    assert_caught(scope, Sabotage::NeverResend, Judged::Losses, "the seller was not paid");
}

#[test]
fn F17__price_before_collateral__noticed() {
    let scope = scope(None, QUIET, |scope| scope.setting.collateral = true);
    assert_caught(scope, Sabotage::PriceFirst, Judged::Conduct, "paid before the collateral");
}

#[test]
fn G2__cancelled_without_a_notice__noticed() {
    assert_caught(honest(QUIET), Sabotage::CancelInSilence, Judged::Conduct, "without a refund notice");
}

#[test]
fn settle_by__not_kept__channel_closed() {
    let scope = scope(None, QUIET, |scope| scope.setting.nature.auto_cancels = false);
    assert_caught(scope, Sabotage::HoldPastSettleBy, Judged::Losses, "channel had to be closed");
}

#[test]
fn settled__cancelled_too__noticed() {
    let words = "both to settle and to cancel";
    assert_caught(honest(QUIET), Sabotage::SettleAndCancel, Judged::Conduct, words);
}

#[test]
fn refund__secret_not_kept__noticed() {
    let mood = honest(Faults { moods: 1, ..QUIET });
    assert_caught(mood, Sabotage::RevealAfterRefund, Judged::Conduct, "told that the money goes back");
}

#[test]
fn F4__wrong_secret_accepted__channel_closed() {
    let cheat = Faults { cheats: 1, ..QUIET };
    let scope = scope(Some(Side::Buyer), cheat, |scope| scope.setting.nature.auto_cancels = false);
    assert_caught(scope, Sabotage::TakeWrongSecret, Judged::Losses, "channel had to be closed");
}

#[test]
fn F16__half_a_price_accepted__goods_against_nothing() {
    let cheat = Faults { cheats: 3, ..QUIET };
    let scope = scope(Some(Side::Buyer), cheat, |_| {});
    assert_caught(scope, Sabotage::AcceptBadLock, Judged::Losses, "is not held as agreed");
}

#[test]
fn F18__secret_used_without_entitlement__noticed() {
    let cheat = Faults { cheats: 1, ..QUIET };
    let scope = scope(Some(Side::Buyer), cheat, |_| {});
    assert_caught(scope, Sabotage::SettleUnshipped, Judged::Conduct, "without having shipped");
}

#[test]
fn late_htlc__not_cancelled_again__channel_closed() {
    let cheat = Faults { cheats: 1, ..QUIET };
    let scope = scope(Some(Side::Buyer), cheat, |scope| {
        scope.setting.nature.reopens = true;
        scope.setting.nature.auto_cancels = false;
    });
    assert_caught(scope, Sabotage::KeepLateHtlc, Judged::Losses, "channel had to be closed");
}

#[test]
fn F3__refund_notice_believed__program_believes_what_its_node_denies() {
    let cheat = Faults { cheats: 1, ..QUIET };
    let scope = scope(Some(Side::Seller), cheat, |_| {});
    assert_caught(scope, Sabotage::TrustRefundNotice, Judged::Conduct, "believes Failed");
}

#[test]
fn F5a__acknowledgement_not_compared__buyer_agrees_with_a_lie() {
    let cheat = Faults { cheats: 1, ..QUIET };
    let scope = scope(Some(Side::Seller), cheat, |_| {});
    assert_caught(scope, Sabotage::AgreeBlindly, Judged::Conduct, "the buyer agrees");
}

#[test]
fn G12__late_invoice_paid_unasked__buyer_pays_for_nothing() {
    let cheat = Faults { cheats: 1, ..QUIET };
    let scope = scope(Some(Side::Seller), cheat, |_| {});
    assert_caught(scope, Sabotage::PayLateUnasked, Judged::Losses, "goods that it never confirmed");
}

#[test]
fn F20__late_invoice_paid_while_the_price_is_in_flight__buyer_pays_twice() {
    let cheat = Faults { cheats: 1, ..QUIET };
    let scope = scope(Some(Side::Seller), cheat, |_| {});
    assert_caught(scope, Sabotage::PayLateTooEarly, Judged::Losses, "the buyer paid twice");
}
