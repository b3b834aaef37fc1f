//! Invariants: what must never be false, as predicates shared by tests, simulation and model checking.

use crate::{
    effect::Effect,
    input::Condition,
    leg::{HeldState, Leg, PaidState, Paying, Want},
    letter::{Message, Paper},
    moment::At,
    note::Note,
    stage::{Ending, Stage, stage},
    step::Step,
    terms::Side,
    trade::{Trade, Unwind},
};
use domp_protocol::{purpose::Purpose, units::Blocks};

/// An invariant that does not hold, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

/// Checks one step against everything that must never be false. The numbers are those of the protocol's list.
pub fn check(before: &Trade, at: At, step: &Step) -> Result<(), Broken> {
    wants_are_final(before, &step.trade)?;
    secrets_leave_only_as_decided(before, at, step)?;
    nothing_is_held_too_long(at, &step.trade)?;
    doubt_gives_nothing_up(before, step)?;
    money_moves_only_when_fresh(at, step)?;
    payments_are_asked_once(before, step)?;
    ended_is_final(before, step)
}

fn broken(what: impl Into<String>) -> Result<(), Broken> {
    Err(Broken(what.into()))
}

/// 3: no HTLC is both settled and cancelled by us.
fn wants_are_final(before: &Trade, after: &Trade) -> Result<(), Broken> {
    for leg in &before.legs {
        let (Some(old), Some(new)) = (leg.holding(), after.leg(leg.purpose).and_then(|leg| leg.holding()))
        else {
            continue;
        };
        let decided = matches!(old.want, Want::Settle | Want::Cancel);
        if (decided && new.want != old.want) || new.want < old.want {
            return broken(format!("3: {} went from {:?} to {:?}", leg.purpose, old.want, new.want));
        }
        if leg.purpose != Purpose::Purchase && new.want == Want::Settle {
            return broken(format!("2: {} is to be settled, which direct mode never does", leg.purpose));
        }
    }
    Ok(())
}

