//! References: the ways people write an id or a key, brought to hexadecimal.
//!
//! Accepted: 64 hex digits, a prefix of at least four, `note1…` and `nevent1…` (NIP-19), `npub1…` and `nprofile1…` for
//! keys, each with or without `nostr:` in front (NIP-21). A Lightning node is its key in hex, with or without
//! `lightning:` in front and `@host:port` behind.

use crate::failure::Failure;
use bech32::{Bech32, Hrp, primitives::decode::UncheckedHrpstring};

/// Fewest hex digits of a prefix: fewer are a typing error more often than an id.
pub const SHORTEST_PREFIX: usize = 4;
/// Longer than any reference with relay hints.
const LONGEST: usize = 2048;

/// An id or the beginning of one: lower-case hex, 4 to 64 digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdReference(String);

impl IdReference {
    /// Reads a trade's, listing's or event's id in any of its forms.
    ///
    /// # Errors
    /// If it is none of them, with all that would be accepted.
    pub fn parse(what: &str, text: &str) -> Result<Self, Failure> {
        let bad = |reason: &str| bad_reference(what, text, reason);
        let plain = strip(text, "nostr:");
        if plain.len() > LONGEST {
            return Err(bad("it is far too long"));
        }
        let lower = plain.to_ascii_lowercase();
        if lower.starts_with("note1") || lower.starts_with("nevent1") {
            return event_of(plain).map(|id| Self(hex::encode(id))).map_err(|reason| bad(&reason));
        }
        if lower.starts_with("npub1") || lower.starts_with("nprofile1") {
            return Err(bad("it names a person, not an event"));
        }
        if lower.starts_with("nsec1") {
            return Err(bad("it is a secret key: never type it anywhere"));
        }
        if !lower.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad("it is neither hexadecimal nor note1… nor nevent1…"));
        }
        match lower.len() {
            0..SHORTEST_PREFIX => Err(bad("a prefix needs at least four hex digits")),
            SHORTEST_PREFIX..=64 => Ok(Self(lower)),
            _ => Err(bad("an id has 64 hex digits")),
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The one of `all` that it means.
    ///
    /// # Errors
    /// If none or several begin like it; several are named.
    pub fn pick<T: Copy>(
        &self,
        what: &str,
        all: impl IntoIterator<Item = (String, T)>,
    ) -> Result<T, Failure> {
        let matching: Vec<(String, T)> = all.into_iter().filter(|(id, _)| id.starts_with(&self.0)).collect();
        match matching.as_slice() {
            [(_, one)] => Ok(*one),
            [] => Err(Failure::refused(&format!("unknown_{what}"), format!("there is no {what} {}", self.0))
                .hint(format!(
                    "`domp {}` shows what there is",
                    if what == "trade" { "trades --all" } else { "listing list" }
                ))),
            several => {
                let ids: Vec<&str> = several.iter().take(5).map(|(id, _)| &id[..16.min(id.len())]).collect();
                let message = format!("{} begins {} {what}s: {}", self.0, several.len(), ids.join(", "));
                Err(Failure::refused("ambiguous_id", message).hint("type more of it"))
            }
        }
    }
}

/// Whether it is meant as a name that a domain answers for (NIP-05), and not as a key.
pub fn is_name(text: &str) -> bool {
    text.contains('@')
}

/// Reads a person's Nostr key: hex, `npub1…` or `nprofile1…`.
///
/// # Errors
/// If it is none of them.
pub fn key(what: &str, text: &str) -> Result<String, Failure> {
    let bad = |reason: &str| bad_reference(what, text, reason);
    let plain = strip(text, "nostr:");
    let lower = plain.to_ascii_lowercase();
    if plain.len() > LONGEST {
        return Err(bad("it is far too long"));
    }
    if lower.starts_with("nsec1") {
        return Err(bad("it is a secret key: never type it anywhere"));
    }
    if lower.starts_with("npub1") || lower.starts_with("nprofile1") {
        return key_of(plain).map(hex::encode).map_err(|reason| bad(&reason));
    }
    if lower.contains('@') {
        return Err(bad(
            "names such as name@example.com are looked up by the command line only; give the key itself",
        ));
    }
    if lower.len() == 64 && lower.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(lower);
    }
    Err(bad("a key is npub1…, nprofile1… or 64 hex digits"))
}

