//! The Lightning port's contract, run on simulated nodes of every kind.
#![allow(non_snake_case, clippy::unwrap_used, reason = "tests")]

use async_trait::async_trait;
use domp_ports::{
    contract::{self, Harness},
    lightning::Lightning,
};
use domp_protocol::units::{Msat, Sat};
use domp_simnet::{Profile, Settings, SimNetwork, SimNode};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

struct Simulated {
    network: SimNetwork,
    payer: SimNode,
    payee: SimNode,
    unique: AtomicU64,
}

fn sat(amount: u64) -> Msat {
    Sat::new(amount).unwrap().to_msat()
}

impl Simulated {
    fn new(payer: Profile, payee: Profile) -> Self {
        let network = SimNetwork::new(Settings::default());
        let payer = network.add_node("payer", payer);
        let payee = network.add_node("payee", payee);
        network.channel(&payer, &payee, sat(5_000_000), sat(5_000_000));
        network.deposit(&payer, sat(2_000_000));
        Self { network, payer, payee, unique: AtomicU64::new(0) }
    }
}

#[async_trait]
impl Harness for Simulated {
    fn payer(&self) -> &dyn Lightning {
        &self.payer
    }
    fn payee(&self) -> &dyn Lightning {
        &self.payee
    }
    async fn mine(&self, blocks: u32) {
        self.network.mine(blocks);
    }
    async fn restart_payee(&self) {
        self.payee.stop();
        self.payee.start();
    }
    async fn restart_payer(&self) {
        self.payer.stop();
        self.payer.start();
    }
    async fn pass_seconds(&self, seconds: u64) {
        self.network.pass_seconds(seconds);
    }
    fn unique(&self) -> u64 {
        self.unique.fetch_add(1, Ordering::Relaxed)
    }
    fn patience(&self) -> Duration {
        Duration::from_secs(2)
    }
    async fn quiet(&self) {}
}

async fn run(payer: Profile, payee: Profile) {
    let harness = Simulated::new(payer, payee);
    let money = harness.network.total_msat();
    contract::run_all(&harness).await;
    assert_eq!(harness.network.total_msat(), money, "the suite moves money and makes none");
    assert_eq!(harness.network.force_closes(), [], "the suite forces no channel closed");
    assert_eq!(harness.network.with(|world| world.parts_under_way()), 0, "the suite leaves nothing held");
}

#[tokio::test]
async fn lnd_pays_lnd__contract__kept() {
    run(Profile::lnd(), Profile::lnd()).await;
}

#[tokio::test]
async fn lnd_pays_ldk__contract__kept() {
    run(Profile::lnd(), Profile::ldk()).await;
}

#[tokio::test]
async fn ldk_pays_cln__contract__kept() {
    run(Profile::ldk(), Profile::cln()).await;
}

#[tokio::test]
async fn pay_only_node_pays_lnd__contract__kept() {
    run(Profile::pay_only(), Profile::lnd()).await;
}
