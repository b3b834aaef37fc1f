//! A program's output shown as it comes, with the tests in it counted.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

/// What a program's tests said.
#[derive(Default)]
pub struct Counted {
    pub success: bool,
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    /// What a test said that it could not run.
    pub not_run: Vec<String>,
}

impl Counted {
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        for reason in other.not_run {
            if !self.not_run.contains(&reason) {
                self.not_run.push(reason);
            }
        }
    }

    fn read(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("test result: ") {
            self.passed += number_before(rest, " passed");
            self.failed += number_before(rest, " failed");
            self.skipped += number_before(rest, " ignored");
        }
        if let Some((_, reason)) = line.split_once("NOT RUN: ") {
            self.not_run.push(reason.trim().to_owned());
        }
    }
}

fn number_before(text: &str, word: &str) -> usize {
    let before = text.split(word).next().unwrap_or_default();
    before.rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Runs a program to its end, showing its output.
pub fn counted(mut command: Command) -> anyhow::Result<Counted> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let counts = Arc::new(Mutex::new(Counted::default()));
    let readers: Vec<_> = [
        child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
    ]
    .into_iter()
    .flatten()
    .map(|pipe| {
        let counts = Arc::clone(&counts);
        thread::spawn(move || pass_on(pipe, &counts))
    })
    .collect();
    let status = child.wait()?;
    for reader in readers {
        reader.join().map_err(|_| anyhow::anyhow!("a reader of the program's output died"))?;
    }
    let mut counts = std::mem::take(&mut *counts.lock().map_err(|_| anyhow::anyhow!("a reader died"))?);
    counts.success = status.success();
    Ok(counts)
}

fn pass_on(pipe: Box<dyn Read + Send>, counts: &Mutex<Counted>) {
    let mut lines = BufReader::new(pipe);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let mut out = std::io::stdout().lock();
        // Whoever reads us may have gone; the tests go on.
        let _ = out.write_all(&line).and_then(|()| out.flush());
        if let Ok(mut counts) = counts.lock() {
            counts.read(String::from_utf8_lossy(&line).trim_end());
        }
        line.clear();
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn counted__lines_of_cargo_test__are_added_up() {
        let mut counts = Counted::default();
        counts.read("test result: FAILED. 12 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out");
        counts.read("test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
        counts.read("*** NOT RUN: no bitcoind");
        counts.read("test something ... ok");
        assert_eq!((counts.passed, counts.failed, counts.skipped), (15, 1, 2));
        assert_eq!(counts.not_run, ["no bitcoind"]);
    }
}
