//! Events made by hand, through the Nostr library alone, so that a test can also sign what this crate would not.

use crate::people::{T, Who};
use nostr::secp256k1::{Keypair, Message};
use nostr::{Kind, PublicKey, SECP256K1, Tag, Tags, Timestamp};
use serde_json::{Value, json};

pub type Strings = Vec<Vec<String>>;

/// Tags from literals.
pub fn tags<const N: usize>(tags: [&[&str]; N]) -> Strings {
    tags.into_iter().map(|tag| tag.iter().map(|value| (*value).to_owned()).collect()).collect()
}

#[derive(Clone)]
pub struct Raw {
    pub who: Who,
    pub kind: u64,
    pub created_at: u64,
    pub tags: Strings,
    pub content: String,
}

impl Raw {
    pub fn new(who: Who, kind: u64, tags: Strings, content: &Value) -> Self {
        Self { who, kind, created_at: T, tags, content: content.to_string() }
    }
    pub fn at(mut self, created_at: u64) -> Self {
        self.created_at = created_at;
        self
    }
    pub fn with(mut self, tag: &[&str]) -> Self {
        self.tags.extend(tags([tag]));
        self
    }
    /// Without every tag of that name.
    pub fn without(mut self, name: &str) -> Self {
        self.tags.retain(|tag| tag[0] != name);
        self
    }
    /// With the content changed.
    pub fn content(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let mut content = serde_json::from_str(&self.content).unwrap();
        change(&mut content);
        self.content = content.to_string();
        self
    }
    pub fn with_field(self, field: &str, value: impl Into<Value>) -> Self {
        self.content(|content| content[field] = value.into())
    }
    pub fn without_field(self, field: &str) -> Self {
        self.content(|content| {
            content.as_object_mut().unwrap().remove(field).unwrap();
        })
    }

    /// The signed event. The library cuts a kind to 16 bits, and so does its signature.
    pub fn sign(&self) -> Value {
        let keys = Keypair::from_seckey_slice(SECP256K1, &self.who.secret()).unwrap();
        let author = PublicKey::from_slice(&keys.x_only_public_key().0.serialize()).unwrap();
        let tags = Tags::from_list(self.tags.iter().map(|tag| Tag::parse(tag.clone()).unwrap()).collect());
        let kind = Kind::from(self.kind as u16);
        let id = nostr::EventId::new(&author, &Timestamp::from(self.created_at), &kind, &tags, &self.content);
        let signature = SECP256K1.sign_schnorr_no_aux_rand(&Message::from_digest(id.to_bytes()), &keys);
        json!({
            "id": id.to_hex(),
            "pubkey": author.to_hex(),
            "created_at": self.created_at,
            "kind": self.kind,
            "tags": self.tags,
            "content": self.content,
            "sig": signature.to_string(),
        })
    }
}
