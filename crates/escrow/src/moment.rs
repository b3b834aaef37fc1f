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

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn new__tip_almost_two_hours_old_or_ahead__fresh_and_at_two_hours_not() {
        let now = Unix(1_800_000_000);
        for (apart, fresh) in [(0, true), (7_199, true), (7_200, false), (10_000, false)] {
            for block_time in [Unix(now.0 - apart), Unix(now.0 + apart)] {
                let at = |synced, network| At::new(now, Height(1), block_time, synced, network).fresh;
                assert_eq!(at(true, Network::Mainnet), fresh, "{apart}");
                assert!(at(true, Network::Regtest), "blocks come when somebody mines");
                assert!(!at(false, Network::Mainnet) && !at(false, Network::Regtest));
            }
        }
    }
}
