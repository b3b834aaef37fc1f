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
    pow::Difficulty,
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
        if let Some(reason) = self.no_room_for_bids() {
            self.tell_refused_bid(event, &reason);
            return Err(EngineError::NoRoom(event.id()));
        }
        if let Some(reason) = self.not_wanted(event, &listing.id()).await? {
            self.tell_refused_bid(event, &reason);
            return self.keep_marker(marker).await;
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
                Err(EngineError::NoRoom(event.id()))
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

    /// Why no bid at all is taken in now.
    fn no_room_for_bids(&self) -> Option<String> {
        let most = self.config.bounds.bids;
        if self.inbox.all_bids() >= most {
            return Some(format!("{most} bids wait for an answer already, and that is the most"));
        }
        self.short_of_room().then(|| "the disk is nearly full".to_owned())
    }

    /// Why no bid like this one is taken, whatever it offers: the listing was withdrawn, or it brings too little work.
    async fn not_wanted(
        &self,
        event: &VerifiedEvent,
        listing: &EventId,
    ) -> Result<Option<String>, EngineError> {
        if let Some(since) = self.withdrawn(listing).await? {
            return Ok(Some(format!("listing {listing} was withdrawn at unix time {}", since.0)));
        }
        let bits = self.config.bounds.bid_work_bits;
        // More than 256 bits nobody has: such a bound would refuse everything, as it says.
        let Ok(required) = Difficulty::new(bits) else { return Ok(Some(format!("{bits} bits of work"))) };
        if required == Difficulty::NONE {
            return Ok(None);
        }
        let refused =
            |why: &dyn std::fmt::Display| Ok(Some(format!("{why}; a bid here needs {required} of work")));
        match Proof::read(event.kind(), event.tags()) {
            Ok(Proof::Work { difficulty, .. }) => {
                match Proof::check_work(&event.id(), difficulty, required) {
                    Verdict::Holds => Ok(None),
                    verdict => refused(&verdict),
                }
            }
            // Whether a relay was paid only that relay knows [D3-68].
            Ok(Proof::Payment { .. } | Proof::Reference { .. }) => {
                refused(&"its proof cannot be checked here")
            }
            Err(error) => refused(&error),
        }
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
