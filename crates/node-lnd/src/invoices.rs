//! The payee's side: hold invoices issued, watched, settled and cancelled.

use crate::{
    call::{Fault, said},
    convert,
    node::LndNode,
    rpc::{
        invoicesrpc::{
            AddHoldInvoiceRequest, CancelInvoiceMsg, LookupInvoiceMsg, SettleInvoiceMsg,
            SubscribeSingleInvoiceRequest, lookup_invoice_msg::InvoiceRef,
        },
        lnrpc::Invoice,
    },
    stream,
};
use domp_ports::lightning::{HoldInvoice, InvoiceState, Lightning as _, LnError};
use domp_protocol::{ids::PaymentHash, secret::Preimage, units::Msat};
use futures::stream::{BoxStream, StreamExt as _};
use tonic::Code;

/// The longest description LND takes, in bytes (BOLT 11's limit of one field).
const MAX_DESCRIPTION: usize = 639;

impl LndNode {
    /// LND takes a zero for "the default" and gives an expiry and a delta nobody asked for, so zeros are refused here.
    fn check_terms(&self, amount: Msat, expiry_seconds: u32, description: &str) -> Result<i64, LnError> {
        let refused = |reason: String| Err(LnError::Refused(reason));
        if amount == Msat::ZERO {
            return refused("an invoice must have an amount above zero".to_owned());
        }
        if expiry_seconds == 0 {
            return refused("an invoice's expiry must be above 0 seconds".to_owned());
        }
        if description.len() > MAX_DESCRIPTION {
            let length = description.len();
            return refused(format!("a description has at most {MAX_DESCRIPTION} bytes, this has {length}"));
        }
        i64::try_from(amount.get()).or_else(|_| refused(format!("{amount} is too large for an invoice")))
    }

    pub(crate) async fn add_hold_invoice(&self, invoice: &HoldInvoice) -> Result<String, LnError> {
        let can = self.capabilities();
        if !can.holds {
            return Err(LnError::Unsupported(
                "LND's invoices.holdexpirydelta leaves no room before it closes the channel; set it to 18 or more",
            ));
        }
        let value_msat = self.check_terms(invoice.amount, invoice.expiry_seconds, &invoice.description)?;
        if invoice.cltv < can.min_cltv || invoice.cltv > can.max_route_cltv {
            return Err(LnError::Refused(format!(
                "a hold invoice's final CLTV delta must be from {} to {} here, not {}",
                can.min_cltv.0, can.max_route_cltv.0, invoice.cltv.0
            )));
        }
        let mut client = self.services.invoices();
        let answer = client.add_hold_invoice(AddHoldInvoiceRequest {
            memo: invoice.description.clone(),
            hash: invoice.hash.as_bytes().to_vec(),
            expiry: invoice.expiry_seconds.into(),
            cltv_expiry: invoice.cltv.0.into(),
            private: invoice.private_hints,
            value_msat,
        });
        match self.services.unary(self.deadline, "AddHoldInvoice", answer).await {
            Ok(answer) => Ok(answer.payment_request),
            Err(fault) if fault.says(said::INVOICE_EXISTS) => self.same_invoice(invoice).await,
            Err(fault) => Err(fault.not_made()),
        }
    }

    /// The invoice already issued for the hash, if its terms are these. LND does not tell whether it was asked for
    /// route hints, so they are not compared.
    async fn same_invoice(&self, wanted: &HoldInvoice) -> Result<String, LnError> {
        let found = self.look_up(&wanted.hash).await?;
        let same = u64::try_from(found.value_msat) == Ok(wanted.amount.get())
            && found.cltv_expiry == u64::from(wanted.cltv.0)
            && found.expiry == i64::from(wanted.expiry_seconds)
            && found.memo == wanted.description;
        if same { Ok(found.payment_request) } else { Err(LnError::HashInUse) }
    }

