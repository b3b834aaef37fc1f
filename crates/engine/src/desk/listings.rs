//! Listings: made, fetched, browsed.

use super::{EscrowView, ListingView, NewListing, Withdrawn};
use crate::{EngineError, inner::Inner, mail::summary};
use domp_escrow::draft::desk;
use domp_ports::{
    journal::Document,
    lightning::LnError,
    relays::{RelayAnswer, Wanted},
};
use domp_protocol::{
    deadlines::Agreed,
    event::{EventDraft, VerifiedEvent},
    ids::EventId,
    kinds::{Kind, Listing, ListingEscrow, Signed},
    node_proof::ProvenNode,
    tags::escrow::Mode,
    units::Unix,
};
use std::{collections::BTreeMap, sync::Arc};

/// Asks relays to delete events of one's own (NIP-09).
const DELETION_KIND: u16 = 5;

/// The setting that says since when a listing is withdrawn.
fn withdrawn_name(listing: &EventId) -> String {
    format!("listing/{listing}/withdrawn")
}

impl Inner {
    /// Publishes a listing of ours.
    pub(crate) async fn list(self: &Arc<Self>, new: NewListing) -> Result<ListingView, EngineError> {
        let capabilities = self.ports.lightning.capabilities();
        if !capabilities.holds {
            return Err(LnError::Unsupported(
                "hold payments, which a seller's node must; buying works, and for selling connect another node",
            )
            .into());
        }
        let node = self.ln_node().await?;
        let listing = Listing {
            product_name: new.product_name,
            description: new.description,
            price: new.price,
            category: new.category,
            storage_link: new.storage_link,
            shipping_info: new.shipping_info,
            seller_collateral: None,
            name: new.name,
            escrow: Some(ListingEscrow {
                modes: vec![Mode::Direct],
                heights: Agreed {
                    handling: new.handling,
                    transit: new.transit,
                    inspection: new.inspection,
                    seller_auto_cancel: capabilities.auto_cancel,
                    buyer_auto_cancel: None,
                },
                node,
                arbiters: Vec::new(),
                relays: self.own_relays()?,
            }),
        };
        let draft = desk::listing(&listing, &self.me, self.config.policy, self.now())?;
        let draft = self.with_work(None, draft, &[]).await?;
        let signed = self.sign(draft)?;
        // Stored before anybody can bid on it; until a relay has it, it waits for itself and is not shown.
        let document = self.own_document(&signed, None, None);
        let unpublished = Document { held_for: Some(document.id), ..document.clone() };
        self.ports.journal.keep_document(unpublished).await?;
        self.inbox.listing_made(document.id);
        let (answers, _) = self.publish(signed.json.clone(), &[]).await;
        if !answers.iter().any(|(_, answer)| *answer == RelayAnswer::Accepted) {
            tracing::warn!("{}", summary(&answers));
            return Err(EngineError::NotPublished(answers));
        }
        self.ports.journal.keep_document(document).await?;
        let event = VerifiedEvent::check_stored(&signed.json)?;
        self.listing_view(&Signed::<Listing>::read_as(&event)?).await
    }

    /// Withdraws a listing of ours: from now on no bid on it is taken, and relays are asked to delete it (NIP-09). Done again,
    /// the relays are asked again.
    pub(crate) async fn withdraw_listing(self: &Arc<Self>, id: EventId) -> Result<Withdrawn, EngineError> {
        let listing = self.own_listing(&id).await?.ok_or(EngineError::NotYourListing(id))?;
        if self.withdrawn(&id).await?.is_none() {
            let now = self.now().0.to_string();
            self.ports.journal.set_setting(&withdrawn_name(&id), &now).await?;
        }
        let draft = EventDraft {
            kind: DELETION_KIND,
            tags: vec![vec!["e".to_owned(), id.to_string()], vec!["k".to_owned(), Listing::KIND.to_string()]],
            content: String::new(),
            created_at: self.now().max(listing.created_at()),
        };
        let signed = self.sign(self.with_work(None, draft, &[]).await?)?;
        let (mut relays, rest) = self.publish(signed.json, &[]).await;
        if let Some(mut rest) = rest {
            while let Some(answer) = rest.recv().await {
                relays.push(answer);
            }
        }
        Ok(Withdrawn { listing: self.listing_view(&listing).await?, relays })
    }

    /// When a listing of ours was withdrawn, if it was.
    pub(crate) async fn withdrawn(&self, listing: &EventId) -> Result<Option<Unix>, EngineError> {
        let stored = self.ports.journal.setting(&withdrawn_name(listing)).await?;
        // Whatever else stands there: it was withdrawn.
        Ok(stored.map(|text| Unix(text.parse().unwrap_or(0))))
    }

