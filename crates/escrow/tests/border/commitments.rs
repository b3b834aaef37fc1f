//! Commitments: what is told before each order.

use crate::post::{Post, damaged, parcel, received};
use domp_escrow::{
    input::{Agreement, Command},
    liquidity::FeeLimit,
    situation::commitment,
    terms::Side,
};
use domp_protocol::units::Blocks;

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
