//! Private messages: whatever is written reads as the same; the commitments open for their hashes only.

use crate::{
    people::{T, Who, id},
    private_vectors, samples,
};
use domp_protocol::{
    ids::{Nonce, PaymentHash},
    kinds::Malformed,
    private::{Address, Hashes, LockOk, Note, Private, PrivateMessage, Receipt, Release, Shipped},
    secret::Preimage,
    tags::commit::Opened,
    units::{Height, Unix},
};
use proptest::{collection::vec, option, prelude::*};

fn hash() -> impl Strategy<Value = PaymentHash> {
    any::<[u8; 32]>().prop_map(PaymentHash::from_bytes)
}
fn opened() -> impl Strategy<Value = Opened> {
    (hash(), any::<[u8; 32]>()).prop_map(|(hash, nonce)| Opened { hash, nonce: Nonce::from_bytes(nonce) })
}
fn text(most: usize) -> impl Strategy<Value = String> {
    vec(any::<char>(), 1..=most.min(60)).prop_map(|characters| characters.into_iter().collect())
}
fn message() -> impl Strategy<Value = PrivateMessage> {
    let height = || (0u32..500_000_000).prop_map(Height);
    prop_oneof![
        (opened(), option::of(opened()))
            .prop_filter("two hashes", |(one, other)| other.is_none_or(|other| other.hash != one.hash))
            .prop_map(|(purchase, buyer_collateral)| Hashes { purchase, buyer_collateral }.into()),
        Just(private_vectors::lock_ack().into()),
        (any::<[u8; 32]>(), prop::collection::btree_set(hash(), 0..=2)).prop_map(|(ack, in_flight)| {
            let ack = domp_protocol::ids::EventId::from_bytes(ack);
            LockOk { ack, in_flight: in_flight.into_iter().collect(), seller_collateral: None }.into()
        }),
        (option::of(text(100)), option::of(text(200)), option::of(text(1000)))
            .prop_map(|(carrier, tracking, note)| Shipped { carrier, tracking, note }.into()),
        any::<[u8; 32]>().prop_map(|bytes| Release { preimage: Preimage::from_bytes(bytes) }.into()),
        height().prop_map(|first_seen| Receipt { event: id(3), first_seen }.into()),
        text(2000).prop_map(|text| Address { text }.into()),
        text(5000).prop_map(|text| Note { text }.into()),
    ]
}

proptest! {
    #[test]
    fn read__what_was_written_and_signed__the_same_message(message in message()) {
        let private = Private { trade: id(2), message };
        let event = private.draft(Unix(T)).unwrap().sign(&Who::Buyer.signer()).unwrap();
        let signed = Private::read(&event).unwrap();
        prop_assert_eq!(signed.body(), &private);
        prop_assert_eq!(signed.author(), Who::Buyer.key());
    }

    #[test]
    fn parse__any_text__no_panic(content: String, kind in "[a-z_]{1,12}", rest in "[ -~]{0,60}") {
        let _ = Private::parse(&content);
        let _ = Private::parse(&format!("{{\"v\":1,\"type\":\"{kind}\",\"trade\":\"{}\"{rest}}}", id(2)));
    }

    #[test]
    fn open__the_hashes_of_a_bid__only_those(hashes in (opened(), opened()), other in opened()) {
        let (purchase, collateral) = hashes;
        prop_assume!(other != purchase && other != collateral && purchase != collateral);
        let both = Hashes { purchase, buyer_collateral: Some(collateral) };
        let commits = both.commits();
        prop_assert!(both.open(&commits));
        let wrong = [
            Hashes { purchase: other, ..both },
            Hashes { buyer_collateral: Some(other), ..both },
            Hashes { buyer_collateral: None, ..both },
            Hashes { purchase: collateral, buyer_collateral: Some(purchase) },
        ];
        for hashes in wrong {
            prop_assert!(!hashes.open(&commits), "{:?}", hashes);
        }
    }
}

#[test]
fn open__without_a_collateral__only_where_the_bid_has_none_either() {
    let both = samples::hashes();
    let alone = Hashes { buyer_collateral: None, ..both };
    assert_eq!(alone.commits().buyer_collateral, None);
    assert!(alone.open(&alone.commits()), "a collateral of zero has no hash");
    assert!(!both.open(&alone.commits()), "a hash that the bid did not commit to");
    assert!(!alone.open(&both.commits()), "a hash that is kept back");
    let other = Hashes { purchase: both.buyer_collateral.unwrap(), ..alone };
    assert!(!other.open(&alone.commits()), "another hash for the price");
}

#[test]
fn release__two_secrets__the_same_only_byte_for_byte() {
    let release = |bytes| Release { preimage: Preimage::from_bytes(bytes) };
    let secret = [0xa7; 32];
    assert_eq!(release(secret), release(secret));
    for place in 0..32 {
        let mut other = secret;
        other[place] ^= 1;
        assert_ne!(release(secret), release(other), "byte {place}");
    }
}

#[test]
fn debug__of_what_is_personal_or_secret__says_how_much_and_not_what() {
    // Each character counts once, whatever its bytes.
    let text = "Gr\u{fc}ne Stra\u{df}e 1".to_owned();
    let address = Address { text: text.clone() };
    assert_eq!(format!("{address:?}"), "Address(14 characters)");
    let note = Note { text: format!("{text}!") };
    assert_eq!(format!("{note:?}"), "Note(15 characters)");
    let release = Release { preimage: Preimage::from_bytes([0xa7; 32]) };
    let hash = release.preimage.hash().short();
    assert_eq!(format!("{release:?}"), format!("Release {{ preimage: Preimage(of {hash}) }}"));
    let around = format!("{:?}", Private { trade: id(2), message: address.into() });
    assert!(around.contains("Address(14 characters)") && !around.contains("Stra"), "{around}");
}

#[test]
fn commitment__known_bytes__sha256_of_hash_and_nonce() {
    use sha2::{Digest, Sha256};
    let opened = samples::hashes().purchase;
    let together = [[0x50; 32], [0x51; 32]].concat();
    assert_eq!(opened.commitment().as_bytes()[..], Sha256::digest(together)[..]);
}

#[test]
fn parse__unknown_and_reserved_types__told_apart() {
    let of = |kind: &str| {
        Private::parse(&format!("{{\"v\":1,\"type\":\"{kind}\",\"trade\":\"{}\"}}", id(2))).unwrap_err()
    };
    assert_eq!(of("armed"), Malformed::ArbitratedOnly("armed".into()));
    assert!(matches!(of("telepathy"), Malformed::UnknownMessage(_)), "kept and ignored, not an offence");
}

#[test]
fn error__of_a_broken_release__shows_nothing_of_the_secret() {
    let secret = "a7".repeat(31);
    for preimage in [format!("\"{secret}\""), format!("[\"{secret}\"]"), format!("\"{secret}zz\"")] {
        let content =
            format!("{{\"v\":1,\"type\":\"release\",\"trade\":\"{}\",\"preimage\":{preimage}}}", id(2));
        let error = Private::parse(&content).unwrap_err().to_string();
        assert!(error.contains("`preimage`") && !error.contains("a7a7"), "{error}");
    }
}
