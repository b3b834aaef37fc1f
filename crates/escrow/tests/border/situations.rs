//! Situations: at every stage, for both sides, something true, complete and useful is said.

use crate::{
    deal::{hex, preimage},
    post::{Post, damaged, parcel, received},
};
use domp_escrow::{
    input::{Agreement, Command, Condition, Input, PaymentReport, Said, Secret, Verdict},
    leg::HeldState,
    letter::{Message, Paper},
    moment::At,
    note::Note,
    situation::{
        Place, Situation, deadlines,
        picture::{Goods, Scene, picture},
        refusal, situation,
    },
    stage::{Ending, Stage},
    step::step,
    terms::Side,
};
use domp_protocol::{
    purpose::Purpose,
    units::{Blocks, Height, Unix},
};
use std::collections::BTreeSet;

/// Trades at many points of their lives.
fn lives() -> Vec<Post> {
    let mut lives = Vec::new();
    for collateral in [true, false] {
        lives.extend([
            Post::new(collateral),
            Post::begun(collateral),
            Post::offered(collateral),
            Post::to_ship(collateral),
            Post::shipped(collateral),
        ]);
        let mut done = Post::shipped(collateral);
        done.order(Side::Buyer, Command::Confirm(received()));
        let mut complained = Post::shipped(collateral);
        complained.order(Side::Buyer, Command::Confirm(damaged()));
        let mut refunded = Post::to_ship(collateral);
        refunded.order(Side::Seller, Command::Refund { reason: "sorry".into() });
        let mut withdrawn = Post::begun(collateral);
        withdrawn.order(Side::Seller, Command::Withdraw);
        withdrawn.order(Side::Buyer, Command::Withdraw);
        let mut silent = Post::shipped(collateral);
        silent.mine_to(silent.deal.seller.deadlines.unwrap().settle_by);
        let mut late = Post::shipped(collateral);
        late.mine_to(late.deal.seller.deadlines.unwrap().settle_by);
        late.order(Side::Buyer, Command::Confirm(received()));
        late.order(Side::Seller, Command::OfferLateInvoice);
        lives.extend([done, complained, refunded, withdrawn, silent]);
        lives.push(late);
        let mut paid_late = Post::shipped(collateral);
        paid_late.mine_to(paid_late.deal.seller.deadlines.unwrap().settle_by);
        paid_late.order(Side::Buyer, Command::Confirm(received()));
        paid_late.order(Side::Seller, Command::OfferLateInvoice);
        paid_late.order(Side::Buyer, Command::PayLate);
        lives.push(paid_late);
        lives.extend(half_way(collateral));
    }
    lives
}

/// Lives caught between two effects: the machine was told, the world was not yet.
fn half_way(collateral: bool) -> Vec<Post> {
    let stepped = |mut post: Post, side: Side, command: Command| {
        let done = step(post.trade(side).clone(), &Input::Command(command), post.at());
        match side {
            Side::Buyer => post.deal.buyer = done.trade,
            Side::Seller => post.deal.seller = done.trade,
        }
        post
    };
    vec![
        stepped(Post::begun(collateral), Side::Seller, Command::Accept),
        stepped(Post::offered(collateral), Side::Buyer, Command::Pay),
        stepped(Post::to_ship(collateral), Side::Seller, Command::Ship(parcel())),
        stepped(Post::shipped(collateral), Side::Buyer, Command::Confirm(received())),
        stepped(Post::to_ship(collateral), Side::Seller, Command::Refund { reason: "no".into() }),
        stepped(Post::offered(collateral), Side::Seller, Command::Withdraw),
    ]
}

fn at(post: &Post) -> At {
    post.at()
}

