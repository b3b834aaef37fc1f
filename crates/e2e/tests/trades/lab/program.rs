//! The program itself, as a person would run it: built in debug, where it can be told at which point it is to be killed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::SystemTime,
};

/// The binary, built anew if any source is newer.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let this = std::env::current_exe().unwrap();
        let target = this.ancestors().nth(3).unwrap();
        let program = target.join("debug/domp");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let built = fs::metadata(&program).and_then(|file| file.modified());
        if built.is_err() || built.is_ok_and(|built| newest(&root.join("crates")) > built) {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut build = Command::new(cargo);
            build.current_dir(root).args(["build", "--quiet", "-p", "domp", "--bin", "domp", "--target-dir"]);
            let done = build.arg(target).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        program
    })
}

/// When the newest source of any crate was changed.
fn newest(folder: &Path) -> SystemTime {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if !["tests", "benches", "target"].iter().any(|other| name == **other) {
                newest = newest.max(self::newest(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "toml") {
            newest = newest.max(entry.metadata().unwrap().modified().unwrap());
        }
    }
    newest
}
