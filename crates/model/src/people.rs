//! People: what an honest person does when, given what their program tells them.

use crate::world::{Parcel, World};
use domp_escrow::{
    input::{Command, Condition, Shipment, Verdict},
    letter::Paper,
    stage::Stage,
    terms::Side,
};

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
    /// What an honest person may want to do now, most natural first.
    pub fn wishes(&self, side: Side) -> Vec<Command> {
        let trade = self.trade(side);
        match side {
            Side::Seller => match self.stage(side) {
                Stage::Bid if trade.legs.iter().all(|leg| leg.hash.is_some()) => vec![Command::Accept],
                Stage::ToShip => vec![ship(), Command::Refund { reason: "out of stock".into() }],
                _ => Vec::new(),
            },
            Side::Buyer => match self.stage(side) {
                Stage::Offered => vec![Command::Pay],
                Stage::ToShip | Stage::Shipped if trade.choices.verdict.is_none() => match self.parcel {
                    Parcel::Arrived(_) => vec![verdict(Condition::Received)],
                    Parcel::AtHome | Parcel::Travelling(_) => Vec::new(),
                },
                _ => Vec::new(),
            },
        }
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
