//! The numbers of blocks that both sides agree on, and what follows from them.

use crate::vector::Vector;
use serde_json::{Value, json};

fn numbers(h: u64, t: u64, i: u64, ds: u64) -> Value {
    json!({ "handling": h, "transit": t, "inspection": i, "seller_auto_cancel": ds, "lock": 800_000 })
}

/// Worked out by hand from `spec/escrow-v1.md`, not by the code under test: x is given, the rest are its sums.
fn gives(h: u64, x: u64, ds: u64) -> Value {
    let hold = h + x + 48;
    let cltv = (hold + 72 + ds + 3).max(144);
    let held_until = 800_000 + cltv - ds - 3;
    json!({
        "stretched": x,
        "hold": hold,
        "cltv": cltv,
        "ship_by": 800_000 + h,
        "held_until": held_until,
        "reveal_by": held_until - 72,
        "settle_by": held_until - 12,
    })
}

pub fn table() -> Vec<Vector> {
    let valid = |name, what, input, gives| Vector {
        name,
        what,
        rule: "[D3-55]",
        input,
        now: None,
        expect: Ok(gives),
    };
    let refused =
        |name, what, rule, input, part| Vector { name, what, rule, input, now: None, expect: Err(part) };
    let mut with_buyer = numbers(144, 144, 432, 18);
    with_buyer["buyer_auto_cancel"] = 39.into();
    let mut bad_buyer = with_buyer.clone();
    bad_buyer["buyer_auto_cancel"] = 289.into();
    vec![
        valid(
            "heights-usual",
            "a day to ship, a day on the way, three days to look; LND's distance",
            numbers(144, 144, 432, 18),
            gives(144, 634 + 48, 18),
        ),
        valid(
            "heights-with-buyer",
            "with the buyer's distance, which the purchase does not need",
            with_buyer,
            gives(144, 634 + 48, 18),
        ),
        valid(
            "heights-shortest",
            "the shortest that are allowed",
            numbers(72, 0, 144, 1),
            gives(72, 159 + 24, 1),
        ),
        valid(
            "heights-rounded-up",
            "both terms rounded up",
            numbers(144, 1, 144, 18),
            gives(144, 160 + 25, 18),
        ),
        refused(
            "heights-handling-short",
            "71 blocks to ship",
            "[D3-53]",
            numbers(71, 0, 144, 18),
            "handling (h) is 71",
        ),
        refused(
            "heights-handling-long",
            "a week and a block to ship",
            "[D3-54]",
            numbers(1009, 0, 144, 18),
            "handling (h) is 1009",
        ),
        refused(
            "heights-transit-long",
            "more than a week on the way",
            "[D3-54]",
            numbers(144, 1009, 144, 18),
            "transit (t) is 1009",
        ),
        refused(
            "heights-inspection-short",
            "less than a day to look: a seller could make it nothing",
            "[D3-53]",
            numbers(144, 0, 143, 18),
            "inspection (i) is 143",
        ),
        refused(
            "heights-distance-zero",
            "a node that lets go at the expiry itself",
            "[D3-53]",
            numbers(144, 0, 144, 0),
            "(D_S) is 0",
        ),
        refused(
            "heights-buyer-distance",
            "a buyer's node that lets go two days before",
            "[D3-53]",
            bad_buyer,
            "(D_B) is 289",
        ),
        refused(
            "heights-hold-long",
            "each in its range, together more than nodes route",
            "[D3-54]",
            numbers(1008, 500, 432, 18),
            "the hold c(P) is",
        ),
        refused(
            "heights-wraps",
            "the largest number of 32 bits",
            "[D3-54]",
            numbers(u64::from(u32::MAX), 0, 144, 18),
            "handling (h) is 4294967295",
        ),
    ]
}
