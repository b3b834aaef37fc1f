//! The moment of an input: what time it is and how far the chain is, as our own node sees it.

use domp_protocol::{
    network::Network,
    units::{Height, Unix},
};
use serde::{Deserialize, Serialize};

/// A tip older than this is not acted on: the node may be cut off and its height wrong.
pub const MAX_TIP_AGE_SECONDS: u64 = 2 * 3600;

/// When an input happened. Carried by every input, so that replaying inputs replays decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// Our clock.
    pub unix: Unix,
    /// Our node's height; may go back in a reorg.
    pub height: Height,
    /// Whether the height may be relied on for paying, shipping and revealing. Settling and cancelling never wait for it.
    pub fresh: bool,
}

impl At {
    /// `[D3-74]` The moment seen by a node whose tip has `block_time`. Fresh when the node says it is synced and the tip is under
    /// two hours old and not two hours ahead of our clock (one of the two is wrong then). On regtest blocks come only
    /// when somebody mines, so their age means nothing there.
    pub fn new(unix: Unix, height: Height, block_time: Unix, synced: bool, network: Network) -> Self {
        let apart = unix.0.abs_diff(block_time.0);
        let recent = network == Network::Regtest || apart < MAX_TIP_AGE_SECONDS;
        Self { unix, height, fresh: synced && recent }
    }
}
