//! Stories: a walk or a checker's path told so that a person can follow it.

use crate::{
    action::Action,
    atlas::{effect_in_words, purpose_in_short},
    cheat::Cheat,
    plan::Plan,
    setting::START,
    trouble::Kind,
    walk::{Failure, Witness, walk},
    world::{SIDES, World},
};
use domp_escrow::{
    input::{Agreement, Command, Condition, Said, Secret},
    note::Note,
    terms::Side,
};
use std::fmt::Write as _;

/// A story under way: one line for everything that happens, indented lines for what the machines say about it.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The lines so far.
    pub text: String,
    height: Option<u32>,
}

impl Witness for Story {
    fn before(&mut self, world: &World, action: &Action) {
        let height = START.until(world.height).0;
        if self.height != Some(height) {
            self.height = Some(height);
            let _ = writeln!(self.text, "block +{height}");
        }
        let _ = writeln!(self.text, "  {}", words(world, action));
    }

    fn after(&mut self, _: &World, said: &[(Side, Note)]) {
        for (side, note) in said {
            let _ = writeln!(self.text, "      {}: {}", side.as_str(), note_words(note));
        }
    }
}

/// Tells the walk of a plan to its end.
///
/// # Errors
/// What was lost, if anything was, beside the story.
pub fn tell(plan: &Plan) -> (String, Result<World, Failure>) {
    let mut story = Story::default();
    let setting = &plan.setting;
    let _ = writeln!(
        story.text,
        "seed {}: {}; h {}, t {}, i {}, D_S {}, {}\n{:?}",
        plan.seed,
        plan.cheater.map_or("both are honest".to_owned(), |side| format!("the {} cheats", side.as_str())),
        setting.handling,
        setting.transit,
        setting.inspection,
        setting.auto_cancel,
        if setting.collateral { "with a collateral" } else { "no collateral" },
        setting.nature,
    );
    let outcome = walk(plan, &mut story);
    let end = match &outcome {
        Ok(world) => SIDES.map(|side| format!("{}: {}", side.as_str(), world.stage(side))).join(", "),
        Err(failure) => format!("VIOLATION after {} steps: {}", failure.after, failure.what),
    };
    let _ = writeln!(story.text, "{end}");
    (story.text, outcome)
}

/// Tells a path of worlds, each with what happened next in it; nothing happens in the last one.
pub fn tell_steps(steps: impl IntoIterator<Item = (World, Option<Action>)>) -> String {
    let mut story = Story::default();
    for (world, action) in steps {
        let Some(action) = action else {
            let end = world.loss().or_else(|| world.disbelief()).or_else(|| world.unrest());
            let _ = writeln!(story.text, "VIOLATION: {}", end.unwrap_or_else(|| "none at the end".into()));
            continue;
        };
        story.before(&world, &action);
        let mut next = world;
        let said = next.apply(&action);
        story.after(&next, &said);
    }
    story.text
}

/// An action in words.
pub fn words(world: &World, action: &Action) -> String {
    let head = |side: Side| world.outbox(side).first().map_or("nothing".to_owned(), effect_in_words);
    let letter = |n: usize| {
        world.mail.get(n).map_or("no letter".to_owned(), |mail| {
            format!("{}'s letter \"{}\"", mail.to.other().as_str(), said_words(&mail.said))
        })
    };
    match action {
        Action::Perform(side) => format!("{}'s program: {}", side.as_str(), head(*side)),
        Action::Crash { side, after } => {
            let when = if *after { "after" } else { "before" };
            format!("FAULT {}'s program is killed {when} \"{}\" and starts again", side.as_str(), head(*side))
        }
        Action::CallLost { side, reached } => {
            let got = if *reached { "the node has got it" } else { "the node never got it" };
            format!("FAULT {}'s call \"{}\" is never answered ({got})", side.as_str(), head(*side))
        }
        Action::Deliver(n) => format!("arrives: {}", letter(*n)),
        Action::DeliverTwice(n) => format!("FAULT arrives and will again: {}", letter(*n)),
        Action::Lose(n) => format!("FAULT every relay loses: {}", letter(*n)),
        Action::Report(side, purpose) => {
            format!("{}'s node reports on {}", side.as_str(), purpose_in_short(*purpose))
        }
        Action::Arrives(purpose) => format!("{} arrives at the seller's node", purpose_in_short(*purpose)),
        Action::ArrivesInParts(purpose, apart) => {
            format!("FAULT the parts of {} arrive {apart} apart", purpose_in_short(*purpose))
        }
        Action::RouteFails(purpose) => format!("FAULT {} fails on its route", purpose_in_short(*purpose)),
        Action::Resolve(purpose) => {
            format!("the route brings the result of {} back to the buyer", purpose_in_short(*purpose))
        }
        Action::Mine => {
            let next = world.next_height().unwrap_or(world.height);
            format!("blocks come, up to +{}", START.until(next).0)
        }
        Action::MineTo(height) => format!("blocks come, up to +{}", START.until(*height).0),
        Action::NoBlockFor { seconds } => format!("FAULT no block for {seconds} s"),
        Action::Reorg(blocks) => format!("FAULT a reorganisation takes {blocks} away"),
        Action::Trouble(side, kind, blocks) => {
            let what = match kind {
                Kind::ProgramAway => "program does not run",
                Kind::NodeDown => "node does not run",
                Kind::ChainStuck => "node gets no new blocks",
            };
            format!("FAULT the {}'s {what} for {blocks}", side.as_str())
        }
        Action::Backup(side) => format!("the {} makes a backup", side.as_str()),
        Action::Restore { side, copies } => {
            let found = if *copies { "finds" } else { "does not find" };
            format!("FAULT the {} is restored from its backup and {found} its private letters", side.as_str())
        }
        Action::Person(side, command) => {
            format!("the {}'s person: {}", side.as_str(), command_words(command))
        }
        Action::Arrive => "the parcel arrives".to_owned(),
        Action::Cheat(cheat) => format!("CHEAT {}: {}", cheat.side().as_str(), cheat_words(*cheat)),
    }
}

