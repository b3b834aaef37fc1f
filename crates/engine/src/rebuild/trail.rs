//! The trail of a trade on the relays: the acceptance in force, and what we answered to it.

use crate::{EngineError, inner::Inner};
use domp_escrow::terms::Terms;
use domp_ports::relays::Wanted;
use domp_protocol::{
    event::VerifiedEvent,
    ids::EventId,
    kinds::{Acceptance, Kind, PaymentConfirmation, ReceiptConfirmation, Signed},
};

/// What was found.
#[derive(Default)]
pub(super) struct Trail {
    /// The seller's: the one we paid, or the first.
    pub acceptance: Option<VerifiedEvent>,
    /// Our payment confirmation.
    pub payment: Option<VerifiedEvent>,
    /// Our verdict.
    pub verdict: Option<VerifiedEvent>,
}

impl Trail {
    /// What we wrote.
    pub fn ours(&self) -> impl Iterator<Item = &VerifiedEvent> {
        self.payment.iter().chain(&self.verdict)
    }
}

impl Inner {
    /// Follows a trade of ours on the relays.
    pub(super) async fn trail(&self, terms: &Terms) -> Result<Trail, EngineError> {
        let acceptances = self
            .fetch_verified(
                Wanted {
                    kinds: vec![Acceptance::KIND],
                    authors: vec![terms.seller],
                    refers_to: vec![terms.trade],
                    ..Wanted::default()
                },
                &terms.relays,
            )
            .await?;
        let accepts = |event: &VerifiedEvent| {
            Signed::<Acceptance>::read_as(event).is_ok_and(|it| it.body().bid == terms.trade)
        };
        let acceptances: Vec<VerifiedEvent> = acceptances.into_iter().filter(accepts).collect();
        let ours = self
            .fetch_verified(
                Wanted {
                    kinds: vec![PaymentConfirmation::KIND, ReceiptConfirmation::KIND],
                    authors: vec![self.me],
                    refers_to: vec![terms.listing],
                    ..Wanted::default()
                },
                &terms.relays,
            )
            .await?;
        let mut trail = Trail::default();
        for event in &ours {
            let Some(paid) = acceptance_of(event) else { continue };
            if let Some(acceptance) = acceptances.iter().find(|acceptance| acceptance.id() == paid) {
                trail.acceptance = Some(acceptance.clone());
                trail.payment = Some(event.clone());
                break;
            }
        }
        if let Some(payment) = trail.payment.as_ref().map(VerifiedEvent::id) {
            let judges = |event: &&VerifiedEvent| {
                Signed::<ReceiptConfirmation>::read_as(event).is_ok_and(|it| it.body().payment == payment)
            };
            trail.verdict = ours.iter().find(judges).cloned();
        }
        if trail.acceptance.is_none() {
            trail.acceptance = acceptances.into_iter().next();
        }
        Ok(trail)
    }
}

/// The acceptance that a payment confirmation names.
fn acceptance_of(event: &VerifiedEvent) -> Option<EventId> {
    Signed::<PaymentConfirmation>::read_as(event).ok().map(|it| it.body().acceptance)
}
