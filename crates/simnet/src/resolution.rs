//! How HTLCs end: settled or failed back hop by hop, over the channel or on chain.

use crate::{
    calendar::Due,
    channel::ForceCloseReason,
    conduct::HeldBack,
    htlc::{HopState, PartId},
    node::{NodeIndex, Task},
    world::World,
};
use domp_protocol::{secret::Preimage, units::Blocks};

/// Blocks until money from an HTLC that was resolved on chain can be spent.
const ON_CHAIN: Blocks = Blocks(3);

impl World {
    /// The receiver of a hop takes its money with the preimage.
    pub(crate) fn fulfil(&mut self, id: PartId, index: usize) {
        if self.hop(id, index).is_some_and(|hop| hop.state == HopState::Locked) {
            self.set_hop(id, index, HopState::Fulfilled);
            self.resolve(id, index);
        }
    }

    /// The receiver of a hop lets go of its HTLC.
    pub(crate) fn let_go(&mut self, id: PartId, index: usize) {
        if self.hop(id, index).is_some_and(|hop| hop.state == HopState::Locked) {
            self.set_hop(id, index, HopState::LetGo);
            self.resolve(id, index);
        }
    }

    /// Brings what the receiver of a hop decided to its sender: over the channel when both are there, else when they
    /// are again; on chain where the channel is closed.
    pub(crate) fn resolve(&mut self, id: PartId, index: usize) {
        let Some(hop) = self.hop(id, index) else { return };
        let fulfilled = match hop.state {
            HopState::Fulfilled => true,
            HopState::LetGo => false,
            HopState::Ahead | HopState::Locked | HopState::Settled | HopState::Failed => return,
        };
        let (sender, receiver) = self.ends(&hop);
        if self.channels[hop.channel.0].on_chain() {
            // Letting go means nothing on chain: the sender has to wait for the expiry.
            if fulfilled {
                self.claim_on_chain(id, index);
            }
            return;
        }
        let away = [sender, receiver].into_iter().find(|node| !self.is_up(*node));
        if let Some(away) = away {
            self.nodes[away.0].backlog.push(Task::Resolve(id, index));
            if fulfilled {
                let patience = self.nodes[receiver.0].profile.capabilities.on_chain_claim;
                let deadline = hop.expiry.minus(patience).max(self.chain.height().plus(Blocks(1)));
                self.heights.enter(deadline, Due::Claim { part: id, hop: index });
            }
            return;
        }
        self.finish(id, index, fulfilled);
    }

    /// The receiver with the preimage claims on chain, if its kind can: a payee whose node only holds inside an open
    /// channel cannot.
    fn claim_on_chain(&mut self, id: PartId, index: usize) {
        let Some(hop) = self.hop(id, index) else { return };
        let (_, receiver) = self.ends(&hop);
        let payee = self.parts.get(&id).is_some_and(|part| part.last() == index);
        if payee && !self.nodes[receiver.0].profile.capabilities.settles_on_chain {
            return;
        }
        if self.is_up(receiver) {
            self.finish(id, index, true);
        } else {
            self.nodes[receiver.0].backlog.push(Task::Resolve(id, index));
        }
    }

    /// A receiver has waited long enough for its peer to take the preimage: it goes on chain.
    pub(crate) fn claim_due(&mut self, id: PartId, index: usize) {
        let Some(hop) = self.hop(id, index) else { return };
        if hop.state != HopState::Fulfilled {
            return;
        }
        let (_, receiver) = self.ends(&hop);
        if !self.acts(receiver) {
            self.nodes[receiver.0].backlog.push(Task::Claim(id, index));
            return;
        }
        if !self.channels[hop.channel.0].on_chain() {
            let Some(hash) = self.parts.get(&id).map(|part| part.hash) else { return };
            self.force_close(hop.channel, receiver, ForceCloseReason::Unclaimed(hash));
        }
        self.claim_on_chain(id, index);
    }

