//! Channels: money between two nodes, and what becomes of it when they close.

use crate::{calendar::Due, node::NodeIndex, seed, world::World};
use domp_ports::lightning::{Channel as Listed, ChannelStatus, LnError};
use domp_protocol::{
    ids::{NodeId, PaymentHash},
    units::{Blocks, Height, Msat, Sat},
};

/// Confirmations until a channel can be used.
const OPENING: Blocks = Blocks(3);
/// Confirmations until a closing transaction is buried.
const CLOSING: Blocks = Blocks(3);
/// Blocks until the party that closed by force can spend its side (BOLT 3's `to_self_delay`).
const TO_SELF_DELAY: Blocks = Blocks(144);
/// Smallest channel.
const SMALLEST: u64 = 20_000_000;

/// A channel's number in its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ChannelId(pub usize);

/// Where in its life a channel is, to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Opening,
    Open,
    Closing,
    ForceClosing,
    Closed,
}

/// A channel. The two ends are side 0 and side 1; `[_; 2]` is by side.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub ends: [NodeIndex; 2],
    pub capacity: Msat,
    pub reserve: Msat,
    pub phase: Phase,
    /// Each side's own money.
    pub balance: [Msat; 2],
    /// Money in HTLCs that this side offered and that are not resolved.
    pub locked: [Msat; 2],
    /// Number of those HTLCs.
    pub htlcs: [u32; 2],
    /// Most HTLCs that each side may offer.
    pub slots: u32,
    outpoint: [u8; 32],
    /// The closing transaction is buried, but HTLCs are still to be resolved on chain.
    buried: bool,
}

/// A channel that was closed by force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForceClose {
    /// The channel's funding outpoint.
    pub outpoint: String,
    /// When.
    pub height: Height,
    /// Whose node went on chain.
    pub by: NodeIndex,
    /// The other end: the node that did not let go, did not answer, or did nothing wrong at all.
    pub peer: NodeIndex,
    /// Why.
    pub reason: ForceCloseReason,
}

/// Why a channel was closed by force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForceCloseReason {
    /// An HTLC for this hash reached its expiry and the peer had not let go of it.
    Expired(PaymentHash),
    /// The peer had not taken the preimage of this hash, and expiry was near.
    Unclaimed(PaymentHash),
    /// Somebody asked for it.
    Asked,
}

impl Channel {
    pub(crate) fn outpoint(&self) -> String {
        format!("{}:0", hex::encode(self.outpoint))
    }
    /// Which side a node is on.
    pub(crate) fn side(&self, node: NodeIndex) -> usize {
        usize::from(self.ends[1] == node)
    }
    /// What a side can send, its reserve deducted (BOLT 2's `channel_reserve_satoshis`).
    pub(crate) fn spendable(&self, side: usize) -> Msat {
        self.balance[side].saturating_sub(self.reserve)
    }
    pub(crate) fn on_chain(&self) -> bool {
        matches!(self.phase, Phase::Closing | Phase::ForceClosing | Phase::Closed)
    }
}

impl World {
    /// Opens a channel between two nodes that is in use at once: `from_local` is `from`'s money in it and `to_local`
    /// is `to`'s, both new to the world. For setting up a scene.
    pub fn channel(&mut self, from: NodeIndex, to: NodeIndex, from_local: Msat, to_local: Msat) -> String {
        let id = self.new_channel(from, to, from_local, to_local);
        self.channels[id.0].phase = Phase::Open;
        self.channels[id.0].outpoint()
    }

    fn new_channel(&mut self, from: NodeIndex, to: NodeIndex, from_local: Msat, to_local: Msat) -> ChannelId {
        let id = ChannelId(self.channels.len());
        let capacity = from_local.saturating_add(to_local);
        let slots = [from, to].map(|node| self.nodes[node.0].profile.capabilities.slots_per_channel);
        self.channels.push(Channel {
            ends: [from, to],
            capacity,
            reserve: Sat::new(capacity.get() / 100_000).unwrap_or(Sat::ZERO).to_msat(),
            phase: Phase::Opening,
            balance: [from_local, to_local],
            locked: [Msat::ZERO; 2],
            htlcs: [0; 2],
            slots: slots[0].min(slots[1]),
            outpoint: seed::bytes(&[b"outpoint", &self.seed.to_be_bytes(), &id.0.to_be_bytes()]),
            buried: false,
        });
        self.nodes[from.0].peers.entry(to).or_default().push(id);
        self.nodes[to.0].peers.entry(from).or_default().push(id);
        id
    }

    /// Opens a channel from the node's coins on chain, in use after three blocks; gives its outpoint.
    pub fn open_channel(
        &mut self,
        node: NodeIndex,
        peer: &NodeId,
        capacity: Msat,
        push: Msat,
    ) -> Result<String, LnError> {
        let peer = self.peer(node, peer)?;
        if !self.is_up(peer) {
            return Err(LnError::Refused("the peer is not connected".into()));
        }
        if capacity.get() < SMALLEST {
            return Err(LnError::Refused(format!("a channel has at least {SMALLEST} msat, not {capacity}")));
        }
        if push > capacity {
            return Err(LnError::Refused(format!("cannot push {push} in a channel of {capacity}")));
        }
        let coins = self.nodes[node.0].on_chain;
        if coins < capacity {
            return Err(LnError::Refused(format!("the wallet has {coins} on chain, not {capacity}")));
        }
        self.nodes[node.0].on_chain = coins.saturating_sub(capacity);
        let channel = self.new_channel(node, peer, capacity.saturating_sub(push), push);
        self.heights.enter(self.chain.height().plus(OPENING), Due::Confirmed { channel });
        Ok(self.channels[channel.0].outpoint())
    }

