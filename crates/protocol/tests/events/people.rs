//! The people of these tests, each with a key that never changes.

use domp_protocol::{
    event::Signer,
    ids::{EventId, PaymentHash, PublicKey},
    node_key::NodeKey,
    node_proof::ProvenNode,
    tags::node::LnNode,
};

/// When everything here is made, and the moment it is looked at.
pub const T: u64 = 1_760_000_000;
pub const NOW: u64 = T + 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Seller = 1,
    Buyer = 2,
    Stranger = 3,
    Arbiter = 4,
}

impl Who {
    pub fn secret(self) -> [u8; 32] {
        [self as u8; 32]
    }
    pub fn signer(self) -> Signer {
        Signer::from_bytes(&self.secret()).unwrap()
    }
    pub fn key(self) -> PublicKey {
        self.signer().public_key()
    }
    /// This person's Lightning node, signing for this person.
    pub fn node(self) -> LnNode {
        let proof = ProvenNode::sign(&NodeKey::from_bytes(&[self as u8 + 0x40; 32]).unwrap(), &self.key());
        LnNode { node: proof.node(), signature: proof.signature().to_owned() }
    }
}

pub fn id(byte: u8) -> EventId {
    EventId::from_bytes([byte; 32])
}
pub fn hash(byte: u8) -> PaymentHash {
    PaymentHash::from_bytes([byte; 32])
}
