//! The narrator: writes every step and the summary, as text for people or as one JSON object a line.

use super::{layout, step::Step, summary::Summary, trouble::Trouble};
use crate::{exit::Exit, failure::Failure, output::Output};
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// Between two words about something that goes on.
const WORD_EVERY: Duration = Duration::from_secs(10);

/// Where the story is told.
pub struct Narrator {
    output: Output,
    began: Instant,
    steps: u32,
}

impl Narrator {
    /// Begins to count the time.
    pub fn new(output: Output) -> Self {
        Self { output, began: Instant::now(), steps: 0 }
    }

    /// The number of the step to come.
    pub const fn next(&mut self) -> u32 {
        self.steps += 1;
        self.steps
    }

    /// Time since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Tells a step.
    ///
    /// # Errors
    /// If nobody reads it any more.
    pub fn tell(&self, step: &Step) -> Result<(), Trouble> {
        let told = if self.output.is_json() {
            self.output.json_line(step)
        } else {
            self.output.text(&layout::step(step))
        };
        Ok(told?)
    }

    /// Says what takes a while, beside the story.
    pub fn progress(&self, text: &str) {
        self.output.aside(&format!("  [{:4.0} s] {text}", self.elapsed().as_secs_f64()));
    }

    /// Waits for something, and says from time to time that it goes on.
    pub async fn patiently<T>(&self, words: &str, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            match tokio::time::timeout(WORD_EVERY, &mut work).await {
                Ok(done) => return done,
                Err(_) => self.progress(words),
            }
        }
    }

    /// Ends the story with its summary: the last line.
    ///
    /// # Errors
    /// If nobody reads it any more.
    pub fn finish(self, summary: Summary) -> Result<Exit, Failure> {
        let summary = summary.after(self.elapsed());
        if self.output.is_json() {
            self.output.json_line(&summary)?;
        } else {
            self.output.text(&summary.line())?;
        }
        Ok(if summary.ok { Exit::Success } else { Exit::Refused })
    }
}
