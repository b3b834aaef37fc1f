//! The payer's effects: pay, and pay late. The call is made once; its answer is never the outcome, the node's own list is.

use super::{Ended, How, Tried};
use crate::{inner::Inner, reports, troubles::Source};
use domp_escrow::input::{Input, Outcome, PaymentReport, Task};
use domp_ports::lightning::{DecodedInvoice, LnError, Pay, PaymentState};
use domp_protocol::{
    ids::{NodeId, PaymentHash, TradeId},
    invoice::{LATE_CLTV_CEILING, SMALLEST_PART},
    purpose::Purpose,
    units::{Blocks, Sat},
};

/// The most parts of a payment: small ones are lost to fees when a channel is closed by force.
const MOST_PARTS: u64 = 4;

/// What is to be paid.
pub(super) struct Order<'a> {
    pub hash: PaymentHash,
    pub bolt11: &'a str,
    pub amount: Sat,
}

/// What the invoice must say in the node's own decoder.
struct Second {
    payee: NodeId,
    cltv: std::ops::RangeInclusive<u32>,
}

impl Inner {
    pub(super) async fn pay(&self, trade: TradeId, purpose: Purpose, order: &Order<'_>, how: How) -> Ended {
        let task = Task::Pay(purpose);
        if how == How::Recovered {
            let reason = "the program was stopped while it was paying; the node will say what became of it";
            return Ended::with(task, Outcome::Unknown(reason.to_owned()));
        }
        let now = match self.peek(&trade).await {
            Ok((now, _)) => now,
            Err(error) => return Ended::with(task, Outcome::Unknown(error.to_string())),
        };
        let outcome = match now.leg(purpose).map(|leg| leg.cltv) {
            None => Outcome::Refused(format!("this trade has no {purpose}")),
            // Decided while the order waited for its turn.
            Some(_) if now.unwind.is_some() => Outcome::Refused("everything goes back already".to_owned()),
            Some(Blocks(cltv)) => {
                let second = Second { payee: now.terms.seller_node, cltv: cltv..=cltv };
                self.pay_once(order, &second).await
            }
        };
        let refused = matches!(outcome, Outcome::Refused(_));
        let mut ended = Ended::with(task, outcome);
        let report = self.payment_report(&order.hash, order.amount).await;
        ended.then.extend(
            report
                .filter(|report| refused || *report != PaymentReport::NotFound)
                .map(|report| Input::Payment { purpose, report }),
        );
        ended
    }

    /// Unlike the price this is asked for again when the call was lost and the node, which pays nothing twice, does not know
    /// the payment: no rule of the machine would, and the person could not.
    pub(super) async fn pay_late(&self, trade: TradeId, order: &Order<'_>, how: How) -> Tried {
        let task = Task::PayLate;
        let told = |report: PaymentReport, why: &str| {
            let outcome = Some((task, Outcome::Unknown(why.to_owned())));
            Tried::Ended(Ended { outcome, then: vec![Input::Late(report)] })
        };
        let known = self.payment_report(&order.hash, order.amount).await;
        if how == How::Recovered {
            match known {
                // Begun by nobody, and a second call could do no harm: so this is the first.
                Some(PaymentReport::NotFound) if self.ports.lightning.capabilities().dedupes_payments => {}
                Some(PaymentReport::NotFound) | None => {
                    let reason = "the program was stopped while it was paying the late invoice, and the node cannot say \
                                  what became of it: look into your node, and never pay twice";
                    self.alarm(Some(trade), reason.to_owned());
                    return Tried::ended(task, Outcome::Unknown(reason.to_owned()));
                }
                Some(report) => return told(report, "the program was stopped while it was paying"),
            }
        }
        // A store that came from a backup may not know that it has paid: what the node has begun is not begun again.
        if let Some(begun) = known.filter(|it| !matches!(it, PaymentReport::NotFound | PaymentReport::Failed))
        {
            return told(begun, "the node has begun this payment before");
        }
        let payee = match self.peek(&trade).await {
            Ok((trade, _)) => trade.terms.seller_node,
            Err(error) => return Tried::again(error),
        };
        let outcome = self.pay_once(order, &Second { payee, cltv: 0..=LATE_CLTV_CEILING.0 }).await;
        let report = self.payment_report(&order.hash, order.amount).await;
        if let (Outcome::Unknown(reason), Some(PaymentReport::NotFound)) = (&outcome, report)
            && self.ports.lightning.capabilities().dedupes_payments
        {
            return Tried::again(reason);
        }
        let mut ended = Ended::with(task, outcome);
        ended.then.extend(report.filter(|report| *report != PaymentReport::NotFound).map(Input::Late));
        Tried::Ended(ended)
    }

