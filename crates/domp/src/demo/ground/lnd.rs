//! Real ground: a private regtest chain and two LND nodes in a temporary folder, which end with this process however it
//! ends.

use super::{CHANNEL, Ground, World, shifted::ShiftedClock};
use crate::demo::{narrator::Narrator, trouble::Trouble};
use domp_escrow::situation::SECONDS_PER_BLOCK;
use domp_node_lnd::{
    LndConfig, LndNode,
    config::OWN_MACAROON,
    permissions::{Need, PERMISSIONS},
};
use domp_protocol::{network::Network, units::Height};
use domp_regtest::{
    Plan, Regtest, RegtestError,
    install::{InstallError, Programs, Sources, install},
};
use std::sync::Arc;
use tokio::sync::mpsc;

const PROGRAMS: &str = "bitcoind and LND";

/// The network of real nodes, and the clock of the engines beside it.
pub struct Regtests {
    network: Regtest,
    clock: ShiftedClock,
}

/// Installs what is missing, starts the nodes, and connects to them with as few permissions as will do.
pub async fn ground(narrator: &Narrator) -> Result<Ground, Trouble> {
    let programs = programs(narrator).await?;
    narrator.progress(
        "starting a private Bitcoin chain and two LND nodes, and opening a channel: about half a minute",
    );
    let plan = Plan::new().node("seller").node("buyer").balanced_channel("buyer", "seller", CHANNEL.get());
    let network =
        narrator.patiently("still starting", Regtest::start(&programs, &plan)).await.map_err(failed)?;
    let calls: Vec<(&str, &str)> = PERMISSIONS
        .iter()
        .filter(|permission| permission.need != Need::Channels)
        .map(|permission| ("uri", permission.uri))
        .collect();
    let seller = connect(&network, "seller", &calls).await?;
    let buyer = connect(&network, "buyer", &calls).await?;
    let clock = ShiftedClock::default();
    let described = vec![
        format!(
            "Everything is real but the value of the coins: bitcoind ({}) on a private regtest chain and two LND nodes ({}) were \
             started for this, with a channel between them that the buyer's node opened. Each engine reaches its own node over \
             gRPC with a macaroon that allows {} calls and nothing else.",
            programs.bitcoind.version,
            programs.lnd.version,
            calls.len()
        ),
        "Two complete engines, each with its own fresh keys, its own vault and its own database on disk, speak to each other \
         through a Nostr relay in this process, and by no other way."
            .to_owned(),
        "Blocks are mined as the story needs them, and the engines' clock is put forward by ten minutes for each, so that dates \
         are as they would be on the real chain. A node that opened a channel keeps some sat aside for the fee of closing it, a little more while payments are \
         held: they stay its own, and are counted apart."
            .to_owned(),
    ];
    Ok(Ground {
        seller: Arc::new(seller),
        buyer: Arc::new(buyer),
        clock: Arc::new(clock.clone()),
        described,
        mined: 0,
        world: World::Real(Box::new(Regtests { network, clock })),
    })
}

/// Finds the programs, and installs those that are missing.
async fn programs(narrator: &Narrator) -> Result<Programs, Trouble> {
    let missing = Trouble::setup::<InstallError>;
    let sources = Sources::from_env().map_err(missing(PROGRAMS))?;
    let (say, mut said) = mpsc::unbounded_channel::<String>();
    let mut installing = tokio::task::spawn_blocking(move || {
        install(&sources, &mut |line: &str| {
            // Whoever listened may have been interrupted.
            let _ = say.send(line.to_owned());
        })
    });
    loop {
        tokio::select! {
            biased;
            Some(line) = said.recv() => narrator.progress(&line),
            done = &mut installing => {
                return done.map_err(Trouble::setup(PROGRAMS))?.map_err(missing(PROGRAMS));
            }
        }
    }
}

async fn connect(network: &Regtest, name: &str, calls: &[(&str, &str)]) -> Result<LndNode, Trouble> {
    let node = network.node(name).map_err(failed)?;
    node.bake_macaroon(OWN_MACAROON.trim_end_matches(".macaroon"), calls).await.map_err(failed)?;
    let config = LndConfig::from_lnddir(node.folder(), Network::Regtest)
        .map_err(Trouble::setup("the connection to LND"))?;
    let node = LndNode::connect(&config).await.map_err(Trouble::setup("the connection to LND"))?;
    Ok(node)
}

fn failed(error: RegtestError) -> Trouble {
    Trouble::Network(error.to_string())
}

impl Regtests {
    pub async fn mine(&self, blocks: u32) -> Result<(), Trouble> {
        // First the clock: nobody sees a block before its time.
        self.clock.advance(u64::from(blocks) * SECONDS_PER_BLOCK);
        self.network.mine(blocks).await.map_err(failed)
    }

    pub async fn height(&self) -> Result<Height, Trouble> {
        Ok(Height(self.network.bitcoind().height().await.map_err(failed)?))
    }

    pub async fn stop(self, narrator: &Narrator) -> Result<(), Trouble> {
        narrator.progress("stopping the nodes");
        narrator.patiently("still stopping", self.network.stop()).await.map_err(failed)
    }
}
