//! Properties of the invoice check over forged, changed and random invoices.

use crate::raw_invoice::*;
use domp_protocol::{
    ids::{NodeId, PaymentHash, TradeId},
    invoice::{CheckedInvoice, Draft, Expected, Hop, InvoiceError, MAX_LENGTH, description, same_invoice},
    network::Network,
    node_key::NodeKey,
    purpose::Purpose,
    units::{Blocks, Msat, Sat, Unix},
};
use lightning_invoice::Bolt11Invoice;
use proptest::prelude::*;

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

fn expected() -> Expected {
    Expected {
        network: Network::Regtest,
        amount: Sat::new(AMOUNT_SAT).unwrap(),
        hash: PaymentHash::from_bytes(HASH),
        payee: NodeId::from_bytes(public(SELLER)),
        own_node: Some(NodeId::from_bytes(public(OURS))),
        purpose: Purpose::Purchase,
        trade: TradeId::from_bytes(TRADE),
        min_cltv: Blocks(CLTV as u32),
        max_cltv: Blocks(1850),
        min_left_seconds: 600,
        may_split: true,
    }
}

fn check(bolt11: &str) -> Result<CheckedInvoice, InvoiceError> {
    CheckedInvoice::check(bolt11, &expected(), Unix(NOW))
}

fn draft() -> Draft {
    Draft {
        network: Network::Regtest,
        amount: Some(Msat::new(AMOUNT_SAT * 1000).unwrap()),
        hash: PaymentHash::from_bytes(HASH),
        description: description(Purpose::Purchase, &TradeId::from_bytes(TRADE)),
        hashed_description: false,
        timestamp: Unix(MADE_AT),
        expiry_seconds: 86_400,
        cltv: CLTV,
        payment_secret: [0x22; 32],
        splits: true,
        hints: Vec::new(),
    }
}

#[test]
fn check__what_our_builder_writes__accepted() {
    let key = NodeKey::from_bytes(&SELLER).unwrap();
    let hop = Hop { from: key.id(), channel: 7, base_msat: 1000, per_million: 10, cltv_delta: 80 };
    for draft in [
        draft(),
        Draft { hashed_description: true, ..draft() },
        Draft { hints: vec![vec![hop]; 2], ..draft() },
        Draft { expiry_seconds: 3_600, ..draft() },
    ] {
        let bolt11 = draft.sign(&key).unwrap();
        let checked = check(&bolt11).unwrap();
        assert_eq!(checked.bolt11(), bolt11);
        assert_eq!(checked.route_hints(), draft.hints.len());
    }
}

#[test]
fn check__an_invoice__says_when_it_was_made() {
    assert_eq!(check(&Raw::good().write()).unwrap().timestamp(), Unix(MADE_AT));
    let early = Raw::good().timestamp(MADE_AT - 50);
    assert_eq!(check(&early.write()).unwrap().timestamp(), Unix(MADE_AT - 50));
}

/// Fields that nobody knows make an invoice as long as one likes: up to the limit it is read.
#[test]
fn check__an_invoice_of_the_greatest_length__accepted_and_one_symbol_more_refused() {
    let filled = (0..3).fold(Raw::good(), |raw, _| raw.and(2, vec![0; 1000]));
    let room = MAX_LENGTH - filled.write().len();
    // A field's tag and its length take three symbols.
    let longest = filled.clone().and(2, vec![0; room - 3]).write();
    assert_eq!(longest.len(), MAX_LENGTH);
    assert_eq!(check(&longest).unwrap().bolt11(), longest);
    assert_eq!(
        check(&format!("lightning:{longest}")).unwrap().bolt11(),
        longest,
        "the scheme is not counted"
    );
    let longer = filled.and(2, vec![0; room - 2]).write();
    assert_eq!(check(&longer), Err(InvoiceError::TooLong { found: MAX_LENGTH + 1, most: MAX_LENGTH }));
}

#[test]
fn sign__what_bolt11_cannot_say__refused() {
    let key = NodeKey::from_bytes(&SELLER).unwrap();
    assert!(Draft { description: "x".repeat(640), ..draft() }.sign(&key).is_err());
    assert!(Draft { timestamp: Unix(1 << 35), ..draft() }.sign(&key).is_err());
    let nowhere =
        Hop { from: NodeId::from_bytes([0; 33]), channel: 0, base_msat: 0, per_million: 0, cltv_delta: 0 };
    assert!(Draft { hints: vec![vec![nowhere]], ..draft() }.sign(&key).is_err());
}

#[test]
fn check__every_character_replaced__refused() {
    let good = Raw::good().write();
    for position in 0..good.len() {
        for &other in ALPHABET.iter().chain(b"1bioB \x7f") {
            let mut text = good.clone().into_bytes();
            if text[position] == other {
                continue;
            }
            text[position] = other;
            let text = String::from_utf8(text).unwrap();
            assert!(check(&text).is_err(), "position {position}: {text}");
        }
    }
}