    /// A listing's event, from here or from the relays.
    pub(crate) async fn listing_event(&self, id: EventId) -> Result<VerifiedEvent, EngineError> {
        if let Some(stored) = self.ports.journal.document(&id).await? {
            return Ok(VerifiedEvent::check_stored(&stored.json)?);
        }
        let wanted = Wanted { ids: vec![id], kinds: vec![Listing::KIND], ..Wanted::default() };
        let (delivered, _) = self.ports.relays.fetch(wanted, &[]).await?;
        let found = delivered
            .iter()
            .filter_map(|one| VerifiedEvent::check(&one.json, self.now()).ok())
            .find(|event| event.id() == id);
        let event = found.ok_or(EngineError::NoListing(id))?;
        // Kept, so that what is traded on stays here whatever the relays do.
        self.ports.journal.keep_document(self.document_of(&event, None)).await?;
        Ok(event)
    }

    pub(crate) async fn fetch_listing(&self, id: EventId) -> Result<ListingView, EngineError> {
        let event = self.listing_event(id).await?;
        self.listing_view(&Signed::<Listing>::read_as(&event)?).await
    }

    /// The newest listings on our relays; what is not genuine or not readable is left out.
    pub(crate) async fn browse(&self, limit: usize) -> Result<Vec<ListingView>, EngineError> {
        let wanted = Wanted { kinds: vec![Listing::KIND], limit: Some(limit), ..Wanted::default() };
        let (delivered, _) = self.ports.relays.fetch(wanted, &[]).await?;
        let mut found = BTreeMap::new();
        for one in delivered {
            let Ok(event) = VerifiedEvent::check(&one.json, self.now()) else { continue };
            let Ok(listing) = Signed::<Listing>::read_as(&event) else { continue };
            found.insert(listing.id(), listing);
        }
        let mut newest: Vec<_> = found.into_values().collect();
        newest.sort_by_key(|listing| std::cmp::Reverse(listing.created_at()));
        let mut views = Vec::new();
        for listing in newest.iter().take(limit) {
            views.push(self.listing_view(listing).await?);
        }
        Ok(views)
    }

    pub(crate) async fn my_listings(&self) -> Result<Vec<ListingView>, EngineError> {
        let mut views = Vec::new();
        for document in self.ports.journal.documents_of_kind(Listing::KIND).await? {
            if document.author != self.me || document.held_for.is_some() {
                continue;
            }
            let event = VerifiedEvent::check_stored(&document.json)?;
            views.push(self.listing_view(&Signed::<Listing>::read_as(&event)?).await?);
        }
        Ok(views)
    }

    async fn listing_view(&self, listing: &Signed<Listing>) -> Result<ListingView, EngineError> {
        let ours = listing.author() == self.me;
        let taken_by = if ours { self.taken_by(&listing.id()).await? } else { None };
        let withdrawn = if ours { self.withdrawn(&listing.id()).await? } else { None };
        let body = listing.body();
        Ok(ListingView {
            listing: listing.id(),
            seller: listing.author(),
            created_at: listing.created_at(),
            product_name: body.product_name.clone(),
            description: body.description.clone(),
            price: body.price,
            category: body.category.clone(),
            shipping_info: body.shipping_info,
            seller_collateral: body.seller_collateral,
            escrow: body.escrow.as_ref().map(|escrow| escrow_view(listing, escrow)),
            ours,
            taken_by,
            withdrawn,
        })
    }
}

fn escrow_view(listing: &Signed<Listing>, escrow: &ListingEscrow) -> EscrowView {
    EscrowView {
        modes: Inner::mode_names(&escrow.modes),
        handling: escrow.heights.handling,
        transit: escrow.heights.transit,
        inspection: escrow.heights.inspection,
        hold: escrow.heights.purchase_cltv(),
        node: escrow.node.node,
        problem: problem(listing, escrow),
        relays: escrow.relays.iter().map(ToString::to_string).collect(),
    }
}

/// Why nobody can bid on it here.
fn problem(listing: &Signed<Listing>, escrow: &ListingEscrow) -> Option<String> {
    if !escrow.modes.contains(&Mode::Direct) {
        return Some("it offers arbitrated mode only, which this version does not speak".to_owned());
    }
    if let Err(error) = escrow.heights.check() {
        return Some(error.to_string());
    }
    ProvenNode::verify(&escrow.node.node, &listing.author(), &escrow.node.signature)
        .err()
        .map(|error| error.to_string())
}
