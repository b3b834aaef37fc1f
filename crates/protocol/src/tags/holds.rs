//! `["holds","yes"/"no"]`: whether the buyer's node can hold a payment, and with it the seller's collateral.

use super::reader::{Tag, Tags, brief, tag};
use crate::kinds::malformed::Malformed;

pub(crate) fn read(tags: Tags<'_>) -> Result<Option<bool>, Malformed> {
    let Some(values) = tags.one("holds")? else { return Ok(None) };
    let [answer] = values.exactly("[\"holds\", \"yes\" or \"no\"]")?;
    match answer.as_str() {
        "yes" => Ok(Some(true)),
        "no" => Ok(Some(false)),
        other => Err(values.bad(format!("must say yes or no, not {:?}", brief(other)))),
    }
}

pub(crate) fn write(holds: bool) -> Tag {
    tag(["holds", if holds { "yes" } else { "no" }])
}
