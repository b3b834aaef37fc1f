//! Writing a letter: drafted by the rules, given what only the vault or the node can make, signed, and stored before it
//! leaves, so that the same bytes go out however often it is sent.

use super::Signed;
use crate::{EngineError, cabinet::Kept, inner::Inner};
use domp_escrow::{
    draft::{Draft, Enclosures, draft},
    letter::{Leave, Message, may_leave},
    trade::Trade,
};
use domp_ports::{
    identity::{Unsigned, VaultError},
    journal::{Document, EffectKey},
};
use domp_protocol::{
    event::EventDraft,
    ids::{EventId, PaymentHash},
    purpose::Purpose,
    secret::Preimage,
    tags::{node::LnNode, relays::RelayUrl, sealed::Sealed},
    units::Unix,
};
use std::{collections::HashMap, sync::Arc};

/// Why there is no letter.
pub(super) enum Unwritten {
    /// Something is missing that may come.
    Later(String),
    /// It can never be written.
    Never(String),
}

impl From<EngineError> for Unwritten {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Draft(draft) if !draft.is_premature() => Self::Never(draft.to_string()),
            other => Self::Later(other.to_string()),
        }
    }
}

/// What a letter may need, made before it is drafted.
#[derive(Default)]
struct Enclosed {
    node: Option<LnNode>,
    relays: Vec<RelayUrl>,
    address: Option<Sealed>,
    sealed_preimage: Option<Sealed>,
    preimage: Option<Preimage>,
}

impl Inner {
    /// The letter that an effect sends, with the trade as it is now: stored from an earlier try, or written now.
    pub(super) async fn letter(
        self: &Arc<Self>,
        key: EffectKey,
        message: &Message,
        again: bool,
    ) -> Result<(Trade, Signed), Unwritten> {
        let (trade, times) = self.trade_and_times(key).await?;
        if matches!(message, Message::Bid) {
            let bid = self.ports.journal.document(&key.trade).await.map_err(EngineError::from)?;
            let bid = bid.ok_or_else(|| Unwritten::Never("the bid is not in the database".to_owned()))?;
            return Ok((trade, self.stored(&bid)?));
        }
        let leave = if again { Leave::Now } else { may_leave(&trade, message) };
        if let Leave::Never(reason) = leave {
            return Err(Unwritten::Never(reason.to_owned()));
        }
        if let Some(stored) = self.written_before(&trade, key, message, again).await? {
            return Ok((trade, stored));
        }
        if let Leave::Later(reason) = leave {
            return Err(Unwritten::Later(reason.to_owned()));
        }
        let enclosed = self.enclose(&trade, message).await?;
        let drafted = match self.drafted(&trade, message, &times, &enclosed)? {
            Draft::Private(drafted) => drafted,
            Draft::Public(drafted) => self.with_work(Some(key.trade), drafted, &trade.terms.relays).await?,
        };
        let signed = self.sign(drafted).map_err(EngineError::from)?;
        if message.paper().is_some() {
            self.keep_letter(key, &signed).await?;
        }
        Ok((trade, signed))
    }

    fn drafted(
        &self,
        trade: &Trade,
        message: &Message,
        times: &HashMap<EventId, Unix>,
        enclosed: &Enclosed,
    ) -> Result<Draft, EngineError> {
        let made_at = |event: &EventId| times.get(event).copied();
        let with = Enclosures {
            node: enclosed.node.as_ref(),
            relays: &enclosed.relays,
            sealed_address: enclosed.address.as_ref(),
            sealed_preimage: enclosed.sealed_preimage.as_ref(),
            preimage: enclosed.preimage.as_ref(),
            ..Enclosures::none(self.now(), &made_at)
        };
        Ok(draft(trade, message, &with)?)
    }

