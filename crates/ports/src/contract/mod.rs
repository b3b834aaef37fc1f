//! The Lightning port's contract: what every adapter must do, as checks that every adapter's tests run.
//!
//! The same checks run against the simulated network and against real nodes, so that the simulated one stays honest.
//! An adapter's test builds a [`Harness`] around two nodes and calls [`run_all`]; a test that wants one check of its
//! own calls its function. The checks wait for what takes a real node a moment, never longer than
//! [`Harness::patience`], and settle or cancel whatever they made held.
//!
//! Where the port's documentation leaves room, this suite decides: watching an unknown payment gives
//! [`NotFound`](crate::lightning::PaymentState::NotFound) as its first item; an order whose hash is not its invoice's
//! is refused by the adapter; text that is no invoice is [`Refused`](crate::lightning::LnError::Refused).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    non_snake_case,
    reason = "this is test code that several crates share: its assertions are its product, and its check names follow \
              the tests' style"
)]

mod deal;
mod harness;
pub mod heights;
pub mod holding;
pub mod invoices;
pub mod node;
pub mod payments;
pub mod restarts;

pub use harness::Harness;

use futures::{FutureExt as _, future::LocalBoxFuture};
use std::{any::Any, panic::AssertUnwindSafe, time::Duration};

/// One check of the suite.
pub struct Check {
    /// The function's name, which says state, input and outcome.
    pub name: &'static str,
    /// The check itself; it panics when the contract is broken.
    pub run: for<'a> fn(&'a dyn Harness) -> LocalBoxFuture<'a, ()>,
}

macro_rules! checks {
    ($($module:ident :: $name:ident,)*) => {
        &[$(Check { name: stringify!($name), run: |harness| $module::$name(harness).boxed_local() },)*]
    };
}

/// All checks, cheap ones first; those that restart nodes or open channels last.
pub const CHECKS: &[Check] = checks![
    node::nodes__asked__who_they_are_and_what_they_can,
    node::node__signs_a_statement__recovers_to_its_key,
    node::channel__listed__both_ends_agree,
    node::liquidity__asked__largest_is_part_of_all,
    node::wallet__two_addresses__differ,
    invoices::issue__fresh_terms__read_back_by_every_decoder,
    invoices::issued__same_terms_again__same_invoice,
    invoices::issued__other_terms__hash_in_use,
    invoices::issue__impossible_terms__refused,
    invoices::holding__as_declared__works_or_unsupported,
    invoices::unknown_hash__any_call__not_found,
    invoices::watched__cancelled__says_so_and_ends,
    holding::open__paid__held_with_parts_and_heights,
    holding::held__settled__payer_succeeded_and_final,
    holding::held__cancelled__payer_failed_and_final,
    holding::open__settled_too_early__not_held,
    holding::cancelled__paid__failed,
    holding::held_and_cancelled__paid_again__never_held_again,
    holding::watched__held_then_settled__told_in_order,
    holding::held__watched_late__starts_with_held,
    payments::unknown_payment__asked_for__not_found,
    payments::in_flight__asked_for__parts_fit_the_payees,
    payments::in_flight__watched__tells_the_outcome_and_ends,
    payments::paid__paid_again__one_payment,
    payments::pay__cltv_limit_too_small__money_stays,
    payments::pay__expired_invoice__money_stays,
    payments::pay__more_than_liquidity__fails_with_a_reason,
    payments::pay__hash_of_another_invoice__refused,
    payments::pay__not_an_invoice__refused,
    payments::ordinary_invoice__paid__settled_at_once,
    node::liquidity__held_then_settled__moves,
    heights::chain__mined__heights_follow,
    heights::blocks__watched__present_tip_then_new_ones,
    heights::held__nobody_acts__let_go_at_expiry_minus_auto_cancel,
    restarts::held__payee_killed__still_held_then_settles,
    restarts::in_flight__payer_killed__still_in_flight_then_succeeds,
    node::channel__opened_then_closed__listed_on_its_way,
];

/// Runs every check, prints each name with its outcome, and panics at the end if any of them failed.
pub async fn run_all(harness: &dyn Harness) {
    run(harness, CHECKS).await;
}

/// Runs some checks, such as `CHECKS.iter().filter(…)`, in the way of [`run_all`].
pub async fn run<'c>(harness: &dyn Harness, checks: impl IntoIterator<Item = &'c Check>) {
    let mut failures = Vec::new();
    let mut count = 0;
    for check in checks {
        count += 1;
        let started = std::time::Instant::now();
        let limit = harness.patience() * 4 + Duration::from_secs(30);
        let checked =
            AssertUnwindSafe(tokio::time::timeout(limit, (check.run)(harness))).catch_unwind().await;
        let outcome = match checked {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(format!("did not end within {limit:?}")),
            Err(panic) => Err(message(panic.as_ref())),
        };
        let took = started.elapsed().as_millis();
        match outcome {
            Ok(()) => println!("  ok      {} ({took} ms)", check.name),
            Err(why) => {
                println!("  FAILED  {} ({took} ms): {why}", check.name);
                failures.push(format!("{}: {why}", check.name));
            }
        }
    }
    assert!(count > 0, "no check was run: a suite of nothing proves nothing");
    assert!(
        failures.is_empty(),
        "{} of {count} checks of the Lightning contract failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks__every_public_function__is_listed_once() {
        let sources = [
            include_str!("heights.rs"),
            include_str!("holding.rs"),
            include_str!("invoices.rs"),
            include_str!("node.rs"),
            include_str!("payments.rs"),
            include_str!("restarts.rs"),
        ];
        let mut written: Vec<&str> = sources
            .iter()
            .flat_map(|source| source.lines())
            .filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next())
            .collect();
        let mut listed: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        written.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, written, "CHECKS must list every public check exactly once");
        assert!(listed.len() > 30, "the suite has shrunk to {}", listed.len());
    }
}
