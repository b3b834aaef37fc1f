//! Generated pages: as the code writes them today.

use super::{Findings, shown};
use anyhow::Context as _;
use std::path::Path;

pub fn check(root: &Path, write: bool) -> anyhow::Result<Findings> {
    let states = root.join("docs/states.md");
    let readme = root.join("README.md");
    let with_picture = between_markers(
        &std::fs::read_to_string(&readme)?,
        "who-holds-what",
        &domp_model::picture::pictures(),
    )?;
    let mut findings = Findings::new();
    for (path, wanted) in [(states, domp_model::atlas::states_page()), (readme, with_picture)] {
        if std::fs::read_to_string(&path).unwrap_or_default() == wanted {
            continue;
        }
        if write {
            std::fs::write(&path, wanted)?;
            println!("tidy: wrote {}", shown(root, &path));
        } else {
            findings.push(format!("{} is stale: run `cargo xtask tidy --write`", shown(root, &path)));
        }
    }
    Ok(findings)
}

/// The page with what stands between `<!-- generated:NAME -->` and `<!-- /generated -->` replaced.
fn between_markers(page: &str, name: &str, text: &str) -> anyhow::Result<String> {
    let open = format!("<!-- generated:{name} -->\n");
    let (before, rest) =
        page.split_once(&open).with_context(|| format!("README.md has no marker {}", open.trim()))?;
    let (_, after) = rest.split_once("<!-- /generated -->").context("README.md has no closing marker")?;
    Ok(format!("{before}{open}{}\n<!-- /generated -->{after}", text.trim_end()))
}
