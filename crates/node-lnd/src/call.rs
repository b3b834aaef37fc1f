//! One call to LND: bounded in time, and its failure told apart.
//!
//! LND answers most failures with the code `Unknown` and a text, and so does the gRPC library when a connection
//! breaks, and so does LND while it starts, about anything. So: a failure of the transport is recognised by having a
//! cause; what a starting node says is found out by asking for its state; and only texts that are listed here are
//! taken for certain.

use crate::{
    connect::Services,
    rpc::lnrpc::{GetStateRequest, WalletState},
};
use domp_ports::lightning::LnError;
use std::{error::Error as _, future::Future, time::Duration};
use tokio::time::timeout;
use tonic::{Code, Response, Status, Streaming};

/// The texts of LND that are certain about an invoice or a payment, whatever its state.
pub(crate) mod said {
    pub(crate) const NO_INVOICE: &str = "unable to locate invoice";
    pub(crate) const NO_INVOICES: &str = "there are no existing invoices";
    pub(crate) const INVOICE_EXISTS: &str = "invoice with payment hash already exists";
    pub(crate) const ALREADY_SETTLED: &str = "invoice already settled";
    pub(crate) const ALREADY_CANCELED: &str = "invoice already canceled";
    pub(crate) const STILL_OPEN: &str = "invoice still open";
    pub(crate) const CERTAIN: [&str; 6] =
        [NO_INVOICE, NO_INVOICES, INVOICE_EXISTS, ALREADY_SETTLED, ALREADY_CANCELED, STILL_OPEN];
}

/// What LND says of an invoice that it would not make however often it is asked.
const NEVER_MADE: [&str; 3] = ["memo too large", "greater than max expiry", "CLTV delta of"];

/// What LND says when a macaroon does not do.
const DENIALS: [&str; 8] = [
    "permission denied",
    "verification failed",
    "cannot get macaroon",
    "expected 1 macaroon",
    "unknown macaroon version",
    "macaroon has expired",
    "macaroon locked to different",
    "not satisfied",
];

/// What LND says while it starts or waits for its wallet's password.
const STARTING: [&str; 6] = [
    "waiting to start",
    "wallet not created",
    "wallet locked",
    "wallet is encrypted",
    "in the process of starting",
    "shutting down",
];

/// Why a call brought no answer of the kind asked for.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Not reached, or starting up.
    Unavailable(String),
    /// Sent, and no answer within the deadline, or the connection broke meanwhile.
    Unknown(String),
    /// The macaroon does not allow it.
    Denied(String),
    /// LND was built without the service.
    Missing(&'static str),
    /// LND itself, up and running, answered with this error.
    Said(Code, String),
}

impl Fault {
    /// Whether LND's answer holds this text.
    pub(crate) fn says(&self, text: &str) -> bool {
        matches!(self, Self::Said(_, message) if message.contains(text))
    }
    /// Whether LND's answer has this code.
    pub(crate) fn has_code(&self, code: Code) -> bool {
        matches!(self, Self::Said(found, _) if *found == code)
    }
    /// For calls whose refusal means that nothing was done.
    pub(crate) fn refused(self) -> LnError {
        match self {
            Self::Said(_, message) => LnError::Refused(message),
            other => other.open(),
        }
    }
    /// For calls that make an invoice: only what is listed is a no for good. Anything else, such as a database that is busy
    /// or a chain backend that is away, may be otherwise the next time; nothing was made.
    pub(crate) fn not_made(self) -> LnError {
        match self {
            Self::Said(_, message) if NEVER_MADE.iter().any(|text| message.contains(text)) => {
                LnError::Refused(message)
            }
            Self::Said(_, message) => LnError::Unavailable(format!("it made no invoice now: {message}")),
            other => other.open(),
        }
    }
    /// For calls whose error says nothing certain.
    pub(crate) fn open(self) -> LnError {
        match self {
            Self::Unavailable(reason) => LnError::Unavailable(reason),
            Self::Unknown(reason) | Self::Said(_, reason) => LnError::Unknown(reason),
            Self::Denied(reason) => LnError::Denied(reason),
            Self::Missing(what) => LnError::Unsupported(what),
        }
    }
}

