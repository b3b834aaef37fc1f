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

    /// Whether this text is to be dealt with: neither was it before, nor is it now. Ends with [`Seen::end`].
    pub(super) fn begin(&self, mark: Mark) -> bool {
        let mut marks = hold(&self.marks);
        let known = marks.newer.contains(&mark.0) || marks.older.contains(&mark.0);
        !known && marks.under_way.insert(mark.0)
    }

    /// It was dealt with, for good if `remember`.
    pub(super) fn end(&self, mark: Mark, remember: bool) {
        let mut marks = hold(&self.marks);
        marks.under_way.remove(&mark.0);
        if !remember {
            return;
        }
        if marks.newer.len() >= MOST / 2 {
            marks.older = std::mem::take(&mut marks.newer);
        }
        marks.newer.insert(mark.0);
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
        assert!(seen.begin(mark));
        assert!(!seen.begin(mark), "under way");
        seen.end(mark, false);
        assert!(seen.begin(mark), "not dealt with for good");
        seen.end(mark, true);
        assert!(!seen.begin(mark));
    }

    #[test]
    fn begin__after_half_of_the_most_others__still_known_and_bounded() {
        let seen = Seen::default();
        let first = seen.mark("first");
        seen.end(first, true);
        for n in 0..MOST / 2 {
            seen.end(seen.mark(&n.to_string()), true);
        }
        assert!(!seen.begin(first));
        for n in 0..2 * MOST {
            seen.end(seen.mark(&format!("more {n}")), true);
        }
        assert!(seen.begin(first));
        let marks = hold(&seen.marks);
        assert!(marks.newer.len() + marks.older.len() <= MOST);
    }
}
