//! The atlas: what every stage answers to every input, read off the production machine. `docs/states.md` is written
//! from it, and the table test holds every entry against the invariants.

use crate::{
    action::Action,
    people::{ship, verdict},
    perform::said,
    rehearsal::Rehearsal,
    setting::Setting,
    world::World,
};
use domp_escrow::{
    effect::Effect,
    input::{
        Agreement, Command, Condition, Input, InvoiceReport, Outcome, PaymentReport, Said, Secret, Shipment,
        Task,
    },
    letter::{Message, Paper},
    moment::At,
    note::Note,
    stage::{Stage, stage},
    step::{Step, step},
    terms::Side,
    trade::Trade,
};
use domp_protocol::{
    ids::EventId,
    purpose::Purpose,
    units::{Blocks, Height},
};
use std::{collections::BTreeMap, fmt::Write as _};

/// A stage as one side sees it.
pub type Place = (Side, Stage);

/// One entry: an input at a place and what came of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where.
    pub place: Place,
    /// The input in a few words.
    pub input: String,
    /// The trade before it.
    pub before: Trade,
    /// When.
    pub at: At,
    /// What came of it.
    pub step: Step,
}

/// One example of every place, found on the way through whole trades.
pub fn places() -> BTreeMap<Place, World> {
    let mut found = BTreeMap::new();
    for script in scripts() {
        let mut play = Rehearsal::new(&Setting::default());
        note_places(&mut found, &play.world);
        for act in script {
            match act {
                Act::Person(side, command) => play.act(Action::Person(side, command)),
                Act::Arrive => play.act(Action::Arrive),
                Act::Mine(deadline) => {
                    let deadlines = play.world.seller.deadlines.or(play.world.buyer.deadlines);
                    let target = deadline(deadlines.map_or(play.world.height, |d| d.settle_by));
                    while play.world.next_height().is_some_and(|next| next <= target) {
                        play.act(Action::Mine);
                        settle_noting(&mut play, &mut found);
                    }
                }
            }
            settle_noting(&mut play, &mut found);
        }
    }
    found
}

enum Act {
    Person(Side, Command),
    Arrive,
    Mine(fn(Height) -> Height),
}

fn scripts() -> Vec<Vec<Act>> {
    use Side::{Buyer, Seller};
    let begin = || {
        vec![
            Act::Mine(|h| h),
            Act::Person(Seller, Command::Accept),
            Act::Person(Buyer, Command::Pay),
            Act::Person(Seller, ship()),
            Act::Arrive,
        ]
    };
    let mut success = begin();
    success.push(Act::Person(Buyer, verdict(Condition::Received)));
    let mut late = begin();
    late.extend([
        Act::Mine(|settle_by| settle_by.minus(Blocks(59))),
        Act::Person(Buyer, verdict(Condition::Received)),
        Act::Mine(|settle_by| settle_by),
        Act::Person(Seller, Command::OfferLateInvoice),
        Act::Person(Buyer, Command::PayLate),
    ]);
    let unpaid = vec![
        Act::Mine(|h| h),
        Act::Person(Seller, Command::Accept),
        Act::Mine(|height| height.plus(Blocks(145))),
    ];
    // Later scripts replace the examples of earlier ones: the natural way comes last.
    vec![unpaid, late, success]
}

fn note_places(found: &mut BTreeMap<Place, World>, world: &World) {
    for side in [Side::Buyer, Side::Seller] {
        found.insert((side, world.stage(side)), world.clone());
    }
}

/// Lets everything natural happen one by one, keeping the last world of every place on the way.
fn settle_noting(play: &mut Rehearsal, found: &mut BTreeMap<Place, World>) {
    note_places(found, &play.world);
    while let Some(action) = play.next_by_itself() {
        play.act(action);
        note_places(found, &play.world);
    }
}

/// Every input at every place.
pub fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    for (place, world) in places() {
        let before = world.trade(place.0).clone();
        for (input, what, at) in inputs(&world, place.0) {
            let step = step(before.clone(), &input, at);
            entries.push(Entry { place, input: what, before: before.clone(), at, step });
        }
    }
    entries
}

