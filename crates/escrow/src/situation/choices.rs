//! Choices: what our person can do now. The machine itself is asked, so no rule is written here a second time.

use super::amount::sats;
use crate::{
    draft::words,
    input::{Agreement, Command, Condition, Input, Shipment, Verdict},
    leg::Leg,
    moment::At,
    note::{Note, Refusal},
    step::step,
    terms::Side,
    trade::Trade,
};
use domp_protocol::purpose::Purpose;
use serde::Serialize;

/// Something that our person can do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The command's name; see [`command_name`].
    pub command: &'static str,
    /// What it does.
    pub words: String,
}

/// The name of a command in output.
pub const fn command_name(command: &Command) -> &'static str {
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

/// Why a command would be refused now; `None` when it can be given. The machine's own reason comes first, then words in it
/// that could not be sent as they are: the machine takes those, and the letter would have to cut them.
pub fn refusal(trade: &Trade, command: &Command, at: At) -> Option<Refusal> {
    let step = step(trade.clone(), &Input::Command(command.clone()), at);
    let refused = step.notes.into_iter().find_map(|note| match note {
        Note::Refused(refusal) => Some(refusal),
        _ => None,
    });
    refused.or_else(|| words::check(command).err().map(|bad| Refusal::Missing(bad.to_string())))
}

/// Every command that the machine would take, each name once. A stale tip is a passing obstacle and told as a warning, so
/// it hides nothing here.
pub(super) fn choices(trade: &Trade, at: At) -> Vec<Choice> {
    let at = At { fresh: true, ..at };
    let mut choices: Vec<Choice> = Vec::new();
    for command in commands(trade.side).iter().filter(|command| refusal(trade, command, at).is_none()) {
        let (name, words) = (command_name(command), in_words(trade, command));
        match choices.iter_mut().find(|choice| choice.command == name) {
            Some(choice) => choice.words = format!("{}; {words}", choice.words),
            None => choices.push(Choice { command: name, words }),
        }
    }
    choices
}

fn commands(side: Side) -> Vec<Command> {
    let verdict = |condition, reason: Option<&str>| {
        let reason = reason.map(str::to_owned);
        Command::Confirm(Verdict { condition, rating: None, feedback: None, reason })
    };
    let mut commands = match side {
        Side::Buyer => vec![
            Command::Pay,
            verdict(Condition::Received, None),
            verdict(Condition::NotReceived, Some("nothing came")),
            Command::Release,
            Command::PayLate,
        ],
        Side::Seller => vec![
            Command::Accept,
            Command::Ship(Shipment::default()),
            Command::Refund { reason: "refund".to_owned() },
            Command::OfferLateInvoice,
            Command::HadShipped(Shipment::default()),
            Command::NotShipped,
        ],
    };
    commands.push(Command::Agree(Agreement::Cancel));
    commands.push(Command::Agree(Agreement::Release));
    commands.push(Command::Withdraw);
    commands
}

fn in_words(trade: &Trade, command: &Command) -> String {
    let price = sats(trade.terms.price);
    let held = trade.leg(Purpose::Purchase).is_some_and(Leg::is_locked);
    match command {
        Command::Accept => "make the invoices and accept the bid".to_owned(),
        Command::Pay => "lock the money".to_owned(),
        Command::Ship(_) => "say that the parcel is on its way".to_owned(),
        Command::Confirm(Verdict { condition: Condition::Received, .. }) if held => {
            format!("`received`, the goods are here and as agreed: pays the seller {price}, for good")
        }
        Command::Confirm(Verdict { condition: Condition::Received, .. }) => {
            "`received`, the goods came after all: the seller can then send an ordinary invoice".to_owned()
        }
        Command::Confirm(_) => {
            "`not_received`, `partially_received` or `damaged`: said publicly, moves no money".to_owned()
        }
        Command::Release => format!("pay the seller {price} after all, for good"),
        Command::Refund { .. } => "give everything back to the buyer".to_owned(),
        Command::Agree(Agreement::Cancel) => {
            format!("everything goes back, once the {} signs the same", trade.side.other().as_str())
        }
        Command::Agree(Agreement::Release) => {
            format!("the seller is paid, once the {} signs the same", trade.side.other().as_str())
        }
        Command::Withdraw => "end the trade; nothing is locked".to_owned(),
        Command::OfferLateInvoice => {
            format!("send the buyer, who has the goods, an ordinary invoice over {price}")
        }
        Command::PayLate => format!("pay {price} for goods that you have; final, nothing holds it"),
        Command::HadShipped(_) => {
            "the goods went out before the restore: wait for the buyer's word".to_owned()
        }
        Command::NotShipped => "the goods are still here: go on, and let deadlines count again".to_owned(),
    }
}
