//! The audit: whether a trade ended as its flow must, with every satoshi accounted for.

use super::{
    Flow,
    person::Person,
    purse::{Balances, Purse},
    step::Who,
    summary::Accounts,
    trouble::Trouble,
};
use domp_engine::view::TradeView;
use domp_escrow::stage::{Ending, Stage};
use domp_ports::lightning::{InvoiceState, LnError, PaymentState};
use domp_protocol::{
    purpose::Purpose,
    units::{Height, Msat, Sat},
};

/// What was seen at the end.
pub struct Seen {
    /// What should have happened.
    pub flow: Flow,
    /// What both had before.
    pub before: Balances,
    /// What both have now.
    pub after: Balances,
    /// What both nodes say of each payment.
    pub payments: Vec<Payment>,
    /// Where the engines say that the trade is, the buyer's first.
    pub stages: (String, String),
    /// The price.
    pub price: Sat,
    /// The buyer's collateral.
    pub collateral: Sat,
    /// What somebody else found wrong.
    pub objections: Vec<String>,
}

/// What both nodes say of one payment, asked directly and not through the engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// What it is for.
    pub purpose: Purpose,
    /// How much.
    pub amount: Sat,
    /// The buyer's node.
    pub sent: &'static str,
    /// The seller's node.
    pub received: &'static str,
}

/// Asks both nodes about every payment of the trade.
///
/// # Errors
/// If a node does not answer.
pub async fn payments(
    buyer: &Person,
    seller: &Person,
    buyers: &TradeView,
    sellers: &TradeView,
) -> Result<Vec<Payment>, Trouble> {
    let mut payments = Vec::new();
    for htlc in &buyers.htlcs {
        let counterpart = sellers.htlcs.iter().find(|other| other.purpose == htlc.purpose);
        let hash =
            htlc.payment_hash.filter(|hash| counterpart.and_then(|other| other.payment_hash) == Some(*hash));
        let Some(hash) = hash else {
            let purpose = htlc.purpose;
            return Err(Trouble::Unexpected(format!(
                "the two sides do not name the same payment hash for {purpose}"
            )));
        };
        let sent = match buyer.node.payment(&hash).await {
            Ok(PaymentState::NotFound) => "never sent",
            Ok(PaymentState::InFlight(_)) => "in flight",
            Ok(PaymentState::Succeeded) => "succeeded",
            Ok(PaymentState::Failed(_)) => "failed",
            Err(source) => return Err(Trouble::Node { who: Who::Buyer, source }),
        };
        let received = match seller.node.invoice(&hash).await {
            Ok(InvoiceState::Open) => "open",
            Ok(InvoiceState::Held(_)) => "held",
            Ok(InvoiceState::Settled) => "settled",
            Ok(InvoiceState::Cancelled) => "cancelled",
            Err(LnError::NotFound) => "unknown",
            Err(source) => return Err(Trouble::Node { who: Who::Seller, source }),
        };
        payments.push(Payment {
            purpose: htlc.purpose,
            amount: htlc.amount_msat.to_sat_floor(),
            sent,
            received,
        });
    }
    Ok(payments)
}

impl Seen {
    /// What the seller must have been paid.
    const fn due(&self) -> Sat {
        match self.flow {
            Flow::Success => self.price,
            Flow::Timeout | Flow::Nonpayment | Flow::Refund => Sat::ZERO,
        }
    }

    fn fees(&self) -> Msat {
        let spent = self.before.buyer.total().saturating_sub(self.after.buyer.total());
        let earned = self.after.seller.total().saturating_sub(self.before.seller.total());
        spent.saturating_sub(earned)
    }

    /// Where the money went.
    pub fn accounts(&self, height: Height, blocks: u32) -> Accounts {
        let returned = self.payments.iter().filter(|payment| payment.sent == "failed");
        let earned = self.after.seller.total().saturating_sub(self.before.seller.total());
        Accounts {
            price_sat: self.price,
            collateral_sat: self.collateral,
            paid_to_seller_sat: earned.to_sat_floor(),
            returned_to_buyer_sat: returned
                .fold(Sat::ZERO, |sum, payment| sum.saturating_add(payment.amount)),
            fees_msat: self.fees(),
            height,
            blocks,
            before: self.before,
            after: self.after,
        }
    }

