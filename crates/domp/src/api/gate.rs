//! The gate: who may ask.
//!
//! The Unix socket is guarded by its file mode; whoever can open it is the owner. Over TCP every local user and every web
//! page in a browser on this machine can connect, so each request carries a token, and its `Host` has to be a loopback
//! name: a page whose own name was pointed to 127.0.0.1 (DNS rebinding) sends another one. No CORS header is ever sent.

use super::refusal::Refusal;
use crate::failure::Failure;
use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, HOST, ORIGIN},
    },
    middleware::Next,
    response::Response,
};
use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    net::SocketAddr,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Hex digits of a token: 32 random bytes.
const TOKEN_DIGITS: usize = 64;

/// How a listener is guarded.
#[derive(Clone)]
pub enum Gate {
    /// By the file mode of the socket.
    Socket,
    /// By a token, on this address.
    Token(Arc<Token>),
}

/// A token and where it lies.
pub struct Token {
    secret: Zeroizing<String>,
    path: PathBuf,
    address: SocketAddr,
}

impl Token {
    /// The token in the file; makes one if there is none.
    ///
    /// # Errors
    /// If the file cannot be made or read, is no token, or others can read it.
    pub fn in_file(path: &Path, address: SocketAddr) -> Result<Self, Failure> {
        let secret = match create(path) {
            Ok(secret) => secret,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => read(path)?,
            Err(error) => {
                return Err(Failure::refused(
                    "cannot_write",
                    format!("{} cannot be written: {error}", path.display()),
                ));
            }
        };
        Ok(Self { secret, path: path.to_owned(), address })
    }

    fn fits(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(AUTHORIZATION).map(axum::http::HeaderValue::as_bytes).unwrap_or_default();
        let given = given.strip_prefix(b"Bearer ").unwrap_or_default();
        given.ct_eq(self.secret.as_bytes()).into()
    }

    fn is_here(&self, headers: &HeaderMap) -> bool {
        let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
        let port = self.address.port();
        host == self.address.to_string()
            || [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")]
                .iter()
                .any(|name| host.eq_ignore_ascii_case(name))
    }
}

/// Reads a token file, for the command line too.
///
/// # Errors
/// As [`Token::in_file`].
pub fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let bad = |reason: String| {
        Failure::refused("bad_token_file", format!("the token file {} {reason}", path.display()))
            .hint("delete it and start the daemon again: it makes a new one")
    };
    let mode =
        fs::metadata(path).map_err(|error| bad(format!("cannot be read: {error}")))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(bad(format!("can be read by others (mode {:o}); it has to be 600", mode & 0o777)));
    }
    let text =
        Zeroizing::new(fs::read_to_string(path).map_err(|error| bad(format!("cannot be read: {error}")))?);
    let token = text.trim();
    if token.len() != TOKEN_DIGITS || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(bad("holds no token (64 hex digits)".into()));
    }
    Ok(Zeroizing::new(token.to_owned()))
}

fn create(path: &Path) -> std::io::Result<Zeroizing<String>> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut bytes = Zeroizing::new([0; TOKEN_DIGITS / 2]);
    getrandom::fill(&mut bytes[..]).map_err(|error| std::io::Error::other(error.to_string()))?;
    let secret = Zeroizing::new(hex::encode(&bytes[..]));
    file.write_all(secret.as_bytes())?;
    file.sync_all()?;
    Ok(secret)
}

/// Lets a request pass, or says why not.
pub async fn check(State(gate): State<Gate>, request: Request, next: Next) -> Result<Response, Refusal> {
    if let Gate::Token(token) = gate {
        let headers = request.headers();
        if !token.is_here(headers) {
            let message = "the Host of the request is not this machine's loopback name and port";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "wrong_host", message)
                .hint(format!("ask http://{}", token.address)));
        }
        if headers.contains_key(ORIGIN) {
            let message = "web pages may not ask; the request came with an Origin";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "from_a_web_page", message));
        }
        if !token.fits(headers) {
            let message = "the request carries no valid token";
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", message).hint(format!(
                "send `Authorization: Bearer TOKEN` with the token in {}",
                token.path.display()
            )));
        }
    }
    Ok(next.run(request).await)
}
