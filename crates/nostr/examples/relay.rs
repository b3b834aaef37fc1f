//! A relay for trials on this machine: `cargo run -p domp-nostr --features embedded --example relay -- 127.0.0.1:7777`.
//! Keeps events in memory, and runs until it is stopped.

use domp_nostr::embedded::{EmbeddedRelay, EmbeddedSettings};
use std::io::Write as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7777".to_owned());
    let settings = EmbeddedSettings { address: address.parse()?, ..EmbeddedSettings::default() };
    let relay = EmbeddedRelay::start(settings).await?;
    writeln!(std::io::stdout(), "listening at {}; stop it with Ctrl-C", relay.url())?;
    tokio::signal::ctrl_c().await?;
    relay.stop().await;
    Ok(())
}
