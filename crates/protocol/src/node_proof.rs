//! Node identity: a Lightning node signs which Nostr key it works for `[D3-19]` `[D3-61]`.
//!
//! The tag `["ln_node", node id, signature]` binds the node that will be paid to the person who sells. The statement is
//! signed as LND, Core Lightning and LDK sign messages: z-base-32 of a recoverable signature over
//! SHA256(SHA256("Lightning Signed Message:" ‖ statement)). We recover the key ourselves, since LND's own verify call
//! accepts only nodes that it has met in the public graph.

use crate::{
    ids::{NodeId, PublicKey},
    node_key::{self, NodeKey},
    zbase32::{self, BadZbase32},
};
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What nodes put before every message they sign, so that a signed message is never anything else.
const PREFIX: &[u8] = b"Lightning Signed Message:";
/// 27 for a compact signature, 4 for a compressed key: the first byte is this plus the recovery id.
const HEADER: u8 = 31;

/// Why a node's signature does not prove what it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeProofError {
    /// Not 104 characters of z-base-32.
    #[error("the ln_node signature {0}")]
    Encoding(#[from] BadZbase32),
    /// The first byte names no compressed key with a recovery id from 0 to 3.
    #[error(
        "the ln_node signature begins with byte {found}; a signed message of a node begins with 31 to 34"
    )]
    Header {
        /// The first byte.
        found: u8,
    },
    /// Numbers outside the group order, or from which no key can be recovered.
    #[error("the ln_node signature is no signature that any node can have made")]
    Unrecoverable,
    /// A good signature, but of another node or over another statement.
    #[error(
        "the ln_node signature is not node {claimed}'s over {statement:?}: over these words it would be node {recovered}'s"
    )]
    WrongNode {
        /// The node that the tag names.
        claimed: NodeId,
        /// The node that would have had to sign for this signature.
        recovered: NodeId,
        /// What had to be signed.
        statement: String,
    },
}

/// A node that has signed for a Nostr key. Made by [`ProvenNode::verify`] and [`ProvenNode::sign`] only; deserialise it
/// only from storage that nobody else can write, since that checks nothing again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProvenNode {
    node: NodeId,
    owner: PublicKey,
    signature: String,
}

impl ProvenNode {
    /// Checks that `claimed` signed the statement of `owner`: the key recovered from `signature` must be the claimed one.
    pub fn verify(claimed: &NodeId, owner: &PublicKey, signature: &str) -> Result<Self, NodeProofError> {
        let bytes = zbase32::decode::<65>(signature)?;
        let id = bytes[0]
            .checked_sub(HEADER)
            .and_then(|id| RecoveryId::from_i32(i32::from(id)).ok())
            .ok_or(NodeProofError::Header { found: bytes[0] })?;
        let parsed =
            RecoverableSignature::from_compact(&bytes[1..], id).map_err(|_| NodeProofError::Unrecoverable)?;
        let statement = statement(owner);
        let recovered =
            node_key::recover(digest(&statement), &parsed).ok_or(NodeProofError::Unrecoverable)?;
        if recovered != *claimed {
            return Err(NodeProofError::WrongNode { claimed: *claimed, recovered, statement });
        }
        Ok(Self { node: recovered, owner: *owner, signature: signature.to_owned() })
    }

    /// Signs the statement of `owner` as a node does: for the simulated network.
    pub fn sign(key: &NodeKey, owner: &PublicKey) -> Self {
        let signature = sign_message(key, &statement(owner));
        Self { node: key.id(), owner: *owner, signature }
    }

    /// The node that signed.
    pub const fn node(&self) -> NodeId {
        self.node
    }
    /// The Nostr key it signed for.
    pub const fn owner(&self) -> PublicKey {
        self.owner
    }
    /// The signature as the `ln_node` tag carries it.
    pub fn signature(&self) -> &str {
        &self.signature
    }
}

/// The words that a node signs: `DOMP/1 node <nostr public key, hex>`.
pub fn statement(owner: &PublicKey) -> String {
    format!("DOMP/1 node {owner}")
}

/// The node that signed `message`, recovered from what a node's `signmessage` call returned. Any well-formed signature
/// yields some node: only a comparison with the node that is claimed proves anything.
pub fn signer_of(message: &str, signature: &str) -> Result<NodeId, NodeProofError> {
    let bytes = zbase32::decode::<65>(signature)?;
    let id = bytes[0]
        .checked_sub(HEADER)
        .and_then(|id| RecoveryId::from_i32(i32::from(id)).ok())
        .ok_or(NodeProofError::Header { found: bytes[0] })?;
    let parsed =
        RecoverableSignature::from_compact(&bytes[1..], id).map_err(|_| NodeProofError::Unrecoverable)?;
    node_key::recover(digest(message), &parsed).ok_or(NodeProofError::Unrecoverable)
}

