//! Tags: every rule of DIP-03 that is a matter of code has code and a test, and no tag is invented.

use super::{Findings, files_below, shown};
use anyhow::ensure;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

pub fn check(root: &Path) -> anyhow::Result<Findings> {
    let rules = rules(&std::fs::read_to_string(root.join("spec/rules.md"))?);
    ensure!(!rules.is_empty(), "spec/rules.md has no rules");
    let mut in_code = BTreeSet::new();
    let mut in_tests = BTreeSet::new();
    let mut findings = Findings::new();
    for path in files_below(&root.join("crates"), ".rs")? {
        let text = std::fs::read_to_string(&path)?;
        for tag in tags(&text).filter(|tag| !rules.contains_key(tag)) {
            findings.push(format!("{}: [{tag}] is no rule of spec/rules.md", shown(root, &path)));
        }
        let whole_file_is_test = path.components().any(|part| part.as_os_str() == "tests")
            || path.file_stem().is_some_and(|stem| stem == "tests");
        let (code, tests) = match text.split_once("#[cfg(test)]") {
            _ if whole_file_is_test => ("", text.as_str()),
            Some((code, tests)) => (code, tests),
            None => (text.as_str(), ""),
        };
        in_code.extend(tags(code));
        in_tests.extend(tags(tests));
    }
    for path in files_below(&root.join("spec/vectors"), ".json")? {
        in_tests.extend(tags(&std::fs::read_to_string(path)?));
    }
    for (tag, _) in rules.iter().filter(|(_, needs_code)| **needs_code) {
        if !in_code.contains(tag) {
            findings.push(format!("[{tag}] is in no source file"));
        }
        if !in_tests.contains(tag) {
            findings.push(format!("[{tag}] is in no test and no vector"));
        }
    }
    Ok(findings)
}

/// The rules of the table, and whether each needs code and a test.
fn rules(page: &str) -> BTreeMap<String, bool> {
    page.lines()
        .filter(|line| line.starts_with("| [D3-"))
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(" | ").collect();
            let tag = tags(line).next()?;
            Some((tag, cells.iter().any(|cell| cell.trim() == "code+test")))
        })
        .collect()
}

/// Every tag in a text, such as `D3-05`.
fn tags(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split("[D3-").skip(1).filter_map(|rest| {
        let (number, _) = rest.split_once(']')?;
        let digits = (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| format!("D3-{number}"))
    })
}
