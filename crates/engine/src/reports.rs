//! Reports: what the node says, in the machine's words.

use domp_escrow::input::{InvoiceReport, PaymentReport};
use domp_ports::lightning::{InvoiceState, LnError, PaymentState};
use domp_protocol::units::{Msat, Sat};

/// An invoice's state. The smallest expiry counts, and the height at which the last part came in.
pub(crate) fn invoice(state: &InvoiceState) -> InvoiceReport {
    match state {
        InvoiceState::Open => InvoiceReport::Open,
        InvoiceState::Settled => InvoiceReport::Settled,
        InvoiceState::Cancelled => InvoiceReport::Cancelled,
        InvoiceState::Held(parts) => {
            let accepted_at = parts.iter().map(|part| part.accepted_at).max();
            let expiry = parts.iter().map(|part| part.expiry).min();
            match (accepted_at, expiry) {
                (Some(accepted_at), Some(expiry)) => {
                    let amount = parts.iter().fold(Msat::ZERO, |sum, part| sum.saturating_add(part.amount));
                    InvoiceReport::Held { accepted_at, expiry, amount }
                }
                // Held without parts is no answer: nothing is taken as held.
                _ => InvoiceReport::Open,
            }
        }
    }
}

/// The answer to a question about an invoice; `None` if it says nothing.
pub(crate) fn invoice_answer(answer: &Result<InvoiceState, LnError>) -> Option<InvoiceReport> {
    match answer {
        Ok(state) => Some(invoice(state)),
        Err(LnError::NotFound) => Some(InvoiceReport::NotFound),
        Err(_) => None,
    }
}

/// A payment's state. In flight only once the whole amount is.
pub(crate) fn payment(state: &PaymentState, amount: Sat) -> PaymentReport {
    match state {
        PaymentState::NotFound => PaymentReport::NotFound,
        PaymentState::Succeeded => PaymentReport::Succeeded,
        PaymentState::Failed(_) => PaymentReport::Failed,
        PaymentState::InFlight(parts) => {
            let sum = parts.iter().fold(Msat::ZERO, |sum, part| sum.saturating_add(part.amount));
            let first_hop_expiry = parts.iter().map(|part| part.first_hop_expiry).max();
            match first_hop_expiry.filter(|_| sum >= amount.to_msat()) {
                Some(first_hop_expiry) => {
                    let finals: Option<Vec<_>> = parts.iter().map(|part| part.final_expiry).collect();
                    let final_expiry = finals.and_then(|finals| finals.into_iter().min());
                    PaymentReport::InFlight { final_expiry, first_hop_expiry }
                }
                None => PaymentReport::Trying,
            }
        }
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use domp_ports::lightning::{HeldPart, SentPart};
    use domp_protocol::units::Height;

    fn msat(amount: u64) -> Msat {
        Msat::new(amount).unwrap()
    }
    fn sat(amount: u64) -> Sat {
        Sat::new(amount).unwrap()
    }

    #[test]
    fn invoice__held_in_parts__sum_smallest_expiry_last_height() {
        let part = |amount, accepted_at, expiry| HeldPart {
            amount: msat(amount),
            accepted_at: Height(accepted_at),
            expiry: Height(expiry),
        };
        let state = InvoiceState::Held(vec![part(1_000, 10, 400), part(2_000, 12, 390)]);
        let report =
            InvoiceReport::Held { accepted_at: Height(12), expiry: Height(390), amount: msat(3_000) };
        assert_eq!(invoice(&state), report);
        assert_eq!(invoice(&InvoiceState::Held(Vec::new())), InvoiceReport::Open);
    }

    #[test]
    fn payment__parts_that_do_not_make_the_amount__still_trying() {
        let part = |amount, first, last: Option<u32>| SentPart {
            amount: msat(amount),
            first_hop_expiry: Height(first),
            final_expiry: last.map(Height),
        };
        let state = |parts| payment(&PaymentState::InFlight(parts), sat(3));
        assert_eq!(state(vec![part(1_000, 500, Some(400))]), PaymentReport::Trying);
        assert_eq!(state(Vec::new()), PaymentReport::Trying);
        let flight = |final_expiry: Option<u32>| PaymentReport::InFlight {
            final_expiry: final_expiry.map(Height),
            first_hop_expiry: Height(510),
        };
        assert_eq!(state(vec![part(1_000, 500, Some(400)), part(2_000, 510, Some(390))]), flight(Some(390)));
        assert_eq!(state(vec![part(1_000, 500, None), part(2_000, 510, Some(390))]), flight(None));
    }

    #[test]
    fn invoice_answer__error__silence_except_not_found() {
        assert_eq!(invoice_answer(&Err(LnError::NotFound)), Some(InvoiceReport::NotFound));
        assert_eq!(invoice_answer(&Err(LnError::Unknown("x".into()))), None);
    }
}
