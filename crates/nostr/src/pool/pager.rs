//! Reading everything that a relay has, although it gives only so many events at a time.
//!
//! A relay answers a request with its newest few hundred matches and does not say that it left some out. So after each
//! page the next one is asked for, ending where the last one ended, until one brings nothing new. `until` is inclusive
//! (NIP-01), and many events may share a second: those of the last second are remembered and recognised.

use super::filter::Filter;
use domp_protocol::ids::EventId;
use serde::Deserialize;
use std::collections::HashSet;

/// Events asked for at a time; more than most relays give.
pub(crate) const PAGE: usize = 500;
/// A page shorter than this is the last one: no relay is known that gives fewer at a time.
const SHORT: usize = 50;
/// Pages of one request; an endless supply is an attack.
const MAX_PAGES: u32 = 60;

/// The two fields of an event that paging goes by.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Stamp {
    /// The event's id, not verified.
    pub(crate) id: EventId,
    /// Its time in seconds, not verified.
    pub(crate) created_at: u64,
}

/// What to do after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Ask for the next page.
    Next,
    /// Everything was read.
    Complete,
    /// Something may be missing, and why.
    Incomplete(&'static str),
}

/// The state of one paged request.
#[derive(Debug)]
pub(crate) struct Pager {
    filter: Filter,
    /// How many more the caller wants.
    left: usize,
    limited: bool,
    until: Option<u64>,
    /// The lowest time seen so far and the ids seen at it.
    oldest: Option<u64>,
    edge: HashSet<EventId>,
    /// Events of this page that fit the request, and those of them not seen before.
    in_page: usize,
    fresh: usize,
    pages: u32,
    skipped: bool,
}

impl Pager {
    /// Pages through what matches `filter`, its limit being the caller's.
    pub(crate) fn new(filter: Filter) -> Self {
        Self {
            left: filter.limit.unwrap_or(usize::MAX),
            limited: filter.limit.is_some(),
            filter,
            until: None,
            oldest: None,
            edge: HashSet::new(),
            in_page: 0,
            fresh: 0,
            pages: 0,
            skipped: false,
        }
    }

    /// The filter of the page to ask for now.
    pub(crate) fn request(&self) -> Filter {
        // Those of the last second come again.
        let limit = self.left.saturating_add(self.edge.len()).min(PAGE);
        Filter { until: self.until, limit: Some(limit), ..self.filter.clone() }
    }

    /// Takes note of an event of the page; true if it is new and wanted.
    pub(crate) fn saw(&mut self, stamp: Stamp) -> bool {
        if self.until.is_some_and(|until| stamp.created_at > until) {
            return false;
        }
        self.in_page += 1;
        if self.edge.contains(&stamp.id) || self.left == 0 {
            return false;
        }
        if self.oldest.is_none_or(|oldest| stamp.created_at < oldest) {
            self.oldest = Some(stamp.created_at);
            self.edge.clear();
        }
        if self.oldest == Some(stamp.created_at) {
            self.edge.insert(stamp.id);
        }
        self.fresh += 1;
        self.left -= 1;
        true
    }

    /// Ends the page.
    pub(crate) fn end_page(&mut self) -> Turn {
        self.pages += 1;
        let (in_page, fresh) = (self.in_page, self.fresh);
        (self.in_page, self.fresh) = (0, 0);
        let done = if self.skipped {
            Turn::Incomplete("more events share one second than the relay gives at a time")
        } else {
            Turn::Complete
        };
        // Asked by id, a relay gives what it has: there is nothing beyond the list.
        let by_ids = !self.filter.ids.is_empty() && self.filter.ids.len() <= PAGE;
        if (self.limited && self.left == 0) || in_page < SHORT || by_ids {
            return done;
        }
        if self.pages >= MAX_PAGES {
            return Turn::Incomplete("the relay never comes to an end");
        }
        match self.oldest {
            Some(oldest) if fresh > 0 => self.until = Some(oldest),
            Some(oldest) if oldest > 0 => {
                // A full page, all of it known and of one second: the rest of that second cannot be asked for.
                self.skipped = true;
                self.until = Some(oldest - 1);
                self.oldest = self.until;
                self.edge.clear();
            }
            _ => return done,
        }
        Turn::Next
    }
}

