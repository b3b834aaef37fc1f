//! A regtest network to play with by hand: bitcoind and two LND nodes, `seller` and `buyer`, with a
//! balanced channel between them. Reads commands from standard input; everything ends with it.

use std::io::Write;
use std::process::ExitCode;

use domp_regtest::install::{Sources, install};
use domp_regtest::{Lnd, Plan, Regtest, RegtestError};
use tokio::io::{AsyncBufReadExt, BufReader};

const HELP: &str = "commands:
  mine N           mine N blocks and wait until the nodes have them
  status           heights and channels
  stop NODE        end a node in an orderly way (NODE: seller, buyer or bitcoind)
  kill NODE        end it as kill -9 does
  start NODE       start it again (bitcoind mines a block or two then, so that the nodes follow)
  freeze NODE      let it hang (SIGSTOP)
  thaw NODE        let it run again
  quit             end everything (so does the end of the input)";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "domp-regtest: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), RegtestError> {
    let programs = install(&Sources::from_env()?, &mut say)?;
    say("starting bitcoind and two LND nodes");
    let plan = Plan::new().node("seller").node("buyer").balanced_channel("buyer", "seller", 10_000_000);
    let network = Regtest::start(&programs, &plan).await?;
    say(&format!("folder   {}", network.folder().display()));
    for node in network.nodes() {
        describe(node).await?;
    }
    say(HELP);
    say("ready");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [] => continue,
            ["quit"] => break,
            _ => match obey(&network, &words).await {
                Ok(()) => say("ok"),
                Err(error) => say(&format!("error: {error}")),
            },
        }
    }
    network.stop().await
}

async fn describe(node: &Lnd) -> Result<(), RegtestError> {
    say(&format!("{:8} node id  {}", node.name(), node.id().await?));
    say(&format!("{:8} gRPC     {}", "", node.rpc_address()));
    say(&format!("{:8} lnddir   {}", "", node.folder().display()));
    say(&format!("{:8} macaroon {}", "", node.macaroon("admin").display()));
    Ok(())
}

async fn obey(network: &Regtest, words: &[&str]) -> Result<(), RegtestError> {
    match *words {
        ["mine", count] => match count.parse() {
            Ok(count) => network.mine(count).await?,
            Err(_) => return Err(RegtestError::Plan { reason: format!("{count} is no number of blocks") }),
        },
        ["status"] => status(network).await?,
        ["stop", "bitcoind"] => network.bitcoind().stop().await?,
        ["start", "bitcoind"] => network.start_bitcoind().await?,
        ["kill", "bitcoind"] => network.bitcoind().kill(),
        ["freeze", "bitcoind"] => network.bitcoind().freeze(),
        ["thaw", "bitcoind"] => network.bitcoind().thaw(),
        ["stop", name] => network.node(name)?.stop().await?,
        ["start", name] => network.node(name)?.start().await?,
        ["kill", name] => network.node(name)?.kill(),
        ["freeze", name] => network.node(name)?.freeze(),
        ["thaw", name] => network.node(name)?.thaw(),
        _ => say(HELP),
    }
    Ok(())
}

async fn status(network: &Regtest) -> Result<(), RegtestError> {
    say(&format!("height {}", network.bitcoind().height().await?));
    for node in network.nodes() {
        for channel in node.channels().await? {
            let state = if channel.active { "active" } else { "inactive" };
            let line = format!(
                "{:8} {} {state}, {} of {} sat local, {} HTLCs",
                node.name(),
                channel.outpoint,
                channel.local_sat,
                channel.capacity_sat,
                channel.htlcs
            );
            say(&line);
        }
    }
    Ok(())
}

fn say(line: &str) {
    // Nobody reading is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{line}");
}