#[test]
fn situation__every_stage_that_can_be_reached__is_whole() {
    let mut seen = BTreeSet::new();
    for post in lives() {
        for side in [Side::Buyer, Side::Seller] {
            let trade = post.trade(side);
            let told = situation(trade, at(&post));
            assert_eq!((told.side, told.stage), (side, post.stage(side)));
            assert!(told.summary.ends_with('.'), "{}", told.summary);
            assert_eq!(told.money.len(), trade.legs.len());
            assert_eq!(told.deadlines, deadlines(trade, at(&post)));
            for money in &told.money {
                assert!(money.words.ends_with('.') && money.control.ends_with('.'), "{money:?}");
            }
            let ended = told.stage.is_ended();
            assert_eq!(told.otherwise.is_none(), ended || told.stage == Stage::PayingLate, "{told:?}");
            assert_eq!(
                told.deadlines.is_empty(),
                ended || told.stage == Stage::Returning && trade.deadlines.is_none(),
                "{told:?}"
            );
            let heights: Vec<_> = told.deadlines.iter().map(|deadline| deadline.when.unix).collect();
            assert!(heights.is_sorted(), "{told:?}");
            let all = told.lines().join("\n");
            assert!(!all.contains("  ") && !all.contains("Some("), "{all}");
            seen.insert((side, told.stage));
        }
    }
    let stages = |side| seen.iter().filter(|(of, _)| *of == side).count();
    // All but those that only the other side has, and the two that take a fault.
    let missing: Vec<_> = Stage::ALL
        .into_iter()
        .flat_map(|stage| [(Side::Buyer, stage), (Side::Seller, stage)])
        .filter(|place| !seen.contains(place))
        .collect();
    assert!(stages(Side::Buyer) >= 9 && stages(Side::Seller) >= 8, "{missing:?}");
}

#[test]
fn next__what_is_offered__is_what_the_machine_takes() {
    for post in lives() {
        for side in [Side::Buyer, Side::Seller] {
            let told = situation(post.trade(side), at(&post));
            let offered: BTreeSet<&str> = told.next.iter().map(|choice| choice.command).collect();
            assert_eq!(offered.len(), told.next.len(), "offered twice: {offered:?}");
            let commands = [
                Command::Accept,
                Command::Pay,
                Command::Ship(parcel()),
                Command::Confirm(received()),
                Command::Confirm(damaged()),
                Command::Release,
                Command::Refund { reason: "r".into() },
                Command::Agree(Agreement::Cancel),
                Command::Agree(Agreement::Release),
                Command::Withdraw,
                Command::OfferLateInvoice,
                Command::PayLate,
            ];
            for command in commands {
                let step = step(post.trade(side).clone(), &Input::Command(command.clone()), at(&post));
                let taken = !step.notes.iter().any(|note| matches!(note, Note::Refused(_)));
                let name = domp_escrow::situation::command_name(&command);
                assert_eq!(
                    offered.contains(name),
                    taken,
                    "{name} at {} of the {}",
                    told.stage,
                    side.as_str()
                );
                assert_eq!(refusal(post.trade(side), &command, at(&post)).is_none(), taken);
            }
        }
    }
}

#[test]
fn refusal__words_that_cannot_be_sent__refused_before_the_machine_takes_them() {
    let post = Post::shipped(true);
    let wordy = Verdict { feedback: Some("x".repeat(1001)), ..received() };
    let why = refusal(&post.deal.buyer, &Command::Confirm(wordy.clone()), post.at()).unwrap();
    assert!(why.to_string().contains("feedback has 1001 characters"), "{why}");
    // The machine's own reason is the first that people hear.
    let why = refusal(&post.deal.seller, &Command::Confirm(wordy), post.at()).unwrap();
    assert!(why.to_string().contains("only the other side"), "{why}");
}

fn told(post: &Post, side: Side) -> (Situation, String) {
    let told = situation(post.trade(side), post.at());
    let lines = told.lines().join("\n");
    (told, lines)
}

