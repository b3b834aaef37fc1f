//! bitcoind, unpacked from Debian's packages into a folder of its own.
//!
//! Debian carries Bitcoin Knots (a build of Bitcoin Core with the same interfaces) in its testing
//! suite. An older Debian's C library is too old for it, so the package is unpacked beside its own
//! libraries and started through its own loader, and nothing of the system is touched. apt does the
//! resolving, downloading and signature checks, with a private configuration that names that suite on
//! the mirror this machine already uses.
//!
//! A suite keeps only its current version, so what is pinned is the oldest major version accepted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{InstallError, Origin, Program, Progress, Sources, cache, probe};

/// The oldest major version of Bitcoin Core or Knots that is accepted.
pub const MINIMUM_MAJOR: u32 = 29;

/// The suites that are tried, in this order.
const SUITES: [&str; 2] = ["forky", "sid"];

/// The package, and the smallest package that satisfies what its set-up script (never run) would need.
const PACKAGES: [&str; 2] = ["bitcoin-knots", "systemd-standalone-sysusers"];

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A second look at what is installed: a machine that was too busy to answer may have time now. If not, the reason.
pub(super) fn look_again(sources: &Sources) -> Result<Program, InstallError> {
    let path = cached(sources);
    if !path.is_file() {
        return Err(InstallError::Missing { program: "bitcoind", variable: "BITCOIND" });
    }
    let version = version(&path)?;
    Ok(Program { path, version, origin: Origin::Cache })
}

fn cached(sources: &Sources) -> PathBuf {
    sources.cache.join(folder()).join("bitcoind")
}

/// Starts the unpacked program through the unpacked loader, wherever the folder was moved to.
const LAUNCHER: &str = r#"#!/bin/sh
root="$(dirname "$0")/root/usr"
exec "$root/@LOADER@" --library-path "$root/lib/@MULTIARCH@" "$root/bin/bitcoind" "$@"
"#;

pub(super) fn locate(sources: &Sources) -> Result<Option<Program>, InstallError> {
    if let Some(path) = &sources.bitcoind {
        let version = version(path)?;
        return Ok(Some(Program { path: path.clone(), version, origin: Origin::Variable }));
    }
    let found = sources.on_search_path("bitcoind").map(|path| (path, Origin::SearchPath));
    let cached = Some((cached(sources), Origin::Cache));
    for (path, origin) in [found, cached].into_iter().flatten() {
        // Too old, or broken: ours is installed instead.
        if let Ok(version) = version(&path) {
            return Ok(Some(Program { path, version, origin }));
        }
    }
    Ok(None)
}

pub(super) fn install(sources: &Sources, progress: Progress<'_>) -> Result<Program, InstallError> {
    let machine = Machine::read(sources)?;
    let is_done = |target: &Path| version(&target.join("bitcoind")).is_ok();
    let target = cache::build_once(&sources.cache, &folder(), progress, is_done, |work, progress| {
        unpack(&machine, work, progress)
    })?;
    let path = target.join("bitcoind");
    let version = version(&path)?;
    Ok(Program { path, version, origin: Origin::Cache })
}

/// What this machine's own apt says of it.
struct Machine {
    apt_get: PathBuf,
    dpkg_deb: PathBuf,
    architecture: String,
    mirror: String,
}

impl Machine {
    fn read(sources: &Sources) -> Result<Self, InstallError> {
        let tool = |name: &str| {
            sources.on_search_path(name).ok_or_else(|| no_debian(format!("{name} is not on the PATH")))
        };
        let (apt_get, dpkg_deb, dpkg) = (tool("apt-get")?, tool("dpkg-deb")?, tool("dpkg")?);
        let architecture = ask(&dpkg, &["--print-architecture"])?.trim().to_owned();
        if loader(&architecture).is_none() {
            return Err(no_debian(format!("Debian's architecture {architecture} is not supported")));
        }
        let codename = os_release("VERSION_CODENAME").unwrap_or_default();
        if os_release("ID").as_deref() != Some("debian") {
            return Err(no_debian("this is not Debian".to_owned()));
        }
        let targets = ask(
            &apt_get,
            &["indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"],
        )?;
        let mirror = mirror_of(&targets, &codename)
            .ok_or_else(|| no_debian("apt's sources name no mirror of Debian's main archive".to_owned()))?;
        Ok(Self { apt_get, dpkg_deb, architecture, mirror })
    }
}

