//! Losses: what nobody who follows the protocol may ever lose, judged by what really happened to the money and the goods,
//! not by what any machine believes.

use crate::{
    explore::PASSES_WITHIN,
    mail::carries_secret,
    node::{PayeeEnd, PayerEnd},
    setting::Judged,
    world::{LEGS, Parcel, SIDES, World},
};
use domp_escrow::{
    ack::{Ack, TIP_SKEW},
    effect::Effect,
    input::{Agreement, Condition},
    leg::{HeldState, Leg, PaidState},
    letter::{Message, Paper},
    note::Note,
    stage::{Ending, Stage},
    terms::Side,
};
use domp_protocol::{
    deadlines::{Deadlines, GRACE, collateral_settle_by},
    ids::PaymentHash,
    purpose::Purpose,
    units::{Height, Sat},
};

impl World {
    /// The first loss of a side that followed the protocol, in words. A buyer that stays silent costs the seller the
    /// goods in direct mode: the seller was told so, it is not counted.
    pub fn loss(&self) -> Option<String> {
        if self.broken.is_some() {
            return self.broken.clone();
        }
        for purpose in LEGS {
            if self.is_honest(Side::Seller) && self.htlc(purpose).payee == PayeeEnd::ForceClosed {
                return Some(format!("{purpose} was held until the channel had to be closed"));
            }
        }
        if self.is_honest(Side::Buyer) {
            if self.collateral.payer == PayerEnd::Succeeded {
                return Some("the buyer lost its collateral".into());
            }
            let taken = self.price.payer == PayerEnd::Succeeded;
            let forgotten = self.restores[Side::Buyer as usize] > 0 && self.secret_sent;
            if taken && self.buyer.revealed_at.is_none() && !forgotten {
                return Some("the buyer lost the price without having confirmed anything".into());
            }
            if (taken && self.paid_late.is_some()) || self.paid_twice {
                return Some("the buyer paid twice".into());
            }
            let received = self.buyer.choices.verdict.as_ref().map(|verdict| verdict.condition);
            if self.paid_late.is_some() && received != Some(Condition::Received) {
                return Some("the buyer paid late for goods that it never confirmed".into());
            }
        }
        // A seller that both signed a release with and that never shipped keeps its goods.
        let owed = self.secret_sent && self.shipped_at.is_some() && self.is_over();
        (owed && self.both_honest() && !self.seller_is_content())
            .then(|| "the buyer revealed the secret in time and the seller was not paid".into())
    }

    fn both_honest(&self) -> bool {
        SIDES.into_iter().all(|side| self.is_honest(side))
    }

    /// The seller has its money, or its own person gave it up.
    fn seller_is_content(&self) -> bool {
        let paid = self.price.payee == PayeeEnd::Settled || self.paid_late.is_some();
        paid || self.given_up
    }

    /// The buyer has confirmed the goods and the seller has nothing for them.
    pub(crate) fn owes(&self) -> bool {
        self.confirmed_at.is_some() && !self.seller_is_content()
    }

    /// Whether nothing more will happen to the money.
    pub fn is_over(&self) -> bool {
        let payee = |end| !matches!(end, PayeeEnd::Held { .. } | PayeeEnd::Open);
        let payer = |end| !matches!(end, PayerEnd::Trying(_) | PayerEnd::InFlight(_));
        [self.price, self.collateral].into_iter().all(|htlc| payee(htlc.payee) && payer(htlc.payer))
    }

    /// When nothing more will happen by itself: everybody who follows the protocol knows that it is over, knows how it
    /// ended, and has what it is owed.
    pub fn unrest(&self) -> Option<String> {
        for side in SIDES.into_iter().filter(|side| self.is_honest(*side)) {
            let stage = self.stage(side);
            if !stage.is_ended() {
                return Some(format!("the {} still rests at '{stage}' when all is over", side.as_str()));
            }
            if !self.ended_as_it_says(side, stage) {
                return Some(format!(
                    "the {} ends as '{stage}', but its node has {:?} of the price",
                    side.as_str(),
                    self.price
                ));
            }
        }
        self.unpaid()
    }

