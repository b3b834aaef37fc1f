//! `sim`: simulates many trades, or tells one.

use domp_model::{plan::Plan, story::tell};
use domp_sim::{
    order::{Order, STORIES},
    run::run,
};
use std::{
    io::{self, Write as _},
    process::ExitCode,
};

fn main() -> ExitCode {
    match Order::read(std::env::args().skip(1)) {
        Ok(order) => carry_out(order).unwrap_or(ExitCode::FAILURE),
        Err(error) => {
            let _ = writeln!(io::stderr(), "sim: {error}");
            ExitCode::from(2)
        }
    }
}

fn carry_out(order: Order) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let well = match order {
        Order::One(seed) => {
            let (story, outcome) = tell(&Plan::drawn(seed));
            write!(out, "{story}")?;
            outcome.is_ok()
        }
        Order::Many { from, seeds, jobs } => {
            let report = run(from, seeds, jobs, Plan::drawn);
            write!(out, "{}", report.tally)?;
            for (seed, failure) in &report.failed {
                writeln!(out, "VIOLATION seed {seed}: {}", failure.what)?;
            }
            for (seed, _) in report.failed.iter().take(STORIES) {
                writeln!(out, "\n{}", tell(&Plan::drawn(*seed)).0)?;
            }
            writeln!(out, "{}", report.last_line())?;
            report.violations == 0
        }
    };
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