/// Reads a Lightning node: `key` or `key@host:port`; returns the key's text and the address.
///
/// # Errors
/// If the key is not 66 hex digits.
pub fn node(text: &str) -> Result<(String, Option<String>), Failure> {
    let plain = strip(text, "lightning:");
    let (id, address) = match plain.split_once('@') {
        Some((id, address)) => (id, Some(address.to_owned())),
        None => (plain, None),
    };
    let lower = id.to_ascii_lowercase();
    let compressed = lower.starts_with("02") || lower.starts_with("03");
    if lower.len() != 66 || !compressed || !lower.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let reason =
            "a node is its key (66 hex digits, beginning with 02 or 03), possibly followed by @host:port";
        return Err(bad_reference("node", text, reason));
    }
    if address.as_deref().is_some_and(str::is_empty) {
        return Err(bad_reference("node", text, "nothing stands behind the @"));
    }
    Ok((lower, address))
}

/// A person's key as people exchange it (NIP-19).
pub fn npub(key: &[u8; 32]) -> String {
    match Hrp::parse("npub").map(|hrp| bech32::encode::<Bech32>(hrp, key)) {
        Ok(Ok(text)) => text,
        // Not reachable: the part is fixed and 32 bytes fit.
        _ => hex::encode(key),
    }
}

/// Scripts and copied links come with a scheme in front.
fn strip<'a>(text: &'a str, scheme: &str) -> &'a str {
    let text = text.trim();
    match text.get(..scheme.len()) {
        Some(start) if start.eq_ignore_ascii_case(scheme) => text[scheme.len()..].trim_start_matches("//"),
        _ => text,
    }
}

fn bad_reference(what: &str, text: &str, reason: &str) -> Failure {
    let shown: String = text.chars().take(70).collect();
    let shown = if text.trim().to_ascii_lowercase().contains("nsec1") {
        "a text with nsec1".to_owned()
    } else {
        format!("{shown:?}")
    };
    Failure::usage("bad_id", format!("{shown} is not the id of a {what}: {reason}"))
        .field(what)
        .hint("accepted: hex, a unique beginning of it, or the nostr: forms of NIP-19")
}

fn event_of(text: &str) -> Result<[u8; 32], String> {
    let (part, bytes) = decode(text)?;
    match part.as_str() {
        "note" => whole(&bytes),
        "nevent" => first_of(&bytes),
        other => Err(format!("{other} does not name an event")),
    }
}

fn key_of(text: &str) -> Result<[u8; 32], String> {
    let (part, bytes) = decode(text)?;
    match part.as_str() {
        "npub" => whole(&bytes),
        "nprofile" => first_of(&bytes),
        other => Err(format!("{other} does not name a key")),
    }
}

/// Bech32 without its length limit of 90, as NIP-19 has it.
fn decode(text: &str) -> Result<(String, Vec<u8>), String> {
    let parsed = UncheckedHrpstring::new(text).map_err(|error| error.to_string())?;
    let parsed = parsed
        .validate_and_remove_checksum::<Nip19>()
        .map_err(|_| "its checksum does not fit; a letter is wrong".to_owned())?;
    Ok((parsed.hrp().to_lowercase(), parsed.byte_iter().collect()))
}

fn whole(bytes: &[u8]) -> Result<[u8; 32], String> {
    <[u8; 32]>::try_from(bytes).map_err(|_| format!("it holds {} bytes instead of 32", bytes.len()))
}

/// The entry of type 0 in NIP-19's list of type, length and value.
fn first_of(mut bytes: &[u8]) -> Result<[u8; 32], String> {
    while let [kind, length, rest @ ..] = bytes {
        let (value, after) = rest.split_at_checked(usize::from(*length)).ok_or("it is cut short")?;
        if *kind == 0 {
            return whole(value);
        }
        bytes = after;
    }
    Err("it holds no id".into())
}

/// Bech32 with room for relay hints.
#[derive(Clone, Copy)]
enum Nip19 {}

impl bech32::Checksum for Nip19 {
    type MidstateRepr = u32;
    const CODE_LENGTH: usize = LONGEST;
    const CHECKSUM_LENGTH: usize = Bech32::CHECKSUM_LENGTH;
    const GENERATOR_SH: [u32; 5] = Bech32::GENERATOR_SH;
    const TARGET_RESIDUE: u32 = Bech32::TARGET_RESIDUE;
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    // The examples of NIP-19.
    const NPUB: &str = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
    const NPUB_HEX: &str = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
    const NPROFILE: &str = "nprofile1qqsrhuxx8l9ex335q7he0f09aej04zpazpl0ne2cgukyawd24mayt8gpp4mhxue69uhhytnc9e3k7mgpz4mhxue69uhkg6nzv9ejuumpv34kytnrdaksjlyr9p";
    const NPROFILE_HEX: &str = "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d";

