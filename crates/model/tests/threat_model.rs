//! The page about threats names tests; every one of them must exist.
#![allow(non_snake_case, clippy::unwrap_used)] // test names

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    let here = fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    here.ancestors().nth(2).unwrap().to_owned()
}

/// Every function name in the sources below a folder.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") {
                functions(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.split("fn ").skip(1).map(|rest| {
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
            });
            found.extend(names);
        }
    }
}

#[test]
fn threat_model__every_test_it_names__exists() {
    let page = fs::read_to_string(root().join("docs/threat-model.md")).unwrap();
    let names: BTreeSet<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains("__") && name.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .collect();
    assert!(names.len() > 50, "only {} tests are named", names.len());
    let mut known = BTreeSet::new();
    functions(&root().join("crates"), &mut known);
    let missing: Vec<&&str> = names.iter().filter(|name| !known.contains(**name)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}
