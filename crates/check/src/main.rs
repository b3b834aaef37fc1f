//! `check`: searches every scope and says what it found.

use domp_check::{
    order::Order,
    scope::Scope,
    verdict::{Search, Verdict, search},
};
use std::{
    io::{self, Write},
    process::ExitCode,
};

fn main() -> ExitCode {
    match Order::read(std::env::args().skip(1)) {
        Ok(order) => carry_out(order).unwrap_or(ExitCode::FAILURE),
        Err(error) => {
            let _ = writeln!(io::stderr(), "check: {error}");
            ExitCode::from(2)
        }
    }
}

fn carry_out(order: Order) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let scopes = if order.big { Scope::big() } else { Scope::small() };
    let (mut states, mut violations) = (0, 0);
    for scope in scopes {
        // Breadth first tells the shortest story; the large scopes would not fit into memory that way.
        let verdict = search(scope, Search { depth_first: order.big, threads: order.jobs, most: None });
        states += verdict.states;
        violations += verdict.violations.len();
        tell(&mut out, &verdict)?;
    }
    let bound = if order.big { "big" } else { "small" };
    writeln!(out, "states={states} bound={bound} violations={violations}")?;
    Ok(if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(out: &mut impl Write, verdict: &Verdict) -> io::Result<()> {
    writeln!(
        out,
        "{:<52} {:>10} states, paths of {:>3} at most, {:>7.1} s",
        verdict.scope.name,
        verdict.states,
        verdict.depth,
        verdict.took.as_secs_f64()
    )?;
    out.flush()?;
    for (property, story) in &verdict.violations {
        writeln!(out, "VIOLATED: {property}\n{story}")?;
    }
    Ok(())
}
