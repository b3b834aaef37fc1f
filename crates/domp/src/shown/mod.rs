//! Shown: results as lines of text for people.

mod event;
mod listing;
mod node;
mod table;
mod trade;

pub use trade::history;

use domp_escrow::situation::When;
use domp_protocol::units::Unix;

/// A number of satoshi with a comma between thousands.
pub fn sats(sat: u64) -> String {
    let digits = sat.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 4);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(" sat");
    text
}

/// Millisatoshi as whole satoshi, rounded down.
pub fn sats_of_msat(msat: u64) -> String {
    sats(msat / 1000)
}

/// A time, in UTC.
pub fn time(unix: u64) -> String {
    When::unix(Unix(unix)).to_string()
}

/// The beginning of an id: enough to tell it from others, and to type.
pub fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn sats__thousands__grouped() {
        assert_eq!(sats(0), "0 sat");
        assert_eq!(sats(1_000), "1,000 sat");
        assert_eq!(sats(21_000_000), "21,000,000 sat");
        assert_eq!(sats_of_msat(1_999), "1 sat");
    }
}
