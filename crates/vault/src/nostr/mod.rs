//! The person's Nostr key at work: NIP-06, NIP-01 signatures (BIP-340), NIP-44 version 2, NIP-59. The Nostr library is known
//! here only.

mod gift_wrap;
mod parse;

use crate::{entropy::NoEntropy, phrase::Phrase};
use domp_ports::identity::{Unsigned, Unwrapped, VaultError};
use domp_protocol::ids::PublicKey;
use nostr::{
    Event, JsonUtil, Keys, Kind, Tag, Timestamp, UnsignedEvent,
    nips::{
        nip06::FromMnemonic,
        nip44::{self, Version},
    },
};

/// The longest text that NIP-44 carries here, in bytes: the padded form must fit the library's bound for receiving.
const MAX_PLAINTEXT: usize = 65_408;

/// The key that everything is signed with.
pub(crate) struct NostrKey(Keys);

fn theirs(key: &PublicKey) -> nostr::PublicKey {
    nostr::PublicKey::from_byte_array(*key.as_bytes())
}

fn ours(key: &nostr::PublicKey) -> PublicKey {
    PublicKey::from_bytes(key.to_bytes())
}

impl NostrKey {
    /// NIP-06: `m/44'/1237'/0'/0/0`.
    pub(crate) fn of(phrase: &Phrase) -> Result<Self, NoEntropy> {
        let words = phrase.expose();
        // BIP-32 has no key for one phrase in 2^127; such a phrase is as unlucky as no randomness at all.
        Keys::from_mnemonic(words.as_str(), None).map(Self).map_err(|error| NoEntropy(error.to_string()))
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        ours(&self.0.public_key())
    }

    /// Signs an event, everything in it as given.
    pub(crate) fn sign(&self, event: &Unsigned) -> Result<String, VaultError> {
        let mut tags = Vec::with_capacity(event.tags.len());
        for (place, tag) in event.tags.iter().enumerate() {
            let tag = Tag::parse(tag).map_err(|error| {
                VaultError::Unsignable(format!("tag {place} is not a tag of NIP-01: {error}"))
            })?;
            tags.push(tag);
        }
        // Built field by field: the library's event builder would drop a `p` tag that names ourselves.
        let created_at = Timestamp::from_secs(event.created_at.0);
        let kind = Kind::from_u16(event.kind);
        let unsigned = UnsignedEvent::new(self.0.public_key(), created_at, kind, tags, event.content.clone());
        self.finish(unsigned).map(|event| event.as_json())
    }

    fn finish(&self, unsigned: UnsignedEvent) -> Result<Event, VaultError> {
        unsigned.sign_with_keys(&self.0).map_err(|error| VaultError::Unsignable(error.to_string()))
    }

    /// NIP-44 to `peer`.
    pub(crate) fn encrypt_to(&self, peer: &PublicKey, plaintext: &str) -> Result<String, VaultError> {
        if plaintext.is_empty() || plaintext.len() > MAX_PLAINTEXT {
            let length = plaintext.len();
            return Err(VaultError::Unencryptable(format!(
                "the text has {length} bytes; NIP-44 takes 1 to {MAX_PLAINTEXT}"
            )));
        }
        nip44::encrypt(self.0.secret_key(), &theirs(peer), plaintext, Version::V2)
            .map_err(|_| VaultError::Unencryptable(format!("{peer} is not a key on the curve")))
    }

    /// NIP-44 from `peer`.
    pub(crate) fn decrypt_from(&self, peer: &PublicKey, ciphertext: &str) -> Result<String, VaultError> {
        decrypt(&self.0, &theirs(peer), ciphertext, "the text")
    }

    /// NIP-59 around a complete signed event.
    pub(crate) fn wrap(&self, peer: &PublicKey, inner_json: &str) -> Result<String, VaultError> {
        gift_wrap::wrap(self, peer, inner_json)
    }

    /// The event inside a NIP-59 wrap.
    pub(crate) fn unwrap(&self, wrap_json: &str) -> Result<Unwrapped, VaultError> {
        gift_wrap::unwrap(self, wrap_json)
    }
}

/// NIP-44 decryption; the library bounds the size before it decodes.
fn decrypt(
    keys: &Keys,
    peer: &nostr::PublicKey,
    payload: &str,
    what: &'static str,
) -> Result<String, VaultError> {
    nip44::decrypt(keys.secret_key(), peer, payload).map_err(|_| VaultError::Undecryptable { what })
}
