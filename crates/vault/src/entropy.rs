//! Randomness, from the operating system only.

use std::time::Duration;

/// The operating system gives no random bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes ({0}); nothing was created")]
pub struct NoEntropy(pub(crate) String);

/// Fresh random bytes.
pub(crate) fn fresh<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| NoEntropy(error.to_string()))?;
    Ok(bytes)
}

/// Fresh random bytes, however long it takes. A vault asks once when it is made and reports a failure then; should a
/// system that once gave bytes give none for a while, to wait is the only answer that can do no harm.
pub(crate) fn awaited<const N: usize>() -> [u8; N] {
    loop {
        match fresh() {
            Ok(bytes) => return bytes,
            Err(error) => {
                tracing::error!(%error, "waiting for random bytes");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}
