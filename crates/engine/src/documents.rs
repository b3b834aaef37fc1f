//! Documents: signed events as they lie in storage. Private ones hold secrets and addresses, so they lie there encrypted.

use crate::{EngineError, inner::Inner};
use domp_ports::{
    identity::VaultError,
    journal::{Document, EffectKey},
};
use domp_protocol::{
    event::VerifiedEvent,
    ids::{EventId, TradeId},
    private::PRIVATE_KIND,
};
use std::collections::HashMap;

/// Before the hex digits of a document that the vault encrypted.
const SEALED: &str = "sealed:";
/// NIP-59's gift wrap.
pub(crate) const WRAP_KIND: u16 = 1059;

impl Inner {
    /// The text to store for an event: a private message is encrypted.
    fn pack(&self, kind: u16, json: String) -> String {
        if kind == PRIVATE_KIND {
            format!("{SEALED}{}", hex::encode(self.ports.identity.seal(json.as_bytes())))
        } else {
            json
        }
    }

    /// The event's JSON out of storage.
    pub(crate) fn unpack(&self, document: &Document) -> Result<String, EngineError> {
        let Some(digits) = document.json.strip_prefix(SEALED) else { return Ok(document.json.clone()) };
        let undecryptable = || VaultError::Undecryptable { what: "a stored message" };
        let bytes = hex::decode(digits).map_err(|_| undecryptable())?;
        let plain = self.ports.identity.open(&bytes)?;
        Ok(std::str::from_utf8(&plain).map_err(|_| undecryptable())?.to_owned())
    }

    /// A received event as a document.
    pub(crate) fn document_of(&self, event: &VerifiedEvent, trade: Option<TradeId>) -> Document {
        Document {
            id: event.id(),
            kind: event.kind(),
            author: event.author(),
            created_at: event.created_at(),
            trade,
            made_by: None,
            held_for: None,
            json: self.pack(event.kind(), event.json()),
        }
    }

    /// An event of ours as a document.
    pub(crate) fn own_document(
        &self,
        signed: &crate::mail::Signed,
        trade: Option<TradeId>,
        made_by: Option<EffectKey>,
    ) -> Document {
        Document {
            id: signed.id,
            kind: signed.kind,
            author: self.me,
            created_at: signed.created_at,
            trade,
            made_by,
            held_for: None,
            json: self.pack(signed.kind, signed.json.clone()),
        }
    }

    /// Loads, once for a trade in memory, when each of its stored events was made, and what its bid committed to.
    pub(crate) async fn read_up(&self, kept: &mut crate::cabinet::Kept) -> Result<(), EngineError> {
        if kept.times.is_none() {
            let id = kept.trade.terms.trade;
            let mut times: HashMap<EventId, _> = HashMap::new();
            for document in self.ports.journal.documents_of(&id).await? {
                times.insert(document.id, document.created_at);
            }
            if let Some(listing) = self.ports.journal.document(&kept.trade.terms.listing).await? {
                times.insert(listing.id, listing.created_at);
            }
            kept.times = Some(times);
        }
        if kept.commits.is_none() {
            let bid = self.ports.journal.document(&kept.trade.terms.trade).await?;
            kept.commits = bid.and_then(|bid| commits_of(&bid.json));
        }
        Ok(())
    }
}

/// The commitments that a stored bid carries.
fn commits_of(json: &str) -> Option<domp_protocol::tags::commit::Commits> {
    use domp_protocol::kinds::{Bid, Signed};
    let event = VerifiedEvent::check_stored(json).ok()?;
    let bid = Signed::<Bid>::read_as(&event).ok()?;
    bid.body().escrow.as_ref().map(|escrow| escrow.commits)
}
