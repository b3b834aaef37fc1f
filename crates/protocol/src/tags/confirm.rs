//! `["confirm",key]`: proof, beside a receipt, that it comes from the buyer's vault and not from a stolen Nostr key
//! (arbitrated mode).

use super::reader::{Tag, Tags, tag};
use crate::ids::ConfirmKey;
use crate::kinds::malformed::Malformed;

pub(crate) fn read(tags: Tags<'_>) -> Result<Option<ConfirmKey>, Malformed> {
    let Some(values) = tags.one("confirm")? else { return Ok(None) };
    let [key] = values.exactly("[\"confirm\", key]")?;
    values.parse("the key", key).map(Some)
}

pub(crate) fn write(key: &ConfirmKey) -> Tag {
    tag(["confirm", &key.to_string()])
}
