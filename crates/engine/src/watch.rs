//! Watching: one stream for each invoice and payment that is open, kept alive, bounded in number. Streams tell sooner; the
//! sweep tells surely `[D3-41]`.

use crate::{
    commit::Along,
    inner::{Inner, hold},
    perform::is_final,
    reports,
    troubles::Source,
};
use domp_escrow::{
    input::{Input, InvoiceReport, PaymentReport},
    leg::{HeldState, Leg, PaidState, Want},
    terms::Side,
    trade::Trade,
};
use domp_ports::lightning::{InvoiceState, LnError};
use domp_protocol::{
    ids::{PaymentHash, TradeId},
    purpose::Purpose,
    units::Sat,
};
use futures::StreamExt;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{sync::oneshot, time::Instant};

/// A stream that lasted so long was a good one.
const LASTED: Duration = Duration::from_secs(10);

/// What is watched at the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Watched {
    /// A leg's invoice, at the payee.
    Invoice(Purpose),
    /// A leg's payment, at the payer.
    Payment(Purpose),
    /// The late invoice, at the seller.
    LateInvoice,
    /// The late payment, at the buyer.
    LatePayment,
}

/// What is to be asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub hash: PaymentHash,
    pub amount: Sat,
}

/// Streams under way.
#[derive(Default)]
pub(crate) struct Watches {
    running: Mutex<Running>,
    failing: Mutex<HashSet<(TradeId, Watched)>>,
}

#[derive(Default)]
struct Running {
    /// Dropping the sender ends the stream.
    by_trade: HashMap<TradeId, BTreeMap<Watched, oneshot::Sender<()>>>,
    count: usize,
}

impl Running {
    /// Ends what is not wanted any more; gives what is wanted and not there, as far as there is room.
    fn fit(
        &mut self,
        trade: TradeId,
        wanted: BTreeMap<Watched, Question>,
        most: usize,
    ) -> Vec<(Watched, Question, oneshot::Receiver<()>)> {
        let mut of_trade = self.by_trade.remove(&trade).unwrap_or_default();
        let before = of_trade.len();
        of_trade.retain(|watched, _| wanted.contains_key(watched));
        self.count = self.count.saturating_sub(before - of_trade.len());
        let mut new = Vec::new();
        for (watched, question) in wanted {
            if self.count < most && !of_trade.contains_key(&watched) {
                let (end, ended) = oneshot::channel();
                of_trade.insert(watched, end);
                self.count += 1;
                new.push((watched, question, ended));
            }
        }
        if !of_trade.is_empty() {
            self.by_trade.insert(trade, of_trade);
        }
        new
    }
}

impl Watches {
    pub(crate) fn len(&self) -> usize {
        hold(&self.running).count
    }

    /// Whether a leg's invoice is watched by a stream that works.
    pub(crate) fn has_invoice(&self, trade: &TradeId, purpose: Purpose) -> bool {
        let watched = Watched::Invoice(purpose);
        let running = hold(&self.running);
        let runs = running.by_trade.get(trade).is_some_and(|of_trade| of_trade.contains_key(&watched));
        runs && !hold(&self.failing).contains(&(*trade, watched))
    }
}

/// Everything of a trade that the node should be asked about now.
pub(crate) fn questions(trade: &Trade) -> Vec<(Watched, Question)> {
    let mut found: Vec<_> = trade.legs.iter().filter_map(of_leg).collect();
    if let Some(late) = trade.late.as_ref().filter(|late| !late.paid) {
        let asked = match trade.side {
            Side::Seller => Some(Watched::LateInvoice),
            Side::Buyer => (late.ordered && !late.failed).then_some(Watched::LatePayment),
        };
        if let (Some(hash), Some(watched)) = (late.hash, asked) {
            found.push((watched, Question { hash, amount: trade.terms.price }));
        }
    }
    found
}

fn of_leg(leg: &Leg) -> Option<(Watched, Question)> {
    let question = Question { hash: leg.hash?, amount: leg.amount };
    if let Some(holding) = leg.holding() {
        let open = matches!(holding.node, HeldState::Open | HeldState::Held { .. });
        return (open && holding.want != Want::Nothing).then_some((Watched::Invoice(leg.purpose), question));
    }
    let paying = leg.paying()?;
    // While the call is under way the node may not know it yet.
    let asked = matches!(paying.node, PaidState::Asked | PaidState::InFlight { .. }) && !paying.calling;
    asked.then_some((Watched::Payment(leg.purpose), question))
}

