//! Events from outside: size, raw kind, id and signature, before anything else is believed.

use nostr::{Event, JsonUtil};
use serde::Deserialize;

/// The largest event looked at, in bytes: a full NIP-44 payload and room for the rest of a wrap.
pub(super) const MAX_EVENT: usize = 131_072;

/// The kind as it stands in the JSON: the library reads it modulo 65536, and would take 66595 for a wrap.
#[derive(Deserialize)]
struct RawKind {
    kind: u64,
}

/// Reads an event, its signature verified; of `kind` if one is required.
pub(super) fn event(json: &str, kind: Option<u16>, what: &str) -> Result<Event, String> {
    if json.len() > MAX_EVENT {
        return Err(format!("{what} has {} bytes, more than {MAX_EVENT}", json.len()));
    }
    let raw = raw_kind(json, what)?;
    match kind {
        Some(kind) if raw != kind => {
            return Err(format!("{what} must be of kind {kind}, this is of kind {raw}"));
        }
        _ => {}
    }
    let event = Event::from_json(json).map_err(|error| not_an_event(what, &error))?;
    event.verify().map_err(|error| format!("{what}: {error}"))?;
    Ok(event)
}

/// What is wrong, without more of the sender's own text than a line.
pub(super) fn not_an_event(what: &str, error: &dyn std::fmt::Display) -> String {
    let reason: String = error.to_string().chars().filter(|letter| !letter.is_control()).take(120).collect();
    format!("{what} is not an event: {reason}")
}

/// The kind of an event's JSON.
pub(super) fn raw_kind(json: &str, what: &str) -> Result<u16, String> {
    let raw: RawKind = serde_json::from_str(json).map_err(|error| not_an_event(what, &error))?;
    u16::try_from(raw.kind).map_err(|_| format!("{what} has kind {}, which is no kind of NIP-01", raw.kind))
}
