//! Finding and installing the node programs, with scripts in their place.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use domp_regtest::install::{
    BITCOIND_MINIMUM_MAJOR, InstallError, LND_VERSION, Origin, Sources, install, locate,
};
use tempfile::TempDir;

const BITCOIND: &str = "Bitcoin Core daemon version v30.0.0 bitcoind";

/// A program that prints one line whatever it is asked.
fn program(folder: &Path, name: &str, line: &str) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\necho '{line}'\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn lnd_line(version: &str) -> String {
    format!("lnd version {version} commit=")
}

/// A machine with nothing on it: an empty PATH and an empty cache.
fn bare() -> (TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("path");
    fs::create_dir(&path).unwrap();
    let sources =
        Sources { bitcoind: None, lnd: None, search_path: vec![path], cache: folder.path().join("cache") };
    (folder, sources)
}

#[test]
fn locate__nothing_there__names_the_program_and_the_way_out() {
    let (_folder, sources) = bare();
    let error = locate(&sources).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bitcoind was not found: set BITCOIND to its path, put it on the PATH, or run `cargo xtask nodes`"
    );
}

#[test]
fn locate__both_on_the_path__takes_them() {
    let (_folder, sources) = bare();
    program(&sources.search_path[0], "bitcoind", BITCOIND);
    program(&sources.search_path[0], "lnd", &lnd_line(LND_VERSION));
    let found = locate(&sources).unwrap();
    assert_eq!(found.bitcoind.version, "30.0.0");
    assert_eq!((found.bitcoind.origin, found.lnd.origin), (Origin::SearchPath, Origin::SearchPath));
    assert_eq!(found.lnd.version, LND_VERSION);
}

#[test]
fn locate__another_lnd_on_the_path__takes_the_pinned_one_of_the_cache() {
    let (_folder, sources) = bare();
    program(&sources.search_path[0], "bitcoind", BITCOIND);
    program(&sources.search_path[0], "lnd", &lnd_line("0.18.0-beta"));
    assert!(matches!(locate(&sources), Err(InstallError::Missing { program: "lnd", .. })));
    let cached = program(&sources.cache.join(format!("lnd-{LND_VERSION}")), "lnd", &lnd_line(LND_VERSION));
    let found = locate(&sources).unwrap();
    assert_eq!((found.lnd.path, found.lnd.origin), (cached, Origin::Cache));
}

#[test]
fn locate__broken_one_in_the_cache__is_named_with_the_reason() {
    let (_folder, sources) = bare();
    let cached = sources.cache.join(format!("bitcoin-knots-{BITCOIND_MINIMUM_MAJOR}"));
    program(&cached, "bitcoind", "no version");
    let error = locate(&sources).unwrap_err().to_string();
    assert!(error.contains("is not a usable bitcoind") && error.contains("no version"), "{error}");
}

#[test]
fn locate__named_by_variable__wins_in_any_version() {
    let (folder, mut sources) = bare();
    program(&sources.search_path[0], "bitcoind", BITCOIND);
    program(&sources.search_path[0], "lnd", &lnd_line(LND_VERSION));
    sources.lnd = Some(program(&folder.path().join("mine"), "lnd", &lnd_line("0.20.3-beta")));
    let found = locate(&sources).unwrap();
    assert_eq!((found.lnd.version.as_str(), found.lnd.origin), ("0.20.3-beta", Origin::Variable));
}

#[test]
fn locate__named_by_variable_but_old_or_wrong__is_refused_with_the_reason() {
    let (folder, mut sources) = bare();
    let cases = [
        ("Bitcoin Core daemon version v28.1.0", "it is version 28.1.0, and 29 or later is needed"),
        ("something else", "--version printed \"something else\""),
        ("Bitcoin Core daemon version", "--version printed \"Bitcoin Core daemon version\""),
    ];
    for (line, reason) in cases {
        let path = program(folder.path(), "named", line);
        sources.bitcoind = Some(path.clone());
        let error = locate(&sources).unwrap_err();
        assert_eq!(error.to_string(), format!("{} is not a usable bitcoind: {reason}", path.display()));
    }
    sources.bitcoind = Some(folder.path().join("absent"));
    assert!(locate(&sources).unwrap_err().to_string().contains("it does not start"));
}

#[test]
fn install__no_debian__says_what_is_missing_and_how_to_get_it() {
    let (_folder, sources) = bare();
    let error = install(&sources, &mut |_| {}).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bitcoind cannot be installed here (apt-get is not on the PATH): install Bitcoin Core 29 or later \
         yourself and set BITCOIND to the path of its bitcoind"
    );
}

#[test]
fn install__no_go__says_what_is_missing_and_how_to_get_it() {
    let (_folder, sources) = bare();
    program(&sources.search_path[0], "bitcoind", BITCOIND);
    let error = install(&sources, &mut |_| {}).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "LND cannot be built here (go is not on the PATH): install Go 1.25.10 or later, or install LND \
             {LND_VERSION} yourself and set LND to the path of its lnd"
        )
    );
}

#[test]
fn install__build_fails__shows_the_output_and_leaves_no_half_done_program() {
    let (_folder, sources) = bare();
    program(&sources.search_path[0], "bitcoind", BITCOIND);
    let go = sources.search_path[0].join("go");
    fs::write(&go, "#!/bin/sh\necho 'the network is down' >&2\nexit 1\n").unwrap();
    fs::set_permissions(&go, fs::Permissions::from_mode(0o755)).unwrap();
    let mut lines = Vec::new();
    let error = install(&sources, &mut |line| lines.push(line.to_owned())).unwrap_err();
    assert!(error.to_string().starts_with("building LND failed"), "{error}");
    assert!(error.to_string().contains("the network is down"), "{error}");
    assert!(lines[0].starts_with(&format!("LND {LND_VERSION}: building from source")), "{lines:?}");
    let left: Vec<_> =
        fs::read_dir(&sources.cache).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [format!("lnd-{LND_VERSION}.lock").as_str()]);
}

#[test]
fn install__build_works__is_done_once() {
    let (_folder, sources) = bare();
    program(&sources.search_path[0], "bitcoind", BITCOIND);
    // A "go" that writes the program to the path after -o, and counts its runs.
    let go = sources.search_path[0].join("go");
    let script = format!(
        "#!/bin/sh\necho run >> '{0}/runs'\nwhile [ \"$1\" != -o ]; do shift; done\n\
         printf '#!/bin/sh\\necho lnd version {LND_VERSION} commit=\\n' > \"$2\"\n/bin/chmod 755 \"$2\"\n",
        sources.search_path[0].display()
    );
    fs::write(&go, script).unwrap();
    fs::set_permissions(&go, fs::Permissions::from_mode(0o755)).unwrap();
    for _ in 0..2 {
        let found = install(&sources, &mut |_| {}).unwrap();
        assert_eq!((found.lnd.version.as_str(), found.lnd.origin), (LND_VERSION, Origin::Cache));
    }
    assert_eq!(fs::read_to_string(sources.search_path[0].join("runs")).unwrap(), "run\n");
}
