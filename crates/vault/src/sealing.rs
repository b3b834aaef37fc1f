//! Encryption of single values in the database: a version byte, a random 24-byte nonce, XChaCha20-Poly1305.

use crate::{entropy::awaited, seed::Key};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use domp_ports::identity::VaultError;
use zeroize::Zeroizing;

/// The form written today.
const VERSION: u8 = 1;
const NONCE: usize = 24;
/// Bound to every value, so that nothing else encrypted under the same key could be taken for one.
const CONTEXT: &[u8] = b"DOMP/1 sealed value 1";

/// Encrypts. Each call gives other bytes, so what was kept once is kept as it is and never sealed anew for comparison.
/// (A value of more than 256 GiB, which no database takes, would give bytes that never open.)
pub(crate) fn seal(key: &Key, plaintext: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE] = awaited();
    let payload = Payload { msg: plaintext, aad: CONTEXT };
    let ciphertext = cipher(key).encrypt(XNonce::from_slice(&nonce), payload).unwrap_or_default();
    [&[VERSION], &nonce[..], &ciphertext[..]].concat()
}

/// Decrypts what [`seal`] made with the same key.
pub(crate) fn open(key: &Key, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (nonce, ciphertext) = match sealed.split_first() {
        Some((&VERSION, rest)) if rest.len() > NONCE => rest.split_at(NONCE),
        Some((&version, _)) if version > VERSION => {
            return Err(VaultError::Undecryptable {
                what: "a stored value (it was written by a newer program)",
            });
        }
        _ => return Err(VaultError::Undecryptable { what: "a stored value" }),
    };
    let payload = Payload { msg: ciphertext, aad: CONTEXT };
    let plaintext = cipher(key).decrypt(XNonce::from_slice(nonce), payload);
    plaintext.map(Zeroizing::new).map_err(|_| VaultError::Undecryptable { what: "a stored value" })
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&**key).into())
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(byte: u8) -> Key {
        Zeroizing::new([byte; 32])
    }

    #[test]
    fn seal__twice__other_bytes() {
        assert_ne!(seal(&key(1), b"secret"), seal(&key(1), b"secret"));
    }

    #[test]
    fn open__other_key__refused() {
        assert!(open(&key(2), &seal(&key(1), b"secret")).is_err());
    }

    #[test]
    fn open__newer_version__says_so() {
        let mut sealed = seal(&key(1), b"secret");
        sealed[0] = 2;
        assert!(open(&key(1), &sealed).unwrap_err().to_string().contains("newer"));
    }

    proptest! {
        #[test]
        fn open__sealed_bytes__the_same_again(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(&open(&key(1), &seal(&key(1), &bytes)).unwrap()[..], &bytes[..]);
        }

        #[test]
        fn open__one_bit_changed_or_cut__refused(at in 0..8 * 47_usize, cut in 0..47_usize) {
            let sealed = seal(&key(1), b"secret");
            prop_assert_eq!(sealed.len(), 47);
            let mut changed = sealed.clone();
            changed[at / 8] ^= 1 << (at % 8);
            prop_assert!(open(&key(1), &changed).is_err());
            prop_assert!(open(&key(1), &sealed[..cut]).is_err());
        }

        #[test]
        fn open__any_bytes__refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(open(&key(1), &bytes).is_err());
        }
    }
}
