//! The daemon: engine and API, from start to stop.

#[cfg(debug_assertions)]
mod killed;
pub mod logging;
pub mod rebuild;

use crate::{
    api::{Desk, Endpoints, Server},
    cli::Session,
    config::Config,
    failure::Failure,
    paths::Paths,
    reference::npub,
    wire::status::Identity as Who,
    wiring,
};
use domp_engine::{Engine, EngineConfig, Ports, StartError};
use domp_ports::{
    identity::Identity,
    journal::{Journal, JournalError},
};
use domp_store::SqliteJournal;
use domp_vault::{Vault, vault_file};
use std::{path::PathBuf, sync::Arc};
use tokio::signal::unix::{SignalKind, signal};

/// A running daemon.
pub struct Daemon {
    engine: Engine,
    server: Server,
}

/// What a daemon is made of.
pub struct Parts {
    /// The engine's neighbours.
    pub ports: Ports,
    /// What it is told.
    pub config: EngineConfig,
    /// The keys, for backups.
    pub vault: Arc<Vault>,
    /// Where backups are put together.
    pub workspace: PathBuf,
}

impl Daemon {
    /// Starts the engine and opens the API.
    ///
    /// # Errors
    /// What keeps the engine from starting.
    pub async fn start(server: Server, parts: Parts) -> Result<Self, Failure> {
        let key = parts.vault.public_key();
        let identity = Who {
            public_key: key.to_string(),
            npub: npub(key.as_bytes()),
            network: parts.config.network.to_string(),
            implementation: parts.ports.lightning.capabilities().implementation,
        };
        server.waits_for("reading the database, and asking the node and the relays what happened meanwhile");
        let engine = Engine::start(parts.ports, parts.config).await.map_err(not_started)?;
        server.open(Desk {
            engine: engine.clone(),
            vault: parts.vault,
            identity,
            workspace: parts.workspace,
            stopping: server.stopping(),
        });
        Ok(Self { engine, server })
    }

    /// The engine.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Stops: no more requests, then no more work. What is not done is done after the next start.
    pub async fn stop(self) {
        self.server.stop().await;
        self.engine.stop().await;
    }
}

/// `domp up`.
///
/// # Errors
/// What keeps the daemon from starting.
pub async fn run(session: &Session) -> Result<(), Failure> {
    logging::start(session.output.is_json());
    let paths = session.paths()?;
    let config = session.config(&paths)?;
    if config.relays.urls.is_empty() {
        return Err(Failure::usage(
            "no_relay",
            format!("{} names no relay, so nobody could be reached", paths.config.display()),
        )
        .field("relays")
        .hint("name one or more under relays, better three"));
    }
    let vault = open_vault(session, &paths).await?;
    let journal = open_journal(&paths)?;
    let socket = config.api.socket.clone().unwrap_or_else(|| paths.socket());
    let endpoints = Endpoints { socket, tcp: config.api.listen.map(|address| (address, paths.token())) };
    let server = Server::start(Server::bind(&endpoints).await?);
    tracing::info!(socket = %server.socket().display(), tcp = ?server.tcp(), "listening");
    let starting = start(&paths, &config, vault, journal, server);
    let daemon = tokio::select! {
        started = starting => started?,
        word = told_to_stop() => {
            tracing::info!(word = word?, "stopped before it had started");
            return Ok(());
        }
    };
    tracing::info!(profile = %paths.profile, network = %config.network, "ready");
    let rebuilding = tokio::spawn(rebuild::pursue(daemon.engine().clone(), paths));
    let word = told_to_stop().await?;
    tracing::info!(word, "stopping");
    rebuilding.abort();
    daemon.stop().await;
    tracing::info!("stopped");
    Ok(())
}

async fn start(
    paths: &Paths,
    config: &Config,
    vault: Arc<Vault>,
    journal: Arc<dyn Journal>,
    server: Server,
) -> Result<Daemon, Failure> {
    let lightning = wiring::lightning(config, |reason| {
        tracing::warn!(reason, "waiting for the Lightning node");
        server.waits_for(&format!("waiting for the Lightning node: {reason}"));
    })
    .await?;
    let relays = wiring::relays(config, Arc::clone(&vault))?;
    let identity: Arc<dyn Identity> = vault.clone();
    let clock = Arc::new(domp_ports::clock::SystemClock);
    let ports = Ports { lightning, journal, relays, identity, clock };
    let config = wiring::engine_config(config);
    #[cfg(debug_assertions)]
    let config = EngineConfig { faults: killed::from_environment().unwrap_or(config.faults), ..config };
    let parts = Parts { ports, config, vault, workspace: paths.data.clone() };
    Daemon::start(server, parts).await
}

/// Opens the vault; the work behind it is done away from the event loop.
async fn open_vault(session: &Session, paths: &Paths) -> Result<Arc<Vault>, Failure> {
    let path = paths.vault();
    if path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Err(Failure::usage("no_vault", format!("there is no identity in {}", paths.data.display()))
            .hint("`domp init` makes one, `domp restore` brings one back; or name another --profile or --data-dir"));
    }
    let passphrase = session.passphrase()?;
    let opening = tokio::task::spawn_blocking(move || vault_file::open(&path, passphrase.expose()));
    let opened = opening.await.map_err(|error| Failure::refused("vault", error.to_string()))?;
    opened.map(Arc::new).map_err(|error| vault_failure(&error))
}

/// A vault that does not open, as a failure.
pub fn vault_failure(error: &vault_file::VaultFileError) -> Failure {
    let code = match error {
        vault_file::VaultFileError::WrongPassphrase { .. } => "wrong_passphrase",
        _ => "vault",
    };
    Failure::refused(code, error.to_string())
}

fn open_journal(paths: &Paths) -> Result<Arc<dyn Journal>, Failure> {
    match SqliteJournal::open(&paths.database()) {
        Ok(journal) => Ok(Arc::new(journal)),
        Err(error) => Err(database(&error)),
    }
}

/// A database that cannot be used, as a failure.
pub fn database(error: &JournalError) -> Failure {
    let code = match error {
        JournalError::InUse { .. } => "already_running",
        JournalError::TooNew { .. } => "database_too_new",
        JournalError::Full { .. } => "disk_full",
        JournalError::ReadOnly { .. } => "read_only",
        JournalError::Corrupt { .. } => "database_damaged",
        JournalError::Conflict { .. } | JournalError::HashTaken { .. } | JournalError::Failed(_) => {
            "database"
        }
    };
    Failure::refused(code, error.to_string())
}

fn not_started(error: StartError) -> Failure {
    match error {
        StartError::Journal(error) => database(&error),
        StartError::WrongNetwork { .. } => {
            Failure::usage("wrong_network", error.to_string()).field("network")
        }
        StartError::OtherNetwork { .. } => {
            Failure::usage("other_network", error.to_string()).field("network")
        }
        StartError::OtherPerson { .. } => Failure::refused("other_person", error.to_string()),
        StartError::OtherNode { .. } => Failure::refused("other_node", error.to_string()),
        StartError::Unreadable { .. } => Failure::refused("trade_unreadable", error.to_string()),
        StartError::Config(_) => Failure::usage("bad_config", error.to_string()),
    }
}

/// Waits for somebody to say stop, and gives the word.
///
/// # Errors
/// If the system does not let us listen for it.
pub async fn told_to_stop() -> Result<&'static str, Failure> {
    let listen = |kind| {
        signal(kind).map_err(|error| {
            Failure::refused("no_signals", format!("signals cannot be listened for: {error}"))
        })
    };
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = interrupt.recv() => Ok("SIGINT"),
    }
}
