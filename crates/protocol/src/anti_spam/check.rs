//! Whether a proof holds. Work is decided here; a payment and a reference are asked of whoever can know.

use super::proof::Proof;
use crate::{
    ids::{EventId, PaymentHash, PublicKey},
    pow::{Difficulty, leading_zero_bits},
    units::Msat,
};
use std::fmt;

/// The event that a proof stands on; its id and signature have been verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its id.
    pub id: EventId,
    /// Its author.
    pub author: PublicKey,
    /// Its kind.
    pub kind: u16,
}

/// What an event claims to have paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentClaim {
    /// The payment's hash.
    pub hash: PaymentHash,
    /// Its amount; `None` when an older client left it out.
    pub amount: Option<Msat>,
    /// The event that was paid for: a payment counts for one event of one author, once.
    pub subject: Subject,
}

/// What the node that should have been paid says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Paid to it, enough, for this event, and not used for another.
    Paid,
    /// It knows that this is not so.
    Unpaid,
    /// It cannot be asked now. Never taken for paid, nor for a lie.
    Unknown,
}

/// Whoever can say whether an anti-spam payment was made: the relay's own node `[D3-68]`.
pub trait PaymentProofs {
    /// Looks one claim up.
    fn look_up(&self, claim: &PaymentClaim) -> Answer;
}

/// Nobody to ask: every payment is not verified, never paid.
#[derive(Clone, Copy, Debug, Default)]
pub struct NobodyToAsk;

impl PaymentProofs for NobodyToAsk {
    fn look_up(&self, _: &PaymentClaim) -> Answer {
        Answer::Unknown
    }
}

/// Whoever keeps the references that have been used.
pub trait References {
    /// The kind of the event that is referred to, if it is known and `author` took part in its trade.
    fn kind_of(&self, event: &EventId, author: &PublicKey) -> Option<u16>;
    /// The event in which `author` has referred to `event` before, if any.
    fn used_in(&self, event: &EventId, author: &PublicKey) -> Option<EventId>;
}

/// What a proof is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It cannot be decided now: the payment's node cannot be asked, or the referred event is not known (yet).
    Undecided,
    /// Work: the id has fewer zero bits than the proof claims.
    WorkNotDone {
        /// Leading zero bits of the id.
        found: u16,
        /// Bits the proof claims.
        claimed: Difficulty,
    },
    /// Work: the proof claims less than is asked for. That the id happens to have more zeros does not help (NIP-13), or
    /// many events mined for little would now and then pass for much.
    TooEasy {
        /// Bits the proof claims.
        claimed: Difficulty,
        /// Bits that are asked for.
        required: Difficulty,
    },
    /// Payment: less than is asked for.
    TooCheap {
        /// What the proof claims.
        claimed: Msat,
        /// What is asked for.
        required: Msat,
    },
    /// Payment: not paid, or used before.
    NotPaid,
    /// Reference: the event referred to is of another kind than the proof says.
    OtherKind {
        /// Its kind.
        found: u16,
        /// What the proof says.
        claimed: u16,
    },
    /// Reference: this author has used it before.
    UsedBefore {
        /// In that event.
        by: EventId,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds => f.write_str("the proof holds"),
            Self::Undecided => f.write_str("the proof cannot be decided now"),
            Self::WorkNotDone { found, claimed } => {
                write!(f, "the event's id has {found} leading zero bits, the proof claims {}", claimed.bits())
            }
            Self::TooEasy { claimed, required } => {
                write!(f, "the proof claims {claimed} of work, {required} are asked for")
            }
            Self::TooCheap { claimed, required } => {
                write!(f, "the proof claims a payment of {claimed}, {required} are asked for")
            }
            Self::NotPaid => f.write_str("the payment was not made for this event"),
            Self::OtherKind { found, claimed } => {
                write!(f, "the event referred to is of kind {found}, the proof says {claimed}")
            }
            Self::UsedBefore { by } => write!(f, "the author has used this reference before, in {by}"),
        }
    }
}

impl Proof {
    /// Judges a proof of work: the id has at least the bits that are claimed, and those are at least `required`.
    pub fn check_work(id: &EventId, claimed: Difficulty, required: Difficulty) -> Verdict {
        let found = leading_zero_bits(id);
        if found < claimed.bits() {
            Verdict::WorkNotDone { found, claimed }
        } else if claimed < required {
            Verdict::TooEasy { claimed, required }
        } else {
            Verdict::Holds
        }
    }

