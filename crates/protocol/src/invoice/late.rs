//! The late invoice: an ordinary one, paid by hand when the goods arrived after the escrow had let go of the money.

use super::{
    InvoiceError, LATE_CLTV_CEILING, LateExpected,
    rules::{HashRule, Terms, check_left, examine},
};
use crate::{
    ids::PaymentHash,
    purpose::Purpose,
    units::{Blocks, Msat, Unix},
};
use serde::{Deserialize, Serialize};

/// An ordinary invoice of the seller over the bid's amount, made by [`LateInvoice::check`] only. A type of its own: paying
/// it is final at once, so it can never stand where a [`super::CheckedInvoice`] is asked for.
///
/// Deserialise it from our own storage only; that asks no rule again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateInvoice {
    bolt11: String,
    amount: Msat,
    hash: PaymentHash,
    cltv: Blocks,
    expires_at: Unix,
    fallbacks: usize,
}

impl LateInvoice {
    /// The rules of an escrow invoice, with two differences: the hash is the seller's own and none of ours, and c is at
    /// most [`LATE_CLTV_CEILING`], so that nobody can turn it into a second hold.
    pub fn check(bolt11: &str, expected: &LateExpected<'_>, now: Unix) -> Result<Self, InvoiceError> {
        let terms = Terms {
            network: expected.network,
            amount: expected.amount,
            hash: HashRule::NoneOf(expected.our_hashes),
            payee: &expected.payee,
            own_node: expected.own_node.as_ref(),
            purpose: Purpose::Purchase,
            trade: &expected.trade,
            min_cltv: Blocks(0),
            max_cltv: LATE_CLTV_CEILING,
            min_left_seconds: expected.min_left_seconds,
            may_split: false,
        };
        let facts = examine(bolt11, &terms, now)?;
        Ok(Self {
            bolt11: facts.text,
            amount: facts.amount,
            hash: facts.hash,
            cltv: facts.cltv,
            expires_at: facts.expires_at,
            fallbacks: facts.fallbacks,
        })
    }

    /// Whether at least `min_left_seconds` are left to pay it.
    pub fn still_payable(&self, now: Unix, min_left_seconds: u64) -> Result<(), InvoiceError> {
        check_left(self.expires_at, now, min_left_seconds)
    }

    /// The invoice in lower case, without `lightning:`.
    pub fn bolt11(&self) -> &str {
        &self.bolt11
    }
    /// Its exact amount.
    pub const fn amount(&self) -> Msat {
        self.amount
    }
    /// Its payment hash: the seller's.
    pub const fn hash(&self) -> PaymentHash {
        self.hash
    }
    /// c: its final CLTV delta.
    pub const fn cltv(&self) -> Blocks {
        self.cltv
    }
    /// When it can no longer be paid.
    pub const fn expires_at(&self) -> Unix {
        self.expires_at
    }
    /// How many on-chain fallback addresses it names; reported, never paid.
    pub const fn fallbacks(&self) -> usize {
        self.fallbacks
    }
}
