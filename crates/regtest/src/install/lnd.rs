//! LND, built from its Go module at a pinned version.
//!
//! LND publishes no package in Debian, and `go install` refuses its module because it replaces some of
//! its dependencies. So a small module of our own (`tools/lnd` in the repository, embedded here) names
//! LND as a tool, with the same replacements, and its `go.sum` pins every byte of the source.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{InstallError, Origin, Program, Progress, Sources, cache, probe};

/// The version of LND that is installed.
pub const VERSION: &str = "0.21.2-beta";

const GO_MOD: &str = include_str!("../../../../tools/lnd/go.mod");
const GO_SUM: &str = include_str!("../../../../tools/lnd/go.sum");
const PACKAGE: &str = "github.com/lightningnetwork/lnd/cmd/lnd";

/// Without its tag a sub-server is missing at run time, and its calls are `Unimplemented`.
const TAGS: &str =
    "autopilotrpc chainrpc invoicesrpc peersrpc routerrpc signrpc walletrpc watchtowerrpc wtclientrpc";

/// A second look at what is installed: a machine that was too busy to answer may have time now. If not, the reason.
pub(super) fn look_again(sources: &Sources) -> Result<Program, InstallError> {
    let path = cached(sources);
    if !path.is_file() {
        return Err(InstallError::Missing { program: "lnd", variable: "LND" });
    }
    let version = version(&path)?;
    Ok(Program { path, version, origin: Origin::Cache })
}

fn cached(sources: &Sources) -> PathBuf {
    sources.cache.join(folder()).join("lnd")
}

pub(super) fn locate(sources: &Sources) -> Result<Option<Program>, InstallError> {
    if let Some(path) = &sources.lnd {
        // Named by hand: any version, since somebody may want to try another one on purpose.
        let version = version(path)?;
        return Ok(Some(Program { path: path.clone(), version, origin: Origin::Variable }));
    }
    let found = sources.on_search_path("lnd").map(|path| (path, Origin::SearchPath));
    let cached = Some((cached(sources), Origin::Cache));
    for (path, origin) in [found, cached].into_iter().flatten() {
        match version(&path) {
            Ok(version) if version == VERSION => return Ok(Some(Program { path, version, origin })),
            // Another version, or a broken file: the pinned one is installed instead.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(None)
}

pub(super) fn install(sources: &Sources, progress: Progress<'_>) -> Result<Program, InstallError> {
    let go = sources.on_search_path("go").ok_or_else(|| no_go("go is not on the PATH"))?;
    let is_done = |target: &Path| version(&target.join("lnd")).is_ok_and(|found| found == VERSION);
    let target = cache::build_once(&sources.cache, &folder(), progress, is_done, |work, progress| {
        build(&go, work, progress)
    })?;
    let path = target.join("lnd");
    let version = version(&path)?;
    Ok(Program { path, version, origin: Origin::Cache })
}

fn build(go: &Path, work: &Path, progress: Progress<'_>) -> Result<(), InstallError> {
    let module = tempfile::tempdir()
        .map_err(InstallError::io("cannot create a temporary folder in", std::env::temp_dir()))?;
    for (name, text) in [("go.mod", GO_MOD), ("go.sum", GO_SUM)] {
        let path = module.path().join(name);
        fs::write(&path, text).map_err(InstallError::io("cannot write", path))?;
    }
    progress(&format!("LND {VERSION}: building from source with Go, about five minutes the first time"));
    let mut packages = 0_u32;
    let mut command = Command::new(go);
    command
        .current_dir(module.path())
        // Our own settings: a vendoring or workspace setting of the user would not fit this module.
        .env("GOFLAGS", "-mod=readonly")
        .env("GOWORK", "off")
        // Pure Go needs no C compiler.
        .env("CGO_ENABLED", "0")
        .args(["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"])
        .arg(format!("-tags={TAGS}"))
        .arg("-o")
        .arg(work.join("lnd"))
        .arg(PACKAGE);
    // With -v Go prints a line per package it compiles, and one per module it downloads.
    let mut on_line = |line: &str| {
        if line.starts_with("go: downloading") {
            return;
        }
        packages += 1;
        if packages.is_multiple_of(100) {
            progress(&format!("LND {VERSION}: {packages} packages compiled"));
        }
    };
    match probe::run_step("building LND", &mut command, &mut on_line) {
        Ok(_) => Ok(()),
        Err(InstallError::Command { output, .. }) if output.contains("go.mod requires go >=") => {
            Err(no_go(&format!("this Go is too old: {}", output.lines().last().unwrap_or_default())))
        }
        Err(error) => Err(error),
    }
}

/// The version in `lnd version 0.21.2-beta commit=…`.
fn version(path: &Path) -> Result<String, InstallError> {
    let line = probe::version_line("lnd", path)?;
    line.strip_prefix("lnd version ")
        .and_then(|rest| rest.split_whitespace().next())
        .map(str::to_owned)
        .ok_or_else(|| InstallError::Unusable {
            program: "lnd",
            path: path.to_owned(),
            reason: format!("--version printed {line:?}"),
        })
}

fn folder() -> String {
    format!("lnd-{VERSION}")
}

fn no_go(reason: &str) -> InstallError {
    InstallError::NoGo { reason: reason.to_owned(), version: VERSION }
}
