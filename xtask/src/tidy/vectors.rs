//! Vectors: enough of them, invalid ones in the majority, one case a file.

use super::{Findings, files_below};
use std::path::Path;

/// There are at least so many.
const LEAST: usize = 80;

pub fn check(root: &Path) -> anyhow::Result<Findings> {
    let valid = files_below(&root.join("spec/vectors/valid"), ".json")?.len();
    let invalid = files_below(&root.join("spec/vectors/invalid"), ".json")?.len();
    let mut findings = Findings::new();
    if valid + invalid < LEAST {
        findings.push(format!("spec/vectors: {} vectors, at least {LEAST}", valid + invalid));
    }
    if invalid <= valid {
        findings.push(format!(
            "spec/vectors: {invalid} invalid and {valid} valid; the invalid ones must be more"
        ));
    }
    Ok(findings)
}
