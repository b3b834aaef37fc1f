//! Liquidity of a node with several trades: what one that is not locked yet keeps from the next.

use crate::{deal::sat, post::Post};
use domp_escrow::{
    input::{Input, InvoiceReport},
    liquidity::{FeeLimit, Funds, Promised, Shortage, enough},
    terms::Side,
};
use domp_protocol::{purpose::Purpose, units::Blocks};

/// What is promised once this trade is counted beside 30,000 sat in three slots for others.
fn promised(post: &Post, side: Side) -> (u64, u32) {
    let others = Promised { amount: sat(30_000).to_msat(), slots: 3 };
    let Promised { amount, slots } = others.and(post.trade(side), &FeeLimit::default());
    (amount.get(), slots)
}

#[test]
fn promised__accepted_and_not_locked__both_payments_and_the_buyers_fees() {
    let post = Post::offered(true);
    assert_eq!(promised(&post, Side::Seller), (230_000_000, 5));
    assert_eq!(promised(&post, Side::Buyer), (232_000_000, 5));
    let post = Post::offered(false);
    assert_eq!(promised(&post, Side::Seller), (130_000_000, 4));
    assert_eq!(promised(&post, Side::Buyer), (131_000_000, 4));
}

#[test]
fn promised__what_is_locked__not_counted_a_second_time() {
    let mut post = Post::offered(true);
    let report = InvoiceReport::Held {
        accepted_at: post.height,
        expiry: post.height.plus(Blocks(970)),
        amount: post.deal.terms.buyer_collateral.to_msat(),
    };
    post.input(Side::Seller, &Input::Invoice { purpose: Purpose::BuyerCollateral, report });
    assert_eq!(promised(&post, Side::Seller), (130_000_000, 4), "the price alone is still to come");
    let post = Post::to_ship(true);
    for side in [Side::Buyer, Side::Seller] {
        assert_eq!(promised(&post, side), (30_000_000, 3), "{}", side.as_str());
    }
}

#[test]
fn shortage__channels_too_small__says_whether_the_node_cannot_send_or_receive() {
    let post = Post::begun(false);
    let (total, largest) = (sat(500_000).to_msat(), sat(20_000).to_msat());
    let funds = Funds {
        receivable: total,
        receivable_largest: largest,
        spendable: total,
        spendable_largest: largest,
        free_slots: 100,
        promised: Promised::default(),
    };
    for (side, verb) in [(Side::Buyer, "send"), (Side::Seller, "receive")] {
        let short = enough(side, &post.deal.terms, &funds, &FeeLimit::default()).unwrap_err();
        assert!(matches!(short, Shortage::Parts { .. }), "{short}");
        let text = format!(
            "over one channel your node can {verb} 20,000 sat at best, so domp_purchase of 100,000 sat would fall into more \
             than 4 parts: open a larger channel"
        );
        assert_eq!(short.to_string(), text);
    }
}