    pub(crate) async fn add_invoice(
        &self,
        amount: Msat,
        expiry_seconds: u32,
        description: &str,
    ) -> Result<String, LnError> {
        let value_msat = self.check_terms(amount, expiry_seconds, description)?;
        let mut client = self.services.lightning();
        let answer = client.add_invoice(Invoice {
            memo: description.to_owned(),
            value_msat,
            expiry: expiry_seconds.into(),
            // Nobody finds a way to a node whose channels are all unannounced but by the invoice's own hints.
            private: true,
            ..Invoice::default()
        });
        let added = self.services.unary(self.deadline, "AddInvoice", answer).await;
        added.map(|answer| answer.payment_request).map_err(Fault::not_made)
    }

    async fn look_up(&self, hash: &PaymentHash) -> Result<Invoice, LnError> {
        let mut client = self.services.invoices();
        let invoice_ref = Some(InvoiceRef::PaymentHash(hash.as_bytes().to_vec()));
        let answer = client.lookup_invoice_v2(LookupInvoiceMsg { invoice_ref });
        match self.services.unary(self.deadline, "LookupInvoiceV2", answer).await {
            Ok(invoice) => Ok(invoice),
            Err(fault) if is_not_found(&fault) => Err(LnError::NotFound),
            Err(fault) => Err(fault.open()),
        }
    }

    pub(crate) async fn invoice_state(&self, hash: &PaymentHash) -> Result<InvoiceState, LnError> {
        convert::invoice_state(&self.look_up(hash).await?)
    }

    pub(crate) async fn invoice_states(
        &self,
        hash: &PaymentHash,
    ) -> Result<BoxStream<'static, InvoiceState>, LnError> {
        // Subscribing to an unknown hash never answers at all: look first.
        self.look_up(hash).await?;
        let mut client = self.services.invoices();
        let request = SubscribeSingleInvoiceRequest { r_hash: hash.as_bytes().to_vec() };
        let answer = client.subscribe_single_invoice(request);
        let opened = self.services.open(self.deadline, "SubscribeSingleInvoice", answer).await;
        Ok(match opened.map_err(Fault::open)? {
            Some((first, rest)) => {
                let read = |invoice: &Invoice| convert::invoice_state(invoice).ok();
                stream::states(first, rest, read, convert::is_final_invoice)
            }
            None => futures::stream::empty().boxed(),
        })
    }

    pub(crate) async fn settle_invoice(&self, preimage: &Preimage) -> Result<(), LnError> {
        let mut client = self.services.invoices();
        let answer = client.settle_invoice(SettleInvoiceMsg { preimage: preimage.expose().to_vec() });
        match self.services.unary(self.deadline, "SettleInvoice", answer).await {
            Ok(_) => Ok(()),
            Err(fault) if fault.says(said::ALREADY_SETTLED) => Ok(()),
            Err(fault) if fault.says(said::ALREADY_CANCELED) => Err(LnError::AlreadyCancelled),
            Err(fault) if fault.says(said::STILL_OPEN) => Err(LnError::NotHeld),
            Err(fault) if is_not_found(&fault) => Err(LnError::NotFound),
            Err(fault) => Err(fault.open()),
        }
    }

    pub(crate) async fn cancel_invoice(&self, hash: &PaymentHash) -> Result<(), LnError> {
        let mut client = self.services.invoices();
        let answer = client.cancel_invoice(CancelInvoiceMsg { payment_hash: hash.as_bytes().to_vec() });
        match self.services.unary(self.deadline, "CancelInvoice", answer).await {
            Ok(_) => Ok(()),
            Err(fault) if fault.says(said::ALREADY_CANCELED) => Ok(()),
            Err(fault) if fault.says(said::ALREADY_SETTLED) => Err(LnError::AlreadySettled),
            Err(fault) if is_not_found(&fault) => Err(LnError::NotFound),
            Err(fault) => Err(fault.open()),
        }
    }
}

/// LND has a code for it in some calls, a text in others, and another text when it has no invoice at all.
fn is_not_found(fault: &Fault) -> bool {
    fault.has_code(Code::NotFound) || fault.says(said::NO_INVOICE) || fault.says(said::NO_INVOICES)
}
