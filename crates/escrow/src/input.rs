//! Inputs: everything that can happen to a trade.

use crate::{ack::Ack, letter::Paper};
use domp_protocol::{
    ids::{EventId, Nonce, PaymentHash},
    purpose::Purpose,
    units::{Blocks, Height, Msat, Sat, Unix},
};
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The trade was just created.
    Begin,
    /// Our person wants something.
    Command(Command),
    /// The other side said something: signed, verified, and in its place in the chain.
    Said {
        /// The signed event that says it.
        event: EventId,
        /// What it says.
        said: Said,
    },
    /// Our node reports on an invoice of ours.
    Invoice {
        /// Which leg.
        purpose: Purpose,
        /// What the node says.
        report: InvoiceReport,
    },
    /// Our node reports on a payment of ours.
    Payment {
        /// Which leg.
        purpose: Purpose,
        /// What the node says.
        report: PaymentReport,
    },
    /// Our node reports on the late payment.
    Late(PaymentReport),
    /// An effect came to an end.
    Outcome {
        /// Which one.
        of: Task,
        /// How it ended.
        outcome: Outcome,
    },
    /// Time has passed; the moment of the input says how much.
    Tick,
    /// This store came from a backup: what we did after it was made, it does not know.
    Restored,
    /// An event of our own was found that this store may not have written: it bears our signature, so we said it.
    Wrote {
        /// The signed event.
        event: EventId,
        /// What it says.
        said: Said,
    },
    /// After [`Input::Restored`]: relays were asked for what we wrote, the node for every leg, and all of it was told.
    Recalled,
}

/// What our person decides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Seller: make the invoices and accept the bid.
    Accept,
    /// Buyer: lock the money.
    Pay,
    /// Seller: the goods are on their way.
    Ship(Shipment),
    /// Buyer: the goods came, or did not. `received` reveals the secret.
    Confirm(Verdict),
    /// Buyer: reveal the secret after an earlier verdict that did not.
    Release,
    /// Seller: give everything back (kind 314).
    Refund {
        /// Why, for the buyer.
        reason: String,
    },
    /// Either: sign a mutual agreement (kind 315).
    Agree(Agreement),
    /// Either, before anything is locked: walk away.
    Withdraw,
    /// Seller, after the hold is over: offer an ordinary invoice to a buyer who has the goods.
    OfferLateInvoice,
    /// Buyer, after the hold is over and only for goods received: pay that invoice.
    PayLate,
    /// Seller, restored from a backup: the goods went out before.
    HadShipped(Shipment),
    /// Seller, restored from a backup: the goods are still here, deadlines count again.
    NotShipped,
}

/// What the seller says of the parcel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shipment {
    /// Who carries it.
    pub carrier: Option<String>,
    /// Its tracking number.
    pub tracking: Option<String>,
    /// Anything else.
    pub note: Option<String>,
}

/// What the buyer says of the goods (kind 313).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Verdict {
    /// How they arrived.
    pub condition: Condition,
    /// 1 to 5.
    pub rating: Option<u8>,
    /// Anything else, public.
    pub feedback: Option<String>,
    /// Why, unless received.
    pub reason: Option<String>,
}

/// Kind 313's `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// All as agreed: the only one that releases the money.
    Received,
    /// Some of it.
    PartiallyReceived,
    /// Nothing came.
    NotReceived,
    /// It came damaged.
    Damaged,
}

/// Kind 315's `agreement` in direct mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Everything goes back.
    Cancel,
    /// The seller is paid.
    Release,
}

/// An invoice that passed every check of `domp_protocol::invoice` against this trade.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Offer {
    /// What it is for.
    pub purpose: Purpose,
    /// Its payment hash: ours.
    pub hash: PaymentHash,
    /// Its amount.
    pub amount: Sat,
    /// Its final CLTV delta.
    pub cltv: Blocks,
    /// When it can no longer be paid.
    pub expires: Unix,
    /// The invoice.
    pub bolt11: String,
}

/// Whether a secret came along and opens the price's hash. The bytes went to the vault before this was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// 32 bytes that open P's hash, stored.
    Opens,
    /// None came.
    Absent,
    /// Something came that does not open it.
    Wrong,
}

/// What the other side says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Buyer: the hashes and what opens the bid's commitments to them (already compared with those).
    Hashes(Vec<(Purpose, PaymentHash, Nonce)>),
    /// Seller: kind 303 with invoices that passed every check.
    Acceptance(Vec<Offer>),
    /// Seller: kind 303 that must not be paid, and why.
    BadAcceptance(String),
    /// Buyer: kind 311, with our hashes as its proofs.
    Payment,
    /// Seller: what it holds, and the deadlines.
    LockAck(Box<Ack>),
    /// Buyer: agrees with a lock acknowledgement.
    LockOk {
        /// The acknowledgement it agrees with.
        ack: EventId,
    },
    /// Seller: the goods are on their way.
    Shipped(Shipment),
    /// Buyer: kind 313.
    Verdict {
        /// How the goods arrived.
        condition: Condition,
        /// Whether the secret came with it.
        secret: Secret,
    },
    /// Buyer: the secret alone.
    Release {
        /// Whether it is the right one.
        secret: Secret,
    },
    /// Seller: kind 314.
    Refund,
    /// Either: kind 315.
    Agreed(Agreement),
    /// Either: kind 312; a note without effect on money in direct mode.
    Dispute,
    /// Either: has seen an event of ours.
    Receipt {
        /// The event seen.
        of: EventId,
        /// The height at which it was first seen there.
        first_seen: Height,
    },
    /// Seller: an ordinary invoice for goods received after the hold was over, checked.
    LateInvoice(Offer),
}

/// What the payee's node says of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceReport {
    /// Not (fully) paid.
    Open,
    /// Held in full.
    Held {
        /// The height at which the last part was accepted.
        accepted_at: Height,
        /// The smallest expiry of its parts.
        expiry: Height,
        /// The sum of its parts.
        amount: Msat,
    },
    /// Taken.
    Settled,
    /// Given back, or closed unpaid.
    Cancelled,
    /// The node has no such invoice.
    NotFound,
}

/// What the payer's node says of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentReport {
    /// The node does not know it; this is not "failed".
    NotFound,
    /// Looking for a route, or only a part is in flight.
    Trying,
    /// The whole amount is in flight.
    InFlight {
        /// The smallest expiry at the payee, if known.
        final_expiry: Option<Height>,
        /// The largest expiry at the first hop.
        first_hop_expiry: Height,
    },
    /// Paid.
    Succeeded,
    /// Every part failed.
    Failed,
}

/// Which effect an outcome belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Issuing the invoice of a leg.
    Issue(Purpose),
    /// Paying a leg.
    Pay(Purpose),
    /// Settling a leg.
    Settle(Purpose),
    /// Cancelling a leg.
    Cancel(Purpose),
    /// Sending a letter.
    Send(Paper),
    /// Making the late invoice.
    IssueLate,
    /// Paying the late invoice.
    PayLate,
}

/// How an effect ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done; for a payment: the node has it.
    Done,
    /// An invoice was made.
    Issued {
        /// The invoice.
        bolt11: String,
        /// Its hash.
        hash: PaymentHash,
        /// When it can no longer be paid.
        expires: Unix,
    },
    /// A letter went out: at least one relay has it.
    Sent {
        /// The signed event.
        event: EventId,
    },
    /// Definitely not done, nothing was changed by it.
    Refused(String),
    /// Not known: neither done nor not done.
    Unknown(String),
}
