//! One LND node: its files, its process, and the few calls the harness makes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::RegtestError;
use crate::bitcoind::Bitcoind;
use crate::free_port::free_port;
use crate::http::Http;
use crate::network::ChannelPlan;
use crate::process::Process;
use crate::wait::wait_until;
use crate::watchdog::Watchdog;

const START_DEADLINE: Duration = Duration::from_secs(90);
const MACAROON_HEADER: HeaderName = HeaderName::from_static("grpc-metadata-macaroon");

/// An LND node on 127.0.0.1, with LND's usual layout of files below [`Lnd::folder`].
#[derive(Debug)]
pub struct Lnd {
    name: String,
    program: PathBuf,
    folder: PathBuf,
    log: PathBuf,
    rpc_port: u16,
    peer_port: u16,
    rest: Http,
    watchdog: Arc<Watchdog>,
    process: Mutex<Option<Process>>,
}

/// One channel, as one end of it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelView {
    /// The funding outpoint, `txid:index`.
    pub outpoint: String,
    /// The node id of the other end, in hex.
    pub peer: String,
    /// Usable now.
    pub active: bool,
    /// In satoshi.
    pub capacity_sat: u64,
    /// This end's balance, in satoshi.
    pub local_sat: u64,
    /// HTLCs in flight over it.
    pub htlcs: usize,
}

impl Lnd {
    /// Lays out `root/name` and writes the configuration; `extra` lines go into its application section.
    pub(crate) fn create(
        program: &Path,
        root: &Path,
        name: &str,
        bitcoind: &Bitcoind,
        extra: &[String],
        watchdog: Arc<Watchdog>,
    ) -> Result<Self, RegtestError> {
        let folder = root.join(name);
        fs::create_dir_all(&folder).map_err(RegtestError::io("cannot create", &folder))?;
        let lnd = Self {
            name: name.to_owned(),
            program: program.to_owned(),
            log: root.join(format!("{name}.log")),
            rpc_port: free_port()?,
            peer_port: free_port()?,
            rest: Http { node: name.to_owned(), port: free_port()? },
            watchdog,
            process: Mutex::new(None),
            folder,
        };
        let conf = lnd.folder.join("lnd.conf");
        fs::write(&conf, lnd.configuration(bitcoind, extra))
            .map_err(RegtestError::io("cannot write", conf))?;
        Ok(lnd)
    }

    /// Short intervals where LND's own suit a slow world: gossip, reconnection, confirmations. The
    /// announced address matters: a node announcement without one makes LND forget the address it was
    /// about to reconnect to.
    fn configuration(&self, bitcoind: &Bitcoind, extra: &[String]) -> String {
        let Self { name, rpc_port, peer_port, rest: Http { port: rest_port, .. }, .. } = self;
        format!(
            "[Application Options]\nalias={name}\nnoseedbackup=true\nnobootstrap=true\n\
             listen=127.0.0.1:{peer_port}\nexternalip=127.0.0.1:{peer_port}\nrpclisten=127.0.0.1:{rpc_port}\nrestlisten=127.0.0.1:{rest_port}\n\
             no-rest-tls=true\ntrickledelay=50\nminbackoff=1s\nmaxbackoff=2s\nmaxpendingchannels=10\n\
             debuglevel=info\n{}\n\
             [logging]\nlogging.file.disable=true\n\
             [bitcoin]\nbitcoin.regtest=true\nbitcoin.node=bitcoind\nbitcoin.defaultchanconfs=1\n\
             {}",
            extra.join("\n"),
            bitcoind.lnd_configuration()
        )
    }

    /// Its name in the plan of the network.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// LND's own folder (`--lnddir`).
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its self-signed TLS certificate.
    pub fn tls_cert(&self) -> PathBuf {
        self.folder.join("tls.cert")
    }

    /// One of the macaroons that LND bakes: `admin`, `readonly`, `invoice`…
    pub fn macaroon(&self, name: &str) -> PathBuf {
        self.folder.join("data/chain/bitcoin/regtest").join(format!("{name}.macaroon"))
    }

    /// Where its gRPC listens: `127.0.0.1:port`.
    pub fn rpc_address(&self) -> String {
        format!("127.0.0.1:{}", self.rpc_port)
    }

