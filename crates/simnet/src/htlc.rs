//! HTLCs: one part of a payment on its way over its hops.

use crate::{calendar::Due, channel::ChannelId, conduct::HeldBack, node::NodeIndex, world::World};
use domp_protocol::{
    ids::PaymentHash,
    units::{Height, Msat},
};

/// A part's number in its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PartId(pub u64);

/// What has become of one hop's HTLC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HopState {
    /// Not offered yet.
    Ahead,
    /// Offered and accepted: the sender's money is locked in it.
    Locked,
    /// The receiver has the preimage, and the sender has not yet taken it.
    Fulfilled,
    /// The receiver has let go, and the sender has not yet heard.
    LetGo,
    /// The money is the receiver's.
    Settled,
    /// The money is the sender's again, or never was locked.
    Failed,
}

/// One HTLC, in one channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hop {
    pub channel: ChannelId,
    /// The side of the channel that offers it.
    pub from: usize,
    pub amount: Msat,
    pub expiry: Height,
    pub state: HopState,
}

/// What the payer tells the payee inside the onion (BOLT 4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Onion {
    pub secret: [u8; 32],
    pub total: Msat,
}

/// One part of a payment, from the payer (hop 0) to the payee (the last hop).
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub payer: NodeIndex,
    pub hash: PaymentHash,
    pub onion: Onion,
    pub hops: Vec<Hop>,
}

impl Part {
    pub(crate) const fn last(&self) -> usize {
        self.hops.len() - 1
    }
    /// What the payee gets of it.
    pub(crate) fn amount(&self) -> Msat {
        self.hops[self.last()].amount
    }
    fn is_over(&self) -> bool {
        self.hops.iter().all(|hop| matches!(hop.state, HopState::Settled | HopState::Failed))
    }
}

impl World {
    /// The two ends of a hop: who offers and who receives.
    pub(crate) fn ends(&self, hop: &Hop) -> (NodeIndex, NodeIndex) {
        let ends = self.channels[hop.channel.0].ends;
        (ends[hop.from], ends[1 - hop.from])
    }

    /// A hop, if its part still exists.
    pub(crate) fn hop(&self, id: PartId, index: usize) -> Option<Hop> {
        self.parts.get(&id).and_then(|part| part.hops.get(index)).copied()
    }

    pub(crate) fn set_hop(&mut self, id: PartId, index: usize, state: HopState) {
        if let Some(hop) = self.parts.get_mut(&id).and_then(|part| part.hops.get_mut(index)) {
            hop.state = state;
        }
    }

    /// Puts a new part on its way.
    pub(crate) fn launch(&mut self, id: PartId, part: Part) {
        self.by_hash.entry(part.hash).or_default().push(id);
        self.parts.insert(id, part);
        self.forward(id, 0);
    }

    /// The sender of a hop offers its HTLC, and so on to the payee; or it fails back from where it cannot.
    pub(crate) fn forward(&mut self, id: PartId, index: usize) {
        let Some(hop) = self.hop(id, index) else { return };
        if hop.state != HopState::Ahead {
            return;
        }
        let (sender, _) = self.ends(&hop);
        if index > 0 && self.nodes[sender.0].conduct.stalls_payments {
            self.nodes[sender.0].held_back.push(HeldBack::Forward(id, index));
            return;
        }
        let channel = &self.channels[hop.channel.0];
        let carries = self.usable(hop.channel)
            && channel.spendable(hop.from) >= hop.amount
            && channel.htlcs[hop.from] < channel.slots
            && hop.expiry > self.view(sender).height;
        if !carries {
            self.turn_back(id, index);
            return;
        }
        let channel = &mut self.channels[hop.channel.0];
        channel.balance[hop.from] = channel.balance[hop.from].saturating_sub(hop.amount);
        channel.locked[hop.from] = channel.locked[hop.from].saturating_add(hop.amount);
        channel.htlcs[hop.from] += 1;
        self.set_hop(id, index, HopState::Locked);
        self.heights.enter(hop.expiry, Due::Expiry { part: id, hop: index });
        let last = self.parts.get(&id).is_none_or(|part| part.last() == index);
        if last {
            self.arrive(id);
        } else {
            self.forward(id, index + 1);
        }
    }

    /// A part goes no further than the sender of hop `index`: it fails back from there.
    fn turn_back(&mut self, id: PartId, index: usize) {
        if let Some(part) = self.parts.get_mut(&id) {
            for hop in &mut part.hops[index..] {
                hop.state = HopState::Failed;
            }
        }
        if index == 0 {
            self.part_ended(id, false);
            self.forget_part(id);
        } else {
            self.let_go(id, index - 1);
        }
    }

    /// Drops a part of which nothing is left to resolve.
    pub(crate) fn forget_part(&mut self, id: PartId) {
        if !self.parts.get(&id).is_some_and(Part::is_over) {
            return;
        }
        if let Some(part) = self.parts.remove(&id)
            && let Some(ids) = self.by_hash.get_mut(&part.hash)
        {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                self.by_hash.remove(&part.hash);
            }
        }
    }

    /// Number of payment parts of which some HTLC is not resolved yet.
    pub fn parts_under_way(&self) -> usize {
        self.parts.len()
    }
}
