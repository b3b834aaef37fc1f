//! NIP-59 for complete signed events.
//!
//! NIP-59 wraps a *rumor*, an event without a signature. What is sent here must convince a third party later, so the signed
//! event travels as text: a rumor of kind 320 whose content is the event's JSON, byte for byte. The rumor's author is the
//! seal's author; both are whoever sends, who need not be the author of the event inside.

use super::{NostrKey, decrypt, ours, parse, theirs};
use domp_ports::identity::{Unwrapped, VaultError};
use domp_protocol::ids::PublicKey;
use nostr::{
    JsonUtil, Keys, Kind, Tag, Timestamp, UnsignedEvent,
    nips::{
        nip44::{self, Version},
        nip59::RANGE_RANDOM_TIMESTAMP_TWEAK,
    },
};

/// The kind of the rumor: DOMP's private message.
const RUMOR: u16 = 320;
/// The kind of a seal (NIP-59).
const SEAL: u16 = 13;
/// The kind of a wrap (NIP-59).
const WRAP: u16 = 1059;
/// The longest rumor in bytes: NIP-44 pads the next step to a length that, encrypted twice, no longer fits a wrap.
const MAX_RUMOR: usize = 40_960;

/// Wraps a signed event for `peer`. Seal and wrap bear times up to two days back, each its own, and the wrap is signed with
/// a key used once, so that neither says when or by whom it was sent.
pub(super) fn wrap(key: &NostrKey, peer: &PublicKey, inner_json: &str) -> Result<String, VaultError> {
    let inner = parse::event(inner_json, None, "the event to wrap").map_err(VaultError::Unsignable)?;
    let author = key.0.public_key();
    let mut rumor = UnsignedEvent::new(author, inner.created_at, Kind::from_u16(RUMOR), [], inner_json);
    rumor.ensure_id();
    let rumor = rumor.as_json();
    if rumor.len() > MAX_RUMOR {
        let length = rumor.len();
        return Err(VaultError::Unencryptable(format!(
            "the message has {length} bytes inside its wrap; at most {MAX_RUMOR} can be sent"
        )));
    }
    let sealed = seal_for(&key.0, peer, &rumor)?;
    let seal = UnsignedEvent::new(author, some_time_ago(), Kind::from_u16(SEAL), [], sealed);
    let seal = key.finish(seal)?.as_json();
    let once = Keys::generate();
    let wrapped = seal_for(&once, peer, &seal)?;
    let to = Tag::public_key(theirs(peer));
    let wrap = UnsignedEvent::new(once.public_key(), some_time_ago(), Kind::from_u16(WRAP), [to], wrapped);
    NostrKey(once).finish(wrap).map(|event| event.as_json())
}

fn seal_for(keys: &Keys, peer: &PublicKey, text: &str) -> Result<String, VaultError> {
    nip44::encrypt(keys.secret_key(), &theirs(peer), text, Version::V2)
        .map_err(|error| VaultError::Unencryptable(format!("for {peer}: {error}")))
}

fn some_time_ago() -> Timestamp {
    Timestamp::tweaked(RANGE_RANDOM_TIMESTAMP_TWEAK)
}

/// Opens a wrap made for us, in NIP-59's order; the event inside is returned as it was sent, unverified.
pub(super) fn unwrap(key: &NostrKey, wrap_json: &str) -> Result<Unwrapped, VaultError> {
    let bad = |reason: String| VaultError::BadWrap(reason);
    let wrap = parse::event(wrap_json, Some(WRAP), "the wrap").map_err(bad)?;
    let seal = decrypt(&key.0, &wrap.pubkey, &wrap.content, "the wrap")?;
    let seal = parse::event(&seal, Some(SEAL), "the seal").map_err(bad)?;
    if !seal.tags.is_empty() {
        return Err(bad("the seal has tags; NIP-59 allows none".to_owned()));
    }
    let rumor = decrypt(&key.0, &seal.pubkey, &seal.content, "the seal")?;
    let kind = parse::raw_kind(&rumor, "the message").map_err(bad)?;
    if kind != RUMOR {
        return Err(bad(format!("the message must be of kind {RUMOR}, this is of kind {kind}")));
    }
    let rumor =
        UnsignedEvent::from_json(&rumor).map_err(|error| bad(parse::not_an_event("the message", &error)))?;
    if rumor.pubkey != seal.pubkey {
        let (claimed, sealed) = (rumor.pubkey.to_hex(), seal.pubkey.to_hex());
        return Err(bad(format!("the message claims to be by {claimed}, but {sealed} sealed it")));
    }
    rumor.verify_id().map_err(|error| bad(format!("the message: {error}")))?;
    Ok(Unwrapped { sender: ours(&seal.pubkey), inner_json: rumor.content })
}
