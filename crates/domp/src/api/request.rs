//! Requests: bodies, parameters and ids, read strictly; what is wrong is answered in JSON.

use super::{Shared, refusal::Refusal};
use crate::reference::IdReference;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{StatusCode, header::CONTENT_TYPE, request::Parts},
};
use domp_protocol::ids::{EventId, TradeId};
use serde::de::DeserializeOwned;

/// A body in JSON. A form that a web page could send unasked is refused, whatever it holds.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &Shared) -> Result<Self, Refusal> {
        let kind =
            request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let message = format!("the body has content type {kind:?}; it has to be application/json");
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", message));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|error| {
            let code =
                if error.status() == StatusCode::PAYLOAD_TOO_LARGE { "body_too_large" } else { "bad_body" };
            Refusal::new(error.status(), code, format!("the body cannot be read: {}", error.body_text()))
        })?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                "bad_json",
                format!("the body is not what this path takes: {error}"),
            )
            .hint("/openapi.json describes it")
        })
    }
}

/// Parameters behind the question mark.
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for Parameters<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Refusal> {
        Query::<T>::from_request_parts(parts, state)
            .await
            .map(|Query(parameters)| Self(parameters))
            .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, "bad_parameter", error.body_text()))
    }
}

/// The trade that a path names, by its id or a unique beginning of it.
pub struct TradeRef(pub TradeId);

impl FromRequestParts<Shared> for TradeRef {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Shared) -> Result<Self, Refusal> {
        let reference = path(parts, desk, "trade").await?;
        if let Ok(id) = reference.as_str().parse() {
            return Ok(Self(id));
        }
        let trades = desk.engine.trades(false).await?;
        let all = trades.iter().map(|trade| (trade.trade.to_string(), trade.trade));
        Ok(Self(reference.pick("trade", all)?))
    }
}

/// The listing that a path names, by its id or a unique beginning of one of ours.
pub struct ListingRef(pub EventId);

impl FromRequestParts<Shared> for ListingRef {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Shared) -> Result<Self, Refusal> {
        let reference = path(parts, desk, "listing").await?;
        listing(desk, &reference).await.map(Self)
    }
}

/// A listing by reference: beginnings are looked for among ours, among those of our trades, and on the relays.
pub async fn listing(desk: &Shared, reference: &IdReference) -> Result<EventId, Refusal> {
    if let Ok(id) = reference.as_str().parse() {
        return Ok(id);
    }
    let mut known: Vec<EventId> =
        desk.engine.my_listings().await?.iter().map(|listing| listing.listing).collect();
    known.extend(desk.engine.trades(false).await?.iter().map(|trade| trade.listing));
    if !known.iter().any(|id| id.to_string().starts_with(reference.as_str())) {
        known.extend(
            desk.engine.browse(super::listings::MOST_BROWSED).await?.iter().map(|listing| listing.listing),
        );
    }
    known.sort();
    known.dedup();
    Ok(reference.pick("listing", known.iter().map(|id| (id.to_string(), *id)))?)
}

async fn path(parts: &mut Parts, desk: &Shared, what: &str) -> Result<IdReference, Refusal> {
    let Path(text) = Path::<String>::from_request_parts(parts, desk)
        .await
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, "bad_id", error.body_text()))?;
    Ok(IdReference::parse(what, &text)?)
}
