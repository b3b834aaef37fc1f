//! Where the simulation's numbers come from: a seed, and nothing else.
//!
//! SplitMix64 and SHA256 are fixed algorithms, so a seed that showed a fault once shows it for ever; general-purpose
//! generators may change between releases.

use domp_protocol::node_key::NodeKey;
use sha2::{Digest, Sha256};

/// A stream of numbers that follows from its seed.
#[derive(Clone, Debug)]
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number of SplitMix64.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `most`.
    pub(crate) const fn up_to(&mut self, most: u32) -> u32 {
        (self.next() % (most as u64 + 1)) as u32
    }
}

/// 32 bytes that follow from what they are for.
pub(crate) fn bytes(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// A node's key; hardly ever are 32 hashed bytes no key, and then the next ones are taken.
pub(crate) fn node_key(seed: u64, index: u64) -> NodeKey {
    let mut round: u64 = 0;
    loop {
        let bytes = bytes(&[b"node key", &seed.to_be_bytes(), &index.to_be_bytes(), &round.to_be_bytes()]);
        if let Ok(key) = NodeKey::from_bytes(&bytes) {
            return key;
        }
        round += 1;
    }
}
