//! Offering: a listing and a bid on it become the terms of a trade, or are refused with the rule they break.
//!
//! Both sides ask the same question: the seller when a bid arrives, the buyer before it publishes its own. What the
//! public events must be to each other is asked of the chain (`domp_protocol::chain`); what this version speaks, what is
//! too small to be safe, whose node it is and what a party's own policy wants is asked here.

use crate::{situation::amount::sats, terms::Terms};
use domp_protocol::{
    chain::{Added, Chain, ChainError},
    deadlines::OutOfRange,
    ids::{EventId, NodeId, PublicKey},
    invoice::SMALLEST_PART,
    kinds::{Bid, BidEscrow, Body, Listing, ListingEscrow, Signed},
    network::Network,
    node_proof::{NodeProofError, ProvenNode},
    purpose::Purpose,
    tags::{
        escrow::Mode,
        node::LnNode,
        relays::{MOST_RELAYS, RelayUrl},
    },
    units::{Sat, Unix},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The smallest amount that may be locked at all, and only by a person who was warned: below it an HTLC is dust.
pub const LEAST_WITH_WARNING: Sat = match Sat::new(1_000) {
    Ok(sat) => sat,
    Err(_) => Sat::ZERO,
};

/// What one party wants beyond the protocol's own rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The least collateral of the buyer, in percent of the bid; DIP-02 wants 100. In direct mode it cannot be lost, so
    /// a seller may as well ask for less.
    pub min_collateral_percent: u32,
    /// Take amounts from [`LEAST_WITH_WARNING`] to below 20,000 sat: our person was warned that after a force-close such
    /// an HTLC is not worth its own fee.
    pub allow_small: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { min_collateral_percent: 100, allow_small: false }
    }
}

/// What is known beside the listing and the bid.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The network that our node is on. The events do not say it; the invoices will.
    pub network: Network,
    /// Our clock.
    pub now: Unix,
    /// Counter bids (302) that the bid answers and the earlier bids those answered, in any order; mostly none.
    pub earlier: &'a [Signed<Body>],
    /// What our person wants.
    pub policy: Policy,
}

/// Why a bid on a listing cannot become a trade.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// An event of another client, without this project's tags.
    #[error(
        "the {of} (kind {kind}) has no escrow tag: it was made by a client that does not speak this escrow"
    )]
    NoEscrow {
        /// `listing` or `bid`.
        of: &'static str,
        /// Its kind.
        kind: u16,
    },
    /// A mode that this version does not speak.
    #[error(
        "tag escrow of the {of} names {found} only; arbitrated mode is not in this version, so only `direct` can be traded"
    )]
    ModeNotSpoken {
        /// `listing` or `bid`.
        of: &'static str,
        /// The modes it names.
        found: String,
    },
    /// The bid is on another listing.
    #[error("field product_ref of the bid is {named}, the listing is {listing}")]
    OtherListing {
        /// What the bid names.
        named: EventId,
        /// The listing at hand.
        listing: EventId,
    },
    /// The bid answers an event that was not given.
    #[error(
        "the bid answers {0}, which has not arrived: a bid above the price needs the counter bid it answers"
    )]
    Waits(EventId),
    /// The bid breaks a rule of the chain.
    #[error("the bid does not fit the listing: {0}")]
    Chain(#[from] ChainError),
    /// Bids are answered within two weeks.
    #[error("the bid was made at {} and lapsed at {}: a bid counts for two weeks", .made.0, .lapsed.0)]
    Lapsed {
        /// When it was made.
        made: Unix,
        /// When it lapsed.
        lapsed: Unix,
    },
    /// A number of blocks outside its range, or a hold above the ceiling `[D3-53]` `[D3-54]`.
    #[error("tag heights of the bid: {0}")]
    Heights(#[from] OutOfRange),
    /// Too small to be worth its own fee on chain.
    #[error("{role} is {found}; it must be {}at least {least}{way_out}", if *role == Purpose::Purchase { "" } else { "0 sat or " })]
    TooSmall {
        /// Which payment.
        role: Purpose,
        /// Its amount.
        found: Sat,
        /// The least.
        least: Sat,
        /// What can be done about it.
        way_out: &'static str,
    },
    /// Less collateral than our person wants.
    #[error(
        "buyer_collateral_satoshis is {found}; DIP-02 and this policy want at least {percent} % of the bid of {bid}, which is \
         {least}: raise the collateral, or lower min_collateral_percent"
    )]
    CollateralTooSmall {
        /// The bid's collateral.
        found: Sat,
        /// The bid.
        bid: Sat,
        /// The policy.
        percent: u32,
        /// What it comes to.
        least: Sat,
    },
    /// A node that did not sign for the person `[D3-19]`.
    #[error("tag ln_node of the {of}: {error}")]
    NodeProof {
        /// `listing` or `bid`.
        of: &'static str,
        /// What is wrong with it.
        error: NodeProofError,
    },
    /// One node for both: a payment to oneself is no escrow `[D3-61]`.
    #[error("the listing and the bid name the same Lightning node {0}; the two sides need a node each")]
    SameNode(NodeId),
}

