//! What a late invoice that has passed says of itself, and how long it may be paid.

use crate::raw_invoice::*;
use domp_protocol::{
    ids::{NodeId, PaymentHash, TradeId},
    invoice::{InvoiceError, LateExpected, LateInvoice},
    network::Network,
    units::{Blocks, Msat, Sat, Unix},
};

/// Seconds that the ordinary invoice of these tests lives.
const LIFE: u64 = 7_200;

fn check(bolt11: &str) -> LateInvoice {
    let expected = LateExpected {
        network: Network::Regtest,
        amount: Sat::new(AMOUNT_SAT).unwrap(),
        payee: NodeId::from_bytes(public(SELLER)),
        own_node: Some(NodeId::from_bytes(public(OURS))),
        trade: TradeId::from_bytes(TRADE),
        our_hashes: &[PaymentHash::from_bytes([0x55; 32])],
        min_left_seconds: 600,
    };
    LateInvoice::check(bolt11, &expected, Unix(NOW)).unwrap()
}

fn ordinary() -> Raw {
    Raw::good().set(C, number(80)).set(X, number(LIFE))
}

/// A witness program of 20 bytes as a fallback address.
fn fallback(byte: u8) -> Vec<u8> {
    [vec![0], bytes(&[byte; 20])].concat()
}

#[test]
fn late_invoice__checked__says_what_it_was_read_with() {
    let bolt11 = ordinary().write();
    let late = check(&format!("LIGHTNING:{}", bolt11.to_uppercase()));
    assert_eq!(late.bolt11(), bolt11, "in lower case, without the link's scheme");
    assert_eq!(late.amount(), Msat::new(AMOUNT_SAT * 1000).unwrap());
    assert_eq!(late.hash(), PaymentHash::from_bytes(HASH));
    assert_eq!(late.cltv(), Blocks(80));
    assert_eq!(late.expires_at(), Unix(MADE_AT + LIFE));
}

#[test]
fn late_invoice__with_fallback_addresses__counts_them() {
    assert_eq!(check(&ordinary().write()).fallbacks(), 0);
    let two = ordinary().and(F, fallback(0x77)).and(F, fallback(0x78));
    assert_eq!(check(&two.write()).fallbacks(), 2);
}

#[test]
fn late_invoice__as_time_passes__payable_until_too_little_is_left() {
    let late = check(&ordinary().write());
    let expires_at = MADE_AT + LIFE;
    let refused = |left, least| Err(InvoiceError::TimeLeft { expires_at, left, least });
    assert_eq!(late.still_payable(Unix(NOW), 600), Ok(()));
    assert_eq!(late.still_payable(Unix(expires_at - 600), 600), Ok(()));
    assert_eq!(late.still_payable(Unix(expires_at - 599), 600), refused(599, 600));
    assert_eq!(late.still_payable(Unix(expires_at - 1), 0), Ok(()));
    assert_eq!(late.still_payable(Unix(expires_at), 0), refused(0, 0));
}
