//! Each flaw that an adapter could have is found by the check that is there for it.

use crate::{broken::Flaw, simulated::Simulated};
use domp_ports::contract::{CHECKS, Check, run};
use domp_simnet::Profile;
use futures::{FutureExt as _, future::join_all};
use std::{panic::AssertUnwindSafe, time::Duration};

const FOUND_BY: &[(Flaw, &str)] = &[
    (Flaw::AutoCancelMisdeclared, "held__nobody_acts__let_go_at_expiry_minus_auto_cancel"),
    (Flaw::CancelAfterSettleIsFine, "held__settled__payer_succeeded_and_final"),
    (Flaw::CltvLimitIgnored, "pay__cltv_limit_too_small__money_stays"),
    (Flaw::ExpiryIgnored, "pay__expired_invoice__money_stays"),
    (Flaw::ExpiryTooEarly, "open__paid__held_with_parts_and_heights"),
    (Flaw::FailureWithoutReason, "held__cancelled__payer_failed_and_final"),
    (Flaw::HashNotCompared, "pay__hash_of_another_invoice__refused"),
    (Flaw::HeightFrozen, "chain__mined__heights_follow"),
    (Flaw::ImpossibleTermsBent, "issue__impossible_terms__refused"),
    (Flaw::LiquidityNeverMoves, "liquidity__held_then_settled__moves"),
    (Flaw::NotFoundWhileDown, "held__payee_killed__still_held_then_settles"),
    (Flaw::NotFoundWhileDown, "in_flight__payer_killed__still_in_flight_then_succeeds"),
    (Flaw::PartsDoNotAddUp, "open__paid__held_with_parts_and_heights"),
    (Flaw::PaymentNotFoundIsFailed, "unknown_payment__asked_for__not_found"),
    (Flaw::RefusesSameTerms, "issued__same_terms_again__same_invoice"),
    (Flaw::SettleAfterCancelIsFine, "held__cancelled__payer_failed_and_final"),
    (Flaw::SettleUnpaidIsFine, "open__settled_too_early__not_held"),
    (Flaw::SignsOtherWords, "node__signs_a_statement__recovers_to_its_key"),
    (Flaw::StreamNeverEnds, "watched__cancelled__says_so_and_ends"),
    (Flaw::StreamNeverEnds, "watched__held_then_settled__told_in_order"),
    (Flaw::StreamNeverEnds, "in_flight__watched__tells_the_outcome_and_ends"),
    (Flaw::StreamNeverEnds, "held__payee_killed__still_held_then_settles"),
    (Flaw::StreamSkipsPresent, "watched__cancelled__says_so_and_ends"),
    (Flaw::StreamSkipsPresent, "held__watched_late__starts_with_held"),
    (Flaw::StreamSkipsPresent, "blocks__watched__present_tip_then_new_ones"),
    (Flaw::TakesOtherTerms, "issued__other_terms__hash_in_use"),
    (Flaw::UnknownHashHangs, "unknown_hash__any_call__not_found"),
];

fn check(name: &str) -> &'static Check {
    CHECKS.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no check is called {name}"))
}

fn harness(flaw: Option<Flaw>) -> Simulated {
    Simulated::with_flaw(Profile::lnd(), Profile::lnd(), flaw, Duration::from_millis(400))
}

#[tokio::test]
async fn flawed_node__the_check_for_it__fails() {
    let tried = FOUND_BY.iter().map(async |(flaw, name)| {
        let harness = harness(Some(*flaw));
        let found = AssertUnwindSafe(run(&harness, [check(name)])).catch_unwind().await;
        assert!(found.is_err(), "{name} does not notice {flaw:?}");
    });
    join_all(tried).await;
}

#[tokio::test]
async fn faultless_node__the_same_checks__pass() {
    for (_, name) in FOUND_BY {
        run(&harness(None), [check(name)]).await;
    }
}

#[tokio::test]
#[should_panic(expected = "no check was run")]
async fn no_check__run__is_a_failure() {
    run(&harness(None), []).await;
}
