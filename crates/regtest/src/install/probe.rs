//! Asking a program for its version, and running a step of an installation.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::InstallError;

/// A program that does not tell its version within this time is not the one that was meant. Long, because a busy machine that
/// reads the file for the first time is slow.
const VERSION_DEADLINE: Duration = Duration::from_secs(60);

/// The first line that `path --version` prints.
pub(super) fn version_line(program: &'static str, path: &Path) -> Result<String, InstallError> {
    let unusable = |reason: String| InstallError::Unusable { program, path: path.to_owned(), reason };
    let mut child = spawn_when_free(path).map_err(|error| unusable(format!("it does not start: {error}")))?;
    let deadline = Instant::now() + VERSION_DEADLINE;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(unusable("it did not answer --version".to_owned()));
            }
        }
    };
    // Read after the end: a version fits in the pipe, and a program that fills it runs into the deadline.
    let mut text = String::new();
    if let Some(stdout) = child.stdout.take() {
        let _ = stdout.take(4096).read_to_string(&mut text);
    }
    if !status.success() {
        return Err(unusable(format!("--version ended with {status}")));
    }
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// A file that was just written is busy for a moment if another thread started a child meanwhile, which
/// holds the file open until it has become its own program.
fn spawn_when_free(path: &Path) -> io::Result<Child> {
    let mut tries = 0;
    loop {
        let spawned = Command::new(path)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        match spawned {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < 100 => {
                tries += 1;
                thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
}

/// Runs one step to its end, handing each line it prints to `on_line`; an error carries the last lines.
pub(super) fn run_step(
    what: &'static str,
    command: &mut Command,
    on_line: &mut dyn FnMut(&str),
) -> Result<String, InstallError> {
    let name = command_name(command);
    let failed = |output: String| InstallError::Command { what, command: name.clone(), output };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let stdout = child.stdout.take();
    // Both pipes are read at once, or a full one would block the child for ever.
    let reader = thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut stdout) = stdout {
            let _ = stdout.read_to_string(&mut text);
        }
        text
    });
    let mut said: Vec<String> = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            on_line(&line);
            said.push(line);
        }
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    let printed = reader.join().unwrap_or_default();
    if status.success() {
        return Ok(printed);
    }
    said.extend(printed.lines().map(str::to_owned));
    let tail = said.split_off(said.len().saturating_sub(15)).join("\n");
    Err(failed(format!("{status}\n{tail}")))
}

fn command_name(command: &Command) -> String {
    let mut name = command.get_program().to_string_lossy().into_owned();
    if let Some(first) = command.get_args().find(|argument| !argument.to_string_lossy().starts_with('-')) {
        name.push(' ');
        name.push_str(&first.to_string_lossy());
    }
    name
}
