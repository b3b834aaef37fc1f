//! A daemon in a process of its own, on a machine of its own, driven by the command line.

use super::{Lab, SOON, program::program, within};
use serde_json::Value;
use std::{fs, path::PathBuf, process::Stdio};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
    time::timeout,
};

/// A home folder, an identity in it, and a daemon that may be killed.
pub struct Daemon {
    pub node: &'static str,
    pub phrase: String,
    /// How often it was found dead, or killed.
    pub deaths: usize,
    home: TempDir,
    lnddir: PathBuf,
    relay: String,
    child: Option<Child>,
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub status: i32,
    pub out: String,
    #[allow(dead_code, reason = "shown when a test fails")]
    pub err: String,
}

impl Done {
    pub fn json(&self) -> Value {
        serde_json::from_str(self.out.trim()).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

impl Daemon {
    /// A machine with nothing on it.
    pub fn machine(lab: &Lab, node: &'static str, relay: &str) -> Self {
        Self {
            node,
            phrase: String::new(),
            deaths: 0,
            home: tempfile::tempdir().unwrap(),
            lnddir: lab.net.node(node).unwrap().folder().to_owned(),
            relay: relay.to_owned(),
            child: None,
        }
    }

    /// A new identity, and its daemon running.
    pub async fn new(lab: &Lab, node: &'static str, relay: &str) -> Self {
        let mut daemon = Self::machine(lab, node, relay);
        let made = daemon.set_up(&["init"], "").await;
        daemon.phrase = made["recovery_phrase"].as_str().unwrap().to_owned();
        daemon.up(None).await;
        daemon
    }

    /// `init` or `restore`, with everything that a configuration needs.
    pub async fn set_up(&self, arguments: &[&str], input: &str) -> Value {
        let lnddir = self.lnddir.to_str().unwrap();
        let choices = ["--network", "regtest", "--relay", &self.relay, "--lnddir", lnddir];
        let done = self.run_with(&[&["--json"], arguments, choices.as_slice()].concat(), input).await;
        assert_eq!(done.status, 0, "{done:#?}");
        done.json()
    }

    /// Starts it, to be killed at a point of its work if one is named, and waits until it answers, or is dead already.
    pub async fn up(&mut self, killed_at: Option<&str>) {
        self.launch(killed_at);
        let answers =
            within(SOON, async || (self.is_dead() || self.run(&["status"]).await.status == 0).then_some(()));
        assert!(answers.await.is_some(), "the daemon does not come up: {}", self.log());
    }

    /// Starts it without waiting for anything.
    pub fn launch(&mut self, killed_at: Option<&str>) {
        let log = fs::File::options().create(true).append(true).open(self.home.path().join("log")).unwrap();
        let mut command = self.command(&["up"]);
        if let Some(point) = killed_at {
            command.env("DOMP_KILLED_AT", point);
        }
        self.child = Some(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).env_clear().env("HOME", self.home.path());
        command.env("DOMP_PASSPHRASE", "a passphrase for tests").stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Done {
        self.run_with(arguments, "").await
    }

    async fn run_with(&self, arguments: &[&str], input: &str) -> Done {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Whoever refuses early does not read it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
        let output = timeout(SOON, child.wait_with_output()).await.expect("a command ends").unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Done {
            status: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// What a command says; it must be carried out.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let done = self.run(&[&["--json"], arguments].concat()).await;
        assert_eq!(done.status, 0, "{} {arguments:?}: {done:#?}\n{}", self.node, self.log());
        done.json()
    }

    /// A trade as it is now, if the daemon is there to tell.
    pub async fn trade(&self, id: &str) -> Option<Value> {
        let done = self.run(&["--json", "trade", id]).await;
        (done.status == 0).then(|| done.json())
    }

    /// Whether its process has ended.
    pub fn is_dead(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.unwrap();
            self.deaths += 1;
        }
    }

    /// Starts it again if it is dead.
    pub async fn kept_up(&mut self) {
        if self.is_dead() {
            self.deaths += usize::from(self.child.take().is_some());
            self.up(None).await;
        }
    }

    /// Where it keeps a file.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }
}
