//! A recovery phrase (BIP-39): read, made, shown.

use crate::entropy::{NoEntropy, fresh};
use bip39::{Language, Mnemonic};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// The recovery phrase: whoever has these words has everything. Wiped on drop; `Debug` shows the number of words only.
pub struct Phrase(Mnemonic);

/// How many words a new phrase has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WordCount {
    /// 128 bits of entropy.
    Twelve,
    /// 256 bits of entropy: what `init` makes.
    #[default]
    TwentyFour,
}

/// Words that are not a recovery phrase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPhrase {
    /// No phrase has that many words.
    #[error("a recovery phrase has 12, 15, 18, 21 or 24 words, this has {0}")]
    Count(usize),
    /// A word outside BIP-39's English list.
    #[error("word {position}, {word:?}, is not in BIP-39's English word list; check its spelling")]
    Unknown {
        /// Its place, counted from 1.
        position: usize,
        /// The word as it was read, at most 16 letters of it.
        word: String,
    },
    /// All words are in the list, but they do not belong together.
    #[error(
        "all words are in the list, but the checksum does not fit: a word is wrong, or two have changed places"
    )]
    Checksum,
}

impl Phrase {
    /// A new phrase of 24 words.
    ///
    /// # Errors
    /// [`NoEntropy`] if the system gives no random bytes.
    pub fn generate() -> Result<Self, NoEntropy> {
        Self::generate_words(WordCount::default())
    }

    /// A new phrase of `count` words.
    ///
    /// # Errors
    /// [`NoEntropy`] if the system gives no random bytes.
    pub fn generate_words(count: WordCount) -> Result<Self, NoEntropy> {
        let entropy: Zeroizing<[u8; 32]> = Zeroizing::new(fresh()?);
        let used = match count {
            WordCount::Twelve => &entropy[..16],
            WordCount::TwentyFour => &entropy[..],
        };
        Self::from_entropy(used).map_err(|error| NoEntropy(error.to_string()))
    }

    /// Reads a phrase as people write it: any case, any white space.
    ///
    /// # Errors
    /// [`BadPhrase`] with the first word that is wrong, where that can be told.
    pub fn parse(text: &str) -> Result<Self, BadPhrase> {
        let mut plain = Zeroizing::new(String::with_capacity(text.len()));
        for word in text.split_whitespace() {
            if !plain.is_empty() {
                plain.push(' ');
            }
            plain.push_str(word);
        }
        plain.make_ascii_lowercase();
        Mnemonic::parse_in_normalized(Language::English, &plain).map(Self).map_err(|error| match error {
            bip39::Error::UnknownWord(index) => BadPhrase::Unknown {
                position: index + 1,
                word: plain.split(' ').nth(index).unwrap_or_default().chars().take(16).collect(),
            },
            bip39::Error::InvalidChecksum => BadPhrase::Checksum,
            _ => BadPhrase::Count(plain.split_whitespace().count()),
        })
    }

    /// The words in their order, separated by single spaces: to be written down, to be derived from, nothing else.
    pub fn expose(&self) -> Zeroizing<String> {
        // The longest word of the list has eight letters; with room for all, no half-filled copy is left behind.
        let mut words = String::with_capacity(9 * 24);
        for word in self.0.words() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        Zeroizing::new(words)
    }

    /// How many words it has.
    pub fn word_count(&self) -> usize {
        self.0.word_count()
    }

    /// BIP-39's seed with an empty BIP-39 passphrase.
    pub(crate) fn seed(&self) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.0.to_seed_normalized(""))
    }

    /// The entropy behind the words, without checksum: what is kept at rest.
    pub(crate) fn entropy(&self) -> Zeroizing<Vec<u8>> {
        let (mut bytes, length) = self.0.to_entropy_array();
        let entropy = Zeroizing::new(bytes[..length].to_vec());
        bytes.zeroize();
        entropy
    }

    /// The phrase of an entropy.
    pub(crate) fn from_entropy(entropy: &[u8]) -> Result<Self, bip39::Error> {
        Mnemonic::from_entropy_in(Language::English, entropy).map(Self)
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phrase({} words)", self.word_count())
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TWELVE: &str = "leader monkey parrot ring guide accident before fence cannon height naive bean";

    #[test]
    fn generate__twice__24_words_that_differ() {
        let (one, other) = (Phrase::generate().unwrap(), Phrase::generate().unwrap());
        assert_eq!((one.word_count(), other.word_count()), (24, 24));
        assert_ne!(*one.expose(), *other.expose());
        assert_eq!(Phrase::generate_words(WordCount::Twelve).unwrap().word_count(), 12);
    }

    #[test]
    fn parse__untidy_text__the_same_phrase() {
        let untidy = format!("\n {}\t", TWELVE.to_uppercase().replace(' ', "  \n"));
        assert_eq!(*Phrase::parse(&untidy).unwrap().expose(), TWELVE);
    }

    #[test]
    fn parse__wrong_number_of_words__told() {
        for (text, count) in [("", 0), ("bean", 1), ("leader monkey parrot ring guide accident", 6)] {
            assert_eq!(Phrase::parse(text).unwrap_err(), BadPhrase::Count(count));
        }
        let thirty = ["bean"; 30].join(" ");
        assert_eq!(Phrase::parse(&thirty).unwrap_err(), BadPhrase::Count(30));
    }

    #[test]
    fn parse__misspelt_word__named_with_its_place() {
        let error = Phrase::parse(&TWELVE.replace("guide", "guied")).unwrap_err();
        assert_eq!(error, BadPhrase::Unknown { position: 5, word: "guied".into() });
        let long = TWELVE.replace("bean", &"x".repeat(1000));
        assert_eq!(
            Phrase::parse(&long).unwrap_err(),
            BadPhrase::Unknown { position: 12, word: "x".repeat(16) }
        );
    }

    #[test]
    fn parse__two_words_changed_places__checksum() {
        let swapped = TWELVE.replace("leader monkey", "monkey leader");
        assert_eq!(Phrase::parse(&swapped).unwrap_err(), BadPhrase::Checksum);
    }

    #[test]
    fn debug__any_phrase__number_of_words_only() {
        assert_eq!(format!("{:?}", Phrase::parse(TWELVE).unwrap()), "Phrase(12 words)");
    }

    proptest! {
        #[test]
        fn entropy__of_every_length__there_and_back(bytes in prop::collection::vec(any::<u8>(), 32), length in 4..=8_usize) {
            let phrase = Phrase::from_entropy(&bytes[..4 * length]).unwrap();
            prop_assert_eq!(phrase.word_count(), 3 * length);
            prop_assert_eq!(&phrase.entropy()[..], &bytes[..4 * length]);
            prop_assert_eq!(&Phrase::parse(&phrase.expose()).unwrap().entropy()[..], &bytes[..4 * length]);
        }

        #[test]
        fn parse__any_text__never_panics(text in ".{0,200}") {
            prop_assert!(Phrase::parse(&text).is_err());
        }
    }
}