    /// Whether the trade came to its good end: the seller has the price, the buyer its collateral, and both programs say so.
    pub fn is_completed(&self) -> bool {
        let paid = self.price.payee == PayeeEnd::Settled && self.price.payer == PayerEnd::Succeeded;
        let home =
            self.buyer.leg(Purpose::BuyerCollateral).is_none() || self.collateral.payer == PayerEnd::Failed;
        let known = SIDES.into_iter().all(|side| self.stage(side) == Stage::Ended(Ending::Completed));
        paid && home && known
    }

    fn ended_as_it_says(&self, side: Side, stage: Stage) -> bool {
        let taken = match side {
            Side::Buyer => self.price.payer == PayerEnd::Succeeded,
            Side::Seller => self.price.payee == PayeeEnd::Settled,
        };
        let over = LEGS.into_iter().all(|purpose| match side {
            Side::Buyer => !matches!(self.htlc(purpose).payer, PayerEnd::Trying(_) | PayerEnd::InFlight(_)),
            Side::Seller => !matches!(self.htlc(purpose).payee, PayeeEnd::Open | PayeeEnd::Held { .. }),
        });
        match stage {
            Stage::Ended(Ending::Completed) => taken && over,
            Stage::Ended(Ending::Refunded | Ending::Abandoned) => !taken && over,
            Stage::Ended(Ending::PaidLate) => !taken && self.paid_late.is_some(),
            Stage::Ended(Ending::CollateralTaken) => false,
            _ => true,
        }
    }

    /// Everybody kept to the agreed numbers of blocks, the goods were accepted, and the seller is not paid.
    fn unpaid(&self) -> Option<String> {
        let Parcel::Arrived(arrived) = self.parcel else { return None };
        let (shipped, confirmed) = (self.shipped_at?, self.confirmed_at?);
        // Whether the seller shipped in time is for its program to know: it shipped because that let it.
        let agreed = &self.seller.terms.agreed;
        let in_time = arrived <= shipped.plus(agreed.transit) && confirmed <= arrived.plus(agreed.inspection);
        (in_time && self.both_honest() && !self.seller_is_content()).then(|| {
            "everybody kept to the agreed times, the buyer accepted the goods, and the seller was not paid".into()
        })
    }

    /// Whether a machine believes something about its leg that its node does not say and has not still to say.
    pub fn disbelief(&self) -> Option<String> {
        if self.nature.judged < Judged::Conduct {
            return None;
        }
        for leg in self.buyer.legs.iter().filter(|_| self.is_honest(Side::Buyer)) {
            let Some(believed) = leg.paying().map(|paying| paying.node) else { continue };
            let really = self.htlc(leg.purpose).payer;
            let wrong = match believed {
                PaidState::Failed => !matches!(really, PayerEnd::Failed | PayerEnd::None),
                PaidState::Succeeded => really != PayerEnd::Succeeded,
                PaidState::NotSent | PaidState::Asked | PaidState::InFlight { .. } => false,
            };
            if wrong {
                return Some(format!(
                    "the buyer's program believes {believed:?} of {}, its node says {really:?}",
                    leg.purpose
                ));
            }
        }
        for leg in self.seller.legs.iter().filter(|_| self.is_honest(Side::Seller)) {
            let Some(believed) = leg.holding().map(|holding| holding.node) else { continue };
            let htlc = self.htlc(leg.purpose);
            let wrong = match believed {
                HeldState::Settled => htlc.payee != PayeeEnd::Settled,
                HeldState::Cancelled => {
                    matches!(htlc.payee, PayeeEnd::Held { .. }) && !htlc.has_news(Side::Seller)
                }
                HeldState::Unissued | HeldState::Open | HeldState::Held { .. } => false,
            };
            if wrong {
                return Some(format!(
                    "the seller's program believes {believed:?} of {}, its node says {:?}",
                    leg.purpose, htlc.payee
                ));
            }
        }
        None
    }

