//! The connection over which events are published to one relay and stored ones fetched from it.
//!
//! One task per relay. It connects when asked (or at once and for ever, for a configured relay), answers every command
//! exactly once or drops it, and holds nothing back for later: what was not answered when the connection ends is
//! answered with [`RelayAnswer::NoAnswer`], and the caller's own outbox decides.

use super::{
    backoff,
    exchange::Exchange,
    health::{Health, Pulse},
    shared::Shared,
    socket::Socket,
};
use crate::address::RelayAddress;
use domp_ports::relays::{RelayAnswer, Wanted};
use domp_protocol::ids::EventId;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

/// Commands that wait for the connection; callers beyond that wait within their own time.
const QUEUE: usize = 64;
/// A connection that nobody needs is closed after this.
const IDLE: Duration = Duration::from_secs(60);
/// No attempt to connect comes sooner after a failed one.
const PAUSE: Duration = Duration::from_secs(1);

/// Stored events of one relay, and why something may be missing.
pub(crate) struct Fetched {
    pub(crate) events: Vec<String>,
    pub(crate) missing: Option<String>,
}

/// What a session is asked to do.
pub(crate) enum Command {
    /// Publish this event.
    Publish { id: EventId, json: Arc<str>, reply: oneshot::Sender<RelayAnswer> },
    /// Read what is stored.
    Fetch { wanted: Wanted, reply: oneshot::Sender<Fetched> },
}

impl Command {
    /// Answers that it could not be done.
    pub(crate) fn give_up(self, reason: &str) {
        // The other end may have run out of patience; then nobody is to be told.
        match self {
            Self::Publish { reply, .. } => {
                let _ = reply.send(RelayAnswer::NoAnswer(reason.to_owned()));
            }
            Self::Fetch { reply, .. } => {
                let _ = reply.send(Fetched { events: Vec::new(), missing: Some(reason.to_owned()) });
            }
        }
    }
    pub(crate) fn is_abandoned(&self) -> bool {
        match self {
            Self::Publish { reply, .. } => reply.is_closed(),
            Self::Fetch { reply, .. } => reply.is_closed(),
        }
    }
}

/// Starts a session. It ends when the sender is dropped or, if not `configured`, when it was idle for a while.
pub(crate) fn start(
    shared: Arc<Shared>,
    address: RelayAddress,
    configured: bool,
    health: Arc<Health>,
) -> mpsc::Sender<Command> {
    let (sender, commands) = mpsc::channel(QUEUE);
    tokio::spawn(Session { shared, address, configured, health, commands }.run());
    sender
}

struct Session {
    shared: Arc<Shared>,
    address: RelayAddress,
    configured: bool,
    health: Arc<Health>,
    commands: mpsc::Receiver<Command>,
}

impl Session {
    async fn run(mut self) {
        let mut pulse = Pulse::new(self.health.clone());
        let mut failures: u32 = 0;
        let mut failed_at: Option<Instant> = None;
        loop {
            let Some(first) = self.reason_to_connect(failures, failed_at).await else { return };
            let opened = self.open().await;
            let started = Instant::now();
            let outcome = match opened {
                Ok(socket) => {
                    pulse.set(true);
                    self.talk(socket, first).await
                }
                Err(reason) => {
                    if let Some(command) = first {
                        command.give_up(&reason);
                    }
                    Err(reason)
                }
            };
            let Err(reason) = outcome else { return };
            pulse.fail(&reason);
            self.give_up_waiting(&reason);
            failures = if started.elapsed() > IDLE { 1 } else { failures.saturating_add(1) };
            failed_at = Some(Instant::now());
        }
    }

    /// Waits until there is a reason to connect: a command, or for a configured relay the end of the pause. `None` when
    /// the session is over.
    async fn reason_to_connect(
        &mut self,
        failures: u32,
        failed_at: Option<Instant>,
    ) -> Option<Option<Command>> {
        let wait = match (self.configured, failures) {
            (true, 0) => Duration::ZERO,
            (true, _) => backoff::wait(failures, spread()),
            (false, _) => IDLE,
        };
        let until = Instant::now() + wait;
        loop {
            tokio::select! {
                command = self.commands.recv() => {
                    let command = command?;
                    if failed_at.is_some_and(|at| at.elapsed() < PAUSE) {
                        command.give_up(&self.health.last_error().unwrap_or_default());
                        continue;
                    }
                    return Some(Some(command));
                }
                () = sleep_until(until) => {
                    return self.configured.then_some(None);
                }
            }
        }
    }

    async fn open(&self) -> Result<Socket, String> {
        let Shared { dialer, config, .. } = self.shared.as_ref();
        let reach = self.shared.reach(self.configured);
        Socket::open(dialer, &self.address, reach, config.patience, config.ping_every).await
    }

    /// Talks until the connection ends (`Err`) or nobody needs it any more (`Ok`).
    async fn talk(&mut self, mut socket: Socket, first: Option<Command>) -> Result<(), String> {
        let signer = self.shared.signers.for_relay(self.configured);
        let mut exchange = Exchange::new(self.address.as_str(), signer, &self.shared.config);
        let ended = self.converse(&mut socket, &mut exchange, first).await;
        let reason = ended.as_ref().err().map_or("the connection was closed", String::as_str);
        exchange.give_up(reason);
        socket.close().await;
        ended
    }

    async fn converse(
        &mut self,
        socket: &mut Socket,
        exchange: &mut Exchange,
        first: Option<Command>,
    ) -> Result<(), String> {
        if let Some(command) = first {
            exchange.begin(command)?;
        }
        let mut busy_at = Instant::now();
        loop {
            while let Some(message) = exchange.next_to_send() {
                socket.send(message).await?;
            }
            let idle_at = if self.configured { None } else { Some(busy_at + IDLE) };
            let wake_at = exchange.deadline().into_iter().chain(idle_at).min();
            tokio::select! {
                text = socket.next() => {
                    exchange.heard(&text?)?;
                    if let Some(notice) = exchange.notice() {
                        self.health.noticed(notice);
                    }
                }
                command = self.commands.recv() => match command {
                    None => return Ok(()),
                    Some(command) => {
                        busy_at = Instant::now();
                        exchange.begin(command)?;
                    }
                },
                () = sleep_to(wake_at) => {
                    exchange.expire()?;
                    if exchange.is_idle() && idle_at.is_some_and(|at| at <= Instant::now()) {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Answers the commands that came in while the connection was failing.
    fn give_up_waiting(&mut self, reason: &str) {
        while let Ok(command) = self.commands.try_recv() {
            command.give_up(reason);
        }
    }
}

async fn sleep_to(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A little randomness for [`backoff::wait`]; its quality does not matter.
pub(crate) fn spread() -> u8 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u8(0);
    hasher.finish().to_le_bytes()[0]
}
