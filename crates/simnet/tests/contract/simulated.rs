//! The suite's harness over two simulated nodes, which take a moment to restart as real ones do.

use crate::broken::{Broken, Flaw};
use async_trait::async_trait;
use domp_ports::{contract::Harness, lightning::Lightning};
use domp_protocol::units::{Msat, Sat};
use domp_simnet::{Profile, Settings, SimNetwork, SimNode};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

pub struct Simulated {
    pub network: SimNetwork,
    payer: Broken,
    payee: Broken,
    unique: AtomicU64,
    patience: Duration,
}

fn sat(amount: u64) -> Msat {
    Sat::new(amount).unwrap().to_msat()
}

impl Simulated {
    pub fn new(payer: Profile, payee: Profile) -> Self {
        Self::with_flaw(payer, payee, None, Duration::from_secs(5))
    }

    /// Both nodes have the flaw; a check that waits for something gives up after `patience`.
    pub fn with_flaw(payer: Profile, payee: Profile, flaw: Option<Flaw>, patience: Duration) -> Self {
        let network = SimNetwork::new(Settings::default());
        let payer = network.add_node("payer", payer);
        let payee = network.add_node("payee", payee);
        network.channel(&payer, &payee, sat(5_000_000), sat(5_000_000));
        network.deposit(&payer, sat(2_000_000));
        let [payer, payee] = [payer, payee].map(|node| Broken { node, flaw });
        Self { network, payer, payee, unique: AtomicU64::new(0), patience }
    }
}

fn restart(node: &SimNode) {
    node.stop();
    let node = node.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(60)).await;
        node.start();
    });
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
        restart(&self.payee.node);
    }
    async fn restart_payer(&self) {
        restart(&self.payer.node);
    }
    async fn pass_seconds(&self, seconds: u64) {
        self.network.pass_seconds(seconds);
    }
    fn unique(&self) -> u64 {
        self.unique.fetch_add(1, Ordering::Relaxed)
    }
    fn patience(&self) -> Duration {
        self.patience
    }
    async fn quiet(&self) {}
}
