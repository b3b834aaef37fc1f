//! The desk: listings and bids, written before there is a trade.

use super::{DraftError, private};
use crate::offering::{LEAST_WITH_WARNING, OfferError, Policy};
use domp_protocol::{
    deadlines::Agreed,
    event::EventDraft,
    ids::{Nonce, PaymentHash, PublicKey},
    invoice::SMALLEST_PART,
    kinds::{Bid, BidEscrow, CounterBid, Kind, Listing, Signed},
    node_proof::ProvenNode,
    purpose::Purpose,
    tags::{
        escrow::Mode,
        links::{Links, Marker},
        node::LnNode,
        relays::RelayUrl,
        sealed::Sealed,
    },
    units::{Blocks, Sat, Unix},
};
use std::collections::BTreeMap;

/// A listing (kind 300) of the person with this key.
///
/// # Errors
/// When nobody could bid on it: no direct mode, a price too small, a node that did not sign for this key, or content
/// that readers refuse.
pub fn listing(
    listing: &Listing,
    seller: &PublicKey,
    policy: Policy,
    now: Unix,
) -> Result<EventDraft, DraftError> {
    let escrow = listing.escrow.as_ref().ok_or(OfferError::NoEscrow { of: "listing", kind: 300 })?;
    if escrow.modes != [Mode::Direct] {
        let found = escrow.modes.iter().map(|mode| mode.as_str()).collect::<Vec<_>>().join(", ");
        return Err(OfferError::ModeNotSpoken { of: "listing", found }.into());
    }
    escrow.heights.check().map_err(OfferError::from)?;
    let least = if policy.allow_small { LEAST_WITH_WARNING } else { SMALLEST_PART };
    if listing.price < least {
        let (role, found) = (Purpose::Purchase, listing.price);
        return Err(OfferError::TooSmall { role, found, least, way_out: "" }.into());
    }
    ProvenNode::verify(&escrow.node.node, seller, &escrow.node.signature)?;
    Ok(listing.draft(&Links::default(), now)?)
}

/// A bid to be made.
pub struct NewBid<'a> {
    /// On which listing.
    pub listing: &'a Signed<Listing>,
    /// The counter bid that it answers, if it is above the price.
    pub answers: Option<&'a Signed<CounterBid>>,
    /// How much for the goods.
    pub amount: Sat,
    /// The buyer's collateral; zero for none.
    pub buyer_collateral: Sat,
    /// Words for the seller, public.
    pub message: Option<&'a str>,
    /// Hours from the acceptance to the lock.
    pub payment_timeout_hours: Option<u8>,
    /// Hash and nonce of each role with an amount, as [`crate::trade::Trade::for_buyer`] takes them.
    pub secrets: &'a BTreeMap<Purpose, (PaymentHash, Nonce)>,
    /// Our node, with its signature for our Nostr key.
    pub node: &'a LnNode,
    /// D_B: how many blocks before an HTLC's expiry our node lets go of it.
    pub auto_cancel: Blocks,
    /// Whether our node can hold payments, for later versions.
    pub holds: Option<bool>,
    /// Where we read and send.
    pub relays: &'a [RelayUrl],
    /// The salts of the secrets, encrypted to ourselves.
    pub backup: &'a Sealed,
    /// Our clock.
    pub now: Unix,
}

/// A bid (kind 301). Whether it would become a trade is asked of [`crate::offering::terms`] once it is signed.
///
/// # Errors
/// When the listing cannot be bid on in direct mode, a secret is missing, or readers would refuse the content.
pub fn bid(new: &NewBid<'_>) -> Result<EventDraft, DraftError> {
    let listing = new.listing.body();
    let escrow = listing.escrow.as_ref().ok_or(OfferError::NoEscrow { of: "listing", kind: 300 })?;
    let hashes: Vec<_> =
        new.secrets.iter().map(|(purpose, (hash, nonce))| (*purpose, *hash, *nonce)).collect();
    let commits = private::openings(&hashes)?.commits();
    let body = Bid {
        listing: new.listing.id(),
        amount: new.amount,
        buyer_collateral: new.buyer_collateral,
        message: new.message.map(str::to_owned),
        // A plain hash of an address can be guessed by trying addresses, and is the same in every bid: none is written (C-41).
        shipping_address_hash: None,
        payment_timeout_hours: new.payment_timeout_hours,
        escrow: Some(BidEscrow {
            mode: Mode::Direct,
            heights: Agreed { buyer_auto_cancel: Some(new.auto_cancel), ..escrow.heights },
            commits,
            node: new.node.clone(),
            arbiter: None,
            holds: new.holds,
            relays: new.relays.to_vec(),
            backup: Some(new.backup.clone()),
        }),
    };
    let hint = escrow.relays.first().map_or("", RelayUrl::as_str);
    let mut links = Links::to(new.listing.author()).with(new.listing.id(), hint, Marker::Root);
    let mut created_at = new.now.max(new.listing.created_at());
    if let Some(counter) = new.answers {
        links = links.with(counter.id(), hint, Marker::Reply);
        created_at = created_at.max(counter.created_at());
    }
    Ok(body.draft(&links, created_at)?)
}
