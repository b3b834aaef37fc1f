//! Performing: an effect is tried until its outcome is certain, and the outcome is handed back as an input. Payments are
//! tried once; what became of them is for the node to say.

mod invoices;
mod payments;

pub(crate) use payments::is_final;

use crate::{
    EngineError,
    commit::Along,
    event::{EngineEvent, Progress},
    faults::{Fault, Point},
    inner::Inner,
    outbox::InHand,
    words,
};
use domp_escrow::{
    effect::Effect,
    input::{Input, Outcome, Task},
};
use domp_ports::{journal::EffectKey, lightning::LnError};
use domp_protocol::{ids::TradeId, units::Height};
use std::{future::Future, sync::Arc, time::Duration};

/// Whether an effect was just decided, or found in the outbox after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// Just decided.
    Fresh,
    /// Found after a restart: an earlier process may have done it.
    Recovered,
}

/// What came of a try.
pub(crate) enum Tried {
    /// It is certain how it ended.
    Ended(Ended),
    /// Not done, or not known; to be tried again.
    Again(String),
}

/// How an effect ended.
pub(crate) struct Ended {
    /// For the machine; `None` when it does not want to know.
    pub outcome: Option<(Task, Outcome)>,
    /// What the node said right afterwards.
    pub then: Vec<Input>,
}

impl Ended {
    pub(crate) const fn quietly() -> Self {
        Self { outcome: None, then: Vec::new() }
    }
    pub(crate) fn with(task: Task, outcome: Outcome) -> Self {
        Self { outcome: Some((task, outcome)), then: Vec::new() }
    }
}

impl Tried {
    pub(crate) fn ended(task: Task, outcome: Outcome) -> Self {
        Self::Ended(Ended::with(task, outcome))
    }
    pub(crate) fn again(reason: impl ToString) -> Self {
        Self::Again(reason.to_string())
    }
}

/// The task that an effect's outcome is reported under; a receipt has none.
pub(crate) fn task(effect: &Effect) -> Option<Task> {
    Some(match effect {
        Effect::Issue { purpose, .. } => Task::Issue(*purpose),
        Effect::Pay { purpose, .. } => Task::Pay(*purpose),
        Effect::Settle { purpose, .. } => Task::Settle(*purpose),
        Effect::Cancel { purpose, .. } => Task::Cancel(*purpose),
        Effect::Send { message, .. } | Effect::Resend { message, .. } => Task::Send(message.paper()?),
        Effect::IssueLate { .. } => Task::IssueLate,
        Effect::PayLate { .. } => Task::PayLate,
    })
}

/// Whether an effect is tried at most once by one process.
const fn is_payment(effect: &Effect) -> bool {
    matches!(effect, Effect::Pay { .. } | Effect::PayLate { .. })
}

const fn not_after(effect: &Effect) -> Option<Height> {
    match effect {
        Effect::Send { not_after, .. } | Effect::Resend { not_after, .. } => *not_after,
        _ => None,
    }
}

impl Inner {
    /// Performs one effect to its end and reports it.
    pub(crate) async fn carry_out(self: Arc<Self>, key: EffectKey, effect: Effect, how: How) {
        let _in_hand = InHand { outbox: &self.outbox, key };
        self.slow_down(key.trade, &effect).await;
        let ended = self.until_ended(key, &effect, how).await;
        match ended.outcome {
            Some((of, outcome)) => {
                let input = Input::Outcome { of, outcome };
                self.surely(key.trade, &input, Along { cleared: vec![key], ..Along::default() }).await;
            }
            None => self.strike_out_later(key).await,
        }
        for input in ended.then {
            self.surely(key.trade, &input, Along::default()).await;
        }
    }

    /// Hands in an input that must not be lost: tried again for as long as the database or the node is away.
    pub(crate) async fn surely(self: &Arc<Self>, trade: TradeId, input: &Input, along: Along) {
        let mut pause = self.config.times.retry_first;
        let Along { cleared, documents, flush } = along;
        loop {
            let along = Along { cleared: cleared.clone(), documents: documents.clone(), flush };
            match self.input(trade, input, along).await {
                Ok(_) => return,
                Err(EngineError::Journal(error)) => {
                    tracing::warn!(trade = trade.short(), %error, "not written yet")
                }
                Err(EngineError::NoTip(_)) => {}
                Err(error) => {
                    tracing::warn!(trade = trade.short(), input = words::input(input), %error, "not taken in");
                    return;
                }
            }
            tokio::time::sleep(pause).await;
            pause = self.longer(pause);
        }
    }

    /// The machine may give an order again at once; it is not followed at once for ever.
    async fn slow_down(&self, trade: TradeId, effect: &Effect) {
        let Some(task) = task(effect).filter(|task| !matches!(task, Task::Send(_))) else { return };
        let repeated = self.outbox.repeated(trade, task);
        if repeated > 0 {
            tokio::time::sleep(self.backoff(repeated)).await;
        }
    }

    async fn until_ended(self: &Arc<Self>, key: EffectKey, effect: &Effect, how: How) -> Ended {
        loop {
            if let Some(too_late) = self.too_late(effect) {
                return too_late;
            }
            match self.faulty_try(key, effect, how).await {
                Tried::Ended(ended) => return ended,
                Tried::Again(reason) => self.pause(key, effect, &reason).await,
            }
            if self.gives_up(key, effect) {
                return Ended::quietly();
            }
        }
    }

