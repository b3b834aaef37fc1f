//! Errors: why the engine did not do what it was asked. Each says what it is about, the rule, and the way out.

use domp_escrow::{draft::DraftError, note::Refusal, offering::OfferError};
use domp_ports::{
    identity::VaultError, journal::JournalError, lightning::LnError, relays::RelayAnswer, relays::RelayError,
};
use domp_protocol::{
    event::EventError,
    ids::{EventId, NodeId, PublicKey, TradeId},
    kinds::Malformed,
    network::Network,
    units::Blocks,
};
use serde::{Deserialize, Serialize};

/// Why an engine does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The node is on another network than we were told to trade on.
    #[error(
        "the Lightning node is on {node}, but this profile is for {profile}: connect to a node on {profile}, or make another profile"
    )]
    WrongNetwork {
        /// The node's.
        node: Network,
        /// The profile's.
        profile: Network,
    },
    /// The database belongs to another network.
    #[error(
        "this database holds trades on {stored}, but {configured} is configured: use another data folder for {configured}"
    )]
    OtherNetwork {
        /// The database's.
        stored: String,
        /// The configuration's.
        configured: Network,
    },
    /// The database belongs to another person.
    #[error(
        "this database belongs to the key {stored}, but the recovery phrase is that of {found}: use the right one of the two"
    )]
    OtherPerson {
        /// The database's.
        stored: String,
        /// The vault's.
        found: PublicKey,
    },
    /// Open trades were made with another node.
    #[error(
        "{open} open trades were made with the Lightning node {expected}, but the one connected is {found}: connect to the first until they are over"
    )]
    OtherNode {
        /// How many trades.
        open: usize,
        /// Their node.
        expected: NodeId,
        /// The connected one.
        found: NodeId,
    },
    /// A trade in the database cannot be read.
    #[error(
        "trade {trade} cannot be read from the database: {reason}; restore the database from a backup, or install the domp that wrote it"
    )]
    Unreadable {
        /// Which one.
        trade: TradeId,
        /// What does not fit.
        reason: String,
    },
    /// A setting of the configuration.
    #[error("configuration: {0}")]
    Config(String),
}

/// What kind of answer an error is, for exit codes and status codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// What was asked is malformed or breaks a rule whatever the state.
    BadRequest,
    /// No such thing here.
    NotFound,
    /// Not now, or not any more; nothing was changed.
    Refused,
    /// The node, the relays or the disk are not there: try again later.
    Unavailable,
    /// A fault of ours; the trade is left as it is.
    Fault,
}

/// Why the engine did not do what it was asked. Nothing was changed unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// No such trade.
    #[error("there is no trade {0} here")]
    NoTrade(TradeId),
    /// An event from outside that cannot be kept now.
    #[error("there is no room for event {0}; it is taken in when it comes again and there is")]
    NoRoom(EventId),
    /// No such listing, neither here nor on the relays.
    #[error(
        "listing {0} was not found, neither here nor on your relays: check the id, or add a relay that has it"
    )]
    NoListing(EventId),
    /// Not a listing of ours.
    #[error("listing {0} is none of yours, so it is not yours to withdraw: `domp listing list` shows yours")]
    NotYourListing(EventId),
    /// The machine refused a command.
    #[error("{0}")]
    Refused(Refusal),
    /// Another trade of the same listing was accepted.
    #[error(
        "listing {listing} is taken by trade {by} ({stage}): one listing is sold once; it is free again when that trade ends without completion"
    )]
    ListingTaken {
        /// The listing.
        listing: EventId,
        /// The trade that has it.
        by: TradeId,
        /// Where that one is.
        stage: String,
    },
    /// The channels cannot carry it.
    #[error("{0}")]
    Liquidity(String),
    /// Our node does not hold a payment so long.
    #[error(
        "the seller's node would hold the price for {hold}, which makes {needs} with the margin for blocks found meanwhile; your \
         node pays over routes of {most} at most: raise LND's max-cltv-expiry, or look for a listing with shorter times"
    )]
    RouteTooLong {
        /// c of the price.
        hold: Blocks,
        /// With what the node adds.
        needs: Blocks,
        /// The node's most.
        most: Blocks,
    },
    /// A bid does not fit its listing.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// It cannot be written as an event.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// An event that breaks a rule.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// An event that is not genuine.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A field of the request.
    #[error("{field}: {problem}")]
    BadField {
        /// The field.
        field: &'static str,
        /// What is wrong and what is right.
        problem: String,
    },
    /// An invariant would have been broken: nothing was written or done, and the trade is left alone until the program is
    /// started again.
    #[error(
        "trade {trade} is frozen, because going on would break an invariant ({broken}); nothing was done. It takes on nothing more; what is locked in it still goes to whom it belongs, step by step as far as every \
         invariant holds. Keep the database and report this"
    )]
    Frozen {
        /// Which one.
        trade: TradeId,
        /// Which invariant, in words.
        broken: String,
    },
    /// The node's height is not known yet, so nothing can be decided.
    #[error("the Lightning node has not been reached yet, so nothing can be decided: {0}")]
    NoTip(String),
    /// The node.
    #[error(transparent)]
    Node(#[from] LnError),
    /// The database.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Relays cannot be used at all.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// No relay took an event. It is kept and sent again only if it belongs to a trade.
    #[error("no relay took the event: {}", answers(.0))]
    NotPublished(Vec<(String, RelayAnswer)>),
    /// Proof of work could not be made.
    #[error("proof of work: {0}")]
    Work(String),
    /// The engine is stopping.
    #[error("the engine is stopping")]
    Stopping,
}

impl EngineError {
    /// What kind of answer it is.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::NoTrade(_) | Self::NoListing(_) | Self::NotYourListing(_) => ErrorClass::NotFound,
            Self::Refused(_) | Self::ListingTaken { .. } | Self::Liquidity(_) | Self::RouteTooLong { .. } => {
                ErrorClass::Refused
            }
            Self::Offer(_)
            | Self::Draft(_)
            | Self::Malformed(_)
            | Self::Event(_)
            | Self::BadField { .. }
            | Self::Work(_) => ErrorClass::BadRequest,
            Self::NoTip(_)
            | Self::Node(_)
            | Self::Journal(_)
            | Self::Relay(_)
            | Self::NotPublished(_)
            | Self::Stopping
            | Self::NoRoom(_) => ErrorClass::Unavailable,
            Self::Frozen { .. } | Self::Vault(_) => ErrorClass::Fault,
        }
    }
}

fn answers(answers: &[(String, RelayAnswer)]) -> String {
    if answers.is_empty() {
        return "none is configured".to_owned();
    }
    let one = |(url, answer): &(String, RelayAnswer)| match answer {
        RelayAnswer::Accepted => format!("{url} took it"),
        RelayAnswer::Refused(why) => format!("{url} refused: {why}"),
        RelayAnswer::NoAnswer(why) => format!("{url} did not answer: {why}"),
    };
    answers.iter().map(one).collect::<Vec<_>>().join("; ")
}
