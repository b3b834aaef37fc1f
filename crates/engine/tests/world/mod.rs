//! A small world for tests: two people with a node, a database and relays each, on simulated Lightning.

#![allow(dead_code, unreachable_pub)] // each test file uses some of it

pub mod hanging;
pub mod memory;
pub mod people;
pub mod slow;

use domp_engine::{
    Engine, EngineConfig,
    config::{Bounds, Times},
    desk::{NewBid, NewListing},
    faults::{Faults, NoFaults},
};
use domp_escrow::{
    input::{Command, Condition, Shipment, Verdict},
    stage::{Ending, Stage, stage},
    terms::Side,
    trade::Trade,
};
use domp_nostr::memory::MemoryNet;
use domp_ports::lightning::Channel;
use domp_protocol::{
    ids::{EventId, TradeId},
    network::Network,
    units::{Blocks, Msat, Sat},
};
use domp_simnet::{Profile, Settings, SimNetwork};
use people::Person;
use std::{sync::Arc, time::Duration};

pub const RELAYS: [&str; 3] = ["wss://a.example", "wss://b.example", "wss://c.example"];
/// Longer than anything takes: a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn sat(amount: u64) -> Sat {
    Sat::new(amount).unwrap()
}
pub fn msat(amount: u64) -> Msat {
    sat(amount).to_msat()
}

/// Two people and everything around them.
pub struct World {
    pub net: SimNetwork,
    pub relays: MemoryNet,
    pub seller: Person,
    pub buyer: Person,
    pub money: Msat,
}

pub const PRICE: u64 = 200_000;
pub const COLLATERAL: u64 = 200_000;

impl World {
    pub fn new() -> Self {
        Self::with(Profile::lnd(), Profile::lnd())
    }

    pub fn with(seller: Profile, buyer: Profile) -> Self {
        // Shown with a test that fails: RUST_LOG=domp_engine=debug.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let net = SimNetwork::new(Settings::default());
        let relays = MemoryNet::new(RELAYS);
        let seller = Person::new(&net, &relays, "seller", seller);
        let buyer = Person::new(&net, &relays, "buyer", buyer);
        net.channel(&buyer.node, &seller.node, msat(2_000_000), msat(500_000));
        let money = net.total_msat();
        Self { net, relays, seller, buyer, money }
    }

    pub fn person(&self, side: Side) -> &Person {
        match side {
            Side::Seller => &self.seller,
            Side::Buyer => &self.buyer,
        }
    }

    /// Every satoshi is somewhere, and no channel was closed by force.
    pub fn check_money(&self) {
        assert_eq!(self.net.total_msat(), self.money, "satoshis appeared or vanished");
        assert!(self.net.with(|world| world.channels_add_up()));
        assert_eq!(self.net.force_closes().len(), 0, "a channel was closed by force");
    }

    /// What the seller has more than at the beginning, in satoshi.
    pub fn seller_gained(&self) -> i64 {
        let now = self.seller.node.balances().channels.get() / 1000;
        i64::try_from(now).unwrap() - 500_000
    }

    /// Nothing is on its way in any channel.
    pub fn is_quiet(&self) -> bool {
        let nothing = |person: &Person| person.node.balances().offered == Msat::ZERO;
        nothing(&self.seller) && nothing(&self.buyer)
    }
}

pub fn config(faults: Arc<dyn Faults>) -> EngineConfig {
    EngineConfig {
        times: Times {
            call: Duration::from_secs(5),
            publish: Duration::from_secs(5),
            route: Duration::from_secs(30),
            catch_up: Duration::from_secs(10),
            sweep: Duration::from_millis(50),
            pulse: Duration::from_millis(10),
            retry_first: Duration::from_millis(2),
            retry_most: Duration::from_millis(40),
        },
        bounds: Bounds { least_work_bits: 0, bid_work_bits: 0, ..Bounds::default() },
        faults,
        ..EngineConfig::new(Network::Regtest, RELAYS.map(str::to_owned).to_vec())
    }
}

pub fn no_faults() -> Arc<dyn Faults> {
    Arc::new(NoFaults)
}

