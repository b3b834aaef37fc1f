//! The event to be mined, and its canonical form with room for the nonce.

use super::{Difficulty, MAX_MINED_BITS, miner::NONCE_DIGITS};
use crate::{
    anti_spam::proof::{NONCE_TAG, TAG},
    ids::PublicKey,
    units::Unix,
};
use serde_json::json;

/// An unsigned event without a proof yet; the miner adds the proof's two tags behind the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmined<'a> {
    /// Who will sign it.
    pub author: &'a PublicKey,
    /// Its timestamp.
    pub created_at: Unix,
    /// Its kind.
    pub kind: u16,
    /// Its tags, in ASCII, without any proof or nonce.
    pub tags: &'a [Vec<String>],
    /// Its content, in ASCII.
    pub content: &'a str,
}

/// Why an event cannot be mined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PowError {
    /// Asks for more than we mine.
    #[error(
        "proof of work of {asked} is asked for; at most {MAX_MINED_BITS} bits are mined here, choose another proof or relay"
    )]
    TooHard {
        /// What was asked for, rounded up to a multiple of four.
        asked: Difficulty,
    },
    /// Text outside ASCII. Other clients hash such text in another form and would not find the work in their id.
    #[error("the {part} of an event must be ASCII before it is mined: write other characters as \\uXXXX")]
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

/// The canonical form of the event with both of its nonces set to zeros.
pub(super) struct Template {
    pub bytes: Vec<u8>,
    /// Where the two nonces begin.
    pub nonces: [usize; 2],
}

impl Template {
    pub fn new(event: &Unmined<'_>, difficulty: Difficulty) -> Result<Self, PowError> {
        if !event.content.is_ascii() {
            return Err(PowError::NotAscii { part: "content" });
        }
        if !event.tags.iter().flatten().all(|text| text.is_ascii()) {
            return Err(PowError::NotAscii { part: "tags" });
        }
        let first = |tag: &'_ Vec<String>| {
            tag.first().filter(|name| [TAG, NONCE_TAG].contains(&name.as_str())).cloned()
        };
        if let Some(name) = event.tags.iter().find_map(first) {
            return Err(PowError::HasProof { name });
        }
        let zeros = "0".repeat(NONCE_DIGITS);
        let bits = difficulty.bits().to_string();
        let others = json!(event.tags).to_string();
        // `[[…],[…]]` without its last bracket, ready for two more tags.
        let mut text = format!(
            "[0,\"{}\",{},{},{}",
            event.author,
            event.created_at.0,
            event.kind,
            &others[..others.len() - 1]
        );
        if !event.tags.is_empty() {
            text.push(',');
        }
        text.push_str(&format!("[\"{TAG}\",\"pow\",\""));
        let proof = text.len();
        text.push_str(&format!("{zeros}\",\"{bits}\"],[\"{NONCE_TAG}\",\""));
        let nonce = text.len();
        text.push_str(&format!("{zeros}\",\"{bits}\"]],{}]", json!(event.content)));
        Ok(Self { bytes: text.into_bytes(), nonces: [proof, nonce] })
    }
}
