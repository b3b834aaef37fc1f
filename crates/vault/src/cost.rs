//! What one try at a passphrase costs (Argon2id).

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The work that each try at a passphrase takes, for us and for whoever guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Bounds when reading a file: more would only serve to hang the program.
const MOST_MEMORY_KIB: u32 = 4 * 1024 * 1024;
const MOST_PASSES: u32 = 64;
const MOST_LANES: u32 = 16;

impl Cost {
    /// 64 MiB, three passes, one lane: above the usual recommendation, some tenths of a second.
    pub const fn recommended() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 }
    }

    /// Next to nothing. **For tests and demonstrations only**: a passphrase behind it is guessed in no time.
    pub const fn for_trials_only() -> Self {
        Self { memory_kib: 8, passes: 1, lanes: 1 }
    }

    /// Whether it is within bounds.
    pub(crate) const fn is_sane(self) -> bool {
        self.memory_kib <= MOST_MEMORY_KIB
            && self.passes <= MOST_PASSES
            && self.lanes <= MOST_LANES
            && Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).is_ok()
    }

    /// The form that is bound to the ciphertext.
    pub(crate) fn in_words(self) -> String {
        format!("argon2id {} {} {}", self.memory_kib, self.passes, self.lanes)
    }

    /// The key that a passphrase gives; `None` if the cost itself is impossible.
    pub(crate) fn key(self, passphrase: &str, salt: &[u8; 16]) -> Option<Zeroizing<[u8; 32]>> {
        if !self.is_sane() {
            return None;
        }
        // The same letters typed on another system may come in another Unicode form.
        let mut plain = std::borrow::Cow::Borrowed(passphrase);
        bip39::Mnemonic::normalize_utf8_cow(&mut plain);
        let plain = match plain {
            std::borrow::Cow::Borrowed(text) => Zeroizing::new(text.to_owned()),
            std::borrow::Cow::Owned(text) => Zeroizing::new(text),
        };
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok()?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(plain.as_bytes(), salt, &mut key[..])
            .ok()?;
        Some(key)
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn is_sane__bounds__kept() {
        assert!(Cost::recommended().is_sane());
        assert!(Cost::for_trials_only().is_sane());
        for (memory_kib, passes, lanes) in
            [(0, 1, 1), (8, 0, 1), (8, 1, 0), (u32::MAX, 1, 1), (8, 65, 1), (256, 1, 17)]
        {
            assert!(!Cost { memory_kib, passes, lanes }.is_sane(), "{memory_kib} {passes} {lanes}");
        }
    }

    #[test]
    fn key__composed_or_decomposed_letters__the_same() {
        let cost = Cost::for_trials_only();
        let key = |passphrase| cost.key(passphrase, &[1; 16]).unwrap();
        assert_eq!(key("caf\u{e9}"), key("cafe\u{301}"));
        assert_ne!(key("caf\u{e9}"), key("cafe"));
        assert_ne!(key("cafe"), cost.key("cafe", &[2; 16]).unwrap());
    }
}
