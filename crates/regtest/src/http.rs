//! One JSON call over plain HTTP to a node on this machine.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::RegtestError;

/// A call of the harness that takes longer than this has failed.
const DEADLINE: Duration = Duration::from_secs(30);

/// A node's HTTP listener on 127.0.0.1. Every call uses a connection of its own, which ties no call to
/// the runtime of another test and survives a restart of the node.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    pub(crate) node: String,
    pub(crate) port: u16,
}

impl Http {
    /// Sends `body` as JSON and reads the answer as JSON; `call` names it in errors.
    pub(crate) async fn call(
        &self,
        call: &str,
        method: Method,
        path: &str,
        header: Option<(HeaderName, HeaderValue)>,
        body: Option<&Value>,
    ) -> Result<Value, RegtestError> {
        let transport = |reason: String| RegtestError::Transport {
            node: self.node.clone(),
            call: call.to_owned(),
            reason,
        };
        let (status, bytes) = timeout(DEADLINE, self.exchange(method, path, header, body))
            .await
            .map_err(|_| transport(format!("no answer within {DEADLINE:?}")))?
            .map_err(transport)?;
        let answer: Option<Value> = serde_json::from_slice(&bytes).ok();
        if (200..300).contains(&status) {
            return answer.ok_or_else(|| transport("the answer is no JSON".to_owned()));
        }
        let message = answer
            .as_ref()
            .and_then(|answer| answer.get("message").or_else(|| answer.pointer("/error/message")))
            .and_then(Value::as_str)
            .map_or_else(|| String::from_utf8_lossy(&bytes).into_owned(), str::to_owned);
        Err(RegtestError::Refused { node: self.node.clone(), call: call.to_owned(), status, message })
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        header: Option<(HeaderName, HeaderValue)>,
        body: Option<&Value>,
    ) -> Result<(u16, Bytes), String> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "127.0.0.1")
            .header(CONTENT_TYPE, "application/json");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(bytes))).map_err(|error| error.to_string())?;
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.map_err(|error| error.to_string())?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        let driver = tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        driver.abort();
        Ok((status, bytes))
    }
}
