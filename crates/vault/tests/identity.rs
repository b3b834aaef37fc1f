//! The identity port: signing, NIP-44, gift wraps, and that nothing secret is ever printed.

#![allow(non_snake_case, clippy::unwrap_used)]

use domp_ports::identity::{Identity, Unsigned, VaultError};
use domp_protocol::{ids::PublicKey, purpose::Purpose, units::Unix};
use domp_vault::{Phrase, Vault};
use nostr::{
    Event, EventBuilder, JsonUtil, Keys, Kind, Tag, Timestamp, UnsignedEvent, nips::nip44, nips::nip59,
};
use proptest::prelude::*;
use std::sync::LazyLock;

const BUYER: &str = "leader monkey parrot ring guide accident before fence cannon height naive bean";
const SELLER: &str = "what bleak badge arrange retreat wolf trade produce cricket blur garlic valid proud rude strong choose busy staff weather area salt hollow arm fade";
/// NIP-06's published secret key of [`BUYER`].
const BUYER_KEY: &str = "7f7ff03d123792d6ac594bfa67bf6d0c0ab55b6b1fdb6249303fe861f1ccba9a";

fn vault(words: &str) -> Vault {
    Vault::from_phrase(Phrase::parse(words).unwrap()).unwrap()
}

static B: LazyLock<Vault> = LazyLock::new(|| vault(BUYER));
static S: LazyLock<Vault> = LazyLock::new(|| vault(SELLER));

fn unsigned(kind: u16, content: &str) -> Unsigned {
    let tags = vec![vec!["ref".to_owned(), "a".to_owned(), "b".to_owned()], vec!["-".to_owned()]];
    Unsigned { kind, tags, content: content.to_owned(), created_at: Unix(1_700_000_000) }
}

fn theirs(key: &PublicKey) -> nostr::PublicKey {
    nostr::PublicKey::from_byte_array(*key.as_bytes())
}

#[test]
fn debug__vault__public_key_only() {
    let told = format!("{:?} {:#?} {:?}", *B, *B, B.phrase());
    assert!(told.contains(&B.public_key().to_string()));
    assert!(!told.contains(BUYER_KEY), "{told}");
    for word in BUYER.split(' ') {
        assert!(!told.split(|c: char| !c.is_alphanumeric()).any(|other| other == word), "{word} in {told}");
    }
    let secret = B.derive_secret(Purpose::Purchase, &[1; 32]);
    assert!(!format!("{secret:?}").contains(&hex::encode(secret.expose())));
}

#[test]
fn random__twice__differs() {
    assert_ne!(B.random(), B.random());
}

#[test]
fn derive_secret__same_salt__same_secret_in_another_process_of_the_same_phrase() {
    let again = vault(BUYER);
    let secret = B.derive_secret(Purpose::Purchase, &[1; 32]);
    assert_eq!(secret.expose(), again.derive_secret(Purpose::Purchase, &[1; 32]).expose());
    assert_ne!(secret.expose(), S.derive_secret(Purpose::Purchase, &[1; 32]).expose());
}

#[test]
fn sign__any_event__verifies_with_everything_as_given() {
    let own = vec![
        vec!["p".to_owned(), B.public_key().to_string()],
        vec!["p".to_owned(), B.public_key().to_string()],
    ];
    let wanted = Unsigned { tags: own.clone(), ..unsigned(301, "{\"a\":\"ü\\n\"}") };
    let event = Event::from_json(B.sign(&wanted).unwrap()).unwrap();
    event.verify().unwrap();
    assert_eq!(event.pubkey, theirs(&B.public_key()));
    assert_eq!(event.kind.as_u16(), 301);
    assert_eq!(event.created_at.as_secs(), 1_700_000_000);
    assert_eq!(event.content, wanted.content);
    let tags: Vec<Vec<String>> = event.tags.iter().map(|tag| tag.clone().to_vec()).collect();
    assert_eq!(tags, own);
}

#[test]
fn sign__empty_tag__refused_with_its_place() {
    let event = Unsigned { tags: vec![vec!["a".to_owned()], Vec::new()], ..unsigned(301, "") };
    let error = B.sign(&event).unwrap_err();
    assert!(matches!(&error, VaultError::Unsignable(reason) if reason.contains("tag 1")), "{error}");
}

