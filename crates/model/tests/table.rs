//! Every input at every stage of both sides, in the production machine.
#![allow(non_snake_case, clippy::panic)] // test names; a failing table says where

use domp_escrow::{
    effect::Effect,
    invariants::check,
    note::Note,
    stage::{Ending, Stage, stage},
    terms::Side,
};
use domp_model::atlas::{Entry, effect_in_words, entries, places, states_page};

fn entry(side: Side, at: Stage, input: &str) -> Entry {
    let found = entries().into_iter().find(|entry| entry.place == (side, at) && entry.input == input);
    found.unwrap_or_else(|| panic!("no entry for {side:?} {at} {input}"))
}

fn assert_leads(side: Side, at: Stage, input: &str, to: Stage, effects: &[&str]) {
    let entry = entry(side, at, input);
    let done: Vec<String> = entry.step.effects.iter().map(effect_in_words).collect();
    assert_eq!(stage(&entry.step.trade), to, "{input}: {:?}", entry.step.notes);
    assert_eq!(done, effects, "{input}");
}

fn assert_refused(side: Side, at: Stage, input: &str) {
    let entry = entry(side, at, input);
    assert!(
        entry.step.notes.iter().any(|note| matches!(note, Note::Refused(_))),
        "{input}: {:?}",
        entry.step
    );
    assert_eq!(entry.step.trade, entry.before, "{input} was refused and changed something");
    assert!(entry.step.effects.is_empty(), "{input} was refused and does something");
}

#[test]
fn places__scripts__reach_every_stage_but_the_forbidden_one() {
    let found = places();
    let never = Stage::Ended(Ending::CollateralTaken);
    for at in Stage::ALL.into_iter().filter(|stage| *stage != never) {
        let reached = [Side::Buyer, Side::Seller].into_iter().any(|side| found.contains_key(&(side, at)));
        assert!(reached, "{at} is reached by no script");
    }
    assert!(!found.keys().any(|(_, stage)| *stage == never));
}

#[test]
fn every_entry__invariants_hold() {
    let entries = entries();
    assert!(entries.len() > 500, "{} entries", entries.len());
    for entry in entries {
        if let Err(broken) = check(&entry.before, entry.at, &entry.step) {
            panic!("{:?} {}: {broken:?}", entry.place, entry.input);
        }
    }
}

#[test]
fn every_entry__asked_again__does_nothing_new_but_receipts_and_repeats() {
    for entry in entries() {
        let again =
            domp_escrow::step::step(entry.step.trade.clone(), &domp_escrow::input::Input::Tick, entry.at);
        let repeats = |effect: &Effect| matches!(effect, Effect::Resend { .. });
        assert!(again.effects.iter().all(repeats), "{:?} {}: {:?}", entry.place, entry.input, again.effects);
    }
}

#[test]
fn ended__any_input__no_money_moves_but_home() {
    for entry in entries().into_iter().filter(|entry| entry.place.1.is_ended()) {
        for effect in &entry.step.effects {
            assert!(
                !matches!(effect, Effect::Pay { .. } | Effect::Settle { .. } | Effect::Issue { .. }),
                "{:?} {}: {effect:?}",
                entry.place,
                entry.input
            );
        }
    }
}

#[test]
fn seller__each_command_in_its_stage__moves_on() {
    use Stage::{Accepting, Claiming, Returning, Shipped, ToShip};
    assert_leads(Side::Seller, Stage::Bid, "we: accept", Accepting, &["issue Cb", "issue P"]);
    assert_leads(Side::Seller, ToShip, "we: ship", Shipped, &["send shipped"]);
    assert_leads(Side::Seller, ToShip, "we: refund", Returning, &["cancel P", "cancel Cb", "send 314"]);
    assert_leads(Side::Seller, Shipped, "we: refund", Returning, &["cancel P", "cancel Cb", "send 314"]);
    let claimed = ["send a receipt", "settle P", "cancel Cb"];
    assert_leads(Side::Seller, Shipped, "buyer: 313 received with the secret", Claiming, &claimed);
    assert_leads(Side::Seller, Shipped, "buyer: release", Claiming, &claimed);
}

#[test]
fn seller__secret_before_shipping__kept_and_not_used() {
    let entry = entry(Side::Seller, Stage::ToShip, "buyer: 313 received with the secret");
    assert!(entry.step.notes.contains(&Note::SecretWithoutEntitlement));
    assert!(!entry.step.effects.iter().any(|effect| matches!(effect, Effect::Settle { .. })));
}

