//! A simulated node that breaks the port's contract in one chosen way.

use async_trait::async_trait;
use domp_ports::lightning::{
    Capabilities, Channel, DecodedInvoice, HoldInvoice, InvoiceState, Lightning, Liquidity, LnError,
    NodeInfo, Pay, PaymentState, Tip,
};
use domp_protocol::{
    ids::{NodeId, PaymentHash},
    secret::Preimage,
    units::{Blocks, Msat},
};
use domp_simnet::SimNode;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};

/// One way to break the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    AutoCancelMisdeclared,
    CancelAfterSettleIsFine,
    CltvLimitIgnored,
    ExpiryIgnored,
    ExpiryTooEarly,
    FailureWithoutReason,
    HashNotCompared,
    HeightFrozen,
    ImpossibleTermsBent,
    LiquidityNeverMoves,
    NotFoundWhileDown,
    PartsDoNotAddUp,
    PaymentNotFoundIsFailed,
    RefusesSameTerms,
    SettleAfterCancelIsFine,
    SettleUnpaidIsFine,
    SignsOtherWords,
    StreamNeverEnds,
    StreamSkipsPresent,
    TakesOtherTerms,
    UnknownHashHangs,
}

/// The node with its flaw, if it has one.
pub struct Broken {
    pub node: SimNode,
    pub flaw: Option<Flaw>,
}

impl Broken {
    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn bend_state(&self, state: InvoiceState) -> InvoiceState {
        let InvoiceState::Held(mut parts) = state else { return state };
        for part in &mut parts {
            if self.has(Flaw::PartsDoNotAddUp) {
                part.amount = part.amount.saturating_sub(Msat::new(1).unwrap());
            }
            if self.has(Flaw::ExpiryTooEarly) {
                part.expiry = part.expiry.minus(Blocks(4));
            }
        }
        InvoiceState::Held(parts)
    }

    fn bend_payment(&self, state: PaymentState) -> PaymentState {
        match state {
            PaymentState::NotFound if self.has(Flaw::PaymentNotFoundIsFailed) => {
                PaymentState::Failed("no such payment".into())
            }
            PaymentState::Failed(_) if self.has(Flaw::FailureWithoutReason) => {
                PaymentState::Failed(String::new())
            }
            other => other,
        }
    }

    fn bend_error(&self, error: LnError) -> LnError {
        match error {
            LnError::Unavailable(_) if self.has(Flaw::NotFoundWhileDown) => LnError::NotFound,
            other => other,
        }
    }

    fn bend_stream<T: Send + 'static>(&self, items: BoxStream<'static, T>) -> BoxStream<'static, T> {
        match self.flaw {
            Some(Flaw::StreamNeverEnds) => items.chain(stream::pending()).boxed(),
            Some(Flaw::StreamSkipsPresent) => items.skip(1).boxed(),
            _ => items,
        }
    }
}

