//! Every rule taken out once: the walks must find what it is there for. A checker that never fails proves nothing.
//!
//! The letters and numbers are those of the reviews that broke earlier drafts of the protocol. `cargo test -p domp-model
//! --test sabotage -- --nocapture` tells the shortest story that was found for each.
#![allow(non_snake_case, clippy::panic, clippy::unwrap_used)] // test names; a check that finds nothing must say so
#![allow(clippy::print_stdout)] // the stories are for people

use domp_escrow::{
    input::{Command, Condition, Said},
    terms::Side,
};
use domp_model::{
    action::Action,
    people::{ship, verdict},
    plan::{Chaos, Plan},
    rehearsal::Rehearsal,
    sabotage::Sabotage,
    setting::{Judged, Setting},
    story::tell,
    trouble::{Kind, Trouble},
    walk::{Nobody, walk},
};
use domp_protocol::units::Blocks;

/// Walks until the sabotage does harm, tells the shortest story of some, and says what the harm was. The same walks with
/// the rule in place do none.
fn harm(sabotage: Sabotage, judged: Judged, focus: impl Fn(&mut Plan)) -> String {
    let mut found: Option<(u32, Plan, String)> = None;
    let mut hits = 0;
    for seed in 0..6000 {
        let mut plan = Plan::drawn(seed);
        focus(&mut plan);
        let Err(failure) = walk(&plan.sabotaged(sabotage, judged), &mut Nobody) else { continue };
        assert!(walk(&plan, &mut Nobody).is_ok(), "the rule in place does not help: {}", tell(&plan).0);
        if found.as_ref().is_none_or(|(after, ..)| failure.after < *after) {
            found = Some((failure.after, plan, failure.what));
        }
        hits += 1;
        if hits == 3 {
            break;
        }
    }
    let Some((_, plan, what)) = found else { panic!("{sabotage:?} went unnoticed") };
    println!("--- {sabotage:?}\n{}", tell(&plan.sabotaged(sabotage, judged)).0);
    what
}

fn nothing_special(_: &mut Plan) {}

fn nobody_cheats(plan: &mut Plan) {
    plan.cheater = None;
    plan.chaos.cheats = 0;
}

fn cheating_buyer(plan: &mut Plan) {
    plan.cheater = Some(Side::Buyer);
    plan.chaos.cheats = plan.chaos.cheats.max(6);
}

fn cheating_seller(plan: &mut Plan) {
    plan.cheater = Some(Side::Seller);
    plan.chaos.cheats = plan.chaos.cheats.max(6);
}

/// Everybody takes their time and nothing else goes wrong.
fn slow_people(plan: &mut Plan) {
    nobody_cheats(plan);
    plan.chaos = Chaos { rate: 0, hurry: 30, diligence: 30, ..Chaos::default() };
}

fn bad_mail(plan: &mut Plan) {
    nobody_cheats(plan);
    plan.chaos = Chaos { mail: 5, rate: 25, hurry: 10, diligence: 100, ..Chaos::default() };
}

/// Backups are made and restored all the time; the relays keep what was written.
fn old_backups(plan: &mut Plan) {
    nobody_cheats(plan);
    plan.setting.nature.relays_keep = true;
    plan.chaos = Chaos { restores: 3, rate: 20, hurry: 20, diligence: 80, ..Chaos::default() };
}

fn assert_says(what: &str, words: &str) {
    assert!(what.contains(words), "found something else: {what}");
}

#[test]
fn F2__ships_after_ship_by__goods_for_nothing_with_everybody_honest() {
    let what = harm(Sabotage::ShipLate, Judged::Losses, slow_people);
    assert!(what.contains("seller was not paid") || what.contains("ships although"), "{what}");
}

#[test]
fn F3__refund_notice_believed__buyer_pays_twice_or_never_learns_the_truth() {
    let what = harm(Sabotage::TrustRefundNotice, Judged::Losses, cheating_seller);
    assert!(what.contains("paid twice") || what.contains("ends as 'refunded', but its node"), "{what}");
    assert_says(&harm(Sabotage::TrustRefundNotice, Judged::Conduct, cheating_seller), "believes Failed");
}

