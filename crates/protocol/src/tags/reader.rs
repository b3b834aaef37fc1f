//! Reading a list of tags by name.

use crate::kinds::malformed::Malformed;
use std::str::FromStr;

/// A tag as NIP-01 has it: a name and its values.
pub type Tag = Vec<String>;

/// The tags of one event, asked for by name.
#[derive(Clone, Copy)]
pub struct Tags<'a>(&'a [Tag]);

/// The values of one tag, without its name.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    name: &'static str,
    values: &'a [String],
}

impl<'a> Tags<'a> {
    /// Looks into the tags of an event.
    pub const fn new(tags: &'a [Tag]) -> Self {
        Self(tags)
    }
    /// Every tag of that name, in the event's order.
    pub fn all(self, name: &'static str) -> impl Iterator<Item = Values<'a>> {
        self.0.iter().filter_map(move |tag| match tag.split_first() {
            Some((first, values)) if first == name => Some(Values { name, values }),
            _ => None,
        })
    }
    /// Every tag of that name, refused when there are more than `most`.
    pub fn up_to(self, name: &'static str, most: usize) -> Result<Vec<Values<'a>>, Malformed> {
        let found: Vec<_> = self.all(name).take(most + 1).collect();
        if found.len() > most {
            return Err(Malformed::tag(name, format!("occurs more than {most} times")));
        }
        Ok(found)
    }
    /// The tag of that name if there is one; two are refused, since readers differ on which of them counts.
    pub fn one(self, name: &'static str) -> Result<Option<Values<'a>>, Malformed> {
        let mut found = self.all(name);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(_) => Err(Malformed::tag(name, "occurs twice; only one is allowed")),
        }
    }
    /// The tag of that name, refused when it is missing.
    pub fn need(self, name: &'static str) -> Result<Values<'a>, Malformed> {
        self.one(name)?.ok_or_else(|| Malformed::tag(name, "is missing"))
    }
}

impl<'a> Values<'a> {
    /// An error that names this tag.
    pub fn bad(self, problem: impl Into<String>) -> Malformed {
        Malformed::tag(self.name, problem)
    }
    /// The values, whatever their number.
    pub const fn as_slice(self) -> &'a [String] {
        self.values
    }
    /// Exactly `N` values; `form` shows the tag's form to people.
    pub fn exactly<const N: usize>(self, form: &str) -> Result<&'a [String; N], Malformed> {
        self.values
            .try_into()
            .map_err(|_| self.bad(format!("must be {form}; this one has {} values", self.values.len())))
    }
    /// One value by its own parser.
    pub fn parse<T: FromStr<Err: std::fmt::Display>>(self, what: &str, text: &str) -> Result<T, Malformed> {
        text.parse().map_err(|error| self.bad(format!("{what}: {error}")))
    }
    /// A whole number in its one decimal form: no sign, no leading zero.
    pub fn number<T: TryFrom<u64>>(self, what: &str, text: &str) -> Result<T, Malformed> {
        canonical_number(text).and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
            self.bad(format!("{what} must be a whole number in decimal, not {:?}", brief(text)))
        })
    }
}

/// A decimal number with exactly one spelling.
fn canonical_number(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    (canonical && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The first characters of a value, for an error message.
pub(crate) fn brief(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Builds a tag from its parts.
pub(crate) fn tag<const N: usize>(parts: [&str; N]) -> Tag {
    parts.map(str::to_owned).to_vec()
}
