//! Sabotage: one rule at a time is taken out of a machine, to show that the checks find what the rule is there for.
//!
//! The production code has no switch for this and cannot have one: a sabotage wraps [`step`] from the outside, in this
//! crate, and bends what goes in or what comes out until the result is what the machine would do without the rule. A
//! checker that never fails proves nothing; each of these must make it fail.

use crate::{book::Book, world::World};
use domp_escrow::{
    effect::Effect,
    input::{Command, Input, InvoiceReport, Outcome, PaymentReport, Said, Secret, Shipment, Task},
    leg::{End, PaidState, Want},
    letter::{Message, Paper},
    moment::At,
    note::{Note, Refusal},
    step::{Step, step},
    terms::Side,
    trade::Trade,
};
use domp_protocol::{
    deadlines::GRACE,
    purpose::Purpose,
    units::{Blocks, Height},
};

/// A rule that is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sabotage {
    /// The buyer reveals whenever it likes: no REVEAL_BY.
    RevealAfterDeadline,
    /// The buyer reveals although the money is going back.
    RevealAfterRefund,
    /// A payment order whose call was lost is given again at once.
    PayAgainOnUnknown,
    /// A payment order whose call was lost counts as failed.
    UnknownIsFailed,
    /// The price is paid before the collateral.
    PriceFirst,
    /// The buyer agrees with any acknowledgement.
    AgreeBlindly,
    /// A refund notice counts as the money being back.
    TrustRefundNotice,
    /// Heights of a stale tip are acted on.
    IgnoreStaleTip,
    /// The seller ships without the buyer's agreement.
    ShipUnconfirmed,
    /// The seller may ship later than SHIP_BY; the hold was not counted for that.
    ShipLate,
    /// What is held for too little or not long enough counts as held.
    AcceptBadLock,
    /// A secret is used before anything was shipped.
    SettleUnshipped,
    /// A secret that opens nothing counts as one that does.
    TakeWrongSecret,
    /// A secret is used before it is stored.
    SecretInMemory,
    /// What is settled is cancelled as well.
    SettleAndCancel,
    /// Nothing is given back at SETTLE_BY.
    HoldPastSettleBy,
    /// Settling and cancelling wait for a fresh tip, like paying and shipping.
    SettleOnlyWhenFresh,
    /// Everything goes back without a refund notice.
    CancelInSilence,
    /// An HTLC on a hash that was cancelled is kept.
    KeepLateHtlc,
    /// Letters are sent once and never again.
    NeverResend,
    /// The late invoice is paid while the price is still in flight.
    PayLateTooEarly,
    /// A late invoice is paid as soon as it comes.
    PayLateUnasked,
    /// A store that comes from a backup takes what it does not know for what has not happened.
    TrustOldStore,
    /// The buyer never says that it agrees with what is locked: nobody loses anything, and nobody trades.
    NeverAgree,
    /// The seller's order to make a late invoice is lost.
    NeverOfferLate,
    /// The seller's program cries alarm when it takes the price.
    CryWolf,
    /// Nobody may confirm: the buyer's person is always told to come back later.
    NeverConfirm,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 27] = [
        Self::RevealAfterDeadline,
        Self::RevealAfterRefund,
        Self::PayAgainOnUnknown,
        Self::UnknownIsFailed,
        Self::PriceFirst,
        Self::AgreeBlindly,
        Self::TrustRefundNotice,
        Self::IgnoreStaleTip,
        Self::ShipUnconfirmed,
        Self::ShipLate,
        Self::AcceptBadLock,
        Self::SettleUnshipped,
        Self::TakeWrongSecret,
        Self::SecretInMemory,
        Self::SettleAndCancel,
        Self::HoldPastSettleBy,
        Self::SettleOnlyWhenFresh,
        Self::CancelInSilence,
        Self::KeepLateHtlc,
        Self::NeverResend,
        Self::PayLateTooEarly,
        Self::PayLateUnasked,
        Self::TrustOldStore,
        Self::NeverAgree,
        Self::NeverOfferLate,
        Self::CryWolf,
        Self::NeverConfirm,
    ];

    /// What has to be changed before the first input.
    pub(crate) fn prepare(self, world: &mut World) {
        if self == Self::PriceFirst {
            let mut buyer = (*world.buyer).clone();
            buyer.legs.reverse();
            world.buyer = Book::new(buyer);
        }
    }

    /// Whether a secret stays in memory only.
    pub(crate) fn keeps_secrets_in_memory(self) -> bool {
        self == Self::SecretInMemory
    }

    /// The production step, without the rule.
    pub(crate) fn step(self, trade: Trade, input: &Input, at: At) -> Step {
        if self == Self::TrustOldStore && *input == Input::Restored {
            return step(trade, &Input::Tick, at);
        }
        match trade.side {
            Side::Buyer => self.buyer(trade, input, at),
            Side::Seller => self.seller(trade, input, at),
        }
    }

    fn buyer(self, trade: Trade, input: &Input, at: At) -> Step {
        match self {
            Self::RevealAfterDeadline => reveal_after_deadline(trade, input, at),
            Self::RevealAfterRefund => without_unwinding(trade, input, at),
            Self::PayAgainOnUnknown => pay_again(trade, input, at),
            Self::UnknownIsFailed => unknown_is_failed(trade, input, at),
            Self::AgreeBlindly => agree_blindly(trade, input, at),
            Self::TrustRefundNotice => trust_refund(trade, input, at),
            Self::IgnoreStaleTip => step(trade, input, At { fresh: true, ..at }),
            Self::PayLateTooEarly => pay_late_too_early(trade, input, at),
            Self::PayLateUnasked => pay_late_unasked(trade, input, at),
            Self::NeverAgree => without(step(trade, input, at), |effect| {
                matches!(effect, Effect::Send { message: Message::LockOk { .. }, .. })
            }),
            Self::NeverConfirm => never_confirm(trade, input, at),
            Self::NeverResend => {
                without(step(trade, input, at), |effect| matches!(effect, Effect::Resend { .. }))
            }
            _ => step(trade, input, at),
        }
    }

    fn seller(self, trade: Trade, input: &Input, at: At) -> Step {
        match self {
            Self::ShipUnconfirmed => ship_unconfirmed(trade, input, at),
            Self::ShipLate => ship_late(trade, input, at),
            Self::AcceptBadLock => accept_bad_lock(trade, input, at),
            Self::SettleUnshipped => settle_unshipped(trade, input, at),
            Self::TakeWrongSecret => step(trade, &with_right_secret(input), at),
            Self::SettleAndCancel => settle_and_cancel(trade, input, at),
            Self::HoldPastSettleBy => hold_past_settle_by(trade, input, at),
            Self::SettleOnlyWhenFresh => settle_only_when_fresh(trade, input, at),
            Self::CancelInSilence => cancel_in_silence(trade, input, at),
            Self::KeepLateHtlc => keep_late_htlc(trade, input, at),
            Self::NeverOfferLate => {
                without(step(trade, input, at), |effect| matches!(effect, Effect::IssueLate { .. }))
            }
            Self::CryWolf => cry_wolf(trade, input, at),
            Self::IgnoreStaleTip => step(trade, input, At { fresh: true, ..at }),
            Self::NeverResend => {
                without(step(trade, input, at), |effect| matches!(effect, Effect::Resend { .. }))
            }
            _ => step(trade, input, at),
        }
    }
}

