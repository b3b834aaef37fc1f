//! Amounts as people read them.

use domp_protocol::units::Sat;

/// A whole number with a comma between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount in satoshi with its unit.
pub(crate) fn sats(amount: Sat) -> String {
    format!("{} sat", grouped(amount.get()))
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn grouped__numbers_of_every_length__commas_between_thousands() {
        let cases =
            [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (2_100_000_000, "2,100,000,000")];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
    }
}
