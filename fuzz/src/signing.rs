//! Signing whatever the fuzzer made up, so that it gets past the signature and reaches what lies behind.

use domp_protocol::{
    event::{EventDraft, Signer},
    ids::{EventId, PublicKey},
    units::Unix,
};
use secp256k1::{Keypair, Message, SECP256K1};
use serde_json::{Value, json};

/// The moment at which everything is read.
pub const NOW: Unix = Unix(1_760_000_100);
/// The secret key of whoever writes what the fuzzer made up.
pub const AUTHOR: [u8; 32] = [0x42; 32];

/// An event's fields before it is signed.
pub struct Unsigned {
    /// The kind.
    pub kind: u16,
    /// When it says it was made.
    pub created_at: Unix,
    /// The tags.
    pub tags: Vec<Vec<String>>,
    /// The content.
    pub content: String,
}

impl Unsigned {
    /// The fields out of any JSON object, whatever else stands in it.
    pub fn from_json(json: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(json).ok()?;
        let tags = value.get("tags")?.as_array()?.iter().map(strings).collect::<Option<_>>()?;
        Some(Self {
            kind: u16::try_from(value.get("kind")?.as_u64()?).ok()?,
            created_at: Unix(value.get("created_at")?.as_u64()?),
            tags,
            content: value.get("content")?.as_str()?.to_owned(),
        })
    }

    /// The event's JSON, signed, in whatever order and spelling the JSON library has.
    pub fn signed_json(&self, secret: &[u8; 32]) -> String {
        let author = public_key(secret);
        let id = self.draft().id(&author);
        json!({
            "id": id.to_string(),
            "pubkey": author.to_string(),
            "created_at": self.created_at.0,
            "kind": self.kind,
            "tags": self.tags,
            "content": self.content,
            "sig": hex::encode(signature(secret, &id)),
        })
        .to_string()
    }

    fn draft(&self) -> EventDraft {
        let Self { kind, created_at, tags, content } = self;
        EventDraft { kind: *kind, tags: tags.clone(), content: content.clone(), created_at: *created_at }
    }
}

fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

/// The public key of a secret one.
pub fn public_key(secret: &[u8; 32]) -> PublicKey {
    Signer::from_bytes(secret).expect("a key").public_key()
}

fn signature(secret: &[u8; 32], id: &EventId) -> [u8; 64] {
    let pair = Keypair::from_seckey_slice(SECP256K1, secret).expect("a key");
    SECP256K1.sign_schnorr_no_aux_rand(&Message::from_digest(*id.as_bytes()), &pair).serialize()
}

/// Asserts that an error's words do not carry the whole input on: they end in logs and before people's eyes.
pub fn assert_brief(error: &dyn std::fmt::Display) {
    let text = error.to_string();
    assert!(
        text.len() <= LONGEST_ERROR,
        "an error of {} bytes: {}",
        text.len(),
        &text.chars().take(300).collect::<String>()
    );
}

/// The longest error that a stranger's text may cause, in bytes.
const LONGEST_ERROR: usize = 2_000;
