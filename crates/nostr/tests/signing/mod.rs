//! Signs events for tests, each author by a number; the same event always gets the same signature.
#![allow(clippy::unwrap_used)]

use domp_ports::{contract_relays::Signed, identity::Unsigned};
use domp_protocol::ids::{EventId, PublicKey};
use nostr::{EventBuilder, JsonUtil, Keys, Kind, SECP256K1, SecretKey, Tag, Timestamp, secp256k1::Message};

/// Signs as author number `author`, who is not 0.
pub fn sign(author: u8, event: &Unsigned) -> Signed {
    let keys = Keys::new(SecretKey::from_slice(&[author; 32]).unwrap());
    let tags = event.tags.iter().map(|tag| Tag::parse(tag.clone()).unwrap());
    let mut unsigned = EventBuilder::new(Kind::from(event.kind), event.content.clone())
        .tags(tags)
        .allow_self_tagging()
        .custom_created_at(Timestamp::from(event.created_at.0))
        .build(keys.public_key());
    let id = unsigned.id();
    let pair = keys.secret_key().keypair(SECP256K1);
    let signature = SECP256K1.sign_schnorr_no_aux_rand(&Message::from_digest(id.to_bytes()), &pair);
    let signed = unsigned.add_signature(signature).unwrap();
    Signed {
        id: EventId::from_bytes(signed.id.to_bytes()),
        author: PublicKey::from_bytes(signed.pubkey.to_bytes()),
        json: signed.as_json(),
    }
}
