//! A pair of daemons, and how tests ask them.

use crate::{
    api::{Endpoints, Server},
    client::Client,
    daemon::{Daemon, Parts},
    wire::{
        listing::{BidRequest, Listing, ListingRequest},
        order::{Order, OrderDone},
        trade::TradeDetail,
    },
};
use domp_engine::{EngineConfig, Ports};
use domp_nostr::memory::MemoryNet;
use domp_ports::identity::Identity;
use domp_protocol::{
    network::Network,
    units::{Msat, Sat},
};
use domp_simnet::{Profile, Settings, SimNetwork, SimNode};
use domp_store::SqliteJournal;
use domp_vault::{Phrase, Vault};
use serde_json::Value;
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep},
};

const RELAY: &str = "wss://relay.example";
/// Longer than anything takes: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon on this machine.
pub struct One {
    pub daemon: Daemon,
    pub client: Client,
    pub tcp: SocketAddr,
    pub token: PathBuf,
    pub socket: PathBuf,
    pub node: SimNode,
    pub folder: TempDir,
}

/// Two daemons with a channel between them.
pub struct Pair {
    pub net: SimNetwork,
    pub seller: One,
    pub buyer: One,
}

impl Pair {
    pub async fn new() -> Self {
        let net = SimNetwork::new(Settings::default());
        let relays = MemoryNet::new([RELAY]);
        let seller = One::new(&net, &relays, "seller").await;
        let buyer = One::new(&net, &relays, "buyer").await;
        let half = msat(1_000_000);
        net.channel(&buyer.node, &seller.node, half, half);
        Self { net, seller, buyer }
    }

    /// A listing, and a bid on it that the seller can accept.
    pub async fn bid(&self) -> String {
        let listing = self.seller.list().await;
        let trade = self.buyer.bid(&listing).await;
        self.seller.until(&trade, |trade| trade.possible.iter().any(|order| order == "accept")).await;
        trade
    }

    pub async fn to_shipped(&self) -> String {
        let trade = self.bid().await;
        self.seller.order(&trade, &Order::Accept { i_am_not_paid_if_the_buyer_never_confirms: true }).await;
        self.buyer.until(&trade, |trade| trade.line.stage == "offered").await;
        self.buyer.order(&trade, &Order::Pay {}).await;
        self.seller.until(&trade, |trade| trade.line.stage == "to ship").await;
        self.buyer.until(&trade, |trade| trade.line.stage == "to ship").await;
        let ship = Order::Ship { carrier: Some("post".into()), tracking: Some("123".into()), note: None };
        self.seller.order(&trade, &ship).await;
        self.buyer.until(&trade, |trade| trade.line.stage == "shipped").await;
        trade
    }
}

impl One {
    async fn new(net: &SimNetwork, relays: &MemoryNet, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = net.add_node(name, Profile::lnd());
        let vault = Arc::new(Vault::from_phrase(Phrase::generate().unwrap()).unwrap());
        let identity: Arc<dyn Identity> = vault.clone();
        let ports = Ports {
            lightning: Arc::new(node.clone()),
            journal: Arc::new(SqliteJournal::open(&folder.path().join("domp.db")).unwrap()),
            relays: Arc::new(relays.client([RELAY])),
            identity,
            clock: Arc::new(net.clock()),
        };
        let (socket, token) = (folder.path().join("domp.sock"), folder.path().join("api.token"));
        let endpoints =
            Endpoints { socket: socket.clone(), tcp: Some(("127.0.0.1:0".parse().unwrap(), token.clone())) };
        let server = Server::start(Server::bind(&endpoints).await.unwrap());
        let tcp = server.tcp().unwrap();
        let config = EngineConfig::new(Network::Regtest, vec![RELAY.to_owned()]);
        let parts = Parts { ports, config, vault, workspace: folder.path().to_owned() };
        let daemon = Daemon::start(server, parts).await.unwrap();
        Self { daemon, client: Client::new(socket.clone()), tcp, token, socket, node, folder }
    }

    pub async fn list(&self) -> Listing {
        self.client.post("/v1/listings", &listing()).await.unwrap()
    }

    pub async fn bid(&self, listing: &Listing) -> String {
        let trade: TradeDetail = self.client.post("/v1/bids", &bid(&listing.id)).await.unwrap();
        trade.line.id
    }

    pub async fn order(&self, trade: &str, order: &Order) -> OrderDone {
        self.client.post(&format!("/v1/trades/{trade}/orders"), order).await.unwrap()
    }

    pub async fn trade(&self, trade: &str) -> TradeDetail {
        self.client.get(&format!("/v1/trades/{trade}")).await.unwrap()
    }

    pub async fn until(&self, trade: &str, is_so: impl Fn(&TradeDetail) -> bool) -> TradeDetail {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = None;
        while Instant::now() < deadline {
            if let Ok(found) = self.client.get::<TradeDetail>(&format!("/v1/trades/{trade}")).await {
                if is_so(&found) {
                    return found;
                }
                seen = Some(found);
            }
            sleep(Duration::from_millis(5)).await;
        }
        panic!("waited in vain; last seen: {seen:#?}");
    }

    /// A request as bytes on the TCP listener: status and body.
    pub async fn raw(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.tcp).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The server may close early on what it refuses.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
        (status, body)
    }

    /// A request on the TCP listener with everything that it needs, and its answer as JSON.
    pub async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let token = std::fs::read_to_string(&self.token).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.tcp,
            body.len()
        );
        let (status, body) = self.raw(&request).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }
}

pub fn listing() -> ListingRequest {
    ListingRequest {
        product_name: "lamp".into(),
        description: "a lamp".into(),
        price_sat: 100_000,
        category: None,
        storage_link: None,
        shipping: None,
        name: None,
        handling_blocks: 144,
        transit_blocks: 144,
        inspection_blocks: 432,
    }
}

pub fn bid(listing: &str) -> BidRequest {
    BidRequest {
        listing: listing.to_owned(),
        amount_sat: None,
        buyer_collateral_sat: None,
        message: None,
        shipping_address: Some("1 Main Street, Town".into()),
        payment_timeout_hours: None,
    }
}

fn msat(sat: u64) -> Msat {
    Sat::new(sat).unwrap().to_msat()
}
