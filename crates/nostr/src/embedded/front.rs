//! The HTTP front of an embedded relay: a WebSocket handshake goes to the relay, a request for the information document
//! (NIP-11) is answered here, anything else with a line of text.

use crate::policy_document::{self, NOSTR_JSON};
use domp_ports::relays::Policy;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{
        ACCEPT, ACCESS_CONTROL_ALLOW_ORIGIN, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
        SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE,
    },
    server::conn::http1,
    service::service_fn,
    upgrade::OnUpgrade,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use nostr_relay_builder::LocalRelay;
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// How long a client may take to say what it wants.
const HEADER_TIME: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct Front {
    relay: LocalRelay,
    document: Bytes,
}

impl Front {
    pub(super) fn new(relay: LocalRelay, name: &str, policy: &Policy) -> Self {
        Self { relay, document: policy_document::write(name, policy).into() }
    }

    /// Serves one connection to its end.
    pub(super) async fn serve(self: Arc<Self>, stream: TcpStream, from: SocketAddr) {
        let upgrade: Mutex<Option<OnUpgrade>> = Mutex::default();
        let service = service_fn(|request| {
            let response = self.answer(request, &upgrade);
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIME)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
        if let Err(error) = served {
            tracing::debug!(%error, "a client of the embedded relay spoke no HTTP");
            return;
        }
        let Some(upgrade) = upgrade.into_inner().unwrap_or_else(PoisonError::into_inner) else { return };
        match upgrade.await {
            Ok(upgraded) => {
                if let Err(error) = self.relay.take_connection(TokioIo::new(upgraded), from).await {
                    tracing::debug!(%error, "a connection to the embedded relay ended");
                }
            }
            Err(error) => tracing::debug!(%error, "a WebSocket handshake with the embedded relay failed"),
        }
    }

    fn answer(
        &self,
        mut request: Request<Incoming>,
        upgrade: &Mutex<Option<OnUpgrade>>,
    ) -> Response<Full<Bytes>> {
        let headers = request.headers();
        if has(headers, CONNECTION, "upgrade") && has(headers, UPGRADE, "websocket") {
            let Some(key) = headers.get(SEC_WEBSOCKET_KEY).cloned() else {
                return respond(StatusCode::BAD_REQUEST, "text/plain", "Sec-WebSocket-Key is missing");
            };
            *upgrade.lock().unwrap_or_else(PoisonError::into_inner) = Some(hyper::upgrade::on(&mut request));
            return switch(&key);
        }
        if request.method() == Method::GET && has(headers, ACCEPT, NOSTR_JSON) {
            return respond(StatusCode::OK, NOSTR_JSON, self.document.clone());
        }
        respond(StatusCode::OK, "text/plain", "This is a Nostr relay: connect with a Nostr client.\n")
    }
}

/// Whether a comma-separated header names `token`; parameters after a semicolon aside.
fn has(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let mut parts = values.flat_map(|value| value.split(','));
    parts.any(|part| part.split(';').next().is_some_and(|part| part.trim().eq_ignore_ascii_case(token)))
}

fn switch(key: &HeaderValue) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

fn respond(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // NIP-11 asks for it, so that pages in a browser can read the document.
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
