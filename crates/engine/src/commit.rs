//! Commits: one input, one step of the machine, one transaction; only then is anything done.

use crate::{
    EngineError,
    cabinet::{Kept, Place},
    engine::StepReport,
    event::{EngineEvent, TradeChanged},
    faults::{Fault, Point},
    inner::{Inner, hold},
    lifetime::lifetime,
    record::{self, Journaled},
    words,
};
use domp_escrow::{
    effect::Effect,
    input::{Command, Input},
    invariants,
    moment::At,
    note::Note,
    stage::stage,
    step::{Step, step},
    trade::Trade,
    wake::wake,
};
use domp_ports::journal::{Commit, Document, EffectKey, HashUse, JournalError, TradeRow};
use domp_protocol::{
    ids::{EventId, PaymentHash, TradeId},
    units::{Blocks, Unix},
};
use std::{collections::BTreeSet, sync::Arc};

/// How often a step is computed anew because somebody else changed the trade's row.
const RACES: u32 = 3;
/// A tick that changed nothing is not repeated before so many seconds.
const AGAIN_SECONDS: u64 = 30;

/// What is written along with an input.
#[derive(Default)]
pub(crate) struct Along {
    /// Effects that the input reports as done.
    pub cleared: Vec<EffectKey>,
    /// Events that were the input.
    pub documents: Vec<Document>,
    /// Write even if nothing changed, to strike out what is done.
    pub flush: bool,
}

impl Inner {
    /// Hands an input to a trade.
    pub(crate) async fn input(
        self: &Arc<Self>,
        id: TradeId,
        input: &Input,
        along: Along,
    ) -> Result<StepReport, EngineError> {
        let place = self.cabinet.place(&id).await;
        self.take(place, id, input, along).await
    }

    /// Hands an input to the trade whose place the caller had. Whether or not the caller waits for the end: from here on the
    /// step is taken as a whole. A write that was begun lands even if nobody waits for it; were it given up here, the disk
    /// would know of a decision that the memory does not, and nobody would carry it out.
    pub(crate) async fn take(
        self: &Arc<Self>,
        place: Place,
        id: TradeId,
        input: &Input,
        along: Along,
    ) -> Result<StepReport, EngineError> {
        let (inner, input) = (Arc::clone(self), input.clone());
        let counted = self.life.step();
        let whole = async move {
            let _counted = counted;
            inner.take_whole(place, id, &input, along).await
        };
        self.life.detached(whole).await.unwrap_or(Err(EngineError::Stopping))
    }

    async fn take_whole(
        self: &Arc<Self>,
        mut place: Place,
        id: TradeId,
        input: &Input,
        mut along: Along,
    ) -> Result<StepReport, EngineError> {
        let kept = self.kept(&mut place, &id).await?;
        let mut races = 0;
        loop {
            if self.life.is_stopping() && !along.flush {
                return Err(EngineError::Stopping);
            }
            let frozen = self.frozen(&id);
            if let Some(broken) = frozen.clone().filter(|_| takes_on_more(input)) {
                return Err(EngineError::Frozen { trade: id, broken });
            }
            let at = self.moment()?;
            let taken = step(kept.trade.clone(), input, at);
            let pays = |effect: &Effect| matches!(effect, Effect::Pay { .. } | Effect::PayLate { .. });
            if let Some(broken) = frozen.filter(|_| taken.effects.iter().any(pays)) {
                return Err(EngineError::Frozen { trade: id, broken });
            }
            if let Some(refusal) = refusal(input, &taken.notes) {
                return Err(EngineError::Refused(refusal));
            }
            if let Err(broken) = invariants::check(&kept.trade, at, &taken) {
                // Not taken; whoever waited for its time is asked again with the next block, when it may be right.
                self.wake_later(kept, at);
                return Err(self.freeze(id, broken.0));
            }
            match self.write(kept, at, input, taken, &mut along).await {
                Err(error @ EngineError::Frozen { .. }) => {
                    self.wake_later(kept, at);
                    return Err(error);
                }
                Err(EngineError::Journal(JournalError::Conflict { .. })) if races < RACES => {
                    // Somebody has written what this process does not know of: nor has anybody carried it out.
                    races += 1;
                    self.outbox.look_again();
                    let done = std::mem::take(&mut kept.done);
                    *kept = self.load(&id).await?.ok_or(EngineError::NoTrade(id))?;
                    kept.done = done;
                }
                result => return result,
            }
        }
    }

