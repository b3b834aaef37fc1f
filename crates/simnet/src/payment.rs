//! Payments at their payer's node: one a hash, in parts, followed to the end.

use crate::{
    bolt11::Bill,
    htlc::{Hop, HopState, Onion, Part, PartId},
    node::NodeIndex,
    route::Limits,
    split::NoWay,
    world::{Change, World},
};
use domp_ports::lightning::{LnError, Pay, PaymentState, SentPart};
use domp_protocol::{
    ids::PaymentHash,
    units::{Blocks, Msat},
};

/// A payment, as its payer's node has it written down.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    /// Parts whose first HTLC is not resolved.
    pub live: Vec<PartId>,
    /// Some part was settled: the preimage is known.
    pub paid: bool,
    /// Why it failed, once it has.
    pub reason: String,
}

impl World {
    /// Starts a payment. A payment that the node already has is fine.
    pub fn pay(&mut self, payer: NodeIndex, order: &Pay) -> Result<(), LnError> {
        let bill = self.bill(&order.bolt11, &order.hash)?;
        let amount = self.check_bill(payer, order, &bill)?;
        let dedupes = self.nodes[payer.0].profile.capabilities.dedupes_payments;
        if let Some(known) = self.nodes[payer.0].payments.get(&order.hash)
            && dedupes
            && (known.paid || !known.live.is_empty())
        {
            return Ok(());
        }
        if self.now >= bill.expires() {
            return Err(LnError::Refused("the invoice has expired".into()));
        }
        let least = bill.cltv.plus(self.nodes[payer.0].profile.extra_cltv.fixed);
        let most = order.max_cltv.min(self.nodes[payer.0].profile.capabilities.max_route_cltv);
        if least > most {
            let limit = format!("the CLTV limit of {most} is below the {least} that the invoice asks for");
            return Err(LnError::Refused(limit));
        }
        let extra = self.extra_cltv(payer, bill.cltv, most);
        let height = self.view(payer).height;
        let limits = Limits { latest: height.plus(most), max_fee: order.max_fee };
        let parts = if bill.splits { order.max_parts.max(1) } else { 1 };
        let expiry = height.plus(bill.cltv).plus(extra);
        let planned = match self.by_id.get(&bill.payee) {
            Some(payee) => self.plan(payer, *payee, amount, expiry, limits, parts),
            None => Err(NoWay::UnknownPayee),
        };
        match planned {
            Ok(routes) => self.send(payer, order.hash, Onion { secret: bill.secret, total: amount }, routes),
            Err(reason) => self.fail_at_once(payer, order.hash, reason.to_string()),
        }
        Ok(())
    }

    /// What is wrong with an order whatever the state of the network; gives the amount.
    fn check_bill(&self, payer: NodeIndex, order: &Pay, bill: &Bill) -> Result<Msat, LnError> {
        if bill.hash != order.hash {
            let text = format!("the invoice is for hash {}, the order for {}", bill.hash, order.hash);
            return Err(LnError::Refused(text));
        }
        if bill.payee == self.nodes[payer.0].id {
            return Err(LnError::Refused("self-payments are not allowed".into()));
        }
        bill.amount
            .filter(|amount| *amount > Msat::ZERO)
            .ok_or_else(|| LnError::Refused("the invoice has no amount".into()))
    }

    /// What this payer adds to the final CLTV delta: at random, but within what the order allows.
    fn extra_cltv(&mut self, payer: NodeIndex, cltv: Blocks, most: Blocks) -> Blocks {
        let extra = self.nodes[payer.0].profile.extra_cltv;
        let room = most.0.saturating_sub(cltv.plus(extra.fixed).0);
        let random = if extra.random.0 == 0 { 0 } else { self.random.up_to(extra.random.0) };
        extra.fixed.plus(Blocks(random.min(room)))
    }

    fn send(&mut self, payer: NodeIndex, hash: PaymentHash, onion: Onion, routes: Vec<Vec<Hop>>) {
        let mut parts = Vec::with_capacity(routes.len());
        for hops in routes {
            let id = PartId(self.next_part);
            self.next_part += 1;
            parts.push((id, Part { payer, hash, onion, hops }));
        }
        let payment = self.nodes[payer.0].payments.entry(hash).or_insert_with(Payment::new);
        payment.live.extend(parts.iter().map(|(id, _)| *id));
        payment.reason.clear();
        self.changes.push(Change::Payment(payer, hash));
        for (id, part) in parts {
            self.launch(id, part);
        }
    }

    fn fail_at_once(&mut self, payer: NodeIndex, hash: PaymentHash, reason: String) {
        let payment = self.nodes[payer.0].payments.entry(hash).or_insert_with(Payment::new);
        payment.reason = reason;
        self.changes.push(Change::Payment(payer, hash));
    }

    /// The first HTLC of a part is resolved: the payer's node writes it down.
    pub(crate) fn part_ended(&mut self, id: PartId, settled: bool) {
        let Some(part) = self.parts.get(&id) else { return };
        let (payer, hash) = (part.payer, part.hash);
        let Some(payment) = self.nodes[payer.0].payments.get_mut(&hash) else { return };
        payment.live.retain(|live| *live != id);
        payment.paid |= settled;
        if !settled && payment.reason.is_empty() {
            payment.reason = "the payee or a node on the way let go of the payment".into();
        }
        self.changes.push(Change::Payment(payer, hash));
    }

    /// State of a payment of the node's.
    pub fn payment(&self, node: NodeIndex, hash: &PaymentHash) -> PaymentState {
        let Some(payment) = self.nodes[node.0].payments.get(hash) else {
            return PaymentState::NotFound;
        };
        if !payment.live.is_empty() {
            let sees = self.nodes[node.0].profile.capabilities.sees_final_expiry;
            let live = payment.live.iter().filter_map(|id| self.parts.get(id));
            return PaymentState::InFlight(live.map(|part| part.sent(sees)).collect());
        }
        if payment.paid { PaymentState::Succeeded } else { PaymentState::Failed(payment.reason.clone()) }
    }
}

impl Payment {
    const fn new() -> Self {
        Self { live: Vec::new(), paid: false, reason: String::new() }
    }
}

impl Part {
    fn sent(&self, sees_final_expiry: bool) -> SentPart {
        SentPart {
            amount: self.amount(),
            first_hop_expiry: self.hops[0].expiry,
            final_expiry: sees_final_expiry.then_some(self.hops[self.last()].expiry),
        }
    }
}

impl Hop {
    /// A hop that is still to be offered.
    pub(crate) const fn ahead(
        channel: crate::channel::ChannelId,
        from: usize,
        amount: Msat,
        expiry: domp_protocol::units::Height,
    ) -> Self {
        Self { channel, from, amount, expiry, state: HopState::Ahead }
    }
}
