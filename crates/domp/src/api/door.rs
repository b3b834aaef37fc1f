//! The door: closed while the daemon is starting, so that whoever asks is told what it waits for, and open afterwards.

use super::refusal::Refusal;
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tower::ServiceExt;

/// What stands behind the gate.
#[derive(Default)]
pub struct Door {
    app: OnceLock<Router>,
    waits_for: Mutex<String>,
}

impl Door {
    /// What whoever asks is told meanwhile.
    pub fn waits_for(&self, what: &str) {
        // A text: valid even if a thread died while holding the lock.
        what.clone_into(&mut self.waits_for.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Opens it, once.
    pub fn open(&self, app: Router) {
        // It is opened once only, by the one who made it.
        let _ = self.app.set(app);
    }
}

/// Lets a request in, or says what the daemon waits for.
pub async fn enter(State(door): State<Arc<Door>>, request: Request) -> Response {
    if let Some(app) = door.app.get() {
        return match app.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
    }
    let what = door.waits_for.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let message = if what.is_empty() {
        "the daemon is starting".to_owned()
    } else {
        format!("the daemon is starting: {what}")
    };
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "starting", message)
        .hint("wait a moment, then ask again; `domp doctor` says what is wrong with the node")
        .into_response()
}