/// The terms of the trade that this bid on this listing begins.
///
/// # Errors
/// The first rule that is broken; see [`OfferError`]. [`OfferError::Waits`] alone may change with what arrives later.
pub fn terms(listing: &Signed<Listing>, bid: &Signed<Bid>, given: &Given<'_>) -> Result<Terms, OfferError> {
    let (offered, chosen) = direct(listing.body(), bid.body())?;
    fits(listing, bid, given.earlier)?;
    chosen.heights.check()?;
    amounts(bid.body(), given.policy)?;
    let seller_node = proven("listing", &offered.node, &listing.author())?;
    let buyer_node = proven("bid", &chosen.node, &bid.author())?;
    if seller_node == buyer_node {
        return Err(OfferError::SameNode(buyer_node));
    }
    let terms = Terms {
        trade: bid.id(),
        listing: listing.id(),
        buyer: bid.author(),
        seller: listing.author(),
        buyer_node,
        seller_node,
        network: given.network,
        price: bid.body().amount,
        buyer_collateral: bid.body().buyer_collateral,
        agreed: chosen.heights,
        bid_at: bid.created_at(),
        payment_timeout_seconds: u64::from(bid.body().payment_timeout_hours()) * 3600,
        relays: merged(&chosen.relays, &offered.relays, given.network),
    };
    let lapsed = terms.lapses_at();
    if given.now >= lapsed {
        return Err(OfferError::Lapsed { made: terms.bid_at, lapsed });
    }
    Ok(terms)
}

/// Both events' escrow tags, if both speak direct mode.
fn direct<'a>(listing: &'a Listing, bid: &'a Bid) -> Result<(&'a ListingEscrow, &'a BidEscrow), OfferError> {
    let none = |of, kind| OfferError::NoEscrow { of, kind };
    let not_spoken = |of, modes: &[Mode]| {
        let found = modes.iter().map(|mode| mode.as_str()).collect::<Vec<_>>().join(", ");
        OfferError::ModeNotSpoken { of, found }
    };
    let offered = listing.escrow.as_ref().ok_or_else(|| none("listing", 300))?;
    let chosen = bid.escrow.as_ref().ok_or_else(|| none("bid", 301))?;
    if !offered.modes.contains(&Mode::Direct) {
        return Err(not_spoken("listing", &offered.modes));
    }
    if chosen.mode != Mode::Direct {
        return Err(not_spoken("bid", &[chosen.mode]));
    }
    Ok((offered, chosen))
}

/// Author, links, times, price and heights, as the chain judges them.
fn fits(listing: &Signed<Listing>, bid: &Signed<Bid>, earlier: &[Signed<Body>]) -> Result<(), OfferError> {
    if bid.body().listing != listing.id() {
        return Err(OfferError::OtherListing { named: bid.body().listing, listing: listing.id() });
    }
    let mut chain = Chain::new(bid.id());
    chain.add(listing.clone().map(Body::from));
    for event in earlier {
        chain.add(event.clone());
    }
    match chain.add(bid.clone().map(Body::from)).added {
        Added::Accepted | Added::Duplicate => Ok(()),
        Added::Held { waiting_for } => Err(OfferError::Waits(waiting_for)),
        Added::Refused(error) => Err(error.into()),
    }
}

fn amounts(bid: &Bid, policy: Policy) -> Result<(), OfferError> {
    large_enough(Purpose::Purchase, bid.amount, policy)?;
    if !bid.buyer_collateral.is_zero() {
        large_enough(Purpose::BuyerCollateral, bid.buyer_collateral, policy)?;
    }
    let percent = policy.min_collateral_percent;
    let wanted = (u128::from(bid.amount.get()) * u128::from(percent)).div_ceil(100);
    if u128::from(bid.buyer_collateral.get()) < wanted {
        let least = u64::try_from(wanted).ok().and_then(|sat| Sat::new(sat).ok()).unwrap_or(bid.amount);
        return Err(OfferError::CollateralTooSmall {
            found: bid.buyer_collateral,
            bid: bid.amount,
            percent,
            least,
        });
    }
    Ok(())
}

