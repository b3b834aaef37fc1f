//! A relay's announced policy: between its information document (NIP-11, DIP-04's `domp_policy`) and the port's type.

use domp_ports::relays::Policy;
#[cfg(feature = "pool")]
use domp_protocol::{anti_spam::RelayPolicy, pow::Difficulty};

/// NIP-11's media type.
pub(crate) const NOSTR_JSON: &str = "application/nostr+json";

/// Reads the policy out of a document; the empty policy when there is none, or when it asks for no proof.
#[cfg(feature = "pool")]
pub(crate) fn read(document: &str) -> Result<Policy, String> {
    let announced = RelayPolicy::from_document(document).map_err(|e| e.to_string())?;
    let Some(announced) = announced.filter(|policy| policy.required) else {
        return Ok(Policy::default());
    };
    // More than 255 bits cannot be mined any more than 255 can.
    let bits = |difficulty: Difficulty| u8::try_from(difficulty.bits()).unwrap_or(u8::MAX);
    Ok(Policy {
        pow_bits: announced
            .work_by_kind
            .into_iter()
            .map(|(kind, difficulty)| (kind, bits(difficulty)))
            .collect(),
        pow_default: bits(announced.work_default),
    })
}

/// Writes a document that announces `policy`.
#[cfg(feature = "embedded")]
pub(crate) fn write(name: &str, policy: &Policy) -> String {
    let mut document = serde_json::json!({
        "name": name,
        "description": "A relay for trials of DOMP trades: it lives as long as the program that started it.",
        "supported_nips": [1, 9, 11, 13, 42],
        "software": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
    });
    if *policy != Policy::default() {
        let kinds = policy.pow_bits.iter().map(|(kind, bits)| (format!("kind_{kind}"), *bits));
        let bits: serde_json::Map<_, serde_json::Value> = kinds
            .chain([("default".to_owned(), policy.pow_default)])
            .map(|(name, bits)| (name, bits.into()))
            .collect();
        document["domp_policy"] = serde_json::json!({ "anti_spam_required": true, "pow_difficulty": bits });
    }
    document.to_string()
}

#[cfg(all(test, feature = "pool", feature = "embedded"))]
mod tests {
    #![allow(non_snake_case)]
    use super::*;

    #[test]
    fn policy__written_and_read__the_same() {
        let policy = Policy { pow_bits: [(300, 20), (301, 16)].into(), pow_default: 12 };
        assert_eq!(read(&write("trial", &policy)).unwrap(), policy);
        assert_eq!(read(&write("trial", &Policy::default())).unwrap(), Policy::default());
    }

    #[test]
    fn policy__proof_not_required_or_absurd_or_malformed__empty_or_capped_or_error() {
        let asks = |required: bool, bits: u32| {
            format!(
                r#"{{"domp_policy":{{"anti_spam_required":{required},"pow_difficulty":{{"default":{bits}}}}}}}"#
            )
        };
        assert_eq!(read(&asks(false, 20)).unwrap(), Policy::default());
        assert_eq!(read(&asks(true, 256)).unwrap().pow_default, 255);
        assert!(read(&asks(true, 257)).unwrap_err().contains("pow_difficulty.default"));
    }
}
