//! A BOLT11 invoice. The first byte says what the rest is: an invoice as it stands; a prefix and a data part, to which the
//! payee's signature and the checksum are added here, so that the rules behind them are reached; or the fields of one that
//! is written by our own builder.

use crate::signing::{NOW, assert_brief};
use arbitrary::Unstructured;
use domp_protocol::{
    ids::{NodeId, PaymentHash, TradeId},
    invoice::{
        CheckedInvoice, Draft, EXPIRY_SECONDS, Expected, InvoiceError, LateExpected, LateInvoice, MAX_LENGTH,
        MIN_LEFT_SECONDS, description, same_invoice,
    },
    network::Network,
    node_key::NodeKey,
    purpose::Purpose,
    units::{Blocks, Msat, Sat, Unix},
};
use lightning_invoice::Bolt11Invoice;
use secp256k1::{Message, SECP256K1, SecretKey};

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const KEY: [u8; 32] = [0x51; 32];
const HASH: PaymentHash = PaymentHash::from_bytes([0x11; 32]);
const TRADE: TradeId = TradeId::from_bytes([0x33; 32]);

/// What the first byte says of the rest, in the order of its remainder by three.
#[derive(Clone, Copy)]
pub enum Form {
    /// An invoice as it stands.
    Whole,
    /// Prefix and data part, unsigned.
    Unsigned,
    /// The fields of a [`Draft`].
    Fields,
}

/// The payee's key.
pub fn key() -> NodeKey {
    NodeKey::from_bytes(&KEY).expect("a key")
}

/// What the trade says of the invoice.
pub fn expected() -> Expected {
    Expected {
        network: Network::Regtest,
        amount: Sat::new(50_000).expect("an amount"),
        hash: HASH,
        payee: key().id(),
        own_node: Some(NodeId::from_bytes([2; 33])),
        purpose: Purpose::Purchase,
        trade: TRADE,
        min_cltv: Blocks(1_000),
        max_cltv: Blocks(1_850),
        min_left_seconds: MIN_LEFT_SECONDS,
        may_split: true,
    }
}

/// An invoice that is as expected.
pub fn draft() -> Draft {
    let expected = expected();
    Draft {
        network: expected.network,
        amount: Some(expected.amount.to_msat()),
        hash: HASH,
        description: description(expected.purpose, &TRADE),
        hashed_description: false,
        timestamp: Unix(NOW.0 - 100),
        expiry_seconds: 86_400,
        cltv: 1_500,
        payment_secret: [0x44; 32],
        splits: true,
        hints: Vec::new(),
    }
}

/// Checks one input.
pub fn check(data: &[u8]) {
    let Some((form, rest)) = data.split_first() else { return };
    match form % 3 {
        0 => {
            let Ok(text) = std::str::from_utf8(rest) else { return };
            judge(text);
        }
        1 => judge(&signed(rest)),
        _ => built(&mut Unstructured::new(rest)),
    }
}

/// Asks every rule of one text.
fn judge(text: &str) {
    match CheckedInvoice::check(text, &expected(), NOW) {
        Ok(invoice) => passed(text, &invoice),
        Err(error) => assert_brief(&error),
    }
    let ours = [HASH];
    let late = late_expected(&ours);
    assert!(!matches!(LateInvoice::check(text, &late, NOW), Ok(invoice) if invoice.hash() == HASH));
    let others = [PaymentHash::from_bytes([0x12; 32])];
    if let Ok(invoice) = LateInvoice::check(text, &late_expected(&others), NOW) {
        assert!(invoice.amount() == expected().amount.to_msat() && invoice.hash() != others[0]);
        assert!(invoice.cltv() <= domp_protocol::invoice::LATE_CLTV_CEILING);
        agrees(invoice.bolt11(), invoice.hash(), invoice.amount(), invoice.cltv());
    }
}

fn late_expected(ours: &[PaymentHash]) -> LateExpected<'_> {
    let Expected { network, amount, payee, own_node, trade, min_left_seconds, .. } = expected();
    LateExpected { network, amount, payee, own_node, trade, our_hashes: ours, min_left_seconds }
}