fn large_enough(role: Purpose, found: Sat, policy: Policy) -> Result<(), OfferError> {
    let (least, way_out) = if policy.allow_small {
        (LEAST_WITH_WARNING, "; less is dust on chain")
    } else if found >= LEAST_WITH_WARNING {
        (SMALLEST_PART, "; from 1000 sat up it can be allowed by whoever accepts the risk of small HTLCs")
    } else {
        (SMALLEST_PART, "; less is dust on chain")
    };
    if found >= least { Ok(()) } else { Err(OfferError::TooSmall { role, found, least, way_out }) }
}

fn proven(of: &'static str, node: &LnNode, owner: &PublicKey) -> Result<NodeId, OfferError> {
    ProvenNode::verify(&node.node, owner, &node.signature)
        .map(|proven| proven.node())
        .map_err(|error| OfferError::NodeProof { of, error })
}

/// Relays of both, taken in turn so that a long list of one side leaves room for the other's; none twice, at most 16. Local
/// addresses are left out but on regtest, where everybody is on one machine: a stranger's event must not send us to doors of
/// our own house.
fn merged(bids: &[RelayUrl], listings: &[RelayUrl], network: Network) -> Vec<String> {
    let mut relays: Vec<String> = Vec::new();
    for place in 0..bids.len().max(listings.len()) {
        for url in [bids.get(place), listings.get(place)].into_iter().flatten() {
            let known = relays.iter().any(|known| known == url.as_str());
            let fit = network == Network::Regtest || !url.is_local();
            if relays.len() < MOST_RELAYS && !known && fit {
                relays.push(url.to_string());
            }
        }
    }
    relays
}

/// Something that a person should know before bidding or accepting; not a reason to refuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// The listing names a collateral of the seller, which counts as 0 in direct mode `[D3-33]` `[D3-51]`.
    SellerCollateralCountsAsZero {
        /// What the listing says.
        listed: Sat,
    },
    /// The buyer's collateral locks money but cannot be lost `[D3-37]`.
    CollateralCannotBeLost {
        /// The collateral.
        collateral: Sat,
    },
    /// An amount below 20,000 sat.
    Small {
        /// Which payment.
        role: Purpose,
        /// Its amount.
        amount: Sat,
    },
    /// The bid is below the listing's price.
    BelowPrice {
        /// The bid.
        bid: Sat,
        /// The listing's price.
        price: Sat,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SellerCollateralCountsAsZero { listed } => write!(
                f,
                "The listing names a seller collateral of {listed}. In direct mode it counts as 0: with two parties, \
                 \"not delivered\" and \"the buyer is silent\" look the same, so nobody could take it fairly.",
                listed = sats(*listed)
            ),
            Self::CollateralCannotBeLost { collateral } => write!(
                f,
                "The buyer's collateral of {collateral} is locked and always goes home. In direct mode nobody can take it, \
                 so it does not force the buyer to confirm.",
                collateral = sats(*collateral)
            ),
            Self::Small { role, amount } => write!(
                f,
                "{role} is only {amount}. If a channel is closed by force while it is held, it may be lost to fees.",
                amount = sats(*amount)
            ),
            Self::BelowPrice { bid, price } => {
                let (bid, price) = (sats(*bid), sats(*price));
                write!(f, "The bid of {bid} is below the listing's price of {price}.")
            }
        }
    }
}

/// What both people are told of a bid on a listing, whether or not it is refused.
pub fn remarks(listing: &Listing, bid: &Bid) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if let Some(listed) = listing.seller_collateral.filter(|listed| !listed.is_zero()) {
        remarks.push(Remark::SellerCollateralCountsAsZero { listed });
    }
    let roles = [(Purpose::Purchase, bid.amount), (Purpose::BuyerCollateral, bid.buyer_collateral)];
    if !bid.buyer_collateral.is_zero() {
        remarks.push(Remark::CollateralCannotBeLost { collateral: bid.buyer_collateral });
    }
    for (role, amount) in roles {
        if !amount.is_zero() && amount < SMALLEST_PART {
            remarks.push(Remark::Small { role, amount });
        }
    }
    if bid.amount < listing.price {
        remarks.push(Remark::BelowPrice { bid: bid.amount, price: listing.price });
    }
    remarks
}
