//! The longest document, recipient and nonce that are read, and how much of a hostile document is kept.

use domp_protocol::{
    anti_spam::{PolicyError, Proof, ProofError, RelayPolicy, policy::MAX_DOCUMENT},
    pow::Difficulty,
};
use serde_json::{Map, Value, json};

/// A document of exactly so many bytes, without a policy.
fn document(bytes: usize) -> String {
    let frame = r#"{"name":""}"#;
    let json = format!(r#"{{"name":"{}"}}"#, "a".repeat(bytes - frame.len()));
    assert_eq!(json.len(), bytes);
    json
}

#[test]
fn from_document__of_the_largest_size_and_a_byte_more__read_and_refused() {
    assert_eq!(RelayPolicy::from_document(&document(MAX_DOCUMENT)), Ok(None));
    let error = RelayPolicy::from_document(&document(MAX_DOCUMENT + 1)).unwrap_err();
    assert_eq!(error, PolicyError::Document("has 262145 bytes; at most 262144 are read".to_owned()));
}

#[test]
fn from_document__many_unknown_fields__the_first_twenty_kept_each_shortened() {
    let long = "x".repeat(100);
    let mut policy: Map<String, Value> =
        (10..35).map(|number| (format!("{number}{long}"), Value::Null)).collect();
    policy.insert("anti_spam_required".to_owned(), true.into());
    let document = json!({ "domp_policy": policy }).to_string();
    let unknown = RelayPolicy::from_document(&document).unwrap().unwrap().unknown;
    // "domp_policy.10" is 14 characters of the 80.
    let expected: Vec<String> =
        (10..30).map(|number| format!("domp_policy.{number}{}", "x".repeat(66))).collect();
    assert_eq!(unknown, expected);
}

fn recipient(text: &str) -> Result<String, PolicyError> {
    let document = json!({ "domp_policy": {
        "anti_spam_required": true,
        "lightning_payment": { "amount_msat": 10_000, "recipient": text },
    } });
    RelayPolicy::from_document(&document.to_string()).map(|policy| policy.unwrap().payment.unwrap().recipient)
}

#[test]
fn recipient__lnurl_of_up_to_2000_characters_in_either_case__kept_as_written() {
    let longest = format!("lnurl1{}", "q".repeat(1994));
    for text in [longest.as_str(), "LNURL1DP68GURN8GHJ7", "lnurl1"] {
        assert_eq!(recipient(text).as_deref(), Ok(text));
    }
}

#[test]
fn recipient__too_long_other_prefix_or_other_characters__refused_by_name() {
    let too_long = format!("lnurl1{}", "q".repeat(1995));
    for text in [too_long.as_str(), "lnbc1qqqqqq", "lnurl", "", "lnurl1dp68/../x", "lnurl1 q", "lnurl1\u{fc}"]
    {
        let error = recipient(text).unwrap_err();
        let PolicyError::Field { field, rule, .. } = &error else { panic!("{text}: {error:?}") };
        assert_eq!(field, "domp_policy.lightning_payment.recipient", "{text}");
        assert_eq!(rule, "it must be an LNURL (lnurl1…)", "{text}");
    }
}

fn work(nonce: &str) -> Result<Proof, ProofError> {
    Proof::read(300, &[["anti_spam_proof", "pow", nonce, "20"].map(str::to_owned).to_vec()])
}

#[test]
fn nonce__of_64_and_of_65_characters__read_and_refused() {
    let longest = "n".repeat(64);
    let difficulty = Difficulty::new(20).unwrap();
    assert_eq!(work(&longest), Ok(Proof::Work { nonce: longest, difficulty }));
    let error = work(&"n".repeat(65)).unwrap_err();
    let ProofError::Field { field: "nonce", rule, .. } = &error else { panic!("{error:?}") };
    assert_eq!(rule, "it must be 1 to 64 printable ASCII characters");
}