/// A changed symbol with the checksum made to fit: the signature is then somebody else's.
#[test]
fn check__every_symbol_replaced_and_the_checksum_made_to_fit__refused() {
    let raw = Raw::good();
    let mut symbols = raw.symbols();
    symbols.extend(bytes(&raw.signature()));
    assert_eq!(with_checksum(&raw.prefix, &symbols), raw.write());
    for position in 0..symbols.len() {
        for flip in [1, 2, 16, 31] {
            let mut changed = symbols.clone();
            changed[position] ^= flip;
            let text = with_checksum(&raw.prefix, &changed);
            let refused = check(&text);
            assert!(refused.is_err(), "position {position}: {refused:?}");
        }
    }
}

#[test]
fn check__what_is_accepted__the_library_and_its_recovery_say_the_same() {
    for raw in [Raw::good(), Raw::good().and(N, bytes(&public(SELLER))), Raw::good().without(X)] {
        let checked = check(&raw.write()).unwrap();
        let library: Bolt11Invoice = checked.bolt11().parse().unwrap();
        assert_eq!(library.amount_milli_satoshis(), Some(checked.amount().get()));
        assert_eq!(AsRef::<[u8; 32]>::as_ref(library.payment_hash()), checked.hash().as_bytes());
        assert_eq!(&library.get_payee_pub_key().serialize(), checked.payee().as_bytes());
        assert_eq!(library.min_final_cltv_expiry_delta(), u64::from(checked.cltv().0));
        assert_eq!(library.expires_at().unwrap().as_secs(), checked.expires_at().0);
    }
}

#[test]
fn still_payable__as_time_passes__until_the_last_seconds() {
    let checked = check(&Raw::good().write()).unwrap();
    let at = |seconds: u64| checked.still_payable(Unix(MADE_AT + seconds), 600).is_ok();
    assert!(at(0) && at(85_800));
    assert!(!at(85_801) && !at(86_400) && !at(u64::MAX - MADE_AT));
    assert!(
        checked.still_payable(Unix(MADE_AT + 86_400), 0).is_err(),
        "expired, even if nothing has to be left"
    );
}

#[test]
fn serde__a_checked_invoice__the_same_after_storage() {
    let checked = check(&Raw::good().write()).unwrap();
    let json = serde_json::to_string(&checked).unwrap();
    assert_eq!(serde_json::from_str::<CheckedInvoice>(&json).unwrap(), checked);
}

#[test]
fn same_invoice__case_and_link__the_same_and_another_not() {
    let good = Raw::good().write();
    assert!(same_invoice(&good, &format!("LIGHTNING:{}", good.to_uppercase())));
    assert!(!same_invoice(&good, &Raw::good().set(C, number(1001)).write()));
    assert!(!same_invoice(&good, &good[1..]));
}

proptest! {
    #[test]
    fn check__any_text__refused_without_panic(text in ".{0,300}") {
        prop_assert!(check(&text).is_err());
        let lightning = format!("lightning:{text}");
        prop_assert!(check(&lightning).is_err());
    }

    #[test]
    fn check__any_symbols_under_a_right_checksum__refused_without_panic(
        prefix in "lnbcrt[0-9]{0,20}[munp]?",
        symbols in prop::collection::vec(0u8..32, 0..600),
    ) {
        prop_assert!(check(&with_checksum(&prefix, &symbols)).is_err());
    }

    /// Any fields at all, signed by the right node: it passes only as exactly what was asked for.
    #[test]
    fn check__any_fields_signed_by_the_payee__accepted_only_as_expected(
        fields in prop::collection::vec((0u8..32, prop::collection::vec(0u8..32, 0..60)), 0..6),
        timestamp in prop_oneof![3 => NOW - 90_000..NOW + 1_000, 1 => 0u64..1 << 35],
    ) {
        let mut raw = Raw::good().timestamp(timestamp);
        raw.fields.extend(fields);
        if let Ok(checked) = check(&raw.write()) {
            let wanted = expected();
            prop_assert_eq!(checked.amount(), wanted.amount.to_msat());
            prop_assert_eq!((checked.hash(), checked.payee()), (wanted.hash, wanted.payee));
            prop_assert!(checked.cltv() >= wanted.min_cltv && checked.cltv() <= wanted.max_cltv);
            prop_assert!(checked.expires_at().0 >= NOW + 600 && checked.timestamp().0 <= NOW + 600);
            let library: Bolt11Invoice = checked.bolt11().parse().unwrap();
            prop_assert_eq!(&library.get_payee_pub_key().serialize(), wanted.payee.as_bytes());
        }
    }

    /// The amount in every unit that can express it is the same amount; any other is refused.
    #[test]
    fn check__an_amount__accepted_only_if_equal(sat in 1u64..10_000_000_000, other in 1u64..10_000_000_000) {
        let invoice = Raw::good().prefix(&format!("lnbcrt{}n", other * 10)).write();
        let wanted = Expected { amount: Sat::new(sat).unwrap(), ..expected() };
        let checked = CheckedInvoice::check(&invoice, &wanted, Unix(NOW));
        prop_assert_eq!(checked.is_ok(), sat == other);
        let same = Expected { amount: Sat::new(other).unwrap(), ..expected() };
        prop_assert_eq!(CheckedInvoice::check(&invoice, &same, Unix(NOW)).unwrap().amount().get(), other * 1000);
    }
}