    /// Where it listens for peers: `127.0.0.1:port`.
    pub fn peer_address(&self) -> String {
        format!("127.0.0.1:{}", self.peer_port)
    }

    /// Starts it (again), and waits until all its servers answer.
    ///
    /// # Errors
    /// If it ends by itself or is not up within the deadline.
    pub async fn start(&self) -> Result<(), RegtestError> {
        self.launch()?;
        self.wait_until_serving().await
    }

    /// Starts it without waiting for anything.
    ///
    /// # Errors
    /// If the program does not start at all.
    pub fn launch(&self) -> Result<(), RegtestError> {
        let mut command = Command::new(&self.program);
        command.arg(format!("--lnddir={}", self.folder.display()));
        *self.process() =
            Some(Process::spawn(&self.name, &mut command, &self.log, Arc::clone(&self.watchdog))?);
        Ok(())
    }

    /// Waits until all its servers answer.
    ///
    /// # Errors
    /// If it ends by itself or is not up within the deadline.
    pub async fn wait_until_serving(&self) -> Result<(), RegtestError> {
        wait_until(&format!("the start of {}", self.name), START_DEADLINE, async || {
            self.check()?;
            // The only call that needs no macaroon: on a first start there is none yet.
            let answer = self.rest.call("GetState", Method::GET, "/v1/state", None, None).await?;
            let state = answer["state"].as_str().unwrap_or("no state");
            Ok(if state == "SERVER_ACTIVE" { Ok(()) } else { Err(state.to_owned()) })
        })
        .await
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

    /// Stops it from running without ending it (SIGSTOP): its sockets stay open and nothing answers.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it run again after [`Self::freeze`].
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// A GET call to its REST interface, with the admin macaroon.
    ///
    /// # Errors
    /// If it cannot be reached, or refuses.
    pub async fn get(&self, path: &str) -> Result<Value, RegtestError> {
        self.rest.call(path, Method::GET, path, Some(self.credentials(path)?), None).await
    }

    /// A POST call to its REST interface, with the admin macaroon.
    ///
    /// # Errors
    /// If it cannot be reached, or refuses.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, RegtestError> {
        self.rest.call(path, Method::POST, path, Some(self.credentials(path)?), Some(body)).await
    }

