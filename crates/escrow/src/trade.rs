//! A trade: every fact that one side knows about it.

use crate::{
    ack::{Ack, Disagreement},
    input::{Agreement, Secret, Shipment, Verdict},
    leg::Leg,
    letter::{Letter, Paper},
    terms::{Side, Terms},
};
use domp_protocol::{
    deadlines::Deadlines,
    ids::{EventId, Nonce, PaymentHash},
    purpose::Purpose,
    units::{Height, Unix},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the rules that wrote a snapshot.
pub const RULES_VERSION: u16 = 1;

/// One side's whole knowledge of one trade: the snapshot that is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Trade {
    /// [`RULES_VERSION`] of its last writer.
    pub rules: u16,
    /// What the bid fixed.
    pub terms: Terms,
    /// Which side we are.
    pub side: Side,
    /// The HTLCs in the order in which they are locked: Cb, then P.
    pub legs: Vec<Leg>,
    /// Signed events of the trade by what they are: ours once sent, the other side's once seen.
    pub papers: BTreeMap<Paper, EventId>,
    /// What we sent, or are about to.
    pub letters: Vec<Letter>,
    /// What our person decided.
    pub choices: Choices,
    /// What the other side said.
    pub peer: Peer,
    /// The deadlines that we keep, once the lock is known.
    pub deadlines: Option<Deadlines>,
    /// Seller: when the acceptance was posted; the buyer: when it was seen.
    pub offered_at: Option<Unix>,
    /// Why everything goes back; set once, never taken back.
    pub unwind: Option<Unwind>,
    /// Seller: why it refunds, in its own words.
    pub refund_reason: Option<String>,
    /// Buyer: the height at which the secret was handed out for sending. From then on it may be known.
    pub revealed_at: Option<Height>,
    /// The ordinary payment after the hold.
    pub late: Option<LatePayment>,
    /// Other side's events that we have seen, with the height of the first sight.
    pub seen: BTreeMap<EventId, Height>,
    /// Set when the store came from a backup: the world may be ahead of it (C-47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
}

/// What a store that came from a backup knows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Restored {
    /// The height at which it was restored.
    pub at: Height,
    /// Whether it is still open what we did after the backup was made. Until then nothing that follows from "it has not
    /// happened" is done, but for what the chain's own deadline asks.
    pub doubt: bool,
}

/// What our person decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Choices {
    /// Seller: accept the bid.
    pub accept: bool,
    /// Buyer: lock the money.
    pub pay: bool,
    /// Seller: shipped.
    pub shipped: Option<Shipment>,
    /// Buyer: the public verdict.
    pub verdict: Option<Verdict>,
    /// Buyer: reveal after an earlier verdict that did not, or by agreement.
    pub release: bool,
    /// Agreements we signed.
    pub agreed: BTreeSet<Agreement>,
}

/// What the other side said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Peer {
    /// Seller's acknowledgement (buyer's side), with its event.
    pub ack: Option<(EventId, Box<Ack>)>,
    /// Why we do not agree with it (yet).
    pub ack_disagrees: Option<Disagreement>,
    /// Buyer's agreement (seller's side): its event, and the acknowledgement it names.
    pub lock_ok: Option<(EventId, EventId)>,
    /// The parcel.
    pub shipped: Option<Shipment>,
    /// Whether the price's secret has come.
    pub secret: Secret,
    /// The buyer's verdict says `received`, with or without the secret.
    pub received: bool,
    /// The buyer released the secret on purpose, outside a verdict.
    pub released: bool,
    /// Agreements it signed.
    pub agreed: BTreeSet<Agreement>,
    /// It disputes.
    pub disputed: bool,
}

#[allow(clippy::derivable_impls)] // the default is a statement about the world, spelled out
impl Default for Secret {
    fn default() -> Self {
        Self::Absent
    }
}