    /// Everything that is not as it must be; empty when all is well.
    pub fn differences(&self) -> Vec<String> {
        let mut found = self.stage_differences();
        found.extend(self.payment_differences());
        found.extend(self.money_differences());
        for (who, before, after) in [
            (Who::Buyer, &self.before.buyer, &self.after.buyer),
            (Who::Seller, &self.before.seller, &self.after.seller),
        ] {
            found.extend(channel_differences(who, before, after));
        }
        found.extend(self.objections.iter().cloned());
        found
    }

    fn stage_differences(&self) -> Vec<String> {
        let ending = match self.flow {
            Flow::Success => Ending::Completed,
            Flow::Timeout | Flow::Refund => Ending::Refunded,
            Flow::Nonpayment => Ending::Abandoned,
        };
        let wanted = Stage::Ended(ending).as_str();
        [(Who::Buyer, &self.stages.0), (Who::Seller, &self.stages.1)]
            .into_iter()
            .filter(|(_, stage)| *stage != wanted)
            .map(|(who, stage)| format!("the {who}'s trade is '{stage}', not '{wanted}'"))
            .collect()
    }

    fn payment_differences(&self) -> Vec<String> {
        let mut found = Vec::new();
        for Payment { purpose, sent, received, .. } in &self.payments {
            let wanted = match (self.flow, purpose) {
                (Flow::Success, Purpose::Purchase) => ("succeeded", "settled"),
                (Flow::Nonpayment, _) => ("never sent", "cancelled"),
                (Flow::Success | Flow::Timeout | Flow::Refund, _) => ("failed", "cancelled"),
            };
            if (*sent, *received) != wanted {
                found.push(format!(
                    "{purpose} is {sent} at the buyer's node and {received} at the seller's, not {} and {}",
                    wanted.0, wanted.1
                ));
            }
        }
        let wanted = 1 + usize::from(!self.collateral.is_zero());
        if self.payments.len() != wanted {
            found.push(format!("the trade has {} payments, not {wanted}", self.payments.len()));
        }
        found
    }

    /// The channel is direct: nobody else can have earned anything, so not a millisatoshi may be missing.
    fn money_differences(&self) -> Vec<String> {
        let due = self.due().to_msat().get();
        let [bought, sold] = [
            (self.before.buyer.total().get(), self.after.buyer.total().get()),
            (self.before.seller.total().get(), self.after.seller.total().get()),
        ];
        let mut found = Vec::new();
        if sold.0.checked_add(due) != Some(sold.1) {
            found.push(format!("the seller had {} msat and has {}; due were {due} more", sold.0, sold.1));
        }
        if bought.0.checked_sub(due) != Some(bought.1) {
            found.push(format!("the buyer had {} msat and has {}; due were {due} less", bought.0, bought.1));
        }
        found
    }
}

