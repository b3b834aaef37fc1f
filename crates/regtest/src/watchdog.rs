//! Ends the nodes when their owner ends, however it ends.
//!
//! Destructors do not run for a `static`, after Ctrl-C or after `kill -9`. So a small shell, in a process
//! group of its own, reads a pipe whose other end only the owner holds: the system closes it when
//! the owner is gone, and then the shell kills what it was told of and removes the folder.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::RegtestError;

/// Lines in: `watch GROUP`, `forget GROUP`. At the end of the input everything watched is killed, and
/// the folder is removed unless it holds a file named `keep`.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
groups=""
while read -r verb group; do
  case "$verb" in
    watch) groups="$groups $group" ;;
    forget)
      rest=""
      for one in $groups; do [ "$one" = "$group" ] || rest="$rest $one"; done
      groups="$rest" ;;
  esac
done
for one in $groups; do kill -s KILL -- "-$one" 2>/dev/null; done
[ -e "$1/keep" ] || rm -rf -- "$1"
"#;

#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Mutex<Child>,
}

impl Watchdog {
    /// Starts watching on behalf of this process; `folder` is removed at the end.
    pub(crate) fn start(folder: &Path) -> Result<Self, RegtestError> {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "watchdog"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(RegtestError::io("cannot start the watchdog for", folder))?;
        Ok(Self { shell: Mutex::new(shell) })
    }

    pub(crate) fn watch(&self, group: u32) {
        self.say("watch", group);
    }

    pub(crate) fn forget(&self, group: u32) {
        self.say("forget", group);
    }

    fn say(&self, verb: &str, group: u32) {
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = shell.stdin.as_mut() {
            // A watchdog that is gone cannot be told; the handles still stop the nodes.
            let _ = writeln!(pipe, "{verb} {group}");
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let shell = self.shell.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(shell.stdin.take());
        let _ = shell.wait();
    }
}
