//! DIP-03's HTLC structure `[D3-11]` and its timeout state `[D3-85]`: written and read strictly.
//!
//! Both travel in messages between the parties and in the HTLC state API. Reading refuses unknown, missing and doubled
//! fields and every number outside its range, and names the field.

use crate::{
    deadlines::{HTLC_TIMEOUT, blocks_remaining},
    ids::{EventId, PaymentHash, PublicKey},
    kinds::json::brief_error,
    purpose::Purpose,
    units::{Blocks, Height, Msat},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A structure that DIP-03 does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HtlcError {
    /// Not JSON, or a field is missing, doubled or unknown.
    #[error("the HTLC structure is malformed: {0}")]
    Form(String),
    /// A field whose value breaks its rule.
    #[error("HTLC field {field} is {found}; {rule}")]
    Field {
        /// The field's name, as DIP-03 spells it.
        field: &'static str,
        /// What it holds, shortened.
        found: String,
        /// What it has to hold.
        rule: String,
    },
}

/// One payment held for a trade: the six fields of DIP-03's "DOMP HTLC Structure".
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawHtlc")]
pub struct Htlc {
    amount_msat: Msat,
    payment_hash: PaymentHash,
    timeout_blocks: Blocks,
    recipient: PublicKey,
    purpose: Purpose,
    domp_transaction_id: EventId,
}

/// What an [`Htlc`] is made of, before its ranges are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HtlcParts {
    /// The amount held, in millisatoshi; not zero.
    pub amount: Msat,
    /// SHA256 of the secret that settles it.
    pub payment_hash: PaymentHash,
    /// c: the hold in blocks, 144 to 2016 `[D3-12]`; never the invoice's expiry in seconds.
    pub timeout: Blocks,
    /// The payee's Nostr key.
    pub recipient: PublicKey,
    /// What the payment is for; an anti-spam payment is not held and has no HTLC structure.
    pub purpose: Purpose,
    /// The id of the chain's root, the listing (kind 300) `[D3-13]`.
    pub chain_root: EventId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHtlc {
    amount_msat: Value,
    payment_hash: Value,
    timeout_blocks: Value,
    recipient: Value,
    purpose: Value,
    domp_transaction_id: Value,
}

impl Htlc {
    /// Checks the ranges: the amount is not zero, the hold is 144 to 2016 blocks, the purpose is one that is held.
    pub fn new(parts: HtlcParts) -> Result<Self, HtlcError> {
        let HtlcParts { amount, payment_hash, timeout, recipient, purpose, chain_root } = parts;
        if amount == Msat::ZERO {
            return Err(refuse("amount_msat", 0, "it must be more than zero"));
        }
        check_timeout("timeout_blocks", timeout)?;
        if purpose == Purpose::AntiSpam {
            return Err(refuse("purpose", purpose, "an anti-spam payment is an ordinary one and never held"));
        }
        let (amount_msat, timeout_blocks, domp_transaction_id) = (amount, timeout, chain_root);
        Ok(Self { amount_msat, payment_hash, timeout_blocks, recipient, purpose, domp_transaction_id })
    }

    /// Reads the JSON form; unknown, missing and doubled fields are refused.
    pub fn parse(json: &str) -> Result<Self, HtlcError> {
        let raw: RawHtlc =
            serde_json::from_str(json).map_err(|error| HtlcError::Form(brief_error(&error)))?;
        Self::try_from(raw)
    }

    /// The amount held, in millisatoshi.
    pub const fn amount(&self) -> Msat {
        self.amount_msat
    }
    /// The hash whose preimage settles it.
    pub const fn payment_hash(&self) -> PaymentHash {
        self.payment_hash
    }
    /// The hold in blocks: the invoice's final CLTV delta.
    pub const fn timeout(&self) -> Blocks {
        self.timeout_blocks
    }
    /// The payee's Nostr key.
    pub const fn recipient(&self) -> PublicKey {
        self.recipient
    }
    /// What the payment is for.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }
    /// The id of the listing that the chain of events begins with.
    pub const fn chain_root(&self) -> EventId {
        self.domp_transaction_id
    }
}

impl TryFrom<RawHtlc> for Htlc {
    type Error = HtlcError;
    fn try_from(raw: RawHtlc) -> Result<Self, HtlcError> {
        let amount = number("amount_msat", &raw.amount_msat)?;
        let amount = Msat::new(amount).map_err(|error| refuse("amount_msat", amount, error))?;
        Self::new(HtlcParts {
            amount,
            payment_hash: text("payment_hash", &raw.payment_hash)?,
            timeout: Blocks(blocks("timeout_blocks", &raw.timeout_blocks)?),
            recipient: text("recipient", &raw.recipient)?,
            purpose: text("purpose", &raw.purpose)?,
            chain_root: text("domp_transaction_id", &raw.domp_transaction_id)?,
        })
    }
}

/// How far a hold has run, in DIP-03's words: its vector is 144, 800000, 799900 → 44 `[D3-85]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawTimeout")]
pub struct HtlcTimeout {
    htlc_timeout_blocks: Blocks,
    current_block_height: Height,
    payment_block_height: Height,
    blocks_remaining: Blocks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTimeout {
    htlc_timeout_blocks: Value,
    current_block_height: Value,
    payment_block_height: Value,
    blocks_remaining: Value,
}

impl HtlcTimeout {
    /// The state at height `current` of a hold of `timeout` blocks that began at `paid`. A hold that began after
    /// `current` is refused: one of the two heights is wrong.
    pub fn at(timeout: Blocks, current: Height, paid: Height) -> Result<Self, HtlcError> {
        check_timeout("htlc_timeout_blocks", timeout)?;
        if paid > current {
            let rule = format!("it must not be above current_block_height {}", current.0);
            return Err(refuse("payment_block_height", paid.0, rule));
        }
        Ok(Self {
            htlc_timeout_blocks: timeout,
            current_block_height: current,
            payment_block_height: paid,
            blocks_remaining: blocks_remaining(timeout, current, paid),
        })
    }

    /// Reads the JSON form; a `blocks_remaining` that does not follow from the other three is refused.
    pub fn parse(json: &str) -> Result<Self, HtlcError> {
        let raw: RawTimeout =
            serde_json::from_str(json).map_err(|error| HtlcError::Form(brief_error(&error)))?;
        Self::try_from(raw)
    }

    /// Blocks until the hold ends; zero once it has.
    pub const fn remaining(&self) -> Blocks {
        self.blocks_remaining
    }
    /// Whether the hold has ended.
    pub const fn has_ended(&self) -> bool {
        self.blocks_remaining.0 == 0
    }
}

impl TryFrom<RawTimeout> for HtlcTimeout {
    type Error = HtlcError;
    fn try_from(raw: RawTimeout) -> Result<Self, HtlcError> {
        let state = Self::at(
            Blocks(blocks("htlc_timeout_blocks", &raw.htlc_timeout_blocks)?),
            Height(blocks("current_block_height", &raw.current_block_height)?),
            Height(blocks("payment_block_height", &raw.payment_block_height)?),
        )?;
        let claimed = blocks("blocks_remaining", &raw.blocks_remaining)?;
        if claimed != state.blocks_remaining.0 {
            let rule = format!("the other three fields make it {}", state.blocks_remaining.0);
            return Err(refuse("blocks_remaining", claimed, rule));
        }
        Ok(state)
    }
}

fn refuse(field: &'static str, found: impl ToString, rule: impl ToString) -> HtlcError {
    let found = found.to_string().chars().take(80).collect();
    HtlcError::Field { field, found, rule: rule.to_string() }
}

fn check_timeout(field: &'static str, timeout: Blocks) -> Result<(), HtlcError> {
    if HTLC_TIMEOUT.contains(&timeout.0) {
        return Ok(());
    }
    let rule = format!("it must be from {} to {} blocks", HTLC_TIMEOUT.start(), HTLC_TIMEOUT.end());
    Err(refuse(field, timeout.0, rule))
}

fn number(field: &'static str, value: &Value) -> Result<u64, HtlcError> {
    value.as_u64().ok_or_else(|| refuse(field, value, "it must be a whole number, not negative"))
}

fn blocks(field: &'static str, value: &Value) -> Result<u32, HtlcError> {
    let number = number(field, value)?;
    u32::try_from(number).map_err(|_| refuse(field, number, "no block height or count is that large"))
}

fn text<T>(field: &'static str, value: &Value) -> Result<T, HtlcError>
where
    T: std::str::FromStr,
    T::Err: ToString,
{
    let text = value.as_str().ok_or_else(|| refuse(field, value, "it must be a string"))?;
    text.parse().map_err(|error: T::Err| refuse(field, value, error))
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    fn parts() -> HtlcParts {
        HtlcParts {
            amount: Msat::new(80_000_000_000).unwrap(),
            payment_hash: PaymentHash::from_bytes([1; 32]),
            timeout: Blocks(144),
            recipient: PublicKey::from_bytes([2; 32]),
            purpose: Purpose::Purchase,
            chain_root: EventId::from_bytes([3; 32]),
        }
    }

    #[test]
    fn serialise__dip03_structure__its_six_fields_in_order() {
        let json = serde_json::to_string(&Htlc::new(parts()).unwrap()).unwrap();
        let (hash, key, root) = ("01".repeat(32), "02".repeat(32), "03".repeat(32));
        assert_eq!(
            json,
            format!(
                r#"{{"amount_msat":80000000000,"payment_hash":"{hash}","timeout_blocks":144,"recipient":"{key}","purpose":"domp_purchase","domp_transaction_id":"{root}"}}"#
            )
        );
        assert_eq!(Htlc::parse(&json).unwrap(), Htlc::new(parts()).unwrap());
    }

    #[test]
    fn new__each_number_outside_its_range__names_the_field() {
        let error = Htlc::new(HtlcParts { amount: Msat::ZERO, ..parts() }).unwrap_err().to_string();
        assert!(error.contains("amount_msat is 0"), "{error}");
        for timeout in [0, 143, 2017, u32::MAX] {
            let error = Htlc::new(HtlcParts { timeout: Blocks(timeout), ..parts() }).unwrap_err().to_string();
            assert!(error.contains("timeout_blocks") && error.contains("144 to 2016"), "{error}");
        }
        let error = Htlc::new(HtlcParts { purpose: Purpose::AntiSpam, ..parts() }).unwrap_err().to_string();
        assert!(error.contains("purpose"), "{error}");
    }

    #[test]
    fn deserialise__inside_another_structure__checked_all_the_same() {
        let mut value = serde_json::to_value(Htlc::new(parts()).unwrap()).unwrap();
        value["timeout_blocks"] = 143.into();
        let error = serde_json::from_value::<Vec<Htlc>>(serde_json::json!([value])).unwrap_err();
        assert!(error.to_string().contains("timeout_blocks is 143"), "{error}");
    }

    #[test]
    fn parse__field_that_is_very_long__named_in_part() {
        let json = format!("{{\"{}\":1}}", "x".repeat(50_000));
        let error = Htlc::parse(&json).unwrap_err().to_string();
        assert!(error.len() < 500 && error.contains("xxx") && error.contains("line 1"), "{error}");
    }

    #[test]
    fn timeout__dip03_vector__44_remain() {
        let state = HtlcTimeout::at(Blocks(144), Height(800_000), Height(799_900)).unwrap();
        assert_eq!(state.remaining(), Blocks(44));
        assert!(!state.has_ended());
        let over = HtlcTimeout::at(Blocks(144), Height(800_044), Height(799_900)).unwrap();
        assert!(over.has_ended());
    }

    #[test]
    fn timeout__heights_at_the_end_of_the_type__no_overflow() {
        let state = HtlcTimeout::at(Blocks(2016), Height(u32::MAX), Height(u32::MAX)).unwrap();
        assert_eq!(state.remaining(), Blocks(0), "no chain is that long: the sum saturates");
    }
}