#[test]
fn F4__wrong_secret_accepted__channel_closed() {
    let wrong = |plan: &mut Plan| {
        cheating_buyer(plan);
        plan.setting.nature.auto_cancels = false;
    };
    assert_says(&harm(Sabotage::TakeWrongSecret, Judged::Losses, wrong), "channel had to be closed");
    let what = harm(Sabotage::TakeWrongSecret, Judged::Conduct, cheating_buyer);
    assert_says(&what, "without a secret that opens it");
}

#[test]
fn F5a__acknowledgement_not_compared__buyer_agrees_with_a_lie() {
    assert_says(&harm(Sabotage::AgreeBlindly, Judged::Conduct, cheating_seller), "the buyer agrees");
}

#[test]
fn F5d__agreement_not_awaited__seller_ships_unconfirmed() {
    let what = harm(Sabotage::ShipUnconfirmed, Judged::Conduct, nothing_special);
    assert_says(&what, "ships although the buyer has not agreed");
}

#[test]
fn F13__letters_sent_once__seller_unpaid_with_everybody_honest() {
    let what = harm(Sabotage::NeverResend, Judged::Losses, bad_mail);
    assert_says(&what, "the seller was not paid");
}

#[test]
fn F16__short_or_small_lock_accepted__goods_against_nothing() {
    let what = harm(Sabotage::AcceptBadLock, Judged::Losses, cheating_buyer);
    assert_says(&what, "is not held as agreed");
}

#[test]
fn F17__price_before_collateral__noticed() {
    let what = harm(Sabotage::PriceFirst, Judged::Conduct, nobody_cheats);
    assert_says(&what, "paid before the collateral");
}

#[test]
fn F18__secret_used_without_entitlement__noticed() {
    let what = harm(Sabotage::SettleUnshipped, Judged::Conduct, cheating_buyer);
    assert_says(&what, "without having shipped");
}

#[test]
fn F20__late_invoice_paid_while_the_price_is_in_flight__buyer_pays_twice() {
    assert_says(&harm(Sabotage::PayLateTooEarly, Judged::Losses, cheating_seller), "paid twice");
}

#[test]
fn F22__payment_repeated_on_unknown__buyer_pays_twice() {
    let gullible = |plan: &mut Plan| {
        plan.chaos.calls = 2;
        plan.setting.nature.dedupes = false;
    };
    assert_says(&harm(Sabotage::PayAgainOnUnknown, Judged::Losses, gullible), "paid twice");
}

#[test]
fn F22__unknown_taken_for_failed__program_believes_what_its_node_denies() {
    let calls = |plan: &mut Plan| plan.chaos.calls = 2;
    assert_says(&harm(Sabotage::UnknownIsFailed, Judged::Conduct, calls), "believes Failed");
}

#[test]
fn G2__cancelled_without_a_notice__noticed() {
    let what = harm(Sabotage::CancelInSilence, Judged::Conduct, nobody_cheats);
    assert_says(&what, "without a refund notice");
}

#[test]
fn G12__late_invoice_paid_unasked__buyer_pays_for_nothing() {
    let what = harm(Sabotage::PayLateUnasked, Judged::Losses, cheating_seller);
    assert_says(&what, "goods that it never confirmed");
}

#[test]
fn reveal_by__not_kept__seller_unpaid_with_everybody_honest() {
    let what = harm(Sabotage::RevealAfterDeadline, Judged::Losses, slow_people);
    assert_says(&what, "the seller was not paid");
}

#[test]
fn refund__secret_not_kept__noticed() {
    let what = harm(Sabotage::RevealAfterRefund, Judged::Conduct, cheating_seller);
    assert_says(&what, "told that the money goes back");
}

