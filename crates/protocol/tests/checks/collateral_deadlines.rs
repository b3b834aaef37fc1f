//! The deadlines of the buyer's collateral.

use domp_protocol::{
    deadlines::{Agreed, collateral_settle_by},
    units::{Blocks, Height},
};

/// The worked example of `spec/escrow-v1.md`: t = 144, D_S = 18 and the defaults give c = 967.
#[test]
fn buyer_collateral_cltv__the_spec_s_example__967_like_the_purchase() {
    let agreed = Agreed {
        handling: Blocks(144),
        transit: Blocks(144),
        inspection: Blocks(432),
        seller_auto_cancel: Blocks(18),
        buyer_auto_cancel: Some(Blocks(39)),
    };
    assert_eq!(agreed.buyer_collateral_cltv(), Blocks(967));
    assert_eq!(agreed.purchase_cltv(), Blocks(967));
}

#[test]
fn collateral_settle_by__its_expiry_and_the_distance__twelve_blocks_before_the_node_lets_go() {
    assert_eq!(collateral_settle_by(Height(800_967), Blocks(18)), Height(800_937));
    assert_eq!(collateral_settle_by(Height(20), Blocks(18)), Height(0), "not before the first block");
}
