//! The pages for people: every command and option that they name exists, and they name every call that LND is asked for.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domp_node_lnd::permissions::PERMISSIONS;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap()
}

fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| format!("docs/{}", entry.unwrap().file_name().to_string_lossy()))
        .filter(|name| name.ends_with(".md") && name != "docs/states.md")
        .collect();
    names.extend(["README.md", "SECURITY.md", "CONTRIBUTING.md"].map(str::to_owned));
    names.into_iter().map(|name| (name.clone(), page(&name))).collect()
}

/// What stands in code, inline or in a fenced block, and begins with the program's name.
fn commands(text: &str) -> Vec<Vec<String>> {
    let (mut code, mut fenced) = (Vec::new(), false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            code.push(line.trim());
        } else {
            code.extend(line.split('`').skip(1).step_by(2));
        }
    }
    let words = |code: &str| -> Vec<String> { code.split_whitespace().map(str::to_owned).collect() };
    code.into_iter().filter(|code| code.starts_with("domp ")).map(words).collect()
}

fn help(path: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_domp")).args(path).arg("--help").output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn pages__every_command_and_option_named__exists() {
    let mut known: BTreeMap<Vec<String>, Option<String>> = BTreeMap::new();
    let mut ask = |path: &[&str]| {
        let key = path.iter().map(|word| (*word).to_owned()).collect();
        known.entry(key).or_insert_with(|| help(path)).clone()
    };
    let mut checked = 0;
    for (name, text) in pages() {
        for words in commands(&text) {
            let is_word = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            let is_help = |word: &&String| *word == "help";
            let Some(first) =
                words.get(1).filter(is_word).filter(|word| !word.starts_with('-') && !is_help(word))
            else {
                continue;
            };
            let shown = words.join(" ");
            let top = ask(&[first]).unwrap_or_else(|| panic!("{name}: `{shown}`: there is no such command"));
            let nested = words.get(2).filter(is_word).filter(|word| top.contains(&format!("\n  {word} ")));
            let help = match nested {
                Some(second) => ask(&[first, second]).unwrap(),
                None => top,
            };
            for option in words.iter().filter(|word| word.starts_with("--")) {
                let option = option.split(['=', ',', ')', ';']).next().unwrap();
                assert!(help.contains(option), "{name}: `{shown}`: there is no {option}");
            }
            checked += 1;
        }
    }
    assert!(checked > 30, "only {checked} commands were found in the pages");
}

#[test]
fn lnd_page__calls_to_bake__are_those_that_are_made() {
    let text = page("docs/lnd.md");
    let named: BTreeSet<&str> =
        text.split("uri:").skip(1).map(|rest| rest.split_whitespace().next().unwrap()).collect();
    let made: BTreeSet<&str> = PERMISSIONS.iter().map(|permission| permission.uri).collect();
    assert_eq!(named, made);
}
