//! The events in force: one path through all that is valid.

use super::{Chain, ChainError, rules};
use crate::ids::{EventId, PublicKey};
use crate::kinds::{Body, Signed};
use crate::units::Unix;
use std::cmp::Reverse;

/// The events in force of one trade, by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The seller's key.
    pub seller: PublicKey,
    /// The buyer's key.
    pub buyer: PublicKey,
    /// Kind 300.
    pub listing: EventId,
    /// Counter bids and bids before this one that led to it, newest first.
    pub earlier: Vec<EventId>,
    /// Kind 301: the trade.
    pub bid: EventId,
    /// Kind 302: counter bids to this bid, at most one of each party.
    pub counters: Vec<EventId>,
    /// Kind 303.
    pub acceptance: Option<EventId>,
    /// Kind 310.
    pub deposit: Option<EventId>,
    /// Kind 311.
    pub payment: Option<EventId>,
    /// Kind 312, in the order of their times.
    pub disputes: Vec<EventId>,
    /// Kind 313.
    pub receipt: Option<EventId>,
    /// Kind 314.
    pub refund: Option<EventId>,
    /// Kind 315, in the order of their times.
    pub agreements: Vec<EventId>,
}

impl Line {
    pub(super) fn of(chain: &Chain) -> Option<Self> {
        let (bid, body) = chain.bid(&chain.trade).ok()?;
        let (listing, _) = chain.listing(&body.listing).ok()?;
        let mut line = Self {
            seller: listing.author(),
            buyer: bid.author(),
            listing: listing.id(),
            earlier: earlier(chain, bid.id()),
            bid: bid.id(),
            counters: Vec::new(),
            acceptance: None,
            deposit: None,
            payment: None,
            disputes: Vec::new(),
            receipt: None,
            refund: None,
            agreements: Vec::new(),
        };
        // One after the other: each step's candidates are those that go on from the step before.
        line.acceptance = line.best(chain, 303, line.bid);
        line.deposit = line.best(chain, 310, line.listing);
        line.counters = line.counters(chain);
        if let Some(acceptance) = line.acceptance {
            line.payment = line.best(chain, 311, acceptance);
        }
        if let Some(payment) = line.payment {
            line.receipt = line.best(chain, 313, payment);
            line.refund = line.best(chain, 314, payment);
            line.disputes = line.all(chain, 312, payment);
            line.agreements = line.all(chain, 315, payment);
        }
        Some(line)
    }

    /// Refuses an event that is valid but lost to a rival, or goes on from one that did.
    pub(super) fn in_force(&self, chain: &Chain, event: &Signed<Body>) -> Result<(), ChainError> {
        if self.has(&event.id()) {
            return Ok(());
        }
        let kind = event.body().kind();
        let parent = event.body().predecessor();
        let in_force = match kind {
            303 => self.acceptance,
            310 => self.deposit,
            302 => self.counters.iter().find(|id| author_of(chain, id) == Some(event.author())).copied(),
            311 if parent == self.acceptance => self.payment,
            311 => self.acceptance,
            313 if parent == self.payment => self.receipt,
            314 if parent == self.payment => self.refund,
            _ => self.payment,
        };
        Err(ChainError::SecondOfKind { in_force: in_force.unwrap_or(self.bid) })
    }

    fn has(&self, id: &EventId) -> bool {
        let single = [self.acceptance, self.deposit, self.payment, self.receipt, self.refund];
        let many = [&self.earlier, &self.counters, &self.disputes, &self.agreements];
        *id == self.listing
            || *id == self.bid
            || single.contains(&Some(*id))
            || many.into_iter().any(|ids| ids.contains(id))
    }

    /// The valid events of a kind that go on from `parent`, by time and id.
    fn all(&self, chain: &Chain, kind: u16, parent: EventId) -> Vec<EventId> {
        let mut found: Vec<(Unix, EventId)> = chain
            .known
            .values()
            .filter(|event| event.body().kind() == kind && event.body().predecessor() == Some(parent))
            .filter(|event| rules::of_this_trade(event, self).is_ok() && rules::judge(chain, event).is_ok())
            .map(|event| (event.created_at(), event.id()))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// Among rivals the one from which the trade went on furthest, then the earliest, then the lowest id.
    fn best(&self, chain: &Chain, kind: u16, parent: EventId) -> Option<EventId> {
        let rivals = self.all(chain, kind, parent);
        rivals
            .into_iter()
            .enumerate()
            .min_by_key(|(place, id)| (Reverse(self.depth(chain, *id)), *place))
            .map(|it| it.1)
    }

    /// How many steps the trade went on from an acceptance or a payment.
    fn depth(&self, chain: &Chain, id: EventId) -> usize {
        let next = [311, 313, 314].into_iter().flat_map(|kind| self.all(chain, kind, id));
        next.map(|id| 1 + self.depth(chain, id)).max().unwrap_or(0)
    }

    /// The first counter bid of each party.
    fn counters(&self, chain: &Chain) -> Vec<EventId> {
        let mut counters: Vec<EventId> = Vec::new();
        for id in self.all(chain, 302, self.bid) {
            let author = author_of(chain, &id);
            if counters.iter().all(|known| author_of(chain, known) != author) {
                counters.push(id);
            }
        }
        counters
    }
}

fn author_of(chain: &Chain, id: &EventId) -> Option<PublicKey> {
    chain.event(id).map(Signed::author)
}

/// The counter bid that the bid answers, the bid that this countered, and so on.
fn earlier(chain: &Chain, mut id: EventId) -> Vec<EventId> {
    let mut earlier = Vec::new();
    while let Ok((event, bid)) = chain.bid(&id) {
        let Some(answered) = rules::answered(event, bid) else { break };
        let Ok((_, counter)) = chain.counter(&answered) else { break };
        earlier.extend([answered, counter.bid]);
        id = counter.bid;
    }
    earlier
}