#[test]
fn settle_by__not_kept__channel_closed() {
    let stubborn = |plan: &mut Plan| {
        slow_people(plan);
        plan.setting.nature.auto_cancels = false;
    };
    assert_says(&harm(Sabotage::HoldPastSettleBy, Judged::Losses, stubborn), "channel had to be closed");
    assert_says(&harm(Sabotage::HoldPastSettleBy, Judged::Conduct, slow_people), "held past SETTLE_BY");
}

#[test]
fn settled__cancelled_too__noticed() {
    let what = harm(Sabotage::SettleAndCancel, Judged::Conduct, nobody_cheats);
    assert_says(&what, "both to settle and to cancel");
}

#[test]
fn secret__used_before_stored__seller_unpaid_after_a_crash() {
    let crashes = |plan: &mut Plan| {
        nobody_cheats(plan);
        plan.chaos.crashes = 4;
    };
    assert_says(&harm(Sabotage::SecretInMemory, Judged::Losses, crashes), "the seller was not paid");
}

#[test]
fn late_htlc__not_cancelled_again__channel_closed() {
    let reopening = |plan: &mut Plan| {
        cheating_buyer(plan);
        plan.chaos.rate = 25;
        plan.setting.nature.reopens = true;
        plan.setting.nature.auto_cancels = false;
    };
    assert_says(&harm(Sabotage::KeepLateHtlc, Judged::Losses, reopening), "channel had to be closed");
}

/// C-47
#[test]
fn restored__what_it_does_not_know_taken_for_not_done__somebody_loses_with_everybody_honest() {
    // Either end takes harm: the seller gives back what is owed to it, the buyer pays again what it has paid.
    let what = harm(Sabotage::TrustOldStore, Judged::Losses, old_backups);
    assert!(what.contains("the seller was not paid") || what.contains("the buyer paid twice"), "{what}");
}

/// A seller ships; its machine is lost, and the backup is older than the shipping; no relay has the copy of what it said.
/// SHIP_BY passes before the parcel arrives.
fn ships_and_is_restored(sabotage: Option<Sabotage>) -> Option<String> {
    let mut setting = Setting::default();
    setting.nature.sabotage = sabotage;
    setting.nature.judged = Judged::Losses;
    setting.nature.relays_keep = true;
    setting.transit = 200;
    let mut play = Rehearsal::new(&setting);
    play.settle();
    for (side, command) in [(Side::Seller, Command::Accept), (Side::Buyer, Command::Pay)] {
        play.act(Action::Person(side, command));
        play.settle();
    }
    play.act(Action::Backup(Side::Seller));
    play.act(Action::Person(Side::Seller, ship()));
    play.settle();
    let deadlines = play.world.seller.deadlines?;
    play.act(Action::Restore { side: Side::Seller, copies: false });
    play.mine_to(deadlines.ship_by.plus(Blocks(1)));
    play.act(Action::Arrive);
    play.settle();
    play.act(Action::Person(Side::Buyer, verdict(Condition::Received)));
    play.settle();
    play.mine_to(deadlines.held_until);
    harm_at_the_end(&play)
}

#[test]
fn restored__after_shipping_from_an_older_backup__goods_for_nothing_with_everybody_honest() {
    let harm = ships_and_is_restored(Some(Sabotage::TrustOldStore)).unwrap_or_default();
    assert_says(&harm, "the seller was not paid");
    assert_eq!(ships_and_is_restored(None), None, "the rule in place does not help");
}

/// A trade at `shipped` with the parcel in the buyer's hands, played for losses only.
fn goods_in_hand(sabotage: Option<Sabotage>) -> Rehearsal {
    let mut setting = Setting::default();
    setting.nature.sabotage = sabotage;
    setting.nature.judged = Judged::Losses;
    let mut play = Rehearsal::new(&setting);
    play.settle();
    for (side, command) in
        [(Side::Seller, Command::Accept), (Side::Buyer, Command::Pay), (Side::Seller, ship())]
    {
        play.act(Action::Person(side, command));
        play.settle();
    }
    play.act(Action::Arrive);
    play
}

