//! A gift wrap, or one layer of it. The first byte says which: the wrap; the seal in a wrap that is right; the message in a
//! seal that is right; the signed event in a message that is right; the content of that event alone.

use crate::{
    events,
    signing::{AUTHOR, NOW, Unsigned, assert_brief, public_key},
};
use domp_ports::identity::{Identity, Unwrapped, VaultError};
use domp_protocol::{
    event::{Signer, VerifiedEvent},
    ids::PublicKey,
    private::{PRIVATE_KIND, Private},
};
use domp_vault::{Phrase, Vault};
use nostr::{
    Keys, SecretKey,
    nips::nip44::{self, Version},
};
use serde_json::Value;
use std::sync::OnceLock;

const SEAL: u16 = 13;
const WRAP: u16 = 1059;
/// Signs wraps, which name nobody.
const ONCE: [u8; 32] = [0x43; 32];
const WIDEST: usize = 6;

/// What the first byte says of the rest.
#[derive(Clone, Copy)]
pub enum Layer {
    /// A wrap as it lies on a relay.
    Wrap,
    /// What a wrap encrypts.
    Seal,
    /// What a seal encrypts.
    Message,
    /// The signed event that is a message's content.
    Event,
    /// That event's content.
    Content,
}

/// Who receives.
pub fn receiver() -> &'static Vault {
    static VAULT: OnceLock<Vault> = OnceLock::new();
    VAULT.get_or_init(|| {
        vault("leader monkey parrot ring guide accident before fence cannon height naive bean")
    })
}

fn sender() -> &'static Vault {
    static VAULT: OnceLock<Vault> = OnceLock::new();
    VAULT.get_or_init(|| {
        vault("what bleak badge arrange retreat wolf trade produce cricket blur garlic valid proud rude strong choose busy staff weather area salt hollow arm fade")
    })
}

fn vault(words: &str) -> Vault {
    Vault::from_phrase(Phrase::parse(words).expect("a phrase")).expect("a vault")
}

/// Checks one input.
pub fn check(data: &[u8]) {
    let Some((layer, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match layer % 5 {
        0 => whole(text),
        1 => sealed(text),
        2 => said(text),
        3 => wrapped(text),
        _ => content(text),
    }
}

/// A wrap as it is, and signed anew.
fn whole(text: &str) {
    opened(receiver().unwrap(text));
    if let Some(unsigned) = Unsigned::from_json(text) {
        opened(receiver().unwrap(&unsigned.signed_json(&ONCE)));
    }
}

fn sealed(seal: &str) {
    let Some(wrap) = wrap_of(seal) else { return };
    opened(receiver().unwrap(&wrap));
}

/// Whoever sealed it is named as its sender, and its content comes out as it was sent.
fn said(message: &str) {
    let Some(wrap) = encrypted(&AUTHOR, SEAL, message).and_then(|seal| wrap_of(&seal)) else { return };
    match receiver().unwrap(&wrap) {
        Ok(unwrapped) => {
            assert_eq!(unwrapped.sender, public_key(&AUTHOR));
            let message: Value = serde_json::from_str(message).expect("the message is JSON");
            assert_eq!(message["kind"].as_u64(), Some(u64::from(PRIVATE_KIND)));
            assert_eq!(message["pubkey"].as_str(), Some(&*public_key(&AUTHOR).to_string()));
            assert_eq!(message["content"].as_str(), Some(&*unwrapped.inner_json));
            opened(Ok(unwrapped));
        }
        Err(error) => assert_brief(&error),
    }
}

/// What one vault wraps the other unwraps, byte for byte.
fn wrapped(event: &str) {
    let Some(unsigned) = Unsigned::from_json(event) else { return };
    let json = unsigned.signed_json(&AUTHOR);
    match sender().wrap(&receiver().public_key(), &json) {
        Ok(wrap) => {
            let unwrapped = receiver().unwrap(&wrap).expect("what was wrapped is unwrapped");
            assert_eq!((unwrapped.sender, &unwrapped.inner_json), (sender().public_key(), &json));
            assert!(sender().unwrap(&wrap).is_err(), "a stranger opens it");
            opened(Ok(unwrapped));
        }
        Err(error) => {
            assert!(VerifiedEvent::check(&json, NOW).is_err() || json.len() > 4_096, "not wrapped: {error}");
            assert_brief(&error);
        }
    }
}

/// What comes out of a wrap is read like any event.
fn opened(unwrapped: Result<Unwrapped, VaultError>) {
    let unwrapped = match unwrapped {
        Ok(unwrapped) => unwrapped,
        Err(error) => return assert_brief(&error),
    };
    match VerifiedEvent::check(&unwrapped.inner_json, NOW) {
        Ok(event) => {
            events::accepted(&event);
            match Private::read(&event) {
                Ok(signed) => understood(event.content(), signed.body()),
                Err(error) => assert_brief(&error),
            }
        }
        Err(error) => assert_brief(&error),
    }
}

fn content(text: &str) {
    match Private::parse(text) {
        Ok(private) => understood(text, &private),
        Err(error) => {
            assert_brief(&error);
            assert!(!tells_the_secret(text, &error.to_string()), "an error tells a secret: {error}");
        }
    }
}

/// What was understood can be written again, and says the same then.
fn understood(text: &str, private: &Private) {
    let written = private.content();
    assert!(written.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "not in ASCII: {written}");
    assert!(written.len() <= WIDEST * text.len() + 64, "grew to {}", written.len());
    assert_eq!(Private::parse(&written).as_ref(), Ok(private));
    let draft = private.draft(NOW).expect("it is written");
    assert_eq!(draft.content, written);
    let signer = Signer::from_bytes(&AUTHOR).expect("a key");
    if let Ok(event) = draft.sign(&signer) {
        assert_eq!(Private::read(&event).expect("what was written is read").body(), private);
    }
}

/// Whether an error repeats the secret of a release that could not be read.
fn tells_the_secret(text: &str, error: &str) -> bool {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return false };
    let Some(secret) = value["preimage"].as_str() else { return false };
    secret.len() >= 32 && text.matches(secret).count() == 1 && error.contains(secret)
}

fn wrap_of(seal: &str) -> Option<String> {
    encrypted(&ONCE, WRAP, seal)
}

/// An event of that kind with the text in it, encrypted to the receiver.
fn encrypted(secret: &[u8; 32], kind: u16, text: &str) -> Option<String> {
    let keys = Keys::new(SecretKey::from_slice(secret).expect("a key"));
    let to: PublicKey = receiver().public_key();
    let peer = nostr::PublicKey::from_byte_array(*to.as_bytes());
    let content = nip44::encrypt(keys.secret_key(), &peer, text, Version::V2).ok()?;
    let tags = if kind == WRAP { vec![vec!["p".to_owned(), to.to_string()]] } else { Vec::new() };
    Some(Unsigned { kind, created_at: NOW, tags, content }.signed_json(secret))
}
