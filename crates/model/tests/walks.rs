//! Seeded walks through everything that can happen, with and without a side that cheats.
#![allow(non_snake_case, clippy::panic)] // test names; a failing walk tells its story

use domp_escrow::terms::Side;
use domp_model::{
    plan::{Chaos, Plan},
    story::tell,
    tally::{Fault, Tally},
    walk::walk,
};

fn walk_all(seeds: std::ops::Range<u64>, change: impl Fn(&mut Plan)) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        let mut plan = Plan::drawn(seed);
        change(&mut plan);
        if let Err(failure) = walk(&plan, &mut tally) {
            let (story, _) = tell(&plan);
            panic!("{}\n{story}", failure.what);
        }
    }
    tally
}

fn honest(plan: &mut Plan, chaos: Chaos) {
    plan.cheater = None;
    plan.chaos =
        Chaos { rate: plan.chaos.rate, hurry: plan.chaos.hurry, diligence: plan.chaos.diligence, ..chaos };
}

#[test]
fn honest_world__any_order__nobody_loses() {
    walk_all(0..300, |plan| honest(plan, Chaos::default()));
}

#[test]
fn honest_world__crashes_and_bad_mail__nobody_loses() {
    walk_all(0..300, |plan| honest(plan, Chaos { crashes: 4, calls: 2, mail: 4, ..Chaos::default() }));
}

#[test]
fn honest_world__troubles_and_moods__nobody_loses() {
    walk_all(0..300, |plan| {
        honest(plan, Chaos { trouble: 24, chain: 3, routes: 2, moods: 3, ..Chaos::default() });
    });
}

fn restored(plan: &mut Plan) {
    plan.setting.nature.relays_keep = true;
    plan.chaos.restores = 3;
    plan.chaos.rate = plan.chaos.rate.max(15);
}

#[test]
fn honest_world__restored_from_old_backups__nobody_loses() {
    let tally = walk_all(0..3000, |plan| {
        honest(plan, Chaos { crashes: 2, mail: 2, ..Chaos::default() });
        restored(plan);
    });
    assert!(tally.faults[Fault::Restored as usize] > 500, "{tally}");
}

#[test]
fn one_cheats__the_other_restored_from_old_backups__nobody_else_loses() {
    walk_all(3000..9000, restored);
}

#[test]
fn cheating_buyer__everything_goes_wrong__nobody_else_loses() {
    walk_all(0..300, |plan| plan.cheater = Some(Side::Buyer));
}

#[test]
fn cheating_seller__everything_goes_wrong__nobody_else_loses() {
    walk_all(0..300, |plan| plan.cheater = Some(Side::Seller));
}

#[test]
fn drawn_plans__a_thousand__every_kind_of_fault_and_every_stage_occurs() {
    let tally = walk_all(1000..2000, |_| {});
    for (name, count) in Fault::NAMES.iter().zip(tally.faults) {
        assert!(count > 0, "{name} never happened:\n{tally}");
    }
    for side in [Side::Buyer, Side::Seller] {
        assert!(tally.stages(side).len() >= 12, "{tally}");
    }
}

#[test]
fn same_seed__twice__tells_the_same_story() {
    for seed in 0..20 {
        let plan = Plan::drawn(seed);
        assert_eq!(tell(&plan).0, tell(&plan).0);
    }
}
