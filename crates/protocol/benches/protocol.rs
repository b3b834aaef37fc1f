//! The same comparisons as `ratios`, measured by criterion with its statistics: an operation of ours beside the library's.

#![allow(clippy::expect_used)] // a program that measures, run by hand

mod fixtures;

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use std::time::{Duration, Instant};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for fixtures::Comparison { name, mut ours, mut base } in fixtures::all() {
        let mut group = criterion.benchmark_group(name);
        measure(&mut group, "ours", &mut ours);
        measure(&mut group, "base", &mut base);
        group.finish();
    }
    criterion.final_summary();
}

/// Time for each single operation, also where one call does many of them.
fn measure(group: &mut BenchmarkGroup<'_, WallTime>, side: &str, run: &mut dyn FnMut() -> u64) {
    group.bench_function(side, |bencher| {
        bencher.iter_custom(|wanted| {
            let (mut done, start) = (0, Instant::now());
            while done < wanted {
                done += run();
            }
            Duration::from_secs_f64(start.elapsed().as_secs_f64() * wanted as f64 / done as f64)
        });
    });
}
