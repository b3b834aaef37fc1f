//! The command line as a person meets it: good words and bad ones, each with its exit status.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod machine;

use base64::prelude::{BASE64_STANDARD, Engine};
use machine::{Machine, PASSPHRASE, until};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::Stdio,
};

const RELAY: &str = "ws://127.0.0.1:9";
const PHRASE: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
/// NIP-06's key of that phrase, account 0.
const PHRASE_KEY: &str = "e8bcf3823669444d0b49ad45d65088635d9fd8500a75b5f20b59abefa56a144f";

#[test]
fn init__new__shows_the_phrase_once_and_keeps_it_to_its_owner() {
    let machine = Machine::new();
    let done = machine.run(&["--json", "init", "--network", "regtest", "--relay", RELAY]);
    let made = done.json();
    let phrase = made["recovery_phrase"].as_str().unwrap();
    assert_eq!(phrase.split(' ').count(), 24);
    for path in [machine.data().join("vault.json"), machine.config()] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            !text.contains(phrase.split(' ').next().unwrap()) || path == machine.config(),
            "{}",
            path.display()
        );
    }
    assert_eq!(fs::metadata(machine.data()).unwrap().permissions().mode() & 0o777, 0o700);
    machine.run(&["init", "--network", "regtest"]).refused(1, &["never overwritten"]);
    assert_eq!(
        machine.run(&["--json", "init", "--network", "regtest"]).json()["error"]["code"],
        "vault_exists"
    );
}