#[test]
fn seller__before_accepting_and_after_shipping__told_that_silence_costs_the_goods() {
    for post in [Post::begun(true), Post::to_ship(true), Post::shipped(true)] {
        let (_, lines) = told(&post, Side::Seller);
        assert!(lines.contains("If the buyer never confirms, you are not paid"), "{lines}");
    }
}

#[test]
fn seller__until_both_have_confirmed_the_lock__told_not_to_ship() {
    let mut half = Post::offered(true);
    let (_, lines) = told(&half, Side::Seller);
    assert!(lines.contains("do not ship"), "{lines}");
    // Collateral held, price not.
    let report = domp_escrow::input::InvoiceReport::Held {
        accepted_at: half.height,
        expiry: half.height.plus(Blocks(970)),
        amount: half.deal.terms.buyer_collateral.to_msat(),
    };
    half.input(Side::Seller, &Input::Invoice { purpose: Purpose::BuyerCollateral, report });
    let (situation, lines) = told(&half, Side::Seller);
    assert_eq!(situation.stage, Stage::Locking);
    assert!(lines.contains("Do not ship"), "{lines}");
    assert_eq!(situation.otherwise.unwrap().by.unwrap().height, Some(half.height.plus(Blocks(36))));
    let (_, lines) = told(&Post::to_ship(true), Side::Seller);
    assert!(lines.contains("Ship now"), "{lines}");
}

#[test]
fn money__through_a_success__from_the_buyer_over_the_lock_to_its_owners() {
    let places = |post: &Post, side| -> Vec<Place> {
        situation(post.trade(side), post.at()).money.iter().map(|money| money.place).collect()
    };
    for side in [Side::Buyer, Side::Seller] {
        assert_eq!(places(&Post::offered(true), side), [Place::Buyer, Place::Buyer]);
        assert_eq!(places(&Post::shipped(true), side), [Place::Locked, Place::Locked]);
        let mut done = Post::shipped(true);
        done.order(Side::Buyer, Command::Confirm(received()));
        // Collateral first, as it is locked first.
        assert_eq!(places(&done, side), [Place::Returned, Place::Seller]);
    }
}

#[test]
fn money__amounts_and_hands__in_words() {
    let post = Post::shipped(true);
    let (_, lines) = told(&post, Side::Buyer);
    assert!(lines.contains("The price of 100,000 sat is locked"), "{lines}");
    assert!(lines.contains("Only you can release it, by confirming"), "{lines}");
    assert!(lines.contains("Nobody can take it: its secret never leaves your vault"), "{lines}");
    let (_, lines) = told(&post, Side::Seller);
    assert!(lines.contains("Only the buyer can release it to you. You can only give it back."), "{lines}");
}

#[test]
fn otherwise__each_waiting_stage__names_the_deadline_that_rules() {
    let post = Post::to_ship(true);
    let deadlines = post.deal.seller.deadlines.unwrap();
    for side in [Side::Buyer, Side::Seller] {
        let (situation, _) = told(&post, side);
        let by = situation.otherwise.unwrap().by.unwrap();
        assert_eq!(by.height, Some(deadlines.ship_by));
        assert_eq!(by.unix, post.now.plus(144 * 600));
    }
    let post = Post::shipped(true);
    let (situation, _) = told(&post, Side::Seller);
    assert_eq!(situation.otherwise.unwrap().by.unwrap().height, Some(deadlines.settle_by));
    let (situation, _) = told(&Post::begun(true), Side::Buyer);
    let by = situation.otherwise.unwrap().by.unwrap();
    assert_eq!((by.height, by.unix), (None, post.deal.terms.lapses_at()));
}

#[test]
fn buyer__after_the_last_height_for_revealing__told_so_instead_of_the_date() {
    let mut post = Post::shipped(true);
    let reveal_by = post.deal.buyer.deadlines.unwrap().reveal_by;
    let (_, lines) = told(&post, Side::Buyer);
    assert!(lines.contains(&format!("confirm by block {}", reveal_by.0)), "{lines}");
    post.mine_to(reveal_by.plus(Blocks(1)));
    let (situation, lines) = told(&post, Side::Buyer);
    assert!(lines.contains("too late to pay out of the lock"), "{lines}");
    assert!(situation.deadlines.iter().any(|deadline| deadline.name == "reveal_by" && deadline.passed));
}