fn without(mut step: Step, unwanted: impl Fn(&Effect) -> bool) -> Step {
    step.effects.retain(|effect| !unwanted(effect));
    step
}

fn not_after(at: At, height: Option<Height>) -> At {
    At { height: height.map_or(at.height, |height| at.height.min(height)), ..at }
}

fn reveal_after_deadline(trade: Trade, input: &Input, at: At) -> Step {
    let reveal_by = trade.deadlines.map(|deadlines| deadlines.reveal_by);
    let mut done = step(trade, input, not_after(at, reveal_by));
    for effect in &mut done.effects {
        if let Effect::Send { message, not_after } = effect
            && message.reveals().is_some()
        {
            *not_after = None;
        }
    }
    done
}

fn without_unwinding(mut trade: Trade, input: &Input, at: At) -> Step {
    if !matches!(input, Input::Command(Command::Confirm(_))) {
        return step(trade, input, at);
    }
    let unwind = trade.unwind.take();
    // The notice itself is set aside too, or its rule would act again within the same step.
    let notice = trade.papers.remove(&Paper::Refund);
    let agreed = std::mem::take(&mut trade.peer.agreed);
    let mut done = step(trade, input, at);
    done.trade.unwind = unwind.or(done.trade.unwind);
    done.trade.peer.agreed = agreed;
    if let Some(event) = notice {
        done.trade.papers.insert(Paper::Refund, event);
    }
    done
}

