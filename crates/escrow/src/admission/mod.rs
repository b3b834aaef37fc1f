//! Admission: what a verified event is to a trade, before the machine hears of it.
//!
//! An event that arrives is a claim. Here it is read, its author must be the party who may say it, what it refers to must
//! be this trade's own papers, times must not go back, and what it says must be what was agreed. Only then does it become
//! a [`Said`]. Nothing is remembered: the same event asked again gets the same answer, unless more is known by then.

mod acceptance;
mod private;
mod public;
mod refused;
mod secret;

pub use refused::Refused;

use crate::{input::Said, letter::Paper, terms::Side, trade::Trade};
use domp_protocol::{
    event::VerifiedEvent,
    ids::{EventId, NodeId, PublicKey},
    kinds,
    private::{Address, Note, PRIVATE_KIND},
    secret::Preimage,
    tags::{commit::Commits, sealed::Sealed},
    units::{Sat, Unix},
};
use zeroize::Zeroizing;

/// What admission needs and a trade does not hold.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Our clock.
    pub now: Unix,
    /// The node that we pay from or are paid to now.
    pub own_node: NodeId,
    /// Whether our node may split a payment; an invoice of two smallest parts or more then has to allow it.
    pub may_split: bool,
    /// The commitments of the trade's bid. The seller cannot open hashes without them.
    pub commits: Option<Commits>,
    /// When an event of this trade was made, by its own `created_at`; `None` for one that is not stored here.
    pub made_at: &'a dyn Fn(&EventId) -> Option<Unix>,
    /// Opens a ciphertext (NIP-44) from the other party to us; `None` when it does not open.
    pub open_secret: &'a dyn Fn(&Sealed) -> Option<Zeroizing<String>>,
}

/// What an event is to a trade. Not comparable, since it may carry a secret.
#[derive(Clone, Debug)]
pub enum Admission {
    /// The other party said this; give it to the machine. If a secret came along it opens the price: into the vault with
    /// it first.
    Said {
        /// What was said.
        said: Said,
        /// The price's preimage, checked against its hash.
        preimage: Option<Preimage>,
    },
    /// Words between people and offers without effect on money: to be shown, not given to the machine.
    Aside(Aside),
    /// It refers to an event that this trade does not have (yet). Keep it and ask again whenever the trade gets a paper,
    /// also one of our own.
    Held {
        /// What is missing.
        missing: EventId,
    },
    /// It has no effect, for this reason.
    Refused(Refused),
    /// Our own event, come back from a relay.
    Own,
    /// About another trade, or about none.
    Foreign,
}

/// What is shown to people and moves no money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aside {
    /// Private words.
    Note(Note),
    /// Where to ship (to the seller).
    Address(Address),
    /// Public words (kind 320).
    Message(kinds::Message),
    /// The other party names another price (kind 302); answered by a new bid, not in this trade.
    CounterBid {
        /// Its price.
        offer: Sat,
    },
    /// Words of an agreement (kind 315) that mean nothing to this program.
    Terms(String),
    /// A message or event of a later version, or of the mode with an arbiter: kept and ignored.
    NotSpoken(String),
}

/// What this event is to this trade. Total: every verified event has an answer.
pub fn admit(trade: &Trade, event: &VerifiedEvent, with: &Reader<'_>) -> Admission {
    if event.author() == trade.terms.key_of(trade.side) {
        return Admission::Own;
    }
    let judged = if event.kind() == PRIVATE_KIND {
        private::judge(trade, event, with)
    } else {
        public::judge(trade, event, with)
    };
    match judged {
        Ok(admission) => admission,
        Err(no) => no.into(),
    }
}

/// What an event of our own says, where this store may not have written it: judged as the other side would judge it. A
/// signature of ours under another trade's words counts for nothing in this one.
pub fn admit_own(trade: &Trade, event: &VerifiedEvent, with: &Reader<'_>) -> Admission {
    let peer = Trade { side: trade.side.other(), ..trade.clone() };
    let own_node = match peer.side {
        Side::Buyer => trade.terms.buyer_node,
        Side::Seller => trade.terms.seller_node,
    };
    admit(&peer, event, &Reader { own_node, ..*with })
}

/// Why an event is not admitted now; the error of the steps of judging.
enum No {
    Held(EventId),
    Refused(Refused),
    Foreign,
}

impl From<No> for Admission {
    fn from(no: No) -> Self {
        match no {
            No::Held(missing) => Self::Held { missing },
            No::Refused(refused) => Self::Refused(refused),
            No::Foreign => Self::Foreign,
        }
    }
}

impl<T: Into<Refused>> From<T> for No {
    fn from(refused: T) -> Self {
        Self::Refused(refused.into())
    }
}

type Judged = Result<Admission, No>;

/// Plain words of the other party.
fn said(said: Said) -> Judged {
    Ok(Admission::Said { said, preimage: None })
}

/// The author must be the other party, and that must be the side that may say it; `None` for both.
fn by(trade: &Trade, what: &'static str, who: Option<Side>, author: PublicKey) -> Result<(), Refused> {
    let peer = trade.side.other();
    let expected = who.unwrap_or(peer);
    if expected == peer && author == trade.peer_key() {
        return Ok(());
    }
    Err(Refused::WrongAuthor { what, role: expected, expected: trade.terms.key_of(expected), found: author })
}

/// The event that is answered must be this paper of the trade.
fn refers(trade: &Trade, paper: Paper, named: EventId) -> Result<(), No> {
    match trade.papers.get(&paper) {
        Some(ours) if *ours == named => Ok(()),
        Some(_) => Err(No::Foreign),
        None => Err(No::Held(named)),
    }
}

/// `created_at` does not go back behind any of these, as far as we know their times.
fn not_before(
    event: &VerifiedEvent,
    events: impl IntoIterator<Item = EventId>,
    with: &Reader<'_>,
) -> Result<(), Refused> {
    for before in events {
        if let Some(made) = (with.made_at)(&before).filter(|made| event.created_at() < *made) {
            return Err(Refused::TimeGoesBack { found: event.created_at(), before, made });
        }
    }
    Ok(())
}