/// What must be true of an invoice that passed.
fn passed(text: &str, invoice: &CheckedInvoice) {
    let expected = expected();
    assert!(invoice.bolt11().len() <= MAX_LENGTH);
    assert_eq!((invoice.amount(), invoice.hash()), (expected.amount.to_msat(), HASH));
    assert!((expected.min_cltv..=expected.max_cltv).contains(&invoice.cltv()));
    assert!(EXPIRY_SECONDS.contains(&invoice.timestamp().until(invoice.expires_at())));
    assert_eq!(invoice.still_payable(NOW, MIN_LEFT_SECONDS), Ok(()));
    assert!(invoice.still_payable(invoice.expires_at(), MIN_LEFT_SECONDS).is_err());
    agrees(invoice.bolt11(), HASH, invoice.amount(), invoice.cltv());
    let upper = invoice.bolt11().to_ascii_uppercase();
    for spelling in [invoice.bolt11(), &upper, &format!("LIGHTNING:{upper}")] {
        assert_eq!(CheckedInvoice::check(spelling, &expected, NOW).as_ref(), Ok(invoice));
        assert!(same_invoice(spelling, text));
    }
    let stored = serde_json::to_string(invoice).expect("it is stored");
    assert_eq!(&serde_json::from_str::<CheckedInvoice>(&stored).expect("it is loaded"), invoice);
    for other in other_trades() {
        assert!(CheckedInvoice::check(text, &other, NOW).is_err(), "{text} passes for {other:?}");
    }
}

/// The library's own reading, and its own recovery of the payee, say the same.
fn agrees(bolt11: &str, hash: PaymentHash, amount: Msat, cltv: Blocks) {
    let theirs: Bolt11Invoice = bolt11.parse().expect("the library reads it");
    let their_hash: &[u8] = theirs.payment_hash().as_ref();
    assert_eq!(their_hash, hash.as_bytes());
    assert_eq!(theirs.amount_milli_satoshis(), Some(amount.get()));
    assert_eq!(theirs.min_final_cltv_expiry_delta(), u64::from(cltv.0));
    assert_eq!(&theirs.get_payee_pub_key().serialize(), key().id().as_bytes());
}

/// Expectations that differ in one thing each.
fn other_trades() -> [Expected; 7] {
    let it = expected();
    [
        Expected { network: Network::Mainnet, ..it.clone() },
        Expected { amount: Sat::new(50_001).expect("an amount"), ..it.clone() },
        Expected { hash: PaymentHash::from_bytes([0x12; 32]), ..it.clone() },
        Expected { payee: NodeId::from_bytes([3; 33]), ..it.clone() },
        Expected { own_node: Some(key().id()), ..it.clone() },
        Expected { purpose: Purpose::BuyerCollateral, ..it.clone() },
        Expected { trade: TradeId::from_bytes([0x34; 32]), ..it },
    ]
}

/// An invoice of our own builder is taken exactly if its fields keep the rules.
fn built(bytes: &mut Unstructured<'_>) {
    let Ok(draft) = drawn(bytes) else { return };
    let Ok(text) = draft.sign(&key()) else { return };
    let kept = |rule: bool, error: fn(&InvoiceError) -> bool| (rule, error);
    let rules = [
        kept(draft.amount.is_some(), |error| matches!(error, InvoiceError::NoAmount { .. })),
        kept(draft.amount == Some(expected().amount.to_msat()), |error| {
            matches!(error, InvoiceError::Amount { .. } | InvoiceError::AmountForm { .. })
        }),
        kept(draft.hash == HASH, |error| matches!(error, InvoiceError::Hash { .. })),
    ];
    let window = NOW.0.saturating_sub(86_400)..=NOW.0 + 600;
    let left = draft.timestamp.0.saturating_add(draft.expiry_seconds).saturating_sub(NOW.0);
    let other_rules = (1_000..=1_850).contains(&draft.cltv)
        && EXPIRY_SECONDS.contains(&draft.expiry_seconds)
        && window.contains(&draft.timestamp.0)
        && left >= MIN_LEFT_SECONDS
        && draft.splits
        && draft.description == description(Purpose::Purchase, &TRADE);
    match CheckedInvoice::check(&text, &expected(), NOW) {
        Ok(invoice) => {
            assert!(rules.iter().all(|(rule, _)| *rule) && other_rules, "{text} passes");
            passed(&text, &invoice);
        }
        Err(error) => match rules.iter().find(|(rule, _)| !rule) {
            Some((_, is_it)) => assert!(is_it(&error), "{text}: {error}"),
            None => assert!(!other_rules, "{text}: {error}"),
        },
    }
}

