//! Mail: a letter of ours goes to the relays, and to the other side alone where it is private.

mod ln_node;
mod over;
mod work;
mod write;

use crate::{
    cabinet::Kept,
    event::{EngineEvent, Progress},
    inner::Inner,
    perform::{Ended, Tried, task},
    view::RelayResult,
    words,
};
use domp_escrow::{
    draft::{self, Draft, Enclosures},
    effect::Effect,
    input::Outcome,
    letter::{Message, Paper},
    terms::Terms,
    trade::Trade,
};
use domp_ports::{journal::EffectKey, relays::RelayAnswer};
use domp_protocol::{
    ids::{EventId, PublicKey, TradeId},
    private::PRIVATE_KIND,
    units::Unix,
};
use std::sync::Arc;
use tokio::sync::mpsc;
pub(crate) use work::Policies;
use write::Unwritten;

/// A signed event of ours.
#[derive(Clone)]
pub(crate) struct Signed {
    pub id: EventId,
    pub kind: u16,
    pub created_at: Unix,
    pub json: String,
}

impl Signed {
    pub(crate) const fn is_private(&self) -> bool {
        self.kind == PRIVATE_KIND
    }
}

type Answers = Vec<(String, RelayAnswer)>;

impl Inner {
    /// One try to send a letter. Done once one relay has it.
    pub(crate) async fn send(self: &Arc<Self>, key: EffectKey, message: &Message, again: bool) -> Tried {
        if message.reveals().is_some() && !self.moment().is_ok_and(|at| at.fresh) {
            return Tried::again(
                "the node's height cannot be relied on now, and a secret does not leave then",
            );
        }
        let (trade, signed) = match self.letter(key, message, again).await {
            Ok(letter) => letter,
            Err(Unwritten::Later(reason)) => return Tried::again(reason),
            Err(Unwritten::Never(reason)) => {
                return match task_of(message) {
                    Some(task) => Tried::ended(task, Outcome::Refused(reason)),
                    None => Tried::Ended(Ended::quietly()),
                };
            }
        };
        let peer = trade.peer_key();
        let answers = match self.post(&trade.terms, &peer, &signed, Some((key.trade, message))).await {
            Ok(answers) => answers,
            Err(reason) => return Tried::Again(reason),
        };
        self.record_post(key.trade, message, &answers).await;
        if !took(&answers) {
            return Tried::Again(summary(&answers));
        }
        // The letter is out; what follows helps it to arrive.
        if !again && matches!(message.paper(), Some(Paper::LockAck | Paper::Shipped)) {
            self.copy_to_ourselves(&trade.terms, &signed);
        }
        if again && !signed.is_private() {
            self.post_wrapped(&trade.terms, &peer, &signed).await;
        }
        if let (Message::Refund { reason }, false) = (message, again) {
            self.post_words(&trade, reason).await;
        }
        match task_of(message) {
            Some(task) => Tried::ended(task, Outcome::Sent { event: signed.id }),
            None => Tried::Ended(Ended::quietly()),
        }
    }

    /// Publishes an event, wrapped for `peer` alone if it is private. What relays say later is recorded for the letter.
    async fn post(
        self: &Arc<Self>,
        terms: &Terms,
        peer: &PublicKey,
        signed: &Signed,
        letter: Option<(TradeId, &Message)>,
    ) -> Result<Answers, String> {
        let json = if signed.is_private() {
            // A fresh wrap each time: nobody can tell that it is the same letter.
            self.ports.identity.wrap(peer, &signed.json).map_err(|error| error.to_string())?
        } else {
            signed.json.clone()
        };
        let (answers, rest) = self.publish(json, &terms.relays).await;
        if let (Some(rest), Some((trade, message))) = (rest, letter) {
            let (inner, message) = (Arc::clone(self), message.clone());
            let so_far = answers.clone();
            self.life.spawn(async move { inner.record_rest(trade, message, so_far, rest).await });
        }
        Ok(answers)
    }

    /// Sends an event to each of these relays (ours when none is named) on its own. Returns as soon as one has it, with the
    /// answers so far and where the others will come; a relay that is slow delays nobody.
    pub(crate) async fn publish(
        self: &Arc<Self>,
        json: String,
        relays: &[String],
    ) -> (Answers, Option<mpsc::UnboundedReceiver<(String, RelayAnswer)>>) {
        let relays = if relays.is_empty() { &self.config.relays } else { relays };
        let json: Arc<str> = json.into();
        let (told, mut answers) = mpsc::unbounded_channel();
        for relay in relays {
            let (inner, json, relay, told) =
                (Arc::clone(self), Arc::clone(&json), relay.clone(), told.clone());
            self.life.spawn(async move {
                let answer = inner.publish_to(&json, &relay).await;
                // Whoever waited may have heard enough.
                let _ = told.send((relay, answer));
            });
        }
        drop(told);
        let mut so_far = Answers::new();
        while let Some(answer) = answers.recv().await {
            so_far.push(answer);
            if took(&so_far) {
                let rest = (so_far.len() < relays.len()).then_some(answers);
                return (so_far, rest);
            }
        }
        (so_far, None)
    }

