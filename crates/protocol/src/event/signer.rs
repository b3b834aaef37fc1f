//! A person's signing key.

use crate::ids::{EventId, PublicKey};
use nostr::SECP256K1;
use nostr::secp256k1::{Keypair, Message};
use std::fmt;

/// A Nostr secret key that signs events. Wiped on drop, never printed.
#[derive(Clone)]
pub struct Signer(Keypair);

/// Bytes that are no secret key: zero, or not below the curve's order. The bytes are not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these 32 bytes are no secret key of secp256k1")]
pub struct BadSecretKey;

impl Signer {
    /// Takes the 32 bytes of a secret key, fresh from a vault.
    pub fn from_bytes(secret: &[u8; 32]) -> Result<Self, BadSecretKey> {
        Keypair::from_seckey_slice(SECP256K1, secret).map(Self).map_err(|_| BadSecretKey)
    }
    /// The public key that events signed by it carry.
    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.x_only_public_key().0.serialize())
    }
    /// A BIP-340 signature over an event's id. Without fresh randomness, which BIP-340 allows: this crate has none, and
    /// a retry then signs the very same event.
    pub(super) fn sign(&self, id: &EventId) -> [u8; 64] {
        SECP256K1.sign_schnorr_no_aux_rand(&Message::from_digest(*id.as_bytes()), &self.0).serialize()
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer(of {})", self.public_key().short())
    }
}
