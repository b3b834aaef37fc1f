//! The lab: a network of real nodes, the people who use it, and the books that must balance afterwards.

mod books;
mod clock;
mod crash;
mod daemon;
mod deal;
mod network;
mod person;
mod program;
mod relay;

pub use books::Books;
pub use clock::TurnedClock;
pub use crash::{Crash, Spot};
pub use daemon::Daemon;
pub use deal::{Ask, Deal, Plot, bid_on, received, refund, ship, teapot};
pub use network::{Lab, lab};
pub use person::{Person, Setup};
pub use relay::Relay;

pub use domp_escrow::terms::Side;

use domp_protocol::units::Sat;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The price of the goods in most trades.
pub const PRICE: u64 = 25_000;
/// The buyer's collateral in most trades.
pub const COLLATERAL: u64 = 20_000;
/// How long anything may take that is only a matter of messages and payments.
pub const SOON: Duration = Duration::from_secs(45);

/// An amount in satoshi.
pub fn sat(sat: u64) -> Sat {
    Sat::new(sat).unwrap()
}

/// Asks again and again until it is so; `None` when time is up.
pub async fn within<T>(patience: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + patience;
    loop {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        sleep(Duration::from_millis(40)).await;
    }
}