/// Why everything goes back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unwind {
    /// Somebody walked away before anything was locked.
    Withdrawn,
    /// The bid was not answered in time.
    Lapsed,
    /// The acceptance carries invoices that must not be paid.
    BadInvoices(String),
    /// Our node did not make the invoices.
    InvoiceRefused(String),
    /// The invoices ran out before all was locked.
    NotPaidInTime,
    /// Only one of two was locked within the grace period.
    OnlyOneLocked,
    /// Our node could not pay.
    PaymentFailed,
    /// Held for too little, or not long enough.
    BadLock(String),
    /// The two sides did not confirm to each other what is locked in time.
    NoHandshake,
    /// Nothing was shipped in time.
    NotShipped,
    /// Nobody confirmed in time.
    NotConfirmed,
    /// The seller gives the money back (kind 314).
    Refund,
    /// Both agreed to cancel (kind 315).
    Agreed,
    /// An HTLC went home by itself.
    LegLost(Purpose),
}

impl std::fmt::Display for Unwind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Withdrawn => f.write_str("withdrawn before the buyer had locked everything"),
            Self::Lapsed => f.write_str("the bid was not answered in time"),
            Self::BadInvoices(why) => write!(f, "the invoices must not be paid: {why}"),
            Self::InvoiceRefused(why) => write!(f, "the node did not make the invoices: {why}"),
            Self::NotPaidInTime => f.write_str("not everything was locked before the invoices ran out"),
            Self::OnlyOneLocked => f.write_str("only a part was locked within 36 blocks"),
            Self::PaymentFailed => f.write_str("the payment failed: no route, or not enough liquidity"),
            Self::BadLock(why) => write!(f, "what was locked is not what was agreed: {why}"),
            Self::NoHandshake => {
                f.write_str("the two sides did not confirm the lock to each other within 36 blocks")
            }
            Self::NotShipped => f.write_str("nothing was shipped in time"),
            Self::NotConfirmed => f.write_str("the buyer did not confirm in time"),
            Self::Refund => f.write_str("the seller gives the money back"),
            Self::Agreed => f.write_str("both agreed to cancel"),
            Self::LegLost(purpose) => write!(f, "{purpose} went home by itself"),
        }
    }
}

/// The ordinary payment for goods that came after the hold was over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LatePayment {
    /// The invoice, once made (seller) or checked (buyer).
    pub bolt11: Option<String>,
    /// Its hash.
    pub hash: Option<PaymentHash>,
    /// When it can no longer be paid.
    pub expires: Option<Unix>,
    /// The order to make (seller) or pay (buyer) it went out; at most once.
    pub ordered: bool,
    /// Buyer: our person decided to pay it.
    pub paying: bool,
    /// It was paid.
    pub paid: bool,
    /// Buyer: every part of it failed.
    pub failed: bool,
    /// Buyer: the call that was to pay it is over, and it is not known with what.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
    /// Buyer: after that the node said that it does not know the payment. It may be ordered again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
}

impl LatePayment {
    /// Whether it is being paid, as far as is known: nobody orders it again.
    pub const fn is_under_way(&self) -> bool {
        self.paying && !self.paid && !self.failed && !self.missing
    }
}

impl Trade {
    /// The buyer's side of a new trade. `secrets` gives hash and nonce of every leg; the secrets themselves are in the
    /// vault already.
    pub fn for_buyer(terms: Terms, secrets: &BTreeMap<Purpose, (PaymentHash, Nonce)>) -> Self {
        let legs = terms
            .legs()
            .into_iter()
            .map(|(purpose, amount, cltv)| {
                let mut leg = Leg::payer(purpose, amount, cltv);
                leg.hash = secrets.get(&purpose).map(|(hash, _)| *hash);
                leg.nonce = secrets.get(&purpose).map(|(_, nonce)| *nonce);
                leg
            })
            .collect();
        Self::new(terms, Side::Buyer, legs)
    }

