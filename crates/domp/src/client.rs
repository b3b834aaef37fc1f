//! The client: what the command line uses to ask the daemon, over its Unix socket.

use crate::{
    exit::Exit,
    failure::Failure,
    wire::{error::ErrorAnswer, event::Event},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};
use tokio::{io::AsyncWriteExt, net::UnixStream};

/// More than any answer but a backup has.
const MOST_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// More than any event has.
const MOST_EVENT_BYTES: usize = 1024 * 1024;

/// Asks one daemon.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// The daemon that listens there.
    pub const fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Asks for something; changes nothing.
    ///
    /// # Errors
    /// If there is no daemon, or it refuses.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let response = self.send(Method::GET, path, None).await?;
        self.read(response, path).await
    }

    /// Orders something.
    ///
    /// # Errors
    /// If there is no daemon, or it refuses; with exit status [`Exit::Unknown`] if the order was sent and no answer came.
    pub async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(|error| {
            Failure::refused("unwritable", format!("the request cannot be written: {error}"))
        })?;
        let response = self.send(Method::POST, path, Some(body)).await?;
        self.read(response, path).await
    }

    /// Orders something whose answer is a file, and writes it there.
    ///
    /// # Errors
    /// As [`Self::post`]; if the file cannot be written.
    pub async fn download(&self, path: &str, file: &mut tokio::fs::File) -> Result<u64, Failure> {
        let response = self.send(Method::POST, path, Some(b"{}".to_vec())).await?;
        let mut body = check(response, path).await?.into_body();
        let mut written = 0;
        let unwritten = |error: std::io::Error| {
            Failure::refused("cannot_write", format!("the file cannot be written: {error}"))
        };
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| broken(path, &error.to_string()))?;
            if let Ok(data) = frame.into_data() {
                file.write_all(&data).await.map_err(unwritten)?;
                written += data.len() as u64;
            }
        }
        file.sync_all().await.map_err(unwritten)?;
        Ok(written)
    }

    /// Opens the event stream; `path` is `/v1/events` with its parameters.
    ///
    /// # Errors
    /// If there is no daemon, or it refuses.
    pub async fn events(&self, path: &str) -> Result<Events, Failure> {
        let response = check(self.send(Method::GET, path, None).await?, path).await?;
        Ok(Events { body: response.into_body(), pending: Vec::new() })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Response<Incoming>, Failure> {
        let stream =
            UnixStream::connect(&self.socket).await.map_err(|error| no_daemon(&self.socket, &error))?;
        let unreachable = |error: hyper::Error| {
            Failure::new(
                Exit::NoDaemon,
                "no_daemon",
                format!("the daemon at {} does not speak HTTP: {error}", self.socket.display()),
            )
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
        // Its end shows as an error of the request.
        tokio::spawn(async move { drop(connection.await) });
        let is_order = method == Method::POST;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "domp")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(|error| Failure::usage("bad_request", format!("{path} cannot be asked for: {error}")))?;
        sender
            .send_request(request)
            .await
            .map_err(|error| if is_order { no_answer(path) } else { broken(path, &error.to_string()) })
    }

    async fn read<T: DeserializeOwned>(
        &self,
        response: Response<Incoming>,
        path: &str,
    ) -> Result<T, Failure> {
        let bytes = collect(check(response, path).await?).await.map_err(|error| broken(path, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let message = format!("the daemon's answer to {path} cannot be read: {error}");
            Failure::refused("bad_answer", message)
                .hint("the daemon may be of another version: stop it and start this one")
        })
    }
}

/// Events as they come.
pub struct Events {
    body: Incoming,
    pending: Vec<u8>,
}