    /// Its public key, in hex.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub async fn id(&self) -> Result<String, RegtestError> {
        let answer = self.get("/v1/getinfo").await?;
        self.text(&answer, "getinfo", "identity_pubkey")
    }

    /// Bakes a macaroon with these permissions, pairs of entity and action (`("uri", "/lnrpc.Lightning/GetInfo")`),
    /// and writes it beside the others; returns its path.
    ///
    /// # Errors
    /// If it cannot be reached, refuses, or the file cannot be written.
    pub async fn bake_macaroon(
        &self,
        name: &str,
        permissions: &[(&str, &str)],
    ) -> Result<PathBuf, RegtestError> {
        let permissions: Vec<Value> =
            permissions.iter().map(|(entity, action)| json!({"entity": entity, "action": action})).collect();
        let answer = self.post("/v1/macaroon", &json!({"permissions": permissions})).await?;
        let bytes = answer["macaroon"].as_str().and_then(|text| hex::decode(text).ok());
        let bytes = bytes.ok_or_else(|| self.bad("bake macaroon", "macaroon"))?;
        let path = self.macaroon(name);
        fs::write(&path, bytes).map_err(RegtestError::io("cannot write", &path))?;
        Ok(path)
    }

    /// A fresh on-chain address.
    pub(crate) async fn new_address(&self) -> Result<String, RegtestError> {
        let answer = self.get("/v1/newaddress?type=WITNESS_PUBKEY_HASH").await?;
        self.text(&answer, "newaddress", "address")
    }

    /// Connects to another node, for good: it reconnects by itself when that node was away. Being
    /// connected already is fine.
    pub(crate) async fn connect(&self, other: &Self) -> Result<(), RegtestError> {
        let id = other.id().await?;
        let body = json!({"addr": {"pubkey": id, "host": other.peer_address()}, "perm": true});
        match self.post("/v1/peers", &body).await {
            Err(RegtestError::Refused { message, .. }) if message.contains("already connected") => {}
            answer => drop(answer?),
        }
        wait_until(
            &format!("the connection of {} with {}", self.name, other.name),
            START_DEADLINE,
            async || {
                let peers = self.get("/v1/peers").await?;
                let list = peers["peers"].as_array().map(Vec::as_slice).unwrap_or_default();
                let found = list.iter().any(|peer| peer["pub_key"] == json!(id));
                Ok(if found { Ok(()) } else { Err(format!("{} peers", list.len())) })
            },
        )
        .await
    }

    /// Opens a channel to a connected peer; returns once the funding transaction is published.
    pub(crate) async fn open_channel(&self, to: &Self, channel: &ChannelPlan) -> Result<(), RegtestError> {
        let id = hex::decode(to.id().await?).map_err(|_| to.bad("getinfo", "identity_pubkey"))?;
        let body = json!({
            "node_pubkey": BASE64_STANDARD.encode(id),
            "local_funding_amount": channel.capacity_sat.to_string(),
            "push_sat": channel.push_sat.to_string(),
            "private": channel.private,
            "sat_per_vbyte": "2",
        });
        self.post("/v1/channels", &body).await.map(|_| ())
    }

    /// Its open channels.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub async fn channels(&self) -> Result<Vec<ChannelView>, RegtestError> {
        let answer = self.get("/v1/channels").await?;
        let list = answer["channels"].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|channel| self.channel(channel)).collect()
    }

    fn channel(&self, channel: &Value) -> Result<ChannelView, RegtestError> {
        let call = "list channels";
        Ok(ChannelView {
            outpoint: self.text(channel, call, "channel_point")?,
            peer: self.text(channel, call, "remote_pubkey")?,
            active: channel["active"].as_bool().ok_or_else(|| self.bad(call, "active"))?,
            capacity_sat: self.number(channel, call, "capacity")?,
            local_sat: self.number(channel, call, "local_balance")?,
            htlcs: channel["pending_htlcs"].as_array().map_or(0, Vec::len),
        })
    }

    /// How many channels its graph knows with the policies of both ends: those it can route over.
    pub(crate) async fn routable_channels(&self) -> Result<usize, RegtestError> {
        let answer = self.get("/v1/graph?include_unannounced=true").await?;
        let edges = answer["edges"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(edges
            .iter()
            .filter(|edge| !edge["node1_policy"].is_null() && !edge["node2_policy"].is_null())
            .count())
    }

    /// Its confirmed on-chain balance, in satoshi.
    pub(crate) async fn on_chain_sat(&self) -> Result<u64, RegtestError> {
        let answer = self.get("/v1/balance/blockchain").await?;
        self.number(&answer, "wallet balance", "confirmed_balance")
    }

    /// The height it has processed, if it says that it is synced.
    pub(crate) async fn synced_height(&self) -> Result<Option<u64>, RegtestError> {
        self.check()?;
        let answer = self.get("/v1/getinfo").await?;
        Ok((answer["synced_to_chain"] == json!(true)).then(|| answer["block_height"].as_u64()).flatten())
    }

    pub(crate) fn is_running(&self) -> bool {
        self.process().is_some()
    }

    fn check(&self) -> Result<(), RegtestError> {
        match self.process().as_mut() {
            Some(process) => process.check(),
            None => Err(RegtestError::NotRunning { node: self.name.clone() }),
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

    fn credentials(&self, call: &str) -> Result<(HeaderName, HeaderValue), RegtestError> {
        let path = self.macaroon("admin");
        let bytes = fs::read(&path).map_err(RegtestError::io("cannot read", &path))?;
        let value = HeaderValue::from_str(&hex::encode(bytes)).map_err(|error| RegtestError::Transport {
            node: self.name.clone(),
            call: call.to_owned(),
            reason: error.to_string(),
        })?;
        Ok((MACAROON_HEADER, value))
    }

    fn text(&self, answer: &Value, call: &str, field: &'static str) -> Result<String, RegtestError> {
        answer[field].as_str().map(str::to_owned).ok_or_else(|| self.bad(call, field))
    }

    /// LND writes 64-bit numbers as JSON strings.
    fn number(&self, answer: &Value, call: &str, field: &'static str) -> Result<u64, RegtestError> {
        answer[field].as_str().and_then(|text| text.parse().ok()).ok_or_else(|| self.bad(call, field))
    }

    fn bad(&self, call: &str, field: &'static str) -> RegtestError {
        RegtestError::Answer { node: self.name.clone(), call: call.to_owned(), field }
    }
}
