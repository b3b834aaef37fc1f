//! Liquidity: whether a node can take part in a trade, asked before a bid and before an acceptance `[D3-40]` `[D3-43]`.
//!
//! A yes is no promise: routes change, and only paying tells. A no saves everybody an acceptance that cannot be paid.

use crate::{
    situation::amount::grouped,
    terms::{Side, Terms},
    trade::Trade,
};
use domp_protocol::{
    invoice::SMALLEST_PART,
    purpose::Purpose,
    units::{Blocks, Msat, Sat},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The most parts one payment is split into `[D3-63]`: each takes an HTLC slot for days.
pub const MOST_PARTS: u32 = 4;

/// What a node can move now over its active channels, reserves deducted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funds {
    /// Receivable in all.
    pub receivable: Msat,
    /// Receivable over the best single channel.
    pub receivable_largest: Msat,
    /// Spendable in all.
    pub spendable: Msat,
    /// Spendable over the best single channel.
    pub spendable_largest: Msat,
    /// HTLCs that still fit into its active channels, in the direction of the payment.
    pub free_slots: u32,
    /// What other trades were promised of it.
    pub promised: Promised,
}

/// What other trades will need that were accepted and whose money is not locked yet: the channels still show it as free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised {
    /// Amounts, with the payer's fees.
    pub amount: Msat,
    /// HTLC slots, one for each payment at least.
    pub slots: u32,
}

impl Promised {
    /// Adds what one trade still needs at this side's node: every leg that is not locked.
    #[must_use]
    pub fn and(self, trade: &Trade, fees: &FeeLimit) -> Self {
        trade.legs.iter().filter(|leg| !leg.is_locked()).fold(self, |sum, leg| {
            let fee = if trade.side == Side::Buyer { fees.of(leg.amount) } else { Msat::ZERO };
            Self {
                amount: sum.amount.saturating_add(leg.amount.to_msat()).saturating_add(fee),
                slots: sum.slots.saturating_add(1),
            }
        })
    }
}

/// The most that a payer spends on routing, on top of the amount `[D3-64]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeLimit {
    /// At least this much, however small the amount.
    pub least: Msat,
    /// Millionths of the amount.
    pub per_million: u32,
}

impl Default for FeeLimit {
    /// One percent, and at least 10 sat: a payment that is held for days finds fewer willing routes than others.
    fn default() -> Self {
        let least = Sat::new(10).map(Sat::to_msat).unwrap_or_default();
        Self { least, per_million: 10_000 }
    }
}

impl FeeLimit {
    /// The limit for one payment.
    pub fn of(&self, amount: Sat) -> Msat {
        let share = u128::from(amount.to_msat().get()) * u128::from(self.per_million) / 1_000_000;
        let share = u64::try_from(share).ok().and_then(|msat| Msat::new(msat).ok());
        share.unwrap_or(amount.to_msat()).max(self.least)
    }
}

/// Why a node cannot take part in a trade now, and what helps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortage {
    /// Not enough in all.
    Total {
        /// Whose node: the buyer sends, the seller receives.
        side: Side,
        /// What it can move.
        has: Msat,
        /// What the trade needs at the same time, fees included.
        needs: Msat,
        /// How much of that is for fees; only the buyer pays any.
        fees: Msat,
        /// What it could move beside that if nothing were promised to other trades.
        promised: Msat,
    },
    /// Enough in all, but in channels so small that a payment would fall into too many parts.
    Parts {
        /// Whose node.
        side: Side,
        /// Which payment.
        role: Purpose,
        /// Its amount.
        amount: Sat,
        /// What one channel can move at best.
        largest: Msat,
        /// The most parts for this amount.
        most: u32,
    },
    /// Too few HTLC slots.
    Slots {
        /// Whose node.
        side: Side,
        /// Slots free.
        free: u32,
        /// Slots needed.
        needs: u32,
        /// For how long each is taken.
        held: Blocks,
    },
}

/// Whether a side's node can lock (buyer) or hold (seller) everything this trade needs, all of it at the same time.
///
/// # Errors
/// The first shortage, with numbers and what helps.
pub fn enough(side: Side, terms: &Terms, funds: &Funds, fees: &FeeLimit) -> Result<(), Shortage> {
    let (all, largest) = match side {
        Side::Buyer => (funds.spendable, funds.spendable_largest),
        Side::Seller => (funds.receivable, funds.receivable_largest),
    };
    let Promised { amount: promised, slots: promised_slots } = funds.promised;
    let has = all.saturating_sub(promised);
    let largest = largest.min(has);
    let free_slots = funds.free_slots.saturating_sub(promised_slots);
    let legs = terms.legs();
    let fee = |amount: Sat| if side == Side::Buyer { fees.of(amount) } else { Msat::ZERO };
    let fees = legs.iter().fold(Msat::ZERO, |sum, (_, amount, _)| sum.saturating_add(fee(*amount)));
    let needs = legs.iter().fold(fees, |sum, (_, amount, _)| sum.saturating_add(amount.to_msat()));
    if has < needs {
        return Err(Shortage::Total { side, has, needs, fees, promised: promised.min(all) });
    }
    let mut slots: u32 = 0;
    for (role, amount, _) in &legs {
        let most = most_parts(*amount);
        let parts = amount.to_msat().saturating_add(fee(*amount)).get().div_ceil(largest.get().max(1));
        match u32::try_from(parts) {
            Ok(parts) if parts <= most => slots = slots.saturating_add(parts),
            _ => return Err(Shortage::Parts { side, role: *role, amount: *amount, largest, most }),
        }
    }
    if free_slots < slots {
        let held = terms.agreed.purchase_cltv();
        return Err(Shortage::Slots { side, free: free_slots, needs: slots, held });
    }
    Ok(())
}

