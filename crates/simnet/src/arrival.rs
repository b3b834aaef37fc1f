//! At the payee: which HTLCs are let in, when the whole amount is held, and when the node lets go by itself.

use crate::{
    calendar::{Due, Timeout},
    conduct::HeldBack,
    htlc::PartId,
    invoice::{Accepted, Stage},
    node::{NodeIndex, Task},
    world::{Change, World},
};
use domp_ports::lightning::HeldPart;
use domp_protocol::{
    ids::PaymentHash,
    units::{Blocks, Height},
};

impl World {
    /// A part has reached its payee: it is let in if it pays an open invoice as that asks, else it goes back.
    pub(crate) fn arrive(&mut self, id: PartId) {
        let Some(part) = self.parts.get(&id) else { return };
        let (hash, onion, hop) = (part.hash, part.onion, part.hops[part.last()]);
        let (_, payee) = self.ends(&hop);
        let (height, now) = (self.view(payee).height, self.now);
        let Some(invoice) = self.nodes[payee.0].invoices.get_mut(&hash) else {
            self.return_part(id);
            return;
        };
        let good = invoice.stage == Stage::Open
            && onion.secret == invoice.secret
            && onion.total == invoice.terms.amount
            && invoice.sum().saturating_add(hop.amount) <= invoice.terms.amount
            && hop.expiry >= height.plus(invoice.terms.cltv);
        if !good {
            self.return_part(id);
            return;
        }
        let first = invoice.parts.is_empty();
        let part = HeldPart { amount: hop.amount, accepted_at: height, expiry: hop.expiry };
        invoice.parts.push(Accepted { id, part });
        if invoice.sum() == invoice.terms.amount {
            self.hold(payee, hash);
        } else if first {
            let round = invoice.round;
            let wait = self.nodes[payee.0].profile.mpp_timeout_seconds;
            self.times.enter(now.plus(wait), Timeout::Mpp { payee, hash, round });
            self.schedule_let_go(payee, hash, hop.expiry);
        }
    }

    /// The whole amount is in: held until somebody decides, at the longest to E − D.
    fn hold(&mut self, payee: NodeIndex, hash: PaymentHash) {
        let Some(invoice) = self.nodes[payee.0].invoices.get_mut(&hash) else { return };
        invoice.stage = Stage::Held;
        let expiry = invoice.earliest_expiry();
        if invoice.ordinary {
            self.settle_held(payee, hash);
            return;
        }
        self.changes.push(Change::Invoice(payee, hash));
        if let Some(expiry) = expiry {
            self.schedule_let_go(payee, hash, expiry);
        }
    }

    fn schedule_let_go(&mut self, payee: NodeIndex, hash: PaymentHash, expiry: Height) {
        self.heights.enter(expiry.minus(self.let_go_distance(payee)), Due::LetGo { payee, hash });
    }

    /// D; a node that holds nothing on purpose still lets go of half a payment a block before it expires.
    fn let_go_distance(&self, payee: NodeIndex) -> Blocks {
        self.nodes[payee.0].profile.capabilities.auto_cancel.max(Blocks(1))
    }

    /// E − D of what has come in: the payee's node lets go, if it runs and behaves.
    pub(crate) fn let_go_due(&mut self, payee: NodeIndex, hash: PaymentHash) {
        let Some(invoice) = self.nodes[payee.0].invoices.get(&hash) else { return };
        let Some(expiry) = invoice.earliest_expiry() else { return };
        if self.chain.height() < expiry.minus(self.let_go_distance(payee)) {
            return;
        }
        let (stage, round) = (invoice.stage, invoice.round);
        if !self.acts(payee) {
            self.nodes[payee.0].backlog.push(Task::LetGo(hash));
        } else if stage == Stage::Open {
            self.mpp_timed_out(payee, hash, round);
        } else if self.nodes[payee.0].conduct.keeps_what_it_holds {
            self.nodes[payee.0].held_back.push(HeldBack::Return(hash));
        } else {
            self.cancel_unsettled(payee, hash);
        }
    }

    /// A part has expired on chain while the payee still held it: it is gone, and the rest cannot be taken alone.
    pub(crate) fn lost_to_expiry(&mut self, id: PartId) {
        let Some(part) = self.parts.get(&id) else { return };
        let (hash, (_, payee)) = (part.hash, self.ends(&part.hops[part.last()]));
        let Some(invoice) = self.nodes[payee.0].invoices.get_mut(&hash) else { return };
        invoice.parts.retain(|accepted| accepted.id != id);
        if invoice.stage == Stage::Held {
            self.cancel_unsettled(payee, hash);
        }
    }

    /// An invoice's own expiry: an open one is cancelled, a held one is not touched.
    pub(crate) fn invoice_expired(&mut self, payee: NodeIndex, hash: PaymentHash) {
        if self.nodes[payee.0].invoices.get(&hash).is_none_or(|invoice| invoice.stage != Stage::Open) {
            return;
        }
        if self.is_up(payee) {
            self.cancel_unsettled(payee, hash);
        } else {
            self.nodes[payee.0].backlog.push(Task::ExpireInvoice(hash));
        }
    }

    /// The rest of a payment has not come in time: what came goes back, and the invoice stays open.
    pub(crate) fn mpp_timed_out(&mut self, payee: NodeIndex, hash: PaymentHash, round: u32) {
        let up = self.is_up(payee);
        let node = &mut self.nodes[payee.0];
        let Some(invoice) = node.invoices.get_mut(&hash) else { return };
        if invoice.stage != Stage::Open || invoice.round != round {
            return;
        }
        if !up {
            node.backlog.push(Task::GiveUpMpp(hash, round));
            return;
        }
        invoice.round += 1;
        for accepted in std::mem::take(&mut invoice.parts) {
            self.return_part(accepted.id);
        }
    }
}
