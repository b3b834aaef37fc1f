//! A machine of its own for the real binary: a home folder, and no variable of whoever runs the tests.

#![allow(dead_code)] // each test file uses some of it

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub const PASSPHRASE: &str = "a passphrase for tests";
/// Longer than anything takes: a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A home folder with nothing in it.
pub struct Machine {
    home: TempDir,
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Machine {
    pub fn new() -> Self {
        Self { home: tempfile::Builder::new().prefix("domp-test-").tempdir().unwrap() }
    }

    /// With an identity on regtest and this relay.
    pub fn with_identity(relay: &str) -> Self {
        let machine = Self::new();
        machine.run(&["init", "--network", "regtest", "--relay", relay]).good();
        machine
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn data(&self) -> PathBuf {
        self.home().join(".local/share/domp/default")
    }

    pub fn config(&self) -> PathBuf {
        self.home().join(".config/domp/config.toml")
    }

    pub fn socket(&self) -> PathBuf {
        self.data().join("domp.sock")
    }

    /// Changes the configuration's text.
    pub fn configure(&self, change: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(self.config()).unwrap();
        fs::write(self.config(), change(text)).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_domp"));
        command.args(arguments).env_clear().env("HOME", self.home()).env("DOMP_PASSPHRASE", PASSPHRASE);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(arguments).output().unwrap())
    }

    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
        Done::of(self.command(arguments).envs(variables.iter().copied()).output().unwrap())
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Done {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // Whoever refuses early does not read it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Done::of(child.wait_with_output().unwrap())
    }

    /// At a terminal, with somebody who types this.
    pub fn run_at_terminal(&self, arguments: &[&str], typed: &str) -> Done {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let keyboard = fs::File::options().read(true).write(true).open(name).unwrap();
        fs::File::from(terminal.try_clone().unwrap()).write_all(typed.as_bytes()).unwrap();
        let output = self.command(arguments).stdin(keyboard).output().unwrap();
        drop(terminal);
        Done::of(output)
    }

    /// The daemon in the background, all that it can log in a file.
    pub fn up(&self, name: &str) -> Running {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.home().join(format!("{name}.log")))
            .unwrap();
        let mut command = self.command(&["up"]);
        let child = command.env("RUST_LOG", "trace").stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Running { child }
    }

    /// Waits until the daemon answers, or says that it is starting.
    pub fn until_listening(&self) {
        until("the daemon listens", || self.socket().exists());
    }
}

/// A daemon that ends with the test.
pub struct Running {
    child: Child,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// As `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end; gives its exit status.
    pub fn ended(mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not end");
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Done {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            status: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    pub fn good(self) -> String {
        assert_eq!(self.status, 0, "{self:#?}");
        self.out
    }

    /// Refused with this status, and these words on standard error; without panic.
    pub fn refused(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status, status, "{self:#?}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is missing: {self:#?}");
        }
        assert!(!self.err.contains("panicked"), "{self:#?}");
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(self.out.trim()).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        sleep(Duration::from_millis(50));
    }
}