fn drawn(bytes: &mut Unstructured<'_>) -> arbitrary::Result<Draft> {
    let mut it = draft();
    if bytes.ratio(1, 8)? {
        it.amount = bytes.arbitrary::<Option<u64>>()?.and_then(|msat| Msat::new(msat).ok());
    }
    if bytes.ratio(1, 8)? {
        it.hash = PaymentHash::from_bytes(bytes.arbitrary()?);
    }
    if bytes.ratio(1, 8)? {
        it.description = bytes.arbitrary()?;
    }
    it.hashed_description = bytes.arbitrary()?;
    it.timestamp = Unix(NOW.0 - 90_000 + bytes.int_in_range(0..=100_000)?);
    it.expiry_seconds = bytes.int_in_range(0..=100_000)?;
    it.cltv = if bytes.arbitrary()? { bytes.int_in_range(900..=2_100)? } else { bytes.arbitrary()? };
    it.payment_secret = bytes.arbitrary()?;
    it.splits = bytes.ratio(7, 8)?;
    Ok(it)
}

/// A prefix and a data part with the payee's signature and a checksum behind them. What is no character of the alphabet is
/// left out of the data part.
pub fn signed(unsigned: &[u8]) -> String {
    let text: String = unsigned.iter().map(|byte| char::from(*byte).to_ascii_lowercase()).collect();
    let (prefix, data) = text.rsplit_once('1').unwrap_or((&text, ""));
    let value = |letter: char| ALPHABET.iter().position(|other| char::from(*other) == letter);
    let mut symbols: Vec<u8> = data.chars().filter_map(value).map(|value| value as u8).collect();
    let digest = hash_of(prefix, &symbols);
    symbols.extend(to_symbols(&signature(digest)));
    let sum = checksum(prefix, &symbols);
    symbols.extend(sum);
    let letters = symbols.iter().map(|symbol| char::from(ALPHABET[usize::from(*symbol)]));
    format!("{prefix}1{}", letters.collect::<String>())
}

fn hash_of(prefix: &str, symbols: &[u8]) -> [u8; 32] {
    use nostr::hashes::{Hash, sha256};
    let bits: Vec<u8> =
        symbols.iter().flat_map(|symbol| (0..5).rev().map(move |bit| symbol >> bit & 1)).collect();
    let packed =
        bits.chunks(8).map(|byte| (0..8).fold(0u8, |sum, n| sum << 1 | byte.get(n).copied().unwrap_or(0)));
    let bytes: Vec<u8> = prefix.bytes().chain(packed).collect();
    sha256::Hash::hash(&bytes).to_byte_array()
}

fn signature(digest: [u8; 32]) -> [u8; 65] {
    let secret = SecretKey::from_slice(&KEY).expect("a key");
    let signature = SECP256K1.sign_ecdsa_recoverable(&Message::from_digest(digest), &secret);
    let (id, compact) = signature.serialize_compact();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&compact);
    bytes[64] = id.to_i32() as u8;
    bytes
}

/// 65 bytes are 104 symbols of five bits exactly.
fn to_symbols(bytes: &[u8; 65]) -> Vec<u8> {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    bits.chunks(5).map(|symbol| symbol.iter().fold(0, |sum, bit| sum << 1 | bit)).collect()
}

/// BIP-173.
fn checksum(prefix: &str, symbols: &[u8]) -> [u8; 6] {
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    let values = high.chain([0]).chain(low).chain(symbols.iter().copied()).chain([0; 6]);
    let sum = values.fold(1u32, |sum, value| {
        let top = sum >> 25;
        let next = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        [0x3b6a_57b2u32, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
            .iter()
            .enumerate()
            .fold(next, |sum, (n, generator)| if top >> n & 1 == 1 { sum ^ generator } else { sum })
    }) ^ 1;
    std::array::from_fn(|n| (sum >> (5 * (5 - n)) & 31) as u8)
}

/// Prefix and data part of an invoice, without its signature and its checksum.
pub fn unsigned(bolt11: &str) -> Option<&str> {
    bolt11.len().checked_sub(110).and_then(|end| bolt11.get(..end))
}
