//! `domp doctor`: checks everything that can be checked without moving money, and says the way out of what is wrong.
//!
//! It runs beside the daemon or without it.

mod chain;
mod files;
mod finding;
mod node;
mod relays;

use crate::{
    cli::Session,
    exit::Exit,
    failure::Failure,
    output::{Output, Shown},
    wiring,
};
use finding::{Finding, Level, Report};
use std::time::Duration;
use tokio::time::timeout;

/// The longest that one neighbour may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Does it: exit status 0 unless a check failed.
///
/// # Errors
/// If the result cannot be shown.
pub async fn run(session: &Session) -> Result<Exit, Failure> {
    let mut report = Report::default();
    let output = session.output;
    let paths = match session.paths() {
        Ok(paths) => paths,
        Err(failure) => {
            report.tell(output, Finding::failed("places", &failure))?;
            return finish(output, &report);
        }
    };
    let config = match session.config(&paths) {
        Ok(config) => {
            let text = format!("{}, network {}", paths.config.display(), config.network);
            report.tell(output, Finding::good("configuration", text))?;
            Some(config)
        }
        Err(error) => {
            report.tell(output, Finding::failed("configuration", &error.into()))?;
            None
        }
    };
    for finding in files::check(session, &paths, config.as_ref()) {
        report.tell(output, finding)?;
    }
    if let Some(config) = &config {
        for finding in node::check(config).await {
            report.tell(output, finding)?;
        }
        for finding in relays::check(config).await {
            report.tell(output, finding)?;
        }
    }
    finish(output, &report)
}

fn finish(output: Output, report: &Report) -> Result<Exit, Failure> {
    if output.is_json() {
        output.show(report)?;
    } else {
        output.text(&report.text())?;
    }
    Ok(if report.worst() == Level::Fail { Exit::Refused } else { Exit::Success })
}

/// What a neighbour answers, or that it does not.
async fn patiently<T>(answer: impl Future<Output = T>) -> Result<T, String> {
    timeout(PATIENCE, answer).await.map_err(|_| format!("no answer within {} s", PATIENCE.as_secs()))
}

/// The command that bakes the right macaroon, for trades alone.
fn bake() -> String {
    wiring::bake_command(false)
}

/// The command that bakes one with which channels can be opened and closed as well.
fn bake_with_channels() -> String {
    wiring::bake_command(true)
}
