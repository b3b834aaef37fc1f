//! When: a block height that rules, and the date that people can expect.

use crate::moment::At;
use domp_protocol::units::{Height, Unix};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Seconds that a block takes on average.
pub const SECONDS_PER_BLOCK: u64 = 600;

/// A moment in a trade. Where there is a height, the height counts and the time is an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// The block, unless it is a matter of the clock.
    pub height: Option<Height>,
    /// The time; with a height, what it comes to at ten minutes a block from now.
    pub unix: Unix,
}

impl When {
    /// A height, with the date it will have if blocks come every ten minutes. A height that has passed is now.
    pub const fn height(height: Height, at: At) -> Self {
        let blocks = at.height.until(height).0 as u64;
        Self { height: Some(height), unix: at.unix.plus(blocks * SECONDS_PER_BLOCK) }
    }
    /// A time by the clock.
    pub const fn unix(unix: Unix) -> Self {
        Self { height: None, unix }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.height {
            Some(height) => write!(f, "{height} (about {})", date(self.unix)),
            None => f.write_str(&date(self.unix)),
        }
    }
}

/// `2026-01-31 08:15 UTC`.
fn date(unix: Unix) -> String {
    let (year, month, day) = civil(unix.0 / 86_400);
    let minutes = unix.0 % 86_400 / 60;
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// The Gregorian date of a day counted from 1970-01-01, by eras of 400 years that begin on 1 March.
const fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn date__known_moments__the_calendar_agrees() {
        let cases = [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_640_995_200, "2022-01-01 00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59 UTC"),
            (1_709_251_200, "2024-03-01 00:00 UTC"),
            (4_107_542_399, "2100-02-28 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ];
        for (unix, text) in cases {
            assert_eq!(date(Unix(unix)), text);
        }
    }

    #[test]
    fn height__future_and_past__ten_minutes_a_block_and_never_before_now() {
        let at = At { unix: Unix(1_640_995_200), height: Height(800_000), fresh: true };
        let when = When::height(Height(800_144), at);
        assert_eq!(when.unix, Unix(1_640_995_200 + 86_400));
        assert_eq!(when.to_string(), "block 800144 (about 2022-01-02 00:00 UTC)");
        assert_eq!(When::height(Height(1), at).unix, at.unix);
        assert_eq!(When::unix(Unix(0)).to_string(), "1970-01-01 00:00 UTC");
    }
}
