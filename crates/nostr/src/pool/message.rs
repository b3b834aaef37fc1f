//! What a relay says (NIP-01, NIP-42), read strictly and without copying the event's text.

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// One message of a relay. Everything in it is untrusted.
#[derive(Debug)]
pub(crate) enum Heard<'a> {
    /// `EVENT`: an event of a subscription.
    Event {
        /// The subscription.
        subscription: Cow<'a, str>,
        /// The event's text, as it came.
        event: &'a RawValue,
    },
    /// `EOSE`: everything stored was delivered.
    Stored(Cow<'a, str>),
    /// `CLOSED`: the relay ended a subscription.
    Closed(Cow<'a, str>, Cow<'a, str>),
    /// `OK`: the fate of a published event.
    Ok {
        /// Its id, as written.
        id: Cow<'a, str>,
        /// Whether the relay has it.
        accepted: bool,
        /// Why (not).
        reason: Cow<'a, str>,
    },
    /// `AUTH`: the challenge to sign.
    Auth(Cow<'a, str>),
    /// `NOTICE`: words for people, about nothing in particular. Some relays refuse events with it.
    Notice(Cow<'a, str>),
    /// A message of a kind that is none of ours.
    Other,
}

/// Reads a relay's message.
pub(crate) fn read(text: &str) -> Result<Heard<'_>, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Heard<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Heard<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a relay's message, which is an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Text(label) = next(&mut seq, "label")?;
        let heard = match label.as_ref() {
            "EVENT" => {
                let subscription = text(&mut seq, "subscription")?;
                Heard::Event { subscription, event: next(&mut seq, "event")? }
            }
            "EOSE" => Heard::Stored(text(&mut seq, "subscription")?),
            "CLOSED" => {
                let subscription = text(&mut seq, "subscription")?;
                Heard::Closed(subscription, reason(&mut seq)?)
            }
            "OK" => {
                let id = text(&mut seq, "event id")?;
                let accepted = next(&mut seq, "true or false")?;
                Heard::Ok { id, accepted, reason: reason(&mut seq)? }
            }
            "AUTH" => Heard::Auth(text(&mut seq, "challenge")?),
            "NOTICE" => Heard::Notice(reason(&mut seq)?),
            _ => Heard::Other,
        };
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(heard)
    }
}

fn next<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(seq: &mut A, what: &str) -> Result<T, A::Error> {
    seq.next_element()?.ok_or_else(|| A::Error::custom(format_args!("the {what} is missing")))
}

fn text<'de, A: SeqAccess<'de>>(seq: &mut A, what: &str) -> Result<Cow<'de, str>, A::Error> {
    next::<A, Text<'de>>(seq, what).map(|Text(text)| text)
}

/// The human-readable reason at the end, which some relays leave out.
fn reason<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<Cow<'de, str>, A::Error> {
    Ok(seq.next_element::<Text<'de>>()?.map_or(Cow::Borrowed(""), |Text(text)| text))
}

/// A relay's words in a form that can be shown: one line, of bounded length.
pub(crate) fn shown(text: &str) -> String {
    const MAX: usize = 300;
    let mut line: String = text.chars().take(MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MAX).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    #![allow(non_snake_case)]
    use super::*;

    #[test]
    fn event__any_spacing__text_is_kept_word_for_word() {
        let heard = read(r#"  ["EVENT" , "s1",{"id" : "00", "content":"\u00fc"}] "#).unwrap();
        let Heard::Event { subscription, event } = heard else { panic!("{heard:?}") };
        assert_eq!((subscription.as_ref(), event.get()), ("s1", r#"{"id" : "00", "content":"\u00fc"}"#));
    }

    #[test]
    fn ok_and_closed__without_reason__read() {
        assert!(
            matches!(read(r#"["OK","ab",true]"#).unwrap(), Heard::Ok { accepted: true, reason, .. } if reason.is_empty())
        );
        assert!(
            matches!(read(r#"["CLOSED","s"]"#).unwrap(), Heard::Closed(s, r) if s == "s" && r.is_empty())
        );
        assert!(
            matches!(read(r#"["OK","ab",false,"pow: 12"]"#).unwrap(), Heard::Ok { accepted: false, reason, .. } if reason == "pow: 12")
        );
    }

    #[test]
    fn other_labels_and_extra_elements__tolerated() {
        assert!(matches!(read(r#"["NOTICE","hello"]"#).unwrap(), Heard::Notice(text) if text == "hello"));
        assert!(matches!(read(r#"["COUNT",{"a":[1,2]}]"#).unwrap(), Heard::Other));
        assert!(matches!(read(r#"["EOSE","s",1,2,{"x":[]}]"#).unwrap(), Heard::Stored(s) if s == "s"));
    }

    #[test]
    fn malformed__error_not_panic() {
        for text in [
            "",
            "{}",
            "[]",
            "[1]",
            "null",
            "[\"EVENT\"",
            r#"["EVENT","s"]"#,
            r#"["OK","id","yes"]"#,
            r#"["EVENT",1,{}]"#,
            r#"["AUTH"]"#,
            "\u{0}",
            "[[[[[[",
            r#"["EOSE","s"]]"#,
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
        let deep = format!(r#"["EVENT","s",{}1{}]"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(&deep).is_err() || matches!(read(&deep), Ok(Heard::Event { .. })), "no stack overflow");
    }

    #[test]
    fn shown__control_characters_and_length__tamed() {
        assert_eq!(shown("a\nb\u{1b}[31m"), "a b [31m");
        assert_eq!(shown(&"x".repeat(400)).chars().count(), 301);
    }
}