fn inputs(world: &World, side: Side) -> Vec<(Input, String, At)> {
    let at = world.at();
    let mut inputs = Vec::new();
    let mut add = |input: Input, what: &str| inputs.push((input, what.to_owned(), at));
    for (command, what) in commands() {
        add(Input::Command(command), &format!("we: {what}"));
    }
    for (said, what) in sayings(world, side) {
        let event = EventId::from_bytes([0xab; 32]);
        add(Input::Said { event, said }, &format!("{}: {what}", side.other().as_str()));
    }
    for (input, what) in reports(world, side) {
        add(input, what);
    }
    for (input, what) in outcomes() {
        add(input, what);
    }
    add(Input::Tick, "a block");
    let deadlines = world.seller.deadlines.or(world.buyer.deadlines);
    if let Some(deadlines) = deadlines {
        for (height, what) in [
            (deadlines.lock.plus(Blocks(36)), "block lock + 36"),
            (deadlines.ship_by.plus(Blocks(1)), "block SHIP_BY + 1"),
            (deadlines.reveal_by.plus(Blocks(1)), "block REVEAL_BY + 1"),
            (deadlines.settle_by, "block SETTLE_BY"),
        ] {
            let later = At { height: height.max(at.height), ..at };
            inputs.push((Input::Tick, what.to_owned(), later));
        }
    }
    inputs
}

fn commands() -> Vec<(Command, &'static str)> {
    vec![
        (Command::Accept, "accept"),
        (Command::Pay, "pay"),
        (ship(), "ship"),
        (verdict(Condition::Received), "confirm received"),
        (verdict(Condition::Damaged), "confirm damaged"),
        (Command::Release, "release"),
        (Command::Refund { reason: "out of stock".into() }, "refund"),
        (Command::Agree(Agreement::Cancel), "agree cancel"),
        (Command::Agree(Agreement::Release), "agree release"),
        (Command::Withdraw, "cancel"),
        (Command::OfferLateInvoice, "offer late invoice"),
        (Command::PayLate, "pay late invoice"),
        (Command::HadShipped(Shipment::default()), "had shipped"),
        (Command::NotShipped, "not shipped"),
    ]
}

/// What the other side might say now, as far as it knows enough to say it.
fn sayings(world: &World, side: Side) -> Vec<(Said, &'static str)> {
    let other = world.trade(side.other());
    let common = [
        (Said::Agreed(Agreement::Cancel), "315 cancel"),
        (Said::Agreed(Agreement::Release), "315 release"),
        (Said::Dispute, "312"),
    ];
    let mut sayings: Vec<_> = match side {
        Side::Seller => vec![
            (Said::Payment, "311"),
            (
                Said::LockOk { ack: other.papers.get(&Paper::LockAck).copied().unwrap_or(other.terms.trade) },
                "lock_ok",
            ),
            (
                Said::Verdict { condition: Condition::Received, secret: Secret::Opens },
                "313 received with the secret",
            ),
            (
                Said::Verdict { condition: Condition::Received, secret: Secret::Absent },
                "313 received, no secret",
            ),
            (
                Said::Verdict { condition: Condition::Received, secret: Secret::Wrong },
                "313 received, wrong secret",
            ),
            (Said::Verdict { condition: Condition::Damaged, secret: Secret::Absent }, "313 damaged"),
            (Said::Release { secret: Secret::Opens }, "release"),
        ],
        Side::Buyer => vec![
            (Said::BadAcceptance("another hash".into()), "303 with a bad invoice"),
            (Said::Shipped(Shipment::default()), "shipped"),
            (Said::Refund, "314"),
        ],
    };
    let hashes = other.letters.iter().map(|letter| &letter.message);
    for message in hashes {
        let what = match message {
            Message::Hashes(_) => "hashes",
            Message::Acceptance => "303",
            Message::LockAck(_) => "lock_ack",
            _ => continue,
        };
        sayings.extend(said(other, message).map(|said| (said, what)));
    }
    sayings.extend(common);
    sayings
}

fn reports(world: &World, side: Side) -> Vec<(Input, &'static str)> {
    let purpose = Purpose::Purchase;
    let leg = world.seller.leg(purpose);
    let expiry = leg.map_or(world.height, |leg| world.height.plus(leg.cltv).plus(crate::node::PAYER_ADDS));
    let first_hop = expiry.plus(world.nature.route_delta);
    match side {
        Side::Seller => {
            let amount = world.seller.terms.price.to_msat();
            let held = |expiry| InvoiceReport::Held { accepted_at: world.height, expiry, amount };
            [
                (held(expiry), "our node: P held"),
                (held(world.height.plus(Blocks(40))), "our node: P held too short"),
                (InvoiceReport::Settled, "our node: P settled"),
                (InvoiceReport::Cancelled, "our node: P cancelled"),
                (InvoiceReport::NotFound, "our node: P not found"),
            ]
            .into_iter()
            .map(|(report, what)| (Input::Invoice { purpose, report }, what))
            .collect()
        }
        Side::Buyer => [
            (
                PaymentReport::InFlight { final_expiry: Some(expiry), first_hop_expiry: first_hop },
                "our node: P in flight",
            ),
            (PaymentReport::Succeeded, "our node: P succeeded"),
            (PaymentReport::Failed, "our node: P failed"),
            (PaymentReport::NotFound, "our node: P not found"),
        ]
        .into_iter()
        .map(|(report, what)| (Input::Payment { purpose, report }, what))
        .collect(),
    }
}

