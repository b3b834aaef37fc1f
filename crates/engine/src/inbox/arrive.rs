//! Arrivals: from a relay's text to the trade that it is about.

use crate::{EngineError, documents::WRAP_KIND, inner::Inner, troubles::Source};
use domp_ports::{journal::Document, relays::Delivered};
use domp_protocol::{
    event::{EventError, VerifiedEvent},
    ids::{EventId, TradeId},
    kinds::{Body, Signed},
    private::{PRIVATE_KIND, Private},
};
use std::sync::Arc;

/// Where an event belongs.
enum Route {
    /// To this trade.
    Trade(TradeId),
    /// To a trade that is not known until this event is.
    Missing(EventId),
    /// Nowhere.
    Nowhere,
}

impl Inner {
    /// Deals with what a relay delivered, whatever it is.
    pub(crate) async fn deliver(self: &Arc<Self>, delivered: Delivered) {
        let mark = self.inbox.seen.mark(&delivered.json);
        let Some(under_way) = self.inbox.seen.begin(mark) else { return };
        let event = VerifiedEvent::check(&delivered.json, self.now()).or_else(|error| match error {
            // A wrap's time is made up (NIP-59) and means nothing.
            EventError::Future { .. } => VerifiedEvent::check_stored(&delivered.json)
                .ok()
                .filter(|event| event.kind() == WRAP_KIND)
                .ok_or(error),
            error => Err(error),
        });
        let dealt_with = match event {
            Ok(event) => self.insist(&event, None, false).await,
            Err(error) => {
                tracing::debug!(relay = delivered.relay, %error, "not an event, or not yet");
                !matches!(error, EventError::Future { .. })
            }
        };
        if dealt_with {
            under_way.remember();
        }
    }

    /// Deals with an event, again and again for as long as the database or the node is away. False if it is from the future,
    /// or there was no room for it: its time may come.
    pub(super) async fn insist(
        self: &Arc<Self>,
        event: &VerifiedEvent,
        marker: Option<Document>,
        was_held: bool,
    ) -> bool {
        let mut pause = self.config.times.retry_first;
        loop {
            match Box::pin(self.arrive(event, marker.clone(), was_held)).await {
                Ok(()) => return true,
                Err(error @ (EngineError::Journal(_) | EngineError::NoTip(_) | EngineError::Node(_))) => {
                    tracing::debug!(event = event.id().short(), %error, "not dealt with yet");
                }
                Err(error) => {
                    tracing::debug!(event = event.id().short(), %error, "not taken in");
                    let again = matches!(
                        error,
                        EngineError::Event(EventError::Future { .. }) | EngineError::NoRoom(_)
                    );
                    return !again;
                }
            }
            tokio::time::sleep(pause).await;
            pause = self.longer(pause);
        }
    }

    async fn arrive(
        self: &Arc<Self>,
        event: &VerifiedEvent,
        marker: Option<Document>,
        was_held: bool,
    ) -> Result<(), EngineError> {
        if event.kind() == WRAP_KIND {
            return self.unwrap(event).await;
        }
        if event.author() == self.me {
            return self.own_again(event, marker).await;
        }
        if event.kind() == 301 {
            return self.take_bid(event, marker).await;
        }
        let public = marker.is_none() && !was_held;
        if public && event.kind() != PRIVATE_KIND && self.is_known(event).await? {
            return Ok(());
        }
        match self.route(event).await? {
            Route::Trade(trade) => self.say(trade, event, marker, was_held, self.now()).await,
            Route::Missing(missing) => self.hold_event(event, missing, None).await,
            Route::Nowhere if was_held => self.let_go(event).await,
            Route::Nowhere => self.keep_marker(marker).await,
        }
    }

    /// A gift wrap: what is inside is dealt with as if it had come by itself, and the wrap is not opened a second time.
    async fn unwrap(self: &Arc<Self>, wrap: &VerifiedEvent) -> Result<(), EngineError> {
        if self.ports.journal.document(&wrap.id()).await?.is_some() {
            return Ok(());
        }
        let unwrapped = match self.ports.identity.unwrap(&wrap.json()) {
            Ok(unwrapped) => unwrapped,
            Err(error) => {
                tracing::debug!(wrap = wrap.id().short(), %error, "not opened");
                return Ok(());
            }
        };
        let inner = match VerifiedEvent::check(&unwrapped.inner_json, self.now()) {
            Ok(inner) if inner.kind() != WRAP_KIND => inner,
            Ok(_) => return Ok(()),
            // Its time may come, so it is not remembered as dealt with.
            Err(error @ EventError::Future { .. }) => return Err(error.into()),
            Err(error) => {
                tracing::debug!(sender = unwrapped.sender.short(), %error, "a wrap holds no event");
                return Ok(());
            }
        };
        let marker = Document {
            id: wrap.id(),
            kind: WRAP_KIND,
            author: wrap.author(),
            created_at: wrap.created_at(),
            trade: None,
            made_by: None,
            held_for: None,
            json: String::new(),
        };
        Box::pin(self.arrive(&inner, Some(marker), false)).await
    }

