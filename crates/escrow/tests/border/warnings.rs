//! Warnings: what each person is told to beware of, all of it and nothing that is not so.

use crate::post::{Post, damaged, received};
use domp_escrow::{
    input::{Command, Input, Outcome, PaymentReport, Said, Task},
    moment::At,
    situation::{Situation, situation},
    stage::{Ending, Stage},
    step::step,
    terms::Side,
};
use domp_protocol::{ids::EventId, purpose::Purpose, units::Blocks};

const P: Purpose = Purpose::Purchase;
const CB: Purpose = Purpose::BuyerCollateral;

fn told(post: &Post, side: Side) -> Situation {
    situation(post.trade(side), post.at())
}

fn warnings(post: &Post, side: Side) -> Vec<String> {
    told(post, side).warnings
}

/// One machine takes this in, and nothing of what it asks for is done.
fn alone(post: &mut Post, side: Side, input: &Input) {
    let done = step(post.trade(side).clone(), input, post.at()).trade;
    match side {
        Side::Buyer => post.deal.buyer = done,
        Side::Seller => post.deal.seller = done,
    }
}

/// The goods are out, nobody confirmed, and all the money has gone back.
fn silent() -> Post {
    let mut post = Post::shipped(true);
    post.mine_to(post.deal.seller.deadlines.unwrap().settle_by);
    assert_eq!(post.stage(Side::Buyer), Stage::Ended(Ending::Refunded));
    post
}

fn refunded() -> Post {
    let mut post = Post::to_ship(true);
    post.order(Side::Seller, Command::Refund { reason: "sold twice".into() });
    post
}

#[test]
fn buyer__before_paying__told_the_whole_sum_that_it_locks() {
    for (collateral, sum) in [(true, "200,000"), (false, "100,000")] {
        let text = format!(
            "Paying locks {sum} sat for up to 967 blocks or a little longer. Nobody can use that money meanwhile."
        );
        assert_eq!(warnings(&Post::offered(collateral), Side::Buyer), [text]);
    }
}

const UNKNOWN: &str =
    "The outcome of a payment is not known yet. Do not pay it by any other means: it may still arrive.";

#[test]
fn buyer__locking__warned_of_an_unknown_outcome_only_once_the_call_is_over() {
    let mut post = Post::offered(true);
    let begun = post.height;
    alone(&mut post, Side::Buyer, &Input::Command(Command::Pay));
    assert_eq!(warnings(&post, Side::Buyer), [] as [&str; 0], "the call is under way");
    let done = |purpose| Input::Outcome { of: Task::Pay(purpose), outcome: Outcome::Done };
    alone(&mut post, Side::Buyer, &done(CB));
    assert_eq!(warnings(&post, Side::Buyer), [UNKNOWN]);
    let report =
        PaymentReport::InFlight { final_expiry: None, first_hop_expiry: post.height.plus(Blocks(1_000)) };
    alone(&mut post, Side::Buyer, &Input::Payment { purpose: CB, report });
    assert_eq!(warnings(&post, Side::Buyer), [] as [&str; 0], "the price's own call is under way");
    alone(&mut post, Side::Buyer, &done(P));
    assert_eq!(warnings(&post, Side::Buyer), [UNKNOWN]);
    // However late it looks, the seller's side waits from the beginning on.
    post.height = begun.plus(Blocks(20));
    let otherwise = told(&post, Side::Buyer).otherwise.unwrap();
    assert_eq!(otherwise.words, "if not everything is locked in time, the seller's node gives back what is.");
    assert_eq!(otherwise.by.unwrap().height, Some(begun.plus(Blocks(36))));
}

#[test]
fn buyer__refunded__told_of_goods_that_may_still_come_only_if_they_were_sent_and_not_confirmed() {
    assert_eq!(warnings(&refunded(), Side::Buyer), [] as [&str; 0]);
    let come = "If the goods come after all, say so: the seller has not been paid for them.";
    let mut post = silent();
    assert_eq!(warnings(&post, Side::Buyer), [come]);
    post.order(Side::Buyer, Command::Confirm(received()));
    assert_eq!(warnings(&post, Side::Buyer), [] as [&str; 0]);
    let mut complained = silent();
    complained.order(Side::Buyer, Command::Confirm(damaged()));
    assert_eq!(warnings(&complained, Side::Buyer), [come]);
}

