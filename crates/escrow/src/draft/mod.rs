//! Drafts: what a letter of ours becomes on paper, before it is signed.
//!
//! The machine says what is to be told ([`Message`]) and names secrets by hash. Here it gets the content and the tags
//! that the protocol asks for (`spec/escrow-v1.md`). What only the vault or the node can make (a ciphertext, a node's
//! signature, a secret's bytes) comes in as [`Enclosures`].

pub mod desk;
mod private;
mod public;
pub mod words;

use crate::{
    letter::{Message, Paper},
    offering::OfferError,
    trade::Trade,
};
use domp_protocol::{
    event::EventDraft,
    htlc::HtlcError,
    ids::{EventId, NodeId},
    kinds::Malformed,
    node_proof::NodeProofError,
    purpose::Purpose,
    secret::Preimage,
    tags::{node::LnNode, relays::RelayUrl, sealed::Sealed},
    units::Unix,
};

/// An unsigned event and how it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draft {
    /// Sign it and publish it.
    Public(EventDraft),
    /// Sign it, wrap it for the other party (NIP-59), publish the wrap. Never publish the event itself.
    Private(EventDraft),
}

/// What the machine does not have and a letter may need. Nothing in it is kept.
pub struct Enclosures<'a> {
    /// Our clock.
    pub now: Unix,
    /// When an event of this trade was made, by its own `created_at`; `None` for one that is not stored here.
    pub made_at: &'a dyn Fn(&EventId) -> Option<Unix>,
    /// Acceptance: our node, with its signature for our Nostr key.
    pub node: Option<&'a LnNode>,
    /// Acceptance: where we read and send.
    pub relays: &'a [RelayUrl],
    /// Acceptance and payment confirmation: our recovery data, encrypted to ourselves.
    pub backup: Option<&'a Sealed>,
    /// Payment confirmation: the shipping address, encrypted to the seller.
    pub sealed_address: Option<&'a Sealed>,
    /// A verdict that reveals: the price's preimage as 64 hex digits, encrypted to the seller.
    pub sealed_preimage: Option<&'a Sealed>,
    /// A release: the price's preimage.
    pub preimage: Option<&'a Preimage>,
}

impl<'a> Enclosures<'a> {
    /// Nothing enclosed.
    pub const fn none(now: Unix, made_at: &'a dyn Fn(&EventId) -> Option<Unix>) -> Self {
        Self {
            now,
            made_at,
            node: None,
            relays: &[],
            backup: None,
            sealed_address: None,
            sealed_preimage: None,
            preimage: None,
        }
    }

    /// Now, or the time of the newest of these events if our clock is behind theirs: `created_at` never goes back.
    fn not_before(&self, events: &[EventId]) -> Unix {
        events.iter().filter_map(|event| (self.made_at)(event)).fold(self.now, Unix::max)
    }
}

/// Why a letter cannot be put on paper.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The bid was signed when the trade was created: send that event.
    #[error("the bid was signed when the trade was created; send the event that is stored")]
    BidIsSigned,
    /// It refers to an event that the trade does not have yet. Try again once that is recorded.
    #[error("this letter refers to {0:?}, which is not recorded in the trade yet")]
    Premature(Paper),
    /// The trade lacks an invoice or a hash of this role.
    #[error("the trade has no {what} for {role} yet")]
    Unready {
        /// What is missing.
        what: &'static str,
        /// For which role.
        role: Purpose,
    },
    /// Something was not enclosed.
    #[error("{0} has to be enclosed with this letter")]
    NotEnclosed(&'static str),
    /// The enclosed node is not the one the trade's terms name.
    #[error("our node is {found} now, but this trade was listed with {expected}: connect to that one")]
    AnotherNode {
        /// The enclosed node.
        found: NodeId,
        /// The trade's.
        expected: NodeId,
    },
    /// The enclosed node did not sign for us.
    #[error("the node's signature does not fit: {0}")]
    NodeProof(#[from] NodeProofError),
    /// The enclosed secret does not open the price's hash, so it must not leave.
    #[error("the enclosed secret does not open the price's payment hash")]
    WrongSecret,
    /// Readers would refuse it.
    #[error("what is to be said cannot be written: {0}")]
    Malformed(#[from] Malformed),
    /// The HTLC structure cannot hold it `[D3-11]`.
    #[error("what is to be said cannot be written: {0}")]
    Htlc(#[from] HtlcError),
    /// A listing or a bid that nobody could take up.
    #[error(transparent)]
    Offer(#[from] OfferError),
}

impl DraftError {
    /// Whether it may be put on paper later, when more is recorded.
    pub const fn is_premature(&self) -> bool {
        matches!(self, Self::Premature(_))
    }
}

/// Writes a letter of the trade.
///
/// # Errors
/// [`DraftError::Premature`] when the event it refers to is not recorded yet; any other error stays.
pub fn draft(trade: &Trade, message: &Message, with: &Enclosures<'_>) -> Result<Draft, DraftError> {
    match message {
        Message::Bid => Err(DraftError::BidIsSigned),
        Message::Acceptance => public::acceptance(trade, with),
        Message::Payment => public::payment(trade, with),
        Message::Verdict { verdict, reveal } => public::verdict(trade, verdict, reveal.is_some(), with),
        Message::Refund { .. } => public::refund(trade, with),
        Message::Agree(agreement) => public::agreement(trade, *agreement, with),
        Message::Hashes(hashes) => private::hashes(trade, hashes, with),
        Message::LockAck(ack) => private::lock_ack(trade, ack, with),
        Message::LockOk { ack } => private::lock_ok(trade, *ack, with),
        Message::Shipped(shipment) => private::shipped(trade, shipment, with),
        Message::Release { reveal } => private::release(trade, reveal, with),
        Message::Receipt { of, first_seen } => private::receipt(trade, *of, *first_seen, with),
        Message::LateInvoice { bolt11 } => private::late_invoice(trade, bolt11, with),
    }
}

/// Words to the other party, such as the reason of a refund, which kind 314 has no place for. Longer than 5000
/// characters is cut.
///
/// # Errors
/// When there are no words.
pub fn note(trade: &Trade, text: &str, with: &Enclosures<'_>) -> Result<Draft, DraftError> {
    private::note(trade, text, with)
}

/// The shipping address, from the buyer to the seller.
///
/// # Errors
/// When it is empty or longer than 2000 characters: an address is not cut.
pub fn address(trade: &Trade, text: &str, with: &Enclosures<'_>) -> Result<Draft, DraftError> {
    private::address(trade, text, with)
}
