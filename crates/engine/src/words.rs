//! Words: inputs, effects and notes as people read them.

use domp_escrow::{
    ack::Disagreement,
    effect::Effect,
    input::{Agreement, Command, Condition, Input, InvoiceReport, Outcome, PaymentReport, Said, Task},
    letter::{Message, Paper},
    note::Note,
};

/// An input in a word or two.
pub(crate) fn input(input: &Input) -> String {
    match input {
        Input::Begin => "begin".to_owned(),
        Input::Command(command) => format!("order: {}", self::command(command)),
        Input::Said { said, .. } => format!("received: {}", self::said(said)),
        Input::Invoice { purpose, report } => format!("node: {purpose} {}", invoice(report)),
        Input::Payment { purpose, report } => format!("node: {purpose} {}", payment(report)),
        Input::Late(report) => format!("node: late payment {}", payment(report)),
        Input::Outcome { of, outcome } => format!("{}: {}", task(of), self::outcome(outcome)),
        Input::Tick => "tick".to_owned(),
        Input::Restored => "restored from a backup".to_owned(),
        Input::Wrote { said, .. } => format!("found again, ours: {}", self::said(said)),
        Input::Recalled => "relays and node have told what was done before the restore".to_owned(),
    }
}

/// The name of a command, as the command line spells it.
pub(crate) const fn command(command: &Command) -> &'static str {
    match command {
        Command::Accept => "accept",
        Command::Pay => "pay",
        Command::Ship(_) => "ship",
        Command::Confirm(_) => "confirm",
        Command::Release => "release",
        Command::Refund { .. } => "refund",
        Command::Agree(Agreement::Cancel) => "agree cancel",
        Command::Agree(Agreement::Release) => "agree release",
        Command::Withdraw => "cancel",
        Command::OfferLateInvoice => "offer late invoice",
        Command::PayLate => "pay late",
        Command::HadShipped(_) => "had shipped",
        Command::NotShipped => "not shipped",
    }
}

fn said(said: &Said) -> &'static str {
    match said {
        Said::Hashes(_) => "hashes",
        Said::Acceptance(_) => "acceptance",
        Said::BadAcceptance(_) => "acceptance that must not be paid",
        Said::Payment => "payment confirmation",
        Said::LockAck(_) => "lock acknowledgement",
        Said::LockOk { .. } => "agreement with the lock",
        Said::Shipped(_) => "shipped",
        Said::Verdict { condition: Condition::Received, .. } => "verdict: received",
        Said::Verdict { .. } => "verdict: not as agreed",
        Said::Release { .. } => "release",
        Said::Refund => "refund",
        Said::Agreed(_) => "agreement",
        Said::Dispute => "dispute",
        Said::Receipt { .. } => "receipt",
        Said::LateInvoice(_) => "late invoice",
    }
}

const fn invoice(report: &InvoiceReport) -> &'static str {
    match report {
        InvoiceReport::Open => "open",
        InvoiceReport::Held { .. } => "held",
        InvoiceReport::Settled => "settled",
        InvoiceReport::Cancelled => "cancelled",
        InvoiceReport::NotFound => "not found",
    }
}

const fn payment(report: &PaymentReport) -> &'static str {
    match report {
        PaymentReport::NotFound => "not found",
        PaymentReport::Trying => "under way",
        PaymentReport::InFlight { .. } => "in flight",
        PaymentReport::Succeeded => "succeeded",
        PaymentReport::Failed => "failed",
    }
}

/// A task in a word or two.
pub(crate) fn task(task: &Task) -> String {
    match task {
        Task::Issue(purpose) => format!("issue {purpose}"),
        Task::Pay(purpose) => format!("pay {purpose}"),
        Task::Settle(purpose) => format!("settle {purpose}"),
        Task::Cancel(purpose) => format!("cancel {purpose}"),
        Task::Send(paper) => format!("send {}", self::paper(*paper)),
        Task::IssueLate => "make the late invoice".to_owned(),
        Task::PayLate => "pay the late invoice".to_owned(),
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Issued { .. } => "issued".to_owned(),
        Outcome::Sent { .. } => "sent".to_owned(),
        Outcome::Refused(why) => format!("refused: {why}"),
        Outcome::Unknown(why) => format!("not known: {why}"),
    }
}

