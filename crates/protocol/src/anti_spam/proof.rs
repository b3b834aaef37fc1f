//! The `anti_spam_proof` tag: one for each event, read strictly.

use crate::{
    ids::{EventId, PaymentHash},
    pow::Difficulty,
    units::Msat,
};
use serde::{Deserialize, Serialize};
use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

/// The tag's name.
pub const TAG: &str = "anti_spam_proof";
/// The name of NIP-13's tag, which stands beside a proof of work.
pub const NONCE_TAG: &str = "nonce";
/// What an anti-spam payment may cost: 1 to 1000 sat `[D3-67]`, in millisatoshi.
pub const PAYMENT_MSAT: RangeInclusive<u64> = 1_000..=1_000_000;
/// The kinds that give feedback on a user, an arbiter and a relay: the only ones that a reference proves.
pub const FEEDBACK_KINDS: RangeInclusive<u16> = 321..=323;
/// The longest nonce that is read, in characters.
const MAX_NONCE: usize = 64;

/// What an event offers against spam.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Proof {
    /// `["anti_spam_proof","pow",nonce,difficulty]`: the event's id has at least so many leading zero bits.
    Work {
        /// What was varied until the id had them.
        nonce: String,
        /// The zero bits that are claimed.
        difficulty: Difficulty,
    },
    /// `["anti_spam_proof","ln",payment_hash,amount_msat]`: a payment to the relay `[D3-66]`.
    Payment {
        /// Its hash. Whether it was paid, to whom and for what, only the node that was paid knows `[D3-68]`.
        hash: PaymentHash,
        /// Its amount; older clients leave it out.
        amount: Option<Msat>,
    },
    /// `["anti_spam_proof","ref",event_id,kind]`: feedback on a trade that this event belongs to.
    Reference {
        /// The event that is referred to.
        event: EventId,
        /// Its kind.
        kind: u16,
    },
}

/// Why the tags of an event carry no readable proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No such tag.
    #[error("the event has no anti_spam_proof tag; exactly one is required{}", if *.has_nonce { " (a nonce tag alone is none)" } else { "" })]
    Missing {
        /// Whether there is a NIP-13 tag, which alone proves nothing to a DOMP relay.
        has_nonce: bool,
    },
    /// Several. Other clients look at the first only, so the others would be judged by nobody.
    #[error(
        "the event has {found} anti_spam_proof tags; exactly one is required, since other clients judge only the first"
    )]
    Several {
        /// How many.
        found: usize,
    },
    /// A method that DIP-04 does not have.
    #[error("anti_spam_proof method {found:?} is not known (known: pow, ln, ref)")]
    Method {
        /// The method.
        found: String,
    },
    /// Too few or too many values.
    #[error("an anti_spam_proof of method {method} has {found} values; it must be {form}")]
    Length {
        /// The method.
        method: &'static str,
        /// Values, the tag's name included.
        found: usize,
        /// How the tag is written.
        form: &'static str,
    },
    /// A value that breaks its rule.
    #[error("anti_spam_proof field {field} is {found:?}; {rule}")]
    Field {
        /// The field.
        field: &'static str,
        /// Its value, shortened.
        found: String,
        /// What it has to be.
        rule: String,
    },
    /// The NIP-13 tag says something else than the proof.
    #[error("the nonce tag says {nonce:?}, the anti_spam_proof says {proof:?}; both must say the same")]
    NonceTag {
        /// Nonce and target of the `nonce` tag, shortened.
        nonce: String,
        /// Nonce and difficulty of the proof.
        proof: String,
    },
    /// A reference beside another kind than feedback.
    #[error(
        "an anti_spam_proof of method ref stands only on feedback (kinds 321 to 323), not on kind {kind}"
    )]
    NotFeedback {
        /// The kind of the event that carries it.
        kind: u16,
    },
}

