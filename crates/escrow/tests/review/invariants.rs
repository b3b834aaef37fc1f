//! The invariants themselves: each of them broken by hand, in every way it can be, and found.

use crate::duel::{CB, Duel, P, hash, id, verdict};
use domp_escrow::{
    effect::Effect,
    input::{Agreement, Command, Condition, Input, Secret},
    invariants::check,
    leg::{End, HeldState, Holding, PaidState, Paying, Want},
    letter::{Message, Paper},
    moment::At,
    note::Note,
    stage::{Ending, Stage, stage},
    step::Step,
    terms::Side,
    trade::{LatePayment, Trade, Unwind},
};
use domp_protocol::{purpose::Purpose, units::Blocks};

const fn quiet(trade: Trade) -> Step {
    Step { trade, effects: Vec::new(), notes: Vec::new() }
}

fn doing(trade: &Trade, effect: Effect) -> Step {
    Step { effects: vec![effect], ..quiet(trade.clone()) }
}

/// The number of the invariant that does not hold.
fn broken(before: &Trade, at: At, step: &Step) -> Option<String> {
    check(before, at, step).err().map(|broken| broken.0.split(':').next().unwrap().to_owned())
}

fn holding(trade: &mut Trade, purpose: Purpose) -> &mut Holding {
    match &mut trade.leg_mut(purpose).unwrap().end {
        End::Payee(holding) => holding,
        End::Payer(_) => panic!("the seller holds"),
    }
}

fn paying(trade: &mut Trade, purpose: Purpose) -> &mut Paying {
    match &mut trade.leg_mut(purpose).unwrap().end {
        End::Payer(paying) => paying,
        End::Payee(_) => panic!("the buyer pays"),
    }
}

#[test]
fn wants__only_ever_forwards_and_never_from_one_end_to_the_other() {
    let duel = Duel::at_stage(Stage::ToShip);
    let wants = [Want::Nothing, Want::Hold, Want::Settle, Want::Cancel];
    for old in wants {
        for new in wants {
            let (mut before, mut after) = (duel.seller.clone(), duel.seller.clone());
            (holding(&mut before, P).want, holding(&mut after, P).want) = (old, new);
            let right = new == old || new > old && !matches!(old, Want::Settle | Want::Cancel);
            let found = broken(&before, duel.at(), &quiet(after));
            assert_eq!(found, (!right).then(|| "3".to_owned()), "{old:?} to {new:?}");
        }
    }
    let mut after = duel.seller.clone();
    holding(&mut after, CB).want = Want::Settle;
    assert_eq!(broken(&duel.seller, duel.at(), &quiet(after)), Some("2".into()), "the collateral is taken");
}

