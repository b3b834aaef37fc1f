//! Chaos: both sides, both nodes, the clock and the chain say anything in any order. No invariant breaks (a broken one
//! freezes a trade), nothing grows without end, and every rule still has its moment.

use crate::{
    duel::{CB, DAWN, Duel, P, START, hash, id, outcome, ship, verdict},
    wakes::assert_wakes,
};
use domp_escrow::{
    ack::{Ack, AckLeg},
    effect::Effect,
    input::{
        Agreement, Command, Condition, Input, InvoiceReport, Offer, Outcome, PaymentReport, Said, Secret,
        Shipment, Task,
    },
    stage::Stage,
    terms::Side,
};
use domp_protocol::{
    deadlines::Deadlines,
    ids::EventId,
    purpose::Purpose,
    units::{Blocks, Height, Msat, Unix},
};
use proptest::prelude::*;

/// How many stories are told, unless `PROPTEST_CASES` asks for more.
fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

fn purposes() -> impl Strategy<Value = Purpose> {
    prop_oneof![Just(P), Just(CB)]
}

fn events() -> impl Strategy<Value = EventId> {
    // Few, so that they meet the papers of the trade and each other.
    prop_oneof![
        (0x80u8..0x90).prop_map(id),
        (0x10u8..0x20).prop_map(|first| {
            let mut bytes = [Side::Seller as u8; 32];
            bytes[0] = first;
            EventId::from_bytes(bytes)
        })
    ]
}

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Accept),
        Just(Command::Pay),
        Just(ship()),
        Just(verdict(Condition::Received)),
        Just(verdict(Condition::Damaged)),
        Just(Command::Release),
        Just(Command::Refund { reason: "broken".into() }),
        Just(Command::Agree(Agreement::Cancel)),
        Just(Command::Agree(Agreement::Release)),
        Just(Command::Withdraw),
        Just(Command::OfferLateInvoice),
        Just(Command::PayLate),
        Just(Command::HadShipped(Shipment::default())),
        Just(Command::NotShipped),
    ]
}

fn secrets() -> impl Strategy<Value = Secret> {
    prop_oneof![Just(Secret::Opens), Just(Secret::Absent), Just(Secret::Wrong)]
}

fn heights() -> impl Strategy<Value = Height> {
    (0u32..2_200).prop_map(|blocks| START.minus(Blocks(100)).plus(Blocks(blocks)))
}

fn offers() -> impl Strategy<Value = Offer> {
    (purposes(), 0u64..200_000).prop_map(|(purpose, seconds)| {
        let duel = crate::duel::terms(true);
        Offer {
            purpose,
            hash: hash(purpose),
            amount: duel.price,
            cltv: duel.agreed.purchase_cltv(),
            expires: DAWN.plus(seconds),
            bolt11: "an invoice".into(),
        }
    })
}

fn acks() -> impl Strategy<Value = Said> {
    (heights(), heights(), events(), events()).prop_map(|(lock, expiry, acceptance, payment)| {
        let terms = crate::duel::terms(true);
        let leg = |purpose| AckLeg {
            purpose,
            hash: hash(purpose),
            amount: terms.price.to_msat(),
            cltv: terms.agreed.purchase_cltv(),
            expiry,
        };
        let deadlines = Deadlines::at(lock, &terms.agreed);
        Said::LockAck(Box::new(Ack { acceptance, payment, legs: vec![leg(CB), leg(P)], deadlines }))
    })
}

fn sayings() -> impl Strategy<Value = Said> {
    let conditions = prop_oneof![Just(Condition::Received), Just(Condition::Damaged)];
    prop_oneof![
        Just(Said::BadAcceptance("bad".into())),
        prop::collection::vec(offers(), 0..3).prop_map(Said::Acceptance),
        Just(Said::Payment),
        acks(),
        events().prop_map(|ack| Said::LockOk { ack }),
        Just(Said::Shipped(Shipment::default())),
        (conditions, secrets()).prop_map(|(condition, secret)| Said::Verdict { condition, secret }),
        secrets().prop_map(|secret| Said::Release { secret }),
        Just(Said::Refund),
        Just(Said::Agreed(Agreement::Cancel)),
        Just(Said::Agreed(Agreement::Release)),
        Just(Said::Dispute),
        (events(), heights()).prop_map(|(of, first_seen)| Said::Receipt { of, first_seen }),
        offers().prop_map(Said::LateInvoice),
    ]
}

fn payments() -> impl Strategy<Value = PaymentReport> {
    prop_oneof![
        Just(PaymentReport::NotFound),
        Just(PaymentReport::Trying),
        Just(PaymentReport::Succeeded),
        Just(PaymentReport::Failed),
        (prop::option::of(heights()), heights()).prop_map(|(final_expiry, first_hop_expiry)| {
            PaymentReport::InFlight { final_expiry, first_hop_expiry }
        }),
    ]
}

