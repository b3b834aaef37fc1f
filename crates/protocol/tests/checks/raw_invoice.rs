//! Writes BOLT11 by hand, symbol by symbol, so that a test can also write what no library would.

use bech32::{Bech32, Fe32, Hrp, primitives::iter::Fe32IterExt};
use secp256k1::{Message, SECP256K1, SecretKey};
use sha2::{Digest, Sha256};

/// BOLT11's tags.
pub const P: u8 = 1;
pub const R: u8 = 3;
pub const NINE: u8 = 5;
pub const X: u8 = 6;
pub const F: u8 = 9;
pub const D: u8 = 13;
pub const S: u8 = 16;
pub const N: u8 = 19;
pub const H: u8 = 23;
pub const C: u8 = 24;
pub const M: u8 = 27;

/// The moment all invoices of these tests are made at, and the one they are checked at.
pub const MADE_AT: u64 = 1_760_000_000;
pub const NOW: u64 = MADE_AT + 100;
pub const HASH: [u8; 32] = [0x11; 32];
pub const TRADE: [u8; 32] = [0x33; 32];
/// The secret keys of the seller's node, of our own and of a stranger's.
pub const SELLER: [u8; 32] = [0x41; 32];
pub const OURS: [u8; 32] = [0x42; 32];
pub const STRANGER: [u8; 32] = [0x43; 32];
/// What the default invoice says.
pub const AMOUNT_SAT: u64 = 50_000;
pub const CLTV: u64 = 1_000;

#[derive(Clone)]
pub struct Raw {
    pub prefix: String,
    pub timestamp: u64,
    /// Tag and five-bit symbols of each field, in order.
    pub fields: Vec<(u8, Vec<u8>)>,
    pub key: [u8; 32],
}

pub fn description(purpose: &str) -> String {
    format!("DOMP/1 {purpose} {}", hex::encode(TRADE))
}

pub fn node(secret: [u8; 32]) -> String {
    hex::encode(public(secret))
}

pub fn public(secret: [u8; 32]) -> [u8; 33] {
    SecretKey::from_slice(&secret).unwrap().public_key(SECP256K1).serialize()
}

/// Bytes as five-bit symbols, the last one filled up with zero bits.
pub fn bytes(bytes: &[u8]) -> Vec<u8> {
    let bit = |index: usize| bytes.get(index / 8).map_or(0, |byte| byte >> (7 - index % 8) & 1);
    (0..(bytes.len() * 8).div_ceil(5))
        .map(|symbol| (0..5).fold(0, |acc, i| acc << 1 | bit(symbol * 5 + i)))
        .collect()
}

/// A number as five-bit symbols, without leading zeros.
pub fn number(mut number: u64) -> Vec<u8> {
    let mut symbols = Vec::new();
    while number > 0 {
        symbols.insert(0, (number % 32) as u8);
        number /= 32;
    }
    symbols
}

/// Feature bits as five-bit symbols.
pub fn features(bits: &[usize]) -> Vec<u8> {
    let symbols = bits.iter().max().map_or(0, |most| most / 5 + 1);
    let value = |symbol: usize| {
        bits.iter().filter(|bit| **bit / 5 == symbol).fold(0, |acc, bit| acc | 1 << (bit % 5))
    };
    (0..symbols).rev().map(value).collect()
}

/// A route hint of hops with these CLTV deltas.
pub fn route(deltas: &[u16]) -> Vec<u8> {
    let mut hops = Vec::new();
    for delta in deltas {
        hops.extend_from_slice(&public(STRANGER));
        hops.extend_from_slice(&[0; 8]);
        hops.extend_from_slice(&1000u32.to_be_bytes());
        hops.extend_from_slice(&100u32.to_be_bytes());
        hops.extend_from_slice(&delta.to_be_bytes());
    }
    bytes(&hops)
}

impl Raw {
    /// A purchase invoice that keeps every rule.
    pub fn good() -> Self {
        let fields = vec![
            (S, bytes(&[0x22; 32])),
            (P, bytes(&HASH)),
            (D, bytes(description("domp_purchase").as_bytes())),
            (X, number(86_400)),
            (C, number(CLTV)),
            (NINE, features(&[8, 14, 17])),
        ];
        Self { prefix: "lnbcrt500u".to_owned(), timestamp: MADE_AT, fields, key: SELLER }
    }
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.to_owned();
        self
    }
    pub fn set(mut self, tag: u8, symbols: Vec<u8>) -> Self {
        let field = self.fields.iter_mut().find(|(found, _)| *found == tag).expect("the field is there");
        field.1 = symbols;
        self
    }
    pub fn without(mut self, tag: u8) -> Self {
        let before = self.fields.len();
        self.fields.retain(|(found, _)| *found != tag);
        assert!(self.fields.len() < before, "the field was there");
        self
    }
    pub fn and(mut self, tag: u8, symbols: Vec<u8>) -> Self {
        self.fields.push((tag, symbols));
        self
    }
    pub fn key(mut self, key: [u8; 32]) -> Self {
        self.key = key;
        self
    }
    pub fn timestamp(mut self, timestamp: u64) -> Self {
        self.timestamp = timestamp;
        self
    }

    /// The data part without the signature.
    pub fn symbols(&self) -> Vec<u8> {
        let stamp = number(self.timestamp);
        let mut symbols = vec![0; 7 - stamp.len()];
        symbols.extend(stamp);
        for (tag, data) in &self.fields {
            symbols.push(*tag);
            symbols.extend([(data.len() / 32) as u8, (data.len() % 32) as u8]);
            symbols.extend(data);
        }
        symbols
    }

    /// The signature, over what is written, as BOLT11 has it.
    pub fn signature(&self) -> [u8; 65] {
        let signed = [self.prefix.as_bytes(), &pack(&self.symbols())].concat();
        let digest = Message::from_digest(Sha256::digest(signed).into());
        let secret = SecretKey::from_slice(&self.key).unwrap();
        let (id, compact) = SECP256K1.sign_ecdsa_recoverable(&digest, &secret).serialize_compact();
        let mut signature = [0; 65];
        signature[..64].copy_from_slice(&compact);
        signature[64] = id.to_i32() as u8;
        signature
    }

    pub fn write(&self) -> String {
        self.write_with(&self.signature())
    }

    /// With this signature, whatever it is.
    pub fn write_with(&self, signature: &[u8; 65]) -> String {
        let mut symbols = self.symbols();
        symbols.extend(bytes(signature));
        with_checksum(&self.prefix, &symbols)
    }
}

/// Prefix, separator, symbols and their checksum.
pub fn with_checksum(prefix: &str, symbols: &[u8]) -> String {
    let hrp = Hrp::parse(prefix).unwrap();
    symbols
        .iter()
        .map(|symbol| Fe32::try_from(*symbol).unwrap())
        .with_checksum::<Bech32>(&hrp)
        .chars()
        .collect()
}

/// Symbols as bytes, filled up with zero bits.
fn pack(symbols: &[u8]) -> Vec<u8> {
    let bit = |index: usize| symbols.get(index / 5).map_or(0, |symbol| symbol >> (4 - index % 5) & 1);
    (0..(symbols.len() * 5).div_ceil(8))
        .map(|byte| (0..8).fold(0, |acc, i| acc << 1 | bit(byte * 8 + i)))
        .collect()
}
