//! The mail: signed letters on their way over relays, which may lose, double, reorder and withhold them for a while.

use crate::world::World;
use domp_escrow::{
    input::{Input, Said, Secret},
    letter::{Letter, Message},
    note::Note,
    terms::Side,
};
use domp_protocol::{ids::EventId, units::Height};

/// A letter under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mail {
    /// To whom.
    pub to: Side,
    /// The signed event.
    pub event: EventId,
    /// What it says.
    pub said: Said,
    /// When it was sent.
    pub sent_at: Height,
}

impl World {
    /// Puts a letter under way. Relays keep one copy of an event.
    pub fn post(&mut self, to: Side, event: EventId, said: Said) {
        let mail = Mail { to, event, said, sent_at: self.height };
        let is_kept = |mail: &Mail| self.archive.iter().any(|kept| kept.to == to && kept.event == mail.event);
        if self.nature.relays_keep && !is_kept(&mail) {
            self.archive.push(mail.clone());
        }
        if !self.mail.iter().any(|mail| mail.to == to && mail.event == event) {
            self.mail.push(mail);
        }
    }

    /// Whether losing a letter is within the assumption that every message passes in the end: its sender will send it
    /// again in time, or it is one of the public first ones, without which there is no trade.
    pub fn may_lose(&self, n: usize) -> bool {
        let Some(mail) = self.mail.get(n) else { return false };
        let sender = self.trade(mail.to.other());
        let own: Option<&Letter> = sender.letters.iter().find(|letter| letter.sent == Some(mail.event));
        match own {
            Some(letter) if letter.paper.wants_receipt() => sender.letter_due(letter).is_some(),
            // A receipt: the letter that it acknowledges comes again, and so does the receipt. Forged letters are the
            // cheater's business.
            Some(_) | None => true,
        }
    }

    /// A letter arrives.
    pub(crate) fn deliver(&mut self, n: usize, twice: bool) -> Vec<(Side, Note)> {
        if n >= self.mail.len() {
            return Vec::new();
        }
        let mail = if twice { self.mail[n].clone() } else { self.mail.remove(n) };
        let opens = matches!(
            mail.said,
            Said::Verdict { secret: Secret::Opens, .. } | Said::Release { secret: Secret::Opens }
        );
        if mail.to == Side::Seller && opens {
            self.store_secret();
        }
        let notes = self.input(mail.to, &Input::Said { event: mail.event, said: mail.said });
        notes.into_iter().map(|note| (mail.to, note)).collect()
    }
}

/// Whether the price's secret goes along with a letter. The machine's own word for it is what is being judged.
pub(crate) const fn carries_secret(message: &Message) -> bool {
    matches!(message, Message::Verdict { reveal: Some(_), .. } | Message::Release { .. })
}