fn command_words(command: &Command) -> String {
    match command {
        Command::Accept => "accepts the bid".into(),
        Command::Pay => "pays".into(),
        Command::Ship(_) => "has shipped".into(),
        Command::Confirm(verdict) => format!("confirms: {}", condition_words(verdict.condition)),
        Command::Release => "releases the price after all".into(),
        Command::Refund { .. } => "refunds".into(),
        Command::Agree(Agreement::Cancel) => "signs a cancellation".into(),
        Command::Agree(Agreement::Release) => "signs a release".into(),
        Command::Withdraw => "walks away".into(),
        Command::OfferLateInvoice => "offers a late invoice".into(),
        Command::PayLate => "pays the late invoice".into(),
        Command::HadShipped(_) => "says that it had shipped before".into(),
        Command::NotShipped => "says that it has not shipped".into(),
    }
}

const fn condition_words(condition: Condition) -> &'static str {
    match condition {
        Condition::Received => "received",
        Condition::PartiallyReceived => "partly received",
        Condition::NotReceived => "not received",
        Condition::Damaged => "damaged",
    }
}

fn said_words(said: &Said) -> String {
    let with = |secret: &Secret| match secret {
        Secret::Opens => "with the secret",
        Secret::Absent => "without the secret",
        Secret::Wrong => "with a wrong secret",
    };
    match said {
        Said::Hashes(_) => "my hashes".into(),
        Said::Acceptance(_) => "303 accepted, pay these invoices".into(),
        Said::BadAcceptance(why) => format!("303 with bad invoices: {why}"),
        Said::Payment => "311 I have paid".into(),
        Said::LockAck(ack) => format!("lock_ack: locked at +{}", START.until(ack.deadlines.lock).0),
        Said::LockOk { .. } => "lock_ok".into(),
        Said::Shipped(_) => "shipped".into(),
        Said::Verdict { condition, secret } => {
            format!("313 {}, {}", condition_words(*condition), with(secret))
        }
        Said::Release { secret } => format!("release, {}", with(secret)),
        Said::Refund => "314 I refund".into(),
        Said::Agreed(Agreement::Cancel) => "315 cancel".into(),
        Said::Agreed(Agreement::Release) => "315 release".into(),
        Said::Dispute => "312 I dispute".into(),
        Said::Receipt { .. } => "receipt".into(),
        Said::LateInvoice(_) => "pay this late invoice".into(),
    }
}

fn cheat_words(cheat: Cheat) -> String {
    let leg = purpose_in_short;
    match cheat {
        Cheat::BlindLockOk => "agrees with the lock_ack without looking".into(),
        Cheat::StrayLockOk => "agrees with a lock_ack that does not exist".into(),
        Cheat::FalsePayment => "claims to have paid".into(),
        Cheat::PayOne(purpose) => format!("pays {} alone", leg(purpose)),
        Cheat::PayShort(purpose) => format!("pays {} with an expiry 50 blocks too short", leg(purpose)),
        Cheat::PayHalf(purpose) => format!("pays half of {}", leg(purpose)),
        Cheat::RevealAnyTime => "sends the secret out of turn".into(),
        Cheat::WrongSecret => "confirms with a wrong secret".into(),
        Cheat::EmptyVerdict => "confirms without the secret".into(),
        Cheat::FalseCancel(_) => "signs a cancellation without meaning it".into(),
        Cheat::FalseRelease(_) => "signs a release without meaning it".into(),
        Cheat::FalseReceipts(_) => "acknowledges everything unread".into(),
        Cheat::SameHashes => "gives one hash for everything".into(),
        Cheat::FalseAck(lie) => format!("acknowledges a lock that is not what it holds ({lie:?})"),
        Cheat::FalseOffer(lie) => format!("offers invoices that are not what was agreed ({lie:?})"),
        Cheat::FalseShipped => "claims to have shipped".into(),
        Cheat::FalseRefund => "claims to refund and holds on".into(),
        Cheat::LateInvoiceAnyTime => "asks to be paid by an ordinary invoice".into(),
        Cheat::SettleAtOnce => "takes the price if it has the secret".into(),
        Cheat::CancelAny(purpose) => format!("gives {} back", leg(purpose)),
        Cheat::RouterTakes => "its friend on the route takes the price if it has the secret".into(),
    }
}

fn note_words(note: &Note) -> String {
    match note {
        Note::Moved { from, to } => format!("{from} -> {to}"),
        Note::Refused(refusal) => format!("refused: {refusal}"),
        Note::Unwinding(why) => format!("everything goes back: {why}"),
        Note::Ignored(why) => format!("ignored: {why}"),
        Note::Alarm(what) => format!("alarm: {what}"),
        other => format!("{other:?}"),
    }
}
