//! Progress: while an order that may take minutes is under way, what the daemon says of its proof of work.

use crate::{client::Client, failure::Failure, output::Output, wire::event::Event};
use std::pin::pin;

/// Waits for `order`, telling progress meanwhile.
///
/// # Errors
/// Those of `order`.
pub async fn told<T>(
    output: Output,
    client: &Client,
    order: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    // Progress is a courtesy: without it the order counts all the same.
    let Ok(mut events) = client.events("/v1/events").await else { return order.await };
    let mut order = pin!(order);
    let mut listening = true;
    loop {
        tokio::select! {
            outcome = &mut order => return outcome,
            event = events.next(), if listening => match event {
                Ok(Some(Event::Mining { bits, tries, likelihood, .. })) => {
                    let percent = likelihood * 100.0;
                    output.aside(&format!(
                        "proof of work of {bits} bits for the relays: {tries} tries, {percent:.0} % likely to be done by now"
                    ));
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => listening = false,
            },
        }
    }
}