#[test]
fn init__nobody_reads_the_phrase__no_identity_made() {
    let machine = Machine::new();
    let mut command = machine.command(&["init", "--network", "regtest"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(4));
    assert!(!machine.data().join("vault.json").exists());
    machine.run(&["init"]).good();
}

#[test]
fn init__import__gives_the_key_of_the_phrase_and_does_not_show_it() {
    let machine = Machine::new();
    let arguments = ["--json", "init", "--import", "--network", "regtest"];
    machine.run_with_input(&arguments, "abandon about").refused(2, &[]);
    let done = machine.run_with_input(&arguments, &PHRASE.replace("about", "abaut"));
    assert_eq!((done.status, done.json()["error"]["code"].as_str()), (2, Some("bad_phrase")));
    assert!(!machine.data().join("vault.json").exists(), "nothing is made of a wrong phrase");
    let done = machine.run_with_input(&arguments, &format!("  {}\n", PHRASE.to_uppercase()));
    assert_eq!(done.json()["public_key"], PHRASE_KEY);
    assert!(!format!("{done:?}").contains("abandon"));
}

#[test]
fn init__options_missing_or_wrong__nothing_made() {
    let machine = Machine::new();
    machine.run(&["init"]).refused(2, &["which Bitcoin network", "--network"]);
    machine.run(&["init", "--network", "liquid"]).refused(2, &["liquid", "regtest"]);
    machine.run(&["init", "--network", "mainnet"]).refused(2, &["twice", "--mainnet"]);
    machine.run(&["init", "--network", "regtest", "--mainnet"]).refused(2, &["--mainnet was given"]);
    machine.run(&["init", "--network", "regtest", "--relay", "http://x"]).refused(2, &["http://x"]);
    machine.run(&["--profile", "../x", "init", "--network", "regtest"]).refused(2, &["--profile"]);
    machine.run_with(&["init", "--network", "regtest"], &[("DOMP_PASSPHRASE", "short")]).refused(1, &["8"]);
    machine
        .run_with(&["init", "--network", "regtest"], &[("DOMP_PASSPHRASE", "")])
        .refused(2, &["--passphrase-file"]);
    assert!(!machine.config().exists() && !machine.data().exists());
    machine.run(&["init", "--network", "mainnet", "--mainnet"]).good();
    assert!(fs::read_to_string(machine.config()).unwrap().contains("i_know_this_is_real_money = true"));
}

#[test]
fn init__folder_that_cannot_be_written__says_which() {
    let machine = Machine::new();
    fs::write(machine.home().join("file"), "").unwrap();
    let data = machine.home().join("file/data");
    let done = machine.run(&["--data-dir", data.to_str().unwrap(), "init", "--network", "regtest"]);
    done.refused(1, &["file/data", "--data-dir"]);
    // Read-only whoever asks.
    let done = machine.run(&["--data-dir", "/proc/domp", "init", "--network", "regtest"]);
    done.refused(1, &["/proc/domp", "--data-dir"]);
}

#[test]
fn up__without_identity_relay_or_configuration__says_what_to_do() {
    let machine = Machine::new();
    machine.run(&["up"]).refused(2, &["no configuration", "domp init"]);
    machine.run(&["init", "--network", "regtest"]).good();
    machine.run(&["up"]).refused(2, &["names no relay"]);
    machine.configure(|text| text.replace("# \"wss://relay.example.com\"", "\"ws://127.0.0.1:9\""));
    machine
        .run(&["--data-dir", machine.home().join("other").to_str().unwrap(), "up"])
        .refused(2, &["no identity", "domp init"]);
}

#[test]
fn up__wrong_passphrase__refused_and_not_repeated() {
    let machine = Machine::with_identity(RELAY);
    let done = machine.run_with(&["up"], &[("DOMP_PASSPHRASE", "not the right one")]);
    done.refused(1, &["wrong passphrase"]);
    assert!(!done.err.contains("not the right one"), "{done:?}");
    machine
        .run_with(&["up"], &[("DOMP_PASSPHRASE", "")])
        .refused(2, &["DOMP_PASSPHRASE", "--passphrase-file"]);
    let file = machine.home().join("passphrase");
    fs::write(&file, "").unwrap();
    machine.run(&["--passphrase-file", file.to_str().unwrap(), "up"]).refused(2, &["is empty"]);
}

#[test]
fn configuration__each_fault__named_with_file_and_key() {
    let machine = Machine::with_identity(RELAY);
    let original = fs::read_to_string(machine.config()).unwrap();
    for (change, words) in [
        ("relays = [\"ws://127.0.0.1:9\"]\nrelay = 1\n[lnd]", &["unknown field `relay`", "line"][..]),
        ("relays = 3\n[lnd]", &["relays = 3"]),
        ("relays = [", &["config.toml"]),
    ] {
        fs::write(machine.config(), format!("network = \"regtest\"\n{change}\n")).unwrap();
        machine.run(&["up"]).refused(2, &[&["config.toml"], words].concat());
        let done = machine.run(&["doctor"]);
        assert!(done.status == 1 && done.out.contains("FAIL  configuration"), "{done:?}");
    }
    fs::write(machine.config(), original.replace("regtest", "mainnet")).unwrap();
    machine.run(&["up"]).refused(2, &["said once", "twice"]);
    fs::write(machine.config(), original).unwrap();
    machine.run(&["up", "--mainnet"]).refused(2, &["network is regtest"]);
    machine.run_with(&["up"], &[("DOMP_API_LISTEN", "0.0.0.0:80")]).refused(2, &["this machine only"]);
    fs::set_permissions(machine.config(), Permissions::from_mode(0o000)).unwrap();
    if fs::read(machine.config()).is_err() {
        machine.run(&["up"]).refused(2, &["cannot be read"]);
    }
}

/// LND's folder without an LND: the daemon waits for it, which is all that these tests need.
fn lnd_that_is_away(machine: &Machine) {
    let folder = machine.home().join("lnd");
    let chain = folder.join("data/chain/bitcoin/regtest");
    fs::create_dir_all(&chain).unwrap();
    let certificate = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let text = BASE64_STANDARD.encode(certificate.cert.der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    fs::write(folder.join("tls.cert"), pem).unwrap();
    let mut macaroon = vec![2, 1, 3, b'l', b'n', b'd', 2, 1, 3, 0, 0, 6, 32];
    macaroon.extend([7; 32]);
    fs::write(chain.join("admin.macaroon"), macaroon).unwrap();
    fs::write(folder.join("lnd.conf"), "rpclisten=127.0.0.1:9\n").unwrap();
    machine.configure(|text| text.replace("~/.lnd", folder.to_str().unwrap()));
}

#[test]
fn up__node_away__waits_and_says_so_and_stops_when_told() {
    let machine = Machine::with_identity(RELAY);
    lnd_that_is_away(&machine);
    let daemon = machine.up("daemon");
    machine.until_listening();
    until("the daemon says what it waits for", || {
        let done = machine.run(&["trades"]);
        done.status == 3 && done.err.contains("waiting for the Lightning node")
    });
    machine.run(&["status"]).refused(3, &["starting"]);

    machine.run(&["up"]).refused(1, &["in use by another process"]);
    let done = machine.run(&["doctor"]);
    assert!(done.out.contains("in use by the running daemon") && done.out.contains("FAIL  node"), "{done:?}");

    kill_process(Pid::from_raw(i32::try_from(daemon.id()).unwrap()).unwrap(), Signal::TERM).unwrap();
    assert_eq!(daemon.ended(), Some(0));
    assert!(!machine.socket().exists(), "the socket is left behind");
    let log = fs::read_to_string(machine.home().join("daemon.log")).unwrap();
    assert!(!log.contains(PASSPHRASE), "{log}");
}

/// A volume that is mounted late, or a certificate that LND is making anew: a daemon that gives up then misses deadlines.
#[test]
fn up__files_of_the_node_not_there_yet__waits_and_says_for_what() {
    let machine = Machine::with_identity(RELAY);
    lnd_that_is_away(&machine);
    let folder = machine.home().join("lnd");
    let [certificate, kept, away] =
        ["tls.cert", "kept", "lnd-away"].map(|name| folder.parent().unwrap().join(name));
    fs::rename(&folder, &away).unwrap();
    let daemon = machine.up("daemon");
    machine.until_listening();
    let says = |word: &str| {
        until(word, || {
            let done = machine.run(&["trades"]);
            assert_eq!(done.status, 3, "{done:?}");
            done.err.contains(word)
        });
    };
    says("cannot read LND's folder");
    fs::rename(away.join("tls.cert"), &certificate).unwrap();
    fs::rename(&away, &folder).unwrap();
    says("tls.cert: No such file");
    fs::write(folder.join("tls.cert"), "half a certif").unwrap();
    says("tls.cert is not");
    fs::copy(&certificate, folder.join("tls.cert")).unwrap();
    says("no LND answers at 127.0.0.1:9");
    let macaroon = folder.join("data/chain/bitcoin/regtest/admin.macaroon");
    fs::rename(&macaroon, &kept).unwrap();
    says("no macaroon for regtest");
    let log = fs::read_to_string(machine.home().join("daemon.log")).unwrap();
    assert_eq!(log.matches("tls.cert: No such file").count(), 1, "each reason is logged once: {log}");
    daemon.kill();
    let done = machine.run(&["doctor"]);
    assert!(done.status == 1 && done.out.contains("no macaroon for regtest"), "{done:?}");
}

#[test]
fn doctor__macaroon_that_others_can_read__warned() {
    let machine = Machine::with_identity(RELAY);
    lnd_that_is_away(&machine);
    let macaroon = machine.home().join("lnd/data/chain/bitcoin/regtest/admin.macaroon");
    for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true), (0o660, true)] {
        fs::set_permissions(&macaroon, Permissions::from_mode(mode)).unwrap();
        let out = machine.run(&["doctor"]).out;
        assert_eq!(out.contains("warn  macaroon file"), warned, "{mode:o}: {out}");
        assert!(!warned || out.contains(&format!("chmod 600 {}", macaroon.display())), "{out}");
    }
}

