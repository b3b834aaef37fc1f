//! The invoices of one trade beside each other `[D3-62]`.

use super::{CheckedInvoice, decoded::bare};
use crate::{
    ids::{NodeId, PaymentHash, TradeId},
    purpose::Purpose,
};

/// Why two invoices cannot be those of one trade.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    /// Of two trades.
    #[error("one invoice is for trade {first}, the other for trade {second}")]
    Trades {
        /// Trade of the first.
        first: TradeId,
        /// Trade of the second.
        second: TradeId,
    },
    /// Both for the same purpose.
    #[error("both invoices are for {0}; a trade has one invoice for each purpose")]
    Purpose(Purpose),
    /// Both on one hash: whoever opens one opens the other.
    #[error("both invoices are on payment hash {0}; each must be on a hash of its own")]
    Hash(PaymentHash),
    /// Of two nodes.
    #[error("one invoice is of node {first}, the other of node {second}; both must be of the seller's node")]
    Payees {
        /// Payee of the first.
        first: NodeId,
        /// Payee of the second.
        second: NodeId,
    },
}

/// Checks the purchase invoice and the collateral invoice of one trade against each other: same trade and payee, another
/// purpose and hash.
pub fn check_pair(first: &CheckedInvoice, second: &CheckedInvoice) -> Result<(), PairError> {
    if first.trade() != second.trade() {
        return Err(PairError::Trades { first: first.trade(), second: second.trade() });
    }
    if first.hash() == second.hash() {
        return Err(PairError::Hash(first.hash()));
    }
    if first.purpose() == second.purpose() {
        return Err(PairError::Purpose(first.purpose()));
    }
    if first.payee() != second.payee() {
        return Err(PairError::Payees { first: first.payee(), second: second.payee() });
    }
    Ok(())
}

/// Whether two texts are the same invoice, whatever their case and with or without `lightning:`.
pub fn same_invoice(first: &str, second: &str) -> bool {
    bare(first).eq_ignore_ascii_case(bare(second))
}
