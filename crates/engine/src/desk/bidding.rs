//! Bidding: the secrets are made and stored, the bid is signed, and the buyer's side of a trade begins.

use super::{NewBid, Preview, orders::Claim};
use crate::{EngineError, backup::Backup, inner::Inner, view::TradeView};
use domp_escrow::{
    draft::desk,
    input::{Command, Input},
    offering::{self, Given, OfferError},
    situation::commitment,
    terms::Terms,
    trade::Trade,
};
use domp_protocol::{
    deadlines::Agreed,
    event::VerifiedEvent,
    ids::{Nonce, PaymentHash},
    kinds::{Bid, Listing, Signed, bid::PAYMENT_TIMEOUT_HOURS},
    purpose::Purpose,
    tags::{node::LnNode, relays::RelayUrl},
    units::Blocks,
};
use std::{collections::BTreeMap, sync::Arc};

/// The longest shipping address, in characters.
const LONGEST_ADDRESS: usize = 2_000;

/// Hash and nonce of each role with an amount.
type Secrets = BTreeMap<Purpose, (PaymentHash, Nonce)>;

impl Inner {
    /// Bids on a listing.
    pub(crate) async fn bid(self: &Arc<Self>, new: NewBid) -> Result<TradeView, EngineError> {
        self.until_recovered().await?;
        self.moment()?;
        check_address(&new)?;
        let event = self.listing_event(new.listing).await?;
        let listing = Signed::<Listing>::read_as(&event)?;
        let node = self.ln_node().await?;
        let planned = self.planned(&listing, &new, &node)?;
        self.check_liquidity(Claim::Bid, &planned).await?;
        let (secrets, backup) = self.make_secrets(&planned, new.shipping_address.as_deref()).await?;
        let signed = self.sign_bid(&listing, &new, &planned, &node, &secrets, &backup).await?;
        let bid_event = VerifiedEvent::check_stored(&signed.json)?;
        let bid = Signed::<Bid>::read_as(&bid_event)?;
        let terms = offering::terms(&listing, &bid, &self.given())?;
        let id = terms.trade;
        if let Some(address) = &new.shipping_address {
            self.keep_address(&id, address).await?;
        }
        let document = self.own_document(&signed, Some(id), None);
        self.begin(Trade::for_buyer(terms, &secrets), &Input::Begin, vec![document]).await?;
        self.view(id).await
    }

    /// What a bid would mean.
    pub(crate) async fn preview_bid(&self, new: &NewBid) -> Result<Preview, EngineError> {
        let at = self.moment()?;
        let event = self.listing_event(new.listing).await?;
        let listing = Signed::<Listing>::read_as(&event)?;
        let node = self.ln_node().await?;
        let planned = self.planned(&listing, new, &node)?;
        let refusal = match check_address(new) {
            Ok(()) => self.check_liquidity(Claim::Bid, &planned).await.err(),
            Err(error) => Some(error),
        };
        let mut lines = vec![
            "A bid locks nothing. If the seller accepts it, you decide once more before your money is locked. Then:".to_owned(),
        ];
        let body = planned_body(&planned, new);
        let mut warnings: Vec<String> =
            offering::remarks(listing.body(), &body).iter().map(ToString::to_string).collect();
        warnings.extend(self.route_warning(&planned));
        lines.extend(commitment(
            &Trade::for_buyer(planned, &Secrets::new()),
            &Command::Pay,
            at,
            &self.config.fee,
        ));
        Ok(Preview { situation: lines, refusal: refusal.map(|error| error.to_string()), warnings })
    }