#[test]
fn encrypt_to__somebody__only_the_two_read_it() {
    let text = B.encrypt_to(&S.public_key(), "a street and a number").unwrap();
    assert_ne!(text, B.encrypt_to(&S.public_key(), "a street and a number").unwrap());
    assert_eq!(S.decrypt_from(&B.public_key(), &text).unwrap(), "a street and a number");
    assert_eq!(B.decrypt_from(&S.public_key(), &text).unwrap(), "a street and a number");
    let stranger = Vault::from_phrase(Phrase::generate().unwrap()).unwrap();
    let refused = stranger.decrypt_from(&B.public_key(), &text).unwrap_err();
    assert!(matches!(refused, VaultError::Undecryptable { .. }));
    assert!(S.decrypt_from(&stranger.public_key(), &text).is_err());
}

#[test]
fn encrypt_to__oneself__read_again() {
    let text = B.encrypt_to(&B.public_key(), "salt").unwrap();
    assert_eq!(vault(BUYER).decrypt_from(&B.public_key(), &text).unwrap(), "salt");
}

#[test]
fn encrypt_to__empty_or_too_long_or_to_no_key__refused() {
    let nobody = PublicKey::from_bytes([0xff; 32]);
    for (peer, text) in
        [(S.public_key(), String::new()), (S.public_key(), "x".repeat(65_409)), (nobody, "x".into())]
    {
        assert!(matches!(B.encrypt_to(&peer, &text), Err(VaultError::Unencryptable(_))), "{}", text.len());
    }
    let longest = "x".repeat(65_408);
    let sent = B.encrypt_to(&S.public_key(), &longest).unwrap();
    assert_eq!(S.decrypt_from(&B.public_key(), &sent).unwrap(), longest);
    assert!(B.decrypt_from(&nobody, &sent).is_err());
}

#[test]
fn wrap__signed_event__arrives_word_for_word_with_its_sender() {
    let inner = B.sign(&unsigned(320, "{\"v\":1,\"type\":\"hashes\"}")).unwrap();
    let wrap = B.wrap(&S.public_key(), &inner).unwrap();
    let opened = S.unwrap(&wrap).unwrap();
    assert_eq!(opened.inner_json, inner);
    assert_eq!(opened.sender, B.public_key());
    assert!(B.unwrap(&wrap).is_err(), "the sender cannot open it: the key that made it is gone");
}

#[test]
fn wrap__same_event_twice__nothing_in_common_and_nobody_named() {
    let inner = B.sign(&unsigned(320, "{}")).unwrap();
    let wraps = [(); 8].map(|()| Event::from_json(B.wrap(&S.public_key(), &inner).unwrap()).unwrap());
    let now = Timestamp::now().as_secs();
    for wrap in &wraps {
        wrap.verify().unwrap();
        assert_eq!(wrap.kind.as_u16(), 1059);
        assert_ne!(wrap.pubkey, theirs(&B.public_key()));
        assert!(wrap.created_at.as_secs() <= now && wrap.created_at.as_secs() + 172_800 + 60 > now);
        let tags: Vec<Vec<String>> = wrap.tags.iter().map(|tag| tag.clone().to_vec()).collect();
        assert_eq!(tags, [["p".to_owned(), S.public_key().to_string()]]);
    }
    let different = |all: Vec<String>| all.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(different(wraps.iter().map(|wrap| wrap.pubkey.to_hex()).collect()), 8);
    assert!(different(wraps.iter().map(|wrap| wrap.created_at.to_string()).collect()) > 1);
}

#[test]
fn wrap__another_persons_event__forwarded_with_ourselves_as_sender() {
    let inner = S.sign(&unsigned(312, "{}")).unwrap();
    let opened = S.unwrap(&B.wrap(&S.public_key(), &inner).unwrap()).unwrap();
    assert_eq!((opened.sender, opened.inner_json), (B.public_key(), inner));
}

#[test]
fn wrap__no_event_or_a_forged_one__refused() {
    let forged = B.sign(&unsigned(320, "{}")).unwrap().replace("1700000000", "1700000001");
    for inner in ["", "{}", "hello", &forged] {
        assert!(matches!(B.wrap(&S.public_key(), inner), Err(VaultError::Unsignable(_))), "{inner}");
    }
}

#[test]
fn wrap__long_message__sent_or_refused_never_lost() {
    let longest = B.sign(&unsigned(320, &"x".repeat(40_000))).unwrap();
    let wrap = B.wrap(&S.public_key(), &longest).unwrap();
    assert_eq!(S.unwrap(&wrap).unwrap().inner_json, longest);
    for length in [40_900, 60_000, 120_000, 200_000] {
        let too_long = B.sign(&unsigned(320, &"x".repeat(length))).unwrap();
        assert!(B.wrap(&S.public_key(), &too_long).is_err(), "{length}");
    }
}

