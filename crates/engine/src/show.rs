//! Showing: views are made from the snapshot, what is in hand, and the node's tip.

use crate::{
    EngineError,
    cabinet::Kept,
    inner::Inner,
    record,
    view::{
        DeadlineView, HistoryEntry, HtlcView, LetterView, RelayResult, ShipmentView, TradeSummary, TradeView,
    },
    words,
};
use domp_escrow::{
    leg::{HeldState, Leg, PaidState},
    letter::{Letter, Paper},
    moment::At,
    situation::{Deadline, Situation, situation},
    trade::Trade,
};
use domp_protocol::{
    event::VerifiedEvent,
    htlc::HtlcTimeout,
    ids::{EventId, TradeId},
    kinds::{PaymentConfirmation, Signed},
    private::{PRIVATE_KIND, Private, PrivateMessage},
    units::Height,
};
use std::collections::BTreeMap;

type Posts = BTreeMap<Paper, Vec<RelayResult>>;

impl Inner {
    /// All about one trade.
    pub(crate) async fn view(&self, id: TradeId) -> Result<TradeView, EngineError> {
        let (trade, version, posts) = {
            let slot = self.cabinet.slot(&id);
            let mut place = slot.lock().await;
            let Kept { trade, version, posts, .. } = self.kept(&mut place, &id).await?;
            (trade.clone(), *version, posts.clone())
        };
        let at = self.moment_for_people().await;
        let told = situation(&trade, at);
        Ok(TradeView {
            summary: self.summary(&trade, version, at, &told).await?,
            situation: lines(&told),
            possible: told.next.iter().map(|choice| choice.command.to_owned()).collect(),
            deadlines: told.deadlines.iter().map(|deadline| deadline_view(deadline, at)).collect(),
            htlcs: trade.legs.iter().map(|leg| htlc_view(&trade, leg, at.height)).collect(),
            letters: trade.letters.iter().map(|letter| letter_view(letter, &posts)).collect(),
            pending: self.outbox.of(&id),
            unwinding: trade.unwind.as_ref().map(ToString::to_string),
            shipment: trade.peer.shipped.as_ref().or(trade.choices.shipped.as_ref()).map(|shipment| {
                ShipmentView {
                    carrier: shipment.carrier.clone(),
                    tracking: shipment.tracking.clone(),
                    note: shipment.note.clone(),
                }
            }),
            frozen: self.frozen(&id),
            terms: trade.terms,
        })
    }

    /// A line about each trade, newest first.
    pub(crate) async fn summaries(&self, only_open: bool) -> Result<Vec<TradeSummary>, EngineError> {
        let at = self.moment_for_people().await;
        let mut found = Vec::new();
        for row in self.ports.journal.trades(only_open).await?.iter().rev() {
            let trade = record::read_trade(row).map_err(|reason| crate::inner::damaged(row.id, &reason))?;
            let told = situation(&trade, at);
            found.push(self.summary(&trade, row.version, at, &told).await?);
        }
        Ok(found)
    }

    async fn summary(
        &self,
        trade: &Trade,
        version: u64,
        at: At,
        told: &Situation,
    ) -> Result<TradeSummary, EngineError> {
        let next = told.deadlines.iter().find(|deadline| !deadline.passed);
        Ok(TradeSummary {
            trade: trade.terms.trade,
            listing: trade.terms.listing,
            product_name: self.product_name(&trade.terms.listing).await?,
            side: trade.side,
            peer: trade.peer_key(),
            stage: told.stage.as_str().to_owned(),
            ended: told.stage.is_ended(),
            price: trade.terms.price,
            buyer_collateral: trade.terms.buyer_collateral,
            bid_at: trade.terms.bid_at,
            version,
            next_deadline: next.map(|deadline| deadline_view(deadline, at)),
        })
    }

    /// Our node's moment, or before it was reached, the last height that was seen.
    async fn moment_for_people(&self) -> At {
        match self.moment() {
            Ok(at) => at,
            Err(_) => {
                let height = self.last_height().await.unwrap_or_default();
                At { unix: self.now(), height, fresh: false }
            }
        }
    }

    async fn product_name(&self, listing: &EventId) -> Result<Option<String>, EngineError> {
        let Some(document) = self.ports.journal.document(listing).await? else { return Ok(None) };
        // Verified when it was stored; here it is only shown.
        let name = || {
            let event: serde_json::Value = serde_json::from_str(&document.json).ok()?;
            let content: serde_json::Value = serde_json::from_str(event.get("content")?.as_str()?).ok()?;
            Some(content.get("product_name")?.as_str()?.to_owned())
        };
        Ok(name())
    }

