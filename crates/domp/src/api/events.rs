//! The event stream: server-sent events, one for each change, after it is durable.

use super::{Shared, refusal::Refusal, request::Parameters};
use crate::{reference::IdReference, wire::event::Event};
use axum::{
    extract::State,
    response::sse::{Event as Sent, KeepAlive, Sse},
};
use futures::{Stream, StreamExt, future};
use serde::Deserialize;
use std::{convert::Infallible, time::Duration};
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};
use utoipa::IntoParams;

/// A sign of life for whoever waits at the other end.
const ALIVE: Duration = Duration::from_secs(15);

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Only those about this trade: its id, or a beginning of it.
    #[serde(default)]
    trade: Option<String>,
}

/// Everything that happens from now on, as server-sent events: `event` is the type, `data` the event in JSON. Whoever was
/// away reads the trades first and then listens; `missed` says that it has to be done again.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(About),
    responses((status = 200, content_type = "text/event-stream", body = Event)))]
pub async fn stream(
    State(desk): State<Shared>,
    Parameters(about): Parameters<About>,
) -> Result<Sse<impl Stream<Item = Result<Sent, Infallible>>>, Refusal> {
    let trade = about.trade.map(|text| IdReference::parse("trade", &text)).transpose()?;
    let wanted = move |event: &Event| match (&trade, event.trade()) {
        (Some(trade), Some(about)) => about.starts_with(trade.as_str()),
        _ => true,
    };
    let events = BroadcastStream::new(desk.engine.subscribe()).map(|received| match received {
        Ok(event) => Event::from(event),
        Err(BroadcastStreamRecvError::Lagged(events)) => Event::Missed { events },
    });
    let mut stopping = desk.stopping.clone();
    let stopped = async move {
        // An error means that the sender is gone, which is an end too.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    let sent = events
        .filter(move |event| future::ready(wanted(event)))
        .filter_map(|event| future::ready(Sent::default().event(event.name()).json_data(&event).ok()))
        .map(Ok)
        .take_until(Box::pin(stopped));
    Ok(Sse::new(sent).keep_alive(KeepAlive::new().interval(ALIVE)))
}
