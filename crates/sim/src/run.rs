//! Runs: many seeds one after the other, or in threads.

use domp_model::{
    plan::Plan,
    tally::Tally,
    walk::{Failure, walk},
};
use std::{sync::Mutex, time::Instant};

/// Seeds that a thread takes at a time.
const BATCH: u64 = 1000;

/// What came of many seeds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Seeds walked.
    pub seeds: u64,
    /// What happened in them.
    pub tally: Tally,
    /// The first seeds that failed, and why.
    pub failed: Vec<(u64, Failure)>,
    /// How many failed.
    pub violations: u64,
    /// How long it took.
    pub seconds: f64,
}

/// How many failing seeds are named.
const NAMED: usize = 20;

impl Report {
    /// Trades a second.
    pub fn rate(&self) -> f64 {
        self.seeds as f64 / self.seconds.max(1e-9)
    }

    /// The last line of a run, for programs.
    pub fn last_line(&self) -> String {
        format!(
            "seeds={} trades={} faults={} violations={} rate={:.0}/s",
            self.seeds,
            self.tally.trades,
            self.tally.all_faults(),
            self.violations,
            self.rate()
        )
    }

    fn add(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.tally.add(&other.tally);
        self.violations += other.violations;
        self.failed.extend(other.failed);
        self.failed.sort_by_key(|(seed, _)| *seed);
        self.failed.truncate(NAMED);
    }
}

/// Walks the seeds of a range.
pub fn run(from: u64, seeds: u64, jobs: u32, plan: impl Fn(u64) -> Plan + Sync) -> Report {
    let start = Instant::now();
    let next = Mutex::new(from);
    let end = from.saturating_add(seeds);
    let work = || {
        let mut report = Report::default();
        loop {
            let batch = {
                let mut next = next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let first = *next;
                *next = first.saturating_add(BATCH).min(end);
                first..*next
            };
            if batch.is_empty() {
                return report;
            }
            report.add(run_batch(batch, &plan));
        }
    };
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            match thread.join() {
                Ok(part) => report.add(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    report.seconds = start.elapsed().as_secs_f64();
    report
}

fn run_batch(seeds: std::ops::Range<u64>, plan: &impl Fn(u64) -> Plan) -> Report {
    let mut report = Report::default();
    for seed in seeds {
        report.seeds += 1;
        if let Err(failure) = walk(&plan(seed), &mut report.tally) {
            report.violations += 1;
            if report.failed.len() < NAMED {
                report.failed.push((seed, failure));
            }
        }
    }
    report
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use domp_model::{sabotage::Sabotage, setting::Judged};

    #[test]
    fn run__two_thousand_seeds__nobody_loses_and_the_last_line_says_so() {
        let report = run(10_000, 2_000, 1, Plan::drawn);
        assert_eq!(report.failed, Vec::new());
        let line = report.last_line();
        assert!(line.starts_with("seeds=2000 trades=2000 faults="), "{line}");
        assert!(line.contains(" violations=0 rate="), "{line}");
        assert!(report.tally.all_faults() > 2_000, "{line}");
    }

    #[test]
    fn run__threads__count_the_same_as_one() {
        let (one, two) = (run(5, 1_500, 1, Plan::drawn), run(5, 1_500, 2, Plan::drawn));
        assert_eq!((one.seeds, &one.tally, &one.failed), (two.seeds, &two.tally, &two.failed));
    }

    #[test]
    fn run__rule_taken_out__failing_seeds_are_named_and_counted() {
        let sabotaged = |seed| Plan::drawn(seed).sabotaged(Sabotage::SettleAndCancel, Judged::Conduct);
        let report = run(0, 300, 1, sabotaged);
        assert!(report.violations > 20 && report.failed.len() == NAMED, "{}", report.last_line());
        let (seed, failure) = report.failed[0].clone();
        assert_eq!(walk(&sabotaged(seed), &mut Tally::default()).err(), Some(failure));
    }
}
