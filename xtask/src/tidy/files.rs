//! Files: small, with one noun each, saying at the top what they are, with nothing left unfinished.

use super::{Findings, files_below, shown};
use std::path::Path;

/// No source file outside tests is longer.
const LONGEST: usize = 700;
/// Nine of ten source files are not longer.
const NINE_OF_TEN: usize = 450;
/// Half of the source files are not longer.
const HALF: usize = 200;
/// Names that say nothing.
const NAMES_THAT_SAY_NOTHING: [&str; 8] =
    ["util", "utils", "helper", "helpers", "common", "manager", "misc", "stuff"];

pub fn check(root: &Path) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    let mut lengths = Vec::new();
    for folder in ["crates", "fuzz", "xtask"] {
        for path in files_below(&root.join(folder), ".rs")? {
            let text = std::fs::read_to_string(&path)?;
            let at = shown(root, &path);
            let is_test = is_test(root, &path);
            if !text.starts_with("//!") {
                findings.push(format!("{at}: does not open with `//!` and what it is"));
            }
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if NAMES_THAT_SAY_NOTHING.contains(&stem) {
                findings.push(format!("{at}: a name that says nothing"));
            }
            findings.extend(unfinished(&text).map(|(line, word)| format!("{at}:{line}: {word}")));
            let lines = text.lines().count();
            if !is_test {
                lengths.push(lines);
                if lines > LONGEST {
                    findings.push(format!("{at}: {lines} lines, at most {LONGEST}"));
                }
            }
        }
    }
    lengths.sort_unstable();
    let share = |per_cent: usize| lengths.get(lengths.len() * per_cent / 100).copied().unwrap_or(0);
    for (per_cent, most) in [(50, HALF), (90, NINE_OF_TEN)] {
        if share(per_cent) > most {
            findings.push(format!(
                "{per_cent} % of the source files reach {} lines, at most {most}",
                share(per_cent)
            ));
        }
    }
    Ok(findings)
}

/// Tests, benches, examples and generators of vectors may be as long as their cases.
pub fn is_test(root: &Path, path: &Path) -> bool {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let folder = inside
        .components()
        .any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "benches" | "examples")));
    folder || path.file_stem().is_some_and(|stem| stem == "tests")
}

fn unfinished(text: &str) -> impl Iterator<Item = (usize, &'static str)> + '_ {
    // Put together here, so that this file does not find itself.
    const WORDS: [&str; 4] =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimple", "mented!"), concat!("to", "do!(")];
    text.lines().enumerate().flat_map(|(n, line)| {
        WORDS.into_iter().filter(move |word| line.contains(word)).map(move |word| (n + 1, word))
    })
}