    /// Begins a new trade with its first input. `Ok(None)` if it is there already.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        trade: Trade,
        first: &Input,
        documents: Vec<Document>,
    ) -> Result<Option<StepReport>, EngineError> {
        let (inner, first) = (Arc::clone(self), first.clone());
        let counted = self.life.step();
        let whole = async move {
            let _counted = counted;
            inner.begin_whole(trade, &first, documents).await
        };
        self.life.detached(whole).await.unwrap_or(Err(EngineError::Stopping))
    }

    async fn begin_whole(
        self: &Arc<Self>,
        trade: Trade,
        first: &Input,
        documents: Vec<Document>,
    ) -> Result<Option<StepReport>, EngineError> {
        let id = trade.terms.trade;
        let mut place = self.cabinet.place(&id).await;
        if place.is_none() {
            *place = self.load(&id).await?;
        }
        if place.is_some() {
            return Ok(None);
        }
        if self.life.is_stopping() {
            return Err(EngineError::Stopping);
        }
        let at = self.moment()?;
        let taken = step(trade.clone(), first, at);
        if let Err(broken) = invariants::check(&trade, at, &taken) {
            return Err(self.freeze(id, broken.0));
        }
        let mut kept = Kept::new(trade, 0, false);
        let mut along = Along { documents, flush: true, ..Along::default() };
        let report = self.write(&mut kept, at, first, taken, &mut along).await?;
        // Whatever of this trade was here before it was a trade.
        let papers: Vec<EventId> = kept.trade.papers.values().copied().collect();
        *place = Some(kept);
        self.inbox_recheck(&papers);
        Ok(Some(report))
    }

    /// Writes a step, if there is anything to write, and sets everything going that follows from it.
    async fn write(
        self: &Arc<Self>,
        kept: &mut Kept,
        at: At,
        input: &Input,
        taken: Step,
        along: &mut Along,
    ) -> Result<StepReport, EngineError> {
        let id = kept.trade.terms.trade;
        let life = lifetime(&taken.trade);
        let open = life.is_open(at.unix);
        let changed = taken.trade != kept.trade || !taken.effects.is_empty() || open != kept.open;
        let stage = stage(&taken.trade);
        let waits_for_fresh = taken.notes.contains(&Note::TipNotFresh);
        let idle = !changed && !(along.flush && (kept.version == 0 || !kept.done.is_empty()));
        if idle {
            self.leave(kept, at, input, along).await?;
        } else {
            self.commit(kept, at, input, &taken, open, along).await?;
        }
        let report =
            StepReport { trade: id, version: kept.version, stage, notes: taken.notes, committed: !idle };
        self.announce(&report, at.unix, input);
        self.tell_it_is_over(&taken.trade, &report.notes);
        let papers = new_papers(&kept.trade, &taken.trade);
        self.count_node(&kept.trade, kept.open, open);
        kept.trade = taken.trade;
        kept.open = open;
        if !idle {
            self.follow(kept, at, life.end());
            self.inbox_recheck(&papers);
            self.perform_all(id, kept.version, taken.effects);
        } else if matches!(input, Input::Tick) {
            // Woken for nothing: not again at once, whatever the machine says.
            self.wake_later(kept, at);
        }
        if waits_for_fresh {
            self.clockwork().wait_for_fresh(id);
        }
        Ok(report)
    }

    /// Nothing to write now: what is done is struck out with the next commit, and events are kept.
    async fn leave(
        self: &Arc<Self>,
        kept: &mut Kept,
        at: At,
        input: &Input,
        along: &mut Along,
    ) -> Result<(), EngineError> {
        tracing::trace!(
            trade = kept.trade.terms.trade.short(),
            height = at.height.0,
            input = words::input(input),
            "nothing changed"
        );
        for document in along.documents.drain(..) {
            // A mark belongs to no trade. What was held waits no more, and must be told so.
            if document.trade.is_none() {
                self.keep_marker(Some(document)).await?;
            } else if kept.has_room_for(&document) {
                kept.remember(&document);
                self.ports.journal.keep_document(document).await?;
            } else {
                self.ports.journal.forget_documents(vec![document.id]).await?;
            }
        }
        if !along.cleared.is_empty() {
            self.outbox.done_already(&along.cleared);
            kept.done.append(&mut along.cleared);
            self.flush_later(kept.trade.terms.trade);
        }
        Ok(())
    }

    async fn commit(
        self: &Arc<Self>,
        kept: &mut Kept,
        at: At,
        input: &Input,
        taken: &Step,
        open: bool,
        along: &mut Along,
    ) -> Result<(), EngineError> {
        let id = kept.trade.terms.trade;
        let version = kept.version.saturating_add(1);
        let journaled = Journaled { at, input: input.clone(), notes: taken.notes.clone() };
        let effects = taken.effects.iter().map(record::write_effect).collect::<Result<Vec<_>, _>>()?;
        let cleared = along.cleared.iter().chain(&kept.done).copied().collect();
        let commit = Commit {
            row: TradeRow {
                id,
                version,
                snapshot: record::write_trade(&taken.trade)?,
                wake_at: wake(&taken.trade).height,
                open,
            },
            expected_version: kept.version,
            input: record::write_input(&journaled)?,
            effects,
            cleared,
            hashes: hash_uses(&taken.trade, kept.version == 0, &taken.effects),
            documents: along.documents.clone(),
        };
        match self.config.faults.at(Point::BeforeCommit { trade: id, version, input }) {
            Fault::Fail => return Err(JournalError::Full { path: "the journal".to_owned() }.into()),
            Fault::Stop => self.life.die().await,
            Fault::Break => return Err(self.freeze(id, "a test says so".to_owned())),
            Fault::None | Fault::Repeat => {}
        }
        self.ports.journal.commit(commit).await.inspect_err(|error| self.not_written(error))?;
        self.troubles.journal_works();
        kept.version = version;
        self.outbox.struck_out(kept.done.drain(..));
        for document in &along.documents {
            kept.remember(document);
        }
        if self.config.faults.at(Point::AfterCommit { trade: id, version, input }) == Fault::Stop {
            self.life.die().await;
        }
        Ok(())
    }

    fn not_written(&self, error: &JournalError) {
        self.troubles.journal_failed(error);
        // Perhaps it was written after all: then its effects stand on disk, and nobody else will carry them out.
        if matches!(error, JournalError::Failed(_)) {
            self.outbox.look_again();
        }
    }

    /// Wakes, watches and counts follow the trade.
    fn follow(self: &Arc<Self>, kept: &Kept, at: At, end: Option<Unix>) {
        let trade = &kept.trade;
        let id = trade.terms.trade;
        let mut next = wake(trade);
        // What is due already is ticked at once; if that changes nothing it waits for the next block or half a minute.
        next.unix = [next.unix, end].into_iter().flatten().min();
        let due = next.height.is_some_and(|height| height <= at.height)
            || next.unix.is_some_and(|unix| unix <= at.unix);
        if kept.open {
            self.clockwork().set(id, next);
            hold(&self.open).insert(id);
        } else {
            self.clockwork().remove(&id);
            hold(&self.open).remove(&id);
        }
        if due {
            self.pulse.notify_one();
        }
        self.watch_trade(trade, kept.open);
        self.inbox.trade_changed(trade, kept.open);
    }

    fn wake_later(&self, kept: &Kept, at: At) {
        if !kept.open {
            return;
        }
        let mut next = wake(&kept.trade);
        next.height = next.height.map(|height| height.max(at.height.plus(Blocks(1))));
        let end = lifetime(&kept.trade).end();
        next.unix =
            [next.unix, end].into_iter().flatten().min().map(|unix| unix.max(at.unix.plus(AGAIN_SECONDS)));
        self.clockwork().set(kept.trade.terms.trade, next);
    }

    fn announce(&self, report: &StepReport, now: Unix, input: &Input) {
        if !report.committed && report.notes.is_empty() {
            return;
        }
        for note in &report.notes {
            if let Note::Alarm(text) = note {
                self.alarm(Some(report.trade), text.clone());
            }
        }
        self.tell(EngineEvent::Trade(TradeChanged {
            trade: report.trade,
            version: report.version,
            at: now,
            input: words::input(input),
            stage: report.stage.as_str().to_owned(),
            ended: report.stage.is_ended(),
            notes: report.notes.iter().map(words::note).collect(),
        }));
    }
}

