//! What falls due at a height or at a time, found without looking at anything else.

use crate::{channel::ChannelId, htlc::PartId, node::NodeIndex};
use domp_protocol::{ids::PaymentHash, units::Msat};
use std::collections::BTreeMap;

/// Something that falls due at a height. It is looked at again when it does: what has been resolved by then is left
/// alone.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    /// E − D of a held payment: its payee lets go.
    LetGo { payee: NodeIndex, hash: PaymentHash },
    /// The last moment at which a receiver with the preimage waits for its peer to take it.
    Claim { part: PartId, hop: usize },
    /// E of an HTLC: its sender takes it back on chain.
    Expiry { part: PartId, hop: usize },
    /// A channel has its confirmations.
    Confirmed { channel: ChannelId },
    /// A closing transaction is buried.
    Closed { channel: ChannelId },
    /// Coins from a closed channel can be spent.
    Mature { node: NodeIndex, amount: Msat },
}

/// Something that falls due at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Timeout {
    /// An invoice can no longer be paid.
    Invoice { payee: NodeIndex, hash: PaymentHash },
    /// The rest of a payment has not come: what came goes back. `round` tells one attempt from the next.
    Mpp { payee: NodeIndex, hash: PaymentHash, round: u32 },
}

/// Entries in the order in which they fall due; those of one moment in the order in which they were made.
#[derive(Clone, Debug)]
pub(crate) struct Calendar<K, D>(BTreeMap<K, Vec<D>>);

impl<K: Ord + Copy, D> Calendar<K, D> {
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(crate) fn enter(&mut self, at: K, due: D) {
        self.0.entry(at).or_default().push(due);
    }

    /// Takes out what is due at `now` or was before.
    pub(crate) fn take_due(&mut self, now: K) -> Vec<D> {
        let mut due = Vec::new();
        while let Some(first) = self.0.first_entry() {
            if *first.key() > now {
                break;
            }
            due.append(&mut first.remove());
        }
        due
    }

    /// The next moment at which something falls due.
    pub(crate) fn next(&self) -> Option<K> {
        self.0.first_key_value().map(|(at, _)| *at)
    }
}