pub fn a_listing() -> NewListing {
    NewListing {
        product_name: "lamp".to_owned(),
        description: "a lamp".to_owned(),
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

pub fn a_bid(listing: EventId) -> NewBid {
    NewBid {
        listing,
        amount: None,
        buyer_collateral: Some(sat(COLLATERAL)),
        message: None,
        shipping_address: Some("1 Main Street, Town".to_owned()),
        payment_timeout_hours: None,
    }
}

pub fn received() -> Command {
    Command::Confirm(Verdict {
        condition: Condition::Received,
        rating: Some(5),
        feedback: None,
        reason: None,
    })
}
pub fn ship() -> Command {
    Command::Ship(Shipment { carrier: Some("post".to_owned()), tracking: Some("123".to_owned()), note: None })
}

/// A listing, a bid on it, and the seller's side of the trade with its hashes.
pub async fn to_bid(seller: &Engine, buyer: &Engine) -> TradeId {
    let listing = seller.create_listing(a_listing()).await.unwrap();
    bid_on(seller, buyer, listing.listing).await
}

pub async fn bid_on(seller: &Engine, buyer: &Engine, listing: EventId) -> TradeId {
    let trade = buyer.bid(a_bid(listing)).await.unwrap().summary.trade;
    until(seller, trade, "bid with hashes", |found| found.legs.iter().all(|leg| leg.hash.is_some())).await;
    trade
}

pub async fn to_offered(seller: &Engine, buyer: &Engine) -> TradeId {
    let trade = to_bid(seller, buyer).await;
    seller.accept(trade).await.unwrap();
    until_stage(buyer, trade, Stage::Offered).await;
    trade
}

pub async fn to_ship(seller: &Engine, buyer: &Engine) -> TradeId {
    let trade = to_offered(seller, buyer).await;
    buyer.command(trade, Command::Pay).await.unwrap();
    until_stage(seller, trade, Stage::ToShip).await;
    until_stage(buyer, trade, Stage::ToShip).await;
    trade
}

pub async fn to_shipped(seller: &Engine, buyer: &Engine) -> TradeId {
    let trade = to_ship(seller, buyer).await;
    seller.command(trade, ship()).await.unwrap();
    until_stage(buyer, trade, Stage::Shipped).await;
    trade
}

/// The goods came, the hold was over, and the seller's ordinary invoice is with the buyer.
pub async fn to_late_invoice(world: &World, seller: &Engine, buyer: &Engine) -> TradeId {
    let trade = to_shipped(seller, buyer).await;
    let settle_by = buyer.snapshot(trade).await.unwrap().deadlines.unwrap().settle_by;
    world.net.mine(world.net.height().until(settle_by).0);
    until_ended(buyer, trade, Ending::Refunded).await;
    buyer.command(trade, received()).await.unwrap();
    until(seller, trade, "told that the goods came", |found| found.peer.received).await;
    seller.command(trade, Command::OfferLateInvoice).await.unwrap();
    until(buyer, trade, "sent the late invoice", |found| found.late.is_some()).await;
    trade
}

/// Waits until a trade of an engine is as wanted.
pub async fn until(engine: &Engine, trade: TradeId, what: &str, wanted: impl Fn(&Trade) -> bool) -> Trade {
    let mut last = None;
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Ok(found) = engine.snapshot(trade).await {
                if wanted(&found) {
                    return found;
                }
                last = Some(found);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    match waited {
        Ok(found) => found,
        Err(_) => {
            let health = engine.health().await;
            let history = engine.history(trade).await;
            panic!("never {what}: {last:#?}\n{health:#?}\n{history:#?}")
        }
    }
}

pub async fn until_stage(engine: &Engine, trade: TradeId, wanted: Stage) -> Trade {
    until(engine, trade, wanted.as_str(), |found| stage(found) == wanted).await
}

pub async fn until_ended(engine: &Engine, trade: TradeId, ending: Ending) -> Trade {
    until_stage(engine, trade, Stage::Ended(ending)).await
}

/// Waits until something is so.
pub async fn eventually(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(waited.await.is_ok(), "never {what}");
}

pub fn active(channels: &[Channel]) -> bool {
    channels.iter().all(|channel| channel.active)
}
