//! A relay that does exactly what a test says, on a real socket.
#![allow(dead_code, clippy::unwrap_used)]

use futures::{FutureExt, SinkExt, StreamExt, future::BoxFuture};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};

pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// Turns a TCP stream into the stream that carries the WebSocket: itself, or TLS over it.
pub type Wrap = Arc<dyn Fn(TcpStream) -> BoxFuture<'static, Option<Box<dyn Io>>> + Send + Sync>;

/// The running relay; stops when dropped.
pub struct Scripted {
    pub port: u16,
    connections: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Scripted {
    /// Runs `script` for each connection that shakes hands, with its number from 0.
    pub async fn start<F>(script: impl Fn(usize, Line) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let plain: Wrap = Arc::new(|stream| async { Some(Box::new(stream) as Box<dyn Io>) }.boxed());
        Self::start_over(plain, script).await
    }

    pub async fn start_over<F>(wrap: Wrap, script: impl Fn(usize, Line) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, script) = (connections.clone(), Arc::new(script));
        let task = tokio::spawn(async move {
            let mut talks = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (wrap, script, count) = (wrap.clone(), script.clone(), count.clone());
                talks.spawn(async move {
                    let Some(stream) = wrap(stream).await else { return };
                    let Ok(socket) = accept_async(stream).await else { return };
                    let number = count.fetch_add(1, Ordering::SeqCst);
                    script(number, Line { socket }).await;
                });
            }
        });
        Self { port, connections, task: task.abort_handle() }
    }

    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// Handshakes so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection, seen by the relay.
pub struct Line {
    socket: WebSocketStream<Box<dyn Io>>,
}

impl Line {
    /// The next text message; the test's script waits for ever when the client is gone.
    pub async fn heard(&mut self) -> Value {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => std::future::pending().await,
            }
        }
    }
    /// The next message with this label; others are skipped.
    pub async fn heard_a(&mut self, label: &str) -> Value {
        loop {
            let message = self.heard().await;
            if message[0] == label {
                return message;
            }
        }
    }
    /// The next request: the name of the subscription.
    pub async fn asked(&mut self) -> String {
        self.heard_a("REQ").await[1].as_str().unwrap().to_owned()
    }
    pub async fn say(&mut self, message: Value) {
        self.say_raw(message.to_string()).await;
    }
    /// False when the client is gone.
    pub async fn say_raw(&mut self, text: impl Into<String>) -> bool {
        self.socket.send(Message::text(text.into())).await.is_ok()
    }
    pub async fn event(&mut self, subscription: &str, json: &str) -> bool {
        self.say_raw(format!("[\"EVENT\",{},{json}]", json!(subscription))).await
    }
    pub async fn stored(&mut self, subscription: &str) {
        self.say(json!(["EOSE", subscription])).await;
    }
    /// Reads and answers nothing until the client is gone.
    pub async fn listen(&mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
    }
    /// Neither reads nor speaks again; not even pongs.
    pub async fn freeze(self) {
        let _held = self;
        std::future::pending::<()>().await;
    }
}

/// Waits for a condition, long enough for any machine.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    for _ in 0..3_000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to this: {what}");
}