fn pay_again(trade: Trade, input: &Input, at: At) -> Step {
    let mut done = step(trade, input, at);
    if let Input::Outcome { of: Task::Pay(purpose), outcome: Outcome::Unknown(_) } = input
        && let Some(leg) = done.trade.leg(*purpose).cloned()
        && let (Some(hash), Some(bolt11)) = (leg.hash, leg.invoice)
    {
        done.effects.push(Effect::Pay { purpose: *purpose, hash, bolt11, amount: leg.amount });
    }
    done
}

fn unknown_is_failed(trade: Trade, input: &Input, at: At) -> Step {
    match input {
        Input::Outcome { of: Task::Pay(purpose), outcome: Outcome::Unknown(_) } => {
            let failed = Input::Payment { purpose: *purpose, report: PaymentReport::Failed };
            step(trade, &failed, at)
        }
        _ => step(trade, input, at),
    }
}

/// Every acknowledgement is bent until it says what the buyer knows.
fn agree_blindly(trade: Trade, input: &Input, at: At) -> Step {
    let mut done = step(trade, input, at);
    let ready = done.trade.papers.contains_key(&Paper::Payment) && done.trade.unwind.is_none();
    let Some((event, ack)) = done.trade.peer.ack.clone().filter(|_| ready) else { return done };
    if done.trade.letter(Paper::LockOk).is_none() {
        done.trade.deadlines = Some(ack.deadlines);
        let message = Message::LockOk { ack: event };
        let not_after = Some(ack.deadlines.lock.plus(GRACE));
        done.trade.letters.push(domp_escrow::letter::Letter {
            paper: Paper::LockOk,
            message: message.clone(),
            not_after,
            posted_at: at.height,
            sent: None,
            receipted: false,
            dropped: false,
        });
        done.effects.push(Effect::Send { message, not_after });
    }
    done
}

fn trust_refund(trade: Trade, input: &Input, at: At) -> Step {
    let mut done = step(trade, input, at);
    if matches!(input, Input::Said { said: Said::Refund, .. }) {
        for purpose in [Purpose::BuyerCollateral, Purpose::Purchase] {
            let Step { trade, effects, notes } = done;
            let failed = Input::Payment { purpose, report: PaymentReport::Failed };
            done = step(trade, &failed, at);
            done.effects.splice(0..0, effects);
            done.notes.splice(0..0, notes);
        }
    }
    done
}

fn pay_late_too_early(mut trade: Trade, input: &Input, at: At) -> Step {
    let price = |trade: &mut Trade, to: PaidState| -> Option<PaidState> {
        match &mut trade.leg_mut(Purpose::Purchase)?.end {
            End::Payer(paying) => Some(std::mem::replace(&mut paying.node, to)),
            End::Payee(_) => None,
        }
    };
    if !matches!(input, Input::Command(Command::PayLate)) {
        return step(trade, input, at);
    }
    let really = price(&mut trade, PaidState::Failed);
    let mut done = step(trade, input, at);
    if let Some(really) = really {
        price(&mut done.trade, really);
    }
    done
}

fn pay_late_unasked(trade: Trade, input: &Input, at: At) -> Step {
    let mut done = step(trade, input, at);
    if let Some(late) = done.trade.late.as_mut().filter(|late| !late.ordered)
        && let (Some(hash), Some(bolt11)) = (late.hash, late.bolt11.clone())
    {
        late.paying = true;
        late.ordered = true;
        done.effects.push(Effect::PayLate { hash, bolt11, amount: done.trade.terms.price });
    }
    done
}

/// Our own acknowledgement stands in for the buyer's agreement with it.
fn ship_unconfirmed(mut trade: Trade, input: &Input, at: At) -> Step {
    let ours = trade.papers.get(&Paper::LockAck).copied();
    if let Some(event) = ours.filter(|_| !trade.papers.contains_key(&Paper::LockOk)) {
        trade.papers.insert(Paper::LockOk, event);
    }
    step(trade, input, at)
}

fn ship_late(trade: Trade, input: &Input, at: At) -> Step {
    let waiting = trade.papers.contains_key(&Paper::LockOk) && trade.choices.shipped.is_none();
    let deadlines = trade.deadlines.filter(|deadlines| waiting && at.height < deadlines.settle_by);
    step(trade, input, not_after(at, deadlines.map(|deadlines| deadlines.ship_by)))
}

