//! Troubles: a program that does not run, a node that does not answer, a node whose chain stands still. One at a time and
//! side, never for longer than messages may take to pass.

use crate::{explore::PASSES_WITHIN, setting::Nature, world::World};
use domp_escrow::{moment::At, note::Note, terms::Side};
use domp_protocol::{
    network::Network,
    purpose::Purpose,
    units::{Blocks, Height, Unix},
};

/// What kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The program does not run; its node does.
    ProgramAway,
    /// The node does not run: it lets nothing in, lets go of nothing, answers nothing.
    NodeDown,
    /// The node runs, but the last blocks do not reach it.
    ChainStuck,
}

/// A trouble of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trouble {
    /// Which.
    pub kind: Kind,
    /// The last block before it.
    pub since: Height,
    /// When that block came.
    pub block_time: Unix,
    /// It is over at this height.
    pub until: Height,
}

impl World {
    /// A side's trouble, if it has any.
    pub const fn trouble(&self, side: Side) -> Option<Trouble> {
        self.troubles[side as usize]
    }
    const fn has(&self, side: Side, kind: Kind) -> bool {
        match self.trouble(side) {
            Some(trouble) => trouble.kind as u8 == kind as u8,
            None => false,
        }
    }
    /// Whether a side's program runs.
    pub const fn runs(&self, side: Side) -> bool {
        !self.has(side, Kind::ProgramAway)
    }
    /// Whether a side's node answers.
    pub const fn node_answers(&self, side: Side) -> bool {
        !self.has(side, Kind::NodeDown)
    }
    /// The last block that a side's node knows.
    pub const fn node_height(&self, side: Side) -> Height {
        match self.trouble(side) {
            Some(Trouble { kind: Kind::NodeDown | Kind::ChainStuck, since, .. }) => since,
            _ => self.height,
        }
    }

    /// The moment as it really is.
    pub fn at(&self) -> At {
        moment(self.unix, self.height, self.block_time)
    }
    /// The moment as a side's program sees it through its node. A reading is as fresh as its block is young.
    pub fn at_of(&self, side: Side) -> At {
        match self.trouble(side) {
            Some(Trouble { kind: Kind::NodeDown | Kind::ChainStuck, since, block_time, .. }) => {
                moment(self.unix, since, block_time)
            }
            _ => self.at(),
        }
    }

    /// Trouble begins.
    pub(crate) fn begin_trouble(&mut self, side: Side, kind: Kind, blocks: Blocks) {
        let until = self.height.plus(Blocks(blocks.0.clamp(1, PASSES_WITHIN.0)));
        self.troubles[side as usize] =
            Some(Trouble { kind, since: self.height, block_time: self.block_time, until });
        // Somebody's node going away does not undo what it has already sent on.
        if kind == Kind::ProgramAway {
            self.forget_volatile(side);
        }
    }

    /// Troubles that are over by now end: the program reads everything again.
    pub(crate) fn end_troubles(&mut self, all: bool) -> Vec<(Side, Note)> {
        let mut notes = Vec::new();
        for side in [Side::Buyer, Side::Seller] {
            let Some(trouble) = self.trouble(side).filter(|trouble| all || trouble.until <= self.height)
            else {
                continue;
            };
            self.troubles[side as usize] = None;
            for purpose in [Purpose::BuyerCollateral, Purpose::Purchase] {
                self.htlc_mut(purpose).set_news(side, true);
            }
            if trouble.kind == Kind::ProgramAway {
                notes.extend(self.restart(side).into_iter().map(|note| (side, note)));
            }
        }
        notes
    }
}

/// The machine's own rule of freshness, with the rule of mainnet whatever the network.
fn moment(unix: Unix, height: Height, block_time: Unix) -> At {
    At::new(unix, height, block_time, true, Network::Mainnet)
}

impl Nature {
    /// Seconds that a number of blocks takes.
    pub(crate) const fn seconds(&self, blocks: Blocks) -> u64 {
        self.seconds_per_block.saturating_mul(blocks.0 as u64)
    }
}
