//! Ways from a payer to a payee: searched backwards, since fees and CLTV deltas add up from the payee's end.

use crate::{channel::ChannelId, htlc::Hop, node::NodeIndex, world::World};
use domp_protocol::units::{Height, Msat};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// Most hops of a route (BOLT 4's onion holds about this many).
const MOST_HOPS: usize = 20;

/// What an order allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Latest expiry of a first HTLC.
    pub latest: Height,
    /// Largest fee in all.
    pub max_fee: Msat,
}

/// From whom to whom, and what must come out at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query {
    pub payer: NodeIndex,
    pub payee: NodeIndex,
    pub expiry: Height,
    pub latest: Height,
}

/// Money and slots already promised to other parts of the same payment, by channel and side.
pub(crate) type Promised = BTreeMap<(ChannelId, usize), (Msat, u32)>;

/// A node from which the payee can be reached.
struct Reached {
    node: NodeIndex,
    /// What must be delivered to it, and until when.
    amount: Msat,
    expiry: Height,
    /// Its hop towards the payee, and where that leads; none at the payee itself.
    next: Option<(Hop, usize)>,
    hops: usize,
}

/// How much can be sent from a node to the payee, and how.
#[derive(Clone, Copy)]
struct Width {
    most: Msat,
    /// Expiry of an HTLC offered to it.
    expiry: Height,
    /// Its hop towards the payee; none at the payee itself.
    next: Option<(ChannelId, usize, NodeIndex)>,
}

impl World {
    /// What one side of a channel can still promise; nothing when the channel is not in use or its slots are full.
    pub(crate) fn available(&self, id: ChannelId, side: usize, promised: &Promised) -> Msat {
        let channel = &self.channels[id.0];
        let (amount, slots) = promised.get(&(id, side)).copied().unwrap_or((Msat::ZERO, 0));
        if !self.usable(id) || channel.htlcs[side] + slots >= channel.slots {
            return Msat::ZERO;
        }
        channel.spendable(side).saturating_sub(amount)
    }

    /// The channel by which `from` can send `amount` to `to`, the first that can.
    fn carrier(
        &self,
        from: NodeIndex,
        ids: &[ChannelId],
        amount: Msat,
        promised: &Promised,
    ) -> Option<(ChannelId, usize)> {
        ids.iter().map(|id| (*id, self.channels[id.0].side(from))).find(|(id, side)| {
            let available = self.available(*id, *side, promised);
            available >= amount && available > Msat::ZERO
        })
    }

    /// A way with the fewest hops that carries the whole amount within the limit on its expiry.
    pub(crate) fn shortest(&self, query: &Query, amount: Msat, promised: &Promised) -> Option<Vec<Hop>> {
        let start = Reached { node: query.payee, amount, expiry: query.expiry, next: None, hops: 0 };
        let mut seen = BTreeSet::from([query.payee, query.payer]);
        let mut reached = vec![start];
        let mut at = 0;
        while let Some(here) = reached.get(at) {
            let (node, amount, expiry, hops) = (here.node, here.amount, here.expiry, here.hops);
            if expiry > query.latest || hops >= MOST_HOPS {
                at += 1;
                continue;
            }
            let peers = &self.nodes[node.0].peers;
            let direct = peers.get(&query.payer);
            let direct = direct.and_then(|ids| self.carrier(query.payer, ids, amount, promised));
            if let Some((channel, side)) = direct {
                let first = Hop::ahead(channel, side, amount, expiry);
                return Some(follow(first, at, &reached));
            }
            for (router, ids) in peers {
                if seen.contains(router) {
                    continue;
                }
                let Some((channel, side)) = self.carrier(*router, ids, amount, promised) else { continue };
                seen.insert(*router);
                let policy = self.nodes[router.0].profile.policy;
                reached.push(Reached {
                    node: *router,
                    amount: amount.saturating_add(policy.fee(amount)),
                    expiry: expiry.plus(policy.cltv_delta),
                    next: Some((Hop::ahead(channel, side, amount, expiry), at)),
                    hops: hops + 1,
                });
            }
            at += 1;
        }
        None
    }

    /// The way within the CLTV limit that carries most, and how much that is before fees: the channels and sides from payer to payee.
    pub(crate) fn widest(
        &self,
        query: &Query,
        promised: &Promised,
    ) -> Option<(Vec<(ChannelId, usize)>, Msat)> {
        let start = Width { most: MOST, expiry: query.expiry, next: None };
        let mut widths = BTreeMap::from([(query.payee, start)]);
        let mut done = BTreeSet::new();
        loop {
            let open = widths.iter().filter(|(node, _)| !done.contains(*node));
            // The first of the widest, so that equal worlds choose equally.
            let (node, width) = open.max_by_key(|(node, width)| (width.most, Reverse(**node)))?;
            let (node, width) = (*node, *width);
            if node == query.payer {
                break;
            }
            done.insert(node);
            if width.expiry > query.latest {
                continue;
            }
            for (peer, ids) in self.nodes[node.0].peers.iter().filter(|(peer, _)| !done.contains(*peer)) {
                for id in ids {
                    let side = self.channels[id.0].side(*peer);
                    let most = width.most.min(self.available(*id, side, promised));
                    if most > widths.get(peer).map_or(Msat::ZERO, |known| known.most) {
                        let expiry = width.expiry.plus(self.nodes[peer.0].profile.policy.cltv_delta);
                        widths.insert(*peer, Width { most, expiry, next: Some((*id, side, node)) });
                    }
                }
            }
        }
        let mut path = Vec::new();
        let mut node = query.payer;
        while let Some((channel, side, to)) = widths.get(&node)?.next {
            path.push((channel, side));
            node = to;
        }
        Some((path, widths.get(&query.payer)?.most))
    }

    /// The hops of a path that deliver `amount` at its end.
    pub(crate) fn along(&self, path: &[(ChannelId, usize)], query: &Query, amount: Msat) -> Vec<Hop> {
        let (mut amount, mut expiry) = (amount, query.expiry);
        let mut hops = Vec::with_capacity(path.len());
        for (channel, side) in path.iter().rev() {
            hops.push(Hop::ahead(*channel, *side, amount, expiry));
            let sender = self.channels[channel.0].ends[*side];
            let policy = self.nodes[sender.0].profile.policy;
            amount = amount.saturating_add(policy.fee(amount));
            expiry = expiry.plus(policy.cltv_delta);
        }
        hops.reverse();
        hops
    }
}

const MOST: Msat = match Msat::new(domp_protocol::units::MAX_SAT * 1000) {
    Ok(most) => most,
    Err(_) => Msat::ZERO,
};

/// The hops from the payer's first to the payee.
fn follow(first: Hop, to: usize, reached: &[Reached]) -> Vec<Hop> {
    let mut hops = vec![first];
    let mut at = to;
    while let Some((hop, next)) = reached[at].next {
        hops.push(hop);
        at = next;
    }
    hops
}