    /// The seller's side of a new trade, made from a valid bid on a listing of ours.
    pub fn for_seller(terms: Terms) -> Self {
        let legs = terms
            .legs()
            .into_iter()
            .map(|(purpose, amount, cltv)| Leg::payee(purpose, amount, cltv))
            .collect();
        Self::new(terms, Side::Seller, legs)
    }

    fn new(terms: Terms, side: Side, legs: Vec<Leg>) -> Self {
        let papers = BTreeMap::from([(Paper::Bid, terms.trade)]);
        Self {
            rules: RULES_VERSION,
            terms,
            side,
            legs,
            papers,
            letters: Vec::new(),
            choices: Choices::default(),
            peer: Peer::default(),
            deadlines: None,
            offered_at: None,
            unwind: None,
            refund_reason: None,
            revealed_at: None,
            late: None,
            seen: BTreeMap::new(),
            restored: None,
        }
    }

    /// A leg by purpose.
    pub fn leg(&self, purpose: Purpose) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.purpose == purpose)
    }
    /// A leg by purpose, to change.
    pub fn leg_mut(&mut self, purpose: Purpose) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.purpose == purpose)
    }
    /// Whether a paper exists: seen from the other side, or written by us and on its way.
    pub fn has(&self, paper: Paper) -> bool {
        self.papers.contains_key(&paper) || self.letter(paper).is_some_and(|letter| !letter.dropped)
    }
    /// Whether a paper of ours is known that this store never wrote: it was restored from an older state, and the paper
    /// was found where it had been sent. A second one of its kind would have no effect, and would not be the one that the
    /// other side goes by.
    pub fn wrote_before(&self, paper: Paper) -> bool {
        let once = !matches!(paper, Paper::Bid | Paper::AgreeCancel | Paper::AgreeRelease);
        once && self.papers.contains_key(&paper) && self.letter(paper).is_none()
    }
    /// Whether this store came from a backup and it is open what we did since.
    pub fn in_doubt(&self) -> bool {
        self.restored.is_some_and(|restored| restored.doubt)
    }
    /// Seller: nothing is given up because something before the shipping has not happened. The goods are out, or may be.
    pub fn holds_on(&self) -> bool {
        self.in_doubt() || self.choices.shipped.is_some()
    }
    /// A letter of ours.
    pub fn letter(&self, paper: Paper) -> Option<&Letter> {
        self.letters.iter().find(|letter| letter.paper == paper)
    }
    /// The other person's Nostr key.
    pub const fn peer_key(&self) -> domp_protocol::ids::PublicKey {
        self.terms.key_of(self.side.other())
    }
    /// Whether both signed the same agreement.
    pub fn both_agreed(&self, agreement: Agreement) -> bool {
        self.choices.agreed.contains(&agreement) && self.peer.agreed.contains(&agreement)
    }
    /// Buyer: whether our node was ever told to pay anything, or our person decided that it shall be.
    pub fn has_begun_paying(&self) -> bool {
        self.choices.pay || self.legs.iter().filter_map(Leg::paying).any(|paying| paying.asked_at.is_some())
    }
    /// The earliest expiry among this trade's invoices.
    pub fn invoices_expire(&self) -> Option<Unix> {
        self.legs.iter().filter_map(|leg| leg.invoice_expires).min()
    }
    /// When what is not locked by then is given up: none once everything is, or before anything was begun.
    pub fn lock_by(&self) -> Option<Unix> {
        let all = self.legs.iter().all(Leg::is_locked);
        self.pay_by().filter(|_| !all && self.deadlines.is_none())
    }
    /// The end of the time in which everything must be locked: the earlier of the bid's limit and the invoices' expiry.
    pub fn pay_by(&self) -> Option<Unix> {
        let limit = self.offered_at.map(|at| at.plus(self.terms.payment_timeout_seconds));
        [limit, self.invoices_expire()].into_iter().flatten().min()
    }
}
