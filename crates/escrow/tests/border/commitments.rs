//! Commitments: what is told before each order.

use crate::post::{Post, damaged, parcel, received};
use domp_escrow::{
    input::{Agreement, Command, Input, Said},
    leg::Leg,
    liquidity::FeeLimit,
    situation::{When, commitment},
    step::step,
    terms::Side,
    trade::Trade,
};
use domp_protocol::{ids::EventId, units::Blocks};

#[track_caller]
fn told(post: &Post, side: Side, command: &Command, parts: &[&str]) {
    let lines = commitment(post.trade(side), command, post.at(), &FeeLimit::default());
    assert!(lines.iter().all(|line| line.ends_with('.')), "{lines:?}");
    let text = lines.join("\n");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn accept__the_seller__told_who_releases_how_long_and_the_silent_buyer() {
    let post = Post::begun(true);
    told(
        &post,
        Side::Seller,
        &Command::Accept,
        &[
            "You sell for 100,000 sat",
            "200,000 sat (100,000 sat price, 100,000 sat collateral)",
            "Only the buyer can release the price to you",
            "144 blocks (about 1 day) to ship",
            "967 blocks (about 7 days)",
            "If the buyer never confirms, you are not paid",
            "within 24 hours",
        ],
    );
    told(&Post::begun(false), Side::Seller, &Command::Accept, &["invoices over 100,000 sat on"]);
}

#[test]
fn pay__the_buyer__told_the_sum_the_fees_the_node_and_every_way_back() {
    let post = Post::offered(true);
    let node = post.deal.terms.seller_node.short();
    told(
        &post,
        Side::Buyer,
        &Command::Pay,
        &[
            "locks 200,000 sat",
            "routing fees of at most 2,000 sat",
            &node,
            "only you can release the price",
            "Nobody can take the collateral",
            "does not ship by about block 800144 (about ",
            "back by about block 800934 (about ",
            "at the latest by about block 802012",
            "never paid twice",
        ],
    );
}

#[test]
fn ship__the_seller__told_both_heights_and_the_loss() {
    let post = Post::to_ship(true);
    told(
        &post,
        Side::Seller,
        &Command::Ship(parcel()),
        &[
            "only if, the buyer confirms",
            "until block 800874",
            "by block 800934",
            "the goods are gone",
            "running",
        ],
    );
}

#[test]
fn confirm__in_time_and_too_late__pays_for_good_or_moves_nothing() {
    let mut post = Post::shipped(true);
    let confirm = Command::Confirm(received());
    told(
        &post,
        Side::Buyer,
        &confirm,
        &[
            "pays the seller 100,000 sat",
            "cannot be undone",
            "collateral of 100,000 sat goes home",
            "block 801050",
        ],
    );
    post.mine_to(post.deal.buyer.deadlines.unwrap().reveal_by);
    told(&post, Side::Buyer, &confirm, &["pays the seller 100,000 sat"]);
    post.mine_to(post.deal.buyer.deadlines.unwrap().reveal_by.plus(Blocks(1)));
    told(&post, Side::Buyer, &confirm, &["moves no money", "ordinary invoice over 100,000 sat"]);
    let lines = commitment(&post.deal.buyer, &confirm, post.at(), &FeeLimit::default()).join(" ");
    assert!(!lines.contains("pays the seller 100,000"), "{lines}");
}

#[test]
fn confirm__before_the_seller_has_shipped__told_so() {
    let confirm = Command::Confirm(received());
    told(&Post::to_ship(true), Side::Buyer, &confirm, &["has not said yet that it shipped"]);
    let post = Post::shipped(true);
    let lines = commitment(&post.deal.buyer, &confirm, post.at(), &FeeLimit::default()).join(" ");
    assert!(!lines.contains("has not said yet"), "{lines}");
}

#[test]
fn complaint_and_release__the_buyer__told_what_each_moves() {
    let post = Post::shipped(true);
    let complaint = Command::Confirm(damaged());
    told(&post, Side::Buyer, &complaint, &["moves no money", "use release", "back by block 800934"]);
    told(&post, Side::Buyer, &Command::Release, &["pays the seller 100,000 sat, now and for good"]);
}

#[test]
fn refund_and_cancel__before_and_after_shipping__say_whose_goods_are_where() {
    let refund = Command::Refund { reason: "r".into() };
    told(&Post::to_ship(true), Side::Seller, &refund, &["gives 200,000 sat", "Do not ship afterwards"]);
    told(&Post::shipped(true), Side::Seller, &refund, &["You have shipped"]);
    let cancel = Command::Agree(Agreement::Cancel);
    told(&Post::shipped(true), Side::Seller, &cancel, &["Once the buyer has signed", "You have shipped"]);
    told(&Post::shipped(true), Side::Buyer, &cancel, &["Once the seller has signed", "cannot be taken back"]);
}

#[test]
fn agreement_to_release__each_side__told_where_the_secret_comes_from() {
    let release = Command::Agree(Agreement::Release);
    let post = Post::shipped(true);
    told(&post, Side::Buyer, &release, &["your vault releases the secret", "100,000 sat for good"]);
    told(&post, Side::Seller, &release, &["from the buyer alone"]);
}

#[test]
fn the_rest__withdrawing_and_late_payment__told_that_nothing_holds_them() {
    let post = Post::begun(true);
    told(&post, Side::Buyer, &Command::Withdraw, &["Nothing is locked", "new bid"]);
    told(
        &post,
        Side::Seller,
        &Command::OfferLateInvoice,
        &["ordinary invoice over 100,000 sat", "Nobody can make"],
    );
    told(&post, Side::Buyer, &Command::PayLate, &["at once and for good", "in your hands"]);
}

fn lines(trade: &Trade, command: &Command, post: &Post) -> Vec<String> {
    commitment(trade, command, post.at(), &FeeLimit::default())
}

#[test]
fn had_shipped__a_restored_seller__told_what_it_waits_for_and_until_when() {
    let post = Post::to_ship(true);
    let had = Command::HadShipped(parcel());
    let seller = step(post.deal.seller.clone(), &Input::Restored, post.at()).trade;
    let holds = "Your node goes on holding the price (100,000 sat). You are paid if, and only if, the buyer confirms.";
    let only = "Say this only of goods that went out before the restore. To ship now, use ship.";
    let by = When::height(seller.deadlines.unwrap().settle_by, post.at());
    assert_eq!(
        lines(&seller, &had, &post),
        [holds, &format!("If the buyer stays silent, your node gives the money back by {by}."), only]
    );
    // Nothing is held, so there is no such block.
    let seller = step(Post::offered(true).deal.seller, &Input::Restored, post.at()).trade;
    assert_eq!(lines(&seller, &had, &post), [holds, only]);
}

#[test]
fn confirm__while_everything_goes_back_and_is_not_back_yet__moves_nothing() {
    let post = Post::shipped(true);
    let refund = Input::Said { event: EventId::from_bytes([7; 32]), said: Said::Refund };
    let buyer = step(post.deal.buyer.clone(), &refund, post.at()).trade;
    assert!(buyer.legs.iter().all(Leg::is_locked));
    assert_eq!(
        lines(&buyer, &Command::Confirm(received()), &post),
        [
            "The lock is over, or it is too late to use it safely: this moves no money.",
            "The seller learns that you have the goods, and can send an ordinary invoice over 100,000 sat, which you pay by \
             hand."
        ]
    );
}

#[test]
fn agreement_to_cancel__a_seller_that_has_not_shipped__not_told_that_it_has() {
    let cancel = Command::Agree(Agreement::Cancel);
    let post = Post::to_ship(true);
    let signs = [
        "Once the buyer has signed the same, the seller's node gives everything back at once.",
        "Your signature is public and cannot be taken back.",
    ];
    assert_eq!(lines(&post.deal.seller, &cancel, &post), signs);
    let post = Post::shipped(true);
    let shipped = "You have shipped: whether the goods come back is between you and the buyer.";
    assert_eq!(lines(&post.deal.seller, &cancel, &post), [signs[0], signs[1], shipped]);
}
