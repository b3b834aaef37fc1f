//! Cheats: what a side can do that does not run our program. Whatever is signed with its key can be said at any time, and
//! its node and the routers that are its friends can do whatever Lightning allows.

use crate::{
    mail::Mail,
    node::{PayeeEnd, PayerEnd},
    world::{LEGS, World},
};
use domp_escrow::{
    ack::{Ack, AckLeg},
    input::{Agreement, Condition, Offer, Said, Secret, Shipment},
    letter::Paper,
    terms::Side,
};
use domp_protocol::{
    deadlines::Deadlines,
    ids::{EventId, PaymentHash},
    purpose::Purpose,
    units::{Blocks, Msat, Sat, Unix},
};

/// One step of a cheat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cheat {
    /// Buyer: agrees with the seller's acknowledgement without having compared anything.
    BlindLockOk,
    /// Buyer: agrees with an acknowledgement that nobody has written.
    StrayLockOk,
    /// Buyer: gives the same hash for both legs.
    SameHashes,
    /// Buyer: claims to have paid.
    FalsePayment,
    /// Buyer: pays one leg only, without any rule.
    PayOne(Purpose),
    /// Buyer: pays one leg with an expiry 50 blocks too short.
    PayShort(Purpose),
    /// Buyer: pays half of one leg.
    PayHalf(Purpose),
    /// Buyer: reveals the secret although it is late, early, or the goods never came.
    RevealAnyTime,
    /// Buyer: confirms with a secret that opens nothing.
    WrongSecret,
    /// Buyer: says "received" without the secret.
    EmptyVerdict,
    /// Either: signs a cancellation without meaning it.
    FalseCancel(Side),
    /// Either: signs a release without meaning it.
    FalseRelease(Side),
    /// Either: acknowledges every letter without taking it in.
    FalseReceipts(Side),
    /// Seller: acknowledges a lock that is not what it holds.
    FalseAck(AckLie),
    /// Seller: offers invoices that are not what was agreed.
    FalseOffer(OfferLie),
    /// Seller: claims to have shipped.
    FalseShipped,
    /// Seller: claims to refund, and holds on.
    FalseRefund,
    /// Seller: asks to be paid by an ordinary invoice.
    LateInvoiceAnyTime,
    /// Seller: takes a leg as soon as it knows the secret, entitled or not.
    SettleAtOnce,
    /// Seller: cancels a leg when it likes.
    CancelAny(Purpose),
    /// Seller and a router: the router takes the price with the secret that the seller has, whatever the seller's own node
    /// has done with its HTLC.
    RouterTakes,
}

/// What is not true in an acknowledgement; everything else is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AckLie {
    /// The lock, 100 blocks later than now.
    Later,
    /// The lock, 100 blocks earlier than now.
    Earlier,
    /// Half of the amounts.
    Amounts,
    /// Another hash.
    Hash,
    /// Another c.
    Cltv,
    /// An expiry beyond the buyer's own first hop.
    Expiry,
    /// An expiry some blocks before the buyer's own payment's.
    Sooner,
    /// Deadlines that do not follow from the lock.
    Deadlines,
    /// Another acceptance.
    Acceptance,
    /// The collateral is left out.
    Missing,
}

/// What is not as agreed in an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfferLie {
    /// Another hash.
    Hash,
    /// Twice the amount.
    Amount,
    /// A longer c.
    Cltv,
}

