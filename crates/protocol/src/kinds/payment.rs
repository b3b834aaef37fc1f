//! Kind 311, payment confirmation: the buyer says that the payments are in flight `[D3-20]`, `[D3-21]`.
//!
//! The proofs are payment **hashes**. DIP-03 would also take preimages, but a published preimage releases the money
//! before anything was shipped `[D3-22]`; the chain's other events show the hash, so the two can be told apart. DIP-03's
//! sample, with neither `bid_ref` nor a whole proof, shows the form only and is refused `[D3-84]`.

use super::body::Kind;
use super::fields::{Fields, Object, blocks, parsed, text, unix};
use super::malformed::Malformed;
use crate::deadlines::HTLC_TIMEOUT;
use crate::ids::{EventId, PaymentHash};
use crate::tags::reader::{Tag, Tags};
use crate::tags::sealed::{self, Sealed};
use crate::units::{Blocks, Unix};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A payment confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentConfirmation {
    /// `bid_ref`: the **acceptance** (kind 303), whatever the field is called `[D3-21]`.
    pub acceptance: EventId,
    /// `payment_proof`: the purchase's payment hash.
    pub payment_proof: PaymentHash,
    /// `collateral_proof`: the buyer collateral's payment hash. One document requires it, the other does not.
    pub collateral_proof: Option<PaymentHash>,
    /// `payment_method`.
    pub payment_method: PaymentMethod,
    /// `escrow_timeout_blocks`, 144 to 2016.
    pub escrow_timeout: Option<Blocks>,
    /// `encrypted_shipping_address`: NIP-44 to the seller when it is ours, any text when not.
    pub encrypted_shipping_address: Option<String>,
    /// `shipping_instructions`, up to 500 characters, public.
    pub shipping_instructions: Option<String>,
    /// `payment_timestamp`, by the buyer's clock.
    pub payment_timestamp: Option<Unix>,
    /// The buyer's recovery data, readable by the buyer alone.
    pub backup: Option<Sealed>,
}

/// How the buyer says it paid. Only [`PaymentMethod::LightningHtlc`] holds money for a hash `[D3-23]`; the others are
/// read and never taken as paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// `lightning_htlc`.
    LightningHtlc,
    /// `lightning_keysend`: pays at once, nothing is held.
    LightningKeysend,
    /// `onchain`: pays at once, nothing is held.
    Onchain,
}

impl PaymentMethod {
    /// The word used in the content.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LightningHtlc => "lightning_htlc",
            Self::LightningKeysend => "lightning_keysend",
            Self::Onchain => "onchain",
        }
    }
}
impl fmt::Display for PaymentMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl FromStr for PaymentMethod {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::LightningHtlc, Self::LightningKeysend, Self::Onchain]
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or("known are lightning_htlc, lightning_keysend, onchain")
    }
}

/// The longest encrypted address that is read, in characters.
const LONGEST_ADDRESS: usize = 10_000;

impl Kind for PaymentConfirmation {
    const KIND: u16 = 311;

    fn read(content: &str, tags: &[Tag]) -> Result<Self, Malformed> {
        let mut fields = Fields::parse(content)?;
        let payment = Self {
            acceptance: fields.need("bid_ref", parsed)?,
            payment_proof: fields.need("payment_proof", parsed)?,
            collateral_proof: fields.maybe("collateral_proof", parsed)?,
            payment_method: fields.need("payment_method", parsed)?,
            escrow_timeout: fields.maybe("escrow_timeout_blocks", blocks(HTLC_TIMEOUT))?,
            encrypted_shipping_address: fields
                .maybe("encrypted_shipping_address", text(0..=LONGEST_ADDRESS))?,
            shipping_instructions: fields.maybe("shipping_instructions", text(0..=500))?,
            payment_timestamp: fields.maybe("payment_timestamp", unix)?,
            backup: sealed::read(Tags::new(tags), sealed::BACKUP)?,
        };
        fields.finish()?;
        if payment.collateral_proof == Some(payment.payment_proof) {
            return Err(Malformed::field("collateral_proof", "is the same hash as payment_proof"));
        }
        Ok(payment)
    }

    fn content(&self) -> String {
        Object::new()
            .text("bid_ref", self.acceptance)
            .text("payment_proof", self.payment_proof)
            .maybe_text("collateral_proof", self.collateral_proof)
            .text("payment_method", self.payment_method)
            .maybe("escrow_timeout_blocks", self.escrow_timeout.map(|blocks| blocks.0))
            .maybe_text("encrypted_shipping_address", self.encrypted_shipping_address.as_ref())
            .maybe_text("shipping_instructions", self.shipping_instructions.as_ref())
            .maybe("payment_timestamp", self.payment_timestamp.map(|time| time.0))
            .to_ascii()
    }

    fn tags(&self) -> Vec<Tag> {
        self.backup.iter().map(|backup| sealed::write(sealed::BACKUP, backup)).collect()
    }

    fn predecessor(&self) -> Option<EventId> {
        Some(self.acceptance)
    }
}
