//! The sweep: every open hash is read from the node at the start and from time to time, whatever the streams say.

use crate::{
    inner::{Inner, hold},
    reports,
    troubles::Source,
    watch::{Question, Watched, questions},
};
use domp_escrow::{
    input::PaymentReport,
    leg::{Leg, PaidState, Want},
    terms::Side,
    trade::Trade,
};
use domp_ports::lightning::LnError;
use domp_protocol::ids::TradeId;
use futures::StreamExt;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thorough {
    /// What the trade knows to be open.
    No,
    /// Also payments and invoices that the trade does not know of: a store that was restored from an older state may have
    /// forgotten one.
    Yes,
}

/// Answers and failures of a sweep.
#[derive(Default)]
struct Tally {
    answered: AtomicUsize,
    failed: AtomicUsize,
    /// Payments that the node does not know and that it must not be asked for again.
    withheld: AtomicUsize,
}

impl Inner {
    /// Reads everything open from the node.
    pub(crate) async fn sweep(self: &Arc<Self>, thorough: Thorough) {
        let open: Vec<TradeId> = hold(&self.open).iter().copied().collect();
        let tally = Tally::default();
        let at_once = self.config.bounds.node_calls.max(1);
        let each = |id: TradeId| {
            let tally = &tally;
            async move {
                match self.peek(&id).await {
                    Ok((trade, _)) => self.sweep_trade(&trade, thorough, tally).await,
                    Err(error) => tracing::warn!(trade = id.short(), %error, "not swept"),
                }
            }
        };
        futures::stream::iter(open).for_each_concurrent(at_once, each).await;
        if tally.withheld.load(Ordering::Relaxed) == 0 {
            self.troubles.clear(Source::Payments);
        }
        let failed = tally.failed.load(Ordering::Relaxed);
        if failed == 0 {
            self.troubles.clear(Source::Sweep);
        } else {
            let all = failed.saturating_add(tally.answered.load(Ordering::Relaxed));
            self.troubles.set(
                Source::Sweep,
                format!("the node did not answer {failed} of {all} questions about invoices and payments; they are asked again"),
            );
        }
    }

    /// Reads everything of one trade that the node may know; false if an answer is missing.
    pub(crate) async fn ask_all(self: &Arc<Self>, trade: &Trade) -> bool {
        let tally = Tally::default();
        self.sweep_trade(trade, Thorough::Yes, &tally).await;
        tally.failed.load(Ordering::Relaxed) == 0
    }

    async fn sweep_trade(self: &Arc<Self>, trade: &Trade, thorough: Thorough, tally: &Tally) {
        let mut asked = questions(trade);
        if thorough == Thorough::Yes {
            asked.extend(forgotten(trade));
        }
        for (watched, question) in asked {
            let answered = self.ask(trade, watched, question, tally).await;
            let count = if answered { &tally.answered } else { &tally.failed };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Asks the node about one hash and hands on the answer; false if there was none.
    async fn ask(
        self: &Arc<Self>,
        trade: &Trade,
        watched: Watched,
        question: Question,
        tally: &Tally,
    ) -> bool {
        let id = trade.terms.trade;
        match watched {
            Watched::Invoice(_) | Watched::LateInvoice => {
                let answer = self.node(self.ports.lightning.invoice(&question.hash)).await;
                let Some(report) = reports::invoice_answer(&answer) else { return failed(&answer.err()) };
                self.report_invoice(id, watched, report).await;
            }
            Watched::Payment(_) | Watched::LatePayment => {
                let Some(report) = self.payment_report(&question.hash, question.amount).await else {
                    return false;
                };
                if report != PaymentReport::NotFound || self.may_tell_missing(trade, watched) {
                    self.report_payment(id, watched, report).await;
                } else {
                    tally.withheld.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        true
    }

    /// Whether the machine may hear that the node does not know a payment: it may then order it again, unless everything
    /// goes back already.
    fn may_tell_missing(&self, trade: &Trade, watched: Watched) -> bool {
        let Watched::Payment(purpose) = watched else {
            let unanswered = trade.late.as_ref().is_some_and(|late| late.unanswered);
            return !unanswered || self.may_repeat(trade.terms.trade, false);
        };
        let Some(paying) = trade.leg(purpose).and_then(|leg| leg.paying()) else { return true };
        paying.node != PaidState::Asked
            || trade.unwind.is_some()
            || self.may_repeat(trade.terms.trade, paying.refused)
    }
}

fn failed(error: &Option<LnError>) -> bool {
    if let Some(error) = error {
        tracing::debug!(%error, "the node does not say what became of an invoice");
    }
    false
}

/// Payments that were offered and, as far as the trade knows, never made, and invoices that it never asked for.
fn forgotten(trade: &Trade) -> Vec<(Watched, Question)> {
    let never_issued =
        |leg: &&Leg| leg.holding().is_some_and(|holding| holding.want == Want::Nothing && !leg.is_locked());
    let invoices = trade.legs.iter().filter(never_issued).filter_map(|leg| {
        Some((Watched::Invoice(leg.purpose), Question { hash: leg.hash?, amount: leg.amount }))
    });
    // A restored store may not know the offer that it has paid.
    let doubt = trade.in_doubt();
    let offered = trade.legs.iter().filter(|leg| leg.invoice.is_some() || doubt);
    let not_sent = offered.filter(|leg| leg.paying().is_some_and(|paying| paying.node == PaidState::NotSent));
    let payments = not_sent.filter_map(|leg| {
        Some((Watched::Payment(leg.purpose), Question { hash: leg.hash?, amount: leg.amount }))
    });
    // Nor that it has paid for the goods after the hold.
    let late = trade.late.as_ref().filter(|late| trade.side == Side::Buyer && !late.ordered);
    let late = late.and_then(|late| {
        Some((Watched::LatePayment, Question { hash: late.hash?, amount: trade.terms.price }))
    });
    invoices.chain(payments).chain(late).collect()
}
