//! Free TCP ports of 127.0.0.1.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::RegtestError;

/// Below the range that systems hand out to outgoing connections, so that a port stays free while its
/// node is stopped.
const FIRST: u16 = 11_000;
const COUNT: u16 = 19_000;

/// The next offset to try; 0 means not chosen yet.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port that nothing listens on and that was not handed out before by this process.
pub(crate) fn free_port() -> Result<u16, RegtestError> {
    // Several test processes run at once: each begins somewhere else.
    let _ = NEXT.compare_exchange(0, rand::random_range(1..COUNT), Ordering::Relaxed, Ordering::Relaxed);
    for _ in 0..COUNT {
        let port = FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(RegtestError::NoFreePort)
}
