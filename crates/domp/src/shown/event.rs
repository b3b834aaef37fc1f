//! Events as text.

use super::{short, time};
use crate::{output::Shown, wire::event::Event};

impl Shown for Event {
    fn text(&self) -> String {
        match self {
            Self::Trade { trade, at, input, stage, notes, .. } => {
                let notes: String = notes.iter().map(|note| format!("\n  {note}")).collect();
                format!("{} {} {input}; now '{stage}'{notes}", time(*at), short(trade))
            }
            Self::Mining { bits, tries, likelihood, .. } => {
                format!(
                    "proof of work of {bits} bits: {tries} tries, {:.0} % likely to be done by now",
                    likelihood * 100.0
                )
            }
            Self::Retrying { effect, tries, reason, .. } => {
                format!("{effect}: tried {tries} times, still not done: {reason}")
            }
            Self::Sent { letter, relays, .. } => {
                let taken = relays.iter().filter(|relay| relay.answer == "accepted").count();
                format!("{letter} sent: {taken} of {} relays have it", relays.len())
            }
            Self::Ignored { event, reason, .. } => format!("event {} has no effect: {reason}", short(event)),
            Self::Words { from, text, .. } => format!("{} says: {text}", short(from)),
            Self::Alarm { text, .. } => format!("LOOK AT THIS: {text}"),
            Self::Health { troubles } if troubles.is_empty() => "All is well again.".into(),
            Self::Health { troubles } => format!("Trouble: {}", troubles.join("; ")),
            Self::Missed { events } => format!("{events} events were missed"),
        }
    }
}