impl Proof {
    /// Reads the one proof of an event of `kind`.
    pub fn read(kind: u16, tags: &[Vec<String>]) -> Result<Self, ProofError> {
        let named = |name: &'static str| {
            tags.iter().filter(move |tag| tag.first().is_some_and(|first| first == name))
        };
        let mut proofs = named(TAG);
        let Some(tag) = proofs.next() else {
            return Err(ProofError::Missing { has_nonce: named(NONCE_TAG).next().is_some() });
        };
        let found = 1 + proofs.count();
        if found > 1 {
            return Err(ProofError::Several { found });
        }
        match tag.get(1).map(String::as_str) {
            Some("pow") => {
                let proof = read_work(tag)?;
                named(NONCE_TAG).try_for_each(|nonce| check_nonce_tag(nonce, tag))?;
                Ok(proof)
            }
            Some("ln") => read_payment(tag),
            Some("ref") if FEEDBACK_KINDS.contains(&kind) => read_reference(tag),
            Some("ref") => Err(ProofError::NotFeedback { kind }),
            other => Err(ProofError::Method { found: brief(other.unwrap_or_default()) }),
        }
    }

    /// The tags that carry it: the proof itself and, for work, NIP-13's tag beside it.
    pub fn tags(&self) -> Vec<Vec<String>> {
        let tag = |values: [&str; 4]| values.map(str::to_owned).to_vec();
        match self {
            Self::Work { nonce, difficulty } => {
                let bits = difficulty.bits().to_string();
                vec![tag([TAG, "pow", nonce, &bits]), vec![NONCE_TAG.to_owned(), nonce.clone(), bits]]
            }
            Self::Payment { hash, amount: Some(amount) } => {
                vec![tag([TAG, "ln", &hash.to_string(), &amount.get().to_string()])]
            }
            Self::Payment { hash, amount: None } => {
                vec![[TAG, "ln", &hash.to_string()].map(str::to_owned).to_vec()]
            }
            Self::Reference { event, kind } => {
                vec![tag([TAG, "ref", &event.to_string(), &kind.to_string()])]
            }
        }
    }
}

fn read_work(tag: &[String]) -> Result<Proof, ProofError> {
    let [_, _, nonce, difficulty] = tag else {
        let form = r#"["anti_spam_proof","pow",nonce,difficulty]"#;
        return Err(ProofError::Length { method: "pow", found: tag.len(), form });
    };
    if nonce.is_empty() || nonce.len() > MAX_NONCE || !nonce.bytes().all(|b| b.is_ascii_graphic()) {
        let rule = format!("it must be 1 to {MAX_NONCE} printable ASCII characters");
        return Err(refuse("nonce", nonce, rule));
    }
    let bits = number::<u16>("difficulty", difficulty)?;
    let difficulty = Difficulty::new(bits).map_err(|error| refuse("difficulty", difficulty, error))?;
    if difficulty == Difficulty::NONE {
        return Err(refuse("difficulty", &bits.to_string(), "work of zero bits is none"));
    }
    Ok(Proof::Work { nonce: nonce.clone(), difficulty })
}

/// NIP-13's tag may be missing in events of older clients; where it stands it says what the proof says.
fn check_nonce_tag(nonce: &[String], proof: &[String]) -> Result<(), ProofError> {
    if nonce.get(1..) == proof.get(2..) {
        return Ok(());
    }
    let say = |values: Option<&[String]>| brief(&values.unwrap_or_default().join(" "));
    Err(ProofError::NonceTag { nonce: say(nonce.get(1..)), proof: say(proof.get(2..)) })
}

fn read_payment(tag: &[String]) -> Result<Proof, ProofError> {
    let (hash, amount) = match tag {
        [_, _, hash] => (hash, None),
        [_, _, hash, amount] => (hash, Some(amount)),
        _ => {
            let form = r#"["anti_spam_proof","ln",payment_hash,amount_msat]"#;
            return Err(ProofError::Length { method: "ln", found: tag.len(), form });
        }
    };
    let hash = hash.parse().map_err(|error: crate::ids::BadHex| refuse("payment_hash", hash, error))?;
    let amount = amount.map(|text| payment_amount(text)).transpose()?;
    Ok(Proof::Payment { hash, amount })
}

fn payment_amount(text: &str) -> Result<Msat, ProofError> {
    let number = number::<u64>("amount_msat", text)?;
    let (least, most) = (PAYMENT_MSAT.start(), PAYMENT_MSAT.end());
    Msat::new(number).ok().filter(|_| PAYMENT_MSAT.contains(&number)).ok_or_else(|| {
        refuse("amount_msat", text, format!("it must be from {least} to {most} msat (1 to 1000 sat)"))
    })
}

