//! How long to wait before the next attempt to connect.

use std::time::Duration;

/// First attempts come after this.
const FIRST: Duration = Duration::from_secs(1);
/// So many attempts at [`FIRST`]: enough for a relay that restarts.
const QUICK: u32 = 5;
/// The longest wait, so that a relay that is gone is not pestered, and one that comes back is found soon.
const LONGEST: Duration = Duration::from_secs(30);

/// The wait after `failures` failed attempts in a row (at least one). `spread` in 0..=255 lengthens it by up to a
/// quarter, so that many programs that lost the same relay do not come back in step.
pub(crate) fn wait(failures: u32, spread: u8) -> Duration {
    let doublings = failures.saturating_sub(QUICK).min(16);
    let wait = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    if failures <= QUICK { wait } else { wait + wait.mul_f64(f64::from(spread) / 1024.0) }
}

#[cfg(test)]
mod tests {
    #![allow(non_snake_case)]
    use super::*;

    #[test]
    fn wait__failures_in_a_row__one_second_at_first_then_longer_to_a_cap() {
        let waits: Vec<u64> =
            [1, 2, 5, 6, 7, 10, 1000, u32::MAX].iter().map(|n| wait(*n, 0).as_secs()).collect();
        assert_eq!(waits, [1, 1, 1, 2, 4, 30, 30, 30]);
        assert!(wait(1000, 255) < Duration::from_secs(38));
    }
}
