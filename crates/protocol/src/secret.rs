//! Preimages: held in memory that is wiped, compared without leaking time, never printed.

use crate::ids::PaymentHash;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret of **exactly 32 bytes** whose SHA256 is a payment hash (BOLT 2). Lightning accepts no other length, so
/// neither does this type. Wiped on drop; `Debug` shows its hash only.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Preimage([u8; 32]);

/// Bytes that are not a preimage for the expected hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPreimage {
    /// Not 32 bytes: no Lightning node could settle with it.
    #[error("a preimage must be exactly 32 bytes, this has {0}")]
    Length(usize),
    /// 32 bytes, but of another hash.
    #[error("this secret does not open the payment hash")]
    WrongHash,
}

impl Preimage {
    /// Wraps 32 bytes fresh from a vault.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// Takes bytes from outside; only exactly 32 that open `hash` pass.
    pub fn check(bytes: &[u8], hash: &PaymentHash) -> Result<Self, BadPreimage> {
        let array: [u8; 32] = bytes.try_into().map_err(|_| BadPreimage::Length(bytes.len()))?;
        let preimage = Self(array);
        let opens: bool = preimage.hash().as_bytes().ct_eq(hash.as_bytes()).into();
        if opens { Ok(preimage) } else { Err(BadPreimage::WrongHash) }
    }
    /// SHA256 of the secret.
    pub fn hash(&self) -> PaymentHash {
        PaymentHash::from_bytes(Sha256::digest(self.0).into())
    }
    /// The bytes themselves: for the node that settles and the encryption that carries them, nothing else.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Preimage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Preimage(of {})", self.hash().short())
    }
}
