//! The payer's side: an invoice decoded, paid once, and followed by its hash.

use crate::{
    call::Fault,
    convert,
    node::LndNode,
    rpc::{
        lnrpc::{PayReqString, Payment},
        routerrpc::{SendPaymentRequest, TrackPaymentRequest},
    },
    stream,
};
use domp_ports::lightning::{DecodedInvoice, Lightning as _, LnError, Pay, PaymentState};
use domp_protocol::ids::PaymentHash;
use futures::stream::{BoxStream, StreamExt as _};
use tonic::{Code, Streaming};

/// What LND says before it has registered a payment. Anything else it says leaves open what became of the call.
const REFUSALS: [&str; 8] = [
    "invoice expired",
    "self-payments not allowed",
    "total time lock of",
    "cltv limit",
    "requested max_parts",
    "payment request must contain",
    "amount must",
    "invoice not for current active network",
];

/// The longest invoice LND reads, in characters.
const MAX_INVOICE: usize = 7089;

impl LndNode {
    pub(crate) async fn decode_invoice(&self, bolt11: &str) -> Result<DecodedInvoice, LnError> {
        // LND repeats in its error what it could not read; with nothing but letters and digits in it, nobody can put
        // words in its mouth.
        if bolt11.len() > MAX_INVOICE || !bolt11.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(LnError::Refused("that is not a BOLT11 invoice".to_owned()));
        }
        let mut client = self.services.lightning();
        let answer = client.decode_pay_req(PayReqString { pay_req: bolt11.to_owned() });
        match self.services.unary(self.deadline, "DecodePayReq", answer).await {
            Ok(invoice) => convert::decoded(&invoice),
            Err(fault) => Err(fault.refused()),
        }
    }

    /// Returns with LND's first word on the payment, which it gives once the payment is in its database. Hanging up
    /// then does not stop the payment: it was not asked to be cancelable.
    pub(crate) async fn send_payment(&self, pay: &Pay) -> Result<(), LnError> {
        let request = self.payment_request(pay)?;
        let decoded = self.decode_invoice(&pay.bolt11).await?;
        if decoded.hash != pay.hash {
            return Err(LnError::Refused(format!(
                "the invoice is for the payment hash {}, not for {}",
                decoded.hash, pay.hash
            )));
        }
        if decoded.amount.is_none() {
            return Err(LnError::Refused("the invoice has no amount".to_owned()));
        }
        let mut client = self.services.router();
        let answer = client.send_payment_v2(request);
        match self.services.open(self.deadline, "SendPaymentV2", answer).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(LnError::Unknown("SendPaymentV2 ended without an answer".to_owned())),
            // In flight, or paid: either way LND has it.
            Err(fault) if fault.has_code(Code::AlreadyExists) => Ok(()),
            Err(fault) if REFUSALS.iter().any(|text| fault.says(text)) => Err(fault.refused()),
            Err(fault) => Err(fault.open()),
        }
    }

    fn payment_request(&self, pay: &Pay) -> Result<SendPaymentRequest, LnError> {
        let too_large = |what: &str| LnError::Refused(format!("{what} is too large for a payment"));
        // More than LND itself allows is refused there; less is what was asked for.
        let cltv = pay.max_cltv.min(self.capabilities().max_route_cltv);
        Ok(SendPaymentRequest {
            payment_request: pay.bolt11.clone(),
            // Zeros would be LND's defaults: 60 s, 16 parts, no limit on the lock.
            timeout_seconds: i32::try_from(pay.timeout_seconds.max(1))
                .map_err(|_| too_large("the timeout"))?,
            cltv_limit: i32::try_from(cltv.0.max(1)).map_err(|_| too_large("the CLTV limit"))?,
            fee_limit_msat: i64::try_from(pay.max_fee.get()).map_err(|_| too_large("the fee limit"))?,
            max_parts: pay.max_parts.max(1),
        })
    }

    /// Opens the payment's stream; `None` for a hash LND has never paid, or has forgotten.
    async fn track(&self, hash: &PaymentHash) -> Result<Option<(Payment, Streaming<Payment>)>, LnError> {
        let mut client = self.services.router();
        let answer = client.track_payment_v2(TrackPaymentRequest { payment_hash: hash.as_bytes().to_vec() });
        match self.services.open(self.deadline, "TrackPaymentV2", answer).await {
            Ok(Some(opened)) => Ok(Some(opened)),
            Ok(None) => Err(LnError::Unknown("TrackPaymentV2 ended without an answer".to_owned())),
            Err(fault) if fault.has_code(Code::NotFound) => Ok(None),
            Err(fault) => Err(Fault::open(fault)),
        }
    }

    pub(crate) async fn payment_state(&self, hash: &PaymentHash) -> Result<PaymentState, LnError> {
        match self.track(hash).await? {
            Some((payment, _)) => convert::payment_state(&payment),
            None => Ok(PaymentState::NotFound),
        }
    }

    pub(crate) async fn payment_states(
        &self,
        hash: &PaymentHash,
    ) -> Result<BoxStream<'static, PaymentState>, LnError> {
        Ok(match self.track(hash).await? {
            Some((first, rest)) => {
                let read = |payment: &Payment| convert::payment_state(payment).ok();
                stream::states(first, rest, read, convert::is_final_payment)
            }
            None => futures::stream::once(async { PaymentState::NotFound }).boxed(),
        })
    }
}
