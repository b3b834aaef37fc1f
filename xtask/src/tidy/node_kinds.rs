//! Kinds of nodes: the binary names them in its wiring and on the trial's ground, and nowhere else.

use super::{Findings, files_below, shown};
use std::path::Path;

const KINDS: [&str; 3] = ["domp_node_lnd", "domp_simnet", "domp_regtest"];
const MAY_NAME_THEM: [&str; 2] = ["crates/domp/src/wiring.rs", "crates/domp/src/demo/ground/"];

pub fn check(root: &Path) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    for path in files_below(&root.join("crates/domp/src"), ".rs")? {
        let at = shown(root, &path).to_string();
        let is_test = super::files::is_test(root, &path);
        if is_test || MAY_NAME_THEM.iter().any(|place| at.starts_with(place)) {
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        let product = text.split("\n#[cfg(test)]").next().unwrap_or_default();
        findings.extend(named(product).map(|kind| format!("{at} names {kind}; only the wiring may")));
    }
    Ok(findings)
}

fn named(text: &str) -> impl Iterator<Item = &'static str> {
    KINDS.into_iter().filter(|kind| text.contains(kind))
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn named__source_with_a_kind__found() {
        assert_eq!(named("use domp_simnet::World;").collect::<Vec<_>>(), ["domp_simnet"]);
        assert_eq!(named("use domp_engine::Engine;").count(), 0);
    }
}
