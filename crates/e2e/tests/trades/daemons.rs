//! Daemons as processes, killed with `kill -9`: at named points, at any moment, together with their node; and on a new machine.

use crate::lab::{Ask, Daemon, Deal, Lab, PRICE, Relay, SOON, Side, Spot, lab, within};
use futures::future::join_all;
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};
use tokio::time::{Instant, sleep};

/// Two people's daemons, and a trade between them.
struct Pair {
    seller: Daemon,
    buyer: Daemon,
    trade: String,
}

impl Pair {
    async fn new(lab: &Lab, relay: &Relay) -> Self {
        let url = relay.url();
        let (seller, buyer) = tokio::join!(Daemon::new(lab, "seller", &url), Daemon::new(lab, "buyer", &url));
        Self { seller, buyer, trade: String::new() }
    }

    fn daemon(&mut self, side: Side) -> &mut Daemon {
        match side {
            Side::Seller => &mut self.seller,
            Side::Buyer => &mut self.buyer,
        }
    }

    /// A listing and a bid on it, whatever happens to the daemons meanwhile.
    async fn bid(&mut self) {
        let price = PRICE.to_string();
        let listing = [
            "listing",
            "create",
            "--name",
            "Teapot",
            "--description",
            "Stoneware",
            "--price",
            &price,
            "--handling",
            "72",
            "--transit",
            "0",
            "--inspection",
            "144",
            "--yes",
        ];
        // What the last trade left may still be to do, and kill the seller's daemon on its way.
        let listing = loop {
            self.seller.kept_up().await;
            let done = self.seller.run(&[["--json"].as_slice(), &listing].concat()).await;
            if done.status == 0 {
                break done.json()["id"].as_str().unwrap().to_owned();
            }
            assert!([3, 5].contains(&done.status), "{done:#?}");
        };
        let mine = |trades: &Value| {
            let trades = trades["trades"].as_array().unwrap();
            trades
                .iter()
                .find(|trade| trade["listing"] == *listing)
                .map(|trade| trade["id"].as_str().unwrap().to_owned())
        };
        loop {
            let done = self.buyer.run(&["--json", "bid", &listing, "--yes"]).await;
            if done.status == 0 {
                self.trade = done.json()["id"].as_str().unwrap().to_owned();
                return;
            }
            // Killed before it could answer; the bid may be made all the same.
            assert!([3, 5].contains(&done.status), "{done:#?}");
            if let Some(trade) = mine(&self.buyer_trades().await) {
                self.trade = trade;
                return;
            }
        }
    }

    /// The buyer's trades, as soon as its daemon is there to tell: a killed process may need a moment to be gone.
    async fn buyer_trades(&mut self) -> Value {
        loop {
            self.buyer.kept_up().await;
            let done = self.buyer.run(&["--json", "trades"]).await;
            if done.status == 0 {
                return done.json();
            }
        }
    }

    /// Both take the next step whenever it can be taken, and start their daemons again, until both have ended like this.
    async fn carry_on(&mut self, ending: &str) {
        self.carry_on_with(ending, async |_| ()).await;
    }

    async fn carry_on_with(&mut self, ending: &str, mut meanwhile: impl AsyncFnMut(&mut Self)) {
        let end = Instant::now() + 3 * SOON;
        let mut ended = [false; 2];
        while ended != [true; 2] {
            if Instant::now() > end {
                panic!("no end: {:#?}\n{}\n{}", self.tells().await, self.seller.log(), self.buyer.log());
            }
            for (n, side) in [Side::Seller, Side::Buyer].into_iter().enumerate() {
                self.daemon(side).kept_up().await;
                ended[n] = self.next_step(side, ending).await;
            }
            meanwhile(self).await;
        }
    }

    async fn next_step(&mut self, side: Side, ending: &str) -> bool {
        let id = self.trade.clone();
        let daemon = self.daemon(side);
        let Some(trade) = daemon.trade(&id).await else { return false };
        if trade["ended"] == true {
            assert_eq!(trade["stage"], ending, "{trade:#}");
            return true;
        }
        assert_eq!(trade["frozen"], Value::Null, "{trade:#}");
        let can =
            |order: &str| trade["possible"].as_array().unwrap().iter().any(|possible| possible == order);
        let order = match (side, trade["stage"].as_str().unwrap()) {
            (Side::Seller, "bid") if can("accept") => "accept",
            (Side::Buyer, "offered") if can("pay") => "pay",
            (Side::Seller, "to ship") if can("ship") => "ship",
            (Side::Buyer, "shipped") if can("confirm") => "confirm",
            _ => return false,
        };
        // The daemon may be killed before it can answer; the next look tells.
        daemon.run(&[order, &id, "--yes"]).await;
        false
    }

    async fn until_stage(&self, stage: &str) {
        for daemon in [&self.seller, &self.buyer] {
            let there = within(SOON, async || {
                daemon.trade(&self.trade).await.filter(|trade| trade["stage"] == stage).map(|_| ())
            });
            assert!(there.await.is_some(), "{} does not come to {stage}: {}", daemon.node, daemon.log());
        }
    }

    /// As far as both agree that the money is held.
    async fn locked(lab: &Lab, relay: &Relay) -> Self {
        let mut pair = Self::new(lab, relay).await;
        pair.bid().await;
        loop {
            for side in [Side::Seller, Side::Buyer] {
                let trade = pair.trade.clone();
                let trade = pair.daemon(side).trade(&trade).await;
                match trade.as_ref().and_then(|trade| trade["stage"].as_str()) {
                    Some("bid" | "offered") => {
                        pair.next_step(side, "").await;
                    }
                    Some("to ship") => {
                        pair.until_stage("to ship").await;
                        return pair;
                    }
                    _ => {}
                }
            }
        }
    }