#[test]
fn wrap__opened_by_the_librarys_own_nip59__the_same_message() {
    let inner = B.sign(&unsigned(320, "{}")).unwrap();
    let wrap = Event::from_json(B.wrap(&S.public_key(), &inner).unwrap()).unwrap();
    let seller = nostr::nips::nip06::FromMnemonic::from_mnemonic(SELLER, None);
    let seller: Keys = seller.unwrap();
    let opened = futures::executor::block_on(nip59::extract_rumor(&seller, &wrap)).unwrap();
    assert_eq!(opened.sender, theirs(&B.public_key()));
    assert_eq!((opened.rumor.kind.as_u16(), opened.rumor.content), (320, inner));
}

#[test]
fn unwrap__made_by_the_librarys_own_nip59__accepted() {
    let sender = Keys::generate();
    let rumor = EventBuilder::new(Kind::from_u16(320), "inside").build(sender.public_key());
    let seller = theirs(&S.public_key());
    let wrap = EventBuilder::gift_wrap(&sender, &seller, rumor, []);
    let wrap = futures::executor::block_on(wrap).unwrap();
    let opened = S.unwrap(&wrap.as_json()).unwrap();
    assert_eq!((theirs(&opened.sender), opened.inner_json.as_str()), (sender.public_key(), "inside"));
}

/// A wrap for the seller with parts of the attacker's choosing.
struct Forgery {
    rumor_author: nostr::PublicKey,
    rumor_kind: u16,
    seal_kind: u16,
    seal_tags: Vec<Tag>,
    wrap_kind: u16,
    rumor_id: Option<nostr::EventId>,
}

