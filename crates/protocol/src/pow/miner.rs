//! The miner itself.

use super::{
    Difficulty, MAX_MINED_BITS, PowError,
    template::{Template, Unmined},
};
use crate::{anti_spam::Proof, ids::EventId};
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
    /// Prepares an event for at least `difficulty`, rounded up to a multiple of four bits so that every client finds it.
    pub fn new(event: &Unmined<'_>, difficulty: Difficulty) -> Result<Self, PowError> {
        let difficulty = difficulty.for_every_client();
        if difficulty.bits() > MAX_MINED_BITS {
            return Err(PowError::TooHard { asked: difficulty });
        }
        let template = Template::new(event, difficulty)?;
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
        let mut digits = digits(range.start.min(CAPACITY - 1));
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
        let digits = digits(nonce.min(CAPACITY - 1));
        let nonce = digits.into_iter().map(char::from).collect();
        Proof::Work { nonce, difficulty: self.difficulty }
    }

    /// The event's id with this nonce.
    pub fn id(&self, nonce: u64) -> EventId {
        let mut tail = self.tail.clone();
        self.write(&mut tail, &digits(nonce.min(CAPACITY - 1)));
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

/// The nonce in ASCII.
fn digits(nonce: u64) -> [u8; NONCE_DIGITS] {
    let mut digits = [b'0'; NONCE_DIGITS];
    let mut rest = FIRST + nonce;
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
    use crate::{anti_spam::Verdict, ids::PublicKey, pow::leading_zero_bits, units::Unix};
    use proptest::prelude::*;

    fn bits(bits: u16) -> Difficulty {
        Difficulty::new(bits).unwrap()
    }

    fn author() -> PublicKey {
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().unwrap()
    }

    fn unmined<'a>(author: &'a PublicKey, tags: &'a [Vec<String>], content: &'a str) -> Unmined<'a> {
        Unmined { author, created_at: Unix(1_700_000_000), kind: 300, tags, content }
    }

    /// The id as the Nostr library computes it.
    fn library_id(event: &Unmined<'_>, proof: &Proof) -> EventId {
        let tags = event.tags.iter().cloned().chain(proof.tags());
        let id = nostr::EventId::new(
            &nostr::PublicKey::from_byte_array(*event.author.as_bytes()),
            &nostr::Timestamp::from_secs(event.created_at.0),
            &nostr::Kind::from_u16(event.kind),
            &nostr::Tags::from_list(tags.map(|tag| nostr::Tag::parse(tag).unwrap()).collect()),
            event.content,
        );
        EventId::from_bytes(id.to_bytes())
    }

    #[test]
    fn mine__twelve_bits__an_id_with_them_that_the_library_computes_too() {
        let author = author();
        let tags = [vec!["d".to_owned(), "listing \"1\" \\".to_owned()]];
        let event = unmined(&author, &tags, "{\"product_name\":\"a \\u00fc\\n\"}");
        let miner = Miner::new(&event, bits(9)).unwrap();
        assert_eq!(miner.difficulty(), bits(12), "rounded up");
        let nonce = miner.mine(0..CAPACITY).unwrap();
        assert!(leading_zero_bits(&miner.id(nonce)) >= 12);
        assert_eq!(miner.id(nonce), library_id(&event, &miner.proof(nonce)));
        assert_eq!(Proof::check_work(&miner.id(nonce), miner.difficulty(), bits(9)), Verdict::Holds);
        let written = event.tags.iter().cloned().chain(miner.proof(nonce).tags()).collect::<Vec<_>>();
        assert_eq!(Proof::read(300, &written).unwrap(), miner.proof(nonce));
    }

    #[test]
    fn mine__in_steps__finds_what_one_run_finds() {
        let author = author();
        let miner = Miner::new(&unmined(&author, &[], "{}"), bits(12)).unwrap();
        let whole = miner.mine(0..CAPACITY).unwrap();
        let stepped = (0..).map(|step| step * 100..(step + 1) * 100).find_map(|range| miner.mine(range));
        assert_eq!(stepped, Some(whole));
        assert_eq!(miner.mine(0..whole), None, "it is the first");
        assert_eq!(miner.mine(CAPACITY..u64::MAX), None);
    }

    #[test]
    fn mine__the_last_nonces__no_overflow() {
        let author = author();
        let miner = Miner::new(&unmined(&author, &[], "{}"), bits(32)).unwrap();
        assert_eq!(miner.mine(CAPACITY - 3..u64::MAX), None);
        let Proof::Work { nonce, .. } = miner.proof(CAPACITY - 1) else { panic!("a proof of work") };
        assert_eq!(nonce, "999999999999");
    }

    #[test]
    fn new__too_hard_not_ascii_or_with_a_proof__refused() {
        let author = author();
        let error = |tags: &[Vec<String>], content, difficulty| {
            Miner::new(&unmined(&author, tags, content), bits(difficulty)).err().unwrap()
        };
        assert_eq!(error(&[], "{}", 33), PowError::TooHard { asked: bits(36) });
        assert_eq!(error(&[], "ü", 8), PowError::NotAscii { part: "content" });
        assert_eq!(error(&[vec!["d".into(), "ü".into()]], "{}", 8), PowError::NotAscii { part: "tags" });
        for name in ["nonce", "anti_spam_proof"] {
            assert_eq!(error(&[vec![name.into()]], "{}", 8), PowError::HasProof { name: name.into() });
        }
    }

    proptest! {
        /// Every length puts the nonces and the padding elsewhere in the blocks.
        #[test]
        fn id__any_ascii_event__the_id_of_the_library(
            tags in prop::collection::vec(prop::collection::vec("[a-mo-z][ -~]{0,30}", 1..4), 0..4),
            content in "[ -~\\n\\t]{0,200}",
            nonce in 0..CAPACITY,
        ) {
            let author = author();
            let event = unmined(&author, &tags, &content);
            let Ok(miner) = Miner::new(&event, bits(8)) else { return Ok(()) };
            prop_assert_eq!(miner.id(nonce), library_id(&event, &miner.proof(nonce)));
        }
    }
}
