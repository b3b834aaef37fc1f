//! Backups: a machine's state as it was, kept elsewhere, and what becomes of somebody who starts again from it.

use crate::{book::Book, mail::Mail, world::World};
use domp_escrow::{
    effect::Effect,
    input::{Input, Said, Secret},
    letter::Paper,
    note::Note,
    terms::Side,
};
use domp_protocol::units::Height;

/// A side's store at some moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Backup {
    book: Book,
    outbox: Vec<Effect>,
    /// The seller's vault had R_p.
    secret: bool,
    /// When it was made.
    height: Height,
}

impl World {
    /// A side makes a backup.
    pub(crate) fn back_up(&mut self, side: Side) {
        let book = self.book_mut(side).clone();
        let backup = Backup {
            book,
            outbox: self.outbox(side).clone(),
            secret: self.secret_known_to_seller,
            height: self.height,
        };
        self.backups[side as usize] = Some(Box::new(backup));
    }

    /// A side starts again from its last backup, in the engine's order: the machine is told, the relays give back what the
    /// other side wrote and then what it wrote itself, what was not done is done, the node is asked about every leg.
    pub(crate) fn restore(&mut self, side: Side, copies: bool) -> Vec<Note> {
        let Some(backup) = self.backups[side as usize].clone() else { return Vec::new() };
        *self.book_mut(side) = backup.book;
        *self.outbox_mut(side) = backup.outbox;
        self.restores[side as usize] = self.restores[side as usize].saturating_add(1);
        if side == Side::Seller {
            self.secret_known_to_seller = backup.secret;
        }
        // Until the relays have been heard, time stands still where it stood.
        let now = self.height;
        self.height = backup.height.min(now);
        let mut notes = self.input(side, &Input::Restored);
        let (to_us, by_us): (Vec<Mail>, Vec<Mail>) =
            self.archive.clone().into_iter().partition(|mail| mail.to == side);
        for Mail { event, said, .. } in to_us {
            let opens = matches!(
                said,
                Said::Verdict { secret: Secret::Opens, .. } | Said::Release { secret: Secret::Opens }
            );
            if side == Side::Seller && opens {
                self.store_secret();
            }
            notes.extend(self.input(side, &Input::Said { event, said }));
        }
        for Mail { event, said, .. } in by_us.into_iter().filter(|mail| comes_back(&mail.said, copies)) {
            notes.extend(self.input(side, &Input::Wrote { event, said }));
        }
        self.height = now;
        notes.extend(self.restart(side));
        if side == Side::Buyer && self.buyer.late.is_some() {
            notes.extend(self.report_late(side));
        }
        notes.extend(self.input(side, &Input::Recalled));
        let forgot = self.buyer.choices.verdict.is_none() && !self.buyer.papers.contains_key(&Paper::Verdict);
        if side == Side::Buyer && forgot {
            // The order was lost before any letter left; whoever restores sees that, and is asked again.
            self.confirmed_at = None;
        }
        notes
    }
}

/// Whether its author can read a letter again: what is public, and the private ones of which it sent itself a copy.
const fn comes_back(said: &Said, copies: bool) -> bool {
    match said {
        Said::Acceptance(_) | Said::Payment | Said::Verdict { .. } | Said::Refund | Said::Agreed(_) => true,
        Said::LockAck(_) | Said::Shipped(_) => copies,
        Said::Hashes(_)
        | Said::BadAcceptance(_)
        | Said::LockOk { .. }
        | Said::Release { .. }
        | Said::Dispute
        | Said::Receipt { .. }
        | Said::LateInvoice(_) => false,
    }
}
