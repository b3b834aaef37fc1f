//! The attacks that broke earlier drafts of the protocol, as far as direct mode has them: each must be harmless now.
//! The names are those of the list of attacks in `spec/escrow-v1.md`.
#![allow(non_snake_case)]

use domp_escrow::{
    ack::Disagreement,
    effect::Effect,
    input::{
        Agreement, Command, Condition, Input, InvoiceReport, Outcome, PaymentReport, Said, Secret, Task,
    },
    letter::Paper,
    moment::At,
    note::{Note, Refusal},
    stage::{Ending, Stage},
    step::{Step, step},
    terms::Side,
    trade::Trade,
};
use domp_model::{
    action::Action,
    cheat::{AckLie, Cheat},
    node::PayerEnd,
    people::{ship, verdict},
    rehearsal::Rehearsal,
    setting::{START, Setting},
    world::Parcel,
};
use domp_protocol::{
    ids::EventId,
    network::Network,
    purpose::Purpose,
    units::{Blocks, Height, Unix},
};

/// Plays to the seller's stage with everything natural happening.
fn at(stage: Stage) -> Rehearsal {
    let mut play = Rehearsal::new(&Setting::default());
    play.settle();
    for (side, command) in
        [(Side::Seller, Command::Accept), (Side::Buyer, Command::Pay), (Side::Seller, ship())]
    {
        if play.world.stage(Side::Seller) != stage {
            play.act(Action::Person(side, command));
            play.settle();
        }
    }
    assert_eq!(play.world.stage(Side::Seller), stage);
    play
}

fn tell(play: &Rehearsal, side: Side, said: Said) -> Step {
    let input = Input::Said { event: EventId::from_bytes([0xaa; 32]), said };
    step(play.world.trade(side).clone(), &input, play.world.at())
}

fn money_moves(step: &Step) -> bool {
    step.effects
        .iter()
        .any(|effect| matches!(effect, Effect::Settle { .. } | Effect::Cancel { .. } | Effect::Pay { .. }))
}

#[test]
fn F1__direct_mode__has_no_seller_collateral_at_all() {
    let play = at(Stage::Shipped);
    for side in [Side::Buyer, Side::Seller] {
        assert!(play.world.trade(side).leg(Purpose::SellerCollateral).is_none());
    }
}

#[test]
fn F2__ships_in_the_last_block__parcel_slow__buyer_can_still_inspect_and_pay() {
    let mut play = at(Stage::ToShip);
    let deadlines = play.world.seller.deadlines.unwrap();
    let agreed = play.world.seller.terms.agreed;
    play.mine_to(deadlines.ship_by);
    play.act(Action::Person(Side::Seller, ship()));
    play.settle();
    assert!(matches!(play.world.parcel, Parcel::Travelling(_)), "the last block is still in time");
    play.mine_to(deadlines.ship_by.plus(agreed.transit));
    play.act(Action::Arrive);
    play.mine_to(deadlines.ship_by.plus(agreed.transit).plus(agreed.inspection));
    play.people_act();
    assert_eq!(play.world.stage(Side::Seller), Stage::Ended(Ending::Completed));
}

#[test]
fn F3__seller_says_refund_and_holds_on__buyer_reveals_nothing_and_waits_for_its_own_node() {
    let mut play = at(Stage::Shipped);
    play.act(Action::Cheat(Cheat::FalseRefund));
    play.settle();
    assert_eq!(play.world.stage(Side::Buyer), Stage::Returning, "not refunded: its node says in flight");
    play.act(Action::Arrive);
    play.act(Action::Person(Side::Buyer, verdict(Condition::Received)));
    play.settle();
    assert!(!play.world.secret_known_to_seller);
    let deadline = play.world.seller.deadlines.unwrap().settle_by;
    play.mine_to(deadline);
    assert_eq!(play.world.stage(Side::Buyer), Stage::Ended(Ending::Refunded));
}

#[test]
fn F4__secret_that_does_not_settle__is_no_secret() {
    let play = at(Stage::Shipped);
    let said = Said::Verdict { condition: Condition::Received, secret: Secret::Wrong };
    let step = tell(&play, Side::Seller, said);
    assert!(step.notes.contains(&Note::WrongSecret));
    assert!(!money_moves(&step));
}