fn read_reference(tag: &[String]) -> Result<Proof, ProofError> {
    let [_, _, event, kind] = tag else {
        let form = r#"["anti_spam_proof","ref",event_id,kind]"#;
        return Err(ProofError::Length { method: "ref", found: tag.len(), form });
    };
    let id = event.parse().map_err(|error: crate::ids::BadHex| refuse("event_id", event, error))?;
    Ok(Proof::Reference { event: id, kind: number("kind", kind)? })
}

/// A whole number in its one spelling: no sign, no leading zero.
fn number<T: FromStr>(field: &'static str, text: &str) -> Result<T, ProofError> {
    let one_spelling = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let parsed = if one_spelling { text.parse().ok() } else { None };
    parsed.ok_or_else(|| refuse(field, text, "it must be a whole number in decimal that fits"))
}

fn refuse(field: &'static str, found: &str, rule: impl Display) -> ProofError {
    ProofError::Field { field, found: brief(found), rule: rule.to_string() }
}

fn brief(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tags(list: &[&[&str]]) -> Vec<Vec<String>> {
        list.iter().map(|tag| tag.iter().map(|text| (*text).to_owned()).collect()).collect()
    }

    #[test]
    fn read__what_tags_wrote__the_same_proof() {
        let proofs = [
            (300, Proof::Work { nonce: "123".into(), difficulty: Difficulty::new(20).unwrap() }),
            (301, Proof::Payment { hash: PaymentHash::from_bytes([1; 32]), amount: Msat::new(1000).ok() }),
            (301, Proof::Payment { hash: PaymentHash::from_bytes([1; 32]), amount: None }),
            (321, Proof::Reference { event: EventId::from_bytes([2; 32]), kind: 313 }),
        ];
        for (kind, proof) in proofs {
            assert_eq!(Proof::read(kind, &proof.tags()).unwrap(), proof);
        }
    }

    #[test]
    fn read__work_without_nip13_tag__accepted_and_with_another_refused() {
        let alone = tags(&[&[TAG, "pow", "77", "8"]]);
        assert!(Proof::read(300, &alone).is_ok());
        for nonce in [&["nonce", "78", "8"][..], &["nonce", "77", "9"], &["nonce", "77"], &["nonce"]] {
            let both = tags(&[&[TAG, "pow", "77", "8"], nonce]);
            assert!(matches!(Proof::read(300, &both), Err(ProofError::NonceTag { .. })), "{nonce:?}");
        }
    }

    #[test]
    fn read__no_proof_or_two__refused() {
        assert_eq!(Proof::read(300, &[]), Err(ProofError::Missing { has_nonce: false }));
        let lone = tags(&[&["nonce", "1", "8"]]);
        let error = Proof::read(300, &lone).unwrap_err();
        assert!(error.to_string().contains("a nonce tag alone is none"), "{error}");
        let two = tags(&[&[TAG, "pow", "1", "8"], &[TAG, "pow", "1", "8"]]);
        assert_eq!(Proof::read(300, &two), Err(ProofError::Several { found: 2 }));
    }

    #[test]
    fn read__reference_beside_another_kind_than_feedback__refused() {
        let proof = Proof::Reference { event: EventId::from_bytes([2; 32]), kind: 313 };
        for kind in [300, 313, 320, 324] {
            assert_eq!(Proof::read(kind, &proof.tags()), Err(ProofError::NotFeedback { kind }));
        }
    }

    proptest! {
        #[test]
        fn read__any_tags__no_panic(kind: u16, values in prop::collection::vec(".{0,70}", 0..6)) {
            let nonce = std::iter::once(NONCE_TAG.to_owned()).chain(values.clone()).collect();
            let proof = std::iter::once(TAG.to_owned()).chain(values.clone()).collect();
            let _ = Proof::read(kind, &[values, nonce, proof]);
        }

        #[test]
        fn read__a_known_method_with_any_values__only_what_is_written_the_same_again(
            kind in 320u16..324,
            method in "pow|ln|ref",
            values in prop::collection::vec("[0-9]{1,7}|[0-9a-f]{64}", 0..3),
        ) {
            let tag: Vec<String> = [TAG.to_owned(), method].into_iter().chain(values).collect();
            if let Ok(proof) = Proof::read(kind, std::slice::from_ref(&tag)) {
                prop_assert_eq!(&proof.tags()[0], &tag);
            }
        }
    }
}