impl Cheat {
    /// Every cheat of a side.
    pub const fn of(side: Side) -> &'static [Self] {
        match side {
            Side::Buyer => &[
                Self::BlindLockOk,
                Self::StrayLockOk,
                Self::SameHashes,
                Self::FalsePayment,
                Self::PayOne(Purpose::Purchase),
                Self::PayOne(Purpose::BuyerCollateral),
                Self::PayShort(Purpose::Purchase),
                Self::PayShort(Purpose::BuyerCollateral),
                Self::PayHalf(Purpose::Purchase),
                Self::PayHalf(Purpose::BuyerCollateral),
                Self::RevealAnyTime,
                Self::WrongSecret,
                Self::EmptyVerdict,
                Self::FalseCancel(Side::Buyer),
                Self::FalseRelease(Side::Buyer),
                Self::FalseReceipts(Side::Buyer),
            ],
            Side::Seller => &[
                Self::FalseAck(AckLie::Later),
                Self::FalseAck(AckLie::Earlier),
                Self::FalseAck(AckLie::Amounts),
                Self::FalseAck(AckLie::Hash),
                Self::FalseAck(AckLie::Cltv),
                Self::FalseAck(AckLie::Expiry),
                Self::FalseAck(AckLie::Sooner),
                Self::FalseAck(AckLie::Deadlines),
                Self::FalseAck(AckLie::Acceptance),
                Self::FalseAck(AckLie::Missing),
                Self::FalseOffer(OfferLie::Hash),
                Self::FalseOffer(OfferLie::Amount),
                Self::FalseOffer(OfferLie::Cltv),
                Self::FalseShipped,
                Self::FalseRefund,
                Self::LateInvoiceAnyTime,
                Self::SettleAtOnce,
                Self::CancelAny(Purpose::Purchase),
                Self::CancelAny(Purpose::BuyerCollateral),
                Self::RouterTakes,
                Self::FalseCancel(Side::Seller),
                Self::FalseRelease(Side::Seller),
                Self::FalseReceipts(Side::Seller),
            ],
        }
    }

    /// Which side commits it.
    pub fn side(self) -> Side {
        if Self::of(Side::Buyer).contains(&self) { Side::Buyer } else { Side::Seller }
    }

    /// A byte of its own, so that every forged letter is another event.
    fn tag(self) -> u8 {
        let place = Self::of(self.side()).iter().position(|cheat| *cheat == self);
        u8::try_from(place.unwrap_or(0)).unwrap_or(0)
    }
}

impl World {
    /// Does what a cheat does, if the world lets it.
    pub(crate) fn cheat(&mut self, cheat: Cheat) {
        match cheat {
            Cheat::PayOne(purpose) => self.pay_anyhow(purpose, Blocks(0), 1),
            Cheat::PayShort(purpose) => self.pay_anyhow(purpose, Blocks(50), 1),
            Cheat::PayHalf(purpose) => self.pay_anyhow(purpose, Blocks(0), 2),
            Cheat::SettleAtOnce => {
                if self.secret_known_to_seller {
                    self.price.settle();
                }
            }
            Cheat::RouterTakes => {
                if self.secret_known_to_seller {
                    self.price.taken_by_router();
                }
            }
            Cheat::CancelAny(purpose) => {
                self.htlc_mut(purpose).cancel();
            }
            Cheat::FalseReceipts(side) => self.receipt_everything(side),
            said => {
                if let Some(words) = self.forged(said) {
                    self.forge(cheat, words);
                }
            }
        }
    }

    /// What a cheat says, if it knows enough to say it.
    fn forged(&self, cheat: Cheat) -> Option<Said> {
        let verdict = |secret| Said::Verdict { condition: Condition::Received, secret };
        Some(match cheat {
            Cheat::BlindLockOk => Said::LockOk { ack: self.seller.papers.get(&Paper::LockAck).copied()? },
            Cheat::StrayLockOk => Said::LockOk { ack: EventId::from_bytes([0x99; 32]) },
            Cheat::FalsePayment => Said::Payment,
            Cheat::RevealAnyTime => verdict(Secret::Opens),
            Cheat::WrongSecret => verdict(Secret::Wrong),
            Cheat::EmptyVerdict => verdict(Secret::Absent),
            Cheat::FalseCancel(_) => Said::Agreed(Agreement::Cancel),
            Cheat::FalseRelease(_) => Said::Agreed(Agreement::Release),
            Cheat::FalseShipped => Said::Shipped(Shipment::default()),
            Cheat::FalseRefund => Said::Refund,
            Cheat::SameHashes => Said::Hashes(
                self.buyer
                    .legs
                    .iter()
                    .filter_map(|leg| Some((leg.purpose, PaymentHash::from_bytes([0x66; 32]), leg.nonce?)))
                    .collect(),
            ),
            Cheat::FalseAck(lie) => self.false_ack(lie)?,
            Cheat::FalseOffer(lie) => self.false_offer(lie)?,
            Cheat::LateInvoiceAnyTime => {
                Said::LateInvoice(self.offer(Purpose::Purchase, self.seller.terms.price, Blocks(18)))
            }
            _ => return None,
        })
    }

    fn offer(&self, purpose: Purpose, amount: Sat, cltv: Blocks) -> Offer {
        Offer {
            purpose,
            hash: PaymentHash::from_bytes([0x66; 32]),
            amount,
            cltv,
            expires: Unix(self.unix.0.saturating_add(86_400)),
            bolt11: "invoice-of-a-cheat".into(),
        }
    }

