//! The payee's effects: issue, settle, cancel. Each may be repeated.

use super::{Ended, Tried};
use crate::{inner::Inner, reports};
use domp_escrow::{
    effect::INVOICE_EXPIRY_SECONDS,
    input::{Input, InvoiceReport, Outcome, Task},
};
use domp_ports::lightning::{HoldInvoice, LnError};
use domp_protocol::{
    ids::{PaymentHash, TradeId},
    invoice::description,
    purpose::Purpose,
    units::{Blocks, Msat, Sat},
};
use std::sync::Arc;

impl Inner {
    /// Issues a hold invoice on the payer's hash; asked again, the node gives the same one.
    pub(super) async fn issue(
        &self,
        trade: TradeId,
        purpose: Purpose,
        hash: PaymentHash,
        amount: Sat,
        cltv: Blocks,
    ) -> Tried {
        let invoice = HoldInvoice {
            hash,
            amount: amount.to_msat(),
            cltv,
            expiry_seconds: INVOICE_EXPIRY_SECONDS,
            description: description(purpose, &trade),
            private_hints: true,
        };
        let task = Task::Issue(purpose);
        let unwound = self.peek(&trade).await.is_ok_and(|(now, _)| now.unwind.is_some());
        if unwound {
            // Decided while the order waited for its turn.
            return Tried::ended(task, Outcome::Refused("the bid is not accepted any more".to_owned()));
        }
        match self.node(self.ports.lightning.issue_hold_invoice(&invoice)).await {
            Ok(bolt11) => self.issued(task, bolt11, Some(hash), amount.to_msat()).await,
            Err(error) => refused_or_again(task, &error),
        }
    }

    /// Issues an ordinary invoice for goods that came after the hold.
    pub(super) async fn issue_late(&self, trade: TradeId, amount: Sat) -> Tried {
        let text = description(Purpose::Purchase, &trade);
        let lightning = &self.ports.lightning;
        match self.node(lightning.issue_invoice(amount.to_msat(), INVOICE_EXPIRY_SECONDS, &text)).await {
            Ok(bolt11) => self.issued(Task::IssueLate, bolt11, None, amount.to_msat()).await,
            Err(error) => refused_or_again(Task::IssueLate, &error),
        }
    }

    /// What the node made, read with its own decoder.
    async fn issued(&self, task: Task, bolt11: String, hash: Option<PaymentHash>, amount: Msat) -> Tried {
        let decoded = match self.node(self.ports.lightning.decode(&bolt11)).await {
            Ok(decoded) => decoded,
            Err(error) => return Tried::again(error),
        };
        if hash.is_some_and(|hash| hash != decoded.hash) || decoded.amount != Some(amount) {
            let reason = "our node made an invoice over another hash or amount than it was asked for";
            return Tried::ended(task, Outcome::Refused(reason.to_owned()));
        }
        let expires = decoded.timestamp.plus(decoded.expiry_seconds);
        Tried::ended(task, Outcome::Issued { bolt11, hash: decoded.hash, expires })
    }

    /// Takes what is held. Only the node's word that it is gone for good ends the tries.
    pub(super) async fn settle(
        self: &Arc<Self>,
        trade: TradeId,
        purpose: Purpose,
        hash: &PaymentHash,
    ) -> Tried {
        let task = Task::Settle(purpose);
        let preimage = match self.stored_secret(hash).await {
            Ok(preimage) => preimage,
            Err(error) => {
                self.alarm(Some(trade), format!("{purpose} cannot be taken: {error}"));
                return Tried::again(error);
            }
        };
        match self.node(self.ports.lightning.settle(&preimage)).await {
            Ok(()) | Err(LnError::AlreadySettled) => {
                Tried::Ended(self.with_state(trade, task, Outcome::Done, purpose, hash).await)
            }
            Err(error @ LnError::AlreadyCancelled) => {
                let outcome = Outcome::Refused(error.to_string());
                Tried::Ended(self.with_state(trade, task, outcome, purpose, hash).await)
            }
            Err(error) => Tried::again(error),
        }
    }

    /// Gives back what is held.
    pub(super) async fn cancel(
        self: &Arc<Self>,
        trade: TradeId,
        purpose: Purpose,
        hash: &PaymentHash,
    ) -> Tried {
        let task = Task::Cancel(purpose);
        match self.node(self.ports.lightning.cancel(hash)).await {
            Ok(()) | Err(LnError::AlreadyCancelled) => {
                Tried::Ended(self.with_state(trade, task, Outcome::Done, purpose, hash).await)
            }
            Err(error @ LnError::AlreadySettled) => {
                let outcome = Outcome::Refused(error.to_string());
                Tried::Ended(self.with_state(trade, task, outcome, purpose, hash).await)
            }
            // Nodes may forget cancelled invoices. Ours, if it does not know the hash, holds nothing on it.
            Err(error @ LnError::NotFound) => {
                let same = self.bounded(self.ports.lightning.info()).await.ok().map(|info| info.id);
                if same.is_none() || same != self.chain.node() {
                    return Tried::again(error);
                }
                let gone = Input::Invoice { purpose, report: InvoiceReport::Cancelled };
                Tried::Ended(Ended { outcome: Some((task, Outcome::Done)), then: vec![gone] })
            }
            Err(error) => Tried::again(error),
        }
    }

    /// The outcome, and the invoice's final state if no stream will tell it.
    async fn with_state(
        &self,
        trade: TradeId,
        task: Task,
        outcome: Outcome,
        purpose: Purpose,
        hash: &PaymentHash,
    ) -> Ended {
        let mut ended = Ended::with(task, outcome);
        if self.watches.has_invoice(&trade, purpose) {
            return ended;
        }
        if let Ok(state) = self.node(self.ports.lightning.invoice(hash)).await {
            let report = reports::invoice(&state);
            if matches!(report, InvoiceReport::Settled | InvoiceReport::Cancelled) {
                ended.then.push(Input::Invoice { purpose, report });
            }
        }
        ended
    }
}

/// A definite no, or something to be tried again. A macaroon that does not allow the call is no such no: a person can give
/// another one, or walk away.
fn refused_or_again(task: Task, error: &LnError) -> Tried {
    match error {
        LnError::Refused(_) | LnError::Unsupported(_) | LnError::HashInUse => {
            Tried::ended(task, Outcome::Refused(error.to_string()))
        }
        LnError::Unavailable(_)
        | LnError::Unknown(_)
        | LnError::Denied(_)
        | LnError::Malformed(_)
        | LnError::NotFound
        | LnError::AlreadyCancelled
        | LnError::AlreadySettled
        | LnError::NotHeld => Tried::again(error),
    }
}