#[test]
fn passphrase__changed__only_the_new_one_opens_and_the_identity_stays() {
    let machine = Machine::with_identity(RELAY);
    let vault = machine.data().join("vault.json");
    let before = fs::read_to_string(&vault).unwrap();
    let [new, short] = [("new", "another passphrase\n"), ("short", "seven77")].map(|(name, text)| {
        let path = machine.home().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let change = |file: &str| ["passphrase", "--new-passphrase-file", file].map(str::to_owned);
    let run = |words: &[String], passphrase: &str| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        machine.run_with(&words, &[("DOMP_PASSPHRASE", passphrase)])
    };
    run(&change(&new), "not the right one").refused(1, &["wrong passphrase"]);
    run(&change(&short), PASSPHRASE).refused(1, &["8"]);
    run(&change("/nowhere/at/all"), PASSPHRASE).refused(2, &["/nowhere/at/all"]);
    run(&["passphrase".to_owned()], PASSPHRASE).refused(2, &["no terminal", "--new-passphrase-file"]);
    assert_eq!(fs::read_to_string(&vault).unwrap(), before, "refused, and left as it was");

    let done = run(&change(&new), PASSPHRASE);
    assert!(done.out.contains("opens with the new passphrase"), "{done:?}");
    assert!(!format!("{done:?}").contains("another passphrase"), "{done:?}");
    assert_eq!(fs::metadata(&vault).unwrap().permissions().mode() & 0o777, 0o600);
    run(&["up".to_owned()], PASSPHRASE).refused(1, &["wrong passphrase"]);
    let opens = run(&["doctor".to_owned()], "another passphrase").out;
    assert!(opens.contains("opens with the passphrase"), "{opens}");
    let elsewhere = machine.home().join("elsewhere");
    machine.run(&["--data-dir", elsewhere.to_str().unwrap(), "passphrase"]).refused(2, &["no identity"]);
}

#[test]
fn up__killed__the_next_one_takes_over_its_socket() {
    let machine = Machine::with_identity(RELAY);
    lnd_that_is_away(&machine);
    let daemon = machine.up("first");
    machine.until_listening();
    daemon.kill();
    assert!(machine.socket().exists());
    machine.run(&["trades"]).refused(3, &["domp up"]);
    let daemon = machine.up("second");
    until("the second answers", || machine.run(&["trades"]).err.contains("waiting for the Lightning node"));
    daemon.kill();
}

#[test]
fn up__socket_path_too_long__says_so() {
    let machine = Machine::with_identity(RELAY);
    lnd_that_is_away(&machine);
    let long = machine.home().join("x".repeat(120));
    machine
        .run_with(&["up"], &[("DOMP_API_SOCKET", long.to_str().unwrap())])
        .refused(2, &["107", "api.socket"]);
}

#[test]
fn up__database_of_something_else__refused_and_left_alone() {
    let machine = Machine::with_identity(RELAY);
    lnd_that_is_away(&machine);
    let path = machine.data().join("domp.db");
    fs::write(&path, "these are my notes, not a database").unwrap();
    machine.run(&["up"]).refused(1, &["domp.db"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "these are my notes, not a database");
    let done = machine.run(&["doctor"]);
    assert!(done.status == 1 && done.out.contains("FAIL  database"), "{done:?}");
}

#[test]
fn up__vault_damaged__refused_with_the_way_out() {
    let machine = Machine::with_identity(RELAY);
    let path = machine.data().join("vault.json");
    let text = fs::read_to_string(&path).unwrap();
    for damaged in [
        String::new(),
        text[..text.len() / 2].to_owned(),
        text.replace("\"version\": 1", "\"version\": 9").replace("\"version\":1", "\"version\":9"),
    ] {
        fs::write(&path, damaged).unwrap();
        machine.run(&["up"]).refused(1, &["vault.json"]);
    }
}

#[test]
fn orders__no_daemon__status_3_and_how_to_start_one() {
    let machine = Machine::with_identity(RELAY);
    let trade = "ab".repeat(32);
    let commands: &[&[&str]] = &[
        &["trades"],
        &["trade", &trade],
        &["trade", &trade, "--watch"],
        &["htlcs", &trade],
        &["status"],
        &["accept", &trade],
        &["pay", &trade, "--yes"],
        &["ship", &trade],
        &["confirm", &trade],
        &["cancel", &trade],
        &["refund", &trade, "--reason", "x"],
        &["agree", &trade, "--on", "cancel"],
        &["release", &trade],
        &["late-invoice", &trade],
        &["pay-late", &trade],
        &["bid", &trade],
        &["listing", "list"],
        &["listing", "browse"],
        &["listing", "show", &trade],
        &["listing", "withdraw", &trade, "--yes"],
        &["channels", "list"],
        &["channels", "address"],
        &["backup", "backup.file"],
        &["restore", "--from-relays"],
    ];
    for command in commands {
        machine.run(command).refused(3, &["no daemon listens", "domp up"]);
        let json = machine.run(&[&["--json"], *command].concat());
        assert_eq!(
            (json.status, json.json()["error"]["code"].as_str()),
            (3, Some("no_daemon")),
            "{command:?}"
        );
    }
    assert!(!std::path::Path::new("backup.file").exists());
}

#[test]
fn ids__malformed__status_2_and_what_is_accepted() {
    let machine = Machine::with_identity(RELAY);
    let nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
    for (id, word) in [
        ("abc", "four"),
        ("xyzw", "hexadecimal"),
        ("note1x", "checksum"),
        (nsec, "secret key"),
        ("", "four"),
        ("\u{1b}[2J", "hexadecimal"),
    ] {
        let done = machine.run(&["trade", id]);
        done.refused(2, &[word, "NIP-19"]);
        assert!(!done.err.contains('\u{1b}') && !done.err.contains("vl029"), "{done:?}");
    }
    // Nobody is asked for what is no name; a domain that there is not is told.
    machine
        .run(&["listing", "browse", "--seller", "bob smith@example.com"])
        .refused(2, &["before the @", "npub1"]);
    let done = machine.run(&["listing", "browse", "--seller", "bob@domp.invalid"]);
    done.refused(1, &["bob@domp.invalid cannot be looked up", "npub1"]);
    machine.run(&["channels", "open", "02ab", "1000"]).refused(2, &["66 hex digits"]);
    machine.run(&["channels", "connect", &format!("02{}", "ab".repeat(32))]).refused(2, &["host:port"]);
}

#[test]
fn arguments__wrong__status_2_in_text_and_json() {
    let machine = Machine::new();
    for arguments in [
        &["frobnicate"][..],
        &[],
        &["pay"],
        &["confirm", "abcd", "--status", "great"],
        &["demo", "--flow", "magic"],
    ] {
        machine.run(arguments).refused(2, &[]);
    }
    let done = machine.run(&["--json", "frobnicate"]);
    assert_eq!((done.status, done.json()["error"]["code"].as_str()), (2, Some("bad_arguments")));
    assert!(machine.run(&["--help"]).good().contains("Exit status"));
    assert!(machine.run(&["--version"]).good().starts_with("domp "));
}

#[test]
fn arguments__not_utf8__refused_without_panic() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let machine = Machine::new();
    let output = machine.command(&[]).arg("trade").arg(OsStr::from_bytes(b"\xff\xfe")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn completions__every_shell__written() {
    let machine = Machine::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(machine.run(&["completions", shell]).good().contains("listing"), "{shell}");
    }
}

#[test]
fn output__reader_gone__no_panic_and_no_noise() {
    let machine = Machine::new();
    for arguments in [&["--help"][..], &["completions", "bash"], &["demo"]] {
        let mut command = machine.command(arguments);
        let mut child = command.stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!err.contains("panicked"), "{arguments:?}: {err}");
    }
}

#[test]
fn doctor__fresh_identity__names_what_is_missing_and_fails() {
    let machine = Machine::with_identity(RELAY);
    let done = machine.run(&["--json", "doctor"]);
    assert_eq!(done.status, 1);
    let report = done.json();
    let level = |check: &str| {
        let found = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|finding| finding["check"].as_str().unwrap().starts_with(check));
        found.unwrap_or_else(|| panic!("{check} was not looked at: {report}"))["level"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for (check, expected) in [
        ("configuration", "ok"),
        ("data folder", "ok"),
        ("vault", "ok"),
        ("database", "ok"),
        ("node", "fail"),
        ("relay ws", "fail"),
    ] {
        assert_eq!(level(check), expected, "{check}");
    }
    let wrong = machine.run_with(&["doctor"], &[("DOMP_PASSPHRASE", "not the right one")]);
    assert!(wrong.out.contains("FAIL  vault: wrong passphrase"), "{wrong:?}");
    fs::set_permissions(machine.data(), Permissions::from_mode(0o755)).unwrap();
    assert!(machine.run(&["doctor"]).out.contains("chmod 700"));
}

#[test]
fn restore__phrase_alone__same_key_and_marked_for_rebuilding() {
    let machine = Machine::new();
    let arguments = ["--json", "restore", "--network", "regtest", "--relay", RELAY];
    let done = machine.run_with_input(&arguments, PHRASE);
    assert_eq!(done.json()["public_key"], PHRASE_KEY, "{done:?}");
    assert!(machine.data().join("rebuild.wanted").exists());
    machine.run_with_input(&arguments, PHRASE).refused(1, &[]);
}

#[test]
fn restore__backup_that_is_none__nothing_made() {
    let machine = Machine::new();
    let file = machine.home().join("backup");
    fs::write(&file, "no backup at all").unwrap();
    let arguments = ["restore", file.to_str().unwrap(), "--network", "regtest", "--relay", RELAY];
    machine.run_with_input(&arguments, PHRASE).refused(1, &["not a backup"]);
    let missing = ["restore", "/nowhere/backup", "--network", "regtest", "--relay", RELAY];
    machine.run_with_input(&missing, PHRASE).refused(1, &["/nowhere/backup"]);
    assert!(!machine.data().exists() && !machine.config().exists());
}

/// What was bought from whom does not go through a folder that others use, not even for a moment.
#[test]
fn restore__backup__opened_beside_its_place_and_nowhere_else() {
    let machine = Machine::new();
    let database = machine.home().join("source.db");
    drop(domp_store::SqliteJournal::open(&database).unwrap());
    let phrase = || domp_vault::Phrase::parse(PHRASE).unwrap();
    let vault = domp_vault::Vault::from_phrase(phrase()).unwrap();
    let backup = machine.home().join("backup");
    domp_vault::backup::backup_file(&database, &vault, &backup).unwrap();
    let arguments = ["restore", backup.to_str().unwrap(), "--network", "regtest", "--relay", RELAY];
    let mut command = machine.command(&arguments);
    let mut child = command.env("TMPDIR", "/nowhere/at/all").stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), PHRASE.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let left: Vec<String> = fs::read_dir(machine.data())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["vault.json", "domp.db", "rebuild.wanted"].contains(&name.as_str()))
        .filter(|name| !name.starts_with("domp.db"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(fs::metadata(machine.data().join("domp.db")).unwrap().permissions().mode() & 0o777, 0o600);
}
