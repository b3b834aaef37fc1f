//! Simulated ground: the whole Lightning network is a structure in this process, and time passes when blocks are mined.

use super::{CHANNEL, Ground, World};
use domp_escrow::situation::SECONDS_PER_BLOCK;
use domp_ports::clock::{Clock, SystemClock};
use domp_protocol::units::{Height, Msat};
use domp_simnet::{Profile, Settings, SimNetwork};
use std::sync::Arc;

/// A simulated network, and how much money it began with.
pub struct Simulation {
    network: SimNetwork,
    money: Msat,
}

/// Two nodes in the manner of LND, and a channel. It begins now, so that dates mean something.
pub fn ground() -> Ground {
    let settings =
        Settings { time: SystemClock.now(), block_seconds: SECONDS_PER_BLOCK, ..Settings::default() };
    let network = SimNetwork::new(settings);
    let seller = network.add_node("seller", Profile::lnd());
    let buyer = network.add_node("buyer", Profile::lnd());
    let half = Msat::new(CHANNEL.to_msat().get() / 2).unwrap_or_default();
    network.channel(&buyer, &seller, half, half);
    let money = network.total_msat();
    Ground {
        seller: Arc::new(seller),
        buyer: Arc::new(buyer),
        clock: Arc::new(network.clock()),
        described: vec![
            "Simulated here: the Bitcoin chain, its clock (ten minutes a block) and two Lightning nodes that behave as LND \
             does, with a channel between them."
                .to_owned(),
            "Real: everything else. Two complete engines, each with its own fresh keys, its own vault and its own database on \
             disk, speak to each other through a Nostr relay in this process, and by no other way."
                .to_owned(),
        ],
        mined: 0,
        world: World::Simulated(Simulation { network, money }),
    }
}

impl Simulation {
    pub fn mine(&self, blocks: u32) {
        self.network.mine(blocks);
    }

    pub fn height(&self) -> Height {
        self.network.height()
    }

    pub fn objections(&self) -> Vec<String> {
        let mut found = Vec::new();
        let money = self.network.total_msat();
        if money != self.money {
            found.push(format!("the simulated world began with {} and ends with {money}", self.money));
        }
        let closed = self.network.force_closes().len();
        if closed > 0 {
            found.push(format!("{closed} channels were closed by force"));
        }
        found
    }
}