fn accept_bad_lock(trade: Trade, input: &Input, at: At) -> Step {
    let Input::Invoice { purpose, report: InvoiceReport::Held { accepted_at, expiry, amount } } = input
    else {
        return step(trade, input, at);
    };
    let (cltv, wanted) =
        trade.leg(*purpose).map_or((Blocks(0), *amount), |leg| (leg.cltv, leg.amount.to_msat()));
    let expiry = (*expiry).max(accepted_at.plus(cltv));
    let report = InvoiceReport::Held { accepted_at: *accepted_at, expiry, amount: (*amount).max(wanted) };
    step(trade, &Input::Invoice { purpose: *purpose, report }, at)
}

fn settle_unshipped(mut trade: Trade, input: &Input, at: At) -> Step {
    let unshipped = trade.choices.shipped.is_none() && trade.peer.secret == Secret::Opens;
    if unshipped {
        trade.choices.shipped = Some(Shipment::default());
    }
    let mut done = step(trade, input, at);
    if unshipped {
        done.trade.choices.shipped = None;
        done.trade.letters.retain(|letter| letter.paper != Paper::Shipped);
        done.effects.retain(|effect| !matches!(effect, Effect::Send { message: Message::Shipped(_), .. }));
    }
    done
}

fn with_right_secret(input: &Input) -> Input {
    let mut input = input.clone();
    if let Input::Said { said: Said::Verdict { secret, .. } | Said::Release { secret }, .. } = &mut input
        && *secret == Secret::Wrong
    {
        *secret = Secret::Opens;
    }
    input
}

fn settle_and_cancel(trade: Trade, input: &Input, at: At) -> Step {
    let mut done = step(trade, input, at);
    let settled = done.effects.iter().find_map(|effect| match effect {
        Effect::Settle { purpose, hash } => Some((*purpose, *hash)),
        _ => None,
    });
    if let Some((purpose, hash)) = settled {
        done.effects.push(Effect::Cancel { purpose, hash });
    }
    done
}

fn hold_past_settle_by(trade: Trade, input: &Input, at: At) -> Step {
    let day_before = trade.deadlines.map(|deadlines| deadlines.settle_by.minus(Blocks(1)));
    step(trade, input, not_after(at, day_before))
}

/// What the other side says and what blocks bring waits for a fresh tip.
fn settle_only_when_fresh(trade: Trade, input: &Input, at: At) -> Step {
    let waits = matches!(input, Input::Said { .. } | Input::Tick) && !at.fresh;
    if waits { Step { trade, effects: Vec::new(), notes: Vec::new() } } else { step(trade, input, at) }
}

fn cancel_in_silence(trade: Trade, input: &Input, at: At) -> Step {
    let mut done = step(trade, input, at);
    done.trade.letters.retain(|letter| letter.paper != Paper::Refund);
    done.effects.retain(|effect| !matches!(effect, Effect::Send { message: Message::Refund { .. }, .. }));
    done
}

fn keep_late_htlc(trade: Trade, input: &Input, at: At) -> Step {
    let late = match input {
        Input::Invoice { purpose, report: InvoiceReport::Held { .. } } => trade
            .leg(*purpose)
            .and_then(|leg| leg.holding())
            .is_some_and(|holding| holding.want == Want::Cancel && holding.acknowledged),
        _ => false,
    };
    let done = step(trade, input, at);
    if late { without(done, |effect| matches!(effect, Effect::Cancel { .. })) } else { done }
}

fn cry_wolf(trade: Trade, input: &Input, at: At) -> Step {
    let taken = matches!(input, Input::Invoice { report: InvoiceReport::Settled, .. });
    let mut done = step(trade, input, at);
    if taken {
        done.notes.push(Note::Alarm("the price was taken".into()));
    }
    done
}

fn never_confirm(trade: Trade, input: &Input, at: At) -> Step {
    if !matches!(input, Input::Command(Command::Confirm(_))) {
        return step(trade, input, at);
    }
    let mut done = step(trade, &Input::Tick, at);
    done.notes.push(Note::Refused(Refusal::TipNotFresh));
    done
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use domp_escrow::input::Condition;
    use domp_protocol::ids::EventId;

    #[test]
    fn with_right_secret__wrong_one__opens_and_nothing_else_changes() {
        let event = EventId::from_bytes([1; 32]);
        let verdict =
            |secret| Input::Said { event, said: Said::Verdict { condition: Condition::Received, secret } };
        assert_eq!(with_right_secret(&verdict(Secret::Wrong)), verdict(Secret::Opens));
        assert_eq!(with_right_secret(&verdict(Secret::Absent)), verdict(Secret::Absent));
        assert_eq!(with_right_secret(&Input::Tick), Input::Tick);
    }
}
