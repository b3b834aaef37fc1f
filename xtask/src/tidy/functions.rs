//! Functions: none longer than a screen, outside tests. The sources are formatted, so a function ends with the brace that
//! stands as far to the right as its `fn`.

use super::{Findings, files_below, shown};
use std::path::Path;

/// No function outside tests is longer.
const LONGEST: usize = 70;

pub fn check(root: &Path) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    for folder in ["crates", "fuzz", "xtask"] {
        for path in files_below(&root.join(folder), ".rs")? {
            if super::files::is_test(root, &path) {
                continue;
            }
            let text = std::fs::read_to_string(&path)?;
            let product = text.split("\n#[cfg(test)]").next().unwrap_or_default();
            let long = functions(product).into_iter().filter(|(_, _, lines)| *lines > LONGEST);
            findings.extend(long.map(|(name, line, lines)| {
                format!("{}:{line}: {name} has {lines} lines, at most {LONGEST}", shown(root, &path))
            }));
        }
    }
    Ok(findings)
}

/// Name, first line and length of each function.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some(name) = name(line.trim_start()) else { continue };
        let end = format!("{}}}", " ".repeat(indent));
        let one_line = line.trim_end().ends_with(['}', ';']);
        let length = if one_line {
            1
        } else {
            1 + lines[number + 1..]
                .iter()
                .take_while(|line| **line != end && !is_signature_end(line, indent))
                .count()
                + 1
        };
        found.push((name, number + 1, length));
    }
    found
}

/// A declaration without a body, in a trait.
fn is_signature_end(line: &str, indent: usize) -> bool {
    line.len() - line.trim_start().len() == indent && line.trim_end().ends_with(';')
}

fn name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    loop {
        let word = words.next()?;
        match word {
            "fn" => break,
            "pub" | "const" | "async" | "unsafe" | "extern" | "pub(crate)" | "pub(super)" => {}
            _ => return None,
        }
    }
    let name = words.next()?;
    Some(name.split(['(', '<']).next().unwrap_or_default().to_owned())
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn functions__nested_and_one_line__counted() {
        let text = "pub fn one() -> u8 { 1 }\nimpl X {\n    async fn two(\n        a: u8,\n    ) {\n        if a {\n        }\n    }\n    fn three();\n    fn four(\n        a: u8,\n    ) -> u8;\n}\n";
        let found = functions(text);
        let short: Vec<(&str, usize)> =
            found.iter().map(|(name, _, lines)| (name.as_str(), *lines)).collect();
        assert_eq!(short, [("one", 1), ("two", 6), ("three", 1), ("four", 3)]);
    }

    #[test]
    fn name__what_is_no_function__none() {
        assert_eq!(name("let fn_name = 1;"), None);
        assert_eq!(name("pub(crate) const fn a<T>() {"), Some("a".into()));
    }
}
