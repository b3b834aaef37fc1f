//! One case a file: written from the tables of these tests, committed, and read back from disk.
//!
//! With `DOMP_WRITE_VECTORS=1` the files are written; without it they must be what the tables say, so that neither drifts.

use crate::{
    anti_spam_vectors, heights_vectors, htlc_vectors, invoice_invalid_vectors, invoice_valid_vectors,
    node_vectors, pow_vectors, run,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::PathBuf};

/// The families of vectors that this test owns, by the beginning of their names.
const OURS: [&str; 6] = ["invoice-", "node-", "htlc-", "pow-", "anti-spam-", "heights-"];

/// One case.
pub struct Vector {
    pub name: &'static str,
    pub what: &'static str,
    pub rule: &'static str,
    pub input: Value,
    pub now: Option<u64>,
    /// What it gives when it is right, or a part of the error.
    pub expect: Result<Value, &'static str>,
}

impl Vector {
    fn json(&self) -> Value {
        let mut file = serde_json::Map::new();
        file.insert("name".into(), self.name.into());
        file.insert("what".into(), self.what.into());
        file.insert("rule".into(), self.rule.into());
        file.insert("input".into(), self.input.clone());
        if let Some(now) = self.now {
            file.insert("now".into(), now.into());
        }
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
        invoice_valid_vectors::table(),
        invoice_invalid_vectors::table(),
        node_vectors::table(),
        htlc_vectors::table(),
        pow_vectors::table(),
        anti_spam_vectors::table(),
        heights_vectors::table(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn files(kind: &str) -> BTreeMap<String, Value> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder(kind)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if OURS.iter().any(|family| name.starts_with(family)) {
            files.insert(name, serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
    files
}

#[test]
fn committed_files__the_tables__the_same() {
    let mut expected: [BTreeMap<String, Value>; 2] = Default::default();
    for vector in tables() {
        let twice =
            expected[usize::from(vector.expect.is_err())].insert(vector.name.to_owned(), vector.json());
        assert!(twice.is_none(), "{} is there twice", vector.name);
        assert!(OURS.iter().any(|family| vector.name.starts_with(family)), "{}", vector.name);
    }
    for (kind, expected) in ["valid", "invalid"].into_iter().zip(&expected) {
        if std::env::var_os("DOMP_WRITE_VECTORS").is_some() {
            for (name, json) in expected {
                let text = serde_json::to_string_pretty(json).unwrap();
                fs::write(folder(kind).join(format!("{name}.json")), text + "\n").unwrap();
            }
        }
        let found = files(kind);
        for (name, json) in expected {
            let file = found.get(name).unwrap_or_else(|| {
                panic!("{kind}/{name}.json is missing: write it with DOMP_WRITE_VECTORS=1")
            });
            assert_eq!(file, json, "{kind}/{name}.json is not what its table says");
        }
        let stray: Vec<_> = found.keys().filter(|name| !expected.contains_key(*name)).collect();
        assert!(stray.is_empty(), "no table has {stray:?}");
    }
}

#[test]
fn every_committed_file__run__gives_what_it_expects() {
    let mut counts = [0, 0];
    for (index, kind) in ["valid", "invalid"].into_iter().enumerate() {
        for (name, file) in files(kind) {
            assert_eq!(file["name"], name.as_str());
            assert!(
                ["what", "rule"].iter().all(|key| file[key].as_str().is_some_and(|text| !text.is_empty())),
                "{name}"
            );
            let found = run::run(&name, &file["input"], file["now"].as_u64());
            match (kind, found) {
                ("valid", Ok(gives)) => {
                    assert_eq!(file["expect"], "ok", "{name}");
                    assert_eq!(file.get("gives").unwrap_or(&Value::Null), &gives, "{name}");
                }
                ("valid", Err(error)) => panic!("{name} is refused: {error}"),
                (_, Ok(gives)) => panic!("{name} is accepted: {gives}"),
                (_, Err(error)) => {
                    let part = file["expect"]["error"].as_str().unwrap();
                    assert!(error.contains(part), "{name}: {error:?} does not say {part:?}");
                }
            }
            counts[index] += 1;
        }
    }
    let [valid, invalid] = counts;
    assert!(
        valid > 0 && invalid > valid,
        "{valid} valid and {invalid} invalid vectors: the invalid are to be the majority"
    );
}