#[test]
fn F5a__acknowledged_heights_too_low_or_too_high__buyer_does_not_agree() {
    for later in [true, false] {
        let mut play = at(Stage::Offered);
        play.world.cheater = Some(Side::Seller);
        play.act(Action::Person(Side::Buyer, Command::Pay));
        // Everything but the seller's own, true acknowledgement.
        while !play.world.mail.iter().any(|mail| matches!(mail.said, Said::LockAck(_))) {
            let next = play.next_by_itself().expect("the acknowledgement comes");
            play.act(next);
        }
        play.world.mail.retain(|mail| !matches!(mail.said, Said::LockAck(_)));
        play.act(Action::Cheat(Cheat::FalseAck(if later { AckLie::Later } else { AckLie::Earlier })));
        play.settle();
        assert!(matches!(play.world.buyer.peer.ack_disagrees, Some(Disagreement::Field(_))));
        assert!(!play.world.buyer.has(Paper::LockOk));
    }
}

#[test]
fn F5d__agreement_that_names_another_acknowledgement__nothing_ships() {
    let mut play = at(Stage::Offered);
    play.act(Action::Person(Side::Buyer, Command::Pay));
    while play.world.stage(Side::Seller) != Stage::Locked {
        let next = play.next_by_itself().expect("it gets locked");
        play.act(next);
    }
    let other = EventId::from_bytes([0x99; 32]);
    let step = tell(&play, Side::Seller, Said::LockOk { ack: other });
    let refused = domp_escrow::step::step(step.trade, &Input::Command(ship()), play.world.at());
    assert!(refused.notes.iter().any(|note| matches!(note, Note::Refused(Refusal::WrongStage { .. }))));
    assert!(refused.trade.choices.shipped.is_none());
}

#[test]
fn F13__letters_lost_by_every_relay_at_first__sent_again_until_seen() {
    let mut play = at(Stage::ToShip);
    play.act(Action::Person(Side::Seller, ship()));
    while !play.world.outbox(Side::Seller).is_empty() {
        play.act(Action::Perform(Side::Seller));
    }
    play.world.mail.clear();
    assert!(!play.world.was_told_of_shipment());
    play.mine_to(play.world.height.plus(Blocks(2)));
    assert!(play.world.was_told_of_shipment(), "sent again after two blocks");
    let letter = play.world.seller.letter(Paper::Shipped).unwrap();
    assert!(letter.receipted);
}

#[test]
fn F13__receipt_lost__letter_sent_again_and_receipted_again() {
    let mut play = at(Stage::Shipped);
    let seen = play.world.seller.papers[&Paper::Shipped];
    let again = Input::Said { event: seen, said: Said::Shipped(Default::default()) };
    let step = step(play.world.trade(Side::Buyer).clone(), &again, play.world.at());
    assert_eq!(step.trade, *play.world.buyer, "a replay changes nothing");
    assert_eq!(step.effects.len(), 1, "but is receipted again: {:?}", step.effects);
    play.settle();
}

#[test]
fn F17__price_four_blocks_after_the_collateral__still_locks() {
    let mut play = at(Stage::Offered);
    play.act(Action::Person(Side::Buyer, Command::Pay));
    play.act(Action::Perform(Side::Buyer));
    play.mine_to(START.plus(Blocks(4)));
    play.settle();
    assert_eq!(play.world.stage(Side::Seller), Stage::ToShip);
}

/// `[D3-26]`: the buyer reveals, and the seller uses it only with entitlement.
#[test]
fn F18__secret_before_shipping__kept_for_later_use() {
    let play = at(Stage::ToShip);
    let said = Said::Verdict { condition: Condition::Received, secret: Secret::Opens };
    let early = tell(&play, Side::Seller, said);
    assert!(early.notes.contains(&Note::SecretWithoutEntitlement));
    assert!(!money_moves(&early));
    let shipped = step(early.trade, &Input::Command(ship()), play.world.at());
    assert!(shipped.effects.iter().any(|effect| matches!(effect, Effect::Settle { .. })));
}

#[test]
fn F20__goods_after_the_hold__paid_late_only_once_the_price_is_back() {
    let mut play = at(Stage::Shipped);
    let deadlines = play.world.buyer.deadlines.unwrap();
    play.mine_to(deadlines.reveal_by.plus(Blocks(1)));
    play.act(Action::Arrive);
    play.act(Action::Person(Side::Buyer, verdict(Condition::Received)));
    play.settle();
    let too_early =
        step(play.world.trade(Side::Buyer).clone(), &Input::Command(Command::PayLate), play.world.at());
    assert!(too_early.notes.iter().any(|note| matches!(note, Note::Refused(_))));
    assert!(!too_early.effects.iter().any(|effect| matches!(effect, Effect::PayLate { .. })));
    let too_early = step(
        play.world.trade(Side::Seller).clone(),
        &Input::Command(Command::OfferLateInvoice),
        play.world.at(),
    );
    assert!(too_early.notes.iter().any(|note| matches!(note, Note::Refused(_))));
}