#[test]
fn secret__leaves_only_by_the_buyers_word_in_time_for_a_locked_price_and_once() {
    let reveal = Effect::Send { message: Message::Release { reveal: hash(P) }, not_after: None };
    let mut duel = Duel::at_stage(Stage::Shipped);
    let before = duel.buyer.clone();
    let decided = |decide: fn(&mut Trade)| {
        let mut after = before.clone();
        decide(&mut after);
        doing(&after, reveal.clone())
    };
    let released = decided(|after| after.choices.release = true);
    let at = duel.at();
    assert_eq!(broken(&before, at, &released), None);
    let agreed = decided(|after| assert!(after.choices.agreed.insert(Agreement::Release)));
    assert_eq!(broken(&before, at, &agreed), None);
    let received = duel.ask(Side::Buyer, &Input::Command(verdict(Condition::Received)));
    assert_eq!(broken(&before, at, &received), None);

    let wrong = Some("2".to_owned());
    assert_eq!(broken(&before, at, &decided(|_| {})), wrong, "nobody has decided");
    let cancels = decided(|after| assert!(after.choices.agreed.insert(Agreement::Cancel)));
    assert_eq!(broken(&before, at, &cancels), wrong, "another agreement");
    let damaged = duel.ask(Side::Buyer, &Input::Command(verdict(Condition::Damaged))).trade;
    assert_eq!(broken(&before, at, &doing(&damaged, reveal.clone())), wrong, "the verdict is another");
    let sellers = decided(|after| {
        after.choices.release = true;
        after.side = Side::Seller;
    });
    assert_eq!(broken(&before, at, &sellers), wrong, "a seller has none");
    let unlocked = decided(|after| {
        after.choices.release = true;
        paying(after, P).node = PaidState::Failed;
    });
    assert_eq!(broken(&before, at, &unlocked), wrong, "for nothing");
    let no_lock = decided(|after| {
        after.choices.release = true;
        after.deadlines = None;
    });
    assert_eq!(broken(&before, at, &no_lock), wrong, "no deadline is known");
    assert_eq!(broken(&before, At { fresh: false, ..at }, &released), wrong, "at a height that may be old");
    let mut twice = before.clone();
    twice.revealed_at = Some(at.height);
    assert_eq!(broken(&twice, at, &released), wrong, "twice");

    duel.sleep_to(before.deadlines.unwrap().reveal_by);
    assert_eq!(broken(&before, duel.at(), &released), None, "at the last height");
    duel.sleep_to(duel.height.plus(Blocks(1)));
    assert_eq!(broken(&before, duel.at(), &released), wrong, "after it");
    let other = Effect::Send { message: Message::Payment, not_after: None };
    assert_eq!(broken(&before, duel.at(), &doing(&before, other)), None, "what reveals nothing may leave");
}

#[test]
fn settle__only_what_was_shipped_or_decided_before_or_may_have_been() {
    let settle = || Effect::Settle { purpose: P, hash: hash(P) };
    let to_ship = Duel::at_stage(Stage::ToShip);
    let before = &to_ship.seller;
    assert_eq!(broken(before, to_ship.at(), &doing(before, settle())), Some("2".into()));
    let mut decided = before.clone();
    holding(&mut decided, P).want = Want::Settle;
    assert_eq!(broken(&decided, to_ship.at(), &doing(&decided, settle())), None, "an order again");
    assert_eq!(broken(before, to_ship.at(), &doing(&decided, settle())), Some("2".into()), "a new one");
    let doubted = before.clone().rebuilt(to_ship.height);
    assert_eq!(broken(&doubted, to_ship.at(), &doing(&doubted, settle())), None);
    let shipped = Duel::at_stage(Stage::Shipped);
    assert_eq!(broken(&shipped.seller, shipped.at(), &doing(&shipped.seller, settle())), None);
}

#[test]
fn held__up_to_its_deadline_and_not_a_block_longer_without_an_order() {
    let mut duel = Duel::at_stage(Stage::Shipped);
    for purpose in [P, CB] {
        let seller = &mut duel.seller.clone();
        let HeldState::Held { expiry, .. } = holding(seller, purpose).node else { panic!("held") };
        // The other one is gone already.
        let other = if purpose == P { CB } else { P };
        holding(seller, other).node = HeldState::Cancelled;
        let due = expiry.minus(seller.terms.agreed.seller_auto_cancel).minus(Blocks(12));
        duel.height = due.minus(Blocks(1));
        assert_eq!(broken(seller, duel.at(), &quiet(seller.clone())), None);
        duel.height = due;
        assert_eq!(broken(seller, duel.at(), &quiet(seller.clone())), Some("4".into()), "{purpose}");
        for want in [Want::Settle, Want::Cancel] {
            holding(seller, P).want = want;
            holding(seller, CB).want = Want::Cancel;
            assert_eq!(broken(seller, duel.at(), &quiet(seller.clone())), None, "{want:?}");
        }
    }
}