/// A letter's name.
pub(crate) const fn paper(paper: Paper) -> &'static str {
    match paper {
        Paper::Bid => "bid",
        Paper::Hashes => "hashes",
        Paper::Acceptance => "acceptance",
        Paper::Payment => "payment confirmation",
        Paper::LockAck => "lock acknowledgement",
        Paper::LockOk => "agreement with the lock",
        Paper::Shipped => "shipped",
        Paper::Verdict => "verdict",
        Paper::Release => "release",
        Paper::Refund => "refund",
        Paper::AgreeCancel => "agreement to cancel",
        Paper::AgreeRelease => "agreement to release",
        Paper::LateInvoice => "late invoice",
    }
}

/// What a message is called.
pub(crate) fn message(message: &Message) -> &'static str {
    message.paper().map_or("receipt", paper)
}

/// An effect in a word or two.
pub(crate) fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Issue { purpose, .. } => format!("issue {purpose}"),
        Effect::Pay { purpose, .. } => format!("pay {purpose}"),
        Effect::Settle { purpose, .. } => format!("settle {purpose}"),
        Effect::Cancel { purpose, .. } => format!("cancel {purpose}"),
        Effect::Send { message, .. } => format!("send {}", self::message(message)),
        Effect::Resend { message, .. } => format!("send {} again", self::message(message)),
        Effect::IssueLate { .. } => "make the late invoice".to_owned(),
        Effect::PayLate { .. } => "pay the late invoice".to_owned(),
    }
}

/// A note as a sentence.
pub(crate) fn note(note: &Note) -> String {
    match note {
        Note::Moved { from, to } => format!("'{from}' became '{to}'"),
        Note::Refused(refusal) => refusal.to_string(),
        Note::Ignored(why) => format!("ignored: {why}"),
        Note::Unwinding(why) => format!("everything goes back: {why}"),
        Note::AckDisagrees(Disagreement::NotInFlight(purpose)) => {
            format!(
                "the seller's acknowledgement cannot be compared yet: {purpose} is not in flight at our node"
            )
        }
        Note::AckDisagrees(Disagreement::Field(why)) => {
            format!("the seller's acknowledgement is not what our node says: {why}")
        }
        Note::SecretWithoutEntitlement => "a secret came before we shipped: kept, not used".to_owned(),
        Note::WrongSecret => "a secret came that opens nothing".to_owned(),
        Note::SecretTooLate => "the secret came when the money had already gone back".to_owned(),
        Note::SettlingLate { settle_by } => {
            format!("the secret came after {settle_by}, the last safe height: taking the money all the same")
        }
        Note::LegLost(purpose) => format!("our node let go of {purpose}, or lost it"),
        Note::InvoiceMissing(purpose) => {
            format!("our node does not know the invoice of {purpose} that it made")
        }
        Note::Alarm(text) => format!("ALARM: {text}"),
        Note::NotSent(what) => format!("not sent: {what}"),
        Note::PaymentUnknown(purpose) => {
            format!(
                "what became of the payment of {purpose} is not known: waiting for the node, never paying elsewhere"
            )
        }
        Note::PaymentRefused { purpose, reason } => format!("our node did not pay {purpose}: {reason}"),
        Note::Disputed => "the other side disputes; that moves no money in direct mode".to_owned(),
        Note::RestoredInDoubt => {
            "restored from a backup: the price is held, and it is not known whether you shipped before. \
                                  Say `had-shipped` or `not-shipped`"
                .to_owned()
        }
        Note::Remembered(paper) => format!("found again after a restore: our own {}", self::paper(*paper)),
        Note::TipNotFresh => "the node's height cannot be relied on now: waiting".to_owned(),
    }
}
