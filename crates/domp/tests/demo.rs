//! The trial as a person starts it: whole trades through two engines, with their exit status, last line and JSON.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domp_regtest::programs_or_skip;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Command, Output, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread::sleep,
    time::{Duration, Instant},
};

/// Real nodes take turns: two networks at once would only wait for each other.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn domp(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_domp"));
    command.arg("demo").args(arguments).stdin(Stdio::null()).env_remove("RUST_LOG");
    command
}

fn run(arguments: &[&str]) -> Output {
    domp(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard output of a run that must have gone well, and its last line.
fn good(arguments: &[&str]) -> (String, String) {
    let output = run(arguments);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let last = text.lines().last().unwrap().to_owned();
    (text, last)
}

/// Every line as JSON: the steps, and the summary.
fn objects(text: &str) -> (Vec<Value>, Value) {
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap();
    assert_eq!(summary["type"], "summary");
    assert!(lines.iter().all(|line| line["type"] == "step"), "{lines:?}");
    (lines, summary)
}

fn names(steps: &[Value]) -> Vec<&str> {
    steps.iter().map(|step| step["name"].as_str().unwrap()).collect()
}

fn last<'a>(steps: &'a [Value], pointer: &str) -> &'a Value {
    steps.last().unwrap().pointer(pointer).unwrap()
}

#[test]
fn demo__success__seller_paid_and_collateral_home() {
    let (text, last) = good(&[]);
    let expected = "success: 100000 sat paid to the seller, 100000 sat collateral back with the buyer, fees 0 sat, 31 blocks, ";
    assert!(last.starts_with(expected), "{last}");
    assert!(text.contains("balances         buyer 400,000 sat free; seller 600,000 sat free"), "{text}");
    let story = text.strip_suffix(&format!("{last}\n")).unwrap();
    assert!(story.lines().all(|line| line.chars().count() <= 100), "{story}");
}

#[test]
fn demo__timeout__everything_back_at_the_deadline() {
    let (_, last) = good(&["--flow", "timeout"]);
    let expected = "timeout: 200000 sat back with the buyer, nothing paid to the seller, the channel is open, fees 0 sat, 937 blocks, ";
    assert!(last.starts_with(expected), "{last}");
}

#[test]
fn demo__nonpayment__nothing_locked() {
    let (_, last) = good(&["--flow", "nonpayment"]);
    let expected = "nonpayment: nothing was ever locked or paid, the channel is open, fees 0 sat, 8 blocks, ";
    assert!(last.starts_with(expected), "{last}");
}

#[test]
fn demo__refund__everything_back_at_once() {
    let (_, last) = good(&["--flow", "refund"]);
    let expected = "refund: 200000 sat back with the buyer, nothing paid to the seller, the channel is open, fees 0 sat, 9 blocks, ";
    assert!(last.starts_with(expected), "{last}");
}

