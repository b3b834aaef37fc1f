//! Node identity proofs: the signature of the `ln_node` tag.

use crate::{
    raw_invoice::{SELLER, STRANGER, node},
    vector::Vector,
};
use domp_protocol::{
    ids::PublicKey,
    node_key::NodeKey,
    node_proof::{sign_message, statement},
    zbase32,
};
use serde_json::{Value, json};

const OWNER: [u8; 32] = [0xab; 32];

fn input(node: String, owner: [u8; 32], signature: &str) -> Value {
    json!({ "node": node, "nostr_key": hex::encode(owner), "signature": signature })
}

fn signed(message: &str) -> String {
    sign_message(&NodeKey::from_bytes(&SELLER).unwrap(), message)
}

/// The good signature with its first byte changed.
fn header(byte: u8) -> String {
    let mut bytes = zbase32::decode::<65>(&signed(&statement(&PublicKey::from_bytes(OWNER)))).unwrap();
    bytes[0] = byte;
    zbase32::encode(&bytes)
}

pub fn table() -> Vec<Vector> {
    let good = signed(&statement(&PublicKey::from_bytes(OWNER)));
    let of = |signature: &str| input(node(SELLER), OWNER, signature);
    let valid =
        |name, what, input| Vector { name, what, rule: "[D3-61]", input, now: None, expect: Ok(Value::Null) };
    let refused =
        |name, what, input, part| Vector { name, what, rule: "[D3-61]", input, now: None, expect: Err(part) };
    let mut zeros = [0; 65];
    zeros[0] = 31;
    let stranger = sign_message(
        &NodeKey::from_bytes(&STRANGER).unwrap(),
        &statement(&PublicKey::from_bytes([0xcd; 32])),
    );
    vec![
        valid("node-proof", "the node's signature over the statement of its owner's Nostr key", of(&good)),
        valid(
            "node-proof-other",
            "another node and another owner",
            input(node(STRANGER), [0xcd; 32], &stranger),
        ),
        refused(
            "node-wrong-node",
            "a good signature, of another node than the tag names",
            input(node(STRANGER), OWNER, &good),
            "is not node",
        ),
        refused(
            "node-wrong-owner",
            "a signature for another Nostr key: copied from somebody's listing",
            input(node(SELLER), [0xac; 32], &good),
            "is not node",
        ),
        refused(
            "node-wrong-message",
            "the key alone, without the words around it",
            of(&signed(&hex::encode(OWNER))),
            "is not node",
        ),
        refused(
            "node-other-version",
            "the statement of another protocol version",
            of(&signed(&format!("DOMP/2 node {}", hex::encode(OWNER)))),
            "is not node",
        ),
        refused(
            "node-alphabet",
            "a letter that z-base-32 does not have",
            of(&good.replacen(&good[9..10], "l", 1)),
            "z-base-32 does not use",
        ),
        refused("node-upper-case", "in upper case", of(&good.to_uppercase()), "z-base-32 does not use"),
        refused("node-short", "one character missing", of(&good[1..]), "104 characters"),
        refused("node-long", "one character too many", of(&format!("{good}y")), "104 characters"),
        refused(
            "node-hex",
            "in hexadecimal digits, as Eclair prints it",
            of(&hex::encode(zbase32::decode::<65>(&good).unwrap())),
            "104 characters",
        ),
        refused("node-recovery-id-4", "a recovery id above 3", of(&header(35)), "begins with byte 35"),
        refused(
            "node-uncompressed",
            "the first byte of a signature for an uncompressed key",
            of(&header(27)),
            "begins with byte 27",
        ),
        refused("node-zeros", "r and s of zero", of(&zbase32::encode(&zeros)), "no signature that any node"),
    ]
}
