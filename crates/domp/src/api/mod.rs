//! The HTTP/JSON API: a thin face of the engine, for the command line, scripts and whatever else runs on this machine.
//!
//! | file | what it holds |
//! |---|---|
//! | `server.rs` | listening on the Unix socket and on loopback, stopping |
//! | `door.rs` | what is answered while the daemon is starting |
//! | `bounded.rs` | so many connections and no more |
//! | `gate.rs` | who may ask: socket by file mode, TCP by token; the `Host` check |
//! | `refusal.rs`, `request.rs` | errors and bodies, always JSON |
//! | `trades.rs`, `listings.rs`, `node.rs`, `system.rs`, `events.rs`, `metrics.rs` | the paths |
//! | `openapi.rs` | the description of all of it |

mod bounded;
mod door;
mod events;
mod gate;
mod listings;
mod metrics;
mod node;
mod openapi;
mod refusal;
mod request;
mod server;
mod system;
#[cfg(test)]
mod tests;
mod trades;

pub use server::{Endpoints, Server};

use crate::wire::status::Identity;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use domp_engine::Engine;
use domp_vault::Vault;
use std::{path::PathBuf, sync::Arc};
use tokio::sync::watch;

/// Longest body of a request: a listing is a few kilobytes.
const MOST_BODY_BYTES: usize = 64 * 1024;

/// What the handlers work with.
pub struct Desk {
    /// The engine.
    pub engine: Engine,
    /// For the encryption of a backup.
    pub vault: Arc<Vault>,
    /// Who we are.
    pub identity: Identity,
    /// Where a backup may be put together: on the same disk as the database, readable by us only.
    pub workspace: PathBuf,
    /// Turns true when the daemon stops, so that streams end.
    pub stopping: watch::Receiver<bool>,
}

pub(crate) type Shared = Arc<Desk>;

/// Every path, without the gate before it.
pub(crate) fn routes(desk: Shared) -> Router {
    Router::new()
        .route("/openapi.json", get(openapi::document))
        .route("/metrics", get(metrics::metrics))
        .route("/v1/health", get(system::health))
        .route("/v1/events", get(events::stream))
        .route("/v1/backup", post(system::backup))
        .route("/v1/rebuild", post(system::rebuild))
        .route("/v1/trades", get(trades::list))
        .route("/v1/trades/{id}", get(trades::show))
        .route("/v1/trades/{id}/htlcs", get(trades::htlcs))
        .route("/v1/trades/{id}/history", get(trades::history))
        .route("/v1/trades/{id}/address", get(trades::address))
        .route("/v1/trades/{id}/orders", post(trades::order))
        .route("/v1/trades/{id}/preview", post(trades::preview))
        .route("/v1/listings", get(listings::list).post(listings::create))
        .route("/v1/listings/browse", get(listings::browse))
        .route("/v1/listings/{id}", get(listings::show))
        .route("/v1/listings/{id}/withdraw", post(listings::withdraw))
        .route("/v1/bids", post(listings::bid))
        .route("/v1/bids/preview", post(listings::preview))
        .route("/v1/channels", get(node::channels))
        .route("/v1/channels/open", post(node::open))
        .route("/v1/channels/close", post(node::close))
        .route("/v1/peers", post(node::connect))
        .route("/v1/addresses", post(node::address))
        .fallback(refusal::no_such_path)
        .method_not_allowed_fallback(refusal::no_such_method)
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .with_state(desk)
}
