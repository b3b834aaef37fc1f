//! Many whole trades between two engines: simulated Lightning, one relay in memory, SQLite with durable commits, and real
//! keys, signatures and encryption.

#![allow(dead_code)] // each bench uses some of it

pub mod stopwatch;

use domp_engine::{
    Engine, EngineConfig, EngineError, Ports,
    config::Bounds,
    desk::{NewBid, NewListing},
    event::EngineEvent,
    faults::{Faults, NoFaults},
};
use domp_escrow::{
    input::{Command, Condition, Shipment, Verdict},
    terms::Side,
};
use domp_nostr::memory::MemoryNet;
use domp_ports::{journal::Journal, relays::Wanted};
use domp_protocol::{
    ids::TradeId,
    network::Network,
    units::{Blocks, Sat},
};
use domp_simnet::{Profile, Settings, SimNetwork, SimNode};
use domp_store::SqliteJournal;
use domp_vault::{Phrase, Vault};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::{Semaphore, broadcast::error::RecvError, mpsc};

const RELAY: &str = "wss://relay.example";
/// Trades under way at the same time: an LND channel holds 483 HTLCs, and each trade needs two.
const AT_ONCE: usize = 192;
const SELLER: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const BUYER: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// Two engines and what lies between them.
pub struct Market {
    pub seller: Engine,
    pub buyer: Engine,
    seller_node: SimNode,
    journals: [Arc<SqliteJournal>; 2],
    relays: MemoryNet,
    listings: AtomicUsize,
}

/// What was written and sent so far.
#[derive(Clone, Copy, Default)]
pub struct Spent {
    /// Durable writes, and the groups in which they were synced to disk.
    pub writes: u64,
    pub groups: u64,
    /// Events published.
    pub events: u64,
}

impl std::ops::Sub for Spent {
    type Output = Self;
    fn sub(self, before: Self) -> Self {
        Self {
            writes: self.writes - before.writes,
            groups: self.groups - before.groups,
            events: self.events - before.events,
        }
    }
}

fn sat(amount: u64) -> Sat {
    Sat::new(amount).expect("an amount")
}

async fn engine(
    net: &SimNetwork,
    relays: &MemoryNet,
    node: &SimNode,
    phrase: &str,
    journal: &Arc<SqliteJournal>,
    faults: Arc<dyn Faults>,
) -> Engine {
    let ports = Ports {
        lightning: Arc::new(node.clone()),
        journal: Arc::clone(journal) as Arc<dyn Journal>,
        relays: Arc::new(relays.client([RELAY])),
        identity: Arc::new(Vault::from_phrase(Phrase::parse(phrase).expect("a phrase")).expect("a vault")),
        clock: Arc::new(net.clock()),
    };
    let bounds = Bounds {
        least_work_bits: 0,
        bid_work_bits: 0,
        bids: usize::MAX,
        bids_per_author: usize::MAX,
        held_per_author: usize::MAX,
        held: usize::MAX,
        held_bytes: usize::MAX,
        listener_backlog: 1 << 20,
        ..Bounds::default()
    };
    let config =
        EngineConfig { bounds, faults, ..EngineConfig::new(Network::Regtest, vec![RELAY.to_owned()]) };
    Engine::start(ports, config).await.expect("an engine")
}

impl Market {
    /// Opens with databases in `folder`.
    pub async fn open(folder: &Path) -> Self {
        Self::watched(folder, Arc::new(NoFaults)).await
    }

    /// The same, with somebody who sees every point that the engines pass.
    pub async fn watched(folder: &Path, faults: Arc<dyn Faults>) -> Self {
        let net = SimNetwork::new(Settings::default());
        // A relay verifies signatures in a process of its own.
        let relays = MemoryNet::new([RELAY]).without_verification();
        let (seller_node, buyer_node) =
            (net.add_node("seller", Profile::lnd()), net.add_node("buyer", Profile::lnd()));
        let coins = sat(1_000_000_000).to_msat();
        net.channel(&buyer_node, &seller_node, coins, coins);
        let journals = ["seller.db", "buyer.db"]
            .map(|name| Arc::new(SqliteJournal::open(&folder.join(name)).expect("a database")));
        let seller = engine(&net, &relays, &seller_node, SELLER, &journals[0], Arc::clone(&faults)).await;
        let buyer = engine(&net, &relays, &buyer_node, BUYER, &journals[1], faults).await;
        Self { seller, buyer, seller_node, journals, relays, listings: AtomicUsize::new(0) }
    }