/// The channels are as open as they were, with nothing in them.
fn channel_differences(who: Who, before: &Purse, after: &Purse) -> Vec<String> {
    let mut found = Vec::new();
    if after.open_channels != before.open_channels || after.other_channels != 0 {
        found.push(format!(
            "the {who} had {} open channels and has {}, and {} in another state",
            before.open_channels, after.open_channels, after.other_channels
        ));
    }
    if after.htlcs != 0 || after.locked_msat != Msat::ZERO {
        found.push(format!("{} HTLCs ({}) are left in the {who}'s channels", after.htlcs, after.locked_msat));
    }
    if after.on_chain_msat != before.on_chain_msat {
        found
            .push(format!("the {who} had {} on chain and has {}", before.on_chain_msat, after.on_chain_msat));
    }
    if after.set_aside_msat != before.set_aside_msat {
        found.push(format!(
            "the {who} had {} set aside for the closing fee and has {}",
            before.set_aside_msat, after.set_aside_msat
        ));
    }
    found
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    fn msat(sat: u64) -> Msat {
        Sat::new(sat).unwrap().to_msat()
    }

    fn purse(sat: u64) -> Purse {
        Purse { channels_msat: msat(sat), open_channels: 1, ..Purse::default() }
    }

    fn payment(purpose: Purpose, sent: &'static str, received: &'static str) -> Payment {
        Payment { purpose, amount: Sat::new(100).unwrap(), sent, received }
    }

    fn seen(flow: Flow) -> Seen {
        let (bought, sold, stage, price, collateral) = match flow {
            Flow::Success => (900, 1_100, "completed", ("succeeded", "settled"), ("failed", "cancelled")),
            Flow::Timeout | Flow::Refund => {
                (1_000, 1_000, "refunded", ("failed", "cancelled"), ("failed", "cancelled"))
            }
            Flow::Nonpayment => {
                (1_000, 1_000, "abandoned", ("never sent", "cancelled"), ("never sent", "cancelled"))
            }
        };
        Seen {
            flow,
            before: Balances { buyer: purse(1_000), seller: purse(1_000) },
            after: Balances { buyer: purse(bought), seller: purse(sold) },
            payments: vec![
                payment(Purpose::Purchase, price.0, price.1),
                payment(Purpose::BuyerCollateral, collateral.0, collateral.1),
            ],
            stages: (stage.to_owned(), stage.to_owned()),
            price: Sat::new(100).unwrap(),
            collateral: Sat::new(100).unwrap(),
            objections: Vec::new(),
        }
    }

    const FLOWS: [Flow; 4] = [Flow::Success, Flow::Timeout, Flow::Nonpayment, Flow::Refund];

    #[test]
    fn differences__each_flow_as_it_must_end__none() {
        for flow in FLOWS {
            assert_eq!(seen(flow).differences(), Vec::<String>::new(), "{flow:?}");
        }
    }

    #[test]
    fn differences__any_flow_mistaken_for_another_ending__told() {
        for flow in FLOWS {
            for other in FLOWS {
                let alike =
                    matches!((flow, other), (Flow::Timeout | Flow::Refund, Flow::Timeout | Flow::Refund));
                let mistaken = Seen { flow: other, ..seen(flow) };
                assert_eq!(mistaken.differences().is_empty(), flow == other || alike, "{flow:?} {other:?}");
            }
        }
    }

    #[test]
    fn differences__one_thing_wrong__named() {
        type Spoil = fn(&mut Seen);
        let cases: [(Spoil, &str); 12] = [
            (
                |seen| seen.after.seller.channels_msat = msat(1_099),
                "the seller had 1000000 msat and has 1099000",
            ),
            (|seen| seen.after.seller.channels_msat = msat(1_101), "the seller had"),
            (
                |seen| seen.after.buyer.channels_msat = Msat::new(899_999).unwrap(),
                "the buyer had 1000000 msat and has 899999",
            ),
            (|seen| seen.after.buyer.htlcs = 1, "1 HTLCs"),
            (|seen| seen.after.seller.open_channels = 0, "the seller had 1 open channels and has 0"),
            (|seen| seen.after.buyer.other_channels = 1, "1 in another state"),
            (|seen| seen.after.buyer.on_chain_msat = msat(1), "on chain"),
            (|seen| seen.after.buyer.set_aside_msat = msat(1), "set aside"),
            (
                |seen| seen.stages.1 = "claiming".to_owned(),
                "the seller's trade is 'claiming', not 'completed'",
            ),
            (
                |seen| seen.payments[1].received = "settled",
                "domp_buyer_collateral is failed at the buyer's node and settled",
            ),
            (|seen| seen.payments.truncate(1), "1 payments, not 2"),
            (|seen| seen.objections.push("an alarm".to_owned()), "an alarm"),
        ];
        for (spoil, words) in cases {
            let mut seen = seen(Flow::Success);
            spoil(&mut seen);
            let told = seen.differences();
            assert!(told.iter().any(|line| line.contains(words)), "{words}: {told:?}");
        }
    }

    #[test]
    fn accounts__success__what_was_paid_and_what_came_back() {
        let accounts = seen(Flow::Success).accounts(Height(7), 3);
        assert_eq!(accounts.paid_to_seller_sat.get(), 100);
        assert_eq!(accounts.returned_to_buyer_sat.get(), 100);
        assert_eq!(accounts.fees_msat, Msat::ZERO);
    }

    #[test]
    fn accounts__buyer_has_less_than_the_seller_gained__fees_and_a_difference() {
        let mut seen = seen(Flow::Success);
        seen.after.buyer.channels_msat = msat(898);
        assert_eq!(seen.accounts(Height(7), 3).fees_msat, msat(2));
        assert!(!seen.differences().is_empty());
    }
}
