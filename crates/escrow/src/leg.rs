//! A leg: one HTLC of a trade, as the side that we are on sees it.

use domp_protocol::{
    ids::{Nonce, PaymentHash},
    purpose::Purpose,
    units::{Blocks, Height, Msat, Sat, Unix},
};
use serde::{Deserialize, Serialize};

/// One HTLC of a trade (DIP-03's HTLC structure is written from it).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Leg {
    /// What it is for.
    pub purpose: Purpose,
    /// The amount, fees not included.
    pub amount: Sat,
    /// c: the final CLTV delta of its invoice.
    pub cltv: Blocks,
    /// Its hash; the seller learns it from the buyer's `hashes` message.
    pub hash: Option<PaymentHash>,
    /// What opens the bid's commitment to the hash.
    pub nonce: Option<Nonce>,
    /// Its invoice, once made (payee) or checked (payer).
    pub invoice: Option<String>,
    /// When the invoice can no longer be paid.
    pub invoice_expires: Option<Unix>,
    /// Our end of it.
    pub end: End,
}

/// Which end of an HTLC is ours.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// We are the payee: our node holds it.
    Payee(Holding),
    /// We are the payer: our node sent it.
    Payer(Paying),
}

/// What the payee wants of an invoice. Only ever moves downwards in this list, and never from
/// [`Want::Settle`] to [`Want::Cancel`] or back: no HTLC is both settled and cancelled by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// Not accepted yet.
    Nothing,
    /// Issued, to be held when paid.
    Hold,
    /// To be taken: decided once, for ever.
    Settle,
    /// To be given back: decided once, for ever.
    Cancel,
}

/// What the payee's node says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldState {
    /// No invoice yet.
    Unissued,
    /// Issued, nothing held.
    Open,
    /// All of it held.
    Held {
        /// The height at which the whole amount was in.
        since: Height,
        /// E: the smallest expiry of its parts.
        expiry: Height,
        /// The sum of its parts.
        amount: Msat,
    },
    /// Ours.
    Settled,
    /// Given back, or never to be paid.
    Cancelled,
}

/// The payee's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Holding {
    /// What we decided.
    pub want: Want,
    /// What our node says.
    pub node: HeldState,
    /// Whether it was ever held.
    pub was_held: bool,
    /// The node has acknowledged the last settle or cancel order.
    pub acknowledged: bool,
}

/// What the payer's node says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaidState {
    /// We never asked our node to pay.
    NotSent,
    /// We asked; what became of it is not known (yet). Unknown is not failed.
    Asked,
    /// The whole amount is in flight.
    InFlight {
        /// The smallest expiry at the payee, where our node can tell.
        final_expiry: Option<Height>,
        /// The largest expiry at our end: the money is back by then at the latest.
        first_hop_expiry: Height,
    },
    /// Paid: the payee has used the secret.
    Succeeded,
    /// Every part failed: the money is back.
    Failed,
}

impl PaidState {
    /// The smallest expiry at the payee of what is in flight, where our node can tell.
    pub const fn final_expiry(self) -> Option<Height> {
        match self {
            Self::InFlight { final_expiry, .. } => final_expiry,
            Self::NotSent | Self::Asked | Self::Succeeded | Self::Failed => None,
        }
    }
}

/// The payer's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Paying {
    /// What our node says.
    pub node: PaidState,
    /// Height when we first asked our node to pay: no part of it can have been accepted much earlier.
    pub asked_at: Option<Height>,
    /// That height is not remembered but inferred from the expiry, to which the node may have added blocks: it is no lower
    /// bound.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inferred: bool,
    /// Height when the whole amount was first seen in flight.
    pub seen_at: Option<Height>,
    /// A pay order is with the node now; its call has not come back.
    pub calling: bool,
    /// The node last said that it does not know the payment.
    pub missing: bool,
    /// The node definitely refused the last pay order and sent nothing.
    pub refused: bool,
}

impl Leg {
    /// A leg at the payee's end.
    pub const fn payee(purpose: Purpose, amount: Sat, cltv: Blocks) -> Self {
        let end = End::Payee(Holding {
            want: Want::Nothing,
            node: HeldState::Unissued,
            was_held: false,
            acknowledged: false,
        });
        Self::new(purpose, amount, cltv, end)
    }
    /// A leg at the payer's end.
    pub const fn payer(purpose: Purpose, amount: Sat, cltv: Blocks) -> Self {
        let end = End::Payer(Paying {
            node: PaidState::NotSent,
            asked_at: None,
            inferred: false,
            seen_at: None,
            calling: false,
            missing: false,
            refused: false,
        });
        Self::new(purpose, amount, cltv, end)
    }
    const fn new(purpose: Purpose, amount: Sat, cltv: Blocks, end: End) -> Self {
        Self { purpose, amount, cltv, hash: None, nonce: None, invoice: None, invoice_expires: None, end }
    }
    /// The payee's end, if that is ours.
    pub const fn holding(&self) -> Option<&Holding> {
        match &self.end {
            End::Payee(holding) => Some(holding),
            End::Payer(_) => None,
        }
    }
    /// The payer's end, if that is ours.
    pub const fn paying(&self) -> Option<&Paying> {
        match &self.end {
            End::Payer(paying) => Some(paying),
            End::Payee(_) => None,
        }
    }
    /// Payer: when the invoice runs out of a payment that our node was asked for and has never heard of.
    pub fn unheard_until(&self) -> Option<Unix> {
        let paying = self.paying()?;
        let unheard = paying.node == PaidState::Asked && paying.missing && !paying.calling;
        self.invoice_expires.filter(|_| unheard)
    }
    /// Whether nothing more can happen to it: at this end it is settled, gone home, or was never begun.
    pub const fn is_over(&self) -> bool {
        match &self.end {
            End::Payee(holding) => match holding.node {
                HeldState::Settled | HeldState::Cancelled => true,
                HeldState::Unissued => matches!(holding.want, Want::Nothing),
                HeldState::Open | HeldState::Held { .. } => false,
            },
            End::Payer(paying) => match paying.node {
                PaidState::NotSent | PaidState::Succeeded | PaidState::Failed => true,
                PaidState::Asked | PaidState::InFlight { .. } => false,
            },
        }
    }
    /// Whether it was never begun at this end, as far as our store knows.
    pub const fn is_unbegun(&self) -> bool {
        match &self.end {
            End::Payee(holding) => matches!(holding.node, HeldState::Unissued),
            End::Payer(paying) => matches!(paying.node, PaidState::NotSent),
        }
    }
    /// Whether money of somebody is in it now, as far as our node can tell.
    pub const fn is_locked(&self) -> bool {
        match &self.end {
            End::Payee(holding) => matches!(holding.node, HeldState::Held { .. }),
            End::Payer(paying) => matches!(paying.node, PaidState::InFlight { .. }),
        }
    }
}
