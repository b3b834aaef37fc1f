//! `cargo xtask test`: everything that can be run here, and a loud word about what could not.

mod counted;

use anyhow::ensure;
use counted::{Counted, counted};
use std::{
    process::Command,
    time::{Duration, Instant},
};

/// One thing to run.
struct Stage {
    name: &'static str,
    program: String,
    arguments: Vec<&'static str>,
    environment: Vec<(&'static str, &'static str)>,
    /// When the program is not there, the stage is not run; a CI run fails for it.
    needs: Option<(&'static str, &'static str)>,
}

impl Stage {
    fn cargo(name: &'static str, arguments: &[&'static str]) -> Self {
        Self {
            name,
            program: crate::cargo(),
            arguments: arguments.to_vec(),
            environment: Vec::new(),
            needs: None,
        }
    }
    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }
    fn needing(mut self, program: &'static str, how_to_get_it: &'static str) -> Self {
        self.needs = Some((program, how_to_get_it));
        self
    }
    /// Why it cannot be run here, if so.
    fn lacks(&self) -> Option<String> {
        let (program, how_to_get_it) = self.needs?;
        let there =
            Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
        (!there).then(|| format!("{} needs {program}: {how_to_get_it}", self.name))
    }
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(crate::root()).args(&self.arguments);
        command.envs(self.environment.iter().copied());
        command
    }
}

fn stages() -> Vec<Stage> {
    let mut stages = vec![
        Stage::cargo("format", &["fmt", "--all", "--check"]),
        Stage::cargo("tidy", &["xtask", "tidy"]),
        Stage::cargo("lints", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
        Stage::cargo("documentation", &["doc", "--workspace", "--no-deps", "--quiet"])
            .with("RUSTDOCFLAGS", "-D warnings"),
        Stage::cargo(
            "dependencies",
            &["deny", "--log-level", "error", "check", "bans", "licenses", "sources"],
        )
        .needing("cargo-deny", "install it with `cargo install --locked cargo-deny`"),
        Stage::cargo("real nodes", &["xtask", "nodes"]),
        Stage::cargo("tests", &["test", "--workspace", "--no-fail-fast"]),
        Stage::cargo("fuzz format", &["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]),
        Stage::cargo(
            "fuzz dependencies",
            &[
                "deny",
                "--manifest-path",
                "fuzz/Cargo.toml",
                "--config",
                "deny.toml",
                "--log-level",
                "error",
                "check",
                "bans",
                "licenses",
                "sources",
            ],
        )
        .needing("cargo-deny", "install it with `cargo install --locked cargo-deny`"),
        Stage::cargo(
            "fuzz lints",
            &[
                "clippy",
                "--manifest-path",
                "fuzz/Cargo.toml",
                "--no-default-features",
                "--all-targets",
                "--quiet",
                "--",
                "-D",
                "warnings",
            ],
        )
        .with("CARGO_TARGET_DIR", "target"),
        // In the target folder of everything else: most of it is built there already.
        Stage::cargo("fuzz replay", &["test", "--manifest-path", "fuzz/Cargo.toml", "--no-default-features"])
            .with("CARGO_TARGET_DIR", "target"),
        Stage::cargo("fuzz", &["xtask", "fuzz", "--seconds", "8"])
            .needing("cargo-fuzz", "install it with `cargo install --locked cargo-fuzz@0.13.1`"),
    ];
    for flow in ["success", "timeout", "nonpayment", "refund"] {
        let demo = Stage::cargo("trial", &["run", "--release", "--quiet", "--", "demo", "--flow", flow]);
        stages.push(Stage { name: flow_name(flow), ..demo });
    }
    stages
}

fn flow_name(flow: &str) -> &'static str {
    match flow {
        "success" => "trial success",
        "timeout" => "trial timeout",
        "nonpayment" => "trial nonpayment",
        _ => "trial refund",
    }
}

/// Runs every stage, also after one has failed, and sums up.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    ensure!(arguments.is_empty(), "`cargo xtask test` takes no arguments, got {arguments:?}");
    let strict = std::env::var_os("CI").is_some();
    let mut total = Counted::default();
    let mut failed = Vec::new();
    let mut times = Vec::new();
    for stage in stages() {
        println!("\n==== {} ====", stage.name);
        if let Some(reason) = stage.lacks() {
            println!("*** NOT RUN: {reason}");
            total.not_run.push(reason);
            continue;
        }
        let begun = Instant::now();
        let ran = counted(stage.command())?;
        times.push((stage.name, begun.elapsed()));
        if !ran.success {
            failed.push(stage.name);
        }
        total.add(ran);
    }
    sum_up(&total, &failed, &times);
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    ensure!(!strict || total.not_run.is_empty(), "not everything was run, and CI is set");
    ensure!(total.passed > 0, "no test was run");
    Ok(())
}

fn sum_up(total: &Counted, failed: &[&str], times: &[(&str, Duration)]) {
    println!("\n==== summary ====");
    for (name, time) in times {
        println!(
            "{:>6.1} s  {name}{}",
            time.as_secs_f64(),
            if failed.contains(name) { "  FAILED" } else { "" }
        );
    }
    for reason in &total.not_run {
        println!("*** NOT RUN: {reason}");
    }
    // A stage that failed without a failed test of its own counts as one.
    let other = failed.len().saturating_sub(usize::from(total.failed > 0));
    println!(
        "{} passed, {} failed, {} skipped",
        total.passed,
        total.failed + other,
        total.skipped + total.not_run.len()
    );
}
