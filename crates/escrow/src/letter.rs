//! Letters: what we send to the other side, sent until it is acknowledged.

use crate::{
    ack::Ack,
    input::{Agreement, Shipment, Verdict},
    leg::Leg,
    stage::stage,
    trade::Trade,
};
use domp_protocol::{
    ids::{EventId, Nonce, PaymentHash},
    purpose::Purpose,
    units::{Blocks, Height},
};
use serde::{Deserialize, Serialize};

/// Blocks after which an unacknowledged letter is sent again.
pub const RESEND_AFTER: Blocks = Blocks(2);
/// Blocks after which a bid and its hashes are sent again while nobody has answered: a bid may wait for two weeks.
pub const REPEAT_BID_AFTER: Blocks = Blocks(12);
/// Blocks for which a late invoice is sent again: as long as it can be paid, about a day.
pub const LATE_INVOICE_FOR: Blocks = Blocks(144);
/// Blocks for which a verdict without the secret is sent again, whatever has become of the money: it may come when all is
/// over, and the late payment hangs on it. About a week.
pub const LATE_VERDICT_FOR: Blocks = Blocks(1008);

/// The papers of a trade. Each side writes each of them at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// Kind 301.
    Bid,
    /// The hashes behind the bid's commitments.
    Hashes,
    /// Kind 303.
    Acceptance,
    /// Kind 311.
    Payment,
    /// The seller's statement of what it holds.
    LockAck,
    /// The buyer's agreement with it.
    LockOk,
    /// The parcel is on its way.
    Shipped,
    /// Kind 313.
    Verdict,
    /// The secret alone.
    Release,
    /// Kind 314.
    Refund,
    /// Kind 315 `cancel`.
    AgreeCancel,
    /// Kind 315 `release`.
    AgreeRelease,
    /// An ordinary invoice after the hold.
    LateInvoice,
}

impl Paper {
    /// Whether it is sent again until a receipt comes (the messages in bold in the protocol).
    pub const fn wants_receipt(self) -> bool {
        match self {
            Self::Payment
            | Self::LockAck
            | Self::LockOk
            | Self::Shipped
            | Self::Verdict
            | Self::Release
            | Self::Refund
            | Self::AgreeCancel
            | Self::AgreeRelease
            | Self::LateInvoice => true,
            Self::Bid | Self::Hashes | Self::Acceptance => false,
        }
    }
}

/// What a letter says: all that is needed to write and sign it, without any secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// The bid, which was signed when the trade was created.
    Bid,
    /// The hashes and their nonces.
    Hashes(Vec<(Purpose, PaymentHash, Nonce)>),
    /// The acceptance, from the trade's terms and invoices.
    Acceptance,
    /// The payment confirmation, from the trade's hashes.
    Payment,
    /// What is held.
    LockAck(Box<Ack>),
    /// Agreement with an acknowledgement.
    LockOk {
        /// The acknowledgement.
        ack: EventId,
    },
    /// The parcel.
    Shipped(Shipment),
    /// The buyer's verdict.
    Verdict {
        /// What it says.
        verdict: Verdict,
        /// The price's hash, when its secret goes along.
        reveal: Option<PaymentHash>,
    },
    /// The secret alone.
    Release {
        /// The price's hash, whose secret goes along.
        reveal: PaymentHash,
    },
    /// The refund.
    Refund {
        /// Why.
        reason: String,
    },
    /// A mutual agreement.
    Agree(Agreement),
    /// "I have seen this event": sent once per event seen, never acknowledged itself.
    Receipt {
        /// The event.
        of: EventId,
        /// Height at which we first saw it.
        first_seen: Height,
    },
    /// The late invoice.
    LateInvoice {
        /// The invoice.
        bolt11: String,
    },
}

impl Letter {
    /// Whether it is sent again also when the trade is over: what the late payment hangs on.
    pub const fn outlives_the_trade(&self) -> bool {
        let late = match &self.message {
            Message::LateInvoice { .. } => true,
            Message::Verdict { reveal, .. } => reveal.is_none(),
            _ => false,
        };
        late && self.not_after.is_some()
    }
}

impl Message {
    /// Which paper it is; a receipt is none.
    pub const fn paper(&self) -> Option<Paper> {
        Some(match self {
            Self::Bid => Paper::Bid,
            Self::Hashes(_) => Paper::Hashes,
            Self::Acceptance => Paper::Acceptance,
            Self::Payment => Paper::Payment,
            Self::LockAck(_) => Paper::LockAck,
            Self::LockOk { .. } => Paper::LockOk,
            Self::Shipped(_) => Paper::Shipped,
            Self::Verdict { .. } => Paper::Verdict,
            Self::Release { .. } => Paper::Release,
            Self::Refund { .. } => Paper::Refund,
            Self::Agree(Agreement::Cancel) => Paper::AgreeCancel,
            Self::Agree(Agreement::Release) => Paper::AgreeRelease,
            Self::LateInvoice { .. } => Paper::LateInvoice,
            Self::Receipt { .. } => return None,
        })
    }
    /// The hash whose secret leaves with it, if any.
    pub const fn reveals(&self) -> Option<PaymentHash> {
        match self {
            Self::Verdict { reveal, .. } => *reveal,
            Self::Release { reveal } => Some(*reveal),
            _ => None,
        }
    }
}

/// Whether a letter that was ordered may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It may.
    Now,
    /// Not now.
    Later(&'static str),
    /// Not any more.
    Never(&'static str),
}

/// Looked at before a letter leaves for the first time: between its order and its turn the world may have changed.
pub fn may_leave(trade: &Trade, message: &Message) -> Leave {
    if message.reveals().is_some() {
        if trade.unwind.is_some() {
            return Leave::Never("the money is going back, and the secret does not leave any more");
        }
        if !trade.leg(Purpose::Purchase).is_some_and(Leg::is_locked) {
            return Leave::Never(
                "the price is not in flight any more, and the secret does not leave for nothing",
            );
        }
    }
    match message {
        Message::Payment | Message::LockAck(_) | Message::LockOk { .. } if trade.in_doubt() => {
            if stage(trade).is_ended() {
                return Leave::Never("the trade is over");
            }
            Leave::Later("it may have been written before this store was restored")
        }
        _ => Leave::Now,
    }
}

/// A letter of ours and how far it got.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Letter {
    /// Which paper.
    pub paper: Paper,
    /// What it says.
    pub message: Message,
    /// Not to be sent after this height.
    pub not_after: Option<Height>,
    /// The height when it was last handed out for sending.
    pub posted_at: Height,
    /// The signed event, once a relay has it.
    pub sent: Option<EventId>,
    /// Whether the other side has seen it.
    pub receipted: bool,
    /// It could not be sent and never will be.
    pub dropped: bool,
}