impl Events {
    /// The next event; `None` when the daemon stops.
    ///
    /// # Errors
    /// If the connection breaks, or something comes that is no event.
    pub async fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            if let Some(block) = self.take_block() {
                if let Some(event) = parse_block(&block)? {
                    return Ok(Some(event));
                }
                continue;
            }
            if self.pending.len() > MOST_EVENT_BYTES {
                return Err(broken("/v1/events", "an event is longer than any event is"));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(broken("/v1/events", &error.to_string())),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.pending.extend_from_slice(&data);
                    }
                }
            }
        }
    }

    /// What stands before the next empty line.
    fn take_block(&mut self) -> Option<Vec<u8>> {
        let end = self.pending.windows(2).position(|pair| pair == b"\n\n")?;
        let rest = self.pending.split_off(end + 2);
        Some(std::mem::replace(&mut self.pending, rest))
    }
}

fn parse_block(block: &[u8]) -> Result<Option<Event>, Failure> {
    let text = String::from_utf8_lossy(block);
    let data: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim_start).collect();
    if data.is_empty() {
        // A sign of life.
        return Ok(None);
    }
    let event = serde_json::from_str(&data.join("\n"));
    event.map(Some).map_err(|error| broken("/v1/events", &format!("an event cannot be read: {error}")))
}

async fn collect(response: Response<Incoming>) -> Result<Bytes, String> {
    Limited::new(response.into_body(), MOST_ANSWER_BYTES)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| error.to_string())
}

/// A success, or the daemon's own words.
async fn check(response: Response<Incoming>, path: &str) -> Result<Response<Incoming>, Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let bytes = collect(response).await.map_err(|error| broken(path, &error))?;
    let Ok(ErrorAnswer { error }) = serde_json::from_slice(&bytes) else {
        return Err(Failure::refused(
            "bad_answer",
            format!("the daemon answered {status} to {path}, without a reason"),
        ));
    };
    let exit = match (error.code.as_str(), status) {
        ("starting" | "stopping", _) => Exit::NoDaemon,
        ("node_outcome_unknown", _) => Exit::Unknown,
        (
            "bad_field" | "bad_id" | "bad_json" | "bad_parameter" | "not_acknowledged",
            StatusCode::BAD_REQUEST,
        ) => Exit::Usage,
        _ => Exit::Refused,
    };
    Err(Failure { exit, code: error.code, message: error.message, hint: error.hint, field: error.field })
}

fn no_daemon(socket: &Path, error: &std::io::Error) -> Failure {
    let failure = |message: String| Failure::new(Exit::NoDaemon, "no_daemon", message);
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            failure(format!("no daemon listens at {}", socket.display()))
                .hint("start it with `domp up`; or name the right --profile, --data-dir or --config")
        }
        ErrorKind::PermissionDenied => failure(format!("{} belongs to another user", socket.display()))
            .hint("run this as the user who runs the daemon"),
        _ => failure(format!("the daemon at {} cannot be reached: {error}", socket.display())),
    }
}

fn no_answer(path: &str) -> Failure {
    let message = format!(
        "the order was sent to the daemon ({path}), but no answer came: it may or may not have been carried out"
    );
    Failure::new(Exit::Unknown, "no_answer", message)
        .hint("look before you repeat it: `domp trades`, `domp trade ID`; repeating an order is safe")
}

fn broken(path: &str, error: &str) -> Failure {
    Failure::refused(
        "connection_broken",
        format!("the connection to the daemon broke while asking {path}: {error}"),
    )
    .hint("is it still running? `domp up` starts it again")
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn parse_block__event_sign_of_life_and_nonsense__told_apart() {
        let block = b"event: health\ndata: {\"type\":\"health\",\"troubles\":[]}\n\n";
        assert_eq!(parse_block(block).unwrap(), Some(Event::Health { troubles: vec![] }));
        assert_eq!(parse_block(b":\n\n").unwrap(), None);
        assert!(parse_block(b"data: {\n\n").is_err());
    }

    #[tokio::test]
    async fn get__no_socket__says_how_to_start_one() {
        let folder = tempfile::tempdir().unwrap();
        let client = Client::new(folder.path().join("domp.sock"));
        let failure = client.get::<serde_json::Value>("/v1/health").await.unwrap_err();
        assert_eq!(failure.exit, Exit::NoDaemon);
        assert!(failure.hint.unwrap().contains("domp up"));
    }
}