fn invoices() -> impl Strategy<Value = InvoiceReport> {
    let held = (heights(), heights(), 0u64..200_000_000).prop_map(|(accepted_at, expiry, amount)| {
        InvoiceReport::Held { accepted_at, expiry, amount: Msat::new(amount).unwrap() }
    });
    let long = heights().prop_map(|accepted_at| InvoiceReport::Held {
        accepted_at,
        expiry: accepted_at.plus(crate::duel::terms(true).agreed.purchase_cltv()),
        amount: crate::duel::terms(true).price.to_msat(),
    });
    prop_oneof![
        held,
        long,
        Just(InvoiceReport::Open),
        Just(InvoiceReport::Settled),
        Just(InvoiceReport::Cancelled),
        Just(InvoiceReport::NotFound),
    ]
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Done),
        (0u64..200_000).prop_map(|seconds| Outcome::Issued {
            bolt11: "an invoice".into(),
            hash: hash(P),
            expires: DAWN.plus(seconds),
        }),
        events().prop_map(|event| Outcome::Sent { event }),
        Just(Outcome::Refused("no".into())),
        Just(Outcome::Unknown("?".into())),
    ]
}

/// Something that happens: an input, or the end of the so manieth order that is still open.
#[derive(Clone, Debug)]
enum Happening {
    Input(Input),
    Ends(usize, Outcome),
}

fn happenings() -> impl Strategy<Value = Happening> {
    let input = prop_oneof![
        2 => Just(Input::Tick),
        3 => commands().prop_map(Input::Command),
        3 => (events(), sayings()).prop_map(|(event, said)| Input::Said { event, said }),
        2 => (purposes(), invoices()).prop_map(|(purpose, report)| Input::Invoice { purpose, report }),
        2 => (purposes(), payments()).prop_map(|(purpose, report)| Input::Payment { purpose, report }),
        1 => payments().prop_map(Input::Late),
        1 => prop_oneof![Just(Input::Restored), Just(Input::Recalled)],
        2 => (events(), sayings()).prop_map(|(event, said)| Input::Wrote { event, said }),
    ];
    prop_oneof![
        4 => input.prop_map(Happening::Input),
        1 => (any::<usize>(), outcomes()).prop_map(|(n, outcome)| Happening::Ends(n, outcome)),
    ]
}

fn moments() -> impl Strategy<Value = (Option<Height>, i64, bool)> {
    (
        prop_oneof![4 => Just(None), 1 => heights().prop_map(Some)],
        -1_000i64..20_000,
        prop::bool::weighted(0.9),
    )
}

const fn task(effect: &Effect) -> Option<Task> {
    Some(match effect {
        Effect::Issue { purpose, .. } => Task::Issue(*purpose),
        Effect::Pay { purpose, .. } => Task::Pay(*purpose),
        Effect::Settle { purpose, .. } => Task::Settle(*purpose),
        Effect::Cancel { purpose, .. } => Task::Cancel(*purpose),
        Effect::Send { message, .. } | Effect::Resend { message, .. } => match message.paper() {
            Some(paper) => Task::Send(paper),
            None => return None,
        },
        Effect::IssueLate { .. } => Task::IssueLate,
        Effect::PayLate { .. } => Task::PayLate,
    })
}

/// Whether a task can end like this.
const fn fits(task: Task, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Issued { .. } => matches!(task, Task::Issue(_) | Task::IssueLate),
        Outcome::Sent { .. } => matches!(task, Task::Send(_)),
        Outcome::Done => matches!(task, Task::Pay(_) | Task::Settle(_) | Task::Cancel(_) | Task::PayLate),
        Outcome::Refused(_) | Outcome::Unknown(_) => true,
    }
}

/// Lets things happen to one side, whose orders are open until one of the happenings ends them.
fn let_happen(duel: &mut Duel, side: Side, open: &mut Vec<Task>, happening: Happening) {
    let input = match happening {
        Happening::Input(input) => input,
        Happening::Ends(n, with) => {
            let fitting: Vec<usize> = (0..open.len()).filter(|n| fits(open[*n], &with)).collect();
            match fitting.get(n % fitting.len().max(1)) {
                Some(n) => outcome(open.remove(*n), with),
                None => Input::Tick,
            }
        }
    };
    // Fails when an invariant does.
    let step = duel.take(side, &input);
    open.extend(step.effects.iter().filter_map(task));
}

fn stages() -> impl Strategy<Value = Stage> {
    prop_oneof![Just(Stage::Bid), Just(Stage::Offered), Just(Stage::ToShip), Just(Stage::Shipped)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(400), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_in_any_order__no_invariant_breaks_and_the_trade_stays_small(
        wanted in stages(),
        side in prop_oneof![Just(Side::Buyer), Just(Side::Seller)],
        story in prop::collection::vec((happenings(), moments()), 1..60),
    ) {
        let mut duel = Duel::at_stage(wanted);
        let mut open = Vec::new();
        for (happening, (height, seconds, fresh)) in story {
            duel.height = height.unwrap_or(duel.height);
            duel.unix = Unix(duel.unix.0.saturating_add_signed(seconds));
            duel.fresh = fresh;
            let_happen(&mut duel, side, &mut open, happening);
        }
        let stored = serde_json::to_vec(duel.trade(side)).unwrap();
        prop_assert!(stored.len() < 20_000, "{} bytes", stored.len());
        let read: domp_escrow::trade::Trade = serde_json::from_slice(&stored).unwrap();
        prop_assert_eq!(&read, duel.trade(side));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(30), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_in_any_order__then_silence__woken_in_time_for_every_rule(
        wanted in stages(),
        side in prop_oneof![Just(Side::Buyer), Just(Side::Seller)],
        story in prop::collection::vec(happenings(), 1..25),
    ) {
        let mut duel = Duel::at_stage(wanted);
        let mut open = Vec::new();
        for happening in story {
            let_happen(&mut duel, side, &mut open, happening);
        }
        assert_wakes("after chaos", &duel);
    }
}
