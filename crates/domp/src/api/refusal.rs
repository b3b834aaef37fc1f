//! Refusals: every answer that is not a success, as `{"error":{code,message,hint,field}}`.

use crate::{
    failure::Failure,
    wire::{
        error::{ErrorAnswer, ErrorBody},
        listing::BadField,
    },
};
use axum::{
    Json,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use domp_engine::{EngineError, ErrorClass};
use domp_escrow::note::Refusal as MachineRefusal;
use domp_ports::{journal::JournalError, lightning::LnError};

/// An answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    body: ErrorBody,
}

impl Refusal {
    /// With this status, code and message.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let body = ErrorBody { code: code.to_owned(), message: message.into(), hint: None, field: None };
        Self { status, body }
    }

    /// With a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.body.hint = Some(hint.into());
        self
    }

    /// With the field at fault.
    #[must_use]
    pub fn field(mut self, field: &str) -> Self {
        self.body.field = Some(field.to_owned());
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(ErrorAnswer { error: self.body })).into_response()
    }
}

impl From<BadField> for Refusal {
    fn from((field, problem): BadField) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_field", format!("{field}: {problem}")).field(field)
    }
}

/// A reference that could not be read or resolved.
impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let status = match failure.code.as_str() {
            "unknown_trade" | "unknown_listing" => StatusCode::NOT_FOUND,
            "ambiguous_id" => StatusCode::CONFLICT,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, body: failure.body() }
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        let status = match error.class() {
            ErrorClass::BadRequest => StatusCode::BAD_REQUEST,
            ErrorClass::NotFound => StatusCode::NOT_FOUND,
            ErrorClass::Refused => StatusCode::CONFLICT,
            ErrorClass::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorClass::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let refusal = Self::new(status, code(&error), error.to_string());
        match error {
            EngineError::BadField { field, .. } => refusal.field(field),
            _ => refusal,
        }
    }
}

impl From<LnError> for Refusal {
    fn from(error: LnError) -> Self {
        EngineError::from(error).into()
    }
}

impl From<JournalError> for Refusal {
    fn from(error: JournalError) -> Self {
        EngineError::from(error).into()
    }
}

/// The stable word for an error of the engine.
const fn code(error: &EngineError) -> &'static str {
    match error {
        EngineError::NoTrade(_) => "unknown_trade",
        EngineError::NoListing(_) | EngineError::NotYourListing(_) => "unknown_listing",
        EngineError::Refused(refusal) => refused(refusal),
        EngineError::ListingTaken { .. } => "listing_taken",
        EngineError::Liquidity(_) => "liquidity",
        EngineError::RouteTooLong { .. } => "route_too_long",
        EngineError::Offer(_) => "bad_offer",
        EngineError::Draft(_) => "cannot_be_written",
        EngineError::Malformed(_) | EngineError::Event(_) => "bad_event",
        EngineError::BadField { .. } => "bad_field",
        EngineError::Frozen { .. } => "frozen",
        EngineError::NoTip(_) => "node_height_unknown",
        EngineError::Node(error) => node(error),
        EngineError::Journal(_) => "database",
        EngineError::Vault(_) => "vault",
        EngineError::Relay(_) => "relays",
        EngineError::NotPublished(_) => "not_published",
        EngineError::Work(_) => "proof_of_work",
        EngineError::Stopping => "stopping",
        EngineError::NoRoom(_) => "no_room",
    }
}

const fn refused(refusal: &MachineRefusal) -> &'static str {
    match refusal {
        MachineRefusal::NotYours => "not_yours",
        MachineRefusal::WrongStage { .. } => "wrong_stage",
        MachineRefusal::HashesMissing => "hashes_missing",
        MachineRefusal::TipNotFresh => "tip_not_fresh",
        MachineRefusal::TooLate { .. } => "too_late",
        MachineRefusal::Expired { .. } => "expired",
        MachineRefusal::Already(_) => "already",
        MachineRefusal::MoneyGoingBack => "money_going_back",
        MachineRefusal::Missing(_) => "missing",
    }
}

const fn node(error: &LnError) -> &'static str {
    match error {
        LnError::Unavailable(_) => "node_unreachable",
        LnError::Unknown(_) | LnError::Malformed(_) => "node_outcome_unknown",
        LnError::Denied(_) => "node_permission",
        LnError::Unsupported(_) => "node_cannot",
        LnError::NotFound
        | LnError::HashInUse
        | LnError::AlreadyCancelled
        | LnError::AlreadySettled
        | LnError::NotHeld
        | LnError::Refused(_) => "node_refused",
    }
}

/// For every path that there is not.
pub async fn no_such_path(uri: Uri) -> Refusal {
    let path: String = uri.path().chars().take(200).collect();
    Refusal::new(StatusCode::NOT_FOUND, "no_such_path", format!("there is no {path} here"))
        .hint("/openapi.json lists every path")
}

/// For a path asked in another way than it can be.
pub async fn no_such_method() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "no_such_method",
        "this path is not asked with this HTTP method",
    )
    .hint("/openapi.json lists every path with its methods")
}