#[cfg(test)]
mod tests {
    #![allow(non_snake_case)]
    use super::*;

    fn stamp(n: u64, created_at: u64) -> Stamp {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        Stamp { id: EventId::from_bytes(bytes), created_at }
    }

    /// A relay that gives at most `cap` events, newest first.
    fn drain(stored: &[Stamp], cap: usize, filter: Filter) -> (usize, Turn, u32) {
        let mut pager = Pager::new(filter);
        let mut got = HashSet::new();
        for requests in 1.. {
            let asked = pager.request();
            let mut page: Vec<_> = stored
                .iter()
                .filter(|s| asked.until.is_none_or(|until| s.created_at <= until))
                .copied()
                .collect();
            page.sort_by_key(|s| std::cmp::Reverse(s.created_at));
            for s in page.into_iter().take(cap.min(asked.limit.unwrap())) {
                if pager.saw(s) {
                    assert!(got.insert(s.id), "given twice");
                }
            }
            match pager.end_page() {
                Turn::Next => assert!(requests < 100),
                turn => return (got.len(), turn, requests),
            }
        }
        unreachable!()
    }

    #[test]
    fn pager__more_than_a_page__all_of_it_and_nothing_twice() {
        let stored: Vec<_> = (0..2_345).map(|n| stamp(n, n / 3)).collect();
        assert_eq!(drain(&stored, 500, Filter::default()).0, 2_345);
        assert_eq!(drain(&stored, 100, Filter::default()), (2_345, Turn::Complete, 25));
    }

    #[test]
    fn pager__little__one_request() {
        let stored: Vec<_> = (0..49).map(|n| stamp(n, n)).collect();
        assert_eq!(drain(&stored, 500, Filter::default()), (49, Turn::Complete, 1));
        assert_eq!(drain(&[], 500, Filter::default()), (0, Turn::Complete, 1));
    }

    #[test]
    fn pager__limit__newest_so_many() {
        let stored: Vec<_> = (0..2_000).map(|n| stamp(n, n)).collect();
        assert_eq!(drain(&stored, 500, Filter { limit: Some(1_200), ..Filter::default() }).0, 1_200);
        assert_eq!(
            drain(&stored, 500, Filter { limit: Some(3), ..Filter::default() }),
            (3, Turn::Complete, 1)
        );
    }

    #[test]
    fn pager__one_second_holds_more_than_a_page__goes_on_but_says_incomplete() {
        let mut stored: Vec<_> = (0..700).map(|n| stamp(n, 1_000)).collect();
        stored.extend((700..800).map(|n| stamp(n, 900)));
        let (got, turn, _) = drain(&stored, 500, Filter::default());
        assert_eq!(got, 500 + 100);
        assert!(matches!(turn, Turn::Incomplete(why) if why.contains("one second")), "{turn:?}");
    }

    #[test]
    fn pager__events_newer_than_asked__ignored() {
        let mut pager = Pager::new(Filter::default());
        for n in 0..500 {
            pager.saw(stamp(n, 10_000 - n));
        }
        assert_eq!(pager.end_page(), Turn::Next);
        assert!(!pager.saw(stamp(9_999, 20_000)));
        assert_eq!(pager.end_page(), Turn::Complete);
    }

    #[test]
    fn pager__endless_supply__stops() {
        let mut pager = Pager::new(Filter::default());
        let mut n = u64::MAX;
        let turn = loop {
            for _ in 0..PAGE {
                n -= 1;
                pager.saw(stamp(n, n));
            }
            match pager.end_page() {
                Turn::Next => {}
                turn => break turn,
            }
        };
        assert!(matches!(turn, Turn::Incomplete(why) if why.contains("never")), "{turn:?}");
    }
}
