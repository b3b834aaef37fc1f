//! Findings: one line each, good or not, with the way out.

use crate::{
    failure::Failure,
    output::{Output, Shown},
};
use serde::Serialize;

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, but should be looked at.
    Warn,
    /// Does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// How it is.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// The way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_out: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn good(check: &str, found: impl Into<String>) -> Self {
        Self { check: check.to_owned(), level: Level::Ok, found: found.into(), way_out: None }
    }
    /// Works, but should be looked at.
    pub fn warning(check: &str, found: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            level: Level::Warn,
            found: found.into(),
            way_out: Some(way_out.into()),
        }
    }
    /// Does not work.
    pub fn bad(check: &str, found: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            level: Level::Fail,
            found: found.into(),
            way_out: Some(way_out.into()),
        }
    }
    /// Does not work, in the words of a failure.
    pub fn failed(check: &str, failure: &Failure) -> Self {
        Self {
            check: check.to_owned(),
            level: Level::Fail,
            found: failure.message.clone(),
            way_out: failure.hint.clone(),
        }
    }
}

impl Shown for Finding {
    fn text(&self) -> String {
        let level = match self.level {
            Level::Ok => "ok  ",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        let way_out =
            self.way_out.as_ref().map(|way_out| format!("\n      -> {way_out}")).unwrap_or_default();
        format!("{level}  {}: {}{way_out}", self.check, self.found)
    }
}

/// Everything that was found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// In the order of looking.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Keeps a finding; a person sees it at once.
    ///
    /// # Errors
    /// If it cannot be shown.
    pub fn tell(&mut self, output: Output, finding: Finding) -> Result<(), Failure> {
        output.text(&finding.text())?;
        self.findings.push(finding);
        Ok(())
    }

    /// The worst of it.
    pub fn worst(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }
}

impl Shown for Report {
    fn text(&self) -> String {
        let count = |level| self.findings.iter().filter(|finding| finding.level == level).count();
        let (ok, warn, fail) = (count(Level::Ok), count(Level::Warn), count(Level::Fail));
        let verdict = match self.worst() {
            Level::Ok => "Everything is as it should be.",
            Level::Warn => "It works; look at the warnings.",
            Level::Fail => "Do not trade before the failures are repaired.",
        };
        format!("\n{ok} ok, {warn} warnings, {fail} failures. {verdict}")
    }
}