    /// A program tells its person that something happened which never may, and it did not.
    pub fn false_alarm(&self, side: Side, note: &Note) -> Option<String> {
        let calm = self.both_honest() && self.nature.judged >= Judged::Conduct;
        let words = match note {
            Note::Alarm(what) => what.as_str(),
            Note::WrongSecret => "the secret opens nothing",
            _ => return None,
        };
        calm.then(|| format!("the {} is alarmed although nobody cheats: {words}", side.as_str()))
    }

    /// The seller is about to give the goods away: what it gives them away against must really be there.
    pub(crate) fn judge_shipping(&mut self) {
        if !self.is_honest(Side::Seller) {
            return;
        }
        let Some(lock) = self.lock() else {
            return self.blame(Judged::Losses, "the seller ships although the price is not held");
        };
        let legs = &self.seller.legs;
        let bad = legs.iter().find(|leg| match self.htlc(leg.purpose).payee {
            // The collateral has no deadline of its own in direct mode: its own acceptance counts, not the lock.
            PayeeEnd::Held { since, expiry, amount } => {
                amount < leg.amount.to_msat() || expiry.plus(TIP_SKEW) < since.plus(leg.cltv)
            }
            _ => true,
        });
        if let Some(leg) = bad {
            let what = format!("the seller ships although {} is not held as agreed", leg.purpose);
            return self.blame(Judged::Losses, what);
        }
        let ours = self.seller.papers.get(&Paper::LockAck);
        let agreed = self.seller.peer.lock_ok.is_some_and(|(_, named)| Some(&named) == ours);
        if !agreed {
            let what = "the seller ships although the buyer has not agreed to what is locked";
            return self.blame(Judged::Conduct, what);
        }
        if self.node_height(Side::Seller) > lock.plus(self.seller.terms.agreed.handling) {
            self.blame(Judged::Conduct, "the seller ships after SHIP_BY");
        }
    }

    /// The height at which the price was really held, as long as it is.
    fn lock(&self) -> Option<Height> {
        match self.price.payee {
            PayeeEnd::Held { since, .. } => Some(since),
            _ => None,
        }
    }

    /// A seller that follows the protocol and whose program and node run lets nothing rest past its time: each thing that
    /// is still held then has an order on its way.
    pub(crate) fn judge_holding(&mut self) {
        if !self.is_honest(Side::Seller) || self.trouble(Side::Seller).is_some() {
            return;
        }
        for purpose in LEGS {
            let PayeeEnd::Held { since, expiry, .. } = self.htlc(purpose).payee else { continue };
            let ordered = |effect: &Effect| match effect {
                Effect::Settle { purpose: of, .. } | Effect::Cancel { purpose: of, .. } => *of == purpose,
                _ => false,
            };
            let heard = !self.has_news(Side::Seller, purpose);
            if heard
                && !self.outbox_seller.iter().any(ordered)
                && let Some(what) = self.overdue(since, expiry)
            {
                let what = format!("{purpose} is {what} and nobody does anything");
                return self.blame(Judged::Conduct, what);
            }
        }
    }

