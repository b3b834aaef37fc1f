//! The OpenAPI document: the description that counts.

use super::{events, listings, metrics, node, system, trades};
use crate::wire::event::Event;
use axum::Json;
use utoipa::OpenApi;

/// Describes every path.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "domp",
        description = "Trades over Nostr and Lightning. Served on a Unix socket that only its owner can open, and, if asked \
            for, on loopback with `Authorization: Bearer TOKEN`. Amounts name their unit, ids and hashes are lower-case hex, \
            times are seconds since the Unix epoch. No answer contains a preimage, a phrase or a macaroon."
    ),
    paths(
        trades::list,
        trades::show,
        trades::htlcs,
        trades::history,
        trades::address,
        trades::order,
        trades::preview,
        listings::list,
        listings::browse,
        listings::show,
        listings::create,
        listings::withdraw,
        listings::bid,
        listings::preview,
        node::channels,
        node::open,
        node::close,
        node::connect,
        node::address,
        system::health,
        system::backup,
        system::rebuild,
        events::stream,
        metrics::metrics,
        document
    ),
    components(schemas(Event))
)]
pub struct Document;

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "daemon", responses((status = 200, content_type = "application/json")))]
pub async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
