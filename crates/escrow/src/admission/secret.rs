//! Secrets that arrive: exactly 32 bytes that open the price's hash, or nothing.

use super::Reader;
use crate::input::Secret;
use domp_protocol::{ids::PaymentHash, secret::Preimage, tags::sealed::Sealed};
use zeroize::Zeroizing;

/// No secret came along.
pub(super) const fn absent() -> (Secret, Option<Preimage>) {
    (Secret::Absent, None)
}

/// What is in a ciphertext for us: 64 lower-case hex digits of a preimage that opens the hash. Anything else, also a
/// ciphertext that does not open, is a wrong secret.
pub(super) fn unsealed(
    sealed: &Sealed,
    hash: Option<PaymentHash>,
    with: &Reader<'_>,
) -> (Secret, Option<Preimage>) {
    let bytes = (with.open_secret)(sealed).and_then(|text| decoded(&text));
    match bytes {
        Some(bytes) => tried(bytes.as_slice(), hash),
        None => (Secret::Wrong, None),
    }
}

/// Whether the bytes open the hash; compared in constant time.
pub(super) fn tried(bytes: &[u8], hash: Option<PaymentHash>) -> (Secret, Option<Preimage>) {
    match hash.map(|hash| Preimage::check(bytes, &hash)) {
        Some(Ok(preimage)) => (Secret::Opens, Some(preimage)),
        Some(Err(_)) | None => (Secret::Wrong, None),
    }
}

/// Lower-case hex of any length; the length is judged with the hash.
fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(32));
    for pair in text.as_bytes().chunks_exact(2) {
        bytes.push((digit(pair[0])? << 4) | digit(pair[1])?);
    }
    Some(bytes)
}
