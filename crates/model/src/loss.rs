//! Losses: what each side has lost when all is over, beyond what it was told beforehand.

use crate::{
    node::{PayeeEnd, PayerEnd},
    world::{Parcel, World},
};
use domp_escrow::{leg::PaidState, terms::Side, trade::Unwind};
use domp_protocol::purpose::Purpose;

impl World {
    /// The first loss of a side that followed the protocol, in words. A buyer that stays silent costs the seller the
    /// goods in direct mode: the seller was told so, it is not counted.
    pub fn loss(&self) -> Option<String> {
        if let Some(what) = &self.broken {
            return Some(format!("an invariant broke: {what}"));
        }
        for purpose in [Purpose::BuyerCollateral, Purpose::Purchase] {
            if self.htlc(purpose).payee == PayeeEnd::ForceClosed {
                return Some(format!("{purpose} was held until the channel had to be closed"));
            }
        }
        let honest = |side| self.cheater != Some(side);
        if honest(Side::Buyer) {
            if self.collateral.payer == PayerEnd::Succeeded {
                return Some("the buyer lost its collateral".into());
            }
            let has_goods = matches!(self.parcel, Parcel::Arrived(_));
            if self.price.payer == PayerEnd::Succeeded && !has_goods && self.buyer.revealed_at.is_none() {
                return Some("the buyer lost the price without having confirmed anything".into());
            }
            if self.price.payer == PayerEnd::Succeeded && self.paid_late {
                return Some("the buyer paid twice".into());
            }
        }
        if honest(Side::Seller) && honest(Side::Buyer) {
            let paid = self.price.payee == PayeeEnd::Settled || self.paid_late;
            let given_back = matches!(self.seller.unwind, Some(Unwind::Refund | Unwind::Agreed));
            if self.buyer.revealed_at.is_some() && self.is_over() && !paid && !given_back {
                return Some("the buyer revealed the secret in time and the seller was not paid".into());
            }
        }
        None
    }

    /// Whether nothing more will happen to the money.
    pub fn is_over(&self) -> bool {
        let payee = |end| !matches!(end, PayeeEnd::Held { .. } | PayeeEnd::Open);
        let payer = |end| !matches!(end, PayerEnd::InFlight(_));
        [self.price, self.collateral].into_iter().all(|htlc| payee(htlc.payee) && payer(htlc.payer))
    }

    /// Whether a machine believes something about its leg that its node does not say.
    pub fn disbelief(&self) -> Option<String> {
        for leg in &self.buyer.legs {
            let believed = leg.paying()?.node;
            let really = self.htlc(leg.purpose).payer;
            let wrong = match believed {
                PaidState::Failed => matches!(really, PayerEnd::InFlight(_) | PayerEnd::Succeeded),
                PaidState::Succeeded => really != PayerEnd::Succeeded,
                PaidState::NotSent | PaidState::Asked | PaidState::InFlight { .. } => false,
            };
            if wrong && self.cheater != Some(Side::Buyer) {
                return Some(format!(
                    "the buyer's machine believes {believed:?} of {}, its node says {really:?}",
                    leg.purpose
                ));
            }
        }
        None
    }
}