fn outcomes() -> Vec<(Input, &'static str)> {
    let purpose = Purpose::Purchase;
    vec![
        (
            Input::Outcome { of: Task::Issue(purpose), outcome: Outcome::Refused("no".into()) },
            "invoice refused",
        ),
        (
            Input::Outcome { of: Task::Pay(purpose), outcome: Outcome::Refused("no".into()) },
            "payment refused",
        ),
        (Input::Outcome { of: Task::Pay(purpose), outcome: Outcome::Unknown("?".into()) }, "payment unknown"),
        (
            Input::Outcome { of: Task::Settle(purpose), outcome: Outcome::Refused("no".into()) },
            "settle refused",
        ),
    ]
}

/// An effect in a few words.
pub fn effect_in_words(effect: &Effect) -> String {
    match effect {
        Effect::Issue { purpose, .. } => format!("issue {}", purpose_in_short(*purpose)),
        Effect::Pay { purpose, .. } => format!("pay {}", purpose_in_short(*purpose)),
        Effect::Settle { purpose, .. } => format!("settle {}", purpose_in_short(*purpose)),
        Effect::Cancel { purpose, .. } => format!("cancel {}", purpose_in_short(*purpose)),
        Effect::Send { message, .. } => format!("send {}", letter_in_words(message)),
        Effect::Resend { message, .. } => format!("send {} again", letter_in_words(message)),
        Effect::IssueLate { .. } => "issue the late invoice".into(),
        Effect::PayLate { .. } => "pay the late invoice".into(),
    }
}

/// A leg's short name, as the protocol writes it.
pub const fn purpose_in_short(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Purchase => "P",
        Purpose::BuyerCollateral => "Cb",
        Purpose::SellerCollateral => "Cs",
        Purpose::AntiSpam => "anti-spam",
    }
}

fn letter_in_words(message: &Message) -> String {
    match message {
        Message::Bid => "301".into(),
        Message::Hashes(_) => "hashes".into(),
        Message::Acceptance => "303".into(),
        Message::Payment => "311".into(),
        Message::LockAck(_) => "lock_ack".into(),
        Message::LockOk { .. } => "lock_ok".into(),
        Message::Shipped(_) => "shipped".into(),
        Message::Verdict { reveal: Some(_), .. } => "313 **with the secret**".into(),
        Message::Verdict { reveal: None, .. } => "313 without the secret".into(),
        Message::Release { .. } => "release **with the secret**".into(),
        Message::Refund { .. } => "314".into(),
        Message::Agree(Agreement::Cancel) => "315 cancel".into(),
        Message::Agree(Agreement::Release) => "315 release".into(),
        Message::Receipt { .. } => "a receipt".into(),
        Message::LateInvoice { .. } => "the late invoice".into(),
    }
}

/// `docs/states.md`, whole.
pub fn states_page() -> String {
    let mut page = String::from(
        "# States of a trade\n\nGenerated from the machine by `cargo xtask tidy --write`; do not edit. For every stage and side: what each input leads \
         to.\nInputs that change nothing are left out; commands that are refused are listed with the reason.\n",
    );
    for side in [Side::Buyer, Side::Seller] {
        let _ = write!(page, "\n## The {}'s machine\n", side.as_str());
        let entries = entries();
        for stage in Stage::ALL {
            let here: Vec<_> = entries.iter().filter(|entry| entry.place == (side, stage)).collect();
            if !here.is_empty() {
                let _ =
                    write!(page, "\n### {stage}\n\n| input | next | effects and notes |\n|---|---|---|\n");
                here.iter().filter_map(|entry| row(entry)).for_each(|row| page.push_str(&row));
            }
        }
    }
    page
}

fn row(entry: &Entry) -> Option<String> {
    let after = stage(&entry.step.trade);
    let mut words: Vec<String> = entry.step.effects.iter().map(effect_in_words).collect();
    for note in &entry.step.notes {
        match note {
            Note::Moved { .. } => {}
            Note::Refused(refusal) => words.push(format!("refused: {refusal}")),
            Note::Unwinding(why) => words.push(format!("goes back: {why}")),
            Note::Ignored(why) => words.push(format!("ignored: {why}")),
            Note::Alarm(what) => words.push(format!("alarm: {what}")),
            other => words.push(format!("note: {other:?}")),
        }
    }
    let changed = entry.step.trade != entry.before;
    (changed || !words.is_empty()).then(|| {
        let next = if after == entry.place.1 { "·".to_owned() } else { after.to_string() };
        format!("| {} | {next} | {} |\n", entry.input, words.join("; "))
    })
}
