//! The miner itself.

use super::{Difficulty, MAX_MINED_BITS, PowError, template::Template};
use crate::{
    anti_spam::Proof,
    event::EventDraft,
    ids::{EventId, PublicKey},
};
use sha2::{
    compress256,
    digest::{generic_array::GenericArray, typenum::U64},
};
use std::ops::Range;

/// A block of SHA-256.
type Block = GenericArray<u8, U64>;
const BLOCK: usize = 64;
/// The initial state of SHA-256 (FIPS 180-4).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Digits of a nonce. It always has all of them, so the length of the event never changes.
pub(super) const NONCE_DIGITS: usize = 12;
/// The first nonce; none has a leading zero, so a reader that takes it for a number sees the same.
const FIRST: u64 = 100_000_000_000;
/// How many nonces there are: 200 times what the largest difficulty takes on average.
pub const CAPACITY: u64 = 900_000_000_000;

/// Mines one event. Cheap to clone: several threads can search ranges of their own.
#[derive(Clone)]
pub struct Miner {
    difficulty: Difficulty,
    /// The state after all blocks before the first nonce.
    midstate: [u32; 8],
    /// The blocks from the first nonce to the end, with SHA-256's padding.
    tail: Vec<Block>,
    /// Where the nonces begin, counted in bytes from the beginning of the tail.
    nonces: [usize; 2],
}

impl Miner {
    /// Prepares a draft of `author` for at least `difficulty`, rounded up to a multiple of four bits so that every client
    /// finds it. The draft must have no proof yet and must not change any more: the work is in its id.
    pub fn new(draft: &EventDraft, author: &PublicKey, difficulty: Difficulty) -> Result<Self, PowError> {
        let difficulty = difficulty.for_every_client();
        if difficulty.bits() > MAX_MINED_BITS {
            return Err(PowError::TooHard { asked: difficulty });
        }
        let template = Template::new(draft, author, difficulty)?;
        let mut bytes = template.bytes;
        let bit_length = (bytes.len() as u64) * 8;
        bytes.push(0x80);
        bytes.resize((bytes.len() + 8).next_multiple_of(BLOCK) - 8, 0);
        bytes.extend_from_slice(&bit_length.to_be_bytes());
        let blocks: Vec<Block> = bytes.chunks_exact(BLOCK).map(|chunk| *Block::from_slice(chunk)).collect();
        let head = template.nonces[0] / BLOCK;
        let mut midstate = INITIAL;
        compress256(&mut midstate, &blocks[..head]);
        let nonces = template.nonces.map(|nonce| nonce - head * BLOCK);
        Ok(Self { difficulty, midstate, tail: blocks[head..].to_vec(), nonces })
    }

    /// What is mined for: a multiple of four bits.
    pub const fn difficulty(&self) -> Difficulty {
        self.difficulty
    }

    /// Tries the nonces of `range`, counted from 0 to [`CAPACITY`], and returns the first that does. The caller goes on with
    /// the next range as long as it gets none; a range of 100,000 takes some tens of milliseconds.
    pub fn mine(&self, range: Range<u64>) -> Option<u64> {
        let mut tail = self.tail.clone();
        let mut digits = digits(range.start);
        let wanted = u32::from(self.difficulty.bits());
        for nonce in range.start..range.end.min(CAPACITY) {
            self.write(&mut tail, &digits);
            let mut state = self.midstate;
            compress256(&mut state, &tail);
            // At most 32 bits are mined, so the first word decides.
            if state[0].leading_zeros() >= wanted {
                return Some(nonce);
            }
            increment(&mut digits);
        }
        None
    }

    /// The proof that a found nonce makes; [`Proof::tags`] are the event's last two tags.
    pub fn proof(&self, nonce: u64) -> Proof {
        let digits = digits(nonce);
        let nonce = digits.into_iter().map(char::from).collect();
        Proof::Work { nonce, difficulty: self.difficulty }
    }

    /// The draft with the proof of a found nonce behind its tags, ready to be signed.
    pub fn finish(&self, mut draft: EventDraft, nonce: u64) -> EventDraft {
        draft.tags.extend(self.proof(nonce).tags());
        draft
    }

    /// The event's id with this nonce.
    pub fn id(&self, nonce: u64) -> EventId {
        let mut tail = self.tail.clone();
        self.write(&mut tail, &digits(nonce));
        let mut state = self.midstate;
        compress256(&mut state, &tail);
        let mut id = [0; 32];
        for (word, bytes) in state.iter().zip(id.chunks_exact_mut(4)) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        EventId::from_bytes(id)
    }

    fn write(&self, tail: &mut [Block], digits: &[u8; NONCE_DIGITS]) {
        for start in self.nonces {
            for (offset, digit) in digits.iter().enumerate() {
                let position = start + offset;
                tail[position / BLOCK][position % BLOCK] = *digit;
            }
        }
    }
}

/// The nonce in ASCII; there is none after the last.
fn digits(nonce: u64) -> [u8; NONCE_DIGITS] {
    let mut digits = [b'0'; NONCE_DIGITS];
    let mut rest = FIRST + nonce.min(CAPACITY - 1);
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    digits
}

