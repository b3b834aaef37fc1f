//! A request to the daemon's own API: method and path in the first line, the body after it. There are two daemons without a
//! network: simulated nodes, relays in memory, databases in folders of their own. The first has a listing; a `@` before the
//! method asks it, without one the second is asked. `LISTING` and `TRADE` stand for the ids of that listing and of the last
//! trade.
//!
//! Whatever is asked is answered, in time, with a known status; what is refused is refused in JSON, with a code and a
//! message; and nothing is ever a fault of the daemon.

use axum::{Router, body::Body, http::Request};
use domp_engine::{Engine, EngineConfig, Ports};
use domp_nostr::memory::MemoryNet;
use domp_ports::identity::Identity;
use domp_protocol::{
    network::Network,
    units::{Msat, Sat},
};
use domp_simnet::{Profile, Settings, SimNetwork};
use domp_store::SqliteJournal;
use domp_vault::{Phrase, Vault};
use http_body_util::BodyExt;
use serde_json::Value;
use std::{cell::RefCell, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::watch, time::timeout};
use tower::ServiceExt;

const RELAY: &str = "wss://relay.example";
/// After so many requests everything is made anew, so that what was written does not slow down what follows.
const REQUESTS: u32 = 2_000;
/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);
const PHRASES: [&str; 2] = [
    "leader monkey parrot ring guide accident before fence cannon height naive bean",
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
];

/// Two daemons without sockets.
struct World {
    runtime: Runtime,
    routers: Vec<Router>,
    engines: Vec<Engine>,
    asked: u32,
    listing: String,
    trade: String,
    _stop: watch::Sender<bool>,
    _folders: Vec<TempDir>,
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Checks one input.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    WORLD.with_borrow_mut(|world| {
        if world.as_ref().is_some_and(|world| world.asked >= REQUESTS) {
            world.take().into_iter().for_each(World::end);
        }
        world.get_or_insert_with(World::new).told(text);
    });
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (stop, stopping) = watch::channel(false);
        let net = SimNetwork::new(Settings::default());
        let relays = MemoryNet::new([RELAY]);
        let folders: Vec<TempDir> = (0..2).map(|_| tempfile::tempdir().expect("a folder")).collect();
        let (mut engines, mut vaults, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
        for (n, folder) in folders.iter().enumerate() {
            let node = net.add_node(&format!("node {n}"), Profile::lnd());
            let phrase = Phrase::parse(PHRASES[n]).expect("a phrase");
            let vault = Arc::new(Vault::from_phrase(phrase).expect("a vault"));
            let identity: Arc<dyn Identity> = vault.clone();
            let ports = Ports {
                lightning: Arc::new(node.clone()),
                journal: Arc::new(SqliteJournal::open(&folder.path().join("domp.db")).expect("a database")),
                relays: Arc::new(relays.client([RELAY])),
                identity,
                clock: Arc::new(net.clock()),
            };
            let mut config = EngineConfig::new(Network::Regtest, vec![RELAY.to_owned()]);
            config.bounds.least_work_bits = 0;
            engines.push(runtime.block_on(Engine::start(ports, config)).expect("an engine"));
            vaults.push(vault);
            nodes.push(node);
        }
        let half = Sat::new(1_000_000).map_or(Msat::ZERO, Sat::to_msat);
        net.channel(&nodes[0], &nodes[1], half, half);
        let routers = (0..2).map(|n| {
            let workspace = folders[n].path().to_owned();
            domp::fuzzing::router(engines[n].clone(), Arc::clone(&vaults[n]), workspace, stopping.clone())
        });
        let (routers, trade) = (routers.collect(), "00".repeat(32));
        let (listing, asked) = (trade.clone(), 0);
        let mut world =
            Self { runtime, routers, engines, asked, listing, trade, _stop: stop, _folders: folders };
        let offer = r#"{"product_name":"lamp","description":"","price_sat":50000,"transit_blocks":144}"#;
        world.told(&format!("@POST /v1/listings\n{offer}"));
        world
    }

    /// Asks what an input says.
    fn told(&mut self, text: &str) {
        let text = text.replace("LISTING", &self.listing).replace("TRADE", &self.trade);
        let (first, body) = text.split_once('\n').unwrap_or((&text, ""));
        let (method, path) = first.split_once(' ').unwrap_or(("GET", first));
        let (who, method) = method.strip_prefix('@').map_or((1, method), |method| (0, method));
        let kind = if body.starts_with('%') { "text/plain" } else { "application/json" };
        let request = Request::builder().method(method).uri(path).header("content-type", kind);
        let Ok(request) = request.body(Body::from(body.to_owned())) else { return };
        let Some(answer) = self.ask(who, request) else { return };
        match (path, answer["id"].as_str()) {
            ("/v1/listings", Some(id)) if self.asked == 1 => self.listing = id.to_owned(),
            ("/v1/bids", Some(id)) => self.trade = id.to_owned(),
            _ => {}
        }
    }

    fn ask(&mut self, who: usize, request: Request<Body>) -> Option<Value> {
        self.asked += 1;
        let shown = format!("{} {}", request.method(), request.uri());
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let router = self.routers[who].clone();
        let answered = self.runtime.block_on(timeout(PATIENCE, async {
            let response = router.oneshot(request).await.expect("an answer");
            let status = response.status().as_u16();
            // This one does not end by itself.
            if path == "/v1/events" && status == 200 {
                return (status, Vec::new());
            }
            let body = response.into_body().collect().await.expect("a body");
            (status, body.to_bytes().to_vec())
        }));
        let (status, body) = answered.unwrap_or_else(|_| panic!("no answer to {shown}"));
        assert!(matches!(status, 200 | 400 | 404 | 405 | 409 | 413 | 415 | 503), "{status} to {shown}");
        let text = ["/v1/events", "/v1/backup", "/metrics"].contains(&path.as_str());
        if method == "HEAD" || (status == 200 && text) {
            return None;
        }
        let answer: Value =
            serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{status} to {shown} is no JSON"));
        if status != 200 {
            let filled = |field: &str| answer["error"][field].as_str().is_some_and(|text| !text.is_empty());
            assert!(filled("code") && filled("message"), "{status} to {shown}: {answer}");
        }
        Some(answer)
    }

    fn end(self) {
        for engine in &self.engines {
            self.runtime.block_on(engine.stop());
        }
    }
}
