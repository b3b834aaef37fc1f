//! The nodes: one bitcoind and two LND nodes with a channel, shared by all tests of this program, which take turns.

use super::{Books, SOON, within};
use domp_node_lnd::{LndConfig, config::OWN_MACAROON, permissions::PERMISSIONS};
use domp_protocol::network::Network;
use domp_regtest::{Lnd, Plan, Regtest, programs_or_skip};
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

static NETWORK: OnceCell<Result<Option<Regtest>, String>> = OnceCell::const_new();
static TURN: Mutex<()> = Mutex::const_new(());

/// Large enough for every trade of every test to go one way.
const CAPACITY: u64 = 16_000_000;

/// The network, while it is this test's turn.
pub struct Lab {
    pub net: &'static Regtest,
    _turn: MutexGuard<'static, ()>,
}

/// The network and the turn to use it; `None` after saying loudly that it is not there.
pub async fn lab(test: &str) -> Option<Lab> {
    let turn = TURN.lock().await;
    // A network that did not start fails every test, without trying again for each.
    let net = NETWORK.get_or_init(|| start(test)).await.as_ref().unwrap().as_ref()?;
    let lab = Lab { net, _turn: turn };
    lab.tidy_up().await;
    Some(lab)
}

async fn start(test: &str) -> Result<Option<Regtest>, String> {
    if std::env::var_os("RUST_LOG").is_some() {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    }
    let Some(programs) = programs_or_skip(test).map_err(|error| error.to_string())? else { return Ok(None) };
    let plan = Plan::new().node("seller").node("buyer").balanced_channel("buyer", "seller", CAPACITY);
    let net = Regtest::start(&programs, &plan).await.map_err(|error| error.to_string())?;
    for node in net.nodes() {
        let uris: Vec<(&str, &str)> = PERMISSIONS.iter().map(|permission| ("uri", permission.uri)).collect();
        let name = OWN_MACAROON.trim_end_matches(".macaroon");
        node.bake_macaroon(name, &uris).await.map_err(|error| error.to_string())?;
    }
    Ok(Some(net))
}

impl Lab {
    pub fn seller(&self) -> &'static Lnd {
        self.net.node("seller").unwrap()
    }
    pub fn buyer(&self) -> &'static Lnd {
        self.net.node("buyer").unwrap()
    }

    /// How to reach a node: with what lies in its own folder, as a person's configuration would have it.
    pub fn config(&self, node: &str) -> LndConfig {
        LndConfig::from_lnddir(self.net.node(node).unwrap().folder(), Network::Regtest).unwrap()
    }

    pub async fn height(&self) -> u32 {
        self.net.bitcoind().height().await.unwrap()
    }

    /// Mines until the chain has this height.
    pub async fn mine_to(&self, height: u32) {
        let blocks = height.checked_sub(self.height().await).expect("not mined too far already");
        if blocks > 0 {
            self.net.mine(blocks).await.unwrap();
        }
    }

    /// What each node has, once nothing is on its way any more and the channel is usable.
    pub async fn books(&self) -> Books {
        self.books_while(async || ()).await
    }

    /// The same, and until then this is done again and again.
    async fn books_while(&self, mut meanwhile: impl AsyncFnMut()) -> Books {
        let mut last = String::new();
        let books = within(SOON, async || match Books::read(self.net).await {
            Ok(books) => Some(books),
            Err(reason) => {
                last = reason;
                meanwhile().await;
                None
            }
        });
        let books = books.await;
        books.unwrap_or_else(|| panic!("the channels do not come to rest: {last}"))
    }

    /// What a test that failed half way may have left: its money goes back, so that the next test begins with a clean channel.
    async fn tidy_up(&self) {
        self.net.synced().await.unwrap();
        self.net.reconnected("buyer", "seller").await.unwrap();
        // More than once: a payment may still have been on its way to the seller.
        self.books_while(async || self.cancel_whatever_is_held().await).await;
    }

    async fn cancel_whatever_is_held(&self) {
        let invoices = self.seller().get("/v1/invoices?num_max_invoices=10000").await.unwrap();
        for invoice in invoices["invoices"].as_array().unwrap() {
            if invoice["state"] == "ACCEPTED" {
                let body = json!({"payment_hash": invoice["r_hash"]});
                self.seller().post("/v2/invoices/cancel", &body).await.unwrap();
            }
        }
    }
}
