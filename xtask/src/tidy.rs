//! `cargo xtask tidy`: what the repository says about itself, checked. `--write` regenerates what is generated.

mod edges;
mod files;
mod functions;
mod generated;
mod links;
mod node_kinds;
mod tags;
mod vectors;

use anyhow::{bail, ensure};
use std::path::Path;

/// Everything that is wrong, one line each.
pub type Findings = Vec<String>;

/// Runs every check; all findings are told at once.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    let write = match arguments {
        [] => false,
        [only] if only == "--write" => true,
        other => bail!("`cargo xtask tidy` takes only --write, got {other:?}"),
    };
    let root = crate::root();
    let mut findings = edges::check(&root)?;
    findings.extend(tags::check(&root)?);
    findings.extend(files::check(&root)?);
    findings.extend(functions::check(&root)?);
    findings.extend(links::check(&root)?);
    findings.extend(node_kinds::check(&root)?);
    findings.extend(vectors::check(&root)?);
    findings.extend(generated::check(&root, write)?);
    for finding in &findings {
        eprintln!("tidy: {finding}");
    }
    ensure!(findings.is_empty(), "{} things are not tidy", findings.len());
    println!("tidy: all in order");
    Ok(())
}

/// Every file below a folder whose name ends in `ending`, generated folders left out, in a fixed order.
fn files_below(folder: &Path, ending: &str) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !matches!(name, "target" | "node_modules" | ".git") {
                folders.push(path);
            } else if path.is_file() && name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A path as people write it: from the root.
fn shown<'a>(root: &Path, path: &'a Path) -> std::path::Display<'a> {
    path.strip_prefix(root).unwrap_or(path).display()
}
