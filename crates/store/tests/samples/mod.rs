//! Commits and documents for the tests of this crate.

#![allow(dead_code)] // each test file uses some of them

use domp_ports::journal::{Commit, Document, HashUse, TradeRow};
use domp_protocol::{
    ids::{EventId, PaymentHash, PublicKey, TradeId},
    units::{Height, Unix},
};

/// The id of the trade numbered `n`.
pub fn id(n: u32) -> TradeId {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    EventId::from_bytes(bytes)
}

pub fn hash(n: u32) -> PaymentHash {
    PaymentHash::from_bytes(*id(n).as_bytes())
}

/// A commit that brings trade `n` from `expected` to the next version, with two effects and a document.
pub fn commit(n: u32, expected: u64) -> Commit {
    let version = expected + 1;
    Commit {
        row: TradeRow {
            id: id(n),
            version,
            snapshot: format!("trade {n} at {version}").into_bytes(),
            wake_at: Some(Height(n)),
            open: true,
        },
        expected_version: expected,
        input: format!("input {version} of {n}").into_bytes(),
        effects: vec![b"first".to_vec(), b"second".to_vec()],
        cleared: Vec::new(),
        hashes: if expected == 0 { vec![(hash(n), HashUse::Made)] } else { Vec::new() },
        documents: vec![Document { trade: Some(id(n)), ..document(n << 8 | version as u32) }],
    }
}

pub fn document(n: u32) -> Document {
    Document {
        id: id(n),
        kind: 320,
        author: PublicKey::from_bytes([2; 32]),
        created_at: Unix(u64::from(n)),
        trade: None,
        made_by: None,
        held_for: None,
        json: format!("{{\"n\":{n}}}"),
    }
}