    /// An HTLC has expired and its sender has heard nothing: the sender takes its money back on chain.
    pub(crate) fn expiry_due(&mut self, id: PartId, index: usize) {
        let Some(hop) = self.hop(id, index) else { return };
        if !matches!(hop.state, HopState::Locked | HopState::Fulfilled | HopState::LetGo) {
            return;
        }
        let (sender, _) = self.ends(&hop);
        if !self.acts(sender) {
            self.nodes[sender.0].backlog.push(Task::Expire(id, index));
            return;
        }
        if !self.channels[hop.channel.0].on_chain() {
            let Some(hash) = self.parts.get(&id).map(|part| part.hash) else { return };
            self.force_close(hop.channel, sender, ForceCloseReason::Expired(hash));
        }
        if hop.state == HopState::Locked && self.parts.get(&id).is_some_and(|part| part.last() == index) {
            self.lost_to_expiry(id);
        }
        self.finish(id, index, false);
    }

    /// Moves the money of a hop and tells whoever is before it.
    fn finish(&mut self, id: PartId, index: usize, fulfilled: bool) {
        let Some(hop) = self.hop(id, index) else { return };
        let (sender, receiver) = self.ends(&hop);
        let channel = &mut self.channels[hop.channel.0];
        channel.locked[hop.from] = channel.locked[hop.from].saturating_sub(hop.amount);
        channel.htlcs[hop.from] = channel.htlcs[hop.from].saturating_sub(1);
        let (side, owner) = if fulfilled { (1 - hop.from, receiver) } else { (hop.from, sender) };
        if channel.on_chain() {
            self.pay_into_wallet(owner, hop.amount, ON_CHAIN);
            self.forget_if_done(hop.channel);
        } else {
            channel.balance[side] = channel.balance[side].saturating_add(hop.amount);
        }
        self.set_hop(id, index, if fulfilled { HopState::Settled } else { HopState::Failed });
        self.give_up_ahead(id);
        if index == 0 {
            self.part_ended(id, fulfilled);
        } else {
            self.pass_back(id, index - 1, sender, fulfilled);
        }
        self.forget_part(id);
    }

    /// What a stalling router has not offered is never offered once its own incoming HTLC is resolved.
    fn give_up_ahead(&mut self, id: PartId) {
        let Some(part) = self.parts.get_mut(&id) else { return };
        for hop in part.hops.iter_mut().filter(|hop| hop.state == HopState::Ahead) {
            hop.state = HopState::Failed;
        }
    }

    /// A router that got an answer passes it on towards the payer, unless it holds it back.
    fn pass_back(&mut self, id: PartId, index: usize, router: NodeIndex, fulfilled: bool) {
        let node = &mut self.nodes[router.0];
        match (fulfilled, node.conduct.withholds_settlements, node.conduct.withholds_failures) {
            (true, true, _) => node.held_back.push(HeldBack::Fulfil(id, index)),
            (false, _, true) => node.held_back.push(HeldBack::LetGo(id, index)),
            (true, false, _) => self.fulfil(id, index),
            (false, _, false) => self.let_go(id, index),
        }
    }

    /// A router that has learnt a preimage takes whatever it was offered for its hash, whatever the payee did. Gives
    /// the number of HTLCs taken.
    pub fn claim_as_router(&mut self, router: NodeIndex, preimage: &Preimage) -> usize {
        let ids = self.by_hash.get(&preimage.hash()).cloned().unwrap_or_default();
        let mut taken = 0;
        for id in ids {
            let Some(part) = self.parts.get(&id) else { continue };
            let offered =
                part.hops.iter().position(|hop| hop.state == HopState::Locked && self.ends(hop).1 == router);
            if let Some(index) = offered.filter(|index| *index < part.last()) {
                self.fulfil(id, index);
                taken += 1;
            }
        }
        taken
    }
}