#[test]
fn buyer__while_money_comes_back__told_to_believe_the_own_node_only() {
    let mut post = Post::to_ship(true);
    // The 314 arrives, the HTLCs are still in flight.
    let refund = Input::Said {
        event: domp_protocol::ids::EventId::from_bytes([7; 32]),
        said: domp_escrow::input::Said::Refund,
    };
    post.deal.buyer = step(post.deal.buyer.clone(), &refund, post.at()).trade;
    let (situation, lines) = told(&post, Side::Buyer);
    assert_eq!(situation.stage, Stage::Returning);
    assert!(lines.contains("until your own node says that the money is back"), "{lines}");
    assert!(lines.contains("It is back only when your own node says so"), "{lines}");
    assert_eq!(situation.otherwise.unwrap().by.unwrap().height, Some(Height(801_050)));
}

#[test]
fn buyer__payment_outcome_unknown__warned_not_to_pay_again() {
    let mut post = Post::offered(true);
    post.deal.buyer = step(post.deal.buyer.clone(), &Input::Command(Command::Pay), post.at()).trade;
    let task = domp_escrow::input::Task::Pay(Purpose::BuyerCollateral);
    let outcome = domp_escrow::input::Outcome::Unknown("timeout".into());
    post.deal.buyer = step(post.deal.buyer.clone(), &Input::Outcome { of: task, outcome }, post.at()).trade;
    let (situation, lines) = told(&post, Side::Buyer);
    assert_eq!(situation.money[0].place, Place::Unknown);
    assert!(lines.contains("Do not pay it by any other means"), "{lines}");
}

#[test]
fn stale_tip__a_trade_under_way__warned_and_nothing_hidden() {
    let post = Post::to_ship(true);
    let stale = At { fresh: false, ..post.at() };
    let told = situation(&post.deal.seller, stale);
    assert!(told.warnings.iter().any(|warning| warning.contains("not synced")));
    assert!(told.next.iter().any(|choice| choice.command == "ship"));
    assert!(refusal(&post.deal.seller, &Command::Ship(parcel()), stale).is_some());
}

#[test]
fn collateral_taken__the_buyer__alarmed() {
    let mut post = Post::shipped(true);
    for purpose in [Purpose::BuyerCollateral, Purpose::Purchase] {
        let input = Input::Payment { purpose, report: PaymentReport::Succeeded };
        post.deal.buyer = step(post.deal.buyer.clone(), &input, post.at()).trade;
    }
    let (situation, lines) = told(&post, Side::Buyer);
    assert_eq!(situation.stage, Stage::Ended(Ending::CollateralTaken));
    assert!(lines.contains("must never happen"), "{lines}");
}

#[test]
fn situation__as_json__numbers_for_programs_and_no_secret() {
    let post = Post::shipped(true);
    for side in [Side::Buyer, Side::Seller] {
        let json = serde_json::to_value(situation(post.trade(side), post.at())).unwrap();
        assert_eq!(json["side"], side.as_str());
        assert_eq!(json["money"][1]["amount"], 100_000);
        assert_eq!(json["money"][1]["place"], "locked");
        assert!(json["otherwise"]["by"]["height"].is_u64());
        assert!(json["next"].as_array().is_some_and(|next| !next.is_empty()));
        for role in [Purpose::Purchase, Purpose::BuyerCollateral] {
            assert!(!json.to_string().contains(&hex(preimage(role).expose())));
        }
    }
}

