//! The feature bits of an invoice (BOLT 9).

use super::{InvoiceError, SMALLEST_PART};
use crate::units::Sat;

/// Even bits; the odd one above each is the same feature, offered instead of required.
const VAR_ONION: usize = 8;
const PAYMENT_SECRET: usize = 14;
const BASIC_MPP: usize = 16;
const PAYMENT_METADATA: usize = 48;
/// What an invoice may require of its payer: what every node that can hold or pay for us knows.
const KNOWN: [usize; 4] = [VAR_ONION, PAYMENT_SECRET, BASIC_MPP, PAYMENT_METADATA];

/// Refuses required features that we do not know, a payment secret that is not offered, and a payment that may have to
/// be split and cannot be. Returns whether the payment may be split.
pub(super) fn check(flags: &[u8], amount: Sat, may_split: bool) -> Result<bool, InvoiceError> {
    for bit in (0..flags.len() * 8).step_by(2) {
        if has(flags, bit) && !KNOWN.contains(&bit) {
            return Err(InvoiceError::FeatureUnknown { bit });
        }
    }
    if !offers(flags, PAYMENT_SECRET) {
        let why = "without it whoever forwards the payment can probe for it and take part of it";
        return Err(InvoiceError::FeatureMissing { feature: "payment_secret", why });
    }
    let splits = offers(flags, BASIC_MPP);
    if may_split && !splits && amount >= SMALLEST_PART.saturating_add(SMALLEST_PART) {
        let why = "an amount of 40,000 sat and more may have to be paid in parts";
        return Err(InvoiceError::FeatureMissing { feature: "basic_mpp", why });
    }
    Ok(splits)
}

fn offers(flags: &[u8], even: usize) -> bool {
    has(flags, even) || has(flags, even + 1)
}

fn has(flags: &[u8], bit: usize) -> bool {
    flags.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
}
