//! The one function: `step(trade, input, at)`. Total: every input in every state has an answer.

use crate::{
    commands,
    effect::Effect,
    input::Input,
    leg::Leg,
    letter::{Letter, Message, Paper, REPEAT_BID_AFTER, RESEND_AFTER},
    moment::At,
    note::Note,
    reports, resolution, restored, said, setup, shipping,
    stage::stage,
    trade::{RULES_VERSION, Trade, Unwind},
};
use domp_protocol::units::{Blocks, Height};

/// What an input led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The trade afterwards.
    pub trade: Trade,
    /// What is to be done, in this order.
    pub effects: Vec<Effect>,
    /// What people should know.
    pub notes: Vec<Note>,
}

/// Takes in one input and decides what is to be done.
///
/// First the input's facts are recorded, then the rules of the three phases look at all facts. A rule that has had its
/// effect leaves a fact behind that keeps it from acting twice, so rules may be asked as often as one likes.
pub fn step(trade: Trade, input: &Input, at: At) -> Step {
    let before = stage(&trade);
    let mut turn =
        Turn { trade, at, effects: Vec::new(), notes: Vec::new(), still_there: None, secret_came: false };
    turn.trade.rules = RULES_VERSION;
    record(&mut turn, input);
    setup::decide(&mut turn);
    shipping::decide(&mut turn);
    resolution::decide(&mut turn);
    resend(&mut turn, input);
    let after = stage(&turn.trade);
    if before != after {
        turn.notes.push(Note::Moved { from: before, to: after });
    }
    Step { trade: turn.trade, effects: turn.effects, notes: turn.notes }
}

fn record(turn: &mut Turn, input: &Input) {
    match input {
        Input::Begin | Input::Tick => {}
        Input::Command(command) => commands::record(turn, command),
        Input::Said { event, said } => said::record(turn, *event, said),
        Input::Invoice { purpose, report } => reports::record_invoice(turn, *purpose, *report),
        Input::Payment { purpose, report } => reports::record_payment(turn, *purpose, *report),
        Input::Late(report) => reports::record_late(turn, *report),
        Input::Outcome { of, outcome } => reports::record_outcome(turn, *of, outcome),
        Input::Restored => restored::begin(turn),
        Input::Wrote { event, said } => restored::wrote(turn, *event, said),
        Input::Recalled => restored::recalled(turn),
    }
}

/// Sends again what the other side has not acknowledged, as long as it can still matter.
fn resend(turn: &mut Turn, input: &Input) {
    if !matches!(input, Input::Tick) {
        return;
    }
    let height = turn.at.height;
    for index in 0..turn.trade.letters.len() {
        let due = turn.trade.letter_due(&turn.trade.letters[index]).is_some_and(|due| height >= due);
        if due {
            let not_after = turn.trade.not_after(&turn.trade.letters[index]);
            let letter = &mut turn.trade.letters[index];
            letter.posted_at = height;
            turn.effects.push(Effect::Resend { message: letter.message.clone(), not_after });
        }
    }
}

impl Trade {
    /// The height after which a letter is not sent. Of one that was found again its own is not known, but a secret never
    /// leaves after REVEAL_BY.
    fn not_after(&self, letter: &Letter) -> Option<Height> {
        let reveal_by = self.deadlines.filter(|_| letter.message.reveals().is_some()).map(|d| d.reveal_by);
        letter.not_after.or(reveal_by)
    }
    /// The height at which a letter is to be sent again, if ever.
    pub fn letter_due(&self, letter: &Letter) -> Option<Height> {
        let waiting = letter.sent.is_some() && !letter.receipted;
        let due = letter.posted_at.plus(self.resent_after(letter.paper).filter(|_| waiting)?);
        let last = match (self.not_after(letter), self.deadlines) {
            (Some(not_after), _) => not_after,
            (None, Some(deadlines)) => deadlines.settle_by,
            (None, None) if letter.message.reveals().is_some() => return None,
            (None, None) => due,
        };
        let matters = letter.outlives_the_trade() || !stage(self).is_ended();
        (due <= last && matters).then_some(due)
    }

    /// After how many blocks a paper is sent again, if it still is. Most are until a receipt comes; of the first three no
    /// receipt is sent, but what follows from each of them shows that it has arrived.
    fn resent_after(&self, paper: Paper) -> Option<Blocks> {
        let going_on = self.unwind.is_none();
        match paper {
            Paper::Bid | Paper::Hashes => {
                (going_on && !self.has(Paper::Acceptance)).then_some(REPEAT_BID_AFTER)
            }
            Paper::Acceptance => {
                let paid = self.has(Paper::Payment) || self.legs.iter().any(Leg::is_locked);
                (going_on && !paid).then_some(RESEND_AFTER)
            }
            other => other.wants_receipt().then_some(RESEND_AFTER),
        }
    }
}

/// A step under way.
pub(crate) struct Turn {
    pub(crate) trade: Trade,
    pub(crate) at: At,
    pub(crate) effects: Vec<Effect>,
    pub(crate) notes: Vec<Note>,
    /// The node just reported a leg as still there although it has acknowledged our order to let go of it or to take it.
    pub(crate) still_there: Option<domp_protocol::purpose::Purpose>,
    /// The price's secret was not there before this input.
    pub(crate) secret_came: bool,
}

impl Turn {
    pub(crate) fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// What becomes of the price's secret is told when it comes, not at every block after.
    pub(crate) fn note_secret(&mut self, note: Note) {
        if self.secret_came {
            self.note(note);
        }
    }

    /// Writes and sends a paper; each at most once.
    pub(crate) fn post(&mut self, message: Message) {
        self.post_until(message, None);
    }

    /// Writes and sends a paper that must not leave after a height.
    pub(crate) fn post_until(&mut self, message: Message, not_after: Option<Height>) {
        let Some(paper) = message.paper() else {
            self.effects.push(Effect::Send { message, not_after });
            return;
        };
        if self.trade.letter(paper).is_some() || self.trade.wrote_before(paper) {
            return;
        }
        self.trade.letters.push(Letter {
            paper,
            message: message.clone(),
            not_after,
            posted_at: self.at.height,
            sent: None,
            receipted: false,
            dropped: false,
        });
        self.effects.push(Effect::Send { message, not_after });
    }

    /// Decides that everything goes back. The first reason stays.
    pub(crate) fn unwind(&mut self, why: Unwind) {
        if self.trade.unwind.is_none() {
            self.notes.push(Note::Unwinding(why.clone()));
            self.trade.unwind = Some(why);
        }
    }
}
