//! The Lightning port's contract, run on simulated nodes of every kind; and on broken ones, to see that it bites.
#![allow(non_snake_case, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod broken;
mod simulated;
mod teeth;

use domp_ports::contract;
use domp_simnet::Profile;
use simulated::Simulated;

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
