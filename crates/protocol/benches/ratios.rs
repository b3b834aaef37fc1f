//! How fast this crate is against the library call underneath: one line a comparison,
//! `NAME ours=… base=… ratio=…`. Both are told in times a second; ratio = ours / base, so higher is better and 1 means that
//! our checks cost nothing on top.
//!
//! The two sides take turns, and the medians count, since a shared machine has its moods. Names given as arguments choose.

#![allow(clippy::print_stdout, clippy::expect_used)] // a program that measures, run by hand

mod fixtures;

use fixtures::Comparison;
use std::time::{Duration, Instant};

/// Turns of each side.
const ROUNDS: usize = 41;
/// About how long one turn takes.
const TURN: Duration = Duration::from_millis(25);

fn main() {
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for comparison in fixtures::all() {
        if chosen.is_empty() || chosen.iter().any(|name| comparison.name.contains(name.as_str())) {
            println!("{}", compare(comparison));
        }
    }
}

fn compare(Comparison { name, mut ours, mut base }: Comparison) -> String {
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let measured = [rate(&mut ours), rate(&mut base)];
        // The first round warms the caches.
        if round > 0 {
            rates.iter_mut().zip(measured).for_each(|(rates, rate)| rates.push(rate));
        }
    }
    let [ours, base] = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[ROUNDS / 2]
    });
    format!("{name} ours={ours:.0}/s base={base:.0}/s ratio={:.2}", ours / base)
}

/// Times a second that one side does its work, over one turn.
fn rate(side: &mut dyn FnMut() -> u64) -> f64 {
    let start = Instant::now();
    let mut times = 0;
    while start.elapsed() < TURN {
        times += side();
    }
    times as f64 / start.elapsed().as_secs_f64()
}