    /// Closes a channel, by agreement unless `force`. By agreement only without HTLCs and with the peer there.
    pub fn close_channel(&mut self, node: NodeIndex, outpoint: &str, force: bool) -> Result<(), LnError> {
        let ids = self.nodes[node.0].peers.values().flatten();
        let id = ids.copied().find(|id| self.channels[id.0].outpoint() == outpoint);
        let id = id.ok_or_else(|| LnError::Refused(format!("no channel has the outpoint {outpoint:?}")))?;
        let channel = &self.channels[id.0];
        if channel.on_chain() {
            return Err(LnError::Refused("the channel is closing already".into()));
        }
        if force {
            self.force_close(id, node, ForceCloseReason::Asked);
            return Ok(());
        }
        if channel.htlcs != [0; 2] {
            return Err(LnError::Refused("the channel has HTLCs under way".into()));
        }
        if !self.is_up(channel.ends[1 - channel.side(node)]) {
            return Err(LnError::Refused("the peer is not connected".into()));
        }
        self.channels[id.0].phase = Phase::Closing;
        self.pay_out(id, [CLOSING; 2]);
        self.heights.enter(self.chain.height().plus(CLOSING), Due::Closed { channel: id });
        Ok(())
    }

    /// `by` publishes its commitment transaction. HTLCs stay locked until they are resolved on chain.
    pub(crate) fn force_close(&mut self, id: ChannelId, by: NodeIndex, reason: ForceCloseReason) {
        let height = self.chain.height();
        let channel = &mut self.channels[id.0];
        let side = channel.side(by);
        channel.phase = Phase::ForceClosing;
        let close =
            ForceClose { outpoint: channel.outpoint(), height, by, peer: channel.ends[1 - side], reason };
        self.force_closes.push(close);
        let mut delays = [CLOSING; 2];
        delays[side] = TO_SELF_DELAY;
        self.pay_out(id, delays);
        self.heights.enter(height.plus(TO_SELF_DELAY), Due::Closed { channel: id });
    }

    /// Both sides' own money goes to their wallets, where it can be spent after a while.
    fn pay_out(&mut self, id: ChannelId, delays: [Blocks; 2]) {
        for (side, delay) in delays.into_iter().enumerate() {
            let channel = &mut self.channels[id.0];
            let (node, amount) = (channel.ends[side], std::mem::take(&mut channel.balance[side]));
            self.pay_into_wallet(node, amount, delay);
        }
    }

    /// Money from a channel on chain reaches a wallet.
    pub(crate) fn pay_into_wallet(&mut self, node: NodeIndex, amount: Msat, delay: Blocks) {
        if amount == Msat::ZERO {
            return;
        }
        let maturing = &mut self.nodes[node.0].maturing;
        *maturing = maturing.saturating_add(amount);
        self.heights.enter(self.chain.height().plus(delay), Due::Mature { node, amount });
    }

    /// A channel's funding transaction is deep enough.
    pub(crate) fn confirm(&mut self, id: ChannelId) {
        let channel = &mut self.channels[id.0];
        if channel.phase == Phase::Opening {
            channel.phase = Phase::Open;
        }
    }

    /// A closing transaction is buried.
    pub(crate) fn bury(&mut self, id: ChannelId) {
        self.channels[id.0].buried = true;
        self.forget_if_done(id);
    }

    /// A closed channel without HTLCs is listed no more.
    pub(crate) fn forget_if_done(&mut self, id: ChannelId) {
        let channel = &mut self.channels[id.0];
        if !channel.buried || channel.htlcs != [0; 2] || channel.phase == Phase::Closed {
            return;
        }
        channel.phase = Phase::Closed;
        let [a, b] = channel.ends;
        for (node, peer) in [(a, b), (b, a)] {
            if let Some(ids) = self.nodes[node.0].peers.get_mut(&peer) {
                ids.retain(|known| *known != id);
            }
        }
    }

    /// Whether payments can go through a channel now.
    pub(crate) fn usable(&self, id: ChannelId) -> bool {
        let channel = &self.channels[id.0];
        channel.phase == Phase::Open && self.is_up(channel.ends[0]) && self.is_up(channel.ends[1])
    }

    /// All channels of a node, with those that are opening or closing.
    pub fn channels(&self, node: NodeIndex) -> Vec<Listed> {
        let ids = self.nodes[node.0].peers.values().flatten();
        ids.map(|id| {
            let channel = &self.channels[id.0];
            let side = channel.side(node);
            Listed {
                outpoint: channel.outpoint(),
                peer: self.nodes[channel.ends[1 - side].0].id,
                capacity: channel.capacity,
                local: channel.balance[side],
                remote: channel.balance[1 - side],
                active: self.usable(*id),
                htlcs: channel.htlcs[0] + channel.htlcs[1],
                status: match channel.phase {
                    Phase::Opening => ChannelStatus::Opening,
                    Phase::Open => ChannelStatus::Open,
                    Phase::Closing => ChannelStatus::Closing,
                    Phase::ForceClosing | Phase::Closed => ChannelStatus::ForceClosing,
                },
            }
        })
        .collect()
    }

    /// Every channel that was ever closed by force, oldest first.
    pub fn force_closes(&self) -> &[ForceClose] {
        &self.force_closes
    }
}
