//! What was delivered before, word for word. A repetition costs one look here and no signature check.
//!
//! Only what was dealt with is remembered, and it is remembered by all of its text: an event with somebody's id and another
//! signature is another text, so nobody can keep an event from us by sending a forged one first.

use crate::inner::hold;
use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    sync::Mutex,
};

/// Texts remembered before the older half is forgotten.
const MOST: usize = 131_072;

/// Texts by keyed hash: nobody who does not know the key can make two that are taken for one.
#[derive(Default)]
pub(super) struct Seen {
    key: RandomState,
    marks: Mutex<Marks>,
}

#[derive(Default)]
struct Marks {
    newer: HashSet<u64>,
    older: HashSet<u64>,
    /// Being dealt with now: several relays deliver the same at the same time.
    under_way: HashSet<u64>,
}

/// A text's mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(u64);

impl Seen {
    pub(super) fn mark(&self, text: &str) -> Mark {
        Mark(self.key.hash_one(text))
    }

    /// Nothing was delivered before, but for what is under way.
    pub(super) fn forget(&self) {
        let mut marks = hold(&self.marks);
        marks.newer.clear();
        marks.older.clear();
    }

    /// The text in hand, if it is to be dealt with: neither was it before, nor is it now.
    pub(super) fn begin(&self, mark: Mark) -> Option<UnderWay<'_>> {
        let mut marks = hold(&self.marks);
        let known = marks.newer.contains(&mark.0) || marks.older.contains(&mark.0);
        (!known && marks.under_way.insert(mark.0)).then(|| UnderWay { seen: self, mark })
    }
}

/// A text that is being dealt with. Dropped, however that comes, it is under way no more, and may be delivered again.
pub(super) struct UnderWay<'a> {
    seen: &'a Seen,
    mark: Mark,
}

impl UnderWay<'_> {
    /// It was dealt with for good.
    pub(super) fn remember(self) {
        let mut marks = hold(&self.seen.marks);
        if marks.newer.len() >= MOST / 2 {
            marks.older = std::mem::take(&mut marks.newer);
        }
        marks.newer.insert(self.mark.0);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        hold(&self.seen.marks).under_way.remove(&self.mark.0);
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn begin__while_under_way_and_after__only_once() {
        let seen = Seen::default();
        let mark = seen.mark("text");
        let under_way = seen.begin(mark).unwrap();
        assert!(seen.begin(mark).is_none(), "under way");
        drop(under_way);
        let again = seen.begin(mark).expect("not dealt with for good");
        again.remember();
        assert!(seen.begin(mark).is_none());
    }

    #[test]
    fn begin__after_half_of_the_most_others__still_known_and_bounded() {
        let seen = Seen::default();
        let first = seen.mark("first");
        seen.begin(first).unwrap().remember();
        for n in 0..MOST / 2 {
            seen.begin(seen.mark(&n.to_string())).unwrap().remember();
        }
        assert!(seen.begin(first).is_none());
        for n in 0..2 * MOST {
            seen.begin(seen.mark(&format!("more {n}"))).unwrap().remember();
        }
        assert!(seen.begin(first).is_some());
        let marks = hold(&seen.marks);
        assert!(marks.newer.len() + marks.older.len() <= MOST);
    }
}
