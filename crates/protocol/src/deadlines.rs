//! Deadlines: what the agreed numbers of blocks mean once the money is locked.
//!
//! All of them are block heights counted from the lock, never wall-clock time `[D3-12]`. The formulas are those of the
//! escrow protocol (`spec/escrow-v1.md`); every name here is the name used there.

use crate::units::{Blocks, Height};
use serde::{Deserialize, Serialize};

/// The numbers of blocks that both sides agree on before anything is locked: `["heights","1",h,t,i,D_S,D_B]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Agreed {
    /// h: blocks the seller has to ship, counted from the lock; 72 to 1008, default 144.
    pub handling: Blocks,
    /// t: blocks the parcel may travel; up to 1008.
    pub transit: Blocks,
    /// i: blocks the buyer has to look at the goods; 144 to 1008, default 432.
    pub inspection: Blocks,
    /// D_S: how many blocks before an HTLC's expiry the seller's node lets go of it by itself.
    pub seller_auto_cancel: Blocks,
    /// D_B: the same of the buyer's node; absent in a listing.
    pub buyer_auto_cancel: Option<Blocks>,
}

/// A number outside what the protocol allows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {found} blocks; it must be from {least} to {most}")]
pub struct OutOfRange {
    name: &'static str,
    found: u32,
    least: u32,
    most: u32,
}

fn within(name: &'static str, found: Blocks, least: u32, most: u32) -> Result<(), OutOfRange> {
    if (least..=most).contains(&found.0) {
        Ok(())
    } else {
        Err(OutOfRange { name, found: found.0, least, most })
    }
}

/// The largest final CLTV delta that any invoice of a trade may ask for, so that payers of every node kind can route it.
pub const CLTV_CEILING: Blocks = Blocks(1850);
/// Nodes refuse a payment whose total CLTV exceeds 2016; LND adds 3 blocks to the final hop and one is kept in hand.
pub const ROUTE_CEILING: Blocks = Blocks(2012);
/// Blocks within which both HTLCs must be held, the lock acknowledged and the acknowledgement confirmed.
pub const GRACE: Blocks = Blocks(36);
/// Smallest and largest hold that DIP-03 lets an acceptance announce `[D3-12]`.
pub const HTLC_TIMEOUT: std::ops::RangeInclusive<u32> = 144..=2016;

impl Agreed {
    /// Checks every number against its range, naming the first that is outside.
    pub fn check(&self) -> Result<(), OutOfRange> {
        within("handling (h)", self.handling, 72, 1008)?;
        within("transit (t)", self.transit, 0, 1008)?;
        within("inspection (i)", self.inspection, 144, 1008)?;
        within("the seller node's auto-cancel distance (D_S)", self.seller_auto_cancel, 1, 288)?;
        if let Some(distance) = self.buyer_auto_cancel {
            within("the buyer node's auto-cancel distance (D_B)", distance, 1, 288)?;
        }
        within("the hold c(P)", self.purchase_cltv(), *HTLC_TIMEOUT.start(), CLTV_CEILING.0)
    }

    /// x = ⌈1.1(t+i)⌉ + ⌈2√(t+i)⌉: transit and inspection, stretched for slow blocks and noise.
    pub fn stretched(&self) -> Blocks {
        let sum = self.transit.0.saturating_add(self.inspection.0).min(4096);
        let tenth = sum.saturating_mul(11).div_ceil(10);
        Blocks(tenth + ceil_sqrt(4 * sum))
    }

    /// hold = h + x + 48.
    pub fn hold(&self) -> Blocks {
        self.handling.plus(self.stretched()).plus(Blocks(48))
    }

    /// c(P) in direct mode: hold + 72 + D_S + 3, at least 144 `[D3-53]` `[D3-55]`.
    pub fn purchase_cltv(&self) -> Blocks {
        let needed = self.hold().plus(Blocks(72)).plus(self.seller_auto_cancel).plus(Blocks(3));
        needed.max(Blocks(*HTLC_TIMEOUT.start()))
    }

    /// c(Cb) in direct mode: the same as c(P).
    pub fn buyer_collateral_cltv(&self) -> Blocks {
        self.purchase_cltv()
    }
}

/// ⌈√n⌉ in whole numbers.
fn ceil_sqrt(n: u32) -> u32 {
    let floor = n.isqrt();
    if floor * floor == n { floor } else { floor + 1 }
}