    /// Whether something held since a height should have been settled or given back by now.
    fn overdue(&self, since: Height, expiry: Height) -> Option<&'static str> {
        let agreed = &self.seller.terms.agreed;
        if self.height >= collateral_settle_by(expiry, agreed.seller_auto_cancel) {
            return Some("held past SETTLE_BY");
        }
        // What has not happened as far as a restored store knows gives nothing up.
        if self.seller.restored.is_some() && self.seller.holds_on() {
            return None;
        }
        // A router that is stuck with the other one may still come: then there is a lock after all.
        let lock = LEGS.iter().try_fold(since, |lock, purpose| match self.htlc(*purpose).payee {
            PayeeEnd::Held { since, .. } => Some(lock.max(since)),
            _ if self.seller.leg(*purpose).is_none() => Some(lock),
            _ => None,
        });
        let Some(lock) = lock.filter(|_| self.seller.choices.shipped.is_none()) else {
            let lone = self.seller.choices.shipped.is_none() && self.height >= since.plus(GRACE);
            return lone.then_some("held alone for 36 blocks");
        };
        let agreed_on = self.seller.papers.contains_key(&Paper::LockOk);
        if !agreed_on && self.height >= lock.plus(GRACE) {
            return Some("held for 36 blocks without the buyer's agreement");
        }
        (self.height > lock.plus(agreed.handling)).then_some("held past SHIP_BY with nothing shipped")
    }

    /// What a side that follows the protocol is about to do to the world.
    pub(crate) fn judge_effect(&mut self, side: Side, effect: &Effect) {
        if let Effect::Settle { purpose, .. } = effect {
            self.htlc_mut(*purpose).told_settle = true;
        }
        if let Effect::Cancel { purpose, .. } = effect {
            self.htlc_mut(*purpose).told_cancel = true;
        }
        if self.is_honest(side)
            && let Some(what) = self.wrong_with(effect)
        {
            self.blame(Judged::Conduct, what);
        }
    }

    fn wrong_with(&self, effect: &Effect) -> Option<String> {
        let both = |purpose: Purpose| {
            let htlc = self.htlc(purpose);
            // Its node refuses what comes second; somebody who was restored may not know what it ordered.
            let knows = self.restores[Side::Seller as usize] == 0;
            (knows && htlc.told_settle && htlc.told_cancel)
                .then(|| format!("the node is told both to settle and to cancel {purpose}"))
        };
        match effect {
            Effect::Pay { purpose, hash, amount, .. } => self.wrong_with_paying(*purpose, *hash, *amount),
            Effect::Settle { purpose, .. } => both(*purpose).or_else(|| {
                // Somebody who was restored may take the buyer's word that the goods came for their having gone.
                let knows = self.restores[Side::Seller as usize] == 0;
                if self.shipped_at.is_none() && knows {
                    return Some("the seller takes the price without having shipped".into());
                }
                let opens = self.secret_known_to_seller && *purpose == Purpose::Purchase;
                (!opens).then(|| format!("the seller settles {purpose} without a secret that opens it"))
            }),
            Effect::Cancel { purpose, .. } => both(*purpose).or_else(|| {
                let silent = *purpose == Purpose::Purchase
                    && self.seller.letter(Paper::LockAck).is_some()
                    && self.seller.letter(Paper::Refund).is_none();
                silent.then(|| "the price is given back after a lock_ack without a refund notice".into())
            }),
            Effect::PayLate { .. } => self.wrong_with_paying_late(),
            Effect::Issue { .. } | Effect::Send { .. } | Effect::Resend { .. } | Effect::IssueLate { .. } => {
                None
            }
        }
    }

    fn wrong_with_paying(&self, purpose: Purpose, hash: PaymentHash, amount: Sat) -> Option<String> {
        let offered = |leg: &Leg| leg.hash == Some(hash) && leg.amount == amount;
        if !self.buyer.leg(purpose).is_some_and(offered) || hash == PaymentHash::from_bytes([0x66; 32]) {
            return Some(format!("the buyer pays another {purpose} than was agreed"));
        }
        if self.htlc(purpose).payer != PayerEnd::None {
            return Some(format!("the node is told to pay {purpose} a second time"));
        }
        let collateral = self.buyer.leg(Purpose::BuyerCollateral).is_some();
        let too_soon = matches!(self.collateral.payer, PayerEnd::None | PayerEnd::Trying(_));
        (purpose == Purpose::Purchase && collateral && too_soon)
            .then(|| "the price is paid before the collateral was in flight".into())
    }

    fn wrong_with_paying_late(&self) -> Option<String> {
        let verdict = self.buyer.choices.verdict.as_ref();
        if verdict.is_none_or(|verdict| verdict.condition != Condition::Received) {
            return Some("the buyer pays late for goods that it never confirmed".into());
        }
        (self.price.payer != PayerEnd::Failed)
            .then(|| "the buyer pays late although the price is not back".into())
    }

    /// What a side that follows the protocol has decided to say.
    pub(crate) fn judge_decision(&mut self, side: Side, effect: &Effect) {
        let Effect::Send { message, .. } = effect else { return };
        if self.is_honest(side)
            && let Some(what) = self.wrong_with_letter(message)
        {
            self.blame(Judged::Conduct, what);
        }
    }

    /// A letter leaves for the first time: between its decision and now the world may have changed.
    pub(crate) fn judge_leaving(&mut self, side: Side, message: &Message) {
        let known = !self.has_news(side, Purpose::Purchase);
        if !carries_secret(message) || !self.is_honest(side) || !known {
            return;
        }
        if !matches!(self.price.payer, PayerEnd::InFlight(_)) {
            self.blame(Judged::Conduct, "the secret leaves although the price is not in flight");
        }
        if self.buyer.unwind.is_some() {
            self.blame(Judged::Conduct, "the secret leaves although the money goes back");
        }
    }

    fn wrong_with_letter(&self, message: &Message) -> Option<String> {
        if let Message::LockOk { .. } = message {
            let (_, ack) = self.buyer.peer.ack.as_ref()?;
            return self.wrong_with_ack(ack);
        }
        if !carries_secret(message) {
            return None;
        }
        let choices = &self.buyer.choices;
        let received =
            choices.verdict.as_ref().is_some_and(|verdict| verdict.condition == Condition::Received);
        if !received && !choices.release && !choices.agreed.contains(&Agreement::Release) {
            return Some("the secret leaves although the buyer's person has not decided so".into());
        }
        if self.buyer.unwind.is_some() {
            return Some("the secret leaves although the buyer was told that the money goes back".into());
        }
        let reveal_by = Deadlines::at(self.lock()?, &self.buyer.terms.agreed).reveal_by;
        (self.node_height(Side::Buyer) > reveal_by.plus(TIP_SKEW))
            .then(|| format!("the secret leaves after REVEAL_BY ({reveal_by})"))
    }

    /// The buyer agrees with an acknowledgement: it must say what the buyer's own node knows. Routers may have passed on
    /// more than they were told to, and left the payee more time.
    fn wrong_with_ack(&self, ack: &Ack) -> Option<String> {
        let heard = |leg: &&Leg| !self.has_news(Side::Buyer, leg.purpose);
        for leg in self.buyer.legs.iter().filter(heard) {
            let said = ack.legs.iter().find(|said| said.purpose == leg.purpose);
            let (PayerEnd::InFlight(sent), Some(said)) = (self.htlc(leg.purpose).payer, said) else {
                return Some(format!("the buyer agrees that {} is held, its node does not", leg.purpose));
            };
            let same = Some(said.hash) == leg.hash && said.cltv == leg.cltv;
            let enough = said.amount >= sent.amount && said.expiry >= sent.expiry;
            if !same || !enough || said.expiry > sent.first_hop {
                return Some(format!("the buyer agrees with another {} than its node has sent", leg.purpose));
            }
            let apart = ack.deadlines.lock.0.abs_diff(sent.expiry.minus(leg.cltv).0);
            let slack = self.nature.payer_adds.0 + PASSES_WITHIN.0 + TIP_SKEW.0;
            if leg.purpose == Purpose::Purchase && apart > slack {
                return Some(format!("the buyer agrees to a lock {apart} blocks away from its own payment"));
            }
        }
        let follows = ack.deadlines == Deadlines::at(ack.deadlines.lock, &self.buyer.terms.agreed);
        let ours = self.buyer.papers.get(&Paper::Acceptance) == Some(&ack.acceptance);
        (!follows || !ours).then(|| "the buyer agrees with other deadlines or papers than were agreed".into())
    }
}
