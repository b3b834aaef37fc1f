//! Saying: an event of the other side is put to the rules of admission, and what they make of it is handed to the machine.

use crate::{EngineError, cabinet::Kept, commit::Along, event::EngineEvent, inner::Inner};
use domp_escrow::{
    admission::{Admission, Aside, Reader, admit, admit_own},
    input::{Input, Said},
    trade::Trade,
};
use domp_ports::journal::Document;
use domp_protocol::{
    event::VerifiedEvent,
    ids::{EventId, NodeId, TradeId},
    tags::sealed::Sealed,
    units::Unix,
};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Rules of admission: those for the other side's events, or for our own.
type Judge = fn(&Trade, &VerifiedEvent, &Reader<'_>) -> Admission;

impl Inner {
    /// Puts an event to a trade. It is judged by the time `as_of`, which is now unless it is an old one found again.
    pub(crate) async fn say(
        self: &Arc<Self>,
        trade: TradeId,
        event: &VerifiedEvent,
        marker: Option<Document>,
        was_held: bool,
        as_of: Unix,
    ) -> Result<(), EngineError> {
        let own_node = self.own_node().await?;
        let mut place = self.cabinet.place(&trade).await;
        let kept = self.kept(&mut place, &trade).await?;
        self.read_up(kept).await?;
        let admission = self.admitted(kept, event, own_node, as_of, admit);
        match admission {
            Admission::Said { said, preimage } => {
                if let Some(preimage) = preimage {
                    // On disk before the machine hears of it, so that it can be used whatever happens next.
                    self.keep_secret(&preimage).await?;
                }
                if kept.repeats(event.id(), self.moment()?.height) {
                    return Ok(());
                }
                let mut documents: Vec<Document> = Vec::new();
                if !kept.has(&event.id()) {
                    documents.extend(marker);
                    if !matches!(said, Said::Receipt { .. }) {
                        documents.push(self.document_of(event, Some(trade)));
                    }
                }
                let input = Input::Said { event: event.id(), said };
                self.take(place, trade, &input, Along { documents, ..Along::default() }).await?;
                self.held_no_more(&event.id());
                Ok(())
            }
            Admission::Aside(aside) => {
                let document = self.document_of(event, Some(trade));
                if kept.has_room_for(&document) {
                    self.ports.journal.keep_document(document.clone()).await?;
                    kept.remember(&document);
                    self.tell_aside(trade, event, &aside);
                } else if was_held {
                    return self.let_go(event).await;
                }
                self.held_no_more(&event.id());
                self.keep_marker(marker).await
            }
            Admission::Held { missing } => {
                drop(place);
                self.hold_event(event, missing, Some(trade)).await
            }
            Admission::Refused(refused) => {
                let text = format!("kind {} of {}: {refused}", event.kind(), event.author().short());
                if refused.is_alarm() {
                    self.alarm(Some(trade), text);
                } else {
                    tracing::info!(trade = trade.short(), "{text}");
                    self.tell(EngineEvent::Ignored { trade: Some(trade), event: event.id(), reason: text });
                }
                self.done_with(event, marker, was_held).await
            }
            Admission::Own | Admission::Foreign => self.done_with(event, marker, was_held).await,
        }
    }

    /// Puts an event of our own, which this store did not write, to its trade.
    pub(crate) async fn wrote(
        self: &Arc<Self>,
        trade: TradeId,
        event: &VerifiedEvent,
        marker: Option<Document>,
    ) -> Result<(), EngineError> {
        let own_node = self.own_node().await?;
        let mut place = self.cabinet.place(&trade).await;
        let kept = self.kept(&mut place, &trade).await?;
        self.read_up(kept).await?;
        // A secret that we sealed for the other side opens with the same two keys.
        let admission = self.admitted(kept, event, own_node, self.now(), admit_own);
        match admission {
            Admission::Said { said, .. } => {
                let documents = marker.into_iter().chain([self.document_of(event, Some(trade))]).collect();
                let input = Input::Wrote { event: event.id(), said };
                self.take(place, trade, &input, Along { documents, ..Along::default() }).await?;
                self.held_no_more(&event.id());
                Ok(())
            }
            Admission::Held { missing } => {
                drop(place);
                self.hold_event(event, missing, Some(trade)).await
            }
            Admission::Aside(_) | Admission::Refused(_) | Admission::Own | Admission::Foreign => {
                tracing::debug!(
                    event = event.id().short(),
                    "an event of ours that says nothing to its trade"
                );
                self.held_no_more(&event.id());
                self.keep_marker(marker).await
            }
        }
    }

    /// What the rules of admission make of an event.
    fn admitted(
        &self,
        kept: &Kept,
        event: &VerifiedEvent,
        own_node: NodeId,
        now: Unix,
        judge: Judge,
    ) -> Admission {
        let times = kept.times.as_ref();
        let made_at = |id: &EventId| times.and_then(|times| times.get(id)).copied();
        let peer = kept.trade.peer_key();
        let open_secret = |sealed: &Sealed| {
            self.ports.identity.decrypt_from(&peer, sealed.as_str()).ok().map(Zeroizing::new)
        };
        let reader = Reader {
            now,
            own_node,
            may_split: true,
            commits: kept.commits,
            made_at: &made_at,
            open_secret: &open_secret,
        };
        judge(&kept.trade, event, &reader)
    }

    async fn done_with(
        self: &Arc<Self>,
        event: &VerifiedEvent,
        marker: Option<Document>,
        was_held: bool,
    ) -> Result<(), EngineError> {
        if was_held {
            self.let_go(event).await?;
        }
        self.keep_marker(marker).await
    }

    /// Words between people are shown and move no money.
    fn tell_aside(&self, trade: TradeId, event: &VerifiedEvent, aside: &Aside) {
        let text = match aside {
            Aside::Note(note) => note.text.clone(),
            Aside::Address(_) => "the shipping address has arrived".to_owned(),
            Aside::Message(message) => message.message.clone(),
            Aside::CounterBid { offer } => format!("counter bid: {offer}"),
            Aside::Terms(words) => format!("other terms proposed: {words}"),
            Aside::NotSpoken(what) => format!("{what}: not understood by this version, kept and ignored"),
        };
        self.tell(EngineEvent::Words { trade, from: event.author(), text });
    }
}
