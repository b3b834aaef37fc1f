//! The clockwork: which trades want to be woken at which height and at what time. Asking when none is due costs the same
//! whether ten trades are open or a million.

use domp_escrow::wake::Wake;
use domp_protocol::{
    ids::TradeId,
    units::{Height, Unix},
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// When each open trade wants to be woken.
#[derive(Debug, Default)]
pub struct Clockwork {
    heights: BTreeSet<(Height, TradeId)>,
    times: BTreeSet<(Unix, TradeId)>,
    set: HashMap<TradeId, Wake>,
    /// Trades that wait until the height can be relied on again.
    stale: HashSet<TradeId>,
}

impl Clockwork {
    /// Sets when a trade wants to be woken, instead of what was set before.
    pub fn set(&mut self, trade: TradeId, wake: Wake) {
        self.remove(&trade);
        if let Some(height) = wake.height {
            self.heights.insert((height, trade));
        }
        if let Some(unix) = wake.unix {
            self.times.insert((unix, trade));
        }
        if wake != Wake::default() {
            self.set.insert(trade, wake);
        }
    }

    /// Forgets a trade.
    pub fn remove(&mut self, trade: &TradeId) {
        let Some(wake) = self.set.remove(trade) else { return };
        if let Some(height) = wake.height {
            self.heights.remove(&(height, *trade));
        }
        if let Some(unix) = wake.unix {
            self.times.remove(&(unix, *trade));
        }
    }

    /// Remembers a trade that could not act because the height was not fresh.
    pub fn wait_for_fresh(&mut self, trade: TradeId) {
        self.stale.insert(trade);
    }

    /// Takes up to `most` trades that are due at this height or time, the longest due first. They are forgotten until
    /// they are set again.
    pub fn due(&mut self, height: Height, unix: Unix, fresh: bool, most: usize) -> Vec<TradeId> {
        let mut due = Vec::new();
        while due.len() < most {
            let by_height = self.heights.first().filter(|(at, _)| *at <= height).map(|(_, trade)| *trade);
            let by_time = || self.times.first().filter(|(at, _)| *at <= unix).map(|(_, trade)| *trade);
            let Some(trade) = by_height.or_else(by_time) else { break };
            self.remove(&trade);
            due.push(trade);
        }
        if fresh && !self.stale.is_empty() {
            let waiting: Vec<_> = self.stale.iter().take(most.saturating_sub(due.len())).copied().collect();
            for trade in waiting {
                self.stale.remove(&trade);
                if !due.contains(&trade) {
                    due.push(trade);
                }
            }
        }
        due
    }

    /// Trades that want to be woken some time.
    pub fn len(&self) -> usize {
        self.set.len()
    }
    /// Whether no trade wants to be woken.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use domp_protocol::ids::EventId;

    fn id(n: u64) -> TradeId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        EventId::from_bytes(bytes)
    }
    fn at(height: Option<u32>, unix: Option<u64>) -> Wake {
        Wake { height: height.map(Height), unix: unix.map(Unix) }
    }

    #[test]
    fn due__by_height_and_by_time__each_trade_once_and_then_forgotten() {
        let mut clockwork = Clockwork::default();
        clockwork.set(id(1), at(Some(100), Some(50)));
        clockwork.set(id(2), at(Some(101), None));
        clockwork.set(id(3), at(None, Some(60)));
        assert!(clockwork.due(Height(99), Unix(49), true, 9).is_empty());
        assert_eq!(clockwork.due(Height(100), Unix(60), true, 9), [id(1), id(3)]);
        assert!(clockwork.due(Height(100), Unix(60), true, 9).is_empty());
        assert_eq!(clockwork.due(Height(200), Unix(0), true, 9), [id(2)]);
        assert!(clockwork.is_empty());
    }

    #[test]
    fn set__again__only_the_last_counts() {
        let mut clockwork = Clockwork::default();
        clockwork.set(id(1), at(Some(100), Some(50)));
        clockwork.set(id(1), at(Some(300), None));
        assert!(clockwork.due(Height(299), Unix(1000), true, 9).is_empty());
        assert_eq!(clockwork.due(Height(300), Unix(0), true, 9), [id(1)]);
        clockwork.set(id(1), at(Some(5), None));
        clockwork.set(id(1), Wake::default());
        assert!(clockwork.due(Height(300), Unix(0), true, 9).is_empty());
    }

    #[test]
    fn due__more_than_asked_for__the_others_stay_due() {
        let mut clockwork = Clockwork::default();
        for n in 0..10 {
            clockwork.set(id(n), at(Some(100), None));
        }
        assert_eq!(clockwork.due(Height(100), Unix(0), true, 4).len(), 4);
        assert_eq!(clockwork.due(Height(100), Unix(0), true, 40).len(), 6);
    }

    #[test]
    fn due__a_trade_that_waits_for_a_fresh_height__only_when_it_is_fresh() {
        let mut clockwork = Clockwork::default();
        clockwork.wait_for_fresh(id(7));
        assert!(clockwork.due(Height(100), Unix(0), false, 9).is_empty());
        assert_eq!(clockwork.due(Height(100), Unix(0), true, 9), [id(7)]);
        assert!(clockwork.due(Height(100), Unix(0), true, 9).is_empty());
    }
}
