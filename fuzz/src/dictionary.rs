//! Words for the fuzzer to put in: those that occur in the seeds.

use std::collections::BTreeMap;

/// The most words of one dictionary.
const MOST: usize = 300;
/// Shorter words the fuzzer finds itself, longer ones are values.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=70;

/// A dictionary in libFuzzer's form: the commonest words of the seeds.
pub fn of<'a>(seeds: impl Iterator<Item = &'a [u8]>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for seed in seeds {
        for word in seed.split(|byte| !is_of_a_word(*byte)) {
            if let Ok(word) = std::str::from_utf8(word) {
                *counts.entry(word.to_owned()).or_default() += 1;
            }
        }
    }
    let mut words: Vec<(usize, String)> = counts
        .into_iter()
        .filter(|(word, _)| LENGTHS.contains(&word.len()))
        .map(|(word, count)| (count, word))
        .collect();
    words.sort_by(|(one, _), (other, _)| other.cmp(one));
    words.iter().take(MOST).map(|(_, word)| format!("\"{word}\"\n")).collect()
}

const fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/')
}