#[test]
fn buyer__refunded_and_the_goods_came__told_of_the_late_invoice_once_it_is_there() {
    let mut post = silent();
    post.order(Side::Buyer, Command::Confirm(received()));
    post.order(Side::Seller, Command::OfferLateInvoice);
    assert_eq!(
        warnings(&post, Side::Buyer),
        [
            "The seller has sent an ordinary invoice for the goods that you have. Paying it is final, and only right if you \
             really have them."
        ]
    );
}

#[test]
fn seller__over__told_not_to_ship_unless_it_has() {
    let stop = ["Do not ship."];
    assert_eq!(warnings(&refunded(), Side::Seller), stop);
    assert_eq!(
        warnings(&silent(), Side::Seller),
        [
            "You have shipped and were not paid. If the buyer confirms later, you can offer an ordinary invoice."
        ]
    );
    let mut post = Post::offered(true);
    post.order(Side::Seller, Command::Withdraw);
    let told = told(&post, Side::Seller);
    assert_eq!(told.stage, Stage::Ended(Ending::Abandoned));
    assert_eq!(told.warnings, stop);
}

const RESTORED: &str = "This trade was restored from a backup. Until the relays and your node have told what you did since, \
                        nothing is done for you that may have been done before.";

#[test]
fn restored__the_buyer_with_its_price_locked__goes_on_reading_its_own_story() {
    let mut post = Post::shipped(true);
    let before = told(&post, Side::Buyer);
    alone(&mut post, Side::Buyer, &Input::Restored);
    let after = told(&post, Side::Buyer);
    assert_eq!((after.summary, after.otherwise), (before.summary, before.otherwise));
    assert_eq!(after.warnings, [before.warnings, vec![RESTORED.to_owned()]].concat());
}

#[test]
fn restored__the_seller__asked_whether_it_has_shipped_only_while_its_node_holds_the_price() {
    let mut post = Post::to_ship(true);
    alone(&mut post, Side::Seller, &Input::Restored);
    let held = told(&post, Side::Seller);
    assert_eq!(
        held.summary,
        "This trade was restored from a backup. Your node holds the price, and it is not known whether you shipped before."
    );
    assert_eq!(
        held.warnings,
        [
            "If the goods went out, say so with had-shipped. If they did not, say not-shipped: only then do deadlines count \
             again.",
            "Do not ship a second time."
        ]
    );
    let mut post = Post::offered(true);
    let before = told(&post, Side::Seller);
    alone(&mut post, Side::Seller, &Input::Restored);
    let open = told(&post, Side::Seller);
    assert_eq!((open.summary, open.warnings), (before.summary, vec![RESTORED.to_owned()]));
}

#[test]
fn stale_tip__said_to_everybody_whose_trade_is_under_way_and_to_nobody_else() {
    let mut going_back = Post::to_ship(true);
    let refund = Input::Said { event: EventId::from_bytes([7; 32]), said: Said::Refund };
    alone(&mut going_back, Side::Buyer, &refund);
    let cases = [
        (Post::begun(true), true),
        (Post::to_ship(true), true),
        (going_back, true),
        (refunded(), false),
        (silent(), false),
    ];
    for (post, under_way) in cases {
        for side in [Side::Buyer, Side::Seller] {
            let warned = |fresh| {
                let told = situation(post.trade(side), At { fresh, ..post.at() });
                told.warnings.iter().filter(|warning| warning.starts_with("Your node is not synced")).count()
            };
            assert_eq!((warned(true), warned(false)), (0, usize::from(under_way)), "{}", post.stage(side));
        }
    }
}

#[test]
fn confirm__while_the_money_is_locked_and_after_it_came_back__says_which_of_the_two_it_does() {
    let words = |post: &Post| -> String {
        let told = told(post, Side::Buyer);
        told.next.into_iter().find(|choice| choice.command == "confirm").unwrap().words
    };
    let others = "`not_received`, `partially_received` or `damaged`: said publicly, moves no money";
    let pays = "`received`, the goods are here and as agreed: pays the seller 100,000 sat, for good";
    let late = "`received`, the goods came after all: the seller can then send an ordinary invoice";
    assert_eq!(words(&Post::shipped(true)), format!("{pays}; {others}"));
    assert_eq!(words(&silent()), format!("{late}; {others}"));
}
