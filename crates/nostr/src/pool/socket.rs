//! One WebSocket to a relay: bounded messages, bounded waits, signs of life.

use super::{
    dial::{Dialer, Stream},
    reach::Reach,
};
use crate::address::RelayAddress;
use futures::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Bytes, Message, Utf8Bytes, protocol::WebSocketConfig},
};

/// Largest message taken off the wire, in bytes. Far above any event that we accept, since a larger message breaks the
/// connection: somebody could otherwise cut us off from a relay by leaving one large event there.
const MAX_MESSAGE_BYTES: usize = 8 * 1024 * 1024;
/// How long a message may take to leave.
const SEND_TIME: Duration = Duration::from_secs(10);

/// An open WebSocket.
pub(crate) struct Socket {
    inner: WebSocketStream<Stream>,
    ping_every: Duration,
    heard_at: Instant,
    /// A sign of life was asked for, and nothing has come since.
    asked_at: Option<Instant>,
    look_at: Instant,
}

impl Socket {
    /// Connects and shakes hands within `patience`.
    pub(crate) async fn open(
        dialer: &Dialer,
        address: &RelayAddress,
        reach: Reach,
        patience: Duration,
        ping_every: Duration,
    ) -> Result<Self, String> {
        let config = WebSocketConfig::default()
            .read_buffer_size(16 * 1024)
            .write_buffer_size(16 * 1024)
            .max_write_buffer_size(2 * 1024 * 1024)
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let opening = async {
            let stream = dialer.dial(address, reach).await?;
            let shaken = client_async_with_config(address.as_str(), stream, Some(config)).await;
            shaken.map(|(inner, _)| inner).map_err(|e| format!("WebSocket handshake: {e}"))
        };
        let Ok(opened) = timeout(patience, opening).await else {
            return Err(format!("no connection within {} s", patience.as_secs_f32()));
        };
        let now = Instant::now();
        Ok(Self { inner: opened?, ping_every, heard_at: now, asked_at: None, look_at: now + ping_every })
    }

    /// Sends one text message.
    pub(crate) async fn send(&mut self, text: String) -> Result<(), String> {
        match timeout(SEND_TIME, self.inner.send(Message::text(text))).await {
            Ok(sent) => sent.map_err(|e| e.to_string()),
            Err(_) => Err(format!("the relay takes nothing, for {} s", SEND_TIME.as_secs())),
        }
    }

    /// The next text message. An error is final. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Utf8Bytes, String> {
        loop {
            tokio::select! {
                message = self.inner.next() => {
                    self.forgive_silence();
                    match message {
                        Some(Ok(Message::Text(text))) => return Ok(text),
                        Some(Ok(Message::Close(_))) | None => return Err("the relay closed the connection".into()),
                        Some(Ok(_)) => {}
                        Some(Err(e)) => return Err(e.to_string()),
                    }
                }
                () = sleep_until(self.look_at) => {
                    let silence = self.heard_at.elapsed();
                    // Only what was asked for can be missed: an answer comes a moment after the question, so that at the next
                    // look the silence is a moment short of asking again.
                    if self.asked_at.is_some_and(|asked_at| asked_at.elapsed() >= self.ping_every) {
                        return Err(format!("no sign of life for {} s", silence.as_secs()));
                    }
                    self.look_at = Instant::now() + self.ping_every;
                    if silence >= self.ping_every && self.asked_at.is_none() {
                        self.asked_at = Some(Instant::now());
                        let ping = self.inner.send(Message::Ping(Bytes::new()));
                        timeout(SEND_TIME, ping).await.map_err(|_| "the relay takes nothing")?.map_err(|e| e.to_string())?;
                    }
                }
            }
        }
    }

    /// Says goodbye, without waiting for an answer.
    pub(crate) async fn close(mut self) {
        // Nothing depends on it: a relay that does not take it sees the connection end.
        let _ = timeout(Duration::from_secs(1), self.inner.close(None)).await;
    }

    /// To be called after a wait of our own making, during which nothing was read.
    pub(crate) fn forgive_silence(&mut self) {
        self.heard_at = Instant::now();
        self.asked_at = None;
    }
}
