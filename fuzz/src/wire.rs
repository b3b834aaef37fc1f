//! Answers of LND in the bytes of the wire, as seeds.

use crate::seeds::Seed;

const KEY: &str = "02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619";
const HASH: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// A field of a message: its number, and a number or bytes.
enum Field<'a> {
    Number(u32, u64),
    Bytes(u32, &'a [u8]),
}
use Field::{Bytes, Number};

fn varint(mut value: u64, to: &mut Vec<u8>) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn message(fields: &[Field<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        match field {
            Number(tag, value) => {
                varint(u64::from(*tag) << 3, &mut bytes);
                varint(*value, &mut bytes);
            }
            Bytes(tag, value) => {
                varint(u64::from(*tag) << 3 | 2, &mut bytes);
                varint(value.len() as u64, &mut bytes);
                bytes.extend_from_slice(value);
            }
        }
    }
    bytes
}

/// One seed or more for each call, which the first byte names.
pub fn answers() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |call: u8, bytes: Vec<u8>| seeds.push([&[call], &bytes[..]].concat());
    for state in 0..4 {
        let part = message(&[Number(3, 50_000_000), Number(4, 800_000), Number(7, 801_500), Number(8, 0)]);
        add(0, message(&[Number(21, state), Bytes(22, &part), Bytes(22, &part)]));
    }
    for status in 0..5 {
        let hop = message(&[Number(5, 801_500), Number(6, 50_000_000)]);
        let route = message(&[Number(1, 801_600), Bytes(4, &hop), Bytes(4, &hop)]);
        let part = message(&[Number(1, status % 3), Bytes(2, &route)]);
        add(1, message(&[Number(10, status), Bytes(14, &part), Bytes(14, &part), Number(16, status)]));
        add(1, message(&[Number(10, status), Number(16, status)]));
    }
    let chain = message(&[Bytes(2, b"regtest")]);
    let info = [Bytes(1, KEY.as_bytes()), Bytes(2, b"alice"), Number(6, 800_000), Number(9, 1)];
    add(2, [message(&info), message(&[Number(13, 1_760_000_000), Bytes(16, &chain)])].concat());
    let times = [Number(4, 1_760_000_000), Number(5, 86_400), Number(9, 1_500), Number(12, 50_000_000)];
    add(3, [message(&[Bytes(1, KEY.as_bytes()), Bytes(2, HASH.as_bytes())]), message(&times)].concat());
    add(4, message(&[Bytes(11, &channel())]));
    add(5, message(&[Bytes(1, &[7; 32]), Number(3, 1)]));
    add(5, message(&[Bytes(2, HASH.as_bytes()), Number(3, 1)]));
    let setting = message(&[Bytes(1, b"invoices.holdexpirydelta"), Bytes(2, b"40")]);
    for version in ["0.20.3-beta", "0.21.2-beta commit=v0.21.2-beta", "1.0.0"] {
        add(6, [version.as_bytes(), &[0], &message(&[Bytes(1, &setting)])].concat());
    }
    add(7, macaroon());
    seeds
}

fn channel() -> Vec<u8> {
    let outpoint = format!("{HASH}:1");
    let limits = message(&[Number(2, 100_000), Number(4, 9_900_000_000)]);
    let htlc = message(&[Number(1, 1), Number(2, 50_000)]);
    let ends = [Number(1, 1), Bytes(2, KEY.as_bytes()), Bytes(3, outpoint.as_bytes())];
    let money = [Number(5, 10_000_000), Number(6, 4_996_530), Number(7, 5_000_000), Number(8, 2_810)];
    let fees = [Number(9, 1_116), Number(10, 2_500), Bytes(15, &htlc), Number(18, 1)];
    let bounds = [Bytes(29, &limits), Bytes(30, &limits)];
    [message(&ends), message(&money), message(&fees), message(&bounds)].concat()
}

fn macaroon() -> Vec<u8> {
    let operation = message(&[Bytes(1, b"invoices"), Bytes(2, b"read"), Bytes(2, b"write")]);
    let identifier =
        [&[3][..], &message(&[Bytes(1, &[1; 16]), Bytes(2, b"0"), Bytes(3, &operation)])].concat();
    let mut bytes = vec![2, 1, 3, b'l', b'n', b'd', 2];
    varint(identifier.len() as u64, &mut bytes);
    bytes.extend(identifier);
    bytes.extend([0, 0, 6, 32]);
    bytes.extend([9; 32]);
    bytes
}
