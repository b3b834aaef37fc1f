//! One case a file: written from the tables of these tests, committed, and read back from disk.
//!
//! With `DOMP_WRITE_VECTORS=1` the files are written; without it they must be what the tables say, so that neither drifts.

use crate::{chain_vectors, event_vectors, kind_invalid_vectors, kind_valid_vectors, private_vectors, run};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

/// The families of vectors that this test owns, by the beginning of their names.
const OURS: [&str; 4] = ["event-", "kind-", "chain-", "private-"];
/// The families that the test `checks` and the vault's tests own. A file of no family would be run by nobody.
const THEIRS: [&str; 7] = ["invoice-", "node-", "htlc-", "pow-", "anti-spam-", "heights-", "vault-"];

/// One case.
pub struct Vector {
    pub name: &'static str,
    pub what: &'static str,
    pub rule: &'static str,
    /// `event` or `json` (one event, as a value or as text), or `trade` and `events` (a chain); `now` where it counts.
    pub input: Value,
    /// What it gives when it is right, or a part of the error.
    pub expect: Result<Value, &'static str>,
}

impl Vector {
    fn json(&self) -> Value {
        let mut file = Map::new();
        file.insert("name".into(), self.name.into());
        file.insert("what".into(), self.what.into());
        file.insert("rule".into(), self.rule.into());
        let mut input = self.input.as_object().unwrap().clone();
        let now = input.remove("now");
        file.insert("input".into(), input.into());
        file.extend(now.map(|now| ("now".to_owned(), now)));
        match &self.expect {
            Ok(gives) => {
                file.insert("expect".into(), "ok".into());
                if !gives.is_null() {
                    file.insert("gives".into(), gives.clone());
                }
            }
            Err(part) => {
                file.insert("expect".into(), json!({ "error": part }));
            }
        }
        Value::Object(file)
    }
}

fn folder(kind: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors").join(kind)
}

fn tables() -> Vec<Vector> {
    [
        event_vectors::table(),
        kind_valid_vectors::table(),
        kind_invalid_vectors::table(),
        private_vectors::table(),
        chain_vectors::table(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The files of our families, by name; a file that nobody runs fails the test.
fn files(kind: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder(kind)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            path.extension().and_then(|it| it.to_str()),
            Some("json"),
            "{} is no vector",
            path.display()
        );
        if OURS.iter().any(|family| name.starts_with(family)) {
            files.insert(name, fs::read_to_string(&path).unwrap());
        } else {
            assert!(
                THEIRS.iter().any(|family| name.starts_with(family)),
                "{name}: of no family, so nobody runs it"
            );
        }
    }
    files
}

#[test]
fn vectors__every_file__is_what_the_tables_say() {
    let mut expected: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for vector in tables() {
        let kind = if vector.expect.is_ok() { "valid" } else { "invalid" };
        let text = format!("{}\n", serde_json::to_string_pretty(&vector.json()).unwrap());
        let doubled = expected.entry(kind).or_default().insert(vector.name.to_owned(), text);
        assert!(doubled.is_none(), "{} occurs twice", vector.name);
    }
    for (kind, vectors) in expected {
        if std::env::var_os("DOMP_WRITE_VECTORS").is_some() {
            for name in files(kind).into_keys().filter(|name| !vectors.contains_key(name)) {
                fs::remove_file(folder(kind).join(format!("{name}.json"))).unwrap();
            }
            for (name, text) in &vectors {
                fs::write(folder(kind).join(format!("{name}.json")), text).unwrap();
            }
        }
        let found = files(kind);
        let names: BTreeSet<_> = found.keys().chain(vectors.keys()).collect();
        for name in names {
            assert_eq!(found.get(name), vectors.get(name), "{kind}/{name}.json: write the vectors anew");
        }
    }
}

#[test]
fn vectors__every_file_on_disk__gives_what_it_says() {
    let (mut valid, mut invalid) = (0, 0);
    for kind in ["valid", "invalid"] {
        for (name, text) in files(kind) {
            let file: Map<String, Value> = serde_json::from_str(&text).unwrap();
            for key in file.keys() {
                let known = ["name", "what", "rule", "input", "now", "expect", "gives"];
                assert!(known.contains(&key.as_str()), "{name}: unknown key {key}");
            }
            assert_eq!(file["name"], name.as_str(), "{name}: another name inside");
            assert!(
                file["what"].as_str().is_some_and(|what| !what.is_empty()),
                "{name}: says not what it is"
            );
            let outcome = run::run(&name, &file["input"], file.get("now").map(|now| now.as_u64().unwrap()));
            if kind == "valid" {
                assert_eq!(file["expect"], "ok", "{name}");
                let given = outcome.unwrap_or_else(|error| panic!("{name}: refused: {error}"));
                if let Some(gives) = file.get("gives") {
                    assert_eq!(&given, gives, "{name}");
                }
                valid += 1;
            } else {
                let part =
                    file["expect"]["error"].as_str().unwrap_or_else(|| panic!("{name}: names no error"));
                match outcome {
                    Ok(given) => panic!("{name}: accepted: {given}"),
                    Err(error) => {
                        assert!(error.contains(part), "{name}: {error:?} does not contain {part:?}")
                    }
                }
                invalid += 1;
            }
        }
    }
    assert!(valid > 0 && invalid > valid, "{valid} valid and {invalid} invalid vectors");
    println!("{valid} valid and {invalid} invalid vectors of events, kinds, chains and private messages");
}
