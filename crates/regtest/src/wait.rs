//! Waiting for something, never for ever.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::RegtestError;

const PAUSE: Duration = Duration::from_millis(40);

/// Asks until the answer is `Ok(Ok(value))`. `Ok(Err(seen))` and errors of a call mean not yet, except
/// that a node which has ended will not come back: that is the answer.
pub(crate) async fn wait_until<T, F>(what: &str, deadline: Duration, mut ask: F) -> Result<T, RegtestError>
where
    F: AsyncFnMut() -> Result<Result<T, String>, RegtestError>,
{
    let end = Instant::now() + deadline;
    loop {
        let last = match ask().await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(seen)) => seen,
            Err(error @ RegtestError::Ended { .. }) => return Err(error),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= end {
            return Err(RegtestError::Timeout { what: what.to_owned(), deadline, last });
        }
        sleep(PAUSE).await;
    }
}
