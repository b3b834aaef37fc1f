//! Effects: everything a trade may do to the world, as data. Secrets are named by hash; only the vault has the bytes.

use crate::letter::Message;
use domp_protocol::{
    ids::PaymentHash,
    purpose::Purpose,
    units::{Blocks, Height, Sat},
};
use serde::{Deserialize, Serialize};

/// Seconds for which a hold invoice can be paid.
pub const INVOICE_EXPIRY_SECONDS: u32 = 86_400;

/// One thing to do. Journaled before it is done; safe to do again `[D3-72]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Payee: issue a hold invoice.
    Issue {
        /// The leg.
        purpose: Purpose,
        /// The payer's hash.
        hash: PaymentHash,
        /// The amount.
        amount: Sat,
        /// c.
        cltv: Blocks,
    },
    /// Payer: pay an invoice that was checked. Tried once; the node's reports say what became of it.
    Pay {
        /// The leg.
        purpose: Purpose,
        /// Its hash.
        hash: PaymentHash,
        /// The invoice.
        bolt11: String,
        /// Its amount: bounds the routing fee.
        amount: Sat,
    },
    /// Payee: take what is held, with the secret that the vault has for this hash.
    Settle {
        /// The leg.
        purpose: Purpose,
        /// Its hash.
        hash: PaymentHash,
    },
    /// Payee: give back what is held and let nothing more in.
    Cancel {
        /// The leg.
        purpose: Purpose,
        /// Its hash.
        hash: PaymentHash,
    },
    /// Send a letter to the other side.
    Send {
        /// The letter.
        message: Message,
        /// Not later than this height: a secret that comes too late must not leave at all.
        not_after: Option<Height>,
    },
    /// Send a letter again that was not acknowledged.
    Resend {
        /// The letter, as it was sent.
        message: Message,
        /// Not later than this height.
        not_after: Option<Height>,
    },
    /// Seller: make an ordinary invoice over the price.
    IssueLate {
        /// The amount.
        amount: Sat,
    },
    /// Buyer: pay the late invoice.
    PayLate {
        /// Its hash.
        hash: PaymentHash,
        /// The invoice.
        bolt11: String,
        /// Its amount.
        amount: Sat,
    },
}