    async fn publish_to(&self, json: &str, relay: &str) -> RelayAnswer {
        let only = [relay.to_owned()];
        let patience = self.config.times.publish;
        match tokio::time::timeout(patience, self.ports.relays.publish(json, &only)).await {
            Ok(Ok(answers)) => answers
                .into_iter()
                .next()
                .map_or_else(|| RelayAnswer::NoAnswer("it was not asked".to_owned()), |(_, answer)| answer),
            Ok(Err(error)) => RelayAnswer::NoAnswer(error.to_string()),
            Err(_) => RelayAnswer::NoAnswer(format!("no answer within {} s", patience.as_secs())),
        }
    }

    async fn record_rest(
        self: Arc<Self>,
        trade: TradeId,
        message: Message,
        mut answers: Answers,
        mut rest: mpsc::UnboundedReceiver<(String, RelayAnswer)>,
    ) {
        while let Some(answer) = rest.recv().await {
            answers.push(answer);
        }
        self.record_post(trade, &message, &answers).await;
    }

    /// A public event once more, straight to the other side.
    async fn post_wrapped(self: &Arc<Self>, terms: &Terms, peer: &PublicKey, signed: &Signed) {
        match self.ports.identity.wrap(peer, &signed.json) {
            Ok(wrap) => {
                self.publish(wrap, &terms.relays).await;
            }
            Err(error) => {
                tracing::debug!(event = signed.id.short(), %error, "not sent to the other side directly")
            }
        }
    }

    /// A private letter that decides what becomes of the money, wrapped to ourselves too: whoever is restored from an older
    /// backup finds on the relays that it was written (C-47). Nothing waits for it.
    fn copy_to_ourselves(self: &Arc<Self>, terms: &Terms, signed: &Signed) {
        let Ok(wrap) = self.ports.identity.wrap(&self.me, &signed.json) else { return };
        self.inbox.sends(&wrap);
        let (inner, relays) = (Arc::clone(self), terms.relays.clone());
        self.life.spawn(async move {
            let (answers, _) = inner.publish(wrap, &relays).await;
            if !took(&answers) {
                tracing::warn!("no relay took the copy of a letter that we keep for a restore");
            }
        });
    }

    /// Words that the event itself has no place for.
    async fn post_words(self: &Arc<Self>, trade: &Trade, text: &str) {
        if let Some(signed) = self.signed_words(trade, text) {
            self.post_note(trade, &signed).await;
        }
    }

    fn signed_words(&self, trade: &Trade, text: &str) -> Option<Signed> {
        let nothing = |_: &EventId| None;
        match draft::note(trade, text, &Enclosures::none(self.now(), &nothing)) {
            Ok(Draft::Private(drafted)) => self.sign(drafted).ok(),
            Ok(Draft::Public(_)) | Err(_) => None,
        }
    }

    /// One try to send words; true once a relay has them.
    async fn post_note(self: &Arc<Self>, trade: &Trade, signed: &Signed) -> bool {
        match self.post(&trade.terms, &trade.peer_key(), signed, None).await {
            Ok(answers) => took(&answers),
            Err(error) => {
                tracing::debug!(trade = trade.terms.trade.short(), error, "words were not sent");
                false
            }
        }
    }

    async fn record_post(&self, trade: TradeId, message: &Message, answers: &Answers) {
        let at = self.now();
        self.tell(EngineEvent::Progress {
            trade: Some(trade),
            progress: Progress::Sent { letter: words::message(message).to_owned(), relays: answers.clone() },
        });
        let Some(paper) = message.paper() else { return };
        let result = |(relay, answer): &(String, RelayAnswer)| RelayResult {
            relay: relay.clone(),
            answer: answer.clone(),
            at,
        };
        let slot = self.cabinet.slot(&trade);
        if let Some(Kept { posts, .. }) = slot.lock().await.as_mut() {
            posts.insert(paper, answers.iter().map(result).collect());
        }
    }
}

/// Whether a relay has it.
fn took(answers: &[(String, RelayAnswer)]) -> bool {
    answers.iter().any(|(_, answer)| *answer == RelayAnswer::Accepted)
}

fn task_of(message: &Message) -> Option<domp_escrow::input::Task> {
    task(&Effect::Send { message: message.clone(), not_after: None })
}

/// What the relays said, in one line.
pub(crate) fn summary(answers: &[(String, RelayAnswer)]) -> String {
    crate::EngineError::NotPublished(answers.to_vec()).to_string()
}