fn forge(change: impl FnOnce(&mut Forgery)) -> Result<(), String> {
    let sender = Keys::generate();
    let mut forgery = Forgery {
        rumor_author: sender.public_key(),
        rumor_kind: 320,
        seal_kind: 13,
        seal_tags: Vec::new(),
        wrap_kind: 1059,
        rumor_id: None,
    };
    change(&mut forgery);
    let to = theirs(&S.public_key());
    let encrypt =
        |keys: &Keys, text: String| nip44::encrypt(keys.secret_key(), &to, text, nip44::Version::V2).unwrap();
    let event = |author, kind, tags, content| {
        UnsignedEvent::new(author, Timestamp::now(), Kind::from_u16(kind), tags, content)
    };
    let mut rumor: UnsignedEvent =
        event(forgery.rumor_author, forgery.rumor_kind, Vec::new(), "inside".to_owned());
    rumor.id = forgery.rumor_id;
    let sealed = encrypt(&sender, rumor.as_json());
    let seal = event(sender.public_key(), forgery.seal_kind, forgery.seal_tags, sealed)
        .sign_with_keys(&sender)
        .unwrap();
    let once = Keys::generate();
    let wrapped = encrypt(&once, seal.as_json());
    let wrap =
        event(once.public_key(), forgery.wrap_kind, Vec::new(), wrapped).sign_with_keys(&once).unwrap();
    S.unwrap(&wrap.as_json()).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn unwrap__each_rule_broken__refused_by_its_name() {
    assert_eq!(forge(|_| ()), Ok(()));
    let refused = |change: fn(&mut Forgery), part: &str| {
        let error = forge(change).unwrap_err();
        assert!(error.contains(part), "{error}");
    };
    refused(|forgery| forgery.rumor_author = theirs(&B.public_key()), "claims to be by");
    refused(|forgery| forgery.rumor_kind = 14, "must be of kind 320");
    refused(|forgery| forgery.seal_kind = 14, "must be of kind 13");
    refused(|forgery| forgery.seal_tags = vec![Tag::public_key(theirs(&B.public_key()))], "has tags");
    refused(|forgery| forgery.wrap_kind = 1060, "must be of kind 1059");
    refused(|forgery| forgery.rumor_id = Some(nostr::EventId::all_zeros()), "Invalid event ID");
}

#[test]
fn unwrap__seal_whose_signature_does_not_fit__refused() {
    let (sender, once) = (Keys::generate(), Keys::generate());
    let to = theirs(&S.public_key());
    let rumor = EventBuilder::new(Kind::from_u16(320), "inside").build(sender.public_key()).as_json();
    let sealed = nip44::encrypt(sender.secret_key(), &to, rumor, nip44::Version::V2).unwrap();
    let seal = EventBuilder::new(Kind::Seal, sealed).sign_with_keys(&sender).unwrap();
    let mut other = EventBuilder::new(Kind::Seal, "x").sign_with_keys(&sender).unwrap();
    other.content = seal.content;
    let wrapped = nip44::encrypt(once.secret_key(), &to, other.as_json(), nip44::Version::V2).unwrap();
    let wrap = EventBuilder::new(Kind::GiftWrap, wrapped).sign_with_keys(&once).unwrap();
    assert!(
        matches!(S.unwrap(&wrap.as_json()), Err(VaultError::BadWrap(reason)) if reason.contains("the seal"))
    );
}

#[test]
fn unwrap__kind_that_is_1059_modulo_65536__refused() {
    let wrap = B.wrap(&S.public_key(), &B.sign(&unsigned(320, "{}")).unwrap()).unwrap();
    let larger = wrap.replace("\"kind\":1059", "\"kind\":66595");
    assert_ne!(wrap, larger);
    assert!(matches!(S.unwrap(&larger), Err(VaultError::BadWrap(reason)) if reason.contains("66595")));
}

#[test]
fn unwrap__enormous_or_garbage__refused_with_a_short_reason() {
    let mut odd =
        vec![" ".repeat(200_000), "[".repeat(100_000), format!("{{\"kind\":\"{}\"}}", "x".repeat(10_000))];
    odd.extend(["", "null", "{}", "{\"kind\":1059}", "{\"kind\":-1}", "\u{0}"].map(str::to_owned));
    for text in odd {
        let error = S.unwrap(&text).unwrap_err().to_string();
        assert!(error.len() < 400, "{}", error.len());
    }
}

#[test]
fn seal__opened_by_the_same_phrase_only() {
    let sealed = B.seal(b"secret");
    assert_eq!(**vault(BUYER).open(&sealed).unwrap(), *b"secret");
    assert!(matches!(S.open(&sealed), Err(VaultError::Undecryptable { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn sign__any_content_and_tags__read_back_exactly(
        content in any::<String>(),
        tags in prop::collection::vec(prop::collection::vec(any::<String>(), 1..4), 0..4),
        kind in any::<u16>(),
        time in 0..u64::from(u32::MAX),
    ) {
        let wanted = Unsigned { kind, tags: tags.clone(), content: content.clone(), created_at: Unix(time) };
        let event = Event::from_json(B.sign(&wanted).unwrap()).unwrap();
        prop_assert!(event.verify().is_ok());
        prop_assert_eq!((event.kind.as_u16(), event.created_at.as_secs(), event.content), (kind, time, content));
        prop_assert_eq!(event.tags.iter().map(|tag| tag.clone().to_vec()).collect::<Vec<_>>(), tags);
    }

    #[test]
    fn wrap__any_content__there_and_back(content in ".{0,2000}") {
        let inner = B.sign(&unsigned(320, &content)).unwrap();
        prop_assert_eq!(S.unwrap(&B.wrap(&S.public_key(), &inner).unwrap()).unwrap().inner_json, inner);
    }

    #[test]
    fn encrypt__any_text__there_and_back(text in ".{1,2000}") {
        let sent = B.encrypt_to(&S.public_key(), &text).unwrap();
        prop_assert_eq!(S.decrypt_from(&B.public_key(), &sent).unwrap(), text);
    }

    #[test]
    fn decrypt__any_text__refused_without_panic(text in ".{0,300}", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(S.decrypt_from(&B.public_key(), &text).is_err());
        prop_assert!(S.unwrap(&text).is_err());
        let mut payload = vec![2];
        payload.extend(bytes);
        let encoded = base64(&payload);
        prop_assert!(S.decrypt_from(&B.public_key(), &encoded).is_err());
    }

    #[test]
    fn unwrap__one_letter_changed__refused(at in any::<prop::sample::Index>()) {
        let inner = B.sign(&unsigned(320, "{}")).unwrap();
        let mut wrap = B.wrap(&S.public_key(), &inner).unwrap().into_bytes();
        let at = at.index(wrap.len());
        wrap[at] = if wrap[at] == b'0' { b'1' } else { b'0' };
        let changed = String::from_utf8(wrap).unwrap();
        prop_assert!(S.unwrap(&changed).is_err());
    }
}

/// Base64 with padding, as NIP-44 has it.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * place)) as usize & 63] as char;
            text.push(if place <= three.len() { letter } else { '=' });
        }
    }
    text
}
