//! Who has how much: every millisatoshi of the world is in exactly one of these places.

use crate::{channel::Phase, node::NodeIndex, world::World};
use domp_ports::lightning::Liquidity;
use domp_protocol::units::Msat;

/// A node's money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    /// Its own in its channels.
    pub channels: Msat,
    /// In HTLCs that it has offered and that are not resolved: on its way to somebody, or back.
    pub offered: Msat,
    /// In its wallet on chain.
    pub on_chain: Msat,
    /// On chain too, but not to be spent yet.
    pub maturing: Msat,
}

impl Balances {
    /// All of it.
    pub const fn total(&self) -> Msat {
        self.channels.saturating_add(self.offered).saturating_add(self.on_chain).saturating_add(self.maturing)
    }
}

impl World {
    /// Gives a node coins on chain, new to the world.
    pub fn deposit(&mut self, node: NodeIndex, amount: Msat) {
        let coins = &mut self.nodes[node.0].on_chain;
        *coins = coins.saturating_add(amount);
    }

    /// A node's money.
    pub fn balances(&self, node: NodeIndex) -> Balances {
        let known = &self.nodes[node.0];
        let start = Balances { on_chain: known.on_chain, maturing: known.maturing, ..Balances::default() };
        known.peers.values().flatten().fold(start, |sum, id| {
            let channel = &self.channels[id.0];
            let side = channel.side(node);
            Balances {
                channels: sum.channels.saturating_add(channel.balance[side]),
                offered: sum.offered.saturating_add(channel.locked[side]),
                ..sum
            }
        })
    }

    /// All money in the world: only deposits and scenes set up with new channels change it.
    pub fn total_msat(&self) -> Msat {
        let nodes = (0..self.nodes.len()).map(NodeIndex);
        nodes.fold(Msat::ZERO, |sum, node| sum.saturating_add(self.balances(node).total()))
    }

    /// What the node can receive and send over its active channels now.
    pub fn liquidity(&self, node: NodeIndex) -> Liquidity {
        let known = &self.nodes[node.0];
        let start = Liquidity { on_chain: known.on_chain, ..Liquidity::default() };
        known.peers.values().flatten().filter(|id| self.usable(**id)).fold(start, |sum, id| {
            let channel = &self.channels[id.0];
            let side = channel.side(node);
            let (out, inward) = (channel.spendable(side), channel.spendable(1 - side));
            Liquidity {
                inbound: sum.inbound.saturating_add(inward),
                inbound_largest: sum.inbound_largest.max(inward),
                outbound: sum.outbound.saturating_add(out),
                outbound_largest: sum.outbound_largest.max(out),
                on_chain: sum.on_chain,
            }
        })
    }

    /// Whether every channel's money adds up to its capacity: what must never be false.
    pub fn channels_add_up(&self) -> bool {
        self.channels.iter().all(|channel| {
            let own = channel.balance[0].get() + channel.balance[1].get();
            let locked = channel.locked[0].get() + channel.locked[1].get();
            match channel.phase {
                Phase::Opening | Phase::Open => own + locked == channel.capacity.get(),
                Phase::Closing | Phase::Closed => own + locked == 0,
                Phase::ForceClosing => own == 0 && locked <= channel.capacity.get(),
            }
        })
    }
}