/// 2: the secret leaves only by the buyer's own decision, acknowledged, in time, and while the price is in flight; the
/// seller uses it only after it has shipped.
fn secrets_leave_only_as_decided(before: &Trade, at: At, step: &Step) -> Result<(), Broken> {
    let after = &step.trade;
    for effect in &step.effects {
        match effect {
            Effect::Send { message, .. } if message.reveals().is_some() => {
                let received = after
                    .choices
                    .verdict
                    .as_ref()
                    .is_some_and(|verdict| verdict.condition == Condition::Received);
                let released =
                    after.choices.release || after.choices.agreed.contains(&crate::input::Agreement::Release);
                let in_time = after.deadlines.is_some_and(|deadlines| at.height <= deadlines.reveal_by);
                let locked = after.leg(Purpose::Purchase).is_some_and(crate::leg::Leg::is_locked);
                if after.side != Side::Buyer || !(received || released) || !in_time || !locked || !at.fresh {
                    return broken(
                        "2: the secret leaves without the buyer's decision, too late, or for nothing",
                    );
                }
                if before.revealed_at.is_some() {
                    return broken("2: the secret leaves twice");
                }
            }
            Effect::Settle { purpose, .. } => {
                // An order that is only repeated was decided before, perhaps in doubt.
                let decided =
                    before.leg(*purpose).and_then(Leg::holding).is_some_and(|it| it.want == Want::Settle);
                if !decided && after.choices.shipped.is_none() && !after.in_doubt() {
                    return broken("2: settled without having shipped");
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// 4: nothing of ours is held past its deadline without an order to let go or to take.
fn nothing_is_held_too_long(at: At, after: &Trade) -> Result<(), Broken> {
    for leg in &after.legs {
        let Some(holding) = leg.holding() else { continue };
        let HeldState::Held { expiry, .. } = holding.node else { continue };
        let due = expiry.minus(after.terms.agreed.seller_auto_cancel).minus(Blocks(12));
        if at.height >= due && holding.want == Want::Hold {
            return broken(format!("4: {} is held past its deadline {due}", leg.purpose));
        }
    }
    Ok(())
}

/// C-47: once the goods are out, and while it is open what we did before a restore, nothing is given up because something
/// before has not happened; nothing is written that may have been written.
fn doubt_gives_nothing_up(before: &Trade, step: &Step) -> Result<(), Broken> {
    let after = &step.trade;
    let assumed = matches!(
        after.unwind,
        Some(
            Unwind::Lapsed
                | Unwind::NotPaidInTime
                | Unwind::OnlyOneLocked
                | Unwind::NoHandshake
                | Unwind::NotShipped
                | Unwind::LegLost(_)
                | Unwind::InvoiceRefused(_)
        )
    );
    if assumed && before.unwind.is_none() && after.holds_on() {
        return broken("C-47: gives up for something that may have happened, or after it has shipped");
    }
    if !after.in_doubt() {
        return Ok(());
    }
    let speaks = |effect: &Effect| {
        let Effect::Send { message, .. } = effect else { return false };
        matches!(message, Message::Payment | Message::LockAck(_) | Message::LockOk { .. })
    };
    if step.effects.iter().any(|effect| speaks(effect) || matches!(effect, Effect::Pay { .. })) {
        return broken("C-47: does again what may have been done before the restore");
    }
    Ok(())
}

/// Paying, shipping and revealing need a height that can be relied on; a new step of those without it is a fault.
fn money_moves_only_when_fresh(at: At, step: &Step) -> Result<(), Broken> {
    let stale =
        step.effects.iter().any(|effect| matches!(effect, Effect::Pay { .. } | Effect::PayLate { .. }));
    if stale && !at.fresh { broken("1: pays at a height that cannot be relied on") } else { Ok(()) }
}

/// 1: one payment a role; never after everything was called back.
fn payments_are_asked_once(before: &Trade, step: &Step) -> Result<(), Broken> {
    for effect in &step.effects {
        let Effect::Pay { purpose, .. } = effect else { continue };
        let Some(old) = before.leg(*purpose).and_then(|leg| leg.paying()) else {
            return broken("1: pays what is not its to pay");
        };
        let repeated = old.asked_at.is_some() && !may_be_repeated(old);
        if old.calling || repeated {
            return broken(format!("1: pays {purpose} a second time"));
        }
        if step.trade.unwind.is_some() || before.has(Paper::Refund) {
            return broken(format!("1: pays {purpose} although everything goes back"));
        }
    }
    Ok(())
}

/// A repeated order is right only for a payment that was asked for and never seen in flight, paid or failed.
const fn may_be_repeated(old: &Paying) -> bool {
    matches!(old.node, PaidState::Asked) && old.seen_at.is_none()
}

/// 3: what has ended stays ended, but for goods that are paid late, for an HTLC that comes in on a hash whose trade is
/// over (that one goes back too), and for a node that says the unbelievable, which raises an alarm.
fn ended_is_final(before: &Trade, step: &Step) -> Result<(), Broken> {
    let (old, new) = (stage(before), stage(&step.trade));
    if step.notes.iter().any(|note| matches!(note, Note::Alarm(_))) {
        return Ok(());
    }
    let home = matches!(old, Stage::Ended(Ending::Refunded | Ending::Abandoned | Ending::PaidLate));
    let again = home && matches!(new, Stage::Returning | Stage::Ended(Ending::Refunded));
    let late = matches!(old, Stage::Ended(Ending::Refunded))
        && matches!(new, Stage::PayingLate | Stage::Ended(Ending::PaidLate));
    // However it ended: our node reports an HTLC on a hash of which nothing was left.
    let was_over = before.legs.iter().filter(|leg| leg.is_over());
    let stray = was_over.filter_map(|leg| step.trade.leg(leg.purpose)).any(Leg::is_locked);
    if old.is_ended() && new != old && !again && !late && !stray {
        return broken(format!("3: ended as {old}, then became {new}"));
    }
    Ok(())
}
