//! Identifiers: event ids, Nostr keys, node ids and payment hashes, each a type of its own.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Text that is not the hexadecimal form of an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {bytes} bytes in lower-case hex, not {found:?}")]
pub struct BadHex {
    what: &'static str,
    bytes: usize,
    found: String,
}

fn parse<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], BadHex> {
    let bad = || BadHex { what, bytes: N, found: text.chars().take(80).collect() };
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(bad());
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| bad())?;
    Ok(bytes)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// Wraps the raw bytes; nothing is proven by it.
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }
            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
            /// The first eight hex digits, for people.
            pub fn short(&self) -> String {
                hex::encode(&self.0[..4])
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), hex::encode(self.0))
            }
        }
        impl FromStr for $name {
            type Err = BadHex;
            fn from_str(text: &str) -> Result<Self, BadHex> {
                parse($what, text).map(Self)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&hex::encode(self.0))
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// The id of a Nostr event: SHA256 of its canonical form (NIP-01).
    EventId, 32, "an event id"
);
id!(
    /// A person's Nostr key, x-only as BIP-340 has it.
    PublicKey, 32, "a Nostr public key"
);
id!(
    /// A Lightning node's compressed public key (BOLT 7).
    NodeId, 33, "a node id"
);
id!(
    /// SHA256 of a payment's preimage (BOLT 2).
    PaymentHash, 32, "a payment hash"
);
id!(
    /// SHA256(payment hash ‖ nonce): what a bid shows of a hash before the seller invoices it, so that nobody can squat on one.
    Commitment, 32, "a commitment"
);
id!(
    /// The random bytes that open a [`Commitment`].
    Nonce, 32, "a nonce"
);
id!(
    /// SHA256 of a shipping address's text, shown in a bid (kind 301).
    AddressHash, 32, "an address hash"
);
id!(
    /// The key whose hash the arbiter knows: shown beside a receipt, it proves that the buyer's vault confirmed and not
    /// merely a stolen Nostr key (arbitrated mode). Public from the receipt on.
    ConfirmKey, 32, "a confirm key"
);

/// A trade is named by the id of its bid (kind 301).
pub type TradeId = EventId;
