//! Notes: what the machine tells people about an input, in data. Nothing acts on a note.

use crate::{ack::Disagreement, letter::Paper, stage::Stage, trade::Unwind};
use domp_protocol::{
    purpose::Purpose,
    units::{Height, Unix},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The trade reached another stage.
    Moved {
        /// From.
        from: Stage,
        /// To.
        to: Stage,
    },
    /// A command was not carried out; nothing has changed.
    Refused(Refusal),
    /// The other side said something that cannot be taken in.
    Ignored(String),
    /// Everything goes back, and why.
    Unwinding(Unwind),
    /// The acknowledgement does not agree with our node: not confirmed, nothing ships.
    AckDisagrees(Disagreement),
    /// A secret arrived before we shipped: kept, not used.
    SecretWithoutEntitlement,
    /// A secret arrived that opens nothing.
    WrongSecret,
    /// The secret arrived when the money had already gone back.
    SecretTooLate,
    /// The secret arrived after the last height at which settling is safe; tried all the same.
    SettlingLate {
        /// That height.
        settle_by: Height,
    },
    /// The node let go of a held HTLC by itself, or lost it.
    LegLost(Purpose),
    /// The node has no such invoice although we issued it.
    InvoiceMissing(Purpose),
    /// Something that must never happen did.
    Alarm(String),
    /// Nothing was sent: too late, or refused by every relay.
    NotSent(String),
    /// The node's outcome of a payment is not known; waiting, never paying again elsewhere.
    PaymentUnknown(Purpose),
    /// Our node refused to pay and sent nothing.
    PaymentRefused {
        /// The leg.
        purpose: Purpose,
        /// The node's word.
        reason: String,
    },
    /// The other side disputes; without effect on money in direct mode.
    Disputed,
    /// The node's height cannot be relied on; waiting before committing money or goods.
    TipNotFresh,
    /// Restored from a backup: whether the goods went out before, only our person knows.
    RestoredInDoubt,
    /// Restored from a backup: a paper of ours was found that this store did not know.
    Remembered(Paper),
}

/// Why a command was not carried out, and what to do instead `[D3-71]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The command belongs to the other side.
    NotYours,
    /// The trade is not there (yet, or any more).
    WrongStage {
        /// Where it is.
        stage: Stage,
        /// What would have to come first, or what to do instead.
        hint: String,
    },
    /// The buyer's hashes have not arrived.
    HashesMissing,
    /// The node is not synced, or its tip is old.
    TipNotFresh,
    /// A height has passed.
    TooLate {
        /// What had to happen by it.
        what: String,
        /// The last height for it.
        by: Height,
    },
    /// A time has passed.
    Expired {
        /// What ended.
        what: String,
        /// When.
        at: Unix,
    },
    /// This very order, with this content, was carried out before.
    Already(String),
    /// The money is on its way back, or is back.
    MoneyGoingBack,
    /// The listed condition does not hold.
    Missing(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYours => f.write_str("only the other side can do that in this trade"),
            Self::WrongStage { stage, hint } => write!(f, "the trade is at '{stage}': {hint}"),
            Self::HashesMissing => f.write_str(
                "the buyer's payment hashes have not arrived yet: wait a moment and try again, or check the relays",
            ),
            Self::TipNotFresh => f.write_str(
                "your node is not synced to the chain, or its last block is over two hours away from this computer's clock: \
                 check both, nothing was done",
            ),
            Self::TooLate { what, by } => write!(f, "too late: {what} was possible until {by}"),
            Self::Expired { what, at } => write!(f, "{what} expired at unix time {}", at.0),
            Self::Already(what) => write!(f, "already done: {what}"),
            Self::MoneyGoingBack => f.write_str("the money of this trade is on its way back to its payer"),
            Self::Missing(what) => f.write_str(what),
        }
    }
}