/// No block reaches a side's node any more, far longer than the protocol allows for.
fn gets_stuck(play: &mut Rehearsal, side: Side) {
    let (since, block_time) = (play.world.height, play.world.block_time);
    let until = since.plus(Blocks(2000));
    play.world.troubles[side as usize] = Some(Trouble { kind: Kind::ChainStuck, since, block_time, until });
}

fn harm_at_the_end(play: &Rehearsal) -> Option<String> {
    play.world.loss().or_else(|| play.world.unrest())
}

/// Both are honest; the buyer's node has heard of no block for a while when its person confirms.
fn confirms_with_a_stuck_chain(sabotage: Option<Sabotage>) -> Option<String> {
    let mut play = goods_in_hand(sabotage);
    let deadlines = play.world.seller.deadlines?;
    play.mine_to(deadlines.reveal_by);
    gets_stuck(&mut play, Side::Buyer);
    play.mine_to(deadlines.settle_by.minus(Blocks(1)));
    play.act(Action::Person(Side::Buyer, verdict(Condition::Received)));
    while !play.world.outbox(Side::Buyer).is_empty() {
        play.act(Action::Perform(Side::Buyer));
    }
    // Blocks later than the buyer believes, its verdict arrives when the seller has just given the price back.
    let (late, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut play.world.mail)
        .into_iter()
        .partition(|mail| matches!(mail.said, Said::Verdict { .. }));
    play.world.mail = rest;
    play.world.mine_to(deadlines.settle_by);
    play.settle();
    play.world.mail.extend(late);
    play.settle();
    harm_at_the_end(&play)
}

#[test]
fn F26__stale_tip_acted_on__seller_unpaid_with_everybody_honest() {
    let harm = confirms_with_a_stuck_chain(Some(Sabotage::IgnoreStaleTip)).unwrap_or_default();
    assert_says(&harm, "the seller was not paid");
    assert_eq!(confirms_with_a_stuck_chain(None), None, "the rule in place does not help");
}

/// Both are honest; the seller's node has heard of no block for hours when the secret comes, and hears of none until the
/// channel is closed.
fn secret_with_a_stuck_chain(sabotage: Option<Sabotage>) -> Option<String> {
    let mut play = goods_in_hand(sabotage);
    gets_stuck(&mut play, Side::Seller);
    play.world.mine_to(play.world.height.plus(Blocks(20)));
    play.settle();
    play.people_act();
    play.mine_to(play.world.seller.deadlines?.held_until.plus(Blocks(100)));
    harm_at_the_end(&play)
}

#[test]
fn G10__settling_waits_for_a_fresh_tip__channel_closed_and_seller_unpaid() {
    let harm = secret_with_a_stuck_chain(Some(Sabotage::SettleOnlyWhenFresh)).unwrap_or_default();
    assert_says(&harm, "channel had to be closed");
    assert_eq!(secret_with_a_stuck_chain(None), None, "the rule in place does not help");
}

/// Nobody loses anything by a program that does nothing. Where nothing stands in the way, the trade must be completed.
#[test]
fn P1__never_agreed_to_the_lock__no_trade_is_completed() {
    let what = harm(Sabotage::NeverAgree, Judged::Invariants, |plan| {
        bad_mail(plan);
        plan.chaos.hurry = 0;
    });
    assert_says(&what, "everybody wanted the trade, nothing stood in its way, and it was not completed");
}

#[test]
fn P2__late_invoice_never_made__a_confirmed_buyer_never_pays() {
    let what = harm(Sabotage::NeverOfferLate, Judged::Invariants, slow_people);
    assert_says(&what, "has confirmed the goods, nothing stood in the way, and the seller was never paid");
}

#[test]
fn P3__alarm_without_a_cause__noticed() {
    let what = harm(Sabotage::CryWolf, Judged::Conduct, nobody_cheats);
    assert_says(&what, "alarmed although nobody cheats");
}

#[test]
fn P4__always_told_to_come_back_later__noticed() {
    let what = harm(Sabotage::NeverConfirm, Judged::Invariants, bad_mail);
    assert_says(&what, "is refused what it was offered");
}