    /// The letter as an earlier try stored it, or as it was sent the first time.
    async fn written_before(
        &self,
        trade: &Trade,
        key: EffectKey,
        message: &Message,
        again: bool,
    ) -> Result<Option<Signed>, Unwritten> {
        let Some(paper) = message.paper() else { return Ok(None) };
        let journal = &self.ports.journal;
        if again {
            let sent = trade.letter(paper).and_then(|letter| letter.sent);
            let Some(sent) = sent else {
                return Err(Unwritten::Later("it has not been sent a first time yet".to_owned()));
            };
            let document = journal.document(&sent).await.map_err(EngineError::from)?;
            let document =
                document.ok_or_else(|| Unwritten::Never(format!("event {sent} is not in the database")))?;
            return Ok(Some(self.stored(&document)?));
        }
        // Found again after a restore: it was written, and is not written a second time.
        if let Some(sent) = trade.letter(paper).and_then(|letter| letter.sent)
            && let Some(document) = journal.document(&sent).await.map_err(EngineError::from)?
        {
            return Ok(Some(self.stored(&document)?));
        }
        let document = journal.document_made_by(&key).await.map_err(EngineError::from)?;
        Ok(document.map(|document| self.stored(&document)).transpose()?)
    }

    /// Stores a letter under the effect that made it.
    async fn keep_letter(&self, key: EffectKey, signed: &Signed) -> Result<(), EngineError> {
        let document = self.own_document(signed, Some(key.trade), Some(key));
        let (id, created_at) = (document.id, document.created_at);
        self.ports.journal.keep_document(document).await?;
        let slot = self.cabinet.slot(&key.trade);
        if let Some(Kept { times: Some(times), .. }) = slot.lock().await.as_mut() {
            times.insert(id, created_at);
        }
        Ok(())
    }

    fn stored(&self, document: &Document) -> Result<Signed, EngineError> {
        Ok(Signed {
            id: document.id,
            kind: document.kind,
            created_at: document.created_at,
            json: self.unpack(document)?,
        })
    }

    async fn trade_and_times(&self, key: EffectKey) -> Result<(Trade, HashMap<EventId, Unix>), EngineError> {
        let slot = self.cabinet.slot(&key.trade);
        let mut place = slot.lock().await;
        let kept = self.kept(&mut place, &key.trade).await?;
        self.read_up(kept).await?;
        Ok((kept.trade.clone(), kept.times.clone().unwrap_or_default()))
    }

    async fn enclose(&self, trade: &Trade, message: &Message) -> Result<Enclosed, EngineError> {
        let mut enclosed = Enclosed::default();
        match message {
            Message::Acceptance => {
                enclosed.node = Some(self.ln_node().await?);
                enclosed.relays = self.own_relays()?;
            }
            Message::Payment => {
                if let Some(address) = self.stored_address(&trade.terms.trade).await? {
                    let text = self.ports.identity.encrypt_to(&trade.terms.seller, &address)?;
                    enclosed.address = Some(sealed(&text)?);
                }
            }
            Message::Verdict { reveal: Some(hash), .. } => {
                let secret = self.own_price_secret(hash).await?;
                let digits = zeroize::Zeroizing::new(hex::encode(secret.expose()));
                let text = self.ports.identity.encrypt_to(&trade.terms.seller, &digits)?;
                enclosed.sealed_preimage = Some(sealed(&text)?);
            }
            Message::Release { reveal } => enclosed.preimage = Some(self.own_price_secret(reveal).await?),
            _ => {}
        }
        Ok(enclosed)
    }

    async fn own_price_secret(&self, hash: &PaymentHash) -> Result<Preimage, EngineError> {
        self.own_secret(Purpose::Purchase, hash).await
    }

    /// Our relays as addresses.
    pub(crate) fn own_relays(&self) -> Result<Vec<RelayUrl>, EngineError> {
        let parse = |url: &String| {
            url.parse().map_err(|error: domp_protocol::tags::relays::BadRelayUrl| EngineError::BadField {
                field: "relays",
                problem: error.to_string(),
            })
        };
        self.config.relays.iter().map(parse).collect()
    }

    /// Signs an event.
    pub(crate) fn sign(&self, draft: EventDraft) -> Result<Signed, VaultError> {
        let id = draft.id(&self.me);
        let EventDraft { kind, tags, content, created_at } = draft;
        let json = self.ports.identity.sign(&Unsigned { kind, tags, content, created_at })?;
        Ok(Signed { id, kind, created_at, json })
    }
}

fn sealed(text: &str) -> Result<Sealed, EngineError> {
    let bad = |_| VaultError::Unsignable("the vault made no NIP-44 payload".to_owned());
    Ok(text.parse::<Sealed>().map_err(bad)?)
}
