//! Bids on our listings: each valid one begins a trade of its own.

use crate::{EngineError, event::EngineEvent, inner::Inner};
use domp_escrow::{
    input::Input,
    offering::{self, Given, OfferError},
    terms::Terms,
    trade::Trade,
};
use domp_ports::journal::Document;
use domp_protocol::{
    anti_spam::{Proof, Verdict},
    event::VerifiedEvent,
    ids::EventId,
    kinds::{Bid, Body, Listing, Signed},
    pow::{Difficulty, MAX_MINED_BITS},
};
use std::sync::Arc;

/// Counter bids and earlier bids that one bid may lean on.
const MOST_EARLIER: usize = 16;

/// What became of a bid.
enum Judged {
    Terms(Box<Terms>),
    Waits(EventId),
    Refused(OfferError),
}

impl Inner {
    /// A bid arrived. If it is on a listing of ours and fits it, the seller's side of a trade begins.
    pub(super) async fn take_bid(
        self: &Arc<Self>,
        event: &VerifiedEvent,
        marker: Option<Document>,
    ) -> Result<(), EngineError> {
        let bid = match Signed::<Bid>::read_as(event) {
            Ok(bid) => bid,
            Err(error) => {
                self.tell_refused_bid(event, &error.to_string());
                return self.keep_marker(marker).await;
            }
        };
        let Some(listing) = self.own_listing(&bid.body().listing).await? else {
            return self.keep_marker(marker).await;
        };
        if self.has_trade(&event.id()).await? {
            return self.keep_marker(marker).await;
        }
        if let Some(reason) = self.unwelcome(event) {
            tracing::debug!(bid = event.id().short(), reason, "not taken in");
            self.tell(EngineEvent::Ignored { trade: None, event: event.id(), reason });
            return Ok(());
        }
        match self.judge(&listing, &bid).await? {
            Judged::Waits(missing) => self.hold_event(event, missing, None).await,
            Judged::Refused(error) => {
                self.tell_refused_bid(event, &error.to_string());
                self.held_no_more(&event.id());
                self.keep_marker(marker).await
            }
            Judged::Terms(_) if self.inbox.bids_of(&bid.author()) >= self.config.bounds.bids_per_author => {
                let most = self.config.bounds.bids_per_author;
                self.tell_refused_bid(
                    event,
                    &format!("its author has {most} bids waiting already, and that is the most"),
                );
                Ok(())
            }
            Judged::Terms(terms) => {
                let mut documents: Vec<Document> = marker.into_iter().collect();
                documents.push(self.document_of(event, Some(event.id())));
                self.begin(Trade::for_seller(*terms), &Input::Begin, documents).await?;
                self.held_no_more(&event.id());
                Ok(())
            }
        }
    }

    /// Why a bid is not looked at, whatever it says: it cost its author no work, or there are as many as we look after.
    fn unwelcome(&self, event: &VerifiedEvent) -> Option<String> {
        let bounds = &self.config.bounds;
        if let Err(reason) = worked_for(event, bounds.bid_work_bits) {
            return Some(format!("bid {}: {reason}", event.id()));
        }
        if self.inbox.all_bids() >= bounds.bids {
            let most = bounds.bids;
            return Some(format!("bid {}: {most} bids wait for an answer, and that is the most", event.id()));
        }
        self.short_of_room().then(|| format!("bid {}: the disk is nearly full", event.id()))
    }

    /// The bid against the listing, with the counter bids that it answers as far as they are stored.
    async fn judge(&self, listing: &Signed<Listing>, bid: &Signed<Bid>) -> Result<Judged, EngineError> {
        let mut earlier: Vec<Signed<Body>> = Vec::new();
        loop {
            let given = Given {
                network: self.config.network,
                now: self.now(),
                earlier: &earlier,
                policy: self.config.policy,
            };
            let missing = match offering::terms(listing, bid, &given) {
                Ok(terms) => return Ok(Judged::Terms(Box::new(terms))),
                Err(OfferError::Waits(missing)) => missing,
                Err(error) => return Ok(Judged::Refused(error)),
            };
            let stored = self.ports.journal.document(&missing).await?;
            let known = stored
                .and_then(|document| VerifiedEvent::check_stored(&document.json).ok())
                .and_then(|event| Signed::<Body>::read(&event).ok())
                .filter(|_| earlier.len() < MOST_EARLIER);
            match known {
                Some(event) => earlier.push(event),
                None => return Ok(Judged::Waits(missing)),
            }
        }
    }

    /// A listing of ours, from storage.
    pub(crate) async fn own_listing(&self, id: &EventId) -> Result<Option<Signed<Listing>>, EngineError> {
        let stored = self.ports.journal.document(id).await?;
        Ok(stored
            .filter(|document| document.author == self.me && document.kind == 300)
            .and_then(|document| VerifiedEvent::check_stored(&document.json).ok())
            .and_then(|event| Signed::<Listing>::read_as(&event).ok()))
    }

    fn tell_refused_bid(&self, event: &VerifiedEvent, reason: &str) {
        let reason = format!("bid {} of {} is refused: {reason}", event.id(), event.author().short());
        tracing::info!("{reason}");
        self.tell(EngineEvent::Ignored { trade: None, event: event.id(), reason });
    }
}

/// Whether an event carries a proof of at least so much work.
fn worked_for(event: &VerifiedEvent, bits: u16) -> Result<(), String> {
    if bits == 0 {
        return Ok(());
    }
    let required = Difficulty::new(bits.min(MAX_MINED_BITS)).map_err(|error| error.to_string())?;
    match Proof::read(event.kind(), event.tags()) {
        Ok(Proof::Work { difficulty, .. }) => match Proof::check_work(&event.id(), difficulty, required) {
            Verdict::Holds => Ok(()),
            verdict => Err(verdict.to_string()),
        },
        Ok(_) => Err(format!("it carries no proof of work, and {required} are asked for")),
        Err(error) => Err(error.to_string()),
    }
}
