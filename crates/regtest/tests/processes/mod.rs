//! What is left of a network on this machine.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The processes whose command line names the folder.
pub fn processes_of(folder: &Path) -> Vec<String> {
    let wanted = folder.display().to_string();
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    entries
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
        .filter(|line| line.contains(&wanted) && !line.contains("watchdog"))
        .collect()
}

/// Waits until neither the folder nor any process of it is left.
#[allow(dead_code, reason = "each test file uses what it needs")]
pub fn wait_until_gone(folder: &Path) {
    let end = Instant::now() + Duration::from_secs(20);
    while !processes_of(folder).is_empty() || folder.exists() {
        assert!(Instant::now() < end, "left behind: {:?}, {}", processes_of(folder), folder.display());
        thread::sleep(Duration::from_millis(50));
    }
}
