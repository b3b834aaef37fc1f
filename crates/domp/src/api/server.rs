//! The server: listens on the Unix socket and, if asked, on loopback; stops without leaving anything behind.

use super::{
    Desk,
    bounded::Bounded,
    door::{self, Door},
    gate::{self, Gate, Token},
    routes,
};
use crate::{failure::Failure, paths::check_socket};
use axum::{Router, middleware};
use std::{
    fs::{self, Permissions},
    io::ErrorKind,
    net::SocketAddr,
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::UnixStream as StdUnixStream,
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, UnixListener},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

/// How long open requests may take after the daemon was told to stop.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Connections at the same time, on each listener.
const MOST_CONNECTIONS: usize = 64;

/// Where to listen.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// The Unix socket.
    pub socket: PathBuf,
    /// Loopback, if asked for, and the file with its token.
    pub tcp: Option<(SocketAddr, PathBuf)>,
}

/// A running server.
pub struct Server {
    socket: PathBuf,
    tcp: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    door: Arc<Door>,
}

/// Sockets that are bound but not served yet: taken before anything else is started, so that a second daemon is refused
/// early.
pub struct Bound {
    unix: UnixListener,
    socket: PathBuf,
    tcp: Option<(TcpListener, Gate, SocketAddr)>,
}

impl Server {
    /// Binds the sockets.
    ///
    /// # Errors
    /// If a path or address cannot be listened on, or somebody listens there already.
    pub async fn bind(endpoints: &Endpoints) -> Result<Bound, Failure> {
        let unix = bind_socket(&endpoints.socket)?;
        let tcp = match &endpoints.tcp {
            None => None,
            Some((address, token)) => {
                let failed = |error: std::io::Error| {
                    Failure::refused("cannot_listen", format!("the API cannot listen on {address}: {error}"))
                        .field("api.listen")
                        .hint("choose another port in api.listen, or stop what uses this one")
                };
                let listener = TcpListener::bind(address).await.map_err(failed)?;
                let bound = listener.local_addr().map_err(failed)?;
                Some((listener, Gate::Token(Arc::new(Token::in_file(token, bound)?)), bound))
            }
        };
        Ok(Bound { unix, socket: endpoints.socket.clone(), tcp })
    }

    /// Serves until it is stopped: at first with the answer that the daemon is starting, until [`Self::open`].
    pub fn start(bound: Bound) -> Self {
        let door = Arc::new(Door::default());
        let (stop, _) = watch::channel(false);
        let app = |gate: Gate| {
            let closed = Router::new().fallback(door::enter).with_state(Arc::clone(&door));
            closed.layer(middleware::from_fn_with_state(gate, gate::check)).into_make_service()
        };
        let ended = |mut stopping: watch::Receiver<bool>| async move {
            // An error means that the sender is gone, which is an end too.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        };
        let mut tasks = Vec::new();
        let serving = axum::serve(Bounded::new(bound.unix, MOST_CONNECTIONS), app(Gate::Socket))
            .with_graceful_shutdown(ended(stop.subscribe()));
        tasks.push(tokio::spawn(async move { report("socket", serving.await) }));
        let mut tcp = None;
        if let Some((listener, gate, address)) = bound.tcp {
            let serving = axum::serve(Bounded::new(listener, MOST_CONNECTIONS), app(gate))
                .with_graceful_shutdown(ended(stop.subscribe()));
            tasks.push(tokio::spawn(async move { report("loopback", serving.await) }));
            tcp = Some(address);
        }
        Self { socket: bound.socket, tcp, stop, tasks, door }
    }

    /// What whoever asks is told while the daemon is starting.
    pub fn waits_for(&self, what: &str) {
        self.door.waits_for(what);
    }

    /// From now on every path is served.
    pub fn open(&self, desk: Desk) {
        self.door.open(routes(Arc::new(desk)));
    }

    /// Tells streams that the server stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// The Unix socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The loopback address, if it listens there.
    pub const fn tcp(&self) -> Option<SocketAddr> {
        self.tcp
    }

    /// Takes no more requests, lets open ones end, and removes the socket.
    pub async fn stop(mut self) {
        // No receiver is left when everything has ended already.
        let _ = self.stop.send(true);
        for task in &mut self.tasks {
            if timeout(LAST_WORDS, &mut *task).await.is_err() {
                task.abort();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // Gone already is fine.
        let _ = fs::remove_file(&self.socket);
    }
}

fn report(listener: &str, ended: std::io::Result<()>) {
    if let Err(error) = ended {
        tracing::error!(listener, %error, "the API stopped listening");
    }
}

/// Binds under another name first, so that the socket never has a wider mode than its owner's.
fn bind_socket(path: &Path) -> Result<UnixListener, Failure> {
    let failed = |error: std::io::Error| {
        Failure::refused("cannot_listen", format!("the API cannot listen at {}: {error}", path.display()))
            .field("api.socket")
    };
    let fresh = path.with_extension("new");
    check_socket(&fresh)?;
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => {
            let message = format!("{} is there and is no socket; it is left alone", path.display());
            return Err(Failure::refused("cannot_listen", message)
                .field("api.socket")
                .hint("name another path in api.socket"));
        }
        // A daemon that died leaves its socket behind; one that lives answers.
        Ok(_) if StdUnixStream::connect(path).is_ok() => {
            return Err(Failure::refused(
                "already_running",
                format!("a daemon listens at {} already", path.display()),
            )
            .hint("stop that one first, or name another --data-dir or --profile"));
        }
        Ok(_) => {}
    }
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let listener = UnixListener::bind(&fresh).map_err(failed)?;
    fs::set_permissions(&fresh, Permissions::from_mode(0o600)).map_err(failed)?;
    fs::rename(&fresh, path).map_err(failed)?;
    Ok(listener)
}
