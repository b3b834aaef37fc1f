//! A Lightning node's secret key, for nodes that live in this process: the simulated network and the tests.
//!
//! A real node keeps its key to itself and signs on request; nothing here is needed for it.

use crate::ids::NodeId;
use secp256k1::{Message, SECP256K1, SecretKey, ecdsa::RecoverableSignature};
use std::fmt;

/// A node's secret key. Erased on drop; `Debug` shows the public key only.
#[derive(Clone)]
pub struct NodeKey(SecretKey);

/// Bytes that are no secp256k1 secret key: zero, or not below the group order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a node's secret key must be a number from 1 to the group order of secp256k1")]
pub struct BadNodeKey;

impl NodeKey {
    /// Takes 32 bytes; refuses those that are not a key of the curve.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, BadNodeKey> {
        SecretKey::from_slice(bytes).map(Self).map_err(|_| BadNodeKey)
    }
    /// The node's public key.
    pub fn id(&self) -> NodeId {
        NodeId::from_bytes(self.0.public_key(SECP256K1).serialize())
    }
    /// A recoverable signature (RFC 6979, so the same digest always gives the same signature).
    pub(crate) fn sign(&self, digest: [u8; 32]) -> RecoverableSignature {
        SECP256K1.sign_ecdsa_recoverable(&Message::from_digest(digest), &self.0)
    }
}

impl Drop for NodeKey {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}
impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeKey(of {})", self.id())
    }
}

/// The node whose key made a recoverable signature over `digest`; `None` when no key can have made it.
pub(crate) fn recover(digest: [u8; 32], signature: &RecoverableSignature) -> Option<NodeId> {
    let key = SECP256K1.recover_ecdsa(&Message::from_digest(digest), signature).ok()?;
    Some(NodeId::from_bytes(key.serialize()))
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn from_bytes__zero_or_above_the_order__refused() {
        assert_eq!(NodeKey::from_bytes(&[0; 32]).unwrap_err(), BadNodeKey);
        assert_eq!(NodeKey::from_bytes(&[0xff; 32]).unwrap_err(), BadNodeKey);
    }

    #[test]
    fn debug__a_key__shows_the_public_half_only() {
        let key = NodeKey::from_bytes(&[7; 32]).unwrap();
        let shown = format!("{key:?}");
        assert!(shown.contains(&key.id().to_string()));
        assert!(!shown.contains(&hex::encode([7u8; 32])));
    }

    #[test]
    fn recover__own_signature__own_id_and_another_digest_another_id() {
        let key = NodeKey::from_bytes(&[7; 32]).unwrap();
        let signature = key.sign([1; 32]);
        assert_eq!(recover([1; 32], &signature), Some(key.id()));
        assert_ne!(recover([2; 32], &signature), Some(key.id()));
    }
}
