//! The identity port: keys and secrets that stay inside the vault. Callers name what they want done, never the key.

use domp_protocol::{ids::PublicKey, purpose::Purpose, secret::Preimage, units::Unix};

/// Why the vault did not do what it was asked. Carries no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// A ciphertext that does not open with our key and that sender.
    #[error("cannot decrypt {what}: it was not made for this key, or it was altered")]
    Undecryptable {
        /// What was to be opened.
        what: &'static str,
    },
    /// An event that cannot be signed or wrapped.
    #[error("cannot sign: {0}")]
    Unsignable(String),
    /// A text that cannot be encrypted: empty, too long, or for a key that is none.
    #[error("cannot encrypt: {0}")]
    Unencryptable(String),
    /// A gift wrap that breaks NIP-59.
    #[error("not a valid gift wrap: {0}")]
    BadWrap(String),
}

/// What lies inside a gift wrap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwrapped {
    /// Who sealed it.
    pub sender: PublicKey,
    /// The complete signed event inside, as JSON; not yet verified.
    pub inner_json: String,
}

/// An unsigned event: everything the author chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    /// NIP-01 kind.
    pub kind: u16,
    /// NIP-01 tags.
    pub tags: Vec<Vec<String>>,
    /// NIP-01 content.
    pub content: String,
    /// NIP-01 timestamp.
    pub created_at: Unix,
}

/// A person's keys and secrets.
pub trait Identity: Send + Sync {
    /// The Nostr key that everything is signed with (NIP-06).
    fn public_key(&self) -> PublicKey;
    /// Fresh random bytes, for salts and nonces.
    fn random(&self) -> [u8; 32];
    /// A trade secret: HKDF(phrase, purpose, salt). The same salt gives the same secret for ever.
    fn derive_secret(&self, purpose: Purpose, salt: &[u8; 32]) -> Preimage;
    /// Signs an event; returns its JSON.
    fn sign(&self, event: &Unsigned) -> Result<String, VaultError>;
    /// NIP-44 encryption to a person (or to ourselves).
    fn encrypt_to(&self, peer: &PublicKey, plaintext: &str) -> Result<String, VaultError>;
    /// NIP-44 decryption of what a person sent us (or we ourselves).
    fn decrypt_from(&self, peer: &PublicKey, ciphertext: &str) -> Result<String, VaultError>;
    /// NIP-59 gift wrap of a complete signed event; every call makes a fresh wrap.
    fn wrap(&self, peer: &PublicKey, inner_json: &str) -> Result<String, VaultError>;
    /// Opens a gift wrap made for us.
    fn unwrap(&self, wrap_json: &str) -> Result<Unwrapped, VaultError>;
    /// Encrypts bytes for our own storage.
    fn seal(&self, plaintext: &[u8]) -> Vec<u8>;
    /// Opens bytes from our own storage.
    fn open(&self, sealed: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, VaultError>;
}