impl Inner {
    /// Starts and ends streams so that they fit the trade as it is now.
    pub(crate) fn watch_trade(self: &Arc<Self>, trade: &Trade, open: bool) {
        let id = trade.terms.trade;
        let wanted: BTreeMap<_, _> =
            if open { questions(trade).into_iter().collect() } else { BTreeMap::new() };
        let new = hold(&self.watches.running).fit(id, wanted, self.config.bounds.watches);
        for (watched, question, ended) in new {
            let inner = Arc::clone(self);
            self.life.spawn(async move {
                tokio::select! {
                    // The sender was dropped: nobody wants to know any more.
                    _ = ended => {}
                    () = inner.watch(id, watched, question) => {}
                }
                inner.watch_works(id, watched);
            });
        }
    }

    async fn watch(self: &Arc<Self>, trade: TradeId, watched: Watched, question: Question) {
        let mut pause = self.config.times.retry_first;
        loop {
            let began = Instant::now();
            match self.watch_once(trade, watched, question).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => self.watch_fails(trade, watched, &error),
            }
            pause = if began.elapsed() > LASTED { self.config.times.retry_first } else { self.longer(pause) };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.chain.until_back() => {}
            }
        }
    }

    /// One stream, to its end. True if nothing more can come.
    async fn watch_once(
        self: &Arc<Self>,
        trade: TradeId,
        watched: Watched,
        question: Question,
    ) -> Result<bool, LnError> {
        let lightning = &self.ports.lightning;
        match watched {
            Watched::Invoice(_) | Watched::LateInvoice => {
                let mut states = self.node(lightning.watch_invoice(&question.hash)).await?;
                self.watch_works(trade, watched);
                while let Some(state) = states.next().await {
                    self.report_invoice(trade, watched, reports::invoice(&state)).await;
                    if matches!(state, InvoiceState::Settled | InvoiceState::Cancelled) {
                        return Ok(true);
                    }
                }
            }
            Watched::Payment(_) | Watched::LatePayment => {
                let mut states = self.node(lightning.watch_payment(&question.hash)).await?;
                self.watch_works(trade, watched);
                while let Some(state) = states.next().await {
                    let report = reports::payment(&state, question.amount);
                    // "Not found" decides something only when it is the answer to a question of ours.
                    if report != PaymentReport::NotFound {
                        self.report_payment(trade, watched, report).await;
                    }
                    if is_final(&state) {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Hands the node's word on an invoice to the machine.
    pub(crate) async fn report_invoice(
        self: &Arc<Self>,
        trade: TradeId,
        watched: Watched,
        report: InvoiceReport,
    ) {
        let input = match watched {
            Watched::Invoice(purpose) => Input::Invoice { purpose, report },
            Watched::LateInvoice if report == InvoiceReport::Settled => Input::Late(PaymentReport::Succeeded),
            Watched::LateInvoice | Watched::Payment(_) | Watched::LatePayment => return,
        };
        self.surely(trade, &input, Along::default()).await;
    }

    /// Hands the node's word on a payment to the machine.
    pub(crate) async fn report_payment(
        self: &Arc<Self>,
        trade: TradeId,
        watched: Watched,
        report: PaymentReport,
    ) {
        let input = match watched {
            Watched::Payment(purpose) => Input::Payment { purpose, report },
            Watched::LatePayment => Input::Late(report),
            Watched::Invoice(_) | Watched::LateInvoice => return,
        };
        self.surely(trade, &input, Along::default()).await;
    }

    fn watch_fails(&self, trade: TradeId, watched: Watched, error: &LnError) {
        let mut failing = hold(&self.watches.failing);
        failing.insert((trade, watched));
        let count = failing.len();
        drop(failing);
        let plural = if count == 1 { "" } else { "s" };
        self.troubles.set(
            Source::Watches,
            format!("{count} subscription{plural} to invoices or payments failed ({error}); they are read every now and then instead"),
        );
    }

    fn watch_works(&self, trade: TradeId, watched: Watched) {
        let mut failing = hold(&self.watches.failing);
        failing.remove(&(trade, watched));
        let none = failing.is_empty();
        drop(failing);
        if none {
            self.troubles.clear(Source::Watches);
        }
    }
}