#[test]
fn doubt__gives_nothing_up_for_an_absence_and_does_nothing_again() {
    let duel = Duel::at_stage(Stage::Offered);
    let doubted = duel.buyer.clone().rebuilt(duel.height);
    let known = duel.buyer.clone();
    let shipped = Duel::at_stage(Stage::Shipped).seller;
    let assumed = [
        Unwind::Lapsed,
        Unwind::NotPaidInTime,
        Unwind::OnlyOneLocked,
        Unwind::NoHandshake,
        Unwind::NotShipped,
        Unwind::LegLost(P),
        Unwind::InvoiceRefused("no".into()),
    ];
    for why in assumed {
        let given_up = |trade: &Trade| quiet(Trade { unwind: Some(why.clone()), ..trade.clone() });
        assert_eq!(broken(&doubted, duel.at(), &given_up(&doubted)), Some("C-47".into()), "{why:?}");
        assert_eq!(broken(&shipped, duel.at(), &given_up(&shipped)), Some("C-47".into()), "{why:?}");
        assert_eq!(broken(&known, duel.at(), &given_up(&known)), None, "{why:?}");
        let before = given_up(&doubted).trade;
        assert_eq!(broken(&before, duel.at(), &quiet(before.clone())), None, "{why:?} before");
    }
    for why in [Unwind::Withdrawn, Unwind::Refund, Unwind::Agreed, Unwind::BadLock("little".into())] {
        let after = quiet(Trade { unwind: Some(why.clone()), ..doubted.clone() });
        assert_eq!(broken(&doubted, duel.at(), &after), None, "{why:?}");
    }
    let (_, ack) = Duel::at_stage(Stage::ToShip).buyer.peer.ack.unwrap();
    let pay = Effect::Pay { purpose: CB, hash: hash(CB), bolt11: String::new(), amount: known.terms.price };
    let says = |message| Effect::Send { message, not_after: None };
    let again =
        [pay, says(Message::Payment), says(Message::LockAck(ack)), says(Message::LockOk { ack: id(9) })];
    for effect in again {
        let found = broken(&doubted, duel.at(), &doing(&doubted, effect.clone()));
        assert_eq!(found, Some("C-47".into()), "{effect:?}");
        assert_eq!(broken(&known, duel.at(), &doing(&known, effect)), None);
    }
    let refund = says(Message::Refund { reason: String::new() });
    assert_eq!(broken(&doubted, duel.at(), &doing(&doubted, refund)), None);
}

#[test]
fn payment__only_at_a_fresh_height() {
    let mut duel = Duel::at_stage(Stage::Offered);
    let amount = duel.buyer.terms.price;
    let pay = Effect::Pay { purpose: CB, hash: hash(CB), bolt11: String::new(), amount };
    let late = Effect::PayLate { hash: hash(P), bolt11: String::new(), amount };
    for effect in [pay, late] {
        let step = doing(&duel.buyer, effect);
        duel.fresh = true;
        assert_eq!(broken(&duel.buyer, duel.at(), &step), None);
        duel.fresh = false;
        assert_eq!(broken(&duel.buyer, duel.at(), &step), Some("1".into()));
    }
    let cancel = Effect::Cancel { purpose: P, hash: hash(P) };
    assert_eq!(broken(&duel.seller, duel.at(), &doing(&duel.seller, cancel)), None, "giving back needs none");
}

#[test]
fn payment__ordered_once_unless_the_node_never_heard_of_it_and_never_of_money_going_back() {
    let duel = Duel::at_stage(Stage::Offered);
    let amount = duel.buyer.terms.price;
    let order = |trade: &Trade| {
        let pay = Effect::Pay { purpose: CB, hash: hash(CB), bolt11: String::new(), amount };
        broken(trade, duel.at(), &doing(trade, pay))
    };
    let second = Some("1".to_owned());
    let with = |change: fn(&mut Paying)| {
        let mut trade = duel.buyer.clone();
        let leg = paying(&mut trade, CB);
        leg.asked_at = Some(crate::duel::START);
        leg.node = PaidState::Asked;
        change(leg);
        order(&trade)
    };
    assert_eq!(order(&duel.buyer), None);
    assert_eq!(with(|_| {}), None, "asked for and never seen");
    assert_eq!(with(|leg| leg.calling = true), second, "its call is under way");
    assert_eq!(with(|leg| leg.seen_at = leg.asked_at), second, "it was in flight");
    let in_flight = |leg: &mut Paying| {
        let first_hop_expiry = crate::duel::START.plus(Blocks(900));
        leg.node = PaidState::InFlight { final_expiry: None, first_hop_expiry };
    };
    assert_eq!(with(in_flight), second);
    assert_eq!(with(|leg| leg.node = PaidState::Failed), second);
    assert_eq!(with(|leg| leg.node = PaidState::Succeeded), second);
    assert_eq!(order(&duel.seller), second, "the seller has nothing to pay");
    let mut back = duel.buyer.clone();
    back.unwind = Some(Unwind::Withdrawn);
    assert_eq!(order(&back), second, "everything goes back");
    let mut refunded = duel.buyer.clone();
    refunded.papers.insert(Paper::Refund, id(9));
    assert_eq!(order(&refunded), second, "the seller gives everything back");
}