    /// What happened to a trade.
    pub(crate) async fn history(&self, id: TradeId) -> Result<Vec<HistoryEntry>, EngineError> {
        self.peek(&id).await?;
        let mut entries = Vec::new();
        for (version, bytes) in self.ports.journal.inputs(&id).await? {
            let journaled =
                record::read_input(&bytes).map_err(|reason| crate::inner::damaged(id, &reason))?;
            entries.push(HistoryEntry {
                version,
                at: journaled.at.unix,
                height: journaled.at.height,
                input: words::input(&journaled.input),
                notes: journaled.notes.iter().map(words::note).collect(),
            });
        }
        Ok(entries)
    }

    /// Where the goods go: ours from the vault, the other side's from its payment confirmation or its message.
    pub(crate) async fn shipping_address(&self, id: TradeId) -> Result<Option<String>, EngineError> {
        let (trade, _) = self.peek(&id).await?;
        if let Some(address) = self.stored_address(&id).await? {
            return Ok(Some(address));
        }
        for document in self.ports.journal.documents_of(&id).await?.iter().rev() {
            if document.author != trade.terms.buyer || ![311, PRIVATE_KIND].contains(&document.kind) {
                continue;
            }
            let event = VerifiedEvent::check_stored(&self.unpack(document)?)?;
            let found = if document.kind == 311 {
                let payment = Signed::<PaymentConfirmation>::read_as(&event)?;
                let sealed = payment.body().encrypted_shipping_address.as_deref();
                sealed.and_then(|text| self.ports.identity.decrypt_from(&trade.terms.buyer, text).ok())
            } else {
                match Private::parse(event.content()).map(|private| private.message) {
                    Ok(PrivateMessage::Address(address)) => Some(address.text),
                    _ => None,
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// The situation as lines, without what stands elsewhere in the view.
fn lines(told: &Situation) -> Vec<String> {
    told.lines().into_iter().filter(|line| !line.starts_with("You can: ")).collect()
}

fn deadline_view(deadline: &Deadline, at: At) -> DeadlineView {
    DeadlineView {
        name: deadline.name.to_owned(),
        meaning: deadline.meaning.to_owned(),
        height: deadline.when.height,
        blocks_remaining: deadline.when.height.map(|height| at.height.until(height)),
        unix: deadline.when.unix,
        estimated: deadline.when.height.is_some(),
        passed: deadline.passed,
    }
}

fn htlc_view(trade: &Trade, leg: &Leg, height: Height) -> HtlcView {
    let (state, locked_at, expiry_height) = match (leg.holding(), leg.paying()) {
        (Some(holding), _) => match holding.node {
            HeldState::Unissued => ("not issued", None, None),
            HeldState::Open => ("open", None, None),
            HeldState::Held { since, expiry, .. } => ("held", Some(since), Some(expiry)),
            HeldState::Settled => ("settled", None, None),
            HeldState::Cancelled => ("cancelled", None, None),
        },
        (None, Some(paying)) => match paying.node {
            PaidState::NotSent => ("not sent", None, None),
            PaidState::Asked => ("asked", None, None),
            PaidState::InFlight { final_expiry, .. } => ("in flight", paying.seen_at, final_expiry),
            PaidState::Succeeded => ("succeeded", None, None),
            PaidState::Failed => ("failed", None, None),
        },
        (None, None) => ("unknown", None, None),
    };
    HtlcView {
        amount_msat: leg.amount.to_msat(),
        payment_hash: leg.hash,
        timeout_blocks: leg.cltv,
        recipient: trade.terms.seller,
        purpose: leg.purpose,
        domp_transaction_id: trade.terms.listing,
        state: state.to_owned(),
        timeout: locked_at.and_then(|locked| HtlcTimeout::at(leg.cltv, height.max(locked), locked).ok()),
        locked_at,
        expiry_height,
        invoice: leg.invoice.clone(),
        invoice_expires: leg.invoice_expires,
    }
}

fn letter_view(letter: &Letter, posts: &Posts) -> LetterView {
    LetterView {
        letter: words::paper(letter.paper).to_owned(),
        event: letter.sent,
        posted_at: letter.posted_at,
        receipted: letter.paper.wants_receipt().then_some(letter.receipted),
        dropped: letter.dropped,
        relays: posts.get(&letter.paper).cloned().unwrap_or_default(),
    }
}
