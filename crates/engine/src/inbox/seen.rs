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
    marks: Mutex<(HashSet<u64>, HashSet<u64>)>,
}

/// A text's mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(u64);

impl Seen {
    pub(super) fn mark(&self, text: &str) -> Mark {
        Mark(self.key.hash_one(text))
    }

    pub(super) fn contains(&self, mark: Mark) -> bool {
        let marks = hold(&self.marks);
        marks.0.contains(&mark.0) || marks.1.contains(&mark.0)
    }

    pub(super) fn insert(&self, mark: Mark) {
        let mut marks = hold(&self.marks);
        if marks.0.len() >= MOST / 2 {
            marks.1 = std::mem::take(&mut marks.0);
        }
        marks.0.insert(mark.0);
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn contains__after_half_of_the_most_others__still_known_and_bounded() {
        let seen = Seen::default();
        let first = seen.mark("first");
        assert!(!seen.contains(first));
        seen.insert(first);
        for n in 0..MOST / 2 {
            seen.insert(seen.mark(&n.to_string()));
        }
        assert!(seen.contains(first));
        for n in 0..2 * MOST {
            seen.insert(seen.mark(&format!("more {n}")));
        }
        assert!(!seen.contains(first));
        let marks = hold(&seen.marks);
        assert!(marks.0.len() + marks.1.len() <= MOST);
    }
}
