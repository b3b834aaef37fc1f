//! [`Vault`]: a person's keys and secrets, behind the identity port.

use crate::{
    entropy::{NoEntropy, awaited, fresh},
    nostr::NostrKey,
    phrase::Phrase,
    sealing,
    seed::{Key, Seed},
};
use domp_ports::identity::{Identity, Unsigned, Unwrapped, VaultError};
use domp_protocol::{ids::PublicKey, purpose::Purpose, secret::Preimage};
use std::fmt;
use zeroize::Zeroizing;

/// The keys and secrets of one recovery phrase. Everything is derived once, when it is made; wiped on drop; `Debug` shows
/// the public key only.
pub struct Vault {
    phrase: Phrase,
    seed: Seed,
    data_key: Key,
    nostr: NostrKey,
}

impl Vault {
    /// Derives everything from a phrase; takes some milliseconds.
    ///
    /// # Errors
    /// [`NoEntropy`] if the system gives no random bytes, without which nothing could be signed or encrypted.
    pub fn from_phrase(phrase: Phrase) -> Result<Self, NoEntropy> {
        let _probe: [u8; 32] = fresh()?;
        let seed = Seed::of(&phrase);
        let data_key = seed.data_key();
        let nostr = NostrKey::of(&phrase)?;
        Ok(Self { phrase, seed, data_key, nostr })
    }

    /// The recovery phrase, for a person who wants to write it down again.
    pub const fn phrase(&self) -> &Phrase {
        &self.phrase
    }

    pub(crate) const fn seed(&self) -> &Seed {
        &self.seed
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("public_key", &self.public_key()).finish_non_exhaustive()
    }
}

impl Identity for Vault {
    fn public_key(&self) -> PublicKey {
        self.nostr.public_key()
    }
    fn random(&self) -> [u8; 32] {
        awaited()
    }
    fn derive_secret(&self, purpose: Purpose, salt: &[u8; 32]) -> Preimage {
        self.seed.trade_secret(purpose, salt)
    }
    fn sign(&self, event: &Unsigned) -> Result<String, VaultError> {
        self.nostr.sign(event)
    }
    fn encrypt_to(&self, peer: &PublicKey, plaintext: &str) -> Result<String, VaultError> {
        self.nostr.encrypt_to(peer, plaintext)
    }
    fn decrypt_from(&self, peer: &PublicKey, ciphertext: &str) -> Result<String, VaultError> {
        self.nostr.decrypt_from(peer, ciphertext)
    }
    fn wrap(&self, peer: &PublicKey, inner_json: &str) -> Result<String, VaultError> {
        self.nostr.wrap(peer, inner_json)
    }
    fn unwrap(&self, wrap_json: &str) -> Result<Unwrapped, VaultError> {
        self.nostr.unwrap(wrap_json)
    }
    fn seal(&self, plaintext: &[u8]) -> Vec<u8> {
        sealing::seal(&self.data_key, plaintext)
    }
    fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        sealing::open(&self.data_key, sealed)
    }
}