    /// Asks the node for its reading of the invoice, compares, and pays: once.
    async fn pay_once(&self, order: &Order<'_>, second: &Second) -> Outcome {
        let lightning = &self.ports.lightning;
        match self.node(lightning.decode(order.bolt11)).await {
            Ok(decoded) => {
                if let Some(why) = disagreement(order, second, &decoded) {
                    return Outcome::Refused(format!("our node reads the invoice in another way: {why}"));
                }
            }
            // Nothing was sent. The machine decides anew once the node says that it does not know the payment.
            Err(error) => return Outcome::Unknown(format!("the node could not read the invoice: {error}")),
        }
        let parts = (order.amount.get() / SMALLEST_PART.get()).clamp(1, MOST_PARTS);
        let pay = Pay {
            bolt11: order.bolt11.to_owned(),
            hash: order.hash,
            max_fee: self.config.fee.of(order.amount),
            max_parts: u32::try_from(parts).unwrap_or(1),
            max_cltv: lightning.capabilities().max_route_cltv,
            timeout_seconds: u32::try_from(self.config.times.route.as_secs()).unwrap_or(u32::MAX),
        };
        match self.node(lightning.pay(&pay)).await {
            Ok(()) => Outcome::Done,
            Err(error @ (LnError::Refused(_) | LnError::Denied(_) | LnError::Unsupported(_))) => {
                Outcome::Refused(error.to_string())
            }
            Err(error) => Outcome::Unknown(error.to_string()),
        }
    }

    /// What the node says of a payment now; `None` if it does not answer.
    pub(crate) async fn payment_report(&self, hash: &PaymentHash, amount: Sat) -> Option<PaymentReport> {
        match self.node(self.ports.lightning.payment(hash)).await {
            Ok(state) => Some(reports::payment(&state, amount)),
            Err(error) => {
                tracing::debug!(hash = hash.short(), %error, "the node does not say what became of a payment");
                None
            }
        }
    }

    /// Whether the node's "not found" may be passed on for a payment that was asked for. A node that pays the same hash
    /// twice must not be asked twice, and the machine asks again when it hears that a payment is not known.
    pub(crate) fn may_repeat(&self, trade: TradeId, refused: bool) -> bool {
        let may = refused || self.ports.lightning.capabilities().dedupes_payments;
        if !may {
            let text = format!(
                "trade {trade}: the node does not know a payment that was asked for, and it does not keep itself from paying \
                 twice, so it is not asked again: look into your node; if nothing was sent, the time to pay will run out"
            );
            if self.troubles.set(Source::Payments, text.clone()) {
                self.alarm(Some(trade), text);
            }
        }
        may
    }
}

fn disagreement(order: &Order<'_>, second: &Second, decoded: &DecodedInvoice) -> Option<String> {
    if decoded.hash != order.hash {
        return Some(format!("payment hash {} instead of {}", decoded.hash, order.hash));
    }
    if decoded.amount != Some(order.amount.to_msat()) {
        let found = decoded.amount.map_or_else(|| "no amount".to_owned(), |amount| amount.to_string());
        return Some(format!("{found} instead of {}", order.amount.to_msat()));
    }
    if decoded.payee != second.payee {
        return Some(format!("payee {} instead of {}", decoded.payee, second.payee));
    }
    if !second.cltv.contains(&decoded.cltv.0) {
        let (least, most) = (second.cltv.start(), second.cltv.end());
        return Some(format!("final CLTV delta of {} instead of {least} to {most}", decoded.cltv));
    }
    None
}

/// A payment state that says that nothing more will happen.
pub(crate) const fn is_final(state: &PaymentState) -> bool {
    matches!(state, PaymentState::Succeeded | PaymentState::Failed(_))
}
