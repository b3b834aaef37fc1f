//! The ground: what both people stand on. Two Lightning nodes with a channel between them, a chain that can be mined, and a
//! clock.

mod lnd;
mod shifted;
mod sim;

use super::{Nodes, narrator::Narrator, trouble::Trouble};
use domp_ports::{clock::Clock, lightning::Lightning};
use domp_protocol::units::{Height, Sat};
use lnd::Regtests;
use sim::Simulation;
use std::{sync::Arc, time::Duration};

/// The channel's size; half of it is on each side.
pub const CHANNEL: Sat = match Sat::new(1_000_000) {
    Ok(sat) => sat,
    Err(_) => Sat::ZERO,
};

/// Nodes, chain and clock.
pub struct Ground {
    /// The seller's node.
    pub seller: Arc<dyn Lightning>,
    /// The buyer's node, which has opened the channel.
    pub buyer: Arc<dyn Lightning>,
    /// The time of day for both engines.
    pub clock: Arc<dyn Clock>,
    /// What it is made of, for people: one paragraph each.
    pub described: Vec<String>,
    mined: u32,
    world: World,
}

enum World {
    Simulated(Simulation),
    Real(Box<Regtests>),
}

impl Ground {
    /// Prepares it.
    ///
    /// # Errors
    /// What is missing, and how to get it.
    pub async fn prepare(nodes: Nodes, narrator: &Narrator) -> Result<Self, Trouble> {
        match nodes {
            Nodes::Sim => Ok(sim::ground()),
            Nodes::Lnd => lnd::ground(narrator).await,
        }
    }

    /// Mines blocks, and returns when both nodes have seen them.
    ///
    /// # Errors
    /// If a real node does not follow.
    pub async fn mine(&mut self, blocks: u32) -> Result<(), Trouble> {
        match &self.world {
            World::Simulated(simulation) => simulation.mine(blocks),
            World::Real(network) => network.mine(blocks).await?,
        }
        self.mined = self.mined.saturating_add(blocks);
        Ok(())
    }

    /// What the passing of time is not in this world, if anything.
    pub const fn about_time(&self) -> Option<&'static str> {
        match &self.world {
            World::Simulated(_) => None,
            World::Real(_) => Some(
                "In this trial only the engines' clock has moved with the blocks. LND goes by the machine's own clock and would \
                 still let the invoices be paid: it is the seller's engine that has them cancelled.",
            ),
        }
    }

    /// The chain's height.
    ///
    /// # Errors
    /// If the real chain does not answer.
    pub async fn height(&self) -> Result<Height, Trouble> {
        match &self.world {
            World::Simulated(simulation) => Ok(simulation.height()),
            World::Real(network) => network.height().await,
        }
    }

    /// Blocks mined so far.
    pub const fn mined(&self) -> u32 {
        self.mined
    }

    /// How long anything that should happen by itself may take.
    pub const fn patience(&self) -> Duration {
        match &self.world {
            World::Simulated(_) => Duration::from_secs(30),
            World::Real(_) => Duration::from_secs(120),
        }
    }

    /// What only an all-knowing observer can see to be wrong; nothing with real nodes, where there is none.
    pub fn objections(&self) -> Vec<String> {
        match &self.world {
            World::Simulated(simulation) => simulation.objections(),
            World::Real(_) => Vec::new(),
        }
    }

    /// Stops what was started.
    ///
    /// # Errors
    /// If a real node had to be killed.
    pub async fn stop(self, narrator: &Narrator) -> Result<(), Trouble> {
        let Self { seller, buyer, world, .. } = self;
        // Their connections end before the nodes do.
        drop((seller, buyer));
        match world {
            World::Simulated(_) => Ok(()),
            World::Real(network) => network.stop(narrator).await,
        }
    }
}
