//! The asynchronous Lightning port over a [`World`]: locks it, calls it, tells the streams.

use crate::{balance::Balances, conduct::Conduct};
use crate::{
    channel::ForceClose,
    clock::SimClock,
    faults::{Call, CallFault},
    node::NodeIndex,
    profile::Profile,
    watchers::{Watchers, deliver},
    world::{Settings, World},
};
use async_trait::async_trait;
use domp_ports::lightning::{
    Capabilities, Channel, DecodedInvoice, HoldInvoice, InvoiceState, Lightning, Liquidity, LnError,
    NodeInfo, Pay, PaymentState, Tip,
};
use domp_protocol::{
    ids::{NodeId, PaymentHash},
    secret::Preimage,
    units::{Blocks, Height, Msat},
};
use futures::stream::BoxStream;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// How long a stalled call waits when nobody releases it: adapters of real nodes give up too.
const STALL: Duration = Duration::from_secs(30);

struct Shared {
    world: World,
    watchers: Vec<Watchers>,
}

/// A simulated network, shared by everything that holds a handle to it.
#[derive(Clone)]
pub struct SimNetwork {
    shared: Arc<Mutex<Shared>>,
    stalled: Arc<Notify>,
}

impl SimNetwork {
    /// A network without nodes.
    pub fn new(settings: Settings) -> Self {
        let shared = Shared { world: World::new(settings), watchers: Vec::new() };
        Self { shared: Arc::new(Mutex::new(shared)), stalled: Arc::new(Notify::new()) }
    }

    /// Does anything to the world; whatever changes is told to the streams before this returns.
    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        // Whoever panicked while holding the lock is a test that has failed already.
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let Shared { world, watchers } = &mut *shared;
        let result = act(world);
        watchers.resize_with(world.nodes.len(), Watchers::default);
        deliver(world, watchers);
        result
    }

    fn with_watchers<T>(&self, act: impl FnOnce(&mut World, &mut Vec<Watchers>) -> T) -> T {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let Shared { world, watchers } = &mut *shared;
        watchers.resize_with(world.nodes.len(), Watchers::default);
        act(world, watchers)
    }

    /// A new node, running.
    pub fn add_node(&self, alias: &str, profile: Profile) -> SimNode {
        let capabilities = profile.capabilities.clone();
        let (index, id) = self.with(|world| {
            let index = world.add_node(alias, profile);
            (index, world.node_id(index))
        });
        SimNode { network: self.clone(), index, id, capabilities: Arc::new(capabilities) }
    }

    /// Opens a channel that is in use at once, with new money on both sides; gives its outpoint.
    pub fn channel(&self, from: &SimNode, to: &SimNode, from_local: Msat, to_local: Msat) -> String {
        self.with(|world| world.channel(from.index, to.index, from_local, to_local))
    }

    /// Gives a node new coins on chain.
    pub fn deposit(&self, node: &SimNode, amount: Msat) {
        self.with(|world| world.deposit(node.index, amount));
    }

    /// Mines blocks; everything that follows has happened when this returns.
    pub fn mine(&self, blocks: u32) {
        self.with(|world| world.mine(blocks));
    }

    /// Takes back the latest `depth` blocks and mines `blocks` others.
    pub fn reorganise(&self, depth: Blocks, blocks: u32) {
        self.with(|world| world.reorganise(depth, blocks));
    }

    /// Lets time pass without a block.
    pub fn pass_seconds(&self, seconds: u64) {
        self.with(|world| world.pass_seconds(seconds));
    }

    /// Height of the best block.
    pub fn height(&self) -> Height {
        self.with(|world| world.height())
    }

    /// All money in the world.
    pub fn total_msat(&self) -> Msat {
        self.with(|world| world.total_msat())
    }

    /// Every channel that was ever closed by force, oldest first.
    pub fn force_closes(&self) -> Vec<ForceClose> {
        self.with(|world| world.force_closes().to_vec())
    }

    /// The network's time of day as a clock.
    pub fn clock(&self) -> SimClock {
        SimClock(self.clone())
    }

    /// Lets every stalled call go on now, to its end in `Unknown`.
    pub fn release_stalled_calls(&self) {
        self.stalled.notify_waiters();
    }
}

/// One node of a simulated network: the Lightning port, and the hand on its power switch.
#[derive(Clone)]
pub struct SimNode {
    network: SimNetwork,
    index: NodeIndex,
    id: NodeId,
    capabilities: Arc<Capabilities>,
}

impl SimNode {
    /// Its number in the world.
    pub const fn index(&self) -> NodeIndex {
        self.index
    }

    /// Its public key.
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// Its network.
    pub const fn network(&self) -> &SimNetwork {
        &self.network
    }

    /// Kills it: streams end, calls are `Unavailable`, what it has written down survives.
    pub fn stop(&self) {
        self.network.with(|world| world.stop(self.index));
    }

    /// Starts it again.
    pub fn start(&self) {
        self.network.with(|world| world.start(self.index));
    }

    /// Its money.
    pub fn balances(&self) -> Balances {
        self.network.with(|world| world.balances(self.index))
    }

    /// Makes it behave in this way towards others from now on.
    pub fn set_conduct(&self, conduct: Conduct) {
        self.network.with(|world| world.set_conduct(self.index, conduct));
    }

    /// It passes on what it has held back, and behaves again.
    pub fn release(&self) {
        self.network.with(|world| world.release(self.index));
    }

    /// The next such call (of any kind, when `call` is `None`) goes wrong in this way, once.
    pub fn script_fault(&self, call: Option<Call>, fault: CallFault) {
        self.network.with(|world| world.script_fault(self.index, call, fault));
    }

