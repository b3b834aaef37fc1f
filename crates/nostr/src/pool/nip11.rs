//! A relay's information document (NIP-11), fetched over HTTP from the relay's own address, and the policy in it.

use super::{
    dial::{Dialer, Stream},
    reach::Reach,
};
use crate::{
    address::RelayAddress,
    policy_document::{self, NOSTR_JSON},
};
use domp_ports::relays::Policy;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    client::conn::http1,
    header::{ACCEPT, CONNECTION, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;

/// Largest document read, in bytes.
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// Fetches the policy. An error means that the relay could not be reached, or that its policy cannot be understood; a
/// relay that has no such document has the empty policy. Redirects are not followed: they could lead anywhere.
pub(crate) async fn fetch(dialer: &Dialer, address: &RelayAddress, reach: Reach) -> Result<Policy, String> {
    let stream = dialer.dial(address, reach).await?;
    match document(stream, address, NOSTR_JSON).await? {
        Some(document) => policy_document::read(&document),
        None => Ok(Policy::default()),
    }
}

/// The JSON document at an address; `None` if there is none. Redirects are not followed.
pub(super) async fn document(
    stream: Stream,
    address: &RelayAddress,
    accept: &str,
) -> Result<Option<String>, String> {
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|e| e.to_string())?;
    let request = Request::get(address.path())
        .header(HOST, address.authority())
        .header(ACCEPT, accept)
        .header(USER_AGENT, "domp")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|e| e.to_string())?;
    let asking = async {
        // Relays that speak only WebSocket hang up or answer with nonsense: they announce nothing.
        let Ok(response) = sender.send_request(request).await else { return Ok(None) };
        if response.status() != StatusCode::OK {
            return Ok(None);
        }
        let body = Limited::new(response.into_body(), MAX_DOCUMENT_BYTES).collect().await;
        let body = body.map_err(|e| format!("the document cannot be read: {e}"))?.to_bytes();
        // A page for people is no information document.
        Ok(String::from_utf8(body.into()).ok().filter(|text| text.trim_start().starts_with('{')))
    };
    tokio::pin!(asking);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        answer = &mut asking => answer,
        // The connection may end while the answer is already there.
        _ = &mut connection => asking.await,
    }
}
