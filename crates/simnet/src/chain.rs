//! The chain that all nodes share: heights and block timestamps.

use domp_ports::lightning::Tip;
use domp_protocol::units::{Blocks, Height, Unix};

/// A best chain, from the block at which the simulation starts.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    base: Height,
    tip: Unix,
    /// Timestamps of the blocks above `base` but below the tip.
    buried: Vec<Unix>,
}

impl Chain {
    pub(crate) const fn new(base: Height, time: Unix) -> Self {
        Self { base, tip: time, buried: Vec::new() }
    }

    /// Height of the best block.
    pub(crate) fn height(&self) -> Height {
        self.base.plus(Blocks(u32::try_from(self.buried.len()).unwrap_or(u32::MAX)))
    }

    /// The tip, as a node that is synced sees it.
    pub(crate) fn tip(&self) -> Tip {
        Tip { height: self.height(), block_time: self.tip, synced: true }
    }

    /// One more block.
    pub(crate) fn extend(&mut self, time: Unix) {
        self.buried.push(self.tip);
        self.tip = time;
    }

    /// Takes back the latest `depth` blocks, but never the first.
    pub(crate) fn shorten(&mut self, depth: Blocks) {
        for _ in 0..depth.0 {
            match self.buried.pop() {
                Some(time) => self.tip = time,
                None => return,
            }
        }
    }
}