#[test]
fn verdict_without_secret__the_buyer_may_still_release__and_is_told_so() {
    let mut post = Post::shipped(true);
    post.order(Side::Buyer, Command::Confirm(damaged()));
    let (situation, lines) = told(&post, Side::Buyer);
    assert!(lines.contains("moves no money"), "{lines}");
    assert!(situation.next.iter().any(|choice| choice.command == "release"));
    assert!(!situation.next.iter().any(|choice| choice.command.starts_with("confirm")));
    let letter = post.deal.buyer.letter(Paper::Verdict).unwrap();
    assert!(matches!(letter.message, Message::Verdict { reveal: None, .. }));
}

#[test]
fn picture__scenes_of_a_success__a_row_for_each_change_of_hands() {
    let scene = |post: &Post, goods| Scene {
        at: post.at(),
        buyer: post.deal.buyer.clone(),
        seller: post.deal.seller.clone(),
        goods,
        begins: true,
    };
    let mut scenes = vec![
        scene(&Post::begun(true), Goods::Seller),
        scene(&Post::offered(true), Goods::Seller),
        scene(&Post::to_ship(true), Goods::Seller),
        scene(&Post::shipped(true), Goods::UnderWay),
        scene(&Post::shipped(true), Goods::Buyer),
    ];
    let mut done = Post::shipped(true);
    done.order(Side::Buyer, Command::Confirm(received()));
    scenes.extend([scene(&done, Goods::Buyer), scene(&done, Goods::Buyer)]);
    let page = picture("Title", &scenes);
    for once in
        ["pays the price", "pays the collateral", "takes the price", "gives back the collateral", "(301)"]
    {
        assert_eq!(page.matches(once).count(), 1, "{once}: {page}");
    }
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert_eq!(rows.len(), 6, "{page}");
    assert!(
        rows[0]
            .starts_with("| before the lock | the buyer bids (301) | seller | buyer | buyer | buyer alone |")
    );
    assert!(rows[2].contains("the buyer pays the price") && rows[2].starts_with("| lock |"), "{page}");
    assert!(rows[4].contains("the goods arrive"), "{page}");
    assert!(rows[5].ends_with("| buyer | seller | buyer | buyer and seller |"), "{page}");
    assert!(page.starts_with("### Title\n") && page.contains("The seller is told: *Completed"), "{page}");
    assert!(picture("Nothing", &[]).contains("### Nothing"));
}

#[test]
fn buyer__withdrawn_before_paying__told_that_nothing_will_be_sent() {
    let mut post = Post::offered(true);
    post.order(Side::Buyer, Command::Withdraw);
    let (_, lines) = told(&post, Side::Buyer);
    assert!(lines.contains("it was not sent and will not be"), "{lines}");
    let (_, lines) = told(&Post::offered(true), Side::Buyer);
    assert!(lines.contains("it was not sent.") && !lines.contains("will not be"), "{lines}");
}

#[test]
fn buyer__released_and_not_yet_taken__told_that_it_is_out_of_its_hands() {
    let mut post = Post::shipped(true);
    let confirm = Input::Command(Command::Confirm(received()));
    post.deal.buyer = step(post.deal.buyer.clone(), &confirm, post.at()).trade;
    let (situation, lines) = told(&post, Side::Buyer);
    assert_eq!(situation.stage, Stage::Claiming);
    assert!(lines.contains("You released it: the seller's node can take it"), "{lines}");
    assert!(lines.contains("Nobody can take it: its secret never leaves your vault"), "{lines}");
    assert!(lines.contains("The seller has not confirmed yet that your release arrived"), "{lines}");
}