/// The mirror of the suite this machine runs, else of any suite that is not a supplement.
fn mirror_of(targets: &str, codename: &str) -> Option<String> {
    let rows: Vec<(&str, &str)> = targets
        .lines()
        .filter_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [site, release, "main"] => Some((site, release)),
            _ => None,
        })
        .collect();
    rows.iter()
        .find(|(_, release)| *release == codename)
        .or_else(|| {
            rows.iter().find(|(_, release)| ["stable", "testing", "unstable", "sid"].contains(release))
        })
        .map(|(site, _)| (*site).to_owned())
}

fn unpack(machine: &Machine, work: &Path, progress: Progress<'_>) -> Result<(), InstallError> {
    let apt = Apt::prepare(machine)?;
    let mut refused = None;
    for suite in SUITES {
        progress(&format!("bitcoind: reading the package list of Debian {suite}"));
        match apt.download(machine, suite, progress) {
            Ok(()) => {
                refused = None;
                break;
            }
            Err(error) => refused = Some(error),
        }
    }
    if let Some(error) = refused {
        return Err(error);
    }
    let root = work.join("root");
    progress("bitcoind: unpacking");
    for package in apt.downloaded()? {
        let mut command = Command::new(&machine.dpkg_deb);
        command.arg("--extract").arg(&package).arg(&root);
        probe::run_step("unpacking a package", &mut command, &mut |_| {})?;
    }
    for unneeded in ["etc", "var", "usr/share"] {
        let path = root.join(unneeded);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(InstallError::io("cannot remove", path))?;
        }
    }
    write_launcher(&machine.architecture, &work.join("bitcoind"))?;
    version(&work.join("bitcoind")).map(|_| ())
}

fn write_launcher(architecture: &str, path: &Path) -> Result<(), InstallError> {
    let (loader, multiarch) = loader(architecture).unwrap_or_default();
    let text = LAUNCHER.replace("@LOADER@", loader).replace("@MULTIARCH@", multiarch);
    fs::write(path, text).map_err(InstallError::io("cannot write", path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))
            .map_err(InstallError::io("cannot make executable", path))?;
    }
    Ok(())
}

/// A private apt: own sources, lists, cache and an empty list of installed packages, so that the
/// libraries are downloaded too. It needs no privilege and takes no lock of the system's.
struct Apt {
    folder: tempfile::TempDir,
}

impl Apt {
    fn prepare(machine: &Machine) -> Result<Self, InstallError> {
        let folder = tempfile::tempdir()
            .map_err(InstallError::io("cannot create a temporary folder in", std::env::temp_dir()))?;
        let apt = Self { folder };
        for name in ["lists/partial", "cache/archives/partial"] {
            let path = apt.path(name);
            fs::create_dir_all(&path).map_err(InstallError::io("cannot create", path))?;
        }
        apt.write("status", "")?;
        let at = |name: &str| apt.path(name).display().to_string();
        let settings = [
            ("Dir::Etc::SourceList", at("sources.list")),
            ("Dir::Etc::SourceParts", "/dev/null".to_owned()),
            ("Dir::Etc::Preferences", "/dev/null".to_owned()),
            ("Dir::Etc::PreferencesParts", "/dev/null".to_owned()),
            ("Dir::State", at("state")),
            ("Dir::State::Lists", at("lists")),
            ("Dir::State::Status", at("status")),
            ("Dir::Cache", at("cache")),
            ("APT::Architecture", machine.architecture.clone()),
            ("APT::Architectures", machine.architecture.clone()),
            ("APT::Get::Assume-Yes", "true".to_owned()),
            ("APT::Install-Recommends", "false".to_owned()),
            ("APT::Sandbox::User", String::new()),
            ("Debug::NoLocking", "true".to_owned()),
            ("Acquire::Languages", "none".to_owned()),
            ("Acquire::Retries", "3".to_owned()),
            ("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false".to_owned()),
        ];
        let text: String = settings.iter().map(|(name, value)| format!("{name} \"{value}\";\n")).collect();
        apt.write("apt.conf", &text)?;
        Ok(apt)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), InstallError> {
        let path = self.path(name);
        fs::write(&path, text).map_err(InstallError::io("cannot write", path))
    }

