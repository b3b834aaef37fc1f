//! The port's contract on two real LND nodes with a direct channel `[D3-45]`; it lists, opens and closes channels too
//! `[D3-81]`.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod lab;

use async_trait::async_trait;
use domp_node_lnd::LndNode;
use domp_ports::{
    contract::{self, Harness},
    lightning::Lightning,
};
use domp_regtest::{Plan, Regtest};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

struct RealNodes {
    network: Regtest,
    payer: LndNode,
    payee: LndNode,
    unique: AtomicU64,
}

impl RealNodes {
    fn kill_and_launch(&self, name: &str) {
        let node = self.network.node(name).unwrap();
        node.kill();
        node.launch().unwrap();
    }
}

#[async_trait]
impl Harness for RealNodes {
    fn payer(&self) -> &dyn Lightning {
        &self.payer
    }
    fn payee(&self) -> &dyn Lightning {
        &self.payee
    }
    async fn mine(&self, blocks: u32) {
        self.network.bitcoind().mine(blocks).await.unwrap();
    }
    async fn restart_payee(&self) {
        self.kill_and_launch("seller");
    }
    async fn restart_payer(&self) {
        self.kill_and_launch("buyer");
    }
    async fn pass_seconds(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
    fn unique(&self) -> u64 {
        self.unique.fetch_add(1, Ordering::Relaxed)
    }
    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }
    async fn quiet(&self) {
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
}

#[tokio::test]
async fn lnd__lightning_contract__holds() {
    let plan = Plan::new().node("seller").node("buyer").balanced_channel("buyer", "seller", 10_000_000);
    let Some(network) = lab::start("the Lightning contract on real LND nodes", &plan).await.unwrap() else {
        return;
    };
    let payer = LndNode::connect(&lab::config(network.node("buyer").unwrap())).await.unwrap();
    let payee = LndNode::connect(&lab::config(network.node("seller").unwrap())).await.unwrap();
    let nodes = RealNodes { network, payer, payee, unique: AtomicU64::new(1) };
    contract::run_all(&nodes).await;
    nodes.network.stop().await.unwrap();
}
