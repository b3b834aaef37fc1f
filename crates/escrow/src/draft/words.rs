//! Words: the free text in commands, and how long it may be on paper.
//!
//! [`check`] is asked before a command is taken in, so that people can mend their words. Once the machine has decided to
//! speak, words are cut instead: no letter that moves money is ever held back for them.

use crate::input::{Command, Condition, Shipment, Verdict};
use std::ops::RangeInclusive;

/// Ratings of kind 313.
pub const RATINGS: RangeInclusive<u8> = 1..=5;
/// Characters of kind 313's `feedback`.
pub const LONGEST_FEEDBACK: usize = 1000;
/// Characters of kind 313's `dispute_reason`.
pub const LONGEST_REASON: usize = 500;
/// Characters of a carrier's name.
pub const LONGEST_CARRIER: usize = 100;
/// Characters of a tracking number.
pub const LONGEST_TRACKING: usize = 200;
/// Characters of a note beside a parcel.
pub const LONGEST_NOTE: usize = 1000;
/// Characters of a private note, and of the reason of a refund.
pub const LONGEST_WORDS: usize = 5000;

/// Words that would not arrive as they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWords {
    /// Too long.
    #[error("{field} has {found} characters; at most {most} can be sent")]
    TooLong {
        /// Which words.
        field: &'static str,
        /// How many characters.
        found: usize,
        /// The most.
        most: usize,
    },
    /// There, but nothing in it.
    #[error("{0} is empty: leave it out, or say something")]
    Empty(&'static str),
    /// A rating outside 1 to 5.
    #[error("rating is {0}; it must be from 1 to 5")]
    Rating(u8),
    /// A verdict other than `received` must say why.
    #[error("reason is missing: a verdict other than `received` has to say what is wrong")]
    NoReason,
    /// `received` together with a complaint.
    #[error(
        "reason stands beside `received`: say it as feedback, or choose another verdict; `received` pays the seller"
    )]
    ReasonBesideReceived,
}

/// Whether a command's words can be sent as they are.
///
/// # Errors
/// The first that cannot.
pub fn check(command: &Command) -> Result<(), BadWords> {
    match command {
        Command::Ship(shipment) | Command::HadShipped(shipment) => check_shipment(shipment),
        Command::Confirm(verdict) => check_verdict(verdict),
        // A refund needs no reason.
        Command::Refund { reason } if reason.trim().is_empty() => Ok(()),
        Command::Refund { reason } => within("reason", Some(reason), LONGEST_WORDS),
        Command::Accept
        | Command::Pay
        | Command::Release
        | Command::Agree(_)
        | Command::Withdraw
        | Command::OfferLateInvoice
        | Command::PayLate
        | Command::NotShipped => Ok(()),
    }
}

fn check_shipment(shipment: &Shipment) -> Result<(), BadWords> {
    within("carrier", shipment.carrier.as_deref(), LONGEST_CARRIER)?;
    within("tracking", shipment.tracking.as_deref(), LONGEST_TRACKING)?;
    within("note", shipment.note.as_deref(), LONGEST_NOTE)
}

fn check_verdict(verdict: &Verdict) -> Result<(), BadWords> {
    if let Some(rating) = verdict.rating.filter(|rating| !RATINGS.contains(rating)) {
        return Err(BadWords::Rating(rating));
    }
    within("feedback", verdict.feedback.as_deref(), LONGEST_FEEDBACK)?;
    within("reason", verdict.reason.as_deref(), LONGEST_REASON)?;
    match (verdict.condition, &verdict.reason) {
        (Condition::Received, Some(_)) => Err(BadWords::ReasonBesideReceived),
        (Condition::Received, None) => Ok(()),
        (Condition::PartiallyReceived | Condition::NotReceived | Condition::Damaged, None) => {
            Err(BadWords::NoReason)
        }
        (Condition::PartiallyReceived | Condition::NotReceived | Condition::Damaged, Some(_)) => Ok(()),
    }
}

fn within(field: &'static str, words: Option<&str>, most: usize) -> Result<(), BadWords> {
    let Some(words) = words else { return Ok(()) };
    if words.trim().is_empty() {
        return Err(BadWords::Empty(field));
    }
    let found = words.chars().count();
    if found > most { Err(BadWords::TooLong { field, found, most }) } else { Ok(()) }
}

/// The words, at most so many characters of them; none when there are none.
pub(super) fn cut(words: Option<&str>, most: usize) -> Option<String> {
    let words = words?;
    (!words.trim().is_empty()).then(|| words.chars().take(most).collect())
}
