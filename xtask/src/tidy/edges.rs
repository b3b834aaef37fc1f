//! Who may depend on whom: the block ```edges of ARCHITECTURE.md against the manifests.

use super::Findings;
use anyhow::Context as _;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

type Edges = BTreeMap<String, BTreeSet<String>>;

pub fn check(root: &Path) -> anyhow::Result<Findings> {
    let allowed = allowed(&std::fs::read_to_string(root.join("ARCHITECTURE.md"))?)?;
    let real = real(root)?;
    let mut findings = Findings::new();
    for (name, dependencies) in &real {
        let Some(allowed) = allowed.get(name) else {
            findings.push(format!("ARCHITECTURE.md: the edges do not name {name}"));
            continue;
        };
        for dependency in dependencies.difference(allowed) {
            findings.push(format!("{name} depends on {dependency}, which ARCHITECTURE.md does not allow"));
        }
        for dependency in allowed.difference(dependencies) {
            findings.push(format!("ARCHITECTURE.md allows {name} -> {dependency}, which is not used"));
        }
    }
    findings.extend(
        allowed
            .keys()
            .filter(|name| !real.contains_key(*name))
            .map(|name| format!("ARCHITECTURE.md: no crate {name}")),
    );
    Ok(findings)
}

fn allowed(page: &str) -> anyhow::Result<Edges> {
    let block = page.split("```edges\n").nth(1).and_then(|rest| rest.split("```").next());
    let block = block.context("ARCHITECTURE.md has no block ```edges")?;
    block
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (name, to) = line.split_once("->").with_context(|| format!("not an edge: {line:?}"))?;
            Ok((name.trim().to_owned(), to.split_whitespace().map(str::to_owned).collect()))
        })
        .collect()
}

/// What the manifests say, of crates of our own; what only tests and benches need is theirs to choose.
fn real(root: &Path) -> anyhow::Result<Edges> {
    let mut edges = Edges::new();
    let mut manifests = vec![root.join("fuzz/Cargo.toml"), root.join("xtask/Cargo.toml")];
    for entry in std::fs::read_dir(root.join("crates"))? {
        manifests.push(entry?.path().join("Cargo.toml"));
    }
    for path in manifests.iter().filter(|path| path.is_file()) {
        let manifest: toml::Table = std::fs::read_to_string(path)?
            .parse()
            .with_context(|| format!("{} is not a manifest", path.display()))?;
        let name = manifest
            .get("package")
            .and_then(|package| package.get("name"))
            .and_then(toml::Value::as_str)
            .with_context(|| format!("{} has no package name", path.display()))?;
        let dependencies = manifest
            .get("dependencies")
            .and_then(toml::Value::as_table)
            .into_iter()
            .flat_map(toml::Table::keys)
            .filter(|dependency| dependency.starts_with("domp-"))
            .cloned();
        edges.insert(name.to_owned(), dependencies.collect());
    }
    Ok(edges)
}