/// At most four parts, none of them below the smallest safe HTLC (C-18).
fn most_parts(amount: Sat) -> u32 {
    let whole = amount.get() / SMALLEST_PART.get().max(1);
    u32::try_from(whole).unwrap_or(MOST_PARTS).clamp(1, MOST_PARTS)
}

/// Whole satoshi rounded up, for what is needed.
fn ceiling(amount: Msat) -> String {
    grouped(amount.get().div_ceil(1000))
}

/// What is kept for others, if anything.
fn beside(promised: Msat) -> String {
    if promised == Msat::ZERO {
        return String::new();
    }
    format!(" beside {} sat for trades that were accepted and are not locked yet", ceiling(promised))
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Total { side: Side::Seller, has, needs, promised, .. } => write!(
                f,
                "your node can receive {} sat{}, this trade needs {} sat at the same time: open a channel towards you (ask a \
                 peer, or buy inbound liquidity), or spend some sats from your own channels first",
                grouped(has.to_sat_floor().get()),
                beside(*promised),
                ceiling(*needs)
            ),
            Self::Total { side: Side::Buyer, has, needs, fees, promised } => write!(
                f,
                "your node can send {} sat{}, this trade needs {} sat at the same time (up to {} sat of it for routing fees): \
                 open a channel with more funds, or receive some sats first",
                grouped(has.to_sat_floor().get()),
                beside(*promised),
                ceiling(*needs),
                ceiling(*fees)
            ),
            Self::Parts { side, role, amount, largest, most } => {
                let verb = if *side == Side::Buyer { "send" } else { "receive" };
                write!(
                    f,
                    "over one channel your node can {verb} {} sat at best, so {role} of {} sat would fall into more than {most} \
                     part{}: open a larger channel",
                    grouped(largest.to_sat_floor().get()),
                    grouped(amount.get()),
                    if *most == 1 { "" } else { "s" }
                )
            }
            Self::Slots { free, needs, held, .. } => write!(
                f,
                "your node's channels have room for {free} more HTLCs, this trade needs {needs} for up to {held}: wait until \
                 other trades have ended, or open another channel"
            ),
        }
    }
}