#[test]
fn lock_by__until_the_buyer_has_confirmed_the_lock__a_deadline_and_none_after() {
    let post = Post::to_ship(true);
    let names = |trade: &domp_escrow::trade::Trade| -> Vec<&str> {
        deadlines(trade, post.at()).iter().map(|deadline| deadline.name).collect()
    };
    assert!(!names(&post.deal.seller).contains(&"lock_by"));
    let mut waiting = post.deal.seller.clone();
    waiting.papers.remove(&Paper::LockOk);
    waiting.peer.lock_ok = None;
    assert_eq!(names(&waiting)[0], "lock_by");
    let told = situation(&waiting, post.at());
    assert_eq!(told.stage, Stage::Locked);
    let by = told.otherwise.unwrap().by.unwrap();
    assert_eq!(by.height, Some(post.height.plus(Blocks(36))));
}

#[test]
fn buyer__at_the_last_height_for_revealing__can_still_pay() {
    let mut post = Post::shipped(true);
    post.mine_to(post.deal.buyer.deadlines.unwrap().reveal_by);
    let (situation, lines) = told(&post, Side::Buyer);
    assert!(!lines.contains("too late to pay out of the lock"), "{lines}");
    assert!(situation.deadlines.iter().all(|deadline| deadline.name != "reveal_by" || !deadline.passed));
    assert!(lines.contains("pays the seller 100,000 sat, for good"), "{lines}");
}

#[test]
fn buyer__two_different_expiries__the_later_one_is_when_all_is_back() {
    let mut post = Post::to_ship(true);
    let report = PaymentReport::InFlight { final_expiry: None, first_hop_expiry: Height(801_400) };
    let input = Input::Payment { purpose: Purpose::BuyerCollateral, report };
    post.deal.buyer = step(post.deal.buyer.clone(), &input, post.at()).trade;
    let refund = Input::Said {
        event: domp_protocol::ids::EventId::from_bytes([7; 32]),
        said: domp_escrow::input::Said::Refund,
    };
    post.deal.buyer = step(post.deal.buyer.clone(), &refund, post.at()).trade;
    let (situation, _) = told(&post, Side::Buyer);
    assert_eq!(situation.otherwise.unwrap().by.unwrap().height, Some(Height(801_400)));
}

#[test]
fn seller__unpaid_after_shipping__told_whether_a_late_invoice_can_help() {
    let mut post = Post::shipped(true);
    post.mine_to(post.deal.seller.deadlines.unwrap().settle_by);
    let (_, lines) = told(&post, Side::Seller);
    assert!(lines.contains("You have shipped and were not paid") && !lines.contains("Offer a late invoice"));
    post.order(Side::Buyer, Command::Confirm(received()));
    let (situation, lines) = told(&post, Side::Seller);
    assert!(lines.contains("Offer a late invoice") && !lines.contains("were not paid"), "{lines}");
    assert!(situation.next.iter().any(|choice| choice.command == "offer late invoice"));
}

#[test]
fn seller__giving_back_what_it_did_not_ship_for__told_not_to_ship() {
    let refund = Input::Command(Command::Refund { reason: "no".into() });
    let mut post = Post::to_ship(true);
    post.deal.seller = step(post.deal.seller.clone(), &refund, post.at()).trade;
    let (situation, lines) = told(&post, Side::Seller);
    assert_eq!(situation.stage, Stage::Returning);
    assert!(lines.contains("Do not ship."), "{lines}");
    let mut post = Post::shipped(true);
    post.deal.seller = step(post.deal.seller.clone(), &refund, post.at()).trade;
    let (_, lines) = told(&post, Side::Seller);
    assert!(!lines.contains("Do not ship."), "{lines}");
}

#[test]
fn collateral__locked__its_own_deadline_is_shown_to_both_and_goes_with_it() {
    let post = Post::shipped(true);
    let shown = |trade: &domp_escrow::trade::Trade| -> Option<domp_protocol::units::Height> {
        let all = deadlines(trade, post.at());
        all.iter().find(|deadline| deadline.name == "collateral_settle_by").and_then(|it| it.when.height)
    };
    let leg = post.deal.seller.leg(Purpose::BuyerCollateral).unwrap().clone();
    let HeldState::Held { expiry, .. } = leg.holding().unwrap().node else { panic!("not held") };
    let by = expiry.minus(post.deal.terms.agreed.seller_auto_cancel).minus(Blocks(12));
    assert_eq!((shown(&post.deal.seller), shown(&post.deal.buyer)), (Some(by), Some(by)));
    let without = Post::shipped(false);
    assert_eq!((shown(&without.deal.seller), shown(&without.deal.buyer)), (None, None));
}

