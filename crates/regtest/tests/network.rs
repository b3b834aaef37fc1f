//! The harness itself, on real nodes.
#![allow(non_snake_case, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod processes;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use domp_regtest::{Plan, Regtest, RegtestError, programs_or_skip};
use processes::{processes_of, wait_until_gone};

#[tokio::test]
async fn network__started_mined_restarted_stopped__works_and_leaves_nothing() {
    let Some(programs) = programs_or_skip("the harness's own test").unwrap() else { return };
    let plan = Plan::new().node("seller").node("buyer").balanced_channel("buyer", "seller", 1_000_000);
    let network = Regtest::start(&programs, &plan).await.unwrap();
    let folder = network.folder().to_owned();
    let (seller, buyer) = (network.node("seller").unwrap(), network.node("buyer").unwrap());

    // Files as LND lays them out.
    for node in [seller, buyer] {
        assert!(node.tls_cert().is_file());
        assert!(node.macaroon("admin").is_file());
    }
    // One channel, both ends usable, half on each side.
    let (at_seller, at_buyer) = (seller.channels().await.unwrap(), buyer.channels().await.unwrap());
    assert_eq!((at_seller.len(), at_buyer.len()), (1, 1));
    assert!(at_seller[0].active && at_buyer[0].active);
    assert_eq!(at_seller[0].peer, buyer.id().await.unwrap());
    assert_eq!(at_seller[0].local_sat, 500_000);

    // Mining: every node has the blocks when it returns.
    let before = network.bitcoind().height().await.unwrap();
    network.mine(3).await.unwrap();
    assert_eq!(network.bitcoind().height().await.unwrap(), before + 3);
    for node in [seller, buyer] {
        assert_eq!(node.get("/v1/getinfo").await.unwrap()["block_height"], before + 3);
    }

    // kill -9, and start again: same identity, the channel comes back.
    let id = seller.id().await.unwrap();
    seller.kill();
    assert!(matches!(seller.get("/v1/getinfo").await, Err(RegtestError::Transport { .. })));
    seller.start().await.unwrap();
    assert_eq!(seller.id().await.unwrap(), id);
    network.reconnected("seller", "buyer").await.unwrap();

    // The chain away for a moment, with the nodes running.
    network.bitcoind().stop().await.unwrap();
    network.start_bitcoind().await.unwrap();
    network.mine(1).await.unwrap();

    network.stop().await.unwrap();
    wait_until_gone(&folder);
}

#[tokio::test]
async fn network__wrong_plan__is_refused() {
    let Some(programs) = programs_or_skip("the harness's plan check").unwrap() else { return };
    let plan = Plan::new().node("seller").balanced_channel("buyer", "seller", 1_000_000);
    let error = Regtest::start(&programs, &plan).await.unwrap_err();
    assert!(error.to_string().contains("the node buyer, which there is not"), "{error}");
    let error = Regtest::start(&programs, &Plan::new().node("a").node("a")).await.unwrap_err();
    assert!(error.to_string().contains("the node name a is taken"), "{error}");
}

#[tokio::test]
async fn network__node_that_cannot_start__says_why_and_keeps_the_logs() {
    let Some(programs) = programs_or_skip("the harness's start failure test").unwrap() else { return };
    let plan = Plan::new().node_with("seller", &["no-such-option=1"]);
    let error = Regtest::start(&programs, &plan).await.unwrap_err();
    let RegtestError::Start { source, folder } = &error else { panic!("{error}") };
    assert!(source.to_string().contains("no-such-option"), "{source}");
    assert!(folder.join("seller.log").is_file());
    assert_eq!(processes_of(folder), Vec::<String>::new());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn network__owner_killed__leaves_nothing() {
    let Some(_) = programs_or_skip("the harness's kill -9 test").unwrap() else { return };
    let mut owner = Command::new(env!("CARGO_BIN_EXE_domp-regtest"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut folder = None;
    for line in lines {
        if let Some(path) = line.strip_prefix("folder ") {
            folder = Some(PathBuf::from(path.trim()));
        }
        if line == "ready" {
            break;
        }
    }
    let folder = folder.expect("the program says where its folder is");
    assert_eq!(processes_of(&folder).len(), 3);
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_until_gone(&folder);
}