    /// Judges any proof on `subject`, where `difficulty` and `price` are what the relay asks for its kind.
    pub fn check(
        &self,
        subject: &Subject,
        difficulty: Difficulty,
        price: Msat,
        payments: &dyn PaymentProofs,
        references: &dyn References,
    ) -> Verdict {
        match *self {
            Self::Work { difficulty: claimed, .. } => Self::check_work(&subject.id, claimed, difficulty),
            Self::Payment { amount: Some(claimed), .. } if claimed < price => {
                Verdict::TooCheap { claimed, required: price }
            }
            Self::Payment { hash, amount } => {
                match payments.look_up(&PaymentClaim { hash, amount, subject: *subject }) {
                    Answer::Paid => Verdict::Holds,
                    Answer::Unpaid => Verdict::NotPaid,
                    Answer::Unknown => Verdict::Undecided,
                }
            }
            Self::Reference { event, kind: claimed } => match references.kind_of(&event, &subject.author) {
                None => Verdict::Undecided,
                Some(found) if found != claimed => Verdict::OtherKind { found, claimed },
                Some(_) => match references.used_in(&event, &subject.author) {
                    // The same event delivered again is no second use.
                    Some(by) if by != subject.id => Verdict::UsedBefore { by },
                    _ => Verdict::Holds,
                },
            },
        }
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    struct Node(HashMap<PaymentHash, Answer>);
    impl PaymentProofs for Node {
        fn look_up(&self, claim: &PaymentClaim) -> Answer {
            self.0.get(&claim.hash).copied().unwrap_or(Answer::Unpaid)
        }
    }
    struct Used(Option<u16>, Option<EventId>);
    impl References for Used {
        fn kind_of(&self, _: &EventId, _: &PublicKey) -> Option<u16> {
            self.0
        }
        fn used_in(&self, _: &EventId, _: &PublicKey) -> Option<EventId> {
            self.1
        }
    }

    fn bits(bits: u16) -> Difficulty {
        Difficulty::new(bits).unwrap()
    }
    fn subject(id: [u8; 32]) -> Subject {
        Subject { id: EventId::from_bytes(id), author: PublicKey::from_bytes([9; 32]), kind: 301 }
    }
    fn judge(proof: &Proof, payments: &dyn PaymentProofs, references: &dyn References) -> Verdict {
        proof.check(&subject([1; 32]), bits(8), Msat::new(2000).unwrap(), payments, references)
    }

    /// Work alone is enough, where there is enough of it `[D3-69]`.
    #[test]
    fn check_work__bits_of_the_id__counted_not_digits() {
        let mut id = [0xff; 32];
        (id[0], id[1]) = (0, 0b0001_0000);
        let id = EventId::from_bytes(id);
        assert_eq!(Proof::check_work(&id, bits(11), bits(11)), Verdict::Holds);
        assert_eq!(
            Proof::check_work(&id, bits(12), bits(8)),
            Verdict::WorkNotDone { found: 11, claimed: bits(12) }
        );
        let easy = Verdict::TooEasy { claimed: bits(8), required: bits(11) };
        assert_eq!(Proof::check_work(&id, bits(8), bits(11)), easy, "more zeros by luck do not help");
        assert_eq!(Proof::check_work(&EventId::from_bytes([0; 32]), bits(256), bits(32)), Verdict::Holds);
    }

    /// A hash alone proves nothing `[D3-68]`.
    #[test]
    fn check__payment__only_paid_holds_and_nobody_to_ask_is_undecided() {
        let hash = PaymentHash::from_bytes([3; 32]);
        let references = Used(None, None);
        for amount in [None, Some(Msat::new(2000).unwrap())] {
            let proof = Proof::Payment { hash, amount };
            for (answer, verdict) in [
                (Answer::Paid, Verdict::Holds),
                (Answer::Unpaid, Verdict::NotPaid),
                (Answer::Unknown, Verdict::Undecided),
            ] {
                assert_eq!(judge(&proof, &Node(HashMap::from([(hash, answer)])), &references), verdict);
            }
            assert_eq!(judge(&proof, &NobodyToAsk, &references), Verdict::Undecided);
        }
        let cheap = Proof::Payment { hash, amount: Some(Msat::new(1999).unwrap()) };
        let node = Node(HashMap::from([(hash, Answer::Paid)]));
        assert!(matches!(judge(&cheap, &node, &references), Verdict::TooCheap { .. }));
    }

    #[test]
    fn check__reference__once_for_each_author_and_of_the_named_kind() {
        let proof = Proof::Reference { event: EventId::from_bytes([4; 32]), kind: 313 };
        let judge = |references: Used| judge(&proof, &NobodyToAsk, &references);
        assert_eq!(judge(Used(None, None)), Verdict::Undecided, "the referred event may still arrive");
        assert_eq!(judge(Used(Some(313), None)), Verdict::Holds);
        assert_eq!(judge(Used(Some(312), None)), Verdict::OtherKind { found: 312, claimed: 313 });
        let other = EventId::from_bytes([5; 32]);
        assert_eq!(judge(Used(Some(313), Some(other))), Verdict::UsedBefore { by: other });
        assert_eq!(judge(Used(Some(313), Some(subject([1; 32]).id))), Verdict::Holds, "delivered again");
    }
}
