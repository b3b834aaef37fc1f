//! Reading and writing the fields of a content object by name.

use super::json;
use super::malformed::Malformed;
use crate::units::{Blocks, Height, Msat, Sat, Unix};
use serde_json::{Map, Value};
use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

/// The fields of one object, taken out one by one; what is left at the end is unknown and refused.
pub(crate) struct Fields {
    map: Map<String, Value>,
    path: &'static str,
}

impl Fields {
    /// Reads an event's content.
    pub(crate) fn parse(content: &str) -> Result<Self, Malformed> {
        json::parse_object(content).map(|map| Self { map, path: "" }).map_err(Malformed::Content)
    }
    /// Reads an object found inside another; `path` is put before the names of its fields, with a dot.
    pub(crate) fn nested(value: Value, path: &'static str) -> Result<Self, Malformed> {
        match value {
            Value::Object(map) => Ok(Self { map, path }),
            other => Err(Malformed::field(path, format!("must be an object, not {}", shape(&other)))),
        }
    }
    fn name(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
    /// A field's raw value.
    pub(crate) fn raw(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name)
    }
    /// A field that may be missing.
    pub(crate) fn maybe<T>(
        &mut self,
        name: &str,
        rule: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, Malformed> {
        match self.map.remove(name) {
            None => Ok(None),
            Some(value) => {
                rule(&value).map(Some).map_err(|problem| Malformed::field(self.name(name), problem))
            }
        }
    }
    /// A field that must be there.
    pub(crate) fn need<T>(
        &mut self,
        name: &str,
        rule: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Result<T, Malformed> {
        self.maybe(name, rule)?.ok_or_else(|| Malformed::field(self.name(name), "is missing"))
    }
    /// Refuses whatever field has not been taken.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(key) => {
                let key: String = key.chars().take(40).collect();
                Err(Malformed::field(self.name(&key), "is not one of this kind's fields"))
            }
        }
    }
}

/// What a value is, without showing it: a wrong value may be a secret in the wrong place.
fn shape(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(number) if number.is_f64() => "a number with a fraction or exponent",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Text of so many characters.
pub(crate) fn text(length: RangeInclusive<usize>) -> impl Fn(&Value) -> Result<String, String> {
    move |value| {
        let text = value.as_str().ok_or_else(|| format!("must be text, not {}", shape(value)))?;
        let found = text.chars().count();
        if length.contains(&found) {
            Ok(text.to_owned())
        } else {
            Err(format!("must be {} to {} characters long, not {found}", length.start(), length.end()))
        }
    }
}

/// A whole number within a range.
pub(crate) fn whole(range: RangeInclusive<u64>) -> impl Fn(&Value) -> Result<u64, String> {
    move |value| {
        let number = match value {
            Value::Number(number) => number,
            other => return Err(format!("must be a whole number, not {}", shape(other))),
        };
        match number.as_u64() {
            Some(found) if range.contains(&found) => Ok(found),
            _ => {
                Err(format!("must be a whole number from {} to {}, not {number}", range.start(), range.end()))
            }
        }
    }
}

/// An amount of at least `least` satoshi.
pub(crate) fn sat(least: u64) -> impl Fn(&Value) -> Result<Sat, String> {
    move |value| whole(least..=crate::units::MAX_SAT)(value).and_then(|sat| Sat::new(sat).map_err(text_of))
}

/// An amount of at least `least` millisatoshi.
pub(crate) fn msat(least: u64) -> impl Fn(&Value) -> Result<Msat, String> {
    move |value| {
        whole(least..=crate::units::MAX_SAT * 1000)(value).and_then(|msat| Msat::new(msat).map_err(text_of))
    }
}

/// A block height; those above 500,000,000 are times in Bitcoin's own rules (BIP-65).
pub(crate) fn height(value: &Value) -> Result<Height, String> {
    whole(0..=499_999_999)(value).and_then(|found| u32::try_from(found).map(Height).map_err(text_of))
}

/// A list of at most `most` values.
pub(crate) fn list(most: usize) -> impl Fn(&Value) -> Result<Vec<Value>, String> {
    move |value| match value.as_array() {
        Some(values) if values.len() <= most => Ok(values.clone()),
        Some(values) => Err(format!("must hold at most {most} entries, not {}", values.len())),
        None => Err(format!("must be a list, not {}", shape(value))),
    }
}

/// A number of blocks within a range.
pub(crate) fn blocks(range: RangeInclusive<u32>) -> impl Fn(&Value) -> Result<Blocks, String> {
    move |value| {
        let range = u64::from(*range.start())..=u64::from(*range.end());
        whole(range)(value).and_then(|count| u32::try_from(count).map(Blocks).map_err(text_of))
    }
}

/// A number that fits the type, from `range`.
pub(crate) fn small<T: TryFrom<u64, Error: Display>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&Value) -> Result<T, String> {
    move |value| whole(range.clone())(value).and_then(|number| T::try_from(number).map_err(text_of))
}

/// Seconds since the Unix epoch, up to the year 9999.
pub(crate) fn unix(value: &Value) -> Result<Unix, String> {
    whole(0..=253_402_300_799)(value).map(Unix)
}

/// True or false.
pub(crate) fn truth(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("must be true or false, not {}", shape(value)))
}

/// Text that a type parses: an identifier, a word of a list.
pub(crate) fn parsed<T: FromStr<Err: Display>>(value: &Value) -> Result<T, String> {
    let text = value.as_str().ok_or_else(|| format!("must be text, not {}", shape(value)))?;
    text.parse().map_err(|error: T::Err| format!("is refused: {error}"))
}

/// A link with a scheme, such as `https:` or `ipfs:`.
pub(crate) fn uri(value: &Value) -> Result<String, String> {
    let found = text(3..=2048)(value)?;
    let scheme = found.split_once(':').map_or("", |(scheme, _)| scheme);
    let good_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if good_scheme && !found.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Ok(found)
    } else {
        Err("must be a link with a scheme, such as https://…, without spaces".to_owned())
    }
}

fn text_of(error: impl Display) -> String {
    error.to_string()
}

/// An object under construction.
#[derive(Default)]
pub(crate) struct Object(Map<String, Value>);

impl Object {
    pub(crate) fn new() -> Self {
        Self::default()
    }
    /// With a field.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }
    /// With a field whose value is written as text.
    pub(crate) fn text(self, name: &str, value: impl Display) -> Self {
        self.with(name, value.to_string())
    }
    /// With a field if there is a value for it.
    pub(crate) fn maybe<T: Into<Value>>(self, name: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
    /// With a field written as text if there is a value for it.
    pub(crate) fn maybe_text(self, name: &str, value: Option<impl Display>) -> Self {
        self.maybe(name, value.map(|value| value.to_string()))
    }
    /// The object in printable ASCII.
    pub(crate) fn to_ascii(&self) -> String {
        json::to_ascii(&self.0)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}
