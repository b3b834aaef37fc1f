//! Difficulty in leading zero bits.

use crate::ids::EventId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Bits of an event id.
pub const MAX_BITS: u16 = 256;
/// The most that we mine: some four thousand million tries, minutes on one core.
pub const MAX_MINED_BITS: u16 = 32;

/// A number of leading zero bits of an event id, 0 to 256 (NIP-13). Bits, not hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Difficulty(u16);

/// More bits than an event id has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a difficulty of {0} bits is impossible: an event id has {MAX_BITS}")]
pub struct TooManyBits(pub u16);

impl Difficulty {
    /// No work at all.
    pub const NONE: Self = Self(0);

    /// A difficulty of `bits`, refused above [`MAX_BITS`].
    pub const fn new(bits: u16) -> Result<Self, TooManyBits> {
        if bits > MAX_BITS { Err(TooManyBits(bits)) } else { Ok(Self(bits)) }
    }
    /// The number of bits.
    pub const fn bits(self) -> u16 {
        self.0
    }
    /// The next multiple of four bits: those who count hexadecimal digits, and those who count bits, then see the same.
    pub const fn for_every_client(self) -> Self {
        Self(self.0.next_multiple_of(4))
    }
    /// Tries that it takes on average: 2 to the power of the bits.
    pub fn expected_tries(self) -> f64 {
        f64::from(self.0).exp2()
    }
    /// How likely it is, from 0 to 1, that so many tries were enough: what a progress bar can honestly show, since mining
    /// has no memory.
    pub fn likelihood_after(self, tries: u64) -> f64 {
        // Exact enough up to 2^53 tries, which nobody makes.
        -(-(tries as f64) / self.expected_tries()).exp_m1()
    }
}
impl TryFrom<u16> for Difficulty {
    type Error = TooManyBits;
    fn try_from(bits: u16) -> Result<Self, TooManyBits> {
        Self::new(bits)
    }
}
impl From<Difficulty> for u16 {
    fn from(difficulty: Difficulty) -> Self {
        difficulty.0
    }
}
impl fmt::Display for Difficulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bits", self.0)
    }
}

/// Leading zero bits of an event id (NIP-13).
pub fn leading_zero_bits(id: &EventId) -> u16 {
    let mut bits = 0;
    for byte in id.as_bytes() {
        bits += byte.leading_zeros() as u16;
        if *byte != 0 {
            break;
        }
    }
    bits
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn leading_zero_bits__nip13_example__36() {
        let id = "000000000e9d97a1ab09fc381030b346cdd7a142ad57e6df0b46dc9bef6c7e2d";
        assert_eq!(leading_zero_bits(&id.parse().unwrap()), 36);
        assert_eq!(leading_zero_bits(&EventId::from_bytes([0; 32])), 256);
        assert_eq!(leading_zero_bits(&EventId::from_bytes([0x80; 32])), 0);
    }

    #[test]
    fn for_every_client__any_bits__a_multiple_of_four_not_less() {
        for bits in 0..=MAX_BITS {
            let rounded = Difficulty::new(bits).unwrap().for_every_client();
            assert!(rounded.bits().is_multiple_of(4) && rounded.bits() >= bits && rounded.bits() < bits + 4);
        }
        assert_eq!(Difficulty::new(257), Err(TooManyBits(257)));
    }

    #[test]
    fn likelihood_after__no_tries_expected_tries_many__0_then_two_thirds_then_1() {
        let difficulty = Difficulty::new(20).unwrap();
        assert_eq!(difficulty.likelihood_after(0), 0.0);
        assert!((difficulty.likelihood_after(1 << 20) - 0.632).abs() < 0.001);
        assert!(difficulty.likelihood_after(1 << 30) > 0.999_999);
        assert_eq!(Difficulty::NONE.expected_tries(), 1.0);
    }
}
