//! One running node program, stopped by handle.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::{Instant, sleep};

use crate::RegtestError;
use crate::watchdog::Watchdog;

/// How long a node may take to end after it was asked to.
const STOP_DEADLINE: Duration = Duration::from_secs(30);
const LOG_TAIL_LINES: usize = 25;

/// A child in a process group of its own, so that a Ctrl-C in the terminal does not reach it before its
/// owner has decided, and so that its own children end with it.
#[derive(Debug)]
pub(crate) struct Process {
    node: String,
    child: Child,
    log: PathBuf,
    watchdog: Arc<Watchdog>,
}

impl Process {
    /// Starts it with both outputs appended to `log`.
    pub(crate) fn spawn(
        node: &str,
        command: &mut Command,
        log: &Path,
        watchdog: Arc<Watchdog>,
    ) -> Result<Self, RegtestError> {
        let open = || File::options().create(true).append(true).open(log);
        let stdout = open().map_err(RegtestError::io("cannot open the log", log))?;
        let stderr = open().map_err(RegtestError::io("cannot open the log", log))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .spawn()
            .map_err(RegtestError::io("cannot start", command.get_program()))?;
        watchdog.watch(child.id());
        Ok(Self { node: node.to_owned(), child, log: log.to_owned(), watchdog })
    }

    /// An error with the end of its log if it has ended by itself.
    pub(crate) fn check(&mut self) -> Result<(), RegtestError> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.ended(status.to_string())),
            Err(error) => Err(self.ended(error.to_string())),
        }
    }

    fn ended(&self, status: String) -> RegtestError {
        RegtestError::Ended { node: self.node.clone(), status, log: log_tail(&self.log) }
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<(), RegtestError> {
        self.signal(Signal::CONT);
        self.signal(Signal::TERM);
        let end = Instant::now() + STOP_DEADLINE;
        while self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if Instant::now() >= end {
                return Err(RegtestError::Timeout {
                    what: format!("the end of {}", self.node),
                    deadline: STOP_DEADLINE,
                    last: log_tail(&self.log),
                });
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            // It may have ended by itself meanwhile, which is all a signal could have achieved.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.signal(Signal::KILL);
            let _ = self.child.wait();
        }
        // Only now: while it is not reaped its number cannot be given to somebody else's process.
        self.watchdog.forget(self.child.id());
    }
}

fn log_tail(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}
