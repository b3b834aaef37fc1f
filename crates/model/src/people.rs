//! People: what an honest person does when, given what their program tells them.

use crate::world::{Parcel, World};
use domp_escrow::{
    input::{Agreement, Command, Condition, Shipment, Verdict},
    leg::Leg,
    letter::Paper,
    stage::{Ending, Stage},
    terms::Side,
};
use domp_protocol::purpose::Purpose;

/// A verdict of one word.
pub fn verdict(condition: Condition) -> Command {
    let reason = (condition != Condition::Received).then(|| "see photos".to_owned());
    Command::Confirm(Verdict { condition, rating: None, feedback: None, reason })
}

/// A parcel without particulars.
pub fn ship() -> Command {
    Command::Ship(Shipment::default())
}

impl World {
    /// What an honest person wants to do now.
    pub fn wish(&self, side: Side) -> Option<Command> {
        if !self.runs(side) {
            return None;
        }
        match side {
            Side::Seller => self.sellers_wish(),
            Side::Buyer => self.buyers_wish(),
        }
    }

    fn sellers_wish(&self) -> Option<Command> {
        let trade = &self.seller;
        let held = trade.leg(Purpose::Purchase).is_some_and(Leg::is_locked);
        if trade.in_doubt() && held && trade.unwind.is_none() && !trade.is_claiming() {
            let shipped = self.shipped_at.is_some();
            return Some(if shipped {
                Command::HadShipped(Shipment::default())
            } else {
                Command::NotShipped
            });
        }
        match self.stage(Side::Seller) {
            Stage::Bid if trade.legs.iter().all(|leg| leg.hash.is_some()) => Some(Command::Accept),
            Stage::ToShip => Some(ship()),
            Stage::Ended(Ending::Refunded)
                if trade.peer.received && trade.late.is_none() && self.shipped_at.is_some() =>
            {
                Some(Command::OfferLateInvoice)
            }
            _ => None,
        }
    }

    fn buyers_wish(&self) -> Option<Command> {
        let trade = &self.buyer;
        let stage = self.stage(Side::Buyer);
        if stage == Stage::Offered {
            return Some(Command::Pay);
        }
        let has_goods = matches!(self.parcel, Parcel::Arrived(_));
        if has_goods && trade.choices.verdict.is_none() && trade.deadlines.is_some() {
            return Some(verdict(Condition::Received));
        }
        let offered = trade.late.as_ref().is_some_and(|late| late.bolt11.is_some() && !late.is_under_way());
        let offered = offered && self.paid_late.is_none();
        // Somebody who has the goods is easily asked for their price; it is for the program to refuse too early.
        (offered && self.confirmed_at.is_some()).then_some(Command::PayLate)
    }

    /// What a person may also do, at any time and for no good reason.
    pub fn moods(side: Side) -> Vec<Command> {
        let mut moods =
            vec![Command::Withdraw, Command::Agree(Agreement::Cancel), Command::Agree(Agreement::Release)];
        match side {
            Side::Seller => {
                moods.extend([
                    Command::Refund { reason: "changed my mind".into() },
                    Command::OfferLateInvoice,
                ]);
            }
            Side::Buyer => {
                moods.extend([
                    verdict(Condition::Damaged),
                    verdict(Condition::NotReceived),
                    Command::Release,
                    Command::PayLate,
                ]);
            }
        }
        moods
    }

    /// Whether the parcel could arrive now.
    pub fn may_arrive(&self) -> bool {
        match self.parcel {
            Parcel::Travelling(since) => self.height <= since.plus(self.seller.terms.agreed.transit),
            Parcel::AtHome | Parcel::Arrived(_) => false,
        }
    }

    /// Whether this side's person was told that the goods are on their way.
    pub fn was_told_of_shipment(&self) -> bool {
        self.buyer.papers.contains_key(&Paper::Shipped)
    }
}