/// Orders by which money or goods are put at stake. A frozen trade takes none of them; what ends it, it still takes, as long
/// as each step keeps every invariant: the price of goods that are out is not given up because something else was wrong.
const fn takes_on_more(input: &Input) -> bool {
    matches!(
        input,
        Input::Command(
            Command::Accept | Command::Pay | Command::Ship(_) | Command::OfferLateInvoice | Command::PayLate
        )
    )
}

/// The machine's refusal of a command, if that is what the input was.
fn refusal(input: &Input, notes: &[Note]) -> Option<domp_escrow::note::Refusal> {
    if !matches!(input, Input::Command(_)) {
        return None;
    }
    notes.iter().find_map(|note| match note {
        Note::Refused(refusal) => Some(refusal.clone()),
        _ => None,
    })
}

/// The hashes that this step uses: no other trade may use them in the same way.
fn hash_uses(trade: &Trade, is_new: bool, effects: &[Effect]) -> Vec<(PaymentHash, HashUse)> {
    let made = trade
        .legs
        .iter()
        .filter(|leg| is_new && leg.paying().is_some())
        .filter_map(|leg| Some((leg.hash?, HashUse::Made)));
    let used = effects.iter().filter_map(|effect| match effect {
        Effect::Issue { hash, .. } => Some((*hash, HashUse::Invoiced)),
        Effect::Pay { hash, .. } | Effect::PayLate { hash, .. } => Some((*hash, HashUse::Paid)),
        Effect::Settle { .. }
        | Effect::Cancel { .. }
        | Effect::Send { .. }
        | Effect::Resend { .. }
        | Effect::IssueLate { .. } => None,
    });
    made.chain(used).collect()
}

/// Events that the trade has now and had not before: others may have waited for them.
fn new_papers(before: &Trade, after: &Trade) -> Vec<EventId> {
    let old: BTreeSet<EventId> = before.papers.values().copied().collect();
    after.papers.values().filter(|paper| !old.contains(paper)).copied().collect()
}
