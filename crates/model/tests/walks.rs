//! Seeded walks through everything that can happen, with and without a side that cheats.
#![allow(non_snake_case, clippy::panic)] // test names; a failing table says where

use domp_escrow::terms::Side;
use domp_model::{
    explore::{Faults, walk},
    setting::Setting,
};

fn walk_all(cheater: Option<Side>, faults: Faults, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let setting = Setting {
            collateral: seed % 3 != 0,
            handling: [72, 144, 300][(seed % 3) as usize],
            transit: [0, 72, 432][(seed / 3 % 3) as usize],
            inspection: [144, 432][(seed % 2) as usize],
            auto_cancel: [12, 18, 39][(seed / 9 % 3) as usize],
        };
        if let Err(failure) = walk(&setting, cheater, faults, seed) {
            let steps: Vec<String> = failure.trace.iter().map(|action| format!("{action:?}")).collect();
            panic!("seed {seed}, cheater {cheater:?}: {}\n{}", failure.what, steps.join("\n"));
        }
    }
}

const NONE: Faults = Faults { crashes: 0, mail: 0, cheats: 0, moods: false };

#[test]
fn honest_world__any_order__nobody_loses() {
    walk_all(None, NONE, 0..400);
}

#[test]
fn honest_world__crashes_and_bad_mail__nobody_loses() {
    walk_all(None, Faults { crashes: 4, mail: 4, ..NONE }, 0..400);
}

#[test]
fn honest_world__moods_and_faults__nobody_loses() {
    walk_all(None, Faults { crashes: 2, mail: 2, cheats: 0, moods: true }, 0..500);
}

#[test]
fn cheating_buyer__nobody_else_loses() {
    walk_all(Some(Side::Buyer), Faults { crashes: 2, mail: 2, cheats: 6, moods: true }, 0..400);
}

#[test]
fn cheating_seller__nobody_else_loses() {
    walk_all(Some(Side::Seller), Faults { crashes: 2, mail: 2, cheats: 6, moods: true }, 0..400);
}
