//! LND's answers in bytes; the first one says which call was asked. Nothing unknown becomes final, no part is empty, and
//! nothing can be moved that is not there.

use crate::signing::assert_brief;
use domp_node_lnd::{fuzzing, permissions};
use domp_ports::lightning::{InvoiceState, PaymentState};
use domp_protocol::units::{Height, Msat};
use prost::Message;

/// The status of a payment and of its parts, read by a description of our own.
#[derive(Clone, PartialEq, Message)]
pub struct Payment {
    /// LND's number for it.
    #[prost(int32, tag = "10")]
    pub status: i32,
    /// Its parts.
    #[prost(message, repeated, tag = "14")]
    pub parts: Vec<Part>,
}

/// One part.
#[derive(Clone, PartialEq, Message)]
pub struct Part {
    /// LND's number for it.
    #[prost(int32, tag = "1")]
    pub status: i32,
}

/// The status of an invoice.
#[derive(Clone, PartialEq, Message)]
pub struct Invoice {
    /// LND's number for it.
    #[prost(int32, tag = "21")]
    pub state: i32,
}

const SUCCEEDED: i32 = 2;
const FAILED: i32 = 3;
const SETTLED: i32 = 1;
const CANCELLED: i32 = 2;

/// Checks one input.
pub fn check(data: &[u8]) {
    let Some((call, bytes)) = data.split_first() else { return };
    match call % 8 {
        0 => invoice(bytes),
        1 => payment(bytes),
        2 => told(fuzzing::node_info(bytes), |_| ()),
        3 => told(fuzzing::decoded(bytes), |invoice| assert_ne!(invoice.amount, Some(Msat::ZERO))),
        4 => channels(bytes),
        5 => outpoint(bytes),
        6 => abilities(bytes),
        _ => {
            if let Ok(macaroon) = fuzzing::macaroon(bytes.to_vec()) {
                let report = permissions::check(&macaroon);
                assert!(report.excess.len() <= macaroon.allows().len());
            }
        }
    }
}

fn told<T, E: std::fmt::Display>(answer: Result<T, E>, then: impl FnOnce(T)) {
    match answer {
        Ok(value) => then(value),
        Err(error) => assert_brief(&error),
    }
}

fn invoice(bytes: &[u8]) {
    told(fuzzing::invoice(bytes), |state| {
        let said = Invoice::decode(bytes).expect("it was read").state;
        assert_eq!(state == InvoiceState::Settled, said == SETTLED);
        assert_eq!(state == InvoiceState::Cancelled, said == CANCELLED);
        if let InvoiceState::Held(parts) = state {
            assert!(!parts.is_empty());
            assert!(parts.is_sorted_by_key(|part| part.expiry));
            assert!(parts.iter().all(|part| part.expiry > Height(0) && part.accepted_at > Height(0)));
        }
    });
}

fn payment(bytes: &[u8]) {
    told(fuzzing::payment(bytes), |state| {
        let said = Payment::decode(bytes).expect("it was read");
        let in_flight = said.parts.iter().filter(|part| part.status == 0).count();
        assert_eq!(state == PaymentState::Succeeded, said.status == SUCCEEDED);
        let failed = said.status == FAILED && in_flight == 0;
        assert_eq!(matches!(state, PaymentState::Failed(_)), failed);
        assert_ne!(state, PaymentState::NotFound);
        if let PaymentState::InFlight(parts) = state {
            assert_eq!(parts.len(), in_flight);
            assert!(parts.is_sorted_by_key(|part| part.first_hop_expiry));
        }
    });
}

fn channels(bytes: &[u8]) {
    told(fuzzing::channels(bytes), |(channels, liquidity)| {
        let there = |balance: fn(&domp_ports::lightning::Channel) -> Msat| {
            let active = channels.iter().filter(|channel| channel.active);
            active.fold(Msat::ZERO, |sum, channel| sum.saturating_add(balance(channel)))
        };
        assert!(liquidity.outbound <= there(|channel| channel.local), "more can be sent than is there");
        assert!(liquidity.inbound <= there(|channel| channel.remote), "more can be received than is there");
        assert!(liquidity.outbound_largest <= liquidity.outbound);
        assert!(liquidity.inbound_largest <= liquidity.inbound);
    });
}

fn outpoint(bytes: &[u8]) {
    told(fuzzing::outpoint(bytes), |(written, again)| {
        let again = again.unwrap_or_else(|error| panic!("{written} is not read again: {error}"));
        assert!(again.eq_ignore_ascii_case(&written), "{written} becomes {again}");
    });
}

/// The version's name up to the first zero byte, the settings after it.
fn abilities(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (version, rest) = bytes.split_at(end);
    let Ok(version) = std::str::from_utf8(version) else { return };
    told(fuzzing::abilities(version, rest.get(1..).unwrap_or_default()), |can| {
        assert_eq!(can.holds, can.auto_cancel > can.on_chain_claim);
        assert!(can.min_cltv > can.auto_cancel || can.auto_cancel.0 == u32::MAX);
    });
}
