//! Streams of one node: who listens to which invoice, payment or tip.

use crate::{
    node::NodeIndex,
    world::{Change, World},
};
use domp_ports::lightning::{InvoiceState, PaymentState, Tip};
use domp_protocol::ids::PaymentHash;
use futures::{
    StreamExt as _,
    channel::mpsc::{UnboundedSender, unbounded},
    stream::{self, BoxStream},
};
use std::collections::HashMap;

/// Listeners of one node. A stream's buffer holds at most the changes of one invoice or payment, or the blocks mined.
#[derive(Default)]
pub(crate) struct Watchers {
    invoices: HashMap<PaymentHash, Vec<UnboundedSender<InvoiceState>>>,
    payments: HashMap<PaymentHash, Vec<UnboundedSender<PaymentState>>>,
    tips: Vec<UnboundedSender<Tip>>,
    /// Streams stay open and say nothing.
    pub muted: bool,
}

impl Watchers {
    /// A stream that starts with the present state.
    pub(crate) fn watch_invoice(
        &mut self,
        hash: PaymentHash,
        present: InvoiceState,
    ) -> BoxStream<'static, InvoiceState> {
        if is_final_invoice(&present) {
            return stream::iter([present]).boxed();
        }
        watch(self.invoices.entry(hash).or_default(), present)
    }

    /// The same for a payment.
    pub(crate) fn watch_payment(
        &mut self,
        hash: PaymentHash,
        present: PaymentState,
    ) -> BoxStream<'static, PaymentState> {
        if is_final_payment(&present) {
            return stream::iter([present]).boxed();
        }
        watch(self.payments.entry(hash).or_default(), present)
    }

    /// The same for tips.
    pub(crate) fn watch_tips(&mut self, present: Tip) -> BoxStream<'static, Tip> {
        watch(&mut self.tips, present)
    }

    /// Ends every stream.
    pub(crate) fn end_all(&mut self) {
        self.invoices.clear();
        self.payments.clear();
        self.tips.clear();
    }
}

/// Tells the listeners of all nodes what has changed in their world.
pub(crate) fn deliver(world: &mut World, watchers: &mut [Watchers]) {
    for change in world.take_changes() {
        match change {
            Change::Invoice(node, hash) => {
                let of = &mut watchers[node.0];
                if !of.muted
                    && of.invoices.contains_key(&hash)
                    && let Ok(state) = world.invoice(node, &hash)
                {
                    let last = is_final_invoice(&state);
                    tell(&mut of.invoices, &hash, state, last);
                }
            }
            Change::Payment(node, hash) => {
                let of = &mut watchers[node.0];
                if !of.muted && of.payments.contains_key(&hash) {
                    let state = world.payment(node, &hash);
                    let last = is_final_payment(&state);
                    tell(&mut of.payments, &hash, state, last);
                }
            }
            Change::Block(tip) => {
                for (index, of) in watchers.iter_mut().enumerate() {
                    if !of.muted && world.acts(NodeIndex(index)) {
                        of.tips.retain(|listener| listener.unbounded_send(tip).is_ok());
                    }
                }
            }
            Change::Stopped(node) => watchers[node.0].end_all(),
        }
    }
}

fn watch<T: Send + 'static>(listeners: &mut Vec<UnboundedSender<T>>, present: T) -> BoxStream<'static, T> {
    let (sender, receiver) = unbounded();
    // The receiver is right here, so this cannot fail.
    let _ = sender.unbounded_send(present);
    listeners.retain(|listener| !listener.is_closed());
    listeners.push(sender);
    receiver.boxed()
}

fn tell<T: Clone>(
    listeners: &mut HashMap<PaymentHash, Vec<UnboundedSender<T>>>,
    hash: &PaymentHash,
    state: T,
    last: bool,
) {
    if let Some(of) = listeners.get_mut(hash) {
        of.retain(|listener| listener.unbounded_send(state.clone()).is_ok());
        if last || of.is_empty() {
            listeners.remove(hash);
        }
    }
}

const fn is_final_invoice(state: &InvoiceState) -> bool {
    matches!(state, InvoiceState::Settled | InvoiceState::Cancelled)
}

const fn is_final_payment(state: &PaymentState) -> bool {
    matches!(state, PaymentState::Succeeded | PaymentState::Failed(_))
}