impl Services {
    /// Makes a call with one answer.
    pub(crate) async fn unary<T>(
        &self,
        deadline: Duration,
        call: &'static str,
        future: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Fault> {
        match timeout(deadline, future).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(self.judge(deadline, call, &status).await),
            Err(_) => Err(silent(call, deadline)),
        }
    }

    /// Makes a call with a stream of answers, and waits for the first. `None` is a stream that ended at once.
    pub(crate) async fn open<T>(
        &self,
        deadline: Duration,
        call: &'static str,
        future: impl Future<Output = Result<Response<Streaming<T>>, Status>>,
    ) -> Result<Option<(T, Streaming<T>)>, Fault> {
        // LND sends no headers before its first message, so both belong under one deadline.
        let first = timeout(deadline, async {
            let mut stream = future.await?.into_inner();
            Ok::<_, Status>(stream.message().await?.map(|message| (message, stream)))
        });
        match first.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(status)) => Err(self.judge(deadline, call, &status).await),
            Err(_) => Err(silent(call, deadline)),
        }
    }

    /// What a failed call means.
    async fn judge(&self, deadline: Duration, call: &'static str, status: &Status) -> Fault {
        let message = status.message();
        if status.source().is_some() {
            return self.broken(call, status);
        }
        if said::CERTAIN.iter().any(|text| message.contains(text)) {
            return Fault::Said(status.code(), message.to_owned());
        }
        if DENIALS.iter().any(|text| message.contains(text)) {
            return Fault::Denied(format!("{call}: {message}"));
        }
        if STARTING.iter().any(|text| message.contains(text)) {
            return Fault::Unavailable(message.to_owned());
        }
        match status.code() {
            Code::Unimplemented => Fault::Missing(missing(call)),
            Code::Unavailable => self.broken(call, status),
            Code::DeadlineExceeded | Code::Cancelled => Fault::Unknown(format!("{call}: {message}")),
            Code::Unknown => match self.wallet_state(deadline).await {
                Ok(WalletState::ServerActive) => Fault::Said(Code::Unknown, message.to_owned()),
                Ok(state) => Fault::Unavailable(format!("LND is starting up ({})", state.as_str_name())),
                Err(fault) => fault,
            },
            code => Fault::Said(code, message.to_owned()),
        }
    }

    /// A failure below gRPC: the connection could not be made, or broke while waiting for the answer.
    fn broken(&self, call: &'static str, status: &Status) -> Fault {
        match self.connector().last_failure() {
            Some(failure) => Fault::Unavailable(failure.to_string()),
            None => Fault::Unknown(format!("{call}: {}", status.message())),
        }
    }

    /// What LND is doing. Asks without a macaroon, and never asks itself what an error means.
    pub(crate) async fn wallet_state(&self, deadline: Duration) -> Result<WalletState, Fault> {
        let mut client = self.state();
        match timeout(deadline, client.get_state(GetStateRequest {})).await {
            Ok(Ok(response)) => Ok(response.into_inner().state()),
            Ok(Err(status)) => Err(self.broken("GetState", &status)),
            Err(_) => Err(silent("GetState", deadline)),
        }
    }
}

fn silent(call: &'static str, deadline: Duration) -> Fault {
    Fault::Unknown(format!("{call}: no answer within {} s", deadline.as_secs()))
}

/// A service that was left out when LND was built.
fn missing(call: &'static str) -> &'static str {
    match call {
        "RegisterBlockEpochNtfn" => "this LND was built without the chainrpc service",
        "SendPaymentV2" | "TrackPaymentV2" => "this LND was built without the routerrpc service",
        "AddHoldInvoice"
        | "SettleInvoice"
        | "CancelInvoice"
        | "LookupInvoiceV2"
        | "SubscribeSingleInvoice" => "this LND was built without the invoicesrpc service",
        _ => "this LND does not know the call",
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn not_made__only_what_is_known_for_certain__is_a_no_for_good() {
        let said = |text: &str| Fault::Said(Code::Unknown, text.to_owned()).not_made();
        let never = said("CLTV delta of 3000 is too large, max accepted is: 2016");
        assert!(matches!(never, LnError::Refused(_)), "{never}");
        for text in ["unable to fetch best block", "database is locked", "chain backend is still syncing"] {
            let later = said(text);
            assert!(later.is_unknown() && later.to_string().contains(text), "{later}");
        }
    }
}
