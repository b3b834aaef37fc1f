//! Health: what works and what does not, as a whole.

use domp_ports::relays::RelayStatus;
use domp_protocol::units::{Height, Unix};
use serde::{Deserialize, Serialize};

/// How the engine and its neighbours are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// What is wrong, one line each with its way out; empty when all is well.
    pub troubles: Vec<String>,
    /// The node.
    pub node: NodeHealth,
    /// The relays.
    pub relays: Vec<RelayStatus>,
    /// Trades that are not over.
    pub open_trades: usize,
    /// Trades that are frozen because an invariant would have been broken.
    pub frozen_trades: usize,
    /// Effects that are not done yet.
    pub pending_effects: usize,
    /// Invoices and payments watched by a stream of their own.
    pub watches: usize,
    /// Whether everything that was open at the start has been looked at since.
    pub recovered: bool,
}

/// How the node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeHealth {
    /// It answered the last call.
    pub reachable: bool,
    /// Its height, if it ever told one since the start.
    pub height: Option<Height>,
    /// The time in its best block.
    pub block_time: Option<Unix>,
    /// Whether that height may be relied on.
    pub fresh: bool,
    /// The last thing that went wrong.
    pub last_error: Option<String>,
}

impl Health {
    /// Whether nothing is wrong.
    pub const fn is_good(&self) -> bool {
        self.troubles.is_empty()
    }
}