    /// A secret that comes too late must not leave at all, so this is asked before every try.
    fn too_late(&self, effect: &Effect) -> Option<Ended> {
        let last = not_after(effect)?;
        let height = self.chain.tip()?.height;
        let task = task(effect)?;
        (height > last).then(|| {
            let reason = format!("too late: it is {height}, and it may not leave after {last}");
            Ended::with(task, Outcome::Refused(reason))
        })
    }

    /// A receipt that no relay takes is given up after a while: the letter will be sent again, and then its receipt.
    fn gives_up(&self, key: EffectKey, effect: &Effect) -> bool {
        const RECEIPT_TRIES: u32 = 8;
        task(effect).is_none() && self.outbox.tries(&key) >= RECEIPT_TRIES
    }

    async fn pause(&self, key: EffectKey, effect: &Effect, reason: &str) {
        let tries = self.outbox.tried(&key, reason);
        tracing::debug!(
            trade = key.trade.short(),
            effect = words::effect(effect),
            tries,
            reason,
            "not done yet"
        );
        self.tell(EngineEvent::Progress {
            trade: Some(key.trade),
            progress: Progress::Retrying { effect: words::effect(effect), tries, reason: reason.to_owned() },
        });
        tokio::select! {
            () = tokio::time::sleep(self.backoff(tries)) => {}
            () = self.chain.until_back() => {}
        }
    }

    /// The pause after so many tries.
    pub(crate) fn backoff(&self, tries: u32) -> Duration {
        let doubled = self.config.times.retry_first.saturating_mul(1 << tries.saturating_sub(1).min(16));
        doubled.min(self.config.times.retry_most)
    }

    /// The pause after this one.
    pub(crate) fn longer(&self, pause: Duration) -> Duration {
        pause.saturating_mul(2).min(self.config.times.retry_most)
    }

    /// One try, with whatever a test makes go wrong.
    async fn faulty_try(self: &Arc<Self>, key: EffectKey, effect: &Effect, how: How) -> Tried {
        let lost = |when: &str| {
            let reason = format!("made to fail {when}");
            match task(effect).filter(|_| is_payment(effect)) {
                Some(task) => Tried::ended(task, Outcome::Unknown(reason)),
                None => Tried::Again(reason),
            }
        };
        match self.config.faults.at(Point::BeforeEffect { key, effect }) {
            Fault::Fail => return lost("before it was tried"),
            Fault::Stop => self.life.die().await,
            Fault::Repeat => {
                let _first = self.once(key, effect, how).await;
            }
            Fault::None | Fault::Break => {}
        }
        let tried = self.once(key, effect, how).await;
        match self.config.faults.at(Point::AfterEffect { key, effect }) {
            Fault::Fail => lost("after it was tried"),
            Fault::Stop => {
                self.life.die().await;
                tried
            }
            Fault::Repeat => self.once(key, effect, how).await,
            Fault::None | Fault::Break => tried,
        }
    }

    /// One try, when there is room for it.
    async fn once(self: &Arc<Self>, key: EffectKey, effect: &Effect, how: How) -> Tried {
        let mail = matches!(effect, Effect::Send { .. } | Effect::Resend { .. });
        let room = if mail { &self.outbox.mails } else { &self.outbox.node_calls };
        let Ok(_permit) = room.acquire().await else { return Tried::again("the engine is stopping") };
        match effect {
            Effect::Issue { purpose, hash, amount, cltv } => {
                self.issue(key.trade, *purpose, *hash, *amount, *cltv).await
            }
            Effect::Settle { purpose, hash } => self.settle(key.trade, *purpose, hash).await,
            Effect::Cancel { purpose, hash } => self.cancel(key.trade, *purpose, hash).await,
            Effect::IssueLate { amount } => self.issue_late(key.trade, *amount).await,
            Effect::Pay { purpose, hash, bolt11, amount } => {
                let order = payments::Order { hash: *hash, bolt11, amount: *amount };
                Tried::Ended(self.pay(key.trade, *purpose, &order, how).await)
            }
            Effect::PayLate { hash, bolt11, amount } => {
                let order = payments::Order { hash: *hash, bolt11, amount: *amount };
                self.pay_late(key.trade, &order, how).await
            }
            Effect::Send { message, .. } => self.send(key, message, false).await,
            Effect::Resend { message, .. } => self.send(key, message, true).await,
        }
    }

    /// A call to our node, bounded in time.
    pub(crate) async fn node<T>(
        &self,
        call: impl Future<Output = Result<T, LnError>> + Send,
    ) -> Result<T, LnError> {
        match self.chain.distrusted() {
            Some(why) => Err(LnError::Unavailable(why)),
            None => self.bounded(call).await,
        }
    }

    /// A call to whichever node answers, bounded in time.
    pub(crate) async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, LnError>> + Send,
    ) -> Result<T, LnError> {
        let patience = self.config.times.call;
        match tokio::time::timeout(patience, call).await {
            Ok(answer) => answer,
            Err(_) => Err(LnError::Unknown(format!("no answer within {} s", patience.as_secs()))),
        }
    }
}