    fn download(&self, machine: &Machine, suite: &str, progress: Progress<'_>) -> Result<(), InstallError> {
        let signed_by =
            if Path::new(KEYRING).exists() { format!("[signed-by={KEYRING}] ") } else { String::new() };
        self.write("sources.list", &format!("deb {signed_by}{} {suite} main\n", machine.mirror))?;
        self.run(machine, "reading Debian's package list", &["update", "--error-on=any"])?;
        progress(&format!("bitcoind: downloading from Debian {suite}, about 20 MB"));
        let install = ["install", "--download-only"].into_iter().chain(PACKAGES).collect::<Vec<_>>();
        self.run(machine, "downloading bitcoind", &install)
    }

    fn run(&self, machine: &Machine, what: &'static str, arguments: &[&str]) -> Result<(), InstallError> {
        let mut command = Command::new(&machine.apt_get);
        // APT_CONFIG is read before the system's own files, which would win: -c is read after them.
        command.arg("-c").arg(self.path("apt.conf")).arg("-q").args(arguments).env("LC_ALL", "C");
        probe::run_step(what, &mut command, &mut |_| {}).map(|_| ())
    }

    fn downloaded(&self) -> Result<Vec<PathBuf>, InstallError> {
        let folder = self.path("cache/archives");
        let entries = fs::read_dir(&folder).map_err(InstallError::io("cannot read", folder))?;
        let mut packages: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .collect();
        packages.sort();
        Ok(packages)
    }
}

/// The loader below `usr` and the multiarch name of the architectures that are supported.
fn loader(architecture: &str) -> Option<(&'static str, &'static str)> {
    match architecture {
        "amd64" => Some(("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "x86_64-linux-gnu")),
        "arm64" => Some(("lib/aarch64-linux-gnu/ld-linux-aarch64.so.1", "aarch64-linux-gnu")),
        _ => None,
    }
}

/// The version in `Bitcoin Knots daemon version v29.4.knots20260508`, checked against the minimum.
fn version(path: &Path) -> Result<String, InstallError> {
    let line = probe::version_line("bitcoind", path)?;
    let unusable =
        |reason: String| InstallError::Unusable { program: "bitcoind", path: path.to_owned(), reason };
    let version = line
        .starts_with("Bitcoin ")
        .then(|| line.split_whitespace().filter_map(|word| word.strip_prefix('v')))
        .and_then(|mut words| words.find(|word| word.starts_with(|letter: char| letter.is_ascii_digit())))
        .ok_or_else(|| unusable(format!("--version printed {line:?}")))?;
    let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    if major < MINIMUM_MAJOR {
        return Err(unusable(format!("it is version {version}, and {MINIMUM_MAJOR} or later is needed")));
    }
    Ok(version.to_owned())
}

fn os_release(key: &str) -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name == key).then(|| value.trim_matches('"').to_owned())
    })
}

fn ask(program: &Path, arguments: &[&str]) -> Result<String, InstallError> {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C");
    probe::run_step("reading apt's configuration", &mut command, &mut |_| {})
}

fn no_debian(reason: String) -> InstallError {
    InstallError::NoDebian { reason, minimum: MINIMUM_MAJOR }
}

fn folder() -> String {
    format!("bitcoin-knots-{MINIMUM_MAJOR}")
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn mirror__suite_of_this_machine__wins() {
        let targets = "https://extra.invalid/x nodistro main\nhttp://a.invalid/debian-security bookworm-security main\n\
                       http://b.invalid/debian bookworm contrib\nhttp://c.invalid/debian bookworm main\n";
        assert_eq!(mirror_of(targets, "bookworm").as_deref(), Some("http://c.invalid/debian"));
    }

    #[test]
    fn mirror__suite_named_by_its_class__is_taken() {
        let targets =
            "http://a.invalid/debian-security stable-security main\nhttp://b.invalid/debian stable main\n";
        assert_eq!(mirror_of(targets, "trixie").as_deref(), Some("http://b.invalid/debian"));
    }

    #[test]
    fn mirror__only_other_sources__is_none() {
        assert_eq!(mirror_of("https://extra.invalid/x nodistro main\n", "bookworm"), None);
        assert_eq!(mirror_of("", ""), None);
    }
}