    fn encode(part: &str, bytes: &[u8]) -> String {
        bech32::encode::<Nip19>(Hrp::parse(part).unwrap(), bytes).unwrap()
    }

    #[test]
    fn key__each_form__gives_the_same_hex() {
        for text in [
            NPUB,
            &format!("nostr:{NPUB}"),
            &format!(" NOSTR:{NPUB}\n"),
            NPUB_HEX,
            &NPUB_HEX.to_uppercase(),
            &NPUB.to_uppercase(),
        ] {
            assert_eq!(key("seller", text).unwrap(), NPUB_HEX, "{text}");
        }
        assert_eq!(key("seller", NPROFILE).unwrap(), NPROFILE_HEX);
        assert_eq!(npub(&<[u8; 32]>::try_from(hex::decode(NPUB_HEX).unwrap()).unwrap()), NPUB);
    }

    #[test]
    fn key__secret_key__refused_and_not_repeated() {
        let nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
        for failure in [key("seller", nsec).unwrap_err(), IdReference::parse("trade", nsec).unwrap_err()] {
            assert!(failure.message.contains("secret key"), "{failure}");
            assert!(!failure.message.contains("vl029"), "{failure}");
        }
    }

    #[test]
    fn key__wrong_letter_name_or_length__says_what() {
        let wrong = NPUB.replace("elfcs", "elfcq");
        assert!(key("seller", &wrong).unwrap_err().message.contains("checksum"));
        assert!(key("seller", "bob@example.com").unwrap_err().message.contains("command line only"));
        assert!(key("seller", "7e7e").unwrap_err().message.contains("64 hex digits"));
        assert!(key("seller", "").is_err());
    }

    #[test]
    fn id__each_form__gives_hex() {
        let id = [0xab; 32];
        let hexed = hex::encode(id);
        let mut event = vec![1, 3, b'w', b's', b':', 0, 32];
        event.extend(id);
        for text in [
            hexed.clone(),
            hexed.to_uppercase(),
            encode("note", &id),
            encode("nevent", &event),
            format!("nostr:{}", encode("note", &id)),
        ] {
            assert_eq!(IdReference::parse("trade", &text).unwrap().as_str(), hexed, "{text}");
        }
        assert_eq!(IdReference::parse("trade", "ABCD").unwrap().as_str(), "abcd");
    }

    #[test]
    fn id__malformed__says_what() {
        let cases = [
            ("", "four hex digits"),
            ("abc", "four hex digits"),
            ("xyz1", "neither hexadecimal"),
            (&"a".repeat(65), "64 hex digits"),
            (NPUB, "names a person"),
            ("note1qqqqqq", "checksum"),
            (&encode("note", &[1; 31]), "31 bytes"),
            (&encode("nevent", &[0, 33, 1]), "cut short"),
            (&encode("nevent", &[1, 1, 1]), "holds no id"),
            (&"a".repeat(5000), "far too long"),
        ];
        for (text, part) in cases {
            let failure = IdReference::parse("trade", text).unwrap_err();
            assert!(failure.message.contains(part), "{text:?}: {failure}");
            assert!(failure.message.len() < 300);
        }
    }

    #[test]
    fn pick__prefix__unique_or_named() {
        let all = || [("abcd11", 1), ("abcd22", 2), ("ffff33", 3)].map(|(id, n)| (id.to_owned(), n));
        let pick = |text| IdReference::parse("trade", text).unwrap().pick("trade", all());
        assert_eq!(pick("abcd2").unwrap(), 2);
        assert_eq!(pick("ffff").unwrap(), 3);
        let several = pick("abcd").unwrap_err();
        assert!(several.message.contains("abcd11, abcd22"), "{several}");
        assert_eq!(pick("0000").unwrap_err().code, "unknown_trade");
    }

    #[test]
    fn node__forms__read_and_faults_named() {
        let id = format!("02{}", "ab".repeat(32));
        assert_eq!(node(&id).unwrap(), (id.clone(), None));
        assert_eq!(
            node(&format!("lightning:{}@h:9735", id.to_uppercase())).unwrap(),
            (id.clone(), Some("h:9735".into()))
        );
        for text in ["", "02ab", &format!("04{}", "ab".repeat(32)), &format!("{id}@")] {
            assert!(node(text).is_err(), "{text:?}");
        }
    }
}
