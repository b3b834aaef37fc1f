//! The chain as our node sees it: the latest tip, and whether the node is there at all.

use crate::health::NodeHealth;
use domp_escrow::moment::At;
use domp_ports::lightning::{LnError, NodeInfo, Tip};
use domp_protocol::{
    ids::NodeId,
    network::Network,
    units::{Height, Unix},
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What is known of the node and its chain.
pub(crate) struct ChainView {
    network: Network,
    state: Mutex<State>,
    /// Told when the node is there again after it was not, and when its first tip is known.
    back: Notify,
}

#[derive(Default)]
struct State {
    node: Option<NodeId>,
    tip: Option<Tip>,
    reachable: bool,
    last_error: Option<String>,
    /// The node that answers is not ours: why.
    wrong: Option<String>,
    /// While everything is caught up with: no later height than this is told, and none is fresh.
    standing: Option<Height>,
}

impl ChainView {
    pub(crate) fn new(network: Network) -> Self {
        Self { network, state: Mutex::default(), back: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain data, whole after every change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The moment now; `None` until the node has told a height. Not fresh while the node cannot be reached.
    pub(crate) fn moment(&self, now: Unix) -> Option<At> {
        let state = self.lock();
        let tip = state.tip?;
        let mut at = At::new(now, tip.height, tip.block_time, tip.synced && state.reachable, self.network);
        if let Some(standing) = state.standing {
            at = At { height: at.height.min(standing), fresh: false, ..at };
        }
        Some(at)
    }

    /// From now on the moments stand still at this height (at the tip's if there is none) and none of them is fresh.
    pub(crate) fn stand_still(&self, height: Option<Height>) {
        let mut state = self.lock();
        state.standing = height.or_else(|| state.tip.map(|tip| tip.height));
    }
    /// The moments are the node's again.
    pub(crate) fn go_on(&self) {
        self.lock().standing = None;
    }

    pub(crate) fn tip(&self) -> Option<Tip> {
        self.lock().tip
    }

    /// The node that is connected, once it was reached.
    pub(crate) fn node(&self) -> Option<NodeId> {
        self.lock().node
    }

    pub(crate) fn is_reachable(&self) -> bool {
        self.lock().reachable
    }

    pub(crate) fn last_error(&self) -> Option<String> {
        self.lock().last_error.clone()
    }

    /// The node told its tip.
    pub(crate) fn see(&self, tip: Tip) {
        let mut state = self.lock();
        let was_away = !state.reachable;
        state.tip = Some(tip);
        state.reachable = true;
        state.last_error = None;
        drop(state);
        if was_away {
            self.back.notify_waiters();
        }
    }

    /// The node told who it is, and it is ours.
    pub(crate) fn know(&self, info: &NodeInfo) {
        let mut state = self.lock();
        state.node = Some(info.id);
        state.wrong = None;
        drop(state);
        self.see(info.tip);
    }

    /// Another node answers than ours: nothing is asked of it, and nothing it says counts.
    pub(crate) fn distrust(&self, why: String) {
        let mut state = self.lock();
        state.reachable = false;
        state.last_error = Some(why.clone());
        state.wrong = Some(why);
    }

    /// Why the node that answers must not be asked, if so.
    pub(crate) fn distrusted(&self) -> Option<String> {
        self.lock().wrong.clone()
    }

    /// The node could not be reached, or its stream ended.
    pub(crate) fn lose(&self, error: &LnError) {
        let mut state = self.lock();
        state.reachable = false;
        state.last_error = Some(error.to_string());
    }

    /// Returns when the node comes back; at once if told so while waiting.
    pub(crate) async fn until_back(&self) {
        self.back.notified().await;
    }

    pub(crate) fn health(&self, now: Unix) -> NodeHealth {
        let fresh = self.moment(now).is_some_and(|at| at.fresh);
        let state = self.lock();
        NodeHealth {
            reachable: state.reachable,
            height: state.tip.map(|tip| tip.height),
            block_time: state.tip.map(|tip| tip.block_time),
            fresh,
            last_error: state.last_error.clone(),
        }
    }
}
