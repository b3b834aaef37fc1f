//! A bitcoind in regtest with a wallet that mines and pays.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderValue};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::RegtestError;
use crate::free_port::free_port;
use crate::http::Http;
use crate::process::Process;
use crate::wait::wait_until;
use crate::watchdog::Watchdog;

const NAME: &str = "bitcoind";
const USER: &str = "domp";
const START_DEADLINE: Duration = Duration::from_secs(60);

/// bitcoind in regtest mode. It listens for no peers.
#[derive(Debug)]
pub struct Bitcoind {
    program: PathBuf,
    folder: PathBuf,
    log: PathBuf,
    password: String,
    rpc: Http,
    zmq_block_port: u16,
    zmq_tx_port: u16,
    watchdog: Arc<Watchdog>,
    process: Mutex<Option<Process>>,
}

impl Bitcoind {
    /// Lays out `root/bitcoind` and starts it with an empty chain and an empty wallet.
    pub(crate) async fn create(
        program: &Path,
        root: &Path,
        watchdog: Arc<Watchdog>,
    ) -> Result<Self, RegtestError> {
        let folder = root.join(NAME);
        fs::create_dir_all(&folder).map_err(RegtestError::io("cannot create", &folder))?;
        let bitcoind = Self {
            program: program.to_owned(),
            log: root.join("bitcoind.log"),
            password: hex::encode(rand::random::<[u8; 16]>()),
            rpc: Http { node: NAME.to_owned(), port: free_port()? },
            zmq_block_port: free_port()?,
            zmq_tx_port: free_port()?,
            watchdog,
            process: Mutex::new(None),
            folder,
        };
        let conf = bitcoind.folder.join("bitcoin.conf");
        fs::write(&conf, bitcoind.configuration()).map_err(RegtestError::io("cannot write", conf))?;
        bitcoind.start().await?;
        bitcoind.rpc("createwallet", json!([NAME])).await?;
        Ok(bitcoind)
    }

    fn configuration(&self) -> String {
        let Self { password, rpc: Http { port, .. }, zmq_block_port, zmq_tx_port, .. } = self;
        format!(
            "regtest=1\nserver=1\nlisten=0\ndnsseed=0\nfixedseeds=0\nprinttoconsole=1\nshrinkdebugfile=0\n\
             nodebuglogfile=1\nfallbackfee=0.0001\nrpcuser={USER}\nrpcpassword={password}\n\
             rpcworkqueue=256\nrpcthreads=8\n\
             zmqpubrawblock=tcp://127.0.0.1:{zmq_block_port}\nzmqpubrawtx=tcp://127.0.0.1:{zmq_tx_port}\n\
             [regtest]\nrpcbind=127.0.0.1\nrpcallowip=127.0.0.1\nrpcport={port}\nwallet={NAME}\n"
        )
    }

    /// The lines of an LND configuration that name this bitcoind.
    pub(crate) fn lnd_configuration(&self) -> String {
        let Self { password, rpc: Http { port, .. }, zmq_block_port, zmq_tx_port, .. } = self;
        format!(
            "[bitcoind]\nbitcoind.rpchost=127.0.0.1:{port}\nbitcoind.rpcuser={USER}\nbitcoind.rpcpass={password}\n\
             bitcoind.zmqpubrawblock=tcp://127.0.0.1:{zmq_block_port}\n\
             bitcoind.zmqpubrawtx=tcp://127.0.0.1:{zmq_tx_port}\n"
        )
    }

    /// Starts it (again) and waits until it answers. The Lightning nodes may take longer to follow it again:
    /// see [`Regtest::start_bitcoind`](crate::Regtest::start_bitcoind).
    ///
    /// # Errors
    /// If it ends by itself or does not answer within a minute.
    pub async fn start(&self) -> Result<(), RegtestError> {
        let mut command = Command::new(&self.program);
        command.arg(format!("-datadir={}", self.folder.display()));
        *self.process() = Some(Process::spawn(NAME, &mut command, &self.log, Arc::clone(&self.watchdog))?);
        wait_until("an answer of bitcoind", START_DEADLINE, async || {
            self.check()?;
            self.rpc("getblockcount", json!([])).await.map(Ok)
        })
        .await
        .map(|_| ())
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// If it does not end within half a minute.
    pub async fn stop(&self) -> Result<(), RegtestError> {
        let process = self.process().take();
        match process {
            Some(process) => process.stop().await,
            None => Ok(()),
        }
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&self) {
        drop(self.process().take());
    }

    /// Stops it from running without ending it (SIGSTOP).
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it run again after [`Self::freeze`].
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Calls its JSON-RPC and returns the `result`.
    ///
    /// # Errors
    /// If it cannot be reached, or answers with an error.
    pub async fn rpc(&self, method: &str, parameters: Value) -> Result<Value, RegtestError> {
        let body = json!({"jsonrpc": "1.0", "id": "domp", "method": method, "params": parameters});
        let header = HeaderValue::from_str(&basic_auth(USER, &self.password)).map_err(|error| {
            RegtestError::Transport {
                node: NAME.to_owned(),
                call: method.to_owned(),
                reason: error.to_string(),
            }
        })?;
        let mut answer =
            self.rpc.call(method, Method::POST, "/", Some((AUTHORIZATION, header)), Some(&body)).await?;
        Ok(answer["result"].take())
    }

    /// The height of the tip.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub async fn height(&self) -> Result<u32, RegtestError> {
        let answer = self.rpc("getblockcount", json!([])).await?;
        answer
            .as_u64()
            .and_then(|height| u32::try_from(height).ok())
            .ok_or_else(|| Self::bad("getblockcount", "result"))
    }

    /// Mines blocks to its own wallet. The Lightning nodes hear of them a moment later:
    /// [`Regtest::mine`](crate::Regtest::mine) waits for that.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub async fn mine(&self, blocks: u32) -> Result<(), RegtestError> {
        let address = self.rpc("getnewaddress", json!([])).await?;
        self.rpc("generatetoaddress", json!([blocks, address])).await.map(|_| ())
    }

    /// Pays all of these in one transaction, unconfirmed: pairs of address and sat.
    pub(crate) async fn pay(&self, outputs: &[(String, u64)]) -> Result<(), RegtestError> {
        let amounts: serde_json::Map<String, Value> =
            outputs.iter().map(|(address, sat)| (address.clone(), json!(btc(*sat)))).collect();
        self.rpc("sendmany", json!(["", amounts])).await.map(|_| ())
    }

    pub(crate) fn is_running(&self) -> bool {
        self.process().is_some()
    }

    fn check(&self) -> Result<(), RegtestError> {
        match self.process().as_mut() {
            Some(process) => process.check(),
            None => Err(RegtestError::NotRunning { node: NAME.to_owned() }),
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = self.process().as_ref() {
            process.signal(signal);
        }
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bad(call: &str, field: &'static str) -> RegtestError {
        RegtestError::Answer { node: NAME.to_owned(), call: call.to_owned(), field }
    }
}

/// An amount as bitcoind reads it exactly: a decimal string of bitcoin.
fn btc(sat: u64) -> String {
    format!("{}.{:08}", sat / 100_000_000, sat % 100_000_000)
}

/// HTTP Basic authentication (RFC 7617).
fn basic_auth(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}