/// `[D3-47]` `[D3-48]`
#[test]
fn F22__call_lost_and_payment_unknown__never_failed_never_a_second_invoice() {
    let mut play = at(Stage::Offered);
    play.act(Action::Person(Side::Buyer, Command::Pay));
    let purpose = Purpose::BuyerCollateral;
    let unknown = Input::Outcome { of: Task::Pay(purpose), outcome: Outcome::Unknown("timeout".into()) };
    let asked = step(play.world.trade(Side::Buyer).clone(), &unknown, play.world.at());
    assert!(asked.effects.is_empty(), "unknown is not failed");
    let missing = Input::Payment { purpose, report: PaymentReport::NotFound };
    let again = step(asked.trade, &missing, play.world.at());
    let pays: Vec<_> = again.effects.iter().filter(|effect| matches!(effect, Effect::Pay { .. })).collect();
    let invoice = play.world.buyer.leg(purpose).unwrap().invoice.clone().unwrap();
    assert!(
        matches!(&pays[..], [Effect::Pay { bolt11, .. }] if *bolt11 == invoice),
        "the same invoice only: {pays:?}"
    );
    let twice = step(again.trade, &missing, play.world.at());
    assert!(twice.effects.is_empty(), "not while the call is out");
}

#[test]
fn F22__refused_after_an_unknown_call__failed_only_when_the_node_knows_nothing() {
    let mut play = at(Stage::Offered);
    play.act(Action::Person(Side::Buyer, Command::Pay));
    let purpose = Purpose::BuyerCollateral;
    let refused = Input::Outcome { of: Task::Pay(purpose), outcome: Outcome::Refused("expired".into()) };
    let after = step(play.world.trade(Side::Buyer).clone(), &refused, play.world.at());
    assert!(after.trade.unwind.is_none(), "an earlier call may have gone through");
    let expiry = play.world.height.plus(Blocks(1000));
    let in_flight = PaymentReport::InFlight { final_expiry: None, first_hop_expiry: expiry };
    let flying = step(after.trade, &Input::Payment { purpose, report: in_flight }, play.world.at());
    assert!(flying.trade.leg(purpose).unwrap().is_locked(), "the node's list is the truth");
}

/// `[D3-74]`
#[test]
fn F26__stale_tip__nothing_is_paid_shipped_or_revealed_but_settling_and_cancelling_go_on() {
    let stale = |play: &Rehearsal| At { fresh: false, ..play.world.at() };
    let refused = |trade: &Trade, command: Command, at: At| {
        let done = step(trade.clone(), &Input::Command(command), at);
        assert!(done.notes.contains(&Note::Refused(Refusal::TipNotFresh)), "{:?}", done.notes);
    };
    let play = at(Stage::Offered);
    refused(&play.world.buyer, Command::Pay, stale(&play));
    let play = at(Stage::ToShip);
    refused(&play.world.seller, ship(), stale(&play));
    let play = at(Stage::Shipped);
    refused(&play.world.buyer, verdict(Condition::Received), stale(&play));
    let said = Said::Verdict { condition: Condition::Received, secret: Secret::Opens };
    let input = Input::Said { event: EventId::from_bytes([0xaa; 32]), said };
    let settled = step(play.world.trade(Side::Seller).clone(), &input, stale(&play));
    assert!(settled.effects.iter().any(|effect| matches!(effect, Effect::Settle { .. })));
    let refund = Input::Command(Command::Refund { reason: "broken".into() });
    let cancelled = step(play.world.trade(Side::Seller).clone(), &refund, stale(&play));
    assert!(cancelled.effects.iter().any(|effect| matches!(effect, Effect::Cancel { .. })));
}

#[test]
fn F26__two_hours_apart__not_fresh_but_on_regtest() {
    let now = Unix(1_700_000_000);
    let fresh = |age: u64, network| At::new(now, Height(1), Unix(now.0 - age), true, network).fresh;
    assert!(fresh(7199, Network::Mainnet));
    assert!(!fresh(7200, Network::Mainnet));
    assert!(fresh(72_000, Network::Regtest));
    assert!(!At::new(now, Height(1), now.plus(7200), true, Network::Mainnet).fresh, "our clock may be wrong");
    assert!(!At::new(now, Height(1), now, false, Network::Regtest).fresh, "the node says so itself");
}