#[test]
fn demo__json__a_step_a_line_and_accounts_that_add_up() {
    let (text, _) = good(&["--json"]);
    let (steps, summary) = objects(&text);
    assert_eq!(
        names(&steps),
        ["ready", "listed", "bid", "accepted", "held", "shipped", "arrived", "settled"]
    );
    let numbers: Vec<u64> = steps.iter().map(|step| step["step"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    let held = &steps[4];
    assert_eq!(held["money"][0]["purpose"], "domp_purchase");
    assert_eq!(held["money"][0]["place"], "held");
    assert_eq!(held["money"][0]["buyer_says"], "in flight");
    assert_eq!(held["money"][1]["seller_says"], "held");
    assert_eq!(held["balances"]["buyer"]["locked_msat"], 200_000_000_u64);
    let lock = held["height"].as_u64().unwrap();
    assert_eq!(held["otherwise"]["by"]["height"], lock + 144);
    assert_eq!(last(&steps, "/money/0/place"), "seller");
    assert_eq!(last(&steps, "/money/1/place"), "returned");
    assert_eq!(last(&steps, "/buyer_stage"), "completed");
    assert_eq!(last(&steps, "/seller_stage"), "completed");
    let number = |pointer: &str| summary.pointer(pointer).unwrap().as_u64().unwrap();
    assert_eq!(summary["ok"], true);
    assert_eq!(summary["differences"].as_array().unwrap().len(), 0);
    assert_eq!(number("/paid_to_seller_sat"), 100_000);
    assert_eq!(number("/fees_msat"), 0);
    let gained = number("/after/seller/channels_msat") - number("/before/seller/channels_msat");
    let spent = number("/before/buyer/channels_msat") - number("/after/buyer/channels_msat");
    assert_eq!((gained, spent), (100_000_000, 100_000_000));
}

#[test]
fn demo__json_of_a_timeout__held_to_the_end_and_then_back() {
    let (text, _) = good(&["--flow", "timeout", "--json"]);
    let (steps, summary) = objects(&text);
    let silent = steps.iter().find(|step| step["name"] == "silent").unwrap();
    assert_eq!(silent["money"][0]["place"], "held");
    assert_eq!(silent["otherwise"]["by"]["height"], last(&steps, "/height").clone());
    assert_eq!(last(&steps, "/money/0/place"), "returned");
    assert_eq!(last(&steps, "/seller_stage"), "refunded");
    assert_eq!(summary["before"], summary["after"]);
    assert_eq!(summary["returned_to_buyer_sat"], 200_000);
}

/// Phrases, secrets, hashes, invoices and addresses have no place in a story.
#[test]
fn demo__any_output__no_secret_and_nothing_private() {
    let (text, _) = good(&[]);
    let (json, _) = good(&["--json"]);
    let (steps, _) = objects(&json);
    let trade = last(&steps, "/trade").as_str().unwrap().to_owned();
    let json = json.replace(&trade, "");
    for shown in [&text, &json] {
        assert!(!shown.contains("lnbcrt"), "an invoice in {shown}");
        assert!(!shown.contains("nsec"), "a key in {shown}");
        assert!(!shown.contains("Sample Street"), "the address in {shown}");
        let hex = shown.split(|c: char| !c.is_ascii_hexdigit()).map(str::len).max().unwrap();
        assert!(hex < 32, "{hex} hex digits in {shown}");
    }
}

#[test]
fn demo__programs_that_cannot_be_used__said_and_status_1() {
    for json in [false, true] {
        let arguments: &[&str] = if json { &["--nodes", "lnd", "--json"] } else { &["--nodes", "lnd"] };
        let output = domp(arguments).env("BITCOIND", "/nonexistent/bitcoind").output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = stdout(&output);
        let last = text.lines().last().unwrap();
        assert!(last.contains("/nonexistent/bitcoind"), "{text}");
        if json {
            let (steps, summary) = objects(&text);
            assert!(steps.is_empty() && summary["ok"] == false, "{text}");
        } else {
            assert!(last.starts_with("FAILED (success): "), "{text}");
        }
    }
}

#[test]
fn demo__real_nodes_success__seller_paid_and_collateral_home() {
    let _turn = turn();
    if programs_or_skip("demo --nodes lnd").unwrap().is_none() {
        return;
    }
    let (text, _) = good(&["--nodes", "lnd", "--json"]);
    let (steps, summary) = objects(&text);
    assert_eq!(last(&steps, "/buyer_stage"), "completed");
    assert_eq!(summary["ok"], true);
    assert_eq!(summary["paid_to_seller_sat"], 100_000);
    assert_eq!(summary["returned_to_buyer_sat"], 100_000);
    assert_eq!(summary["fees_msat"], 0);
}

#[test]
fn demo__real_nodes_timeout__money_back_and_channel_open() {
    let _turn = turn();
    if programs_or_skip("demo --nodes lnd --flow timeout").unwrap().is_none() {
        return;
    }
    let (text, _) = good(&["--nodes", "lnd", "--flow", "timeout", "--json"]);
    let (steps, summary) = objects(&text);
    assert_eq!(last(&steps, "/seller_stage"), "refunded");
    assert_eq!(summary["returned_to_buyer_sat"], 200_000);
    assert_eq!(summary["paid_to_seller_sat"], 0);
    for who in ["buyer", "seller"] {
        assert_eq!(summary["after"][who]["open_channels"], 1, "{who}");
        assert_eq!(summary["after"][who]["other_channels"], 0, "{who}");
        assert_eq!(summary["after"][who], summary["before"][who], "{who}");
    }
}

#[test]
fn demo__interrupted_while_real_nodes_run__nothing_left_behind() {
    let _turn = turn();
    if programs_or_skip("demo --nodes lnd, interrupted").unwrap().is_none() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let mut child = domp(&["--nodes", "lnd"])
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    // Once the story has begun both nodes are running.
    told.read_line(&mut line).unwrap();
    assert!(line.starts_with("1. "), "{line}");
    assert!(!processes_naming(temporary.path()).is_empty(), "the nodes run in another folder");
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest}");
    let last = rest.lines().last().unwrap();
    assert!(last.starts_with("FAILED (success): interrupted by SIGINT"), "{rest}");
    let end = Instant::now() + Duration::from_secs(30);
    // The folder is removed by a watchdog of its own, a moment later.
    while !is_empty(temporary.path()) && Instant::now() < end {
        sleep(Duration::from_millis(50));
    }
    assert!(is_empty(temporary.path()), "files are left in {}", temporary.path().display());
    assert_eq!(processes_naming(temporary.path()), Vec::<String>::new());
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

/// The command lines of every running process that names a folder.
fn processes_naming(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let entries = fs::read_dir("/proc").unwrap();
    let lines = entries.filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    lines
        .map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
        .filter(|line| line.contains(folder))
        .collect()
}
