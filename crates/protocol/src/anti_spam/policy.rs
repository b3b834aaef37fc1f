//! What a relay asks for: `domp_policy` of its NIP-11 document, read strictly `[D3-70]`.
//!
//! A field of the wrong type or out of range makes the policy unreadable, with the field's name. A field that we do not know
//! is reported and does not: a relay may have ideas of its own.

use super::proof::PAYMENT_MSAT;
use crate::{
    pow::{Difficulty, MAX_BITS},
    units::Msat,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The longest NIP-11 document that is read, in bytes.
pub const MAX_DOCUMENT: usize = 256 * 1024;
const MAX_RECIPIENT: usize = 2_000;

/// What a relay asks of an event before it stores it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayPolicy {
    /// Whether events without a proof are refused.
    pub required: bool,
    /// Zero bits asked for, by kind.
    pub work_by_kind: BTreeMap<u16, Difficulty>,
    /// Zero bits asked for every other kind.
    pub work_default: Difficulty,
    /// Where and how much to pay instead, if the relay takes payments.
    pub payment: Option<PaymentTerms>,
    /// Events stored for one author within an hour.
    pub events_per_hour: Option<u32>,
    /// Events stored for one author within a day.
    pub events_per_day: Option<u32>,
    /// Names of fields that this program does not know, for people to see.
    pub unknown: Vec<String>,
}

/// A relay's price for one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentTerms {
    /// The price of one event.
    pub amount: Msat,
    /// The LNURL that is paid.
    pub recipient: String,
}

/// Why a relay's announcement cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Too long, or not a JSON object.
    #[error("the relay's information document {0}")]
    Document(String),
    /// A field that breaks its rule.
    #[error("the relay's {field} is {found}; {rule}")]
    Field {
        /// Path of the field from `domp_policy`.
        field: String,
        /// What it holds, shortened.
        found: String,
        /// What it has to hold.
        rule: String,
    },
}

impl RelayPolicy {
    /// Reads a NIP-11 document. `None` when it has no `domp_policy`: such a relay asks for nothing in particular.
    pub fn from_document(json: &str) -> Result<Option<Self>, PolicyError> {
        if json.len() > MAX_DOCUMENT {
            let problem = format!("has {} bytes; at most {MAX_DOCUMENT} are read", json.len());
            return Err(PolicyError::Document(problem));
        }
        let document: Value = serde_json::from_str(json)
            .map_err(|error| PolicyError::Document(format!("is not valid JSON: {error}")))?;
        let Value::Object(document) = document else {
            return Err(PolicyError::Document("is not a JSON object".to_owned()));
        };
        match document.get("domp_policy") {
            None | Some(Value::Null) => Ok(None),
            Some(policy) => read(object("domp_policy", policy)?).map(Some),
        }
    }

    /// The zero bits that an event of `kind` needs here; none when no proof is required.
    pub fn difficulty(&self, kind: u16) -> Difficulty {
        if !self.required {
            return Difficulty::NONE;
        }
        self.work_by_kind.get(&kind).copied().unwrap_or(self.work_default)
    }
}

fn read(policy: &Map<String, Value>) -> Result<RelayPolicy, PolicyError> {
    let mut read = RelayPolicy::default();
    for (name, value) in policy {
        let field = format!("domp_policy.{name}");
        match name.as_str() {
            "anti_spam_required" => {
                read.required =
                    value.as_bool().ok_or_else(|| refuse(&field, value, "it must be true or false"))?;
            }
            "pow_difficulty" => read_work(&mut read, &field, object(&field, value)?)?,
            "lightning_payment" => read_payment(&mut read, &field, object(&field, value)?)?,
            "rate_limits" => read_limits(&mut read, &field, object(&field, value)?)?,
            _ => read.note_unknown(&field),
        }
    }
    if !policy.contains_key("anti_spam_required") {
        let rule = "it must be true or false";
        return Err(refuse("domp_policy.anti_spam_required", &Value::Null, rule));
    }
    Ok(read)
}

impl RelayPolicy {
    fn note_unknown(&mut self, field: &str) {
        // A bound, so that a hostile relay cannot make us keep its document.
        if self.unknown.len() < 20 {
            self.unknown.push(field.chars().take(80).collect());
        }
    }
}

/// `{"kind_300": 20, "kind_301": 16, "default": 12}`. A name that is neither `default` nor a kind is refused, since it
/// was meant to ask for something.
fn read_work(policy: &mut RelayPolicy, path: &str, bits: &Map<String, Value>) -> Result<(), PolicyError> {
    for (name, value) in bits {
        let field = format!("{path}.{name}");
        let difficulty = value
            .as_u64()
            .and_then(|bits| u16::try_from(bits).ok())
            .and_then(|bits| Difficulty::new(bits).ok())
            .ok_or_else(|| {
                refuse(&field, value, format!("it must be a number of bits from 0 to {MAX_BITS}"))
            })?;
        if name == "default" {
            policy.work_default = difficulty;
            continue;
        }
        let kind = name.strip_prefix("kind_").and_then(|kind| kind.parse::<u16>().ok());
        let kind = kind.filter(|kind| *name == format!("kind_{kind}")).ok_or_else(|| {
            refuse(&field, value, "its name must be default, or kind_ and the number of a kind")
        })?;
        policy.work_by_kind.insert(kind, difficulty);
    }
    Ok(())
}

