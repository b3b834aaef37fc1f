//! Why an event has no effect: each reason names the field and the rule.

use crate::terms::Side;
use domp_protocol::{
    ids::{EventId, PublicKey},
    invoice::InvoiceError,
    kinds::{Malformed, PaymentMethod},
    units::Unix,
};

/// Why an event of or about this trade has no effect on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Content or tags break a rule.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Signed by somebody who may not say it.
    #[error("field pubkey: {what} must be signed by the {} {expected}, not by {found}", .role.as_str())]
    WrongAuthor {
        /// The event's kind or message type.
        what: &'static str,
        /// Who may sign it.
        role: Side,
        /// That party's key.
        expected: PublicKey,
        /// The author.
        found: PublicKey,
    },
    /// The event that the content names is in no `ref` tag.
    #[error("its content refers to {0}, but no `ref` tag does")]
    NotLinked(EventId),
    /// A `ref` tag replies to another event than the content.
    #[error("its content refers to {content}, but a `ref` tag replies to {tag}")]
    LinkedElsewhere {
        /// The event named by the content.
        content: EventId,
        /// The event named by the tag.
        tag: EventId,
    },
    /// Made before what it answers (DIP-02).
    #[error("field created_at is {}, before {} of the event {before} that it follows", .found.0, .made.0)]
    TimeGoesBack {
        /// The event's time.
        found: Unix,
        /// The event that it follows.
        before: EventId,
        /// That event's time.
        made: Unix,
    },
    /// The hashes are not those that the bid committed to.
    #[error("field hashes: they do not open the commitments of the bid")]
    WrongOpening,
    /// A field that must equal what the trade says.
    #[error("field {field} is {found}; in this trade it must be {expected}")]
    Field {
        /// The field.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it must say.
        expected: String,
    },
    /// A payment method that holds nothing `[D3-23]`.
    #[error("field payment_method is {0}, which holds no money; only lightning_htlc does")]
    NotHeld(PaymentMethod),
    /// A secret was published where its hash belongs `[D3-22]`. The value is not repeated here.
    #[error(
        "ALARM: field {field} shows the secret itself instead of its hash. Everybody can read it now: the money that it \
         opens can be taken by any node on the payment's way. Nothing may be shipped for it; let the money go back"
    )]
    SecretPublished {
        /// The field.
        field: &'static str,
    },
    /// An invoice that must not be paid.
    #[error("field {field}: {error}")]
    Invoice {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        error: InvoiceError,
    },
}

impl Refused {
    /// Whether a person has to be told at once, whatever is logged.
    pub const fn is_alarm(&self) -> bool {
        matches!(self, Self::SecretPublished { .. })
    }

    /// A field that differs from what the trade says; both shown as they print, shortened.
    pub(super) fn field(
        field: &'static str,
        found: impl std::fmt::Display,
        expected: impl std::fmt::Display,
    ) -> Self {
        let brief = |text: String| text.chars().take(80).collect();
        Self::Field { field, found: brief(found.to_string()), expected: brief(expected.to_string()) }
    }
}
