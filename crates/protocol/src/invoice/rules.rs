//! The rules, in the order in which they are asked: from the cheap to the dear, the signature last.

use super::{
    EXPIRY_SECONDS, InvoiceError, MAX_AHEAD_SECONDS, MAX_HINT_HOPS, MAX_ROUTE_HINTS, decoded::Decoded,
    description, features, fields::Fields,
};
use crate::{
    deadlines::ROUTE_CEILING,
    ids::{NodeId, PaymentHash, TradeId},
    network::Network,
    purpose::Purpose,
    units::{Blocks, Msat, Sat, Unix},
};
use lightning_invoice::{Currency, RawHrp, RouteHint};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// BOLT11: what an invoice that does not say means.
const DEFAULT_EXPIRY_SECONDS: u64 = 3_600;
const DEFAULT_CLTV: u64 = 18;

/// Which payment hash is right.
pub(super) enum HashRule<'a> {
    /// An invoice of the escrow: on this hash, whose secret is ours.
    Exactly(&'a PaymentHash),
    /// An ordinary invoice: on any hash but these.
    NoneOf(&'a [PaymentHash]),
}

/// What has to hold, of either kind of invoice.
pub(super) struct Terms<'a> {
    pub network: Network,
    pub amount: Sat,
    pub hash: HashRule<'a>,
    pub payee: &'a NodeId,
    pub own_node: Option<&'a NodeId>,
    pub purpose: Purpose,
    pub trade: &'a TradeId,
    pub min_cltv: Blocks,
    pub max_cltv: Blocks,
    pub min_left_seconds: u64,
    pub may_split: bool,
}

/// What an invoice that keeps the rules says, apart from what the terms said already.
pub(super) struct Facts {
    pub text: String,
    pub amount: Msat,
    pub hash: PaymentHash,
    pub cltv: Blocks,
    pub timestamp: Unix,
    pub expires_at: Unix,
    pub splits: bool,
    pub fallbacks: usize,
    pub hints: usize,
}

/// Reads an invoice and asks every rule.
pub(super) fn examine(text: &str, terms: &Terms<'_>, now: Unix) -> Result<Facts, InvoiceError> {
    let decoded = Decoded::read(text)?;
    let raw = decoded.signed.raw_invoice();
    check_network(&raw.hrp.currency, terms.network)?;
    let amount = check_amount(&raw.hrp, terms.amount)?;
    let fields = decoded.fields()?;
    let hash = check_hash(&fields, &terms.hash)?;
    check_description(&fields, terms.purpose, terms.trade)?;
    let timestamp = Unix(raw.data.timestamp.as_unix_timestamp());
    let expires_at = check_times(timestamp, fields.expiry, now, terms.min_left_seconds)?;
    let cltv = check_cltv(fields.cltv, terms.min_cltv, terms.max_cltv)?;
    let splits = features::check(fields.features.unwrap_or_default(), terms.amount, terms.may_split)?;
    check_hints(&fields.hints, cltv)?;
    check_payee(&decoded, &fields, terms)?;
    let (fallbacks, hints) = (fields.fallbacks, fields.hints.len());
    let text = decoded.text;
    Ok(Facts { text, amount, hash, cltv, timestamp, expires_at, splits, fallbacks, hints })
}

/// By the decoded currency: a prefix compared as text would let `lnbc` match `lnbcrt`.
fn check_network(currency: &Currency, expected: Network) -> Result<(), InvoiceError> {
    let (found, network) = match currency {
        Currency::Bitcoin => ("mainnet", Some(Network::Mainnet)),
        Currency::BitcoinTestnet => ("testnet", Some(Network::Testnet)),
        Currency::Signet => ("signet", Some(Network::Signet)),
        Currency::Regtest => ("regtest", Some(Network::Regtest)),
        Currency::Simnet => ("simnet", None),
    };
    if network == Some(expected) { Ok(()) } else { Err(InvoiceError::Network { found, expected }) }
}

/// Exactly sats × 1000 msat `[D3-16]`. The prefix counts in pico-bitcoin, a tenth of a millisatoshi.
fn check_amount(prefix: &RawHrp, expected: Sat) -> Result<Msat, InvoiceError> {
    if expected.is_zero() {
        return Err(InvoiceError::NothingToPay);
    }
    let expected = expected.to_msat();
    let Some(number) = prefix.raw_amount else { return Err(InvoiceError::NoAmount { expected }) };
    let unit = prefix.si_prefix.map_or(1_000_000_000_000, |prefix| prefix.multiplier());
    let exact =
        number.checked_mul(unit).filter(|pico| pico % 10 == 0).and_then(|pico| Msat::new(pico / 10).ok());
    match exact {
        Some(found) if found == expected => Ok(found),
        Some(found) => Err(InvoiceError::Amount { found, expected }),
        None => {
            let letter = prefix.si_prefix.map(|prefix| prefix.to_string()).unwrap_or_default();
            Err(InvoiceError::AmountForm { found: format!("{number}{letter}"), expected })
        }
    }
}

