//! z-base-32, the alphabet in which Lightning nodes write signed messages (LND, Core Lightning, LDK).

const ALPHABET: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";

/// Text that is not the z-base-32 form of the expected number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadZbase32 {
    /// Too short or too long.
    #[error("must be {expected} characters of z-base-32, not {found}")]
    Length {
        /// Characters that were given.
        found: usize,
        /// Characters that the expected number of bytes takes.
        expected: usize,
    },
    /// A character that the alphabet does not have. It has no upper case, no `l`, `v`, `0` and `2`.
    #[error("has a character at position {position} that z-base-32 does not use")]
    Character {
        /// Position counted from 0, in bytes.
        position: usize,
    },
    /// The bits that fill up the last character are not zero, so the same bytes would have several spellings.
    #[error("ends in bits that belong to no byte")]
    Trailing,
}

/// Writes bytes in z-base-32, most significant bit first, without padding characters.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut buffer, mut bits) = (0u32, 0u32);
    for &byte in bytes {
        buffer = (buffer << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(symbol(buffer >> bits));
            buffer &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        text.push(symbol(buffer << (5 - bits)));
    }
    text
}

fn symbol(value: u32) -> char {
    char::from(ALPHABET[(value & 31) as usize])
}

/// Reads exactly `N` bytes; refuses another length, a foreign character and non-zero trailing bits.
pub fn decode<const N: usize>(text: &str) -> Result<[u8; N], BadZbase32> {
    let expected = (N * 8).div_ceil(5);
    if text.len() != expected {
        return Err(BadZbase32::Length { found: text.chars().count(), expected });
    }
    let mut bytes = [0; N];
    let mut filled = 0;
    let (mut buffer, mut bits) = (0u32, 0u32);
    for (position, character) in text.bytes().enumerate() {
        let value = ALPHABET.iter().position(|&symbol| symbol == character);
        let value = value.ok_or(BadZbase32::Character { position })?;
        buffer = (buffer << 5) | value as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes[filled] = (buffer >> bits) as u8;
            filled += 1;
            buffer &= (1 << bits) - 1;
        }
    }
    if buffer == 0 { Ok(bytes) } else { Err(BadZbase32::Trailing) }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encode__published_examples__their_text() {
        assert_eq!(encode(&[0xf0, 0xbf, 0xc7]), "6n9hq");
        assert_eq!(encode(&[0xd4, 0x7a, 0x04]), "4t7ye");
    }

    #[test]
    fn decode__length_character_trailing_bits__each_its_error() {
        assert_eq!(decode::<3>("6n9h"), Err(BadZbase32::Length { found: 4, expected: 5 }));
        assert_eq!(decode::<3>("6n9hl"), Err(BadZbase32::Character { position: 4 }));
        assert_eq!(decode::<3>("6N9hq"), Err(BadZbase32::Character { position: 1 }));
        assert_eq!(decode::<3>("6n9h9"), Err(BadZbase32::Trailing));
        assert_eq!(decode::<3>("ü9hq"), Err(BadZbase32::Character { position: 0 }));
    }

    proptest! {
        #[test]
        fn decode__what_encode_wrote__the_same_bytes(bytes: [u8; 32], more: [u8; 32]) {
            prop_assert_eq!(decode::<32>(&encode(&bytes)), Ok(bytes));
            let mut long = [0; 65];
            long[..32].copy_from_slice(&bytes);
            long[33..].copy_from_slice(&more);
            prop_assert_eq!(decode::<65>(&encode(&long)), Ok(long));
        }

        #[test]
        fn decode__any_text__no_panic_and_one_spelling(text in ".{0,120}") {
            if let Ok(bytes) = decode::<65>(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
