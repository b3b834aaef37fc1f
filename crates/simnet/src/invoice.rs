//! Invoices at their payee's node: issued, held, settled, cancelled.

use crate::{
    calendar::Timeout,
    htlc::{Part, PartId},
    node::NodeIndex,
    seed,
    world::{Change, World},
};
use domp_ports::lightning::{HeldPart, HoldInvoice, InvoiceState, LnError};
use domp_protocol::{
    ids::PaymentHash,
    invoice::{BuildError, Draft},
    secret::Preimage,
    units::{Blocks, Height, Msat, Unix},
};

/// Longest validity that nodes issue: a year.
const LONGEST_EXPIRY: u32 = 31_536_000;
/// c of an ordinary invoice.
const ORDINARY_CLTV: Blocks = Blocks(80);

/// Where in its life an invoice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Open,
    Held,
    Settled,
    Cancelled,
}

/// An HTLC that the payee has accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accepted {
    pub id: PartId,
    pub part: HeldPart,
}

/// An invoice.
#[derive(Clone, Debug)]
pub(crate) struct Invoice {
    pub terms: HoldInvoice,
    pub bolt11: String,
    pub secret: [u8; 32],
    pub created: Unix,
    /// Settled by the node itself as soon as it is paid.
    pub ordinary: bool,
    pub stage: Stage,
    /// What has come in and is not resolved.
    pub parts: Vec<Accepted>,
    /// Attempts to pay it that were given up for want of parts.
    pub round: u32,
}

impl Invoice {
    /// Held so far.
    pub(crate) fn sum(&self) -> Msat {
        self.parts.iter().fold(Msat::ZERO, |sum, accepted| sum.saturating_add(accepted.part.amount))
    }
    /// The first expiry among what has come in.
    pub(crate) fn earliest_expiry(&self) -> Option<Height> {
        self.parts.iter().map(|accepted| accepted.part.expiry).min()
    }
    pub(crate) fn expires(&self) -> Unix {
        self.created.plus(u64::from(self.terms.expiry_seconds))
    }
}

impl World {
    /// Issues a hold invoice; asked again with the same terms it gives the same one.
    pub fn issue_hold_invoice(&mut self, node: NodeIndex, terms: &HoldInvoice) -> Result<String, LnError> {
        let can = &self.nodes[node.0].profile.capabilities;
        if !can.holds {
            return Err(LnError::Unsupported("hold invoices"));
        }
        if terms.cltv < can.min_cltv {
            let least = can.min_cltv;
            return Err(LnError::Refused(format!("c is {}, this node issues at least {least}", terms.cltv)));
        }
        if let Some(known) = self.nodes[node.0].invoices.get(&terms.hash) {
            let same = known.terms == *terms && !known.ordinary;
            return if same { Ok(known.bolt11.clone()) } else { Err(LnError::HashInUse) };
        }
        self.issue(node, terms.clone(), false)
    }

    /// Issues an ordinary invoice, settled as soon as it is paid.
    pub fn issue_invoice(
        &mut self,
        node: NodeIndex,
        amount: Msat,
        expiry_seconds: u32,
        description: &str,
    ) -> Result<String, LnError> {
        let count = self.nodes[node.0].ordinary_invoices;
        self.nodes[node.0].ordinary_invoices += 1;
        let number = [self.seed, node.0 as u64, count].map(u64::to_be_bytes);
        let preimage = Preimage::from_bytes(seed::bytes(&[b"preimage", &number[0], &number[1], &number[2]]));
        let terms = HoldInvoice {
            hash: preimage.hash(),
            amount,
            cltv: ORDINARY_CLTV,
            expiry_seconds,
            description: description.to_owned(),
            private_hints: false,
        };
        self.issue(node, terms, true)
    }

