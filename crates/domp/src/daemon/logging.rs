//! Logging: events to standard error, as `RUST_LOG` asks, for people or as JSON lines.

use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, filter::Directive};

/// Libraries that pass messages through: at their finest they would log what they carry, so they never get finer than
/// this, whatever `RUST_LOG` says.
const CAPPED: &[&str] = &[
    "h2=info",
    "hyper=info",
    "hyper_util=info",
    "rustls=info",
    "tokio_rustls=info",
    "tokio_tungstenite=info",
    "tonic=info",
    "tower=info",
    "tungstenite=info",
];

/// Starts logging: from `info` on, unless `RUST_LOG` says otherwise.
pub fn start(json: bool) {
    begin(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")), json);
}

/// Starts logging only if `RUST_LOG` asks for it.
pub fn start_if_asked(json: bool) {
    if let Ok(filter) = EnvFilter::try_from_default_env() {
        begin(filter, json);
    }
}

fn begin(filter: EnvFilter, json: bool) {
    let caps = CAPPED.iter().filter_map(|text| text.parse::<Directive>().ok());
    let filter = caps.fold(filter, EnvFilter::add_directive);
    let colours = std::io::stderr().is_terminal();
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    // An error means that somebody logs already.
    let _ = if json { subscriber.json().try_init() } else { subscriber.try_init() };
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn capped__every_directive__is_one() {
        for text in CAPPED {
            assert!(text.parse::<Directive>().is_ok(), "{text}");
        }
    }
}