/// Counts on by one; from the last number to the first.
fn increment(digits: &mut [u8; NONCE_DIGITS]) {
    for digit in digits.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return;
        }
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use crate::{anti_spam::Verdict, event::Signer, pow::leading_zero_bits, units::Unix};
    use proptest::prelude::*;

    fn bits(bits: u16) -> Difficulty {
        Difficulty::new(bits).unwrap()
    }

    fn signer() -> Signer {
        Signer::from_bytes(&[7; 32]).unwrap()
    }

    fn draft(tags: &[Vec<String>], content: &str) -> EventDraft {
        EventDraft {
            kind: 300,
            tags: tags.to_vec(),
            content: content.to_owned(),
            created_at: Unix(1_700_000_000),
        }
    }

    fn miner(tags: &[Vec<String>], content: &str, difficulty: u16) -> Result<Miner, PowError> {
        Miner::new(&draft(tags, content), &signer().public_key(), bits(difficulty))
    }

    /// The id as the Nostr library computes it.
    fn library_id(draft: &EventDraft) -> EventId {
        let id = nostr::EventId::new(
            &nostr::PublicKey::from_byte_array(*signer().public_key().as_bytes()),
            &nostr::Timestamp::from_secs(draft.created_at.0),
            &nostr::Kind::from_u16(draft.kind),
            &nostr::Tags::from_list(
                draft.tags.iter().map(|tag| nostr::Tag::parse(tag.clone()).unwrap()).collect(),
            ),
            &draft.content,
        );
        EventId::from_bytes(id.to_bytes())
    }

    #[test]
    fn mine__twelve_bits__a_signed_event_with_them_that_the_library_verifies() {
        let tags = [vec!["d".to_owned(), "listing \"1\" \\".to_owned()]];
        let content = r#"{"product_name":"a \u00fc"}"#;
        let miner = miner(&tags, content, 9).unwrap();
        assert_eq!(miner.difficulty(), bits(12), "rounded up");
        let nonce = miner.mine(0..CAPACITY).unwrap();
        let event = miner.finish(draft(&tags, content), nonce).sign(&signer()).unwrap();
        assert_eq!(event.id(), miner.id(nonce));
        assert!(leading_zero_bits(&event.id()) >= 12);
        assert_eq!(Proof::check_work(&event.id(), miner.difficulty(), bits(9)), Verdict::Holds);
        assert_eq!(Proof::read(300, event.tags()).unwrap(), miner.proof(nonce));
        let library = <nostr::Event as nostr::JsonUtil>::from_json(event.json()).unwrap();
        library.verify().unwrap();
    }

    #[test]
    fn mine__in_steps__finds_what_one_run_finds() {
        let miner = miner(&[], "{}", 12).unwrap();
        let whole = miner.mine(0..CAPACITY).unwrap();
        let stepped = (0..).map(|step| step * 100..(step + 1) * 100).find_map(|range| miner.mine(range));
        assert_eq!(stepped, Some(whole));
        assert_eq!(miner.mine(0..whole), None, "it is the first");
        assert_eq!(miner.mine(CAPACITY..u64::MAX), None);
    }

    #[test]
    fn mine__the_last_nonces__no_overflow() {
        let miner = miner(&[], "{}", 32).unwrap();
        assert_eq!(miner.mine(CAPACITY - 3..u64::MAX), None);
        let Proof::Work { nonce, .. } = miner.proof(CAPACITY - 1) else { panic!("a proof of work") };
        assert_eq!(nonce, "999999999999");
    }

    #[test]
    fn new__too_hard_not_ascii_or_with_a_proof__refused() {
        let error =
            |tags: &[Vec<String>], content, difficulty| miner(tags, content, difficulty).err().unwrap();
        assert_eq!(error(&[], "{}", 33), PowError::TooHard { asked: bits(36) });
        assert_eq!(error(&[], "\u{fc}", 8), PowError::NotAscii { part: "content" });
        assert_eq!(error(&[], "\n", 8), PowError::NotAscii { part: "content" });
        assert_eq!(error(&[vec!["d".into(), "\u{fc}".into()]], "{}", 8), PowError::NotAscii { part: "tags" });
        for name in ["nonce", "anti_spam_proof"] {
            assert_eq!(error(&[vec![name.into()]], "{}", 8), PowError::HasProof { name: name.into() });
        }
    }

    proptest! {
        /// Every length puts the nonces and the padding elsewhere in the blocks.
        #[test]
        fn id__any_ascii_draft__the_id_of_the_library(
            tags in prop::collection::vec(prop::collection::vec("[b-mo-z][ -~]{0,30}", 1..4), 0..4),
            content in "[ -~]{0,200}",
            nonce in 0..CAPACITY,
            difficulty in 1u16..33,
        ) {
            let miner = miner(&tags, &content, difficulty).unwrap();
            let finished = miner.finish(draft(&tags, &content), nonce);
            prop_assert_eq!(miner.id(nonce), library_id(&finished));
        }
    }
}