fn read_payment(policy: &mut RelayPolicy, path: &str, terms: &Map<String, Value>) -> Result<(), PolicyError> {
    for name in terms.keys().filter(|name| !["amount_msat", "recipient"].contains(&name.as_str())) {
        policy.note_unknown(&format!("{path}.{name}"));
    }
    let (field, value) = (format!("{path}.amount_msat"), &terms.get("amount_msat").unwrap_or(&Value::Null));
    let amount = value.as_u64().filter(|amount| PAYMENT_MSAT.contains(amount));
    let amount = amount.and_then(|amount| Msat::new(amount).ok()).ok_or_else(|| {
        let (least, most) = (PAYMENT_MSAT.start(), PAYMENT_MSAT.end());
        refuse(&field, value, format!("it must be from {least} to {most} msat (1 to 1000 sat)"))
    })?;
    let (field, value) = (format!("{path}.recipient"), &terms.get("recipient").unwrap_or(&Value::Null));
    let recipient = value
        .as_str()
        .filter(|text| is_lnurl(text))
        .ok_or_else(|| refuse(&field, value, "it must be an LNURL (lnurl1…)"))?;
    policy.payment = Some(PaymentTerms { amount, recipient: recipient.to_owned() });
    Ok(())
}

fn is_lnurl(text: &str) -> bool {
    let prefixed = text.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("lnurl1"));
    prefixed && text.len() <= MAX_RECIPIENT && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn read_limits(policy: &mut RelayPolicy, path: &str, limits: &Map<String, Value>) -> Result<(), PolicyError> {
    for (name, value) in limits {
        let field = format!("{path}.{name}");
        let slot = match name.as_str() {
            "events_per_hour" => &mut policy.events_per_hour,
            "events_per_day" => &mut policy.events_per_day,
            _ => {
                policy.note_unknown(&field);
                continue;
            }
        };
        let limit = value.as_u64().and_then(|limit| u32::try_from(limit).ok());
        *slot = Some(limit.ok_or_else(|| refuse(&field, value, "it must be a number of events"))?);
    }
    Ok(())
}

fn object<'a>(field: &str, value: &'a Value) -> Result<&'a Map<String, Value>, PolicyError> {
    value.as_object().ok_or_else(|| refuse(field, value, "it must be an object"))
}

fn refuse(field: &str, found: &Value, rule: impl ToString) -> PolicyError {
    let found =
        if found.is_null() { "missing".to_owned() } else { found.to_string().chars().take(80).collect() };
    PolicyError::Field { field: field.chars().take(120).collect(), found, rule: rule.to_string() }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHOLE: &str = r#"{"name":"a relay","domp_policy":{
        "anti_spam_required":true,
        "pow_difficulty":{"kind_300":20,"kind_301":16,"default":12},
        "lightning_payment":{"amount_msat":10000,"recipient":"lnurl1dp68gurn8ghj7"},
        "rate_limits":{"events_per_hour":100,"events_per_day":1000},
        "whitelist":["a"]}}"#;

    #[test]
    fn from_document__every_field__read() {
        let policy = RelayPolicy::from_document(WHOLE).unwrap().unwrap();
        let bits = |kind| policy.difficulty(kind).bits();
        assert_eq!((bits(300), bits(301), bits(303)), (20, 16, 12));
        assert_eq!(policy.payment.clone().unwrap().amount, Msat::new(10_000).unwrap());
        assert_eq!((policy.events_per_hour, policy.events_per_day), (Some(100), Some(1000)));
        assert_eq!(policy.unknown, ["domp_policy.whitelist"]);
    }

    #[test]
    fn difficulty__proof_not_required__none() {
        let json = WHOLE.replace("\"anti_spam_required\":true", "\"anti_spam_required\":false");
        assert_eq!(RelayPolicy::from_document(&json).unwrap().unwrap().difficulty(300), Difficulty::NONE);
    }

    #[test]
    fn from_document__no_policy__none() {
        assert_eq!(RelayPolicy::from_document(r#"{"name":"a relay"}"#), Ok(None));
    }

    #[test]
    fn from_document__each_wrong_value__names_the_field() {
        for (right, wrong, named) in [
            (
                "\"anti_spam_required\":true",
                "\"anti_spam_required\":1",
                "domp_policy.anti_spam_required is 1",
            ),
            ("\"anti_spam_required\":true", "\"x\":1", "domp_policy.anti_spam_required is missing"),
            ("\"kind_300\":20", "\"kind_300\":257", "domp_policy.pow_difficulty.kind_300 is 257"),
            ("\"kind_300\":20", "\"kind_300\":\"20\"", "pow_difficulty.kind_300"),
            ("\"kind_300\":20", "\"kind_0300\":20", "pow_difficulty.kind_0300"),
            ("\"kind_300\":20", "\"kind_66000\":20", "pow_difficulty.kind_66000"),
            ("\"amount_msat\":10000", "\"amount_msat\":999", "lightning_payment.amount_msat is 999"),
            ("\"amount_msat\":10000,", "", "lightning_payment.amount_msat is missing"),
            ("lnurl1dp68gurn8ghj7", "http://x", "lightning_payment.recipient"),
            ("\"events_per_hour\":100", "\"events_per_hour\":-1", "rate_limits.events_per_hour is -1"),
            ("{\"events_per_hour\":100,\"events_per_day\":1000}", "7", "domp_policy.rate_limits is 7"),
        ] {
            assert!(WHOLE.contains(right), "{right}");
            let error = RelayPolicy::from_document(&WHOLE.replace(right, wrong)).unwrap_err().to_string();
            assert!(error.contains(named), "{error} does not name {named}");
        }
    }

    proptest! {
        #[test]
        fn from_document__any_text__no_panic(text: String) {
            let _ = RelayPolicy::from_document(&text);
            let _ = RelayPolicy::from_document(&format!("{{\"domp_policy\":{text}}}"));
        }
    }
}