    /// What all trades together have cost so far.
    pub fn spent(&self) -> Spent {
        let written = self.journals.each_ref().map(|journal| journal.written());
        Spent {
            writes: written.iter().map(|written| written.writes).sum(),
            groups: written.iter().map(|written| written.groups).sum(),
            events: self.relays.count(RELAY, &Wanted::default()) as u64,
        }
    }

    /// So many whole trades, from the listing to the money on both sides.
    pub async fn trade(&self, count: usize) {
        self.trade_at_once(count, AT_ONCE).await;
    }

    /// The same, with so many under way at the same time.
    pub async fn trade_at_once(&self, count: usize, at_once: usize) {
        let room = Arc::new(Semaphore::new(at_once));
        let (done, mut ended) = mpsc::unbounded_channel();
        let selling = tokio::spawn(attend(self.seller.clone(), Side::Seller, None));
        let buying = tokio::spawn(attend(self.buyer.clone(), Side::Buyer, Some(done)));
        for _ in 0..count {
            let number = self.listings.fetch_add(1, Ordering::Relaxed);
            let permit = Arc::clone(&room).acquire_owned().await.expect("open");
            permit.forget();
            let (seller, buyer) = (self.seller.clone(), self.buyer.clone());
            tokio::spawn(async move {
                let listing = or_exit(seller.create_listing(listing(number)).await).listing;
                or_exit(buyer.bid(bid(listing)).await);
            });
            while ended.try_recv().is_ok() {
                room.add_permits(1);
            }
            if room.available_permits() == 0 {
                ended.recv().await.expect("a trade that ends");
                room.add_permits(1);
            }
        }
        while room.available_permits() < at_once {
            ended.recv().await.expect("a trade that ends");
            room.add_permits(1);
        }
        selling.abort();
        buying.abort();
    }

    /// Satoshi that the seller has in its channel.
    pub fn seller_has(&self) -> u64 {
        self.seller_node.balances().channels.get() / 1000
    }
}

pub const PRICE: u64 = 20_000;

/// Each of another name: the same listing made twice in one second is one listing.
fn listing(number: usize) -> NewListing {
    NewListing {
        product_name: format!("lamp {number}"),
        description: String::new(),
        price: sat(PRICE),
        category: None,
        storage_link: None,
        shipping_info: None,
        name: None,
        handling: Blocks(144),
        transit: Blocks(144),
        inspection: Blocks(432),
    }
}

fn bid(listing: TradeId) -> NewBid {
    NewBid {
        listing,
        amount: None,
        buyer_collateral: None,
        message: None,
        shipping_address: None,
        payment_timeout_hours: None,
    }
}

/// A task that fails must not leave the others waiting for ever.
fn or_exit<T>(result: Result<T, EngineError>) -> T {
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        std::process::exit(1)
    })
}

/// A person who does at once what is theirs to do.
async fn attend(engine: Engine, side: Side, done: Option<mpsc::UnboundedSender<TradeId>>) {
    let mut events = engine.subscribe();
    loop {
        let changed = match events.recv().await {
            Ok(EngineEvent::Trade(changed)) => changed,
            Ok(_) => continue,
            Err(RecvError::Lagged(missed)) => panic!("{missed} events were missed"),
            Err(RecvError::Closed) => return,
        };
        let moved = |to: &str| changed.notes.iter().any(|note| note.ends_with(&format!("became '{to}'")));
        let order = match side {
            Side::Seller if changed.input == "received: hashes" => Some(Command::Accept),
            Side::Seller if moved("to ship") => Some(Command::Ship(Shipment::default())),
            Side::Buyer if moved("offered") => Some(Command::Pay),
            Side::Buyer if moved("shipped") => Some(Command::Confirm(Verdict {
                condition: Condition::Received,
                rating: None,
                feedback: None,
                reason: None,
            })),
            _ => None,
        };
        if let Some(order) = order {
            let engine = engine.clone();
            tokio::spawn(async move { or_exit(engine.command(changed.trade, order).await) });
        } else if changed.ended
            && moved(&changed.stage)
            && let Some(done) = &done
        {
            // Whoever measures may have gone home.
            let _ = done.send(changed.trade);
        }
    }
}
