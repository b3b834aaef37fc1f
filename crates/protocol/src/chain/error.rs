//! Why an event has no place in a chain.

use crate::deadlines::Agreed;
use crate::ids::{EventId, PublicKey};
use crate::tags::escrow::Mode;
use crate::units::{Blocks, Sat, Unix};

/// Why an event has no effect on a trade.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A kind that is no part of a chain.
    #[error("kind {kind} is no part of a trade's chain")]
    NotChained {
        /// The kind.
        kind: u16,
    },
    /// More events than any honest trade has.
    #[error("too many events: an author's first {} are kept", super::MOST_PER_AUTHOR)]
    TooMany,
    /// Its predecessor belongs to another trade.
    #[error("it belongs to another trade: it refers to {0}")]
    AnotherTrade(EventId),
    /// The event it names is of another kind.
    #[error("it refers to {id} as an event of kind {expected}, which is one of kind {found}")]
    WrongPredecessor {
        /// The event named.
        id: EventId,
        /// Its kind.
        found: u16,
        /// The kind it would have to be.
        expected: u16,
    },
    /// The predecessor is in the content but in no `ref` tag.
    #[error("its content refers to {0}, but no `ref` tag does")]
    NotLinked(EventId),
    /// A `ref` tag replies to another event than the content does.
    #[error("its content refers to {content}, but a `ref` tag replies to {tag}")]
    LinkedElsewhere {
        /// The event named by the content.
        content: EventId,
        /// The event named by the tag.
        tag: EventId,
    },
    /// Signed by somebody who may not say it.
    #[error("kind {kind} must be signed by {role} {expected}, not by {found}")]
    WrongAuthor {
        /// The event's kind.
        kind: u16,
        /// Who may sign it.
        role: &'static str,
        /// That party's key.
        expected: PublicKey,
        /// The author.
        found: PublicKey,
    },
    /// Signed by neither party.
    #[error("kind {kind} must be signed by the buyer or the seller, not by {found}")]
    Stranger {
        /// The event's kind.
        kind: u16,
        /// The author.
        found: PublicKey,
    },
    /// A bid by the seller itself.
    #[error("the bid is signed by the listing's own seller")]
    OwnListing,
    /// Made before the event it refers to.
    #[error("created_at is {found:?}, before {predecessor:?} of the event it refers to")]
    TimeGoesBack {
        /// The event's time.
        found: Unix,
        /// The predecessor's.
        predecessor: Unix,
    },
    /// A bid above the listing's price that answers no counter bid, or above that too.
    #[error(
        "the bid of {bid} is above {limit}, the most that the listing's price and the answered counter bid allow"
    )]
    AbovePrice {
        /// The bid.
        bid: Sat,
        /// The most it may be.
        limit: Sat,
    },
    /// A bid that answers a counter bid which was not made to this buyer by the seller.
    #[error("the counter bid {0} that it answers is not the seller's answer to a bid of the same buyer")]
    NotCountered(EventId),
    /// A bid that chooses this project's escrow on a listing that does not offer it, or an acceptance of one on a bid
    /// that does not choose it.
    #[error("it carries escrow tags, which the event it answers does not")]
    EscrowNotOffered,
    /// An acceptance without the escrow that the bid chooses.
    #[error("the bid chooses escrow, and the acceptance carries no escrow tag")]
    EscrowDropped,
    /// A mode that the listing does not offer, or another than the bid's.
    #[error("the mode {0} is not one that the event it answers offers or chooses")]
    ModeNotOffered(Mode),
    /// An arbiter that the listing does not name with the same conditions.
    #[error("the arbiter {0} is not in the listing with these conditions")]
    ArbiterNotOffered(PublicKey),
    /// Other numbers of blocks than the event it answers.
    #[error("the heights tag differs from that of the event it answers: {found:?} instead of {expected:?}")]
    HeightsDiffer {
        /// The numbers in the event.
        found: Box<Agreed>,
        /// The numbers they must equal; a bid adds D_B.
        expected: Box<Agreed>,
    },
    /// A hold in the content that is not the one that follows from the heights.
    #[error("{field} is {found}; the agreed heights make it {expected}")]
    TimeoutDiffers {
        /// The field.
        field: &'static str,
        /// Its value, or its default.
        found: Blocks,
        /// c(P) of the agreed heights.
        expected: Blocks,
    },
    /// An invoice or a proof for a collateral of zero, or none for one that is not zero.
    #[error("{field} must be there exactly when the buyer's collateral is not 0; it is {collateral}")]
    CollateralDiffers {
        /// The field.
        field: &'static str,
        /// The bid's collateral.
        collateral: Sat,
    },
    /// A payment that holds nothing `[D3-23]`.
    #[error("payment_method is {0}, which holds no money; only lightning_htlc does")]
    NotHeld(crate::kinds::PaymentMethod),
    /// A second event of a kind of which a trade has one.
    #[error("the trade already has {in_force}; a second of its kind, or what refers to one, has no effect")]
    SecondOfKind {
        /// The one in force.
        in_force: EventId,
    },
}

impl ChainError {
    /// Whether the event is valid by itself and only lost to a rival.
    pub(crate) const fn is_rivalry(&self) -> bool {
        matches!(self, Self::SecondOfKind { .. })
    }
}
