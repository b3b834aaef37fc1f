//! What an adapter's test lends to the suite: two nodes, a chain to mine on, and a clock to wait by.

use crate::lightning::Lightning;
use async_trait::async_trait;
use std::time::Duration;

/// Two connected nodes of the adapter under test (or of two adapters), ready to trade.
///
/// Before the suite starts:
/// * both nodes are up, synced, on the same private chain;
/// * the payer can send at least 1,000,000 sat over one direct channel to the payee and the payee can receive it;
/// * the payer has at least 1,000,000 sat in confirmed coins of its own on chain, for the check that opens a channel;
/// * nothing else uses the two nodes while the suite runs (it looks at balances).
///
/// The suite leaves nothing held behind, except where a check fails.
#[async_trait]
pub trait Harness: Send + Sync {
    /// The node that pays.
    fn payer(&self) -> &dyn Lightning;
    /// The node that is paid; its capabilities must say that it holds.
    fn payee(&self) -> &dyn Lightning;
    /// Mines `blocks` blocks. The nodes may notice them later; the suite waits for that itself.
    async fn mine(&self, blocks: u32);
    /// Kills the payee's node without warning and starts it again. It may still be starting up when this returns; the
    /// same [`Harness::payee`] must find back to it by itself.
    async fn restart_payee(&self);
    /// The same for the payer's node.
    async fn restart_payer(&self);
    /// Lets time pass on the nodes' clocks: sleeps where the nodes are real, turns the clock where they are not.
    async fn pass_seconds(&self, seconds: u64);
    /// A number never given out before on these two nodes, not even by an earlier run against the same data: every
    /// preimage and amount is made from it.
    fn unique(&self) -> u64;
    /// How long the suite waits for something that must happen before it calls it a failure. Real nodes under load
    /// and just restarted need a minute.
    fn patience(&self) -> Duration;
    /// Waits as long as a node takes to act upon a block or message it has already seen: the suite calls it before it
    /// asserts that something did *not* happen.
    async fn quiet(&self);
}