#[test]
fn stages__each_has_a_word_of_its_own_that_programs_rely_on() {
    let words: BTreeSet<&str> = Stage::ALL.iter().map(|stage| stage.as_str()).collect();
    assert_eq!(words.len(), Stage::ALL.len());
    for (stage, word) in [
        (Stage::ToShip, "to ship"),
        (Stage::PayingLate, "paying late"),
        (Stage::Ended(Ending::CollateralTaken), "collateral taken"),
    ] {
        assert_eq!((stage.as_str(), stage.to_string()), (word, word.to_owned()));
    }
}

#[test]
fn deadlines__of_the_clock__passed_from_their_very_second_on() {
    for side in [Side::Buyer, Side::Seller] {
        let post = Post::offered(true);
        let by = post.trade(side).pay_by().unwrap();
        for (unix, passed) in [(Unix(by.0 - 1), false), (by, true), (by.plus(1), true)] {
            let all = deadlines(post.trade(side), At { unix, ..post.at() });
            assert_eq!(all.len(), 1);
            assert_eq!((all[0].name, all[0].when.unix, all[0].passed), ("pay_by", by, passed));
        }
    }
}

/// Where the seller sees collateral and price, and what it is told of who can move them.
fn sellers_money(post: &Post) -> Vec<(Place, String)> {
    let money = situation(&post.deal.seller, post.at()).money;
    money.into_iter().map(|money| (money.place, format!("{} {}", money.words, money.control))).collect()
}

#[test]
fn money__the_seller_lets_go_of_it__never_paid_is_not_given_back() {
    let mut unpaid = Post::offered(true);
    unpaid.order(Side::Seller, Command::Withdraw);
    let never = |name: &str| {
        let words = format!(
            "The {name} of 100,000 sat was never paid, and cannot be any more. Nobody has a hold on it."
        );
        (Place::Buyer, words)
    };
    assert_eq!(sellers_money(&unpaid), [never("buyer's collateral"), never("price")]);
    let mut paid = Post::to_ship(true);
    paid.order(Side::Seller, Command::Refund { reason: "sold twice".into() });
    let back = |name: &str| {
        (Place::Returned, format!("The {name} of 100,000 sat went back to the buyer. That is final."))
    };
    assert_eq!(sellers_money(&paid), [back("buyer's collateral"), back("price")]);
}

#[test]
fn money__the_sellers_node_was_told_what_to_do__says_what_it_is_doing() {
    let control = |post: &Post| -> Vec<String> {
        situation(&post.deal.seller, post.at()).money.into_iter().map(|money| money.control).collect()
    };
    let stepped = |input: &Input| {
        let mut post = Post::shipped(true);
        assert_eq!(
            control(&post),
            [
                "Nobody can take it. Your node gives it back.",
                "Only the buyer can release it to you. You can only give it back."
            ]
        );
        post.deal.seller = step(post.deal.seller.clone(), input, post.at()).trade;
        post
    };
    let said = Said::Verdict { condition: Condition::Received, secret: Secret::Opens };
    let event = domp_protocol::ids::EventId::from_bytes([7; 32]);
    let claiming = stepped(&Input::Said { event, said });
    assert_eq!(
        control(&claiming),
        ["Your node is giving it back.", "The buyer released it; your node is taking it."]
    );
    let refund = Command::Refund { reason: "broken".into() };
    let returning = stepped(&Input::Command(refund));
    assert_eq!(control(&returning), ["Your node is giving it back."; 2]);
}
