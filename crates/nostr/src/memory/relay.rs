//! One relay in memory: what it stored, what of that it shows, and what is wrong with it.

use super::{Fault, Stored, shuffle::Shuffler};
use domp_ports::relays::{Policy, RelayAnswer, Wanted};
use domp_protocol::ids::EventId;
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct MemoryRelay {
    /// Everything taken, in order.
    stored: Vec<Arc<Stored>>,
    ids: BTreeSet<EventId>,
    /// Those of the stored that nobody is shown, for whatever reason.
    hidden: BTreeSet<EventId>,
    /// What subscriptions were given, in order; a subscription's place is an index.
    delivered: Vec<Arc<Stored>>,
    /// Counts repairs and outages: subscriptions of another time begin again.
    pub(super) life: u64,
    pub(super) policy: Policy,
    faults: Faults,
}

#[derive(Debug, Default)]
struct Faults {
    down: bool,
    mute: bool,
    answer_lost: bool,
    refuse: Vec<(Wanted, String)>,
    withhold: Vec<Wanted>,
    delay: bool,
    delayed: VecDeque<Arc<Stored>>,
    repeat: usize,
    window: usize,
    shuffler: Shuffler,
    collected: Vec<Arc<Stored>>,
}

impl MemoryRelay {
    pub(super) fn break_with(&mut self, fault: Fault) {
        let faults = &mut self.faults;
        match fault {
            Fault::Down => faults.down = true,
            Fault::Mute => faults.mute = true,
            Fault::AnswerLost => faults.answer_lost = true,
            Fault::Refuse(wanted, reason) => faults.refuse.push((wanted, reason)),
            Fault::Withhold(wanted) => faults.withhold.push(wanted),
            Fault::Delay => faults.delay = true,
            Fault::Repeat(times) => faults.repeat = times,
            Fault::Shuffle { window, seed } => {
                faults.window = window;
                faults.shuffler = Shuffler::new(seed);
            }
        }
    }

    pub(super) fn repair(&mut self) {
        self.faults = Faults::default();
        self.hidden.clear();
        self.delivered.clear();
        self.life += 1;
    }

    /// Whether it speaks to anybody.
    pub(super) fn is_reachable(&self) -> bool {
        !self.faults.down && !self.faults.mute
    }

    /// Why it does not speak.
    pub(super) fn silence(&self) -> &'static str {
        if self.faults.down { "connection refused" } else { "no answer in time" }
    }

    pub(super) fn publish(&mut self, event: &Arc<Stored>) -> RelayAnswer {
        if !self.is_reachable() {
            return RelayAnswer::NoAnswer(self.silence().into());
        }
        let Some(envelope) = &event.envelope else {
            return RelayAnswer::Refused("invalid: not an event".into());
        };
        if let Some((_, reason)) = self.faults.refuse.iter().find(|(wanted, _)| envelope.matches(wanted)) {
            return RelayAnswer::Refused(reason.clone());
        }
        if self.ids.insert(envelope.id) {
            self.stored.push(event.clone());
            let hide = self.faults.withhold.iter().any(|wanted| envelope.matches(wanted));
            if hide || self.faults.delay || self.faults.window > 1 {
                self.hidden.insert(envelope.id);
            }
            if self.faults.delay && !hide {
                self.faults.delayed.push_back(event.clone());
            } else if !hide {
                self.show(event.clone());
            }
        }
        if self.faults.answer_lost {
            RelayAnswer::NoAnswer("no answer in time".into())
        } else {
            RelayAnswer::Accepted
        }
    }

    pub(super) fn deliver_one(&mut self) -> bool {
        let Some(event) = self.faults.delayed.pop_front() else { return false };
        self.show(event);
        true
    }

    pub(super) fn inject(&mut self, text: Arc<Stored>) {
        self.delivered.push(text);
    }

    fn show(&mut self, event: Arc<Stored>) {
        if self.faults.window > 1 {
            self.faults.collected.push(event);
            if self.faults.collected.len() >= self.faults.window {
                let mut batch = std::mem::take(&mut self.faults.collected);
                self.faults.shuffler.shuffle(&mut batch);
                batch.into_iter().for_each(|event| self.deliver(event));
            }
        } else {
            self.deliver(event);
        }
    }

    fn deliver(&mut self, event: Arc<Stored>) {
        if let Some(envelope) = &event.envelope {
            self.hidden.remove(&envelope.id);
        }
        self.delivered.extend(std::iter::repeat_n(event, self.faults.repeat + 1));
    }

    /// The end of what was delivered: the place of a subscription that begins now.
    pub(super) fn end(&self) -> usize {
        self.delivered.len()
    }

    /// What was delivered at a place.
    pub(super) fn at(&self, place: usize) -> Option<&Arc<Stored>> {
        self.delivered.get(place)
    }

    /// What is stored, shown and wanted: newest first, each wish with its own limit, no event twice.
    pub(super) fn find(&self, wanted: &[Wanted]) -> VecDeque<Arc<Stored>> {
        let mut places = BTreeSet::new();
        for wish in wanted {
            let mut hits: Vec<_> = self.shown(wish).collect();
            hits.sort_unstable();
            places.extend(hits.into_iter().take(wish.limit.unwrap_or(usize::MAX)));
        }
        places.into_iter().filter_map(|(.., place)| self.stored.get(place).cloned()).collect()
    }

    /// Sort keys (newest first, then by id) and places of what is shown and matches.
    fn shown<'a>(
        &'a self,
        wanted: &'a Wanted,
    ) -> impl Iterator<Item = (std::cmp::Reverse<u64>, EventId, usize)> + 'a {
        self.stored.iter().enumerate().filter_map(|(place, event)| {
            let envelope = event.envelope.as_ref()?;
            let hit = !self.hidden.contains(&envelope.id) && envelope.matches(wanted);
            hit.then_some((std::cmp::Reverse(envelope.created_at), envelope.id, place))
        })
    }

    pub(super) fn stored(&self) -> Vec<String> {
        self.stored.iter().map(|event| event.json.clone()).collect()
    }

    pub(super) fn count(&self, wanted: &Wanted) -> usize {
        self.stored.iter().filter_map(|event| event.envelope.as_ref()).filter(|e| e.matches(wanted)).count()
    }
}
