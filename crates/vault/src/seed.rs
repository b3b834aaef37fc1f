//! What is derived from the seed: HKDF-SHA256 with an info text of its own for each use (see the crate's own page).

use crate::phrase::Phrase;
use domp_protocol::{purpose::Purpose, secret::Preimage};
use hkdf::Hkdf;
use hmac::{Hmac, Mac, digest::KeyInit};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// A derived key of 32 bytes.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// The BIP-39 seed of a phrase.
pub(crate) struct Seed(Zeroizing<[u8; 64]>);

impl Seed {
    pub(crate) fn of(phrase: &Phrase) -> Self {
        Self(phrase.seed())
    }

    /// A payment's secret `[D3-05]`.
    pub(crate) fn trade_secret(&self, purpose: Purpose, salt: &[u8; 32]) -> Preimage {
        Preimage::from_bytes(*self.derive(Some(salt), purpose.as_str()))
    }

    /// The key of what lies encrypted in the database.
    pub(crate) fn data_key(&self) -> Key {
        self.derive(None, "data key")
    }

    /// The key of one backup.
    pub(crate) fn backup_key(&self, salt: &[u8; 32]) -> Key {
        self.derive(Some(salt), "backup key")
    }

    /// What a backup says about its key, to tell a wrong phrase from a damaged file.
    pub(crate) fn backup_check(&self, salt: &[u8; 32]) -> Key {
        self.derive(Some(salt), "backup check")
    }

    /// HKDF-SHA256(seed, salt, info = `DOMP/1 ` ‖ `use_for`), 32 bytes.
    fn derive(&self, salt: Option<&[u8; 32]>, use_for: &str) -> Key {
        let (mut pseudorandom, _) = Hkdf::<Sha256>::extract(salt.map(|salt| &salt[..]), &self.0[..]);
        // RFC 5869's expansion to the length of one hash is a single HMAC over info ‖ 0x01. Written out, it has no error
        // case, so that no caller needs an answer to "no secret could be derived". HMAC pads a key with zeros to a block.
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(&pseudorandom);
        pseudorandom.as_mut_slice().zeroize();
        let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
        mac.update(b"DOMP/1 ");
        mac.update(use_for.as_bytes());
        mac.update(&[1]);
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seed(bytes: [u8; 64]) -> Seed {
        Seed(Zeroizing::new(bytes))
    }

    proptest! {
        #[test]
        fn derive__any_seed_and_salt__as_the_library_expands(
            key in prop::collection::vec(any::<u8>(), 64),
            salt in any::<[u8; 32]>(),
            salted in any::<bool>(),
        ) {
            let bytes: [u8; 64] = key.try_into().unwrap();
            let salt = salted.then_some(&salt);
            let mut expected = [0; 32];
            Hkdf::<Sha256>::new(salt.map(|salt| &salt[..]), &bytes).expand(b"DOMP/1 data key", &mut expected).unwrap();
            prop_assert_eq!(*seed(bytes).derive(salt, "data key"), expected);
        }
    }

    #[test]
    fn derive__each_use__a_key_of_its_own() {
        let seed = seed([3; 64]);
        let salt = [4; 32];
        let mut keys = vec![*seed.data_key(), *seed.backup_key(&salt), *seed.backup_check(&salt)];
        for purpose in [Purpose::Purchase, Purpose::BuyerCollateral, Purpose::SellerCollateral] {
            keys.push(*seed.trade_secret(purpose, &salt).expose());
            keys.push(*seed.trade_secret(purpose, &[5; 32]).expose());
        }
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 9);
    }
}
