//! `cargo xtask fuzz [TARGET] [--seconds N]`: throws what comes from outside at the code that reads it.
//!
//! The targets are in `fuzz/`. They are built by the toolchain that builds the program, without a sanitizer: nothing of
//! ours is `unsafe`, and the address sanitizer needs a nightly compiler. Nor is `cfg(fuzzing)` set: `lightning-invoice`
//! would leave out checks under it, and what ships is what has to hold.

use anyhow::{Context, bail, ensure};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Instant,
};

/// The version of cargo-fuzz that the options below are of.
const INSTALL: &str = "cargo install --locked cargo-fuzz@0.13.1";
/// How targets are built.
const BUILD: [&str; 5] = ["--sanitizer", "none", "--no-cfg-fuzzing", "--codegen-units", "16"];
/// An input that takes longer, in seconds, is a finding.
const TIMEOUT: &str = "-timeout=30";
/// As is one that takes more memory, in MiB.
const MEMORY: &str = "-rss_limit_mb=3000";
/// Lines shown of a target that found something.
const SHOWN: usize = 60;

/// What to run.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    target: Option<String>,
    seconds: u32,
}

/// Makes the corpus, builds, and runs one target or all; fails if one finds something.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    let wanted = Wanted::read(arguments)?;
    check_tools()?;
    let targets = targets()?;
    let chosen: Vec<&String> =
        targets.iter().filter(|target| wanted.target.as_ref().is_none_or(|only| only == *target)).collect();
    ensure!(!chosen.is_empty(), "no target {:?}; there are {}", wanted.target, targets.join(", "));
    let begun = Instant::now();
    println!("building the fuzz targets (the first time takes minutes)");
    let built = cargo_fuzz("build").args(BUILD).status().context("cannot run cargo fuzz")?;
    ensure!(built.success(), "the fuzz targets do not build");
    println!("built in {} s", begun.elapsed().as_secs());
    let mut found = Vec::new();
    for target in chosen {
        if !one(target, wanted.seconds)? {
            found.push(target.as_str());
        }
    }
    ensure!(found.is_empty(), "found something: {}", found.join(", "));
    Ok(())
}

impl Wanted {
    fn read(arguments: &[String]) -> anyhow::Result<Self> {
        let mut wanted = Self { target: None, seconds: 10 };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--seconds" => {
                    let seconds = rest.next().context("--seconds needs a number")?;
                    wanted.seconds =
                        seconds.parse().with_context(|| format!("--seconds {seconds:?} is no number"))?;
                    ensure!(wanted.seconds > 0, "--seconds 0 would run nothing, or for ever");
                }
                target if !target.starts_with('-') && wanted.target.is_none() => {
                    wanted.target = Some(target.to_owned());
                }
                other => bail!("usage: cargo xtask fuzz [TARGET] [--seconds N], not {other:?}"),
            }
        }
        Ok(wanted)
    }
}

/// What has to be there, said loudly if it is not.
fn check_tools() -> anyhow::Result<()> {
    let runs = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let cxx = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let mut missing = Vec::new();
    if !runs(Command::new(crate::cargo()).args(["fuzz", "--version"])) {
        missing.push(format!("cargo-fuzz: `{INSTALL}`"));
    }
    if !runs(Command::new(&cxx).arg("--version")) {
        missing.push(format!(
            "a C++ compiler ({cxx}), for libFuzzer: `apt-get install g++`, or name one in CXX"
        ));
    }
    ensure!(missing.is_empty(), "*** NOT RUN, missing:\n  {}", missing.join("\n  "));
    Ok(())
}

/// cargo-fuzz, with a target folder of its own whatever the environment says.
fn cargo_fuzz(command: &str) -> Command {
    let mut cargo = Command::new(crate::cargo());
    cargo.current_dir(crate::root()).env_remove("CARGO_TARGET_DIR").args(["fuzz", command]);
    // What cargo told this program about its own package: some build scripts run anew when it changes.
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            cargo.env_remove(name);
        }
    }
    cargo
}

