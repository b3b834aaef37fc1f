//! Puts one vector to the crate.

use crate::people::NOW;
use domp_protocol::{
    chain::{Added, Chain},
    event::VerifiedEvent,
    kinds::{Body, Signed},
    private::Private,
    units::Unix,
};
use serde_json::{Value, json};

type Outcome = Result<Value, String>;

/// Runs the vector `name`: what it gives, or the error in words.
pub fn run(name: &str, input: &Value, now: Option<u64>) -> Outcome {
    let now = Unix(now.unwrap_or(NOW));
    match name.split('-').next() {
        Some("event") => event(input, now),
        Some("kind") => kind(input, now),
        Some("private") => private(input, now),
        Some("chain") => chain(input, now),
        family => panic!("no vectors of family {family:?}"),
    }
}

fn words(error: impl ToString) -> String {
    error.to_string()
}

fn verified(input: &Value, now: Unix) -> Result<VerifiedEvent, String> {
    let json = match (input.get("event"), input.get("json")) {
        (Some(event), None) => event.to_string(),
        (None, Some(Value::String(text))) => text.clone(),
        _ => panic!("a vector of one event has either `event` or `json`"),
    };
    VerifiedEvent::check(&json, now).map_err(words)
}

fn event(input: &Value, now: Unix) -> Outcome {
    let event = verified(input, now)?;
    let again = VerifiedEvent::check_stored(&event.json()).map_err(words)?;
    assert_eq!(again, event, "the canonical form is the same event");
    Ok(json!({
        "id": event.id(),
        "author": event.author(),
        "created_at": event.created_at(),
        "kind": event.kind(),
        "tags": event.tags(),
        "content": event.content(),
    }))
}

/// Gives the typed value; written again and read again it must be the same one.
fn kind(input: &Value, now: Unix) -> Outcome {
    let signed = Signed::<Body>::read(&verified(input, now)?).map_err(words)?;
    let draft = signed.body().draft(signed.links(), signed.created_at()).map_err(words)?;
    let again = Body::read(draft.kind, &draft.content, &draft.tags).map_err(words)?;
    assert_eq!(&again, signed.body(), "written and read again");
    Ok(serde_json::to_value(signed.body()).unwrap())
}

fn private(input: &Value, now: Unix) -> Outcome {
    let signed = Private::read(&verified(input, now)?).map_err(words)?;
    let draft = signed.body().draft(signed.created_at()).map_err(words)?;
    assert_eq!(&Private::parse(&draft.content).map_err(words)?, signed.body(), "written and read again");
    Ok(json!({ "trade": signed.body().trade, "type": signed.body().message.type_name() }))
}

/// Adds the events in the file's order: the first refusal is the error, and what is still held at the end is one too.
fn chain(input: &Value, now: Unix) -> Outcome {
    let trade = input["trade"].as_str().unwrap().parse().unwrap();
    let mut chain = Chain::new(trade);
    let mut events = Vec::new();
    for value in input["events"].as_array().expect("a chain has events") {
        let event = VerifiedEvent::check(&value.to_string(), now).map_err(words)?;
        let signed = Signed::<Body>::read(&event).map_err(words)?;
        events.push(signed.id());
        let arrival = chain.add(signed);
        let changed = arrival.changed.into_iter().map(|(_, state)| state);
        for state in std::iter::once(arrival.added).chain(changed) {
            if let Added::Refused(error) = state {
                return Err(error.to_string());
            }
        }
    }
    if let Some((id, Added::Held { waiting_for })) =
        chain.states().into_iter().find(|(_, state)| matches!(state, Added::Held { .. }))
    {
        return Err(format!("{id} is held for {waiting_for}"));
    }
    Ok(json!({ "events": events.len() }))
}
