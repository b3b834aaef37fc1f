//! JSON objects inside an event's content: read without ambiguity, written in ASCII.
//!
//! Two readers of a doubled key may see two different amounts, so a doubled key is refused at any depth. Other clients
//! hash what they read with everything outside printable ASCII escaped, so nothing else is ever written.

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Reads one JSON object; a doubled key is an error at any depth.
pub(crate) fn parse_object(text: &str) -> Result<Map<String, Value>, String> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict
        .deserialize(&mut deserializer)
        .map_err(|error| format!("is not valid JSON: {}", brief_error(&error)))?;
    deserializer.end().map_err(|error| format!("is not valid JSON: {}", brief_error(&error)))?;
    match value {
        Value::Object(map) => Ok(map),
        _ => Err("must be a JSON object".to_owned()),
    }
}

/// A value whose objects hold each key once.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number out of range"))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(Self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Self)?;
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("the key `{}` occurs twice", brief(&key))));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// What is wrong with a text as JSON, in a line. The library's own words repeat a value of the wrong type or a field that is
/// not known, however long a stranger made it.
pub(crate) fn brief_error(error: &serde_json::Error) -> String {
    const MOST: usize = 300;
    let text = error.to_string();
    match text.char_indices().nth(MOST) {
        None => text,
        Some((end, _)) => format!("{}… at line {} column {}", &text[..end], error.line(), error.column()),
    }
}

/// The first characters of a key, for an error message.
fn brief(key: &str) -> String {
    key.chars().take(40).collect()
}

/// Writes an object in printable ASCII: every other character as `\uXXXX`, in pairs above U+FFFF.
pub(crate) fn to_ascii(map: &Map<String, Value>) -> String {
    let json = Value::Object(map.clone()).to_string();
    if json.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return json;
    }
    let mut ascii = String::with_capacity(json.len() * 2);
    let mut units = [0; 2];
    for character in json.chars() {
        if matches!(character, ' '..='~') {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut units) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parse_object__key_doubled_at_any_depth__refused_by_name() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
            "{\"\\u0061\":1,\"a\":2}",
        ] {
            let error = parse_object(text).unwrap_err();
            assert!(error.contains("`a` occurs twice"), "{text}: {error}");
        }
    }

    #[test]
    fn parse_object__anything_but_one_object__refused() {
        for text in
            ["", "null", "[]", "1", "\"x\"", "{} {}", "{", "{\"a\":1,}", "{\"a\":NaN}", "{\"a\":1e999}"]
        {
            assert!(parse_object(text).is_err(), "{text}");
        }
        assert!(parse_object(&"{\"a\":".repeat(500)).is_err(), "depth is bounded");
    }

    proptest! {
        #[test]
        fn to_ascii__any_text__printable_and_the_same_again(text: String) {
            let mut map = Map::new();
            map.insert("text".to_owned(), Value::String(text));
            let written = to_ascii(&map);
            prop_assert!(written.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{}", written);
            prop_assert_eq!(parse_object(&written).unwrap(), map);
        }

        #[test]
        fn parse_object__any_text__no_panic(text: String) {
            let _ = parse_object(&text);
        }
    }
}