fn targets() -> anyhow::Result<Vec<String>> {
    let output = cargo_fuzz("list").output().context("cannot run cargo fuzz")?;
    ensure!(output.status.success(), "cargo fuzz list: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// Runs one target, prints its line, and says whether it came through.
fn one(target: &str, seconds: u32) -> anyhow::Result<bool> {
    let fuzz = crate::root().join("fuzz");
    let corpus = fuzz.join("corpus").join(target);
    let run = |folders: &[PathBuf]| {
        let mut run = cargo_fuzz("run");
        run.args(BUILD).arg(target).args(folders);
        run
    };
    // The target itself writes its seeds: it knows the vectors, and nothing else has to be built.
    let seeded = run(&[]).env("DOMP_FUZZ_SEEDS", &corpus).output().context("cannot run cargo fuzz")?;
    ensure!(seeded.status.success(), "{target}: no seeds\n{}", tail(&seeded));
    let regressions = fuzz.join("regressions").join(target);
    let folders: Vec<PathBuf> = [corpus.clone(), regressions].into_iter().filter(|it| it.is_dir()).collect();
    let output = run(&folders)
        .args(["--", TIMEOUT, MEMORY, "-print_final_stats=1"])
        .arg(format!("-max_total_time={seconds}"))
        .args(dictionary(&corpus))
        .output()
        .context("cannot run cargo fuzz")?;
    let figures = Figures::read(&String::from_utf8_lossy(&output.stderr));
    println!("{}", figures.line(target, output.status.success()));
    if !output.status.success() {
        println!("{}\n{ADVICE}", tail(&output));
    }
    Ok(output.status.success())
}

const ADVICE: &str = "the input is in fuzz/artifacts; mend the fault and keep the input as fuzz/regressions/TARGET/what-it-was";

/// Words out of the seeds; libFuzzer takes no empty dictionary.
fn dictionary(corpus: &Path) -> Option<String> {
    let path = corpus.with_extension("dict");
    let filled = path.metadata().is_ok_and(|metadata| metadata.len() > 0);
    filled.then(|| format!("-dict={}", path.display()))
}

fn tail(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("\n")
}

/// What libFuzzer said at the end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    runs: u64,
    coverage: u64,
    per_second: u64,
}

impl Figures {
    fn read(text: &str) -> Self {
        let mut figures = Self::default();
        let first = |text: &str| text.split_whitespace().next().and_then(|number| number.parse().ok());
        for line in text.lines() {
            if let Some(runs) = line.strip_prefix("stat::number_of_executed_units:").and_then(first) {
                figures.runs = runs;
            }
            if let Some(rate) = line.strip_prefix("stat::average_exec_per_sec:").and_then(first) {
                figures.per_second = rate;
            }
            if let Some(coverage) = line.split_once(" cov: ").and_then(|(_, rest)| first(rest)) {
                figures.coverage = coverage;
            }
        }
        figures
    }

    fn line(&self, target: &str, held: bool) -> String {
        let Self { runs, coverage, per_second } = self;
        let outcome = if held { "held" } else { "FOUND SOMETHING" };
        format!("{target:<9} {runs:>10} runs  {coverage:>6} edges  {per_second:>7} /s  {outcome}")
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    fn wanted(arguments: &[&str]) -> anyhow::Result<Wanted> {
        Wanted::read(&arguments.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn arguments__read__or_refused() {
        assert_eq!(wanted(&[]).unwrap(), Wanted { target: None, seconds: 10 });
        let tags = Wanted { target: Some("tags".into()), seconds: 600 };
        assert_eq!(wanted(&["tags", "--seconds", "600"]).unwrap(), tags);
        for wrong in [&["--seconds"][..], &["--seconds", "x"], &["--seconds", "0"], &["a", "b"], &["--all"]] {
            assert!(wanted(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn figures__what_libfuzzer_prints__read() {
        let text = "#2\tINITED cov: 10 ft: 10 corp: 1/1b\n#131072\tDONE   cov: 812 ft: 1935 corp: 268/9kb\n\
                    stat::number_of_executed_units: 131072\nstat::average_exec_per_sec:     13107\n";
        let figures = Figures::read(text);
        assert_eq!(figures, Figures { runs: 131_072, coverage: 812, per_second: 13_107 });
        assert!(figures.line("tags", false).contains("FOUND"));
    }
}