    fn issue(&mut self, node: NodeIndex, terms: HoldInvoice, ordinary: bool) -> Result<String, LnError> {
        if terms.amount == Msat::ZERO {
            return Err(LnError::Refused("an invoice needs an amount".into()));
        }
        if !(1..=LONGEST_EXPIRY).contains(&terms.expiry_seconds) {
            let found = terms.expiry_seconds;
            return Err(LnError::Refused(format!("the expiry must be 1 to {LONGEST_EXPIRY} s, not {found}")));
        }
        let issuer = &self.nodes[node.0];
        let secret = seed::bytes(&[b"payment secret", issuer.id.as_bytes(), terms.hash.as_bytes()]);
        let draft = Draft {
            network: self.network,
            amount: Some(terms.amount),
            hash: terms.hash,
            description: terms.description.clone(),
            hashed_description: false,
            timestamp: self.now,
            expiry_seconds: u64::from(terms.expiry_seconds),
            cltv: u64::from(terms.cltv.0),
            payment_secret: secret,
            splits: true,
            hints: Vec::new(),
        };
        let bolt11 = draft.sign(&issuer.key).map_err(|error| LnError::Refused(error.to_string()))?;
        let hash = terms.hash;
        let invoice = Invoice {
            terms,
            bolt11: bolt11.clone(),
            secret,
            created: self.now,
            ordinary,
            stage: Stage::Open,
            parts: Vec::new(),
            round: 0,
        };
        self.times.enter(invoice.expires(), Timeout::Invoice { payee: node, hash });
        self.issuers.entry(hash).or_insert(node);
        self.nodes[node.0].invoices.insert(hash, invoice);
        Ok(bolt11)
    }

    /// Signs any invoice with the node's key, however odd, without issuing it: for payees that are hostile or broken.
    pub fn sign_invoice(&self, node: NodeIndex, draft: &Draft) -> Result<String, BuildError> {
        draft.sign(&self.nodes[node.0].key)
    }

    /// State of an invoice of the node's.
    pub fn invoice(&self, node: NodeIndex, hash: &PaymentHash) -> Result<InvoiceState, LnError> {
        let invoice = self.nodes[node.0].invoices.get(hash).ok_or(LnError::NotFound)?;
        Ok(match invoice.stage {
            Stage::Open => InvoiceState::Open,
            Stage::Held => InvoiceState::Held(invoice.parts.iter().map(|accepted| accepted.part).collect()),
            Stage::Settled => InvoiceState::Settled,
            Stage::Cancelled => InvoiceState::Cancelled,
        })
    }

    /// Takes what is held.
    pub fn settle(&mut self, node: NodeIndex, preimage: &Preimage) -> Result<(), LnError> {
        let hash = preimage.hash();
        match self.nodes[node.0].invoices.get(&hash).ok_or(LnError::NotFound)?.stage {
            Stage::Settled => Ok(()),
            Stage::Cancelled => Err(LnError::AlreadyCancelled),
            Stage::Open => Err(LnError::NotHeld),
            Stage::Held => {
                self.settle_held(node, hash);
                Ok(())
            }
        }
    }

    pub(crate) fn settle_held(&mut self, node: NodeIndex, hash: PaymentHash) {
        for accepted in self.end_invoice(node, hash, Stage::Settled) {
            let last = self.parts.get(&accepted.id).map(Part::last);
            if let Some(last) = last {
                self.fulfil(accepted.id, last);
            }
        }
    }

    /// Gives back what is held, and lets nothing more in.
    pub fn cancel(&mut self, node: NodeIndex, hash: &PaymentHash) -> Result<(), LnError> {
        match self.nodes[node.0].invoices.get(hash).ok_or(LnError::NotFound)?.stage {
            Stage::Settled => Err(LnError::AlreadySettled),
            Stage::Cancelled => Ok(()),
            Stage::Open | Stage::Held => {
                self.cancel_unsettled(node, *hash);
                Ok(())
            }
        }
    }

    pub(crate) fn cancel_unsettled(&mut self, node: NodeIndex, hash: PaymentHash) {
        for accepted in self.end_invoice(node, hash, Stage::Cancelled) {
            self.return_part(accepted.id);
        }
    }

    /// The payee lets go of one part.
    pub(crate) fn return_part(&mut self, id: PartId) {
        if let Some(last) = self.parts.get(&id).map(Part::last) {
            self.let_go(id, last);
        }
    }

    /// Writes a final stage first, as nodes do, and gives the parts that are to be resolved.
    fn end_invoice(&mut self, node: NodeIndex, hash: PaymentHash, stage: Stage) -> Vec<Accepted> {
        let Some(invoice) = self.nodes[node.0].invoices.get_mut(&hash) else { return Vec::new() };
        invoice.stage = stage;
        let parts = std::mem::take(&mut invoice.parts);
        self.changes.push(Change::Invoice(node, hash));
        parts
    }
}
