//! The two Lightning nodes and what lies between them: one HTLC a leg, seen from both ends.

use domp_escrow::input::{InvoiceReport, PaymentReport};
use domp_protocol::units::{Blocks, Height, Msat};

/// Blocks that a payer's node adds to the final delta, as LND does.
pub const PAYER_ADDS: Blocks = Blocks(3);

/// The payee's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PayeeEnd {
    /// No invoice.
    #[default]
    None,
    /// Issued.
    Open,
    /// Held.
    Held {
        /// Accepted at.
        since: Height,
        /// Expires at.
        expiry: Height,
        /// Amount.
        amount: Msat,
    },
    /// Taken.
    Settled,
    /// Given back.
    Cancelled,
    /// Held until the channel had to be closed: the failure that must never be ours.
    ForceClosed,
}

/// The payer's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PayerEnd {
    /// Never heard of.
    #[default]
    None,
    /// In flight until this height at the latest.
    InFlight(Height),
    /// Taken by the payee.
    Succeeded,
    /// Back.
    Failed,
}

/// One HTLC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Htlc {
    /// As the payee's node has it.
    pub payee: PayeeEnd,
    /// As the payer's node has it.
    pub payer: PayerEnd,
}

impl Htlc {
    /// The payer's node sends it: the whole amount, at once.
    pub fn pay(&mut self, now: Height, cltv: Blocks, amount: Msat) {
        if self.payer != PayerEnd::None {
            return;
        }
        let expiry = now.plus(cltv).plus(PAYER_ADDS);
        if self.payee == PayeeEnd::Open {
            self.payee = PayeeEnd::Held { since: now, expiry, amount };
            self.payer = PayerEnd::InFlight(expiry);
        } else {
            self.payer = PayerEnd::Failed;
        }
    }
    /// The payee's node takes it; says whether it could.
    pub fn settle(&mut self) -> bool {
        match self.payee {
            PayeeEnd::Held { .. } => self.payee = PayeeEnd::Settled,
            PayeeEnd::Settled => {}
            PayeeEnd::None | PayeeEnd::Open | PayeeEnd::Cancelled | PayeeEnd::ForceClosed => return false,
        }
        true
    }
    /// The payee's node gives it back; says whether it could.
    pub fn cancel(&mut self) -> bool {
        match self.payee {
            PayeeEnd::Held { .. } | PayeeEnd::Open => self.payee = PayeeEnd::Cancelled,
            PayeeEnd::Cancelled => {}
            PayeeEnd::None | PayeeEnd::Settled | PayeeEnd::ForceClosed => return false,
        }
        true
    }
    /// Whether the payer's end has yet to learn what the payee's end decided.
    pub const fn is_resolving(&self) -> bool {
        matches!(self.payer, PayerEnd::InFlight(_))
            && matches!(self.payee, PayeeEnd::Settled | PayeeEnd::Cancelled | PayeeEnd::ForceClosed)
    }
    /// The route passes the payee's decision back to the payer.
    pub fn resolve(&mut self) {
        if self.is_resolving() {
            self.payer = match self.payee {
                PayeeEnd::Settled => PayerEnd::Succeeded,
                _ => PayerEnd::Failed,
            };
        }
    }
    /// What time does: the payee's node lets go D blocks before expiry; at expiry the channel is closed.
    pub fn pass_time(&mut self, now: Height, auto_cancel: Blocks, payee_is_up: bool) {
        if let PayeeEnd::Held { expiry, .. } = self.payee {
            if payee_is_up && now >= expiry.minus(auto_cancel) {
                self.payee = PayeeEnd::Cancelled;
            } else if now >= expiry {
                self.payee = PayeeEnd::ForceClosed;
            }
        }
    }
    /// What the payee's node says.
    pub const fn invoice_report(&self) -> InvoiceReport {
        match self.payee {
            PayeeEnd::None => InvoiceReport::NotFound,
            PayeeEnd::Open => InvoiceReport::Open,
            PayeeEnd::Held { since, expiry, amount } => {
                InvoiceReport::Held { accepted_at: since, expiry, amount }
            }
            PayeeEnd::Settled => InvoiceReport::Settled,
            PayeeEnd::Cancelled | PayeeEnd::ForceClosed => InvoiceReport::Cancelled,
        }
    }
    /// What the payer's node says.
    pub const fn payment_report(&self) -> PaymentReport {
        match self.payer {
            PayerEnd::None => PaymentReport::NotFound,
            PayerEnd::InFlight(expiry) => {
                PaymentReport::InFlight { final_expiry: Some(expiry), first_hop_expiry: expiry }
            }
            PayerEnd::Succeeded => PaymentReport::Succeeded,
            PayerEnd::Failed => PaymentReport::Failed,
        }
    }
}