/// Every deadline that follows from the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Deadlines {
    /// The height at which the seller's node first said that P is held.
    pub lock: Height,
    /// K = lock + c(P) − D_S − 3: the last height at which P is surely still held.
    pub held_until: Height,
    /// SHIP_BY = lock + h: the seller has shipped, or refunds.
    pub ship_by: Height,
    /// REVEAL_BY = K − 72: the buyer must not reveal the secret later.
    pub reveal_by: Height,
    /// SETTLE_BY of P = K − 12: settled or cancelled by then.
    pub settle_by: Height,
}

impl Deadlines {
    /// The deadlines of a lock at `lock`.
    pub fn at(lock: Height, agreed: &Agreed) -> Self {
        let held_until = lock.plus(agreed.purchase_cltv()).minus(agreed.seller_auto_cancel).minus(Blocks(3));
        Self {
            lock,
            held_until,
            ship_by: lock.plus(agreed.handling),
            reveal_by: held_until.minus(Blocks(72)),
            settle_by: held_until.minus(Blocks(12)),
        }
    }
}

/// SETTLE_BY of a collateral: E − D − 12, by its own expiry and its payee's auto-cancel distance.
pub const fn collateral_settle_by(expiry: Height, auto_cancel: Blocks) -> Height {
    expiry.minus(auto_cancel).minus(Blocks(12))
}

/// Blocks left of a hold of `timeout` blocks that began at `locked_at`, as DIP-03's vector counts them:
/// 144, 800000, 799900 → 44 `[D3-85]`. Zero once it has passed.
pub const fn blocks_remaining(timeout: Blocks, current: Height, locked_at: Height) -> Blocks {
    current.until(locked_at.plus(timeout))
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    fn agreed(h: u32, t: u32, i: u32, d: u32) -> Agreed {
        Agreed {
            handling: Blocks(h),
            transit: Blocks(t),
            inspection: Blocks(i),
            seller_auto_cancel: Blocks(d),
            buyer_auto_cancel: None,
        }
    }

    #[test]
    fn blocks_remaining__dip03_vector__44() {
        assert_eq!(blocks_remaining(Blocks(144), Height(800_000), Height(799_900)), Blocks(44));
        assert_eq!(blocks_remaining(Blocks(144), Height(800_045), Height(799_900)), Blocks(0));
    }

    #[test]
    fn stretched__known_sums__rounded_up_twice() {
        assert_eq!(agreed(144, 144, 432, 18).stretched(), Blocks(634 + 48));
        assert_eq!(agreed(144, 0, 144, 18).stretched(), Blocks(159 + 24));
        assert_eq!(agreed(144, 1, 144, 18).stretched(), Blocks(160 + 25));
    }

    #[test]
    fn deadlines__every_allowed_number__late_punctual_shipper_leaves_the_buyer_inspection() {
        for h in [72, 144, 300, 1008] {
            for t in [0, 1, 144, 432, 1008] {
                for i in [144, 432, 1008] {
                    for d in [1, 12, 18, 39, 144] {
                        let agreed = agreed(h, t, i, d);
                        if agreed.check().is_err() {
                            continue;
                        }
                        let deadlines = Deadlines::at(Height(800_000), &agreed);
                        let inspected = deadlines.ship_by.0 + t + i;
                        assert!(inspected + 24 <= deadlines.reveal_by.0, "{h} {t} {i} {d}");
                        assert!(deadlines.reveal_by < deadlines.settle_by);
                        let expiry = 800_000 + agreed.purchase_cltv().0;
                        assert!(deadlines.settle_by.0 + 12 <= expiry - d);
                    }
                }
            }
        }
    }

    #[test]
    fn check__each_number_outside_its_range__names_it() {
        let cases = [
            (agreed(71, 0, 144, 18), "handling"),
            (agreed(1009, 0, 144, 18), "handling"),
            (agreed(144, 1009, 144, 18), "transit"),
            (agreed(144, 0, 143, 18), "inspection"),
            (agreed(144, 0, 144, 0), "auto-cancel"),
            (agreed(1008, 1008, 1008, 18), "c(P)"),
        ];
        for (agreed, name) in cases {
            let error = agreed.check().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
