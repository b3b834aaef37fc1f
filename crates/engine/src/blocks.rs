//! Blocks: the node's tips as they come, and who the node is whenever it comes back.

use crate::{
    error::StartError,
    inner::{Inner, hold},
    record,
    troubles::Source,
};
use domp_escrow::{terms::Side, trade::Trade};
use domp_ports::lightning::{LnError, NodeInfo, Tip};
use domp_protocol::{ids::NodeId, units::Height};
use futures::StreamExt;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// The setting that keeps the last height seen.
const HEIGHT: &str = "chain/height";
/// A stream that lasted so long was a good one.
const LASTED: Duration = Duration::from_secs(10);
/// Between two questions whether the node is still synced.
const ASK_AGAIN: Duration = Duration::from_secs(30);

impl Inner {
    /// Asks the node who it is and where its chain stands, and checks that it is the right one.
    pub(crate) async fn meet_node(&self) -> Result<Result<NodeInfo, LnError>, StartError> {
        let info = match self.bounded(self.ports.lightning.info()).await {
            Ok(info) => info,
            Err(error) => {
                self.chain.lose(&error);
                self.troubles.set(Source::Blocks, format!("the Lightning node does not answer: {error}"));
                return Ok(Err(error));
            }
        };
        if info.network != self.config.network {
            return Err(StartError::WrongNetwork { node: info.network, profile: self.config.network });
        }
        self.same_node(info.id)?;
        self.chain.know(&info);
        Ok(Ok(info))
    }

    /// Open trades are bound to the node that they were made with.
    fn same_node(&self, found: NodeId) -> Result<(), StartError> {
        let nodes = hold(&self.nodes);
        match nodes.iter().find(|(node, open)| **node != found && **open > 0) {
            Some((expected, open)) => Err(StartError::OtherNode { open: *open, expected: *expected, found }),
            None => Ok(()),
        }
    }

    /// Follows the chain for as long as the engine lives.
    pub(crate) async fn follow_blocks(self: Arc<Self>) {
        let mut pause = self.config.times.retry_first;
        loop {
            let began = Instant::now();
            match self.meet_node().await {
                Ok(Ok(_)) => {
                    self.troubles.clear(Source::Node);
                    self.pulse.notify_one();
                    let error = self.follow_tips().await;
                    self.chain.lose(&error);
                    self.troubles.set(Source::Blocks, format!("no news of blocks: {error}"));
                }
                Ok(Err(_)) => {}
                // Another node, or another network: nothing is decided on its word.
                Err(error) => {
                    self.chain.distrust(error.to_string());
                    self.troubles.set(Source::Node, error.to_string());
                }
            }
            pause = if began.elapsed() > LASTED { self.config.times.retry_first } else { self.longer(pause) };
            tokio::time::sleep(pause).await;
        }
    }

    /// Follows one stream of tips to its end; gives why it ended.
    async fn follow_tips(&self) -> LnError {
        let mut tips = match self.node(self.ports.lightning.blocks()).await {
            Ok(tips) => tips,
            Err(error) => return error,
        };
        self.troubles.clear(Source::Blocks);
        loop {
            tokio::select! {
                tip = tips.next() => match tip {
                    Some(tip) => self.see_tip(tip).await,
                    None => return LnError::Unavailable("the stream of blocks ended".to_owned()),
                },
                () = tokio::time::sleep(ASK_AGAIN) => match self.node(self.ports.lightning.info()).await {
                    Ok(info) => self.see_tip(info.tip).await,
                    Err(error) => return error,
                },
            }
        }
    }

    async fn see_tip(&self, tip: Tip) {
        let before = self.chain.tip();
        self.chain.see(tip);
        if before == Some(tip) {
            return;
        }
        self.pulse.notify_one();
        // While an earlier height still rules, it is the one to go back to after another stop.
        if *self.recovered.borrow() && before.is_none_or(|before| before.height != tip.height) {
            self.keep_height().await;
        }
    }

    /// Notes the height up to which everything has been acted on.
    pub(crate) async fn keep_height(&self) {
        let Some(tip) = self.chain.tip() else { return };
        if let Err(error) = self.ports.journal.set_setting(HEIGHT, &tip.height.0.to_string()).await {
            self.troubles.journal_failed(&error);
        }
    }

    /// The last height that an earlier process acted on.
    pub(crate) async fn last_height(&self) -> Option<Height> {
        let stored = self.ports.journal.setting(HEIGHT).await.ok()??;
        stored.parse().ok().map(Height)
    }

    /// Counts the open trades of each node of ours.
    pub(crate) fn count_node(&self, trade: &Trade, was_open: bool, open: bool) {
        let node = match trade.side {
            Side::Buyer => trade.terms.buyer_node,
            Side::Seller => trade.terms.seller_node,
        };
        let mut nodes = hold(&self.nodes);
        let count = nodes.entry(node).or_default();
        match (was_open, open) {
            (false, true) => *count = count.saturating_add(1),
            (true, false) => *count = count.saturating_sub(1),
            (true, true) | (false, false) => {}
        }
    }
}

/// Reads the rows of open trades on as many threads as there are; the order is kept.
pub(crate) fn read_all(rows: &[domp_ports::journal::TradeRow]) -> Vec<Result<Trade, String>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = rows.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let readers: Vec<_> = rows
            .chunks(share)
            .map(|rows| scope.spawn(move || rows.iter().map(record::read_trade).collect::<Vec<_>>()))
            .collect();
        readers
            .into_iter()
            .flat_map(|reader| reader.join().unwrap_or_else(|_| vec![Err("it could not be read".to_owned())]))
            .collect()
    })
}
