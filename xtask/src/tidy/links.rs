//! Links: every relative link in a page leads to a file that is there.

use super::{Findings, files_below, shown};
use std::path::Path;

pub fn check(root: &Path) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    for page in files_below(root, ".md")? {
        let folder = page.parent().unwrap_or(root);
        let text = std::fs::read_to_string(&page)?;
        let dead = targets(&text).filter(|target| !folder.join(target).exists());
        findings.extend(
            dead.map(|target| format!("{} links to {target}, which is not there", shown(root, &page))),
        );
    }
    Ok(findings)
}

/// Relative targets of `[text](target)`, without what stands behind a #.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', ' ']).next()?.split('#').next()?;
        let relative = !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:");
        relative.then_some(target)
    })
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn targets__each_form__relative_files_only() {
        let text = "[a](b.md) [c](https://x.y/z) [d](#e) [f](g/h.md#i \"title\")";
        assert_eq!(targets(text).collect::<Vec<_>>(), ["b.md", "g/h.md"]);
    }
}