    fn pay_anyhow(&mut self, purpose: Purpose, short: Blocks, of: u64) {
        let Some(leg) = self.buyer.leg(purpose) else { return };
        let amount = Msat::new(leg.amount.to_msat().get() / of).unwrap_or(Msat::ZERO);
        let cltv = Blocks(leg.cltv.0.saturating_sub(short.0));
        // The payment secret is in the invoice; nobody can pay before there is one.
        if self.htlc(purpose).payer == PayerEnd::None && self.seller.has(Paper::Acceptance) {
            self.send_htlc(purpose, cltv, amount);
        }
    }

    fn receipt_everything(&mut self, side: Side) {
        let events: Vec<EventId> =
            self.trade(side.other()).letters.iter().filter_map(|letter| letter.sent).collect();
        for of in events {
            let mut bytes = *of.as_bytes();
            bytes[31] = 0xcf;
            let said = Said::Receipt { of, first_seen: self.height };
            self.post(side.other(), EventId::from_bytes(bytes), said);
        }
    }

    /// A side does nothing more, but that it acknowledges what is sent to it.
    pub(crate) fn goes_silent(&mut self, side: Side) {
        self.silent = true;
        self.outbox_mut(side).clear();
        for purpose in LEGS {
            self.htlc_mut(purpose).set_news(side, false);
        }
        let (ignored, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.mail).into_iter().partition(|mail| mail.to == side);
        self.mail = rest;
        let read = ignored.into_iter().filter(|mail| !matches!(mail.said, Said::Receipt { .. }));
        for Mail { event: of, .. } in read {
            let mut bytes = *of.as_bytes();
            bytes[31] = 0xcf;
            let said = Said::Receipt { of, first_seen: self.height };
            self.post(side.other(), EventId::from_bytes(bytes), said);
        }
    }

    fn forge(&mut self, cheat: Cheat, said: Said) {
        let mut bytes = [0xcc; 32];
        bytes[0] = cheat.tag();
        self.post(cheat.side().other(), EventId::from_bytes(bytes), said);
    }

    fn false_ack(&self, lie: AckLie) -> Option<Said> {
        let papers = &self.seller.papers;
        let (acceptance, payment) = (*papers.get(&Paper::Acceptance)?, *papers.get(&Paper::Payment)?);
        let PayeeEnd::Held { since, .. } = self.price.payee else { return None };
        let lock = match lie {
            AckLie::Later => self.height.plus(Blocks(100)),
            AckLie::Earlier => self.height.minus(Blocks(100)),
            _ => since,
        };
        let legs = self.seller.legs.iter().filter_map(|leg| {
            let PayeeEnd::Held { expiry, amount, .. } = self.htlc(leg.purpose).payee else { return None };
            Some(AckLeg { purpose: leg.purpose, hash: leg.hash?, amount, cltv: leg.cltv, expiry })
        });
        let mut ack = Ack {
            acceptance,
            payment,
            legs: legs.collect(),
            deadlines: Deadlines::at(lock, &self.seller.terms.agreed),
        };
        let last = ack.legs.last_mut()?;
        match lie {
            AckLie::Later | AckLie::Earlier => {}
            AckLie::Amounts => last.amount = Msat::new(last.amount.get() / 2).unwrap_or(Msat::ZERO),
            AckLie::Hash => last.hash = PaymentHash::from_bytes([0x66; 32]),
            AckLie::Cltv => last.cltv = Blocks(last.cltv.0 / 2),
            AckLie::Expiry => last.expiry = last.expiry.plus(Blocks(2000)),
            AckLie::Sooner => last.expiry = last.expiry.minus(Blocks(10)),
            AckLie::Deadlines => ack.deadlines.reveal_by = ack.deadlines.reveal_by.plus(Blocks(100)),
            AckLie::Acceptance => ack.acceptance = EventId::from_bytes([0x99; 32]),
            AckLie::Missing => ack.legs.truncate(1),
        }
        Some(Said::LockAck(Box::new(ack)))
    }

    fn false_offer(&self, lie: OfferLie) -> Option<Said> {
        let offers = self.seller.legs.iter().map(|leg| {
            let mut offer = self.offer(leg.purpose, leg.amount, leg.cltv);
            match lie {
                OfferLie::Hash => {}
                OfferLie::Amount => {
                    offer.hash = leg.hash?;
                    offer.amount = leg.amount.saturating_add(leg.amount);
                }
                OfferLie::Cltv => {
                    offer.hash = leg.hash?;
                    offer.cltv = leg.cltv.plus(Blocks(100));
                }
            }
            Some(offer)
        });
        offers.collect::<Option<Vec<_>>>().map(Said::Acceptance)
    }
}
