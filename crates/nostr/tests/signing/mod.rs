//! Signs events for tests, each author by a number.

use domp_ports::{contract_relays::Signed, identity::Unsigned};
use domp_protocol::ids::{EventId, PublicKey};
use nostr::{EventBuilder, JsonUtil, Keys, Kind, SecretKey, Tag, Timestamp};

/// Signs as author number `author`, who is not 0.
pub fn sign(author: u8, event: &Unsigned) -> Signed {
    let keys = Keys::new(SecretKey::from_slice(&[author; 32]).unwrap());
    let tags = event.tags.iter().map(|tag| Tag::parse(tag.clone()).unwrap());
    let signed = EventBuilder::new(Kind::from(event.kind), event.content.clone())
        .tags(tags)
        .allow_self_tagging()
        .custom_created_at(Timestamp::from(event.created_at.0))
        .sign_with_keys(&keys)
        .unwrap();
    Signed {
        id: EventId::from_bytes(signed.id.to_bytes()),
        author: PublicKey::from_bytes(signed.pubkey.to_bytes()),
        json: signed.as_json(),
    }
}