    /// An event of ours, come back: mostly one that this store wrote itself. Of another it takes note (C-47).
    async fn own_again(
        self: &Arc<Self>,
        event: &VerifiedEvent,
        marker: Option<Document>,
    ) -> Result<(), EngineError> {
        let begins = matches!(event.kind(), 300 | 301);
        if begins || self.is_known(event).await? {
            return self.keep_marker(marker).await;
        }
        match self.route(event).await? {
            Route::Trade(trade) => self.wrote(trade, event, marker).await,
            Route::Missing(missing) => self.hold_event(event, missing, None).await,
            Route::Nowhere => self.keep_marker(marker).await,
        }
    }

    pub(crate) async fn keep_marker(self: &Arc<Self>, marker: Option<Document>) -> Result<(), EngineError> {
        let Some(marker) = marker.filter(|_| !self.short_of_room()) else { return Ok(()) };
        self.ports.journal.keep_document(marker).await?;
        if self.inbox.count_mark() {
            let inner = Arc::clone(self);
            self.life.spawn(async move {
                let most = inner.config.bounds.marks;
                if let Err(error) = inner.ports.journal.forget_but_newest(WRAP_KIND, most).await {
                    inner.troubles.journal_failed(&error);
                }
            });
        }
        Ok(())
    }

    /// Whether the disk is so full that nothing of strangers is stored any more: what is left is for our own trades.
    pub(super) fn short_of_room(&self) -> bool {
        self.troubles.has(Source::Room)
    }

    /// Looks how full the disk is.
    pub(crate) async fn look_for_room(&self) {
        let Ok(Some(room)) = self.ports.journal.room().await else { return };
        let least = self.config.bounds.least_room;
        if room >= least {
            self.troubles.clear(Source::Room);
            return;
        }
        let (room, least) = (room >> 20, least >> 20);
        if !self.short_of_room() {
            self.troubles.set(
                Source::Room,
                format!(
                    "the disk of the database has {room} MiB left, less than {least} MiB: bids and other events of strangers are not taken in until there is more; open trades go on, until it is full"
                ),
            );
        }
    }

    /// Whether a public event has been taken into a trade before.
    async fn is_known(&self, event: &VerifiedEvent) -> Result<bool, EngineError> {
        let known = self.ports.journal.document(&event.id()).await?;
        Ok(known.is_some_and(|known| known.trade.is_some() && known.held_for.is_none()))
    }

    async fn route(self: &Arc<Self>, event: &VerifiedEvent) -> Result<Route, EngineError> {
        if event.kind() == PRIVATE_KIND {
            return match Private::parse(event.content()) {
                Ok(private) if self.has_trade(&private.trade).await? => Ok(Route::Trade(private.trade)),
                Ok(private) => Ok(Route::Missing(private.trade)),
                Err(_) => self.route_by_links(event).await,
            };
        }
        if !super::PUBLIC_KINDS.contains(&event.kind()) {
            return Ok(Route::Nowhere);
        }
        let Ok(signed) = Signed::<Body>::read(event) else { return self.route_by_links(event).await };
        let Some(predecessor) = signed.body().predecessor() else { return Ok(Route::Nowhere) };
        if let Some(trade) = self.trade_of_event(&predecessor).await? {
            return Ok(Route::Trade(trade));
        }
        let links = signed.links();
        let for_us =
            links.people.contains(&self.me) || links.refs.iter().any(|link| self.inbox.follows(&link.id));
        Ok(if for_us { Route::Missing(predecessor) } else { Route::Nowhere })
    }

    /// For words without a trade in them, and for malformed events, which the trade's rules answer with a reason.
    async fn route_by_links(self: &Arc<Self>, event: &VerifiedEvent) -> Result<Route, EngineError> {
        let referred = event.tags().iter().filter_map(|tag| match tag.as_slice() {
            [name, id, ..] if name == "e" => id.parse::<EventId>().ok(),
            _ => None,
        });
        for id in referred.take(domp_protocol::tags::links::MOST_LINKS) {
            if let Some(trade) = self.trade_of_event(&id).await? {
                return Ok(Route::Trade(trade));
            }
        }
        Ok(Route::Nowhere)
    }

    /// The trade that an event belongs to, if it is stored here.
    pub(super) async fn trade_of_event(
        self: &Arc<Self>,
        id: &EventId,
    ) -> Result<Option<TradeId>, EngineError> {
        if let Some(document) = self.ports.journal.document(id).await? {
            return Ok(document.trade.filter(|_| document.held_for.is_none()));
        }
        Ok(None)
    }

    /// Whether this trade is ours.
    pub(crate) async fn has_trade(&self, id: &TradeId) -> Result<bool, EngineError> {
        let slot = self.cabinet.slot(id);
        let mut place = slot.lock().await;
        match self.kept(&mut place, id).await {
            Ok(_) => Ok(true),
            Err(EngineError::NoTrade(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