#[async_trait]
impl Lightning for Broken {
    fn capabilities(&self) -> Capabilities {
        let mut can = self.node.capabilities();
        if self.has(Flaw::AutoCancelMisdeclared) {
            can.auto_cancel = can.auto_cancel.plus(Blocks(1));
        }
        can
    }
    async fn info(&self) -> Result<NodeInfo, LnError> {
        let mut info = self.node.info().await?;
        if self.has(Flaw::HeightFrozen) {
            info.tip.height = domp_protocol::units::Height(800_000);
        }
        Ok(info)
    }
    async fn blocks(&self) -> Result<BoxStream<'static, Tip>, LnError> {
        Ok(self.bend_stream(self.node.blocks().await?))
    }
    async fn sign_message(&self, message: &str) -> Result<String, LnError> {
        let more = if self.has(Flaw::SignsOtherWords) { " " } else { "" };
        self.node.sign_message(&format!("{message}{more}")).await
    }
    async fn issue_hold_invoice(&self, invoice: &HoldInvoice) -> Result<String, LnError> {
        let mut invoice = invoice.clone();
        if self.has(Flaw::ImpossibleTermsBent) {
            invoice.cltv = invoice.cltv.max(self.node.capabilities().min_cltv);
        }
        if self.has(Flaw::ExpiryIgnored) {
            invoice.expiry_seconds = 86_400;
        }
        let known = self.node.invoice(&invoice.hash).await.is_ok();
        match self.node.issue_hold_invoice(&invoice).await {
            Ok(_) if known && self.has(Flaw::RefusesSameTerms) => Err(LnError::HashInUse),
            Err(LnError::HashInUse) if self.has(Flaw::TakesOtherTerms) => Ok("lnbcrt1other".into()),
            other => other,
        }
    }
    async fn issue_invoice(&self, amount: Msat, expiry_seconds: u32, text: &str) -> Result<String, LnError> {
        self.node.issue_invoice(amount, expiry_seconds, text).await
    }
    async fn invoice(&self, hash: &PaymentHash) -> Result<InvoiceState, LnError> {
        let state = self.node.invoice(hash).await;
        state.map(|state| self.bend_state(state)).map_err(|error| self.bend_error(error))
    }
    async fn watch_invoice(&self, hash: &PaymentHash) -> Result<BoxStream<'static, InvoiceState>, LnError> {
        match self.node.watch_invoice(hash).await {
            Err(LnError::NotFound) if self.has(Flaw::UnknownHashHangs) => std::future::pending().await,
            other => Ok(self.bend_stream(other?)),
        }
    }
    async fn settle(&self, preimage: &Preimage) -> Result<(), LnError> {
        match self.node.settle(preimage).await {
            Err(LnError::NotHeld) if self.has(Flaw::SettleUnpaidIsFine) => Ok(()),
            Err(LnError::AlreadyCancelled) if self.has(Flaw::SettleAfterCancelIsFine) => Ok(()),
            other => other,
        }
    }
    async fn cancel(&self, hash: &PaymentHash) -> Result<(), LnError> {
        match self.node.cancel(hash).await {
            Err(LnError::AlreadySettled) if self.has(Flaw::CancelAfterSettleIsFine) => Ok(()),
            other => other,
        }
    }
    async fn decode(&self, bolt11: &str) -> Result<DecodedInvoice, LnError> {
        self.node.decode(bolt11).await
    }
    async fn pay(&self, pay: &Pay) -> Result<(), LnError> {
        let mut pay = pay.clone();
        if self.has(Flaw::CltvLimitIgnored) {
            pay.max_cltv = Blocks(2016);
        }
        if self.has(Flaw::HashNotCompared)
            && let Ok(read) = self.node.decode(&pay.bolt11).await
        {
            pay.hash = read.hash;
        }
        self.node.pay(&pay).await
    }
    async fn payment(&self, hash: &PaymentHash) -> Result<PaymentState, LnError> {
        let state = self.node.payment(hash).await;
        state.map(|state| self.bend_payment(state)).map_err(|error| self.bend_error(error))
    }
    async fn watch_payment(&self, hash: &PaymentHash) -> Result<BoxStream<'static, PaymentState>, LnError> {
        Ok(self.bend_stream(self.node.watch_payment(hash).await?))
    }
    async fn liquidity(&self) -> Result<Liquidity, LnError> {
        let mut liquidity = self.node.liquidity().await?;
        if self.has(Flaw::LiquidityNeverMoves) {
            let always = Msat::new(4_000_000_000).unwrap();
            liquidity = Liquidity { inbound: always, outbound: always, ..liquidity };
        }
        Ok(liquidity)
    }
    async fn channels(&self) -> Result<Vec<Channel>, LnError> {
        self.node.channels().await
    }
    async fn new_address(&self) -> Result<String, LnError> {
        self.node.new_address().await
    }
    async fn connect_peer(&self, peer: &NodeId, address: &str) -> Result<(), LnError> {
        self.node.connect_peer(peer, address).await
    }
    async fn open_channel(&self, peer: &NodeId, capacity: Msat, push: Msat) -> Result<String, LnError> {
        self.node.open_channel(peer, capacity, push).await
    }
    async fn close_channel(&self, outpoint: &str, force: bool) -> Result<(), LnError> {
        self.node.close_channel(outpoint, force).await
    }
}
