//! Single content fields: what a wrong value is called without being shown, and the last values that are read.

use crate::{
    people::{T, hash, id},
    samples,
};
use domp_protocol::{
    kinds::{Body, Listing, Malformed},
    private::{HeldCollateral, LockOk, Private, PrivateMessage},
    tags::links::Links,
    units::{Height, MAX_SAT, Msat, Unix},
};
use serde_json::{Value, json};

/// The good listing with one field replaced by this JSON, read.
fn listing_with(field: &str, value: &str) -> Result<Listing, Malformed> {
    let draft = Body::from(samples::listing()).draft(&Links::default(), Unix(T)).unwrap();
    let mut content: Value = serde_json::from_str(&draft.content).unwrap();
    content[field] = "the place".into();
    let content = content.to_string().replacen("\"the place\"", value, 1);
    Body::read(draft.kind, &content, &draft.tags).map(|body| match body {
        Body::Listing(listing) => listing,
        other => panic!("{other:?} is no listing"),
    })
}

fn problem_of(field: &str, value: &str) -> String {
    match listing_with(field, value) {
        Err(Malformed::Field { field: named, problem }) => {
            assert_eq!(named, field);
            problem
        }
        other => panic!("{field} as {value}: {other:?}"),
    }
}

#[test]
fn text_field__a_value_of_another_shape__named_by_its_shape_only() {
    for (value, shape) in [
        ("null", "null"),
        ("true", "a truth value"),
        ("123456", "a number"),
        ("-5", "a number"),
        ("8.5", "a number with a fraction or exponent"),
        ("8e4", "a number with a fraction or exponent"),
        ("[\"secret\"]", "a list"),
        ("{\"secret\":1}", "an object"),
    ] {
        assert_eq!(problem_of("category", value), format!("must be text, not {shape}"), "{value}");
    }
}

#[test]
fn whole_number__with_a_fraction_or_an_exponent__refused_as_the_number_it_is() {
    let most = MAX_SAT;
    for (value, shown) in [("80000.5", "80000.5"), ("8e4", "80000.0"), ("-0.5", "-0.5"), ("-7", "-7")] {
        assert_eq!(
            problem_of("price_satoshis", value),
            format!("must be a whole number from 1 to {most}, not {shown}")
        );
    }
    assert_eq!(problem_of("price_satoshis", "null"), "must be a whole number, not null");
}

#[test]
fn link__with_white_space_or_a_control_character__refused() {
    let refused = "must be a link with a scheme, such as https://…, without spaces";
    for link in [
        "https://example.org/a b",
        "https://example.org/a\u{a0}b",
        "https://example.org/\u{7f}",
        "https://example.org/\u{0}",
        "https://example.org/\n",
    ] {
        assert_eq!(problem_of("storage_link", &json!(link).to_string()), refused, "{link:?}");
    }
    let good = "ipfs:Qm/\u{fc}?a=b#c";
    let read = listing_with("storage_link", &json!(good).to_string()).unwrap();
    assert_eq!(read.storage_link.as_deref(), Some(good));
}

/// A `lock_ok` with a collateral of this many millisatoshi, as it is written.
fn lock_ok_over(amount: u64) -> String {
    let held = HeldCollateral { hash: hash(0x70), amount: Msat::new(1).unwrap(), expiry: Height(800_900) };
    let ok = LockOk { ack: id(6), in_flight: vec![hash(0x50)], seller_collateral: Some(held) };
    let written = Private { trade: id(2), message: ok.into() }.content();
    let (one, other) = ("\"amount_msat\":1,", format!("\"amount_msat\":{amount},"));
    assert!(written.contains(one), "{written}");
    written.replacen(one, &other, 1)
}

#[test]
fn millisatoshi__all_there_will_ever_be_and_one_more__read_and_refused() {
    let all = MAX_SAT * 1000;
    for amount in [1, 80_000_000, all] {
        let PrivateMessage::LockOk(ok) = Private::parse(&lock_ok_over(amount)).unwrap().message else {
            panic!("a lock_ok was written");
        };
        assert_eq!(ok.seller_collateral.unwrap().amount.get(), amount);
    }
    for amount in [0, all + 1, u64::MAX] {
        let refused = Malformed::Field {
            field: "seller_collateral.amount_msat".into(),
            problem: format!("must be a whole number from 1 to {all}, not {amount}"),
        };
        assert_eq!(Private::parse(&lock_ok_over(amount)), Err(refused));
    }
}

#[test]
fn term__each_known_word__read_as_itself_and_any_other_kept() {
    use domp_protocol::kinds::Term;
    let known = [("cancel", Term::Cancel), ("release", Term::Release), ("extend", Term::Extend)];
    for (word, term) in known {
        assert_eq!(Term::from(word.to_owned()), term);
        assert_eq!(term.to_string(), word);
    }
    assert_eq!(Term::from("Release".to_owned()), Term::Other("Release".to_owned()));
}
