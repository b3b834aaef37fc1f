//! The text of an invoice, decoded once: syntax, spelling and the one key recovery.

use super::{
    InvoiceError, MAX_LENGTH,
    fields::{Fields, walk},
};
use crate::{ids::NodeId, node_key};
use lightning_invoice::SignedRawBolt11Invoice;
use sha2::{Digest, Sha256};

/// Characters of the signature at the end of the data part (520 bits) and of the checksum behind it.
const SIGNATURE: usize = 104;
const CHECKSUM: usize = 6;

/// An invoice whose syntax, spelling and field counts are right; nothing in it has been compared with anything.
pub(super) struct Decoded {
    /// Lower case, without `lightning:`.
    pub text: String,
    pub signed: SignedRawBolt11Invoice,
}

impl Decoded {
    /// Decodes an invoice, in lower or upper case, with or without `lightning:` before it.
    pub fn read(text: &str) -> Result<Self, InvoiceError> {
        let text = bare(text);
        if text.len() > MAX_LENGTH {
            return Err(InvoiceError::TooLong { found: text.len(), most: MAX_LENGTH });
        }
        let malformed = |reason: String| InvoiceError::Malformed { reason };
        let signed: SignedRawBolt11Invoice = text
            .parse()
            .map_err(|error: lightning_invoice::Bolt11ParseError| malformed(error.to_string()))?;
        let text = text.to_ascii_lowercase();
        let digest = digest(&text).ok_or_else(|| malformed("the data part is too short".to_owned()))?;
        // The library hashes what it would have written; other nodes hash what was written. Only where the two are
        // the same do all of them see the same payee, whatever they make of padding bits and leading zeros.
        if digest != *signed.signable_hash() {
            return Err(InvoiceError::Spelling);
        }
        Ok(Self { text, signed })
    }

    /// The tagged fields, none doubled.
    pub fn fields(&self) -> Result<Fields<'_>, InvoiceError> {
        walk(self.signed.raw_invoice())
    }

    /// The node that signed, recovered from the signature: by far the dearest step, so it is done once and last.
    pub fn signer(&self) -> Result<NodeId, InvoiceError> {
        node_key::recover(*self.signed.signable_hash(), &self.signed.signature().0)
            .ok_or(InvoiceError::Signature)
    }
}

/// The invoice without the `lightning:` that wallets put before it in links.
pub(super) fn bare(text: &str) -> &str {
    const SCHEME: &str = "lightning:";
    match text.get(..SCHEME.len()) {
        Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => &text[SCHEME.len()..],
        _ => text,
    }
}

/// What BOLT11 signs: SHA256 over the prefix and the data part as it stands, padded with zero bits to whole bytes.
/// `lower` has passed the bech32 decoder, so it is ASCII and has a separator.
fn digest(lower: &str) -> Option<[u8; 32]> {
    let separator = lower.rfind('1')?;
    let end = lower.len().checked_sub(SIGNATURE + CHECKSUM)?;
    let data = lower.as_bytes().get(separator + 1..end)?;
    let mut bytes = Vec::with_capacity(data.len() * 5 / 8 + 1);
    let (mut buffer, mut bits) = (0u32, 0u32);
    for &character in data {
        buffer = (buffer << 5) | u32::from(value(character)?);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
            buffer &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        bytes.push((buffer << (8 - bits)) as u8);
    }
    Some(Sha256::new().chain_update(&lower[..separator]).chain_update(&bytes).finalize().into())
}

const fn value(character: u8) -> Option<u8> {
    const NONE: u8 = 0xff;
    const VALUES: [u8; 128] = {
        let alphabet = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
        let mut values = [NONE; 128];
        let mut index = 0;
        while index < alphabet.len() {
            values[alphabet[index] as usize] = index as u8;
            index += 1;
        }
        values
    };
    if character >= 128 || VALUES[character as usize] == NONE {
        return None;
    }
    Some(VALUES[character as usize])
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    /// BOLT11's own examples: three minutes for a cup of coffee, and a fallback address with two hops of a private route.
    const EXAMPLES: [&str; 2] = [
        "lnbc2500u1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpu9qrsgquk0rl77nj30yxdy8j9vdx85fkpmdla2087ne0xh8nhedh8w27kyke0lp53ut353s06fv3qfegext0eh0ymjpf39tuven09sam30g4vgpfna3rh",
        "lnbc20m1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqsfpp3qjmp7lwpagxun9pygexvgpjdc4jdj85fr9yq20q82gphp2nflc7jtzrcazrra7wwgzxqc8u7754cdlpfrmccae92qgzqvzq2ps8pqqqqqqpqqqqq9qqqvpeuqafqxu92d8lr6fvg0r5gv0heeeqgcrqlnm6jhphu9y00rrhy4grqszsvpcgpy9qqqqqqgqqqqq7qqzq9qrsgqdfjcdk6w3ak5pca9hwfwfh63zrrz06wwfya0ydlzpgzxkn5xagsqz7x9j4jwe7yj7vaf2k9lqsdk45kts2fd0fkr28am0u4w95tt2nsq76cqw0",
    ];

    #[test]
    fn read__the_examples_of_bolt11__their_spelling_is_right_and_the_signer_theirs() {
        for example in EXAMPLES {
            let decoded = Decoded::read(example).unwrap();
            decoded.fields().unwrap();
            assert_eq!(
                decoded.signer().unwrap().to_string(),
                "03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad"
            );
        }
    }
}