    fn given(&self) -> Given<'_> {
        Given { network: self.config.network, now: self.now(), earlier: &[], policy: self.config.policy }
    }

    /// D_B. A node that never holds lets go of nothing, but the tag wants a number, and the least is one.
    fn auto_cancel(&self) -> Blocks {
        self.ports.lightning.capabilities().auto_cancel.max(Blocks(1))
    }

    /// The terms that the bid will have, but for its id.
    fn planned(&self, listing: &Signed<Listing>, new: &NewBid, node: &LnNode) -> Result<Terms, EngineError> {
        let escrow = listing.body().escrow.as_ref();
        let escrow = escrow.ok_or(OfferError::NoEscrow { of: "listing", kind: 300 })?;
        if listing.author() == self.me {
            let problem = "is your own; bid on somebody else's".to_owned();
            return Err(EngineError::BadField { field: "listing", problem });
        }
        let price = new.amount.unwrap_or(listing.body().price);
        let hours = new.payment_timeout_hours.unwrap_or(PAYMENT_TIMEOUT_HOURS);
        Ok(Terms {
            trade: listing.id(),
            listing: listing.id(),
            buyer: self.me,
            seller: listing.author(),
            buyer_node: node.node,
            seller_node: escrow.node.node,
            network: self.config.network,
            price,
            buyer_collateral: new.buyer_collateral.unwrap_or(price),
            agreed: Agreed { buyer_auto_cancel: Some(self.auto_cancel()), ..escrow.heights },
            bid_at: self.now(),
            payment_timeout_seconds: u64::from(hours) * 3600,
            relays: escrow.relays.iter().map(ToString::to_string).collect(),
        })
    }

    /// The secrets, stored, and the recovery data that goes into the bid.
    async fn make_secrets(
        &self,
        planned: &Terms,
        address: Option<&str>,
    ) -> Result<(Secrets, Backup), EngineError> {
        let mut secrets = Secrets::new();
        let mut backup = Backup::new(address);
        for (purpose, ..) in planned.legs() {
            let (hash, salt) = self.make_secret(purpose).await?;
            let nonce = Nonce::from_bytes(self.ports.identity.random());
            secrets.insert(purpose, (hash, nonce));
            backup.add(purpose, &salt, nonce);
        }
        Ok((secrets, backup))
    }

    async fn sign_bid(
        self: &Arc<Self>,
        listing: &Signed<Listing>,
        new: &NewBid,
        planned: &Terms,
        node: &LnNode,
        secrets: &Secrets,
        backup: &Backup,
    ) -> Result<crate::mail::Signed, EngineError> {
        let capabilities = self.ports.lightning.capabilities();
        let backup = backup.seal(self)?;
        let relays: Vec<RelayUrl> = self.own_relays()?;
        let bid = desk::NewBid {
            listing,
            answers: None,
            amount: planned.price,
            buyer_collateral: planned.buyer_collateral,
            message: new.message.as_deref(),
            payment_timeout_hours: new.payment_timeout_hours,
            secrets,
            node,
            auto_cancel: self.auto_cancel(),
            holds: Some(capabilities.holds),
            relays: &relays,
            backup: &backup,
            now: self.now(),
        };
        let draft = desk::bid(&bid)?;
        let mut readers = self.config.relays.clone();
        readers.extend(planned.relays.iter().cloned());
        let draft = self.with_work(None, draft, &readers).await?;
        Ok(self.sign(draft)?)
    }
}

fn check_address(new: &NewBid) -> Result<(), EngineError> {
    let Some(address) = &new.shipping_address else { return Ok(()) };
    let length = address.chars().count();
    if (1..=LONGEST_ADDRESS).contains(&length) {
        return Ok(());
    }
    let problem = format!("has {length} characters; it must have 1 to {LONGEST_ADDRESS}");
    Err(EngineError::BadField { field: "shipping_address", problem })
}

/// The bid's content as far as remarks read it.
fn planned_body(planned: &Terms, new: &NewBid) -> Bid {
    Bid {
        listing: new.listing,
        amount: planned.price,
        buyer_collateral: planned.buyer_collateral,
        message: new.message.clone(),
        shipping_address_hash: None,
        payment_timeout_hours: new.payment_timeout_hours,
        escrow: None,
    }
}
