//! Amounts, heights and numbers of blocks: sums, differences, rounding, and how people see them.

use domp_protocol::units::{Blocks, Height, MAX_SAT, Msat, Sat};

fn msat(amount: u64) -> Msat {
    Msat::new(amount).unwrap()
}

#[test]
fn msat__sum_and_difference__exact_and_never_below_zero() {
    assert_eq!(msat(1_500).saturating_add(msat(501)), msat(2_001));
    assert_eq!(msat(1_500).saturating_sub(msat(501)), msat(999));
    assert_eq!(msat(501).saturating_sub(msat(1_500)), Msat::ZERO);
}

#[test]
fn msat__sum_beyond_64_bits__capped_and_not_wrapped() {
    let most = msat(MAX_SAT * 1000);
    // Nine of them overflow.
    let sum = std::iter::repeat_n(most, 9).fold(Msat::ZERO, Msat::saturating_add);
    assert_eq!(sum.get(), u64::MAX);
}

#[test]
fn to_sat_floor__whole_and_broken_satoshis__rounded_down() {
    for (given, whole) in [(0, 0), (999, 0), (1_000, 1), (1_999, 1), (80_000_500, 80_000)] {
        assert_eq!(msat(given).to_sat_floor(), Sat::new(whole).unwrap(), "{given} msat");
    }
    let most = Sat::new(MAX_SAT).unwrap();
    assert_eq!(most.to_msat().to_sat_floor(), most);
}

#[test]
fn height_and_blocks__for_people__one_is_a_place_the_other_a_distance() {
    assert_eq!(Height(800_000).to_string(), "block 800000");
    assert_eq!(Blocks(1).to_string(), "1 block");
    assert_eq!(Blocks(144).to_string(), "144 blocks");
}
