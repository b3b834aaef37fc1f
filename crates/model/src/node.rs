//! The two Lightning nodes and what lies between them: one HTLC a leg, seen from both ends.

use domp_escrow::{
    input::{InvoiceReport, PaymentReport},
    terms::Side,
};
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

/// What the payer's node sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sent {
    /// E: the expiry at the payee.
    pub expiry: Height,
    /// The expiry at the payer's own end: the money is back by then at the latest.
    pub first_hop: Height,
    /// The amount, fees not included.
    pub amount: Msat,
}

/// The payer's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PayerEnd {
    /// Never heard of.
    #[default]
    None,
    /// On its way: it has not all arrived at the payee.
    Trying(Sent),
    /// All of it has arrived.
    InFlight(Sent),
    /// Taken: by the payee, or by a router that knows the secret.
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
    /// The seller's program was told to settle and told its node.
    pub told_settle: bool,
    /// The seller's program was told to cancel and told its node.
    pub told_cancel: bool,
    /// Whose program has not yet heard what its own node last did: buyer, seller.
    news: [bool; 2],
}

/// Which HTLCs a payee's node takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Door {
    /// c of the invoice, where the node itself refuses HTLCs that expire sooner (LND does).
    pub least: Option<Blocks>,
    /// Takes an HTLC on a hash that was cancelled before (LDK does).
    pub reopens: bool,
}

impl Htlc {
    /// Whether a side's program has yet to hear from its node.
    pub const fn has_news(&self, side: Side) -> bool {
        self.news[side as usize]
    }
    /// Marks what a side's node has to say as (not) heard.
    pub const fn set_news(&mut self, side: Side, news: bool) {
        self.news[side as usize] = news;
    }

    /// The payer's node sends it; `false` if it knows this hash already, then nothing is sent.
    pub fn send(&mut self, sent: Sent) -> bool {
        let fresh = self.payer == PayerEnd::None;
        if fresh {
            self.payer = PayerEnd::Trying(sent);
        }
        fresh
    }
    /// What is on its way arrives at the payee's node, which takes it or sends it back.
    pub fn arrive(&mut self, now: Height, door: Door) {
        let PayerEnd::Trying(sent) = self.payer else { return };
        let long_enough = door.least.is_none_or(|least| sent.expiry >= now.plus(least)) && sent.expiry > now;
        let open = self.payee == PayeeEnd::Open || (door.reopens && self.payee == PayeeEnd::Cancelled);
        if open && long_enough {
            self.payee = PayeeEnd::Held { since: now, expiry: sent.expiry, amount: sent.amount };
            self.payer = PayerEnd::InFlight(sent);
            self.news = [true, true];
        } else {
            self.fail();
        }
    }
    /// Every part of what is on its way comes back.
    pub fn fail(&mut self) {
        if matches!(self.payer, PayerEnd::Trying(_) | PayerEnd::InFlight(_)) {
            self.payer = PayerEnd::Failed;
            self.set_news(Side::Buyer, true);
        }
    }
    /// A router that knows the secret takes it from the payer.
    pub fn taken_by_router(&mut self) {
        if matches!(self.payer, PayerEnd::InFlight(_)) {
            self.payer = PayerEnd::Succeeded;
            self.set_news(Side::Buyer, true);
        }
    }
    /// The payee's node takes it; says whether it could.
    pub fn settle(&mut self) -> bool {
        match self.payee {
            PayeeEnd::Held { .. } => self.payee_becomes(PayeeEnd::Settled),
            PayeeEnd::Settled => {}
            PayeeEnd::None | PayeeEnd::Open | PayeeEnd::Cancelled | PayeeEnd::ForceClosed => return false,
        }
        true
    }
    /// The payee's node gives it back; says whether it could.
    pub fn cancel(&mut self) -> bool {
        match self.payee {
            PayeeEnd::Held { .. } | PayeeEnd::Open => self.payee_becomes(PayeeEnd::Cancelled),
            PayeeEnd::Cancelled => {}
            PayeeEnd::None | PayeeEnd::Settled | PayeeEnd::ForceClosed => return false,
        }
        true
    }
    const fn payee_becomes(&mut self, end: PayeeEnd) {
        self.payee = end;
        self.set_news(Side::Seller, true);
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
            self.set_news(Side::Buyer, true);
        }
    }
    /// What time does at the payee's end: its node lets go D blocks before expiry by its own height; at expiry the
    /// channel is closed. `node_height` is the last block that the payee's node knows, if it runs and lets go at all.
    pub fn pass_time_at_payee(&mut self, now: Height, node_height: Option<Height>, auto_cancel: Blocks) {
        let PayeeEnd::Held { expiry, .. } = self.payee else { return };
        if node_height.is_some_and(|height| height >= expiry.minus(auto_cancel)) {
            self.payee_becomes(PayeeEnd::Cancelled);
        } else if now >= expiry {
            self.payee_becomes(PayeeEnd::ForceClosed);
        }
    }
    /// What time does at the payer's end: once its first hop has expired its node has the money back, whoever withheld
    /// what. A router that knew the secret and did not use it has lost.
    pub fn pass_time_at_payer(&mut self, now: Height) {
        if let PayerEnd::Trying(sent) | PayerEnd::InFlight(sent) = self.payer
            && now >= sent.first_hop
        {
            self.fail();
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
            PayerEnd::Trying(_) => PaymentReport::Trying,
            PayerEnd::InFlight(sent) => {
                PaymentReport::InFlight { final_expiry: Some(sent.expiry), first_hop_expiry: sent.first_hop }
            }
            PayerEnd::Succeeded => PaymentReport::Succeeded,
            PayerEnd::Failed => PaymentReport::Failed,
        }
    }
}
