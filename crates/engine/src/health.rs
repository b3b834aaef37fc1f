//! Health: what works and what does not, as a whole.

use crate::inner::{Inner, hold};
use domp_escrow::terms::Side;
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
    /// Trades that are frozen because an invariant would have been broken: they take on nothing more.
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

impl Inner {
    pub(crate) async fn health(&self) -> Health {
        let relays = self.ports.relays.status().await;
        let node = self.chain.health(self.now());
        let mut troubles = self.troubles.lines();
        if node.reachable && !node.fresh {
            troubles.push(
                "the node is not synced, or its last block is over two hours away from this computer's clock: nothing is paid, \
                 shipped or confirmed until it is; what has to be given back is given back all the same"
                    .to_owned(),
            );
        }
        if !relays.is_empty() && relays.iter().all(|relay| !relay.connected) {
            troubles.push(
                "no relay is connected: nothing can be sent or received; what is to be sent waits".to_owned(),
            );
        }
        let doubted = self.doubted();
        let sales = doubted
            .iter()
            .filter(|(_, doubted)| doubted.side == Side::Seller)
            .map(|(trade, _)| trade.short());
        let sales: Vec<String> = sales.collect();
        if *self.recovered.borrow() && !sales.is_empty() {
            troubles.push(format!(
                "it is not known whether you shipped in these trades before the restore; say had-shipped or not-shipped for each: {}",
                sales.join(", ")
            ));
        }
        let frozen_trades = self.frozen_trades();
        if frozen_trades > 0 {
            troubles.push(format!("{frozen_trades} trades are frozen because an invariant would have been broken: they take on nothing more, and what would \
                 break it is not done. See each (domp trade), keep the database and report this"));
        }
        Health {
            troubles,
            node,
            relays,
            open_trades: hold(&self.open).len(),
            frozen_trades,
            pending_effects: self.outbox.len(),
            watches: self.watches.len(),
            recovered: *self.recovered.borrow(),
        }
    }
}
