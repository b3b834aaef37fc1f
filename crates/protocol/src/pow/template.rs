//! The canonical form of an event with room for the nonce.

use super::{Difficulty, MAX_MINED_BITS, miner::NONCE_DIGITS};
use crate::{
    anti_spam::{
        Proof,
        proof::{NONCE_TAG, TAG},
    },
    event::EventDraft,
    ids::PublicKey,
};
use serde_json::json;

/// Why an event cannot be mined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PowError {
    /// Asks for more than we mine.
    #[error(
        "proof of work of {asked} is asked for; at most {MAX_MINED_BITS} are mined here: choose another proof or relay"
    )]
    TooHard {
        /// What was asked for, rounded up to a multiple of four.
        asked: Difficulty,
    },
    /// Text outside printable ASCII. Other clients hash such text in another form and would not find the work in their id.
    #[error(
        "the {part} of an event must be printable ASCII before it is mined: write other characters as \\uXXXX"
    )]
    NotAscii {
        /// Which part.
        part: &'static str,
    },
    /// There is a proof or a nonce already; exactly one counts.
    #[error("the event already has a tag {name:?}; take it away before mining")]
    HasProof {
        /// The tag's name.
        name: String,
    },
}

/// The canonical form, with the proof's two tags behind the others and zeros for both nonces.
pub(super) struct Template {
    pub bytes: Vec<u8>,
    /// Where the two nonces begin.
    pub nonces: [usize; 2],
}

impl Template {
    pub fn new(draft: &EventDraft, author: &PublicKey, difficulty: Difficulty) -> Result<Self, PowError> {
        check(draft)?;
        let nonce = "0".repeat(NONCE_DIGITS);
        let mut filled = draft.clone();
        filled.tags.extend(Proof::Work { nonce, difficulty }.tags());
        let bytes = filled.canonical(author).into_bytes();
        // Counted from the end, which is known to the byte: …N","20"],["nonce","N","20"]],"content"]
        let bits = difficulty.bits();
        let end = json!(draft.content).to_string().len() + ",]".len();
        let behind = format!("\",\"{bits}\"]]").len();
        let between = format!("\",\"{bits}\"],[\"{NONCE_TAG}\",\"").len();
        let second = bytes.len() - end - behind - NONCE_DIGITS;
        let first = second - between - NONCE_DIGITS;
        Ok(Self { bytes, nonces: [first, second] })
    }
}

fn check(draft: &EventDraft) -> Result<(), PowError> {
    let printable = |text: &str| text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !printable(&draft.content) {
        return Err(PowError::NotAscii { part: "content" });
    }
    if !draft.tags.iter().flatten().all(|text| printable(text)) {
        return Err(PowError::NotAscii { part: "tags" });
    }
    let names = draft.tags.iter().filter_map(|tag| tag.first());
    match names.into_iter().find(|name| [TAG, NONCE_TAG].contains(&name.as_str())) {
        Some(name) => Err(PowError::HasProof { name: name.clone() }),
        None => Ok(()),
    }
}
