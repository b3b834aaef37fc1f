//! Cheats: what a side can do that does not run our program. Whatever is signed with its key can be said at any time.

use domp_escrow::{
    ack::{Ack, AckLeg},
    input::{Agreement, Condition, Said, Secret, Shipment},
    letter::Paper,
    terms::Side,
};
use domp_protocol::{deadlines::Deadlines, ids::EventId, purpose::Purpose, units::Blocks};

use crate::world::World;

/// One step of a cheat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cheat {
    /// Buyer: agrees with the seller's acknowledgement without having compared anything.
    BlindLockOk,
    /// Buyer: claims to have paid.
    FalsePayment,
    /// Buyer: pays one leg only, without any rule.
    PayOne(Purpose),
    /// Buyer: reveals the secret although it is late, early, or the goods never came.
    RevealAnyTime,
    /// Buyer: confirms with a secret that opens nothing.
    WrongSecret,
    /// Buyer: says "received" without the secret.
    EmptyVerdict,
    /// Either: signs a cancellation without meaning it.
    FalseCancel(Side),
    /// Buyer: signs a release without sending the secret.
    FalseRelease,
    /// Seller: claims a lock at another height.
    SkewedAck {
        /// Blocks later than it was.
        later: bool,
    },
    /// Seller: says "shipped" and ships nothing.
    FalseShipped,
    /// Seller: says "refunded" and holds on.
    FalseRefund,
    /// Seller: takes a leg as soon as it knows the secret, entitled or not.
    SettleAtOnce,
    /// Seller: cancels a leg when it likes.
    CancelAny(Purpose),
}

impl Cheat {
    /// Which side commits it.
    pub const fn side(self) -> Side {
        match self {
            Self::BlindLockOk
            | Self::FalsePayment
            | Self::PayOne(_)
            | Self::RevealAnyTime
            | Self::WrongSecret
            | Self::EmptyVerdict
            | Self::FalseRelease => Side::Buyer,
            Self::SkewedAck { .. }
            | Self::FalseShipped
            | Self::FalseRefund
            | Self::SettleAtOnce
            | Self::CancelAny(_) => Side::Seller,
            Self::FalseCancel(side) => side,
        }
    }

    /// Every cheat of a side.
    pub fn of(side: Side) -> Vec<Self> {
        let all = [
            Self::BlindLockOk,
            Self::FalsePayment,
            Self::PayOne(Purpose::Purchase),
            Self::PayOne(Purpose::BuyerCollateral),
            Self::RevealAnyTime,
            Self::WrongSecret,
            Self::EmptyVerdict,
            Self::FalseRelease,
            Self::SkewedAck { later: true },
            Self::SkewedAck { later: false },
            Self::FalseShipped,
            Self::FalseRefund,
            Self::SettleAtOnce,
            Self::CancelAny(Purpose::Purchase),
            Self::CancelAny(Purpose::BuyerCollateral),
            Self::FalseCancel(Side::Buyer),
            Self::FalseCancel(Side::Seller),
        ];
        all.into_iter().filter(|cheat| cheat.side() == side).collect()
    }
}

impl World {
    /// Does what a cheat does, if the world lets it.
    pub(crate) fn cheat(&mut self, cheat: Cheat) {
        let side = cheat.side();
        match cheat {
            Cheat::PayOne(purpose) => {
                let Some(leg) = self.buyer.leg(purpose).cloned() else { return };
                let height = self.height;
                self.htlc_mut(purpose).pay(height, leg.cltv, leg.amount.to_msat());
            }
            Cheat::SettleAtOnce => {
                if self.secret_known_to_seller {
                    self.htlc_mut(Purpose::Purchase).settle();
                }
            }
            Cheat::CancelAny(purpose) => {
                self.htlc_mut(purpose).cancel();
            }
            Cheat::BlindLockOk => {
                if let Some(ack) = self.seller.papers.get(&Paper::LockAck).copied() {
                    self.forge(side, Paper::LockOk, Said::LockOk { ack });
                }
            }
            Cheat::FalsePayment => self.forge(side, Paper::Payment, Said::Payment),
            Cheat::RevealAnyTime => {
                self.secret_known_to_seller = true;
                let said = Said::Verdict { condition: Condition::Received, secret: Secret::Opens };
                self.forge(side, Paper::Verdict, said);
            }
            Cheat::WrongSecret => {
                let said = Said::Verdict { condition: Condition::Received, secret: Secret::Wrong };
                self.forge(side, Paper::Verdict, said);
            }
            Cheat::EmptyVerdict => {
                let said = Said::Verdict { condition: Condition::Received, secret: Secret::Absent };
                self.forge(side, Paper::Verdict, said);
            }
            Cheat::FalseCancel(_) => self.forge(side, Paper::AgreeCancel, Said::Agreed(Agreement::Cancel)),
            Cheat::FalseRelease => self.forge(side, Paper::AgreeRelease, Said::Agreed(Agreement::Release)),
            Cheat::FalseShipped => self.forge(side, Paper::Shipped, Said::Shipped(Shipment::default())),
            Cheat::FalseRefund => self.forge(side, Paper::Refund, Said::Refund),
            Cheat::SkewedAck { later } => self.forge_ack(later),
        }
    }

    fn forge(&mut self, from: Side, paper: Paper, said: Said) {
        let mut bytes = [0xcc; 32];
        bytes[0] = paper as u8;
        self.post(from.other(), EventId::from_bytes(bytes), said);
    }

    fn forge_ack(&mut self, later: bool) {
        let papers = &self.seller.papers;
        let (Some(acceptance), Some(payment)) = (papers.get(&Paper::Acceptance), papers.get(&Paper::Payment))
        else {
            return;
        };
        let lock = if later { self.height.plus(Blocks(100)) } else { self.height.minus(Blocks(100)) };
        let legs = self.seller.legs.iter().filter_map(|leg| {
            Some(AckLeg {
                purpose: leg.purpose,
                hash: leg.hash?,
                amount: leg.amount.to_msat(),
                cltv: leg.cltv,
                expiry: lock.plus(leg.cltv).plus(crate::node::PAYER_ADDS),
            })
        });
        let ack = Ack {
            acceptance: *acceptance,
            payment: *payment,
            legs: legs.collect(),
            deadlines: Deadlines::at(lock, &self.seller.terms.agreed),
        };
        self.forge(Side::Seller, Paper::LockAck, Said::LockAck(Box::new(ack)));
    }
}
