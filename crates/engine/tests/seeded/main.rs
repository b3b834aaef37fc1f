//! The production engine, twice, by seed: a trade between two people while programs are killed, disks fill, calls to the nodes
//! are lost, nodes and relays go away, letters are doubled and shuffled, and blocks come or are taken back. One thread and a
//! clock that jumps; every fault and every person's choice comes from the seed. When the trouble ends the trade must end, and
//! nobody may have lost anything.
//!
//! `DOMP_SEEDS=N` runs more, `DOMP_SEED=S` one (`cargo xtask sim --engine` sets them).
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod dice;
mod run;
mod trouble;
#[path = "../world/mod.rs"]
mod world;

use run::{Ended, Setting, run};
use std::{collections::BTreeMap, time::Instant};
use trouble::Counts;
use world::memory::MemoryJournal;

/// Seeds of an ordinary test run.
const FEW: u64 = 60;

domp_ports::journal_contract!((MemoryJournal::default(), ()));

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not {text:?}")))
}

/// One seed in a runtime of its own, whose clock jumps to whatever is waited for.
fn one(seed: u64, setting: Setting) -> Ended {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(run(seed, setting))
}

#[test]
fn seeds__everything_goes_wrong__nobody_loses_and_every_trade_ends() {
    let seeds = match (number("DOMP_SEED"), number("DOMP_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(FEW),
    };
    let (count, began) = (seeds.end - seeds.start, Instant::now());
    let (mut faults, mut endings) = (Counts::new(), BTreeMap::<String, u64>::new());
    let mut violations = Vec::new();
    for seed in seeds {
        let ended = one(seed, Setting::default());
        for (name, number) in ended.faults {
            *faults.entry(name).or_default() += number;
        }
        *endings.entry(ended.how).or_default() += 1;
        violations.extend(ended.violation.map(|what| format!("seed {seed}: {what}")));
    }
    for (name, number) in &faults {
        println!("{number:>12}  {name}");
    }
    for (name, number) in &endings {
        println!("{number:>12}  seller, buyer: {name}");
    }
    for violation in &violations {
        println!("VIOLATION {violation}");
    }
    println!(
        "seeds={count} trades={count} faults={} violations={} rate={:.0}/s",
        faults.values().sum::<u64>(),
        violations.len(),
        count as f64 / began.elapsed().as_secs_f64(),
    );
    assert!(violations.is_empty(), "{violations:#?}");
    if count >= FEW {
        assert!(faults.len() >= 15, "too little goes wrong: {faults:#?}");
        assert!(endings.len() >= 3, "too little happens: {endings:#?}");
    }
}

/// The check can fail: a disk that lies about having written costs somebody something, and that is seen.
#[test]
fn seeds__disk_forgets_its_last_commits_when_killed__found() {
    let forgetful = Setting { forgotten_commits: 3, fault_rate: 60 };
    let found = (0..200).any(|seed| one(seed, forgetful).violation.is_some());
    assert!(found, "a journal that forgets harms nobody in 200 seeds: this simulation sees nothing");
}