fn check_hash(fields: &Fields<'_>, rule: &HashRule<'_>) -> Result<PaymentHash, InvoiceError> {
    // `walk` refuses an invoice without it; all zeros match nothing.
    let found = PaymentHash::from_bytes(fields.hash.unwrap_or_default());
    let equal = |other: &PaymentHash| bool::from(found.as_bytes().ct_eq(other.as_bytes()));
    match rule {
        HashRule::Exactly(expected) if equal(expected) => Ok(found),
        HashRule::Exactly(expected) => Err(InvoiceError::Hash { found, expected: **expected }),
        HashRule::NoneOf(ours) if ours.iter().any(equal) => Err(InvoiceError::EscrowHash { found }),
        HashRule::NoneOf(_) => Ok(found),
    }
}

/// The description in clear or its SHA256 `[D3-18]`.
fn check_description(fields: &Fields<'_>, purpose: Purpose, trade: &TradeId) -> Result<(), InvoiceError> {
    let expected = description(purpose, trade);
    if let Some(found) = fields.description {
        if found == expected {
            return Ok(());
        }
        let found = found.chars().take(100).collect();
        return Err(InvoiceError::Description { found, expected });
    }
    let found = fields.description_hash.unwrap_or_default();
    if found == <[u8; 32]>::from(Sha256::digest(expected.as_bytes())) {
        return Ok(());
    }
    Err(InvoiceError::DescriptionHash { found: hex::encode(found), expected })
}

/// Not from the future, a life of 1 to 24 hours `[D3-17]`, and enough of it left. Returns when it expires.
fn check_times(timestamp: Unix, expiry: Option<u64>, now: Unix, min_left: u64) -> Result<Unix, InvoiceError> {
    let ahead = now.until(timestamp);
    if ahead > MAX_AHEAD_SECONDS {
        let (found, now, most) = (timestamp.0, now.0, MAX_AHEAD_SECONDS);
        return Err(InvoiceError::Future { found, now, ahead, most });
    }
    let life = expiry.unwrap_or(DEFAULT_EXPIRY_SECONDS);
    if !EXPIRY_SECONDS.contains(&life) {
        let (least, most) = (*EXPIRY_SECONDS.start(), *EXPIRY_SECONDS.end());
        return Err(InvoiceError::Expiry { found: life, least, most });
    }
    let expires_at = timestamp.plus(life);
    check_left(expires_at, now, min_left)?;
    Ok(expires_at)
}

/// Whether at least `least` seconds are left until `expires_at`; an expired invoice never passes.
pub(super) fn check_left(expires_at: Unix, now: Unix, least: u64) -> Result<(), InvoiceError> {
    let left = now.until(expires_at);
    if left == 0 || left < least {
        return Err(InvoiceError::TimeLeft { expires_at: expires_at.0, left, least });
    }
    Ok(())
}

/// c between what the agreed numbers need `[D3-53]` and the ceiling `[D3-54]`; compared as the 64 bits that it has.
fn check_cltv(field: Option<u64>, least: Blocks, most: Blocks) -> Result<Blocks, InvoiceError> {
    let found = field.unwrap_or(DEFAULT_CLTV);
    if found < u64::from(least.0) {
        return Err(InvoiceError::CltvTooShort { found, least });
    }
    match u32::try_from(found) {
        Ok(delta) if delta <= most.0 => Ok(Blocks(delta)),
        _ => Err(InvoiceError::CltvTooLong { found, most }),
    }
}

/// Few hints, few hops, and no hint along which the payment would exceed what nodes route.
fn check_hints(hints: &[&RouteHint], cltv: Blocks) -> Result<(), InvoiceError> {
    let bound = |what: &'static str, found: u64, most: u64| {
        if found <= most { Ok(()) } else { Err(InvoiceError::RouteHints { what, found, most }) }
    };
    bound("hints", hints.len() as u64, MAX_ROUTE_HINTS as u64)?;
    for hint in hints {
        bound("hops in one hint", hint.0.len() as u64, MAX_HINT_HOPS as u64)?;
        let along: u64 = hint.0.iter().map(|hop| u64::from(hop.cltv_expiry_delta)).sum();
        let total = along.saturating_add(u64::from(cltv.0));
        bound("blocks along one hint, c included", total, u64::from(ROUTE_CEILING.0))?;
    }
    Ok(())
}

/// The recovered signer is the expected payee, field `n` says nothing else, and it is not our own node `[D3-61]`.
fn check_payee(decoded: &Decoded, fields: &Fields<'_>, terms: &Terms<'_>) -> Result<(), InvoiceError> {
    let signed = decoded.signer()?;
    if let Some(named) = fields.payee.map(NodeId::from_bytes)
        && named != signed
    {
        return Err(InvoiceError::PayeeField { named, signed });
    }
    if terms.own_node == Some(&signed) {
        return Err(InvoiceError::OwnNode { node: signed });
    }
    if signed != *terms.payee {
        return Err(InvoiceError::Payee { found: signed, expected: *terms.payee });
    }
    Ok(())
}