#[test]
fn G2__every_cancel_after_an_acknowledgement__comes_with_a_314() {
    for (stage, height) in [(Stage::ToShip, 145), (Stage::Shipped, 3000)] {
        let mut play = at(stage);
        play.mine_to(START.plus(Blocks(height)));
        assert!(play.world.seller.papers.contains_key(&Paper::Refund), "{stage}");
    }
}

#[test]
fn G10__after_settle_by__a_secret_is_still_tried() {
    let mut play = at(Stage::Shipped);
    let settle_by = play.world.seller.deadlines.unwrap().settle_by;
    // Our process was down over the deadline; the secret is the first thing it reads.
    play.world.height = settle_by.plus(Blocks(5));
    let said = Said::Verdict { condition: Condition::Received, secret: Secret::Opens };
    let step = tell(&play, Side::Seller, said);
    assert!(step.effects.iter().any(|effect| matches!(effect, Effect::Settle { .. })), "{:?}", step.notes);
    assert!(step.notes.contains(&Note::SettlingLate { settle_by }));
}

#[test]
fn G12__late_invoice_out_of_the_blue__never_paid() {
    for stage in [Stage::Offered, Stage::ToShip, Stage::Shipped] {
        let play = at(stage);
        let offer = domp_escrow::input::Offer {
            purpose: Purpose::Purchase,
            hash: domp_protocol::ids::PaymentHash::from_bytes([9; 32]),
            amount: play.world.buyer.terms.price,
            cltv: Blocks(18),
            expires: Unix(u64::MAX),
            bolt11: "lnbcrt1…".into(),
        };
        let step1 = tell(&play, Side::Buyer, Said::LateInvoice(offer));
        let paid = step(step1.trade, &Input::Command(Command::PayLate), play.world.at());
        assert!(!paid.effects.iter().any(|effect| matches!(effect, Effect::PayLate { .. })), "{stage}");
    }
}

#[test]
fn reorg__height_goes_back__no_deadline_moves() {
    let mut play = at(Stage::Shipped);
    let before = play.world.seller.deadlines;
    let back = At { height: START.minus(Blocks(6)), ..play.world.at() };
    let step = step(play.world.trade(Side::Seller).clone(), &Input::Tick, back);
    assert_eq!(step.trade.deadlines, before);
    assert!(!money_moves(&step));
    play.settle();
}

#[test]
fn one_signature__cancels_and_releases_nothing() {
    for agreement in [Agreement::Cancel, Agreement::Release] {
        let play = at(Stage::Shipped);
        for side in [Side::Buyer, Side::Seller] {
            let step = tell(&play, side, Said::Agreed(agreement));
            assert!(!money_moves(&step));
            let reveals = |effect: &Effect| matches!(effect, Effect::Send { message, .. } if message.reveals().is_some());
            assert!(!step.effects.iter().any(reveals));
        }
    }
}

#[test]
fn held_for_too_little__cancelled_before_anything_ships() {
    let play = at(Stage::Offered);
    let terms = &play.world.seller.terms;
    let expiry = play.world.height.plus(terms.agreed.purchase_cltv());
    let amount = domp_protocol::units::Msat::new(terms.price.to_msat().get() - 1).unwrap();
    let report = InvoiceReport::Held { accepted_at: play.world.height, expiry, amount };
    let input = Input::Invoice { purpose: Purpose::Purchase, report };
    let step = step(play.world.trade(Side::Seller).clone(), &input, play.world.at());
    let cancels = step.effects.iter().filter(|effect| matches!(effect, Effect::Cancel { .. })).count();
    assert_eq!(cancels, 2, "{:?}", step.effects);
}

#[test]
fn payment_fails__everything_home_and_no_second_try() {
    let mut play = at(Stage::Offered);
    play.world.collateral.payee = domp_model::node::PayeeEnd::Cancelled;
    play.act(Action::Person(Side::Buyer, Command::Pay));
    play.settle();
    assert_eq!(play.world.stage(Side::Buyer), Stage::Ended(Ending::Abandoned));
    assert_eq!(play.world.price.payer, PayerEnd::None, "the price was never sent");
    let again = step(play.world.trade(Side::Buyer).clone(), &Input::Command(Command::Pay), play.world.at());
    assert!(again.effects.is_empty());
}