/// Signs any message as a node's `signmessage` call does.
pub fn sign_message(key: &NodeKey, message: &str) -> String {
    let (id, compact) = key.sign(digest(message)).serialize_compact();
    let mut bytes = [0; 65];
    // The recovery id is 0 to 3, so the sum stays within a byte.
    bytes[0] = HEADER + id.to_i32() as u8;
    bytes[1..].copy_from_slice(&compact);
    zbase32::encode(&bytes)
}

fn digest(message: &str) -> [u8; 32] {
    let once = Sha256::new().chain_update(PREFIX).chain_update(message.as_bytes()).finalize();
    Sha256::digest(once).into()
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(byte: u8) -> NodeKey {
        NodeKey::from_bytes(&[byte; 32]).unwrap()
    }
    fn owner() -> PublicKey {
        PublicKey::from_bytes([0xab; 32])
    }

    #[test]
    fn sign_message__the_published_test_vector__the_same_text() {
        // From rust-lightning's message signing tests, with the secret key 1.
        let mut one = [0; 32];
        one[31] = 1;
        let text = sign_message(&NodeKey::from_bytes(&one).unwrap(), "test message");
        assert_eq!(
            text,
            "d9tibmnic9t5y41hg7hkakdcra94akas9ku3rmmj4ag9mritc8ok4p5qzefs78c9pqfhpuftqqzhydbdwfg7u6w6wdxcqpqn4sj4e73e"
        );
    }

    #[test]
    fn signer_of__a_signature_of_a_public_lnd_node__that_node() {
        // Published by the owner of the node and used in rust-lightning's tests.
        let signature = "rbgfioj114mh48d8egqx8o9qxqw4fmhe8jbeeabdioxnjk8z3t1ma1hu1fiswpakgucwwzwo6ofycffbsqusqdimugbh41n1g698hr9t";
        assert_eq!(
            signer_of("is this compatible?", signature).unwrap().to_string(),
            "02b80cabdf82638aac86948e4c06e82064f547768dcef977677b9ea931ea75bab5"
        );
    }

    #[test]
    fn verify__own_signature__proves_node_and_owner() {
        let made = ProvenNode::sign(&key(1), &owner());
        let proven = ProvenNode::verify(&key(1).id(), &owner(), made.signature()).unwrap();
        assert_eq!(proven, made);
        assert_eq!((proven.node(), proven.owner()), (key(1).id(), owner()));
    }

    #[test]
    fn verify__another_node_or_owner__wrong_node_named() {
        let made = ProvenNode::sign(&key(1), &owner());
        let error = ProvenNode::verify(&key(2).id(), &owner(), made.signature()).unwrap_err();
        assert!(matches!(&error, NodeProofError::WrongNode { recovered, .. } if *recovered == key(1).id()));
        let thief = PublicKey::from_bytes([0xac; 32]);
        let error = ProvenNode::verify(&key(1).id(), &thief, made.signature()).unwrap_err();
        assert!(error.to_string().contains(&thief.to_string()), "{error}");
    }

    #[test]
    fn verify__header_byte_outside_31_to_34__refused() {
        let mut bytes = zbase32::decode::<65>(ProvenNode::sign(&key(1), &owner()).signature()).unwrap();
        for header in [0, 27, 30, 35, 255] {
            bytes[0] = header;
            let error = ProvenNode::verify(&key(1).id(), &owner(), &zbase32::encode(&bytes)).unwrap_err();
            assert_eq!(error, NodeProofError::Header { found: header });
        }
    }

    #[test]
    fn verify__numbers_above_the_group_order__unrecoverable() {
        let mut bytes = [0xff; 65];
        bytes[0] = 31;
        let error = ProvenNode::verify(&key(1).id(), &owner(), &zbase32::encode(&bytes)).unwrap_err();
        assert_eq!(error, NodeProofError::Unrecoverable);
    }

    proptest! {
        #[test]
        fn verify__any_text__never_a_proof_and_no_panic(text in ".{0,130}") {
            prop_assert!(ProvenNode::verify(&key(1).id(), &owner(), &text).is_err());
        }

        #[test]
        fn verify__one_character_changed__never_a_proof(position in 0usize..104, other in 0u8..32) {
            let good = ProvenNode::sign(&key(1), &owner()).signature().to_owned();
            let mut text = good.clone().into_bytes();
            text[position] = b"ybndrfg8ejkmcpqxot1uwisza345h769"[other as usize];
            let text = String::from_utf8(text).unwrap();
            prop_assume!(text != good);
            prop_assert!(ProvenNode::verify(&key(1).id(), &owner(), &text).is_err());
        }
    }
}