impl std::error::Error for Shortage {}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use domp_protocol::{
        deadlines::Agreed,
        ids::{EventId, NodeId, PublicKey},
        network::Network,
        units::Unix,
    };

    fn sat(sat: u64) -> Sat {
        Sat::new(sat).unwrap()
    }

    fn terms(price: u64, collateral: u64) -> Terms {
        Terms {
            trade: EventId::from_bytes([1; 32]),
            listing: EventId::from_bytes([2; 32]),
            buyer: PublicKey::from_bytes([3; 32]),
            seller: PublicKey::from_bytes([4; 32]),
            buyer_node: NodeId::from_bytes([2; 33]),
            seller_node: NodeId::from_bytes([3; 33]),
            network: Network::Regtest,
            price: sat(price),
            buyer_collateral: sat(collateral),
            agreed: Agreed {
                handling: Blocks(144),
                transit: Blocks(144),
                inspection: Blocks(432),
                seller_auto_cancel: Blocks(18),
                buyer_auto_cancel: Some(Blocks(18)),
            },
            bid_at: Unix(1_700_000_000),
            payment_timeout_seconds: 86_400,
            relays: Vec::new(),
        }
    }

    fn funds(total: u64, largest: u64, free_slots: u32) -> Funds {
        let (total, largest) = (sat(total).to_msat(), sat(largest).to_msat());
        Funds {
            receivable: total,
            receivable_largest: largest,
            spendable: total,
            spendable_largest: largest,
            free_slots,
            promised: Promised::default(),
        }
    }

    // [D3-40]
    #[test]
    fn enough__seller_short_of_inbound__told_both_numbers_and_the_way_out() {
        let short = enough(
            Side::Seller,
            &terms(200_000, 200_000),
            &funds(120_000, 120_000, 483),
            &FeeLimit::default(),
        )
        .unwrap_err();
        let text = short.to_string();
        assert!(
            text.starts_with("your node can receive 120,000 sat, this trade needs 400,000 sat"),
            "{text}"
        );
        assert!(text.contains("open a channel towards you"), "{text}");
    }

    #[test]
    fn enough__exactly_the_amounts__the_seller_can_and_the_buyer_lacks_the_fees() {
        let (terms, funds) = (terms(200_000, 200_000), funds(400_000, 400_000, 2));
        assert_eq!(enough(Side::Seller, &terms, &funds, &FeeLimit::default()), Ok(()));
        let short = enough(Side::Buyer, &terms, &funds, &FeeLimit::default()).unwrap_err();
        assert!(matches!(short, Shortage::Total { side: Side::Buyer, .. }));
        let text = short.to_string();
        assert!(text.contains("404,000 sat") && text.contains("4,000 sat of it for routing fees"), "{text}");
    }

    // [D3-43]
    #[test]
    fn enough__exactly_with_fees__the_buyer_can_and_a_millisat_less_not() {
        let terms = terms(200_000, 200_000);
        let exact = funds(404_000, 404_000, 2);
        assert_eq!(enough(Side::Buyer, &terms, &exact, &FeeLimit::default()), Ok(()));
        let less = Funds { spendable: Msat::new(exact.spendable.get() - 1).unwrap(), ..exact };
        assert!(enough(Side::Buyer, &terms, &less, &FeeLimit::default()).is_err());
    }

    #[test]
    fn enough__small_channels__parts_are_counted_and_bounded() {
        let terms = terms(400_000, 0);
        // Four parts of 100,000 fit; of 99,999 it would be five.
        assert_eq!(enough(Side::Seller, &terms, &funds(500_000, 100_000, 4), &FeeLimit::default()), Ok(()));
        let short =
            enough(Side::Seller, &terms, &funds(500_000, 99_999, 4), &FeeLimit::default()).unwrap_err();
        assert!(matches!(short, Shortage::Parts { role: Purpose::Purchase, most: 4, .. }));
        assert!(short.to_string().contains("larger channel"));
        let short =
            enough(Side::Seller, &terms, &funds(500_000, 100_000, 3), &FeeLimit::default()).unwrap_err();
        assert!(matches!(short, Shortage::Slots { free: 3, needs: 4, .. }), "{short}");
    }

    #[test]
    fn enough__an_amount_that_may_not_be_split__one_part_only() {
        let terms = terms(39_999, 0);
        let short =
            enough(Side::Seller, &terms, &funds(100_000, 39_998, 483), &FeeLimit::default()).unwrap_err();
        assert!(matches!(short, Shortage::Parts { most: 1, .. }));
        assert_eq!(enough(Side::Seller, &terms, &funds(39_999, 39_999, 1), &FeeLimit::default()), Ok(()));
    }

    #[test]
    fn enough__no_channels_at_all__a_total_shortage_and_no_division_by_zero() {
        let short =
            enough(Side::Buyer, &terms(20_000, 0), &Funds::default(), &FeeLimit::default()).unwrap_err();
        assert!(matches!(short, Shortage::Total { .. }));
        let odd = Funds { spendable_largest: Msat::ZERO, ..funds(500_000, 1, 5) };
        assert!(matches!(
            enough(Side::Buyer, &terms(20_000, 0), &odd, &FeeLimit::default()),
            Err(Shortage::Parts { .. })
        ));
    }

    #[test]
    fn enough__others_were_accepted_before__what_they_need_is_not_counted_twice() {
        let (terms, fees) = (terms(200_000, 200_000), FeeLimit::default());
        let promised = |amount: u64, slots| Promised { amount: sat(amount).to_msat(), slots };
        let with = |promised| Funds { promised, ..funds(800_000, 800_000, 5) };
        assert_eq!(enough(Side::Seller, &terms, &with(promised(400_000, 2)), &fees), Ok(()));
        let short = enough(Side::Seller, &terms, &with(promised(400_001, 2)), &fees).unwrap_err().to_string();
        assert!(short.contains("receive 399,999 sat beside 400,001 sat for trades"), "{short}");
        let short = enough(Side::Buyer, &terms, &with(promised(400_000, 2)), &fees).unwrap_err().to_string();
        assert!(short.contains("send 400,000 sat beside 400,000 sat"), "{short}");
        let slots = enough(Side::Seller, &terms, &with(promised(0, 4)), &fees).unwrap_err();
        assert!(matches!(slots, Shortage::Slots { free: 1, needs: 2, .. }), "{slots}");
        let none = enough(Side::Seller, &terms, &with(promised(u64::from(u32::MAX), 2)), &fees).unwrap_err();
        assert!(none.to_string().contains("beside 800,000 sat"), "{none}");
    }

    // [D3-64]
    #[test]
    fn fee_limit__small_and_large_amounts__a_percent_and_a_floor() {
        let limit = FeeLimit::default();
        assert_eq!(limit.of(sat(500)), sat(10).to_msat());
        assert_eq!(limit.of(sat(1_000_000)), sat(10_000).to_msat());
        let all = sat(domp_protocol::units::MAX_SAT);
        assert_eq!(FeeLimit { per_million: u32::MAX, ..limit }.of(all), all.to_msat());
    }
}