/// A seller's trade that has ended so.
fn ended(how: Ending) -> Duel {
    let mut duel = Duel::at_stage(Stage::Shipped);
    match how {
        Ending::Completed => drop(duel.command(Side::Buyer, verdict(Condition::Received))),
        _ => drop(duel.command(Side::Seller, Command::Refund { reason: "lost".into() })),
    }
    assert_eq!(stage(&duel.seller), Stage::Ended(how));
    duel
}

#[test]
fn ended__stays_so() {
    let found = |before: &Trade, after: Trade, expected: Stage| {
        assert_eq!(stage(&after), expected);
        let duel = Duel::new(true);
        let alarm = Step { notes: vec![Note::Alarm("never".into())], ..quiet(after.clone()) };
        assert_eq!(broken(before, duel.at(), &alarm), None, "the node says so");
        broken(before, duel.at(), &quiet(after))
    };
    let wrong = Some("3".to_owned());
    let (completed, refunded) = (ended(Ending::Completed).seller, ended(Ending::Refunded).seller);

    let mut after = completed.clone();
    holding(&mut after, P).node = HeldState::Open;
    after.unwind = Some(Unwind::Refund);
    after.peer.secret = Secret::Absent;
    assert_eq!(found(&completed, after, Stage::Returning), wrong, "paid, and given back");

    let mut after = completed.clone();
    after.late = Some(LatePayment { paying: true, ..LatePayment::default() });
    assert_eq!(found(&completed, after, Stage::PayingLate), wrong, "paid twice");

    let mut after = refunded.clone();
    holding(&mut after, P).node = HeldState::Open;
    after.unwind = None;
    assert_eq!(found(&refunded, after, Stage::Shipped), wrong, "it goes on");

    let mut after = refunded.clone();
    holding(&mut after, P).node = HeldState::Settled;
    assert_eq!(found(&refunded, after, Stage::Ended(Ending::Completed)), wrong, "given back, and taken");

    let mut after = refunded.clone();
    after.late = Some(LatePayment { paying: true, ..LatePayment::default() });
    assert_eq!(found(&refunded, after.clone(), Stage::PayingLate), None);
    after.late = Some(LatePayment { paid: true, ..LatePayment::default() });
    assert_eq!(found(&refunded, after.clone(), Stage::Ended(Ending::PaidLate)), None);
    assert_eq!(found(&after, refunded.clone(), Stage::Ended(Ending::Refunded)), None, "only as recalled");

    let mut after = refunded.clone();
    holding(&mut after, P).node = HeldState::Open;
    assert_eq!(found(&refunded, after, Stage::Returning), None, "something comes in, and goes home");
    let mut after = completed.clone();
    let start = crate::duel::START;
    let expiry = start.plus(Blocks(900));
    let amount = after.terms.price.to_msat();
    holding(&mut after, CB).node = HeldState::Held { since: start, expiry, amount };
    assert_eq!(found(&completed, after, Stage::Claiming), None, "a stray HTLC");
    assert_eq!(found(&completed, completed.clone(), Stage::Ended(Ending::Completed)), None);
}