    async fn tells(&self) -> (Option<Value>, Option<Value>) {
        (self.seller.trade(&self.trade).await, self.buyer.trade(&self.trade).await)
    }
}

/// The points around every effect of a trade, by whoever performs it.
async fn points(lab: &Lab, relay: &Relay) -> Vec<(Side, Spot)> {
    let mut watched = Deal::bid(lab, relay, Ask::default()).await;
    watched.carry_on().await;
    let mut points = Vec::new();
    for side in [Side::Seller, Side::Buyer] {
        let passed: BTreeSet<Spot> = watched.person(side).crash.passed();
        points.extend(passed.into_iter().filter(Spot::is_effect).map(|spot| (side, spot)));
    }
    points
}

#[tokio::test]
async fn every_effect__daemon_killed_before_and_after_it__trade_completes() {
    /// Pairs of daemons at work at the same time.
    const PAIRS: usize = 3;
    let Some(lab) = lab("daemons killed at named points").await else { return };
    let relay = Relay::start().await;
    let before = lab.books().await;
    let points = points(&lab, &relay).await;
    assert!(points.len() >= 20, "{points:#?}");
    let shares: Vec<Vec<_>> = (0..PAIRS).map(|n| points.iter().skip(n).step_by(PAIRS).collect()).collect();
    join_all(shares.into_iter().map(|share| killed_at_each(&lab, &relay, share))).await;
    let trades = 1 + points.len() as u64;
    assert_eq!(lab.books().await, before.after(trades * PRICE));
}

/// One trade after another, a daemon killed in each.
async fn killed_at_each(lab: &Lab, relay: &Relay, points: Vec<&(Side, Spot)>) {
    let mut pair = Pair::new(lab, relay).await;
    for (side, spot) in points {
        let daemon = pair.daemon(*side);
        daemon.kill().await;
        let deaths = daemon.deaths;
        daemon.up(Some(&spot.to_string())).await;
        pair.bid().await;
        pair.carry_on("completed").await;
        assert_eq!(pair.daemon(*side).deaths, deaths + 1, "the {} was not killed {spot}", side.as_str());
    }
}

#[tokio::test]
async fn daemons__killed_at_any_moment__trade_completes() {
    let Some(lab) = lab("daemons killed at random").await else { return };
    let relay = Relay::start().await;
    let before = lab.books().await;
    let seeds = [1, 2, 3];
    let trades = seeds.map(|seed| {
        let (lab, relay) = (&lab, &relay);
        async move {
            let mut pair = Pair::new(lab, relay).await;
            pair.bid().await;
            let mut number = seed;
            // Eight deaths are enough for a trade; then it may end.
            pair.carry_on_with("completed", async |pair| {
                number = random(number);
                sleep(Duration::from_millis(number % 300)).await;
                if number % 3 == 0 && pair.seller.deaths + pair.buyer.deaths < 8 {
                    let side = if number % 2 == 0 { Side::Seller } else { Side::Buyer };
                    pair.daemon(side).kill().await;
                }
            })
            .await;
            assert!(pair.seller.deaths + pair.buyer.deaths > 0, "seed {seed} killed nobody");
        }
    });
    join_all(trades).await;
    assert_eq!(lab.books().await, before.after(seeds.len() as u64 * PRICE));
}

/// The next number after this one (SplitMix64).
fn random(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Power goes out: daemon and node die together, and the daemon is back first. Then the other side's, while the chain is away.
#[tokio::test]
async fn daemon__killed_with_its_node_or_while_the_chain_is_away__trade_completes() {
    let Some(lab) = lab("daemons killed with their nodes").await else { return };
    let relay = Relay::start().await;
    let before = lab.books().await;
    let mut pair = Pair::locked(&lab, &relay).await;
    lab.seller().kill();
    pair.seller.kill().await;
    pair.seller.launch(None);
    lab.seller().start().await.unwrap();
    lab.net.reconnected("buyer", "seller").await.unwrap();
    pair.until_stage("to ship").await;
    // A node that has just come back may not know the chain yet; then nothing is done, and the seller tries again.
    let shipped = within(SOON, async || {
        (pair.seller.run(&["ship", &pair.trade, "--yes"]).await.status == 0).then_some(())
    });
    assert!(shipped.await.is_some(), "{}", pair.seller.log());
    pair.until_stage("shipped").await;

    lab.net.bitcoind().stop().await.unwrap();
    pair.buyer.kill().await;
    pair.buyer.launch(None);
    sleep(Duration::from_secs(2)).await;
    lab.net.start_bitcoind().await.unwrap();
    pair.carry_on("completed").await;
    assert_eq!(lab.books().await, before.after(PRICE));
}

/// Both machines are lost while money is held. The seller has a phrase and a backup, the buyer the phrase alone.
#[tokio::test]
async fn restore__on_empty_machines_while_held__trade_completes() {
    let Some(lab) = lab("restoring daemons").await else { return };
    let relay = Relay::start().await;
    let before = lab.books().await;
    let mut lost = Pair::locked(&lab, &relay).await;
    let backup = lost.seller.file("backup");
    let backup = backup.to_str().unwrap();
    lost.seller.json(&["backup", backup]).await;
    lost.seller.kill().await;
    lost.buyer.kill().await;

    let mut seller = Daemon::machine(&lab, "seller", &relay.url());
    let mut buyer = Daemon::machine(&lab, "buyer", &relay.url());
    seller.set_up(&["restore", backup], &lost.seller.phrase).await;
    buyer.set_up(&["restore"], &lost.buyer.phrase).await;
    seller.up(None).await;
    buyer.up(None).await;
    let mut pair = Pair { seller, buyer, trade: lost.trade.clone() };
    pair.carry_on("completed").await;
    assert_eq!(lab.books().await, before.after(PRICE));
}
