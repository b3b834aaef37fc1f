//! The quickest of the small scopes, searched whole. `cargo xtask model` searches all of them.
#![allow(non_snake_case)] // test names

use domp_check::{
    scope::{QUIET, Scope},
    verdict::{Search, search},
};
use domp_escrow::terms::Side;
use domp_model::explore::Faults;
use std::num::NonZeroUsize;

fn assert_holds(scope: Scope, least_states: usize) {
    let verdict = search(scope, Search::default());
    assert!(verdict.complete);
    assert_eq!(verdict.violations, Vec::new());
    assert!(verdict.states >= least_states, "only {} states: what was searched?", verdict.states);
}

#[test]
fn both_honest__a_letter_late__nobody_loses() {
    assert_holds(Scope::of("late", None, Faults { late: 1, ..QUIET }), 1_000);
}

#[test]
fn both_honest__a_crash__nobody_loses() {
    assert_holds(Scope::of("crash", None, Faults { crashes: 1, ..QUIET }), 2_000);
}

#[test]
fn both_honest__a_letter_lost_or_doubled__nobody_loses() {
    let mut scope = Scope::of("mail", None, Faults { mail: 1, ..QUIET });
    scope.setting.nature.receipts = true;
    assert_holds(scope, 5_000);
}

#[test]
fn either_does_only_what_it_likes__nobody_else_loses() {
    for side in [Side::Buyer, Side::Seller] {
        assert_holds(Scope::of("lazy", Some(side), QUIET), 2_000);
    }
}

#[test]
fn search__cut_short__says_that_it_is_not_complete() {
    let most = NonZeroUsize::new(50);
    let verdict = search(Scope::of("cut", None, QUIET), Search { most, ..Search::default() });
    assert!(!verdict.complete && verdict.violations.is_empty());
}

#[test]
fn search__breadth_and_depth_first__find_the_same_states() {
    let scope = Scope::of("both", None, Faults { late: 1, ..QUIET });
    let breadth = search(scope, Search::default());
    let depth = search(scope, Search { depth_first: true, ..Search::default() });
    assert_eq!(breadth.states, depth.states);
}

#[test]
fn scopes__small_and_big__have_names_of_their_own() {
    let names: Vec<&str> = Scope::small().iter().chain(&Scope::big()).map(|scope| scope.name).collect();
    for (n, name) in names.iter().enumerate() {
        assert!(!names[..n].contains(name), "{name} twice");
    }
}
