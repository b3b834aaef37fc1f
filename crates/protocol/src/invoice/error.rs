//! Why an invoice is refused: one variant a rule, naming the field and both values.

use crate::{
    ids::{NodeId, PaymentHash},
    network::Network,
    units::{Blocks, Msat},
};
use std::fmt;

/// A tagged field of BOLT11, or what is decoded from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `p`: the payment hash.
    PaymentHash,
    /// `s`: the payment secret, by which the payee knows the payer's HTLCs from a prober's.
    PaymentSecret,
    /// `d`: the description in clear.
    Description,
    /// `h`: the SHA256 of the description.
    DescriptionHash,
    /// `n`: the payee's node id, where it is not left to be recovered from the signature.
    Payee,
    /// `x`: seconds after the timestamp at which the invoice expires.
    Expiry,
    /// `c`: the final CLTV delta.
    Cltv,
    /// `9`: the feature bits.
    Features,
    /// `m`: metadata for the payee.
    Metadata,
}

impl Field {
    /// BOLT11's letter and a name, as in `p (payment hash)`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentHash => "p (payment hash)",
            Self::PaymentSecret => "s (payment secret)",
            Self::Description => "d (description)",
            Self::DescriptionHash => "h (description hash)",
            Self::Payee => "n (payee node)",
            Self::Expiry => "x (expiry)",
            Self::Cltv => "c (final CLTV delta)",
            Self::Features => "9 (features)",
            Self::Metadata => "m (metadata)",
        }
    }
}
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an invoice must not be paid. Text taken from the invoice is shortened and escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceError {
    /// More characters than any invoice needs.
    #[error("the invoice has {found} characters; at most {most} are read")]
    TooLong {
        /// Its length.
        found: usize,
        /// The limit.
        most: usize,
    },
    /// Not BOLT11: the checksum, the prefix or a field cannot be decoded `[D3-83]`.
    #[error("not a valid BOLT11 invoice: {reason}; ask the seller's node for a real one")]
    Malformed {
        /// What the decoder says.
        reason: String,
    },
    /// Decodes, but is spelled in a way that a second decoder could take for something else.
    #[error("the invoice is not in BOLT11's shortest spelling, so two nodes could read two invoices in it")]
    Spelling,
    /// No key can have made the signature.
    #[error("the invoice's signature is one that no node can have made")]
    Signature,
    /// A field that must be there once is missing.
    #[error("the invoice has no field {field}; it must have one")]
    Missing {
        /// The field.
        field: Field,
    },
    /// A field is there more than once, and nodes differ on which of them counts.
    #[error(
        "the invoice has field {field} {times} times; nodes differ on which one counts, so it may stand once"
    )]
    Doubled {
        /// The field.
        field: Field,
        /// How often it stands there.
        times: usize,
    },
    /// A field has a length that BOLT11 does not give it, so that readers skip it.
    #[error("the invoice's field {field} has a length that makes readers skip it")]
    FieldLength {
        /// The field.
        field: Field,
    },
    /// Both a description and a description hash.
    #[error("the invoice has a description and a description hash; it must have one of them")]
    TwoDescriptions,
    /// Of another network.
    #[error("the invoice is for {found}, the trade is on {expected}")]
    Network {
        /// The network of its prefix.
        found: &'static str,
        /// The network of the trade.
        expected: Network,
    },
    /// The trade asks for no payment in this role, so no invoice is right.
    #[error("the trade asks for 0 sat here: there is nothing to pay and no invoice to accept")]
    NothingToPay,
    /// No amount: the payer would choose it.
    #[error("the invoice names no amount; it must be {expected}")]
    NoAmount {
        /// What it must say.
        expected: Msat,
    },
    /// An amount that no wallet can count: a fraction of a millisatoshi, or beyond 64 bits.
    #[error(
        "the invoice's amount {found:?} is no whole number of millisatoshi that exists; it must be {expected}"
    )]
    AmountForm {
        /// The amount as the prefix spells it.
        found: String,
        /// What it must say.
        expected: Msat,
    },
    /// Another amount than the bid's `[D3-16]` `[D3-59]`.
    #[error("the invoice is over {found}, the trade says {expected}; the amounts must be equal")]
    Amount {
        /// What it says.
        found: Msat,
        /// What it must say.
        expected: Msat,
    },
    /// On another hash: whoever knows its secret could take the money without our consent.
    #[error("the invoice is on payment hash {found}, ours is {expected}; it must be on ours")]
    Hash {
        /// The hash of the invoice.
        found: PaymentHash,
        /// Our hash.
        expected: PaymentHash,
    },
    /// A late invoice on a hash of the escrow.
    #[error("the late invoice is on our own hash {found} again; it must be on a hash of the seller's")]
    EscrowHash {
        /// The hash of the invoice.
        found: PaymentHash,
    },
    /// Of another node than the one its owner signed for `[D3-19]` `[D3-61]`.
    #[error("the invoice is signed by node {found}, the payee's ln_node is {expected}")]
    Payee {
        /// The node that signed.
        found: NodeId,
        /// The node that had to sign.
        expected: NodeId,
    },
    /// Field `n` names another node than the signature.
    #[error("the invoice's field n names node {named}, but node {signed} signed it")]
    PayeeField {
        /// The node in field `n`.
        named: NodeId,
        /// The node that signed.
        signed: NodeId,
    },
    /// Of our own node: a payment to ourselves is no escrow.
    #[error("the invoice is of our own node {node}; the payee must be another one")]
    OwnNode {
        /// Our node.
        node: NodeId,
    },
    /// Describes something else `[D3-18]`.
    #[error("the invoice's description is {found:?}; it must be {expected:?} or its SHA256")]
    Description {
        /// What it says, shortened.
        found: String,
        /// What it must say.
        expected: String,
    },
    /// The hash of another description.
    #[error("the invoice's description hash is {found}; it must be the SHA256 of {expected:?}")]
    DescriptionHash {
        /// The hash, in hex.
        found: String,
        /// The text that has to be hashed.
        expected: String,
    },
    /// Stamped in the future.
    #[error(
        "the invoice is stamped {found}, which is {ahead} s ahead of our clock ({now}); {most} s are allowed"
    )]
    Future {
        /// Its timestamp, Unix seconds.
        found: u64,
        /// Our time, Unix seconds.
        now: u64,
        /// Seconds between the two.
        ahead: u64,
        /// Seconds allowed.
        most: u64,
    },
    /// Lives too short or too long `[D3-17]` `[D3-60]`.
    #[error("the invoice's field x makes it live {found} s; it must be from {least} to {most} s")]
    Expiry {
        /// Seconds it lives, 3600 when it does not say.
        found: u64,
        /// Shortest life.
        least: u64,
        /// Longest life.
        most: u64,
    },
    /// Has expired, or will before it can be paid `[D3-60]`.
    #[error(
        "the invoice expires at {expires_at}, {left} s from now; at least {least} s must be left to pay it"
    )]
    TimeLeft {
        /// When it expires, Unix seconds.
        expires_at: u64,
        /// Seconds left, 0 when it has expired.
        left: u64,
        /// Seconds that must be left.
        least: u64,
    },
    /// Holds the money too short `[D3-53]`.
    #[error("the invoice's field c asks for a hold of {found} blocks; the agreed numbers need {least}")]
    CltvTooShort {
        /// Its final CLTV delta, 18 when it does not say.
        found: u64,
        /// What the agreed numbers need.
        least: Blocks,
    },
    /// Holds the money too long `[D3-54]`.
    #[error("the invoice's field c asks for a hold of {found} blocks; at most {most} are allowed")]
    CltvTooLong {
        /// Its final CLTV delta.
        found: u64,
        /// The ceiling.
        most: Blocks,
    },
    /// Lacks a feature without which this payment cannot be made safely.
    #[error("the invoice's field 9 does not offer {feature}; {why}")]
    FeatureMissing {
        /// The feature's name in BOLT 9.
        feature: &'static str,
        /// What it is needed for.
        why: &'static str,
    },
    /// Requires something that we do not know, so that paying it could do something else.
    #[error("the invoice requires feature bit {bit}, which this program does not know")]
    FeatureUnknown {
        /// The bit, an even number.
        bit: usize,
    },
    /// Too many route hints, hops in one, or blocks along one.
    #[error("the invoice's route hints have {found} {what}; at most {most} are allowed")]
    RouteHints {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many are allowed.
        most: u64,
    },
}