    /// How many calls of this kind reached for it.
    pub fn calls(&self, call: Call) -> u64 {
        self.network.with(|world| world.calls(self.index, call))
    }

    /// Ends every stream, as a broken connection does; the node runs on.
    pub fn break_streams(&self) {
        self.network.with_watchers(|_, watchers| watchers[self.index.0].end_all());
    }

    /// Makes its streams say nothing, though they stay open; or speak again, without what they missed.
    pub fn mute_streams(&self, muted: bool) {
        self.network.with_watchers(|_, watchers| watchers[self.index.0].muted = muted);
    }

    async fn call<T>(
        &self,
        call: Call,
        act: impl FnOnce(&mut World, NodeIndex) -> Result<T, LnError> + Send,
    ) -> Result<T, LnError> {
        self.watch(call, |world, index, _| act(world, index)).await
    }

    async fn watch<T>(
        &self,
        call: Call,
        act: impl FnOnce(&mut World, NodeIndex, &mut Watchers) -> Result<T, LnError> + Send,
    ) -> Result<T, LnError> {
        let released = self.network.stalled.notified();
        let (fault, answer) = self.network.with_watchers(|world, watchers| {
            let fault = world.draw_fault(self.index, call);
            let answer =
                world.perform(self.index, fault, |world| act(world, self.index, &mut watchers[self.index.0]));
            deliver(world, watchers);
            (fault, answer)
        });
        if matches!(fault, Some(CallFault::StalledBefore | CallFault::StalledAfter)) {
            // Released or given up: either way the caller knows nothing.
            let _ = tokio::time::timeout(STALL, released).await;
        }
        answer
    }
}

#[async_trait]
impl Lightning for SimNode {
    fn capabilities(&self) -> Capabilities {
        Capabilities::clone(&self.capabilities)
    }

    async fn info(&self) -> Result<NodeInfo, LnError> {
        self.call(Call::Info, |world, node| Ok(world.info(node))).await
    }

    async fn blocks(&self) -> Result<BoxStream<'static, Tip>, LnError> {
        self.watch(Call::Blocks, |world, node, watchers| Ok(watchers.watch_tips(world.view(node)))).await
    }

    async fn sign_message(&self, message: &str) -> Result<String, LnError> {
        self.call(Call::SignMessage, |world, node| Ok(world.sign_message(node, message))).await
    }

    async fn issue_hold_invoice(&self, invoice: &HoldInvoice) -> Result<String, LnError> {
        self.call(Call::IssueHoldInvoice, |world, node| world.issue_hold_invoice(node, invoice)).await
    }

    async fn issue_invoice(
        &self,
        amount: Msat,
        expiry_seconds: u32,
        description: &str,
    ) -> Result<String, LnError> {
        self.call(Call::IssueInvoice, |world, node| {
            world.issue_invoice(node, amount, expiry_seconds, description)
        })
        .await
    }

    async fn invoice(&self, hash: &PaymentHash) -> Result<InvoiceState, LnError> {
        self.call(Call::Invoice, |world, node| world.invoice(node, hash)).await
    }

    async fn watch_invoice(&self, hash: &PaymentHash) -> Result<BoxStream<'static, InvoiceState>, LnError> {
        self.watch(Call::WatchInvoice, |world, node, watchers| {
            Ok(watchers.watch_invoice(*hash, world.invoice(node, hash)?))
        })
        .await
    }

    async fn settle(&self, preimage: &Preimage) -> Result<(), LnError> {
        self.call(Call::Settle, |world, node| world.settle(node, preimage)).await
    }

    async fn cancel(&self, hash: &PaymentHash) -> Result<(), LnError> {
        self.call(Call::Cancel, |world, node| world.cancel(node, hash)).await
    }

    async fn decode(&self, bolt11: &str) -> Result<DecodedInvoice, LnError> {
        self.call(Call::Decode, |world, node| world.decode(node, bolt11)).await
    }

    async fn pay(&self, pay: &Pay) -> Result<(), LnError> {
        self.call(Call::Pay, |world, node| world.pay(node, pay)).await
    }

    async fn payment(&self, hash: &PaymentHash) -> Result<PaymentState, LnError> {
        self.call(Call::Payment, |world, node| Ok(world.payment(node, hash))).await
    }

    async fn watch_payment(&self, hash: &PaymentHash) -> Result<BoxStream<'static, PaymentState>, LnError> {
        self.watch(Call::WatchPayment, |world, node, watchers| {
            Ok(watchers.watch_payment(*hash, world.payment(node, hash)))
        })
        .await
    }

    async fn liquidity(&self) -> Result<Liquidity, LnError> {
        self.call(Call::Liquidity, |world, node| Ok(world.liquidity(node))).await
    }

    async fn channels(&self) -> Result<Vec<Channel>, LnError> {
        self.call(Call::Channels, |world, node| Ok(world.channels(node))).await
    }

    async fn new_address(&self) -> Result<String, LnError> {
        self.call(Call::NewAddress, |world, node| Ok(world.new_address(node))).await
    }

    async fn connect_peer(&self, peer: &NodeId, _address: &str) -> Result<(), LnError> {
        self.call(Call::ConnectPeer, |world, node| world.connect_peer(node, peer)).await
    }

    async fn open_channel(&self, peer: &NodeId, capacity: Msat, push: Msat) -> Result<String, LnError> {
        self.call(Call::OpenChannel, |world, node| world.open_channel(node, peer, capacity, push)).await
    }

    async fn close_channel(&self, outpoint: &str, force: bool) -> Result<(), LnError> {
        self.call(Call::CloseChannel, |world, node| world.close_channel(node, outpoint, force)).await
    }
}