#[test]
fn seller__wrong_secret_or_none__keeps_holding() {
    for input in [
        "buyer: 313 received, wrong secret",
        "buyer: 313 received, no secret",
        "buyer: 313 damaged",
        "buyer: 312",
    ] {
        let entry = entry(Side::Seller, Stage::Shipped, input);
        assert_eq!(stage(&entry.step.trade), Stage::Shipped, "{input}");
        assert!(
            !entry.step.effects.iter().any(|e| matches!(e, Effect::Settle { .. } | Effect::Cancel { .. }))
        );
    }
}

#[test]
fn seller__deadlines__everything_goes_back() {
    let all = ["cancel P", "cancel Cb", "send 314"];
    for (at, tick) in [
        (Stage::Locked, "block lock + 36"),
        (Stage::ToShip, "block SHIP_BY + 1"),
        (Stage::Shipped, "block SETTLE_BY"),
    ] {
        let entry = entry(Side::Seller, at, tick);
        let done: Vec<String> = entry.step.effects.iter().map(effect_in_words).collect();
        for effect in all.iter().filter(|effect| at != Stage::Locked || **effect != "send 314") {
            assert!(done.contains(&(*effect).to_owned()), "{at} {tick}: {done:?}");
        }
        assert_eq!(stage(&entry.step.trade), Stage::Returning);
    }
}

#[test]
fn seller__held_too_short__goes_back() {
    let entry = entry(Side::Seller, Stage::Offered, "our node: P held too short");
    assert_eq!(stage(&entry.step.trade), Stage::Returning, "{:?}", entry.step);
}

#[test]
fn buyer__each_command_in_its_stage__moves_on() {
    assert_leads(Side::Buyer, Stage::Offered, "we: pay", Stage::Locking, &["pay Cb"]);
    let secret = ["send 313 **with the secret**"];
    assert_leads(Side::Buyer, Stage::ToShip, "we: confirm received", Stage::Claiming, &secret);
    assert_leads(Side::Buyer, Stage::Shipped, "we: confirm received", Stage::Claiming, &secret);
    assert_leads(
        Side::Buyer,
        Stage::Shipped,
        "we: confirm damaged",
        Stage::Shipped,
        &["send 313 without the secret"],
    );
}

#[test]
fn buyer__bad_invoice__never_pays() {
    let bad = entry(Side::Buyer, Stage::Bid, "seller: 303 with a bad invoice");
    assert_eq!(stage(&bad.step.trade), Stage::Ended(Ending::Abandoned));
    assert!(bad.step.effects.is_empty());
}

#[test]
fn commands__of_the_other_side__refused() {
    for at in [Stage::Bid, Stage::Offered, Stage::ToShip, Stage::Shipped] {
        for input in ["we: pay", "we: confirm received", "we: release", "we: pay late invoice"] {
            assert_refused(Side::Seller, at, input);
        }
        for input in ["we: accept", "we: ship", "we: refund", "we: offer late invoice"] {
            assert_refused(Side::Buyer, at, input);
        }
    }
}

/// `[D3-71]`
#[test]
fn commands__too_early_or_too_late__refused() {
    for (side, at, input) in [
        (Side::Seller, Stage::Offered, "we: ship"),
        (Side::Seller, Stage::Locked, "we: ship"),
        (Side::Seller, Stage::Offered, "we: refund"),
        (Side::Seller, Stage::Claiming, "we: refund"),
        (Side::Seller, Stage::Claiming, "we: cancel"),
        (Side::Buyer, Stage::Bid, "we: pay"),
        (Side::Buyer, Stage::Locking, "we: pay"),
        (Side::Buyer, Stage::Locking, "we: cancel"),
        (Side::Buyer, Stage::Offered, "we: confirm received"),
        (Side::Buyer, Stage::Shipped, "we: pay late invoice"),
        (Side::Buyer, Stage::Claiming, "we: confirm received"),
    ] {
        assert_refused(side, at, input);
    }
}

#[test]
fn states_page__generated_twice__is_the_same_and_names_both_sides() {
    let page = states_page();
    assert_eq!(page, states_page());
    assert!(page.contains("## The buyer's machine") && page.contains("### claiming"));
}
