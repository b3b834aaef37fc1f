//! Looking: `domp trades`, `domp trade`, `domp htlcs`, `domp status`.

use super::{
    args::{Trade, Trades},
    session::Session,
};
use crate::{
    client::Client,
    failure::Failure,
    output::Shown,
    reference::IdReference,
    shown::history,
    wire::{
        event::Event,
        htlc::HtlcList,
        status::Health,
        trade::{History, HistoryLine, ShippingAddress, TradeDetail, TradeList},
    },
};
use serde::Serialize;

/// A trade with what is asked for beside it.
#[derive(Serialize)]
pub struct Full {
    /// All about it.
    #[serde(flatten)]
    pub trade: TradeDetail,
    /// Where to ship, if it is known here.
    pub shipping_address: Option<String>,
    /// What happened so far, if asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryLine>,
}

impl Shown for Full {
    fn text(&self) -> String {
        let mut text = self.trade.text();
        if let Some(address) = &self.shipping_address {
            text.push_str("\n\nShip to:\n");
            text.push_str(address);
        }
        if !self.history.is_empty() {
            text.push_str("\n\nWhat happened:\n");
            text.push_str(&history(&self.history));
        }
        text
    }
}

/// `domp status`.
///
/// # Errors
/// If there is no daemon.
pub async fn status(session: &Session) -> Result<(), Failure> {
    session.output.show(&session.client()?.get::<Health>("/v1/health").await?)
}

/// `domp trades`.
///
/// # Errors
/// If there is no daemon, or its database fails.
pub async fn list(session: &Session, wanted: &Trades) -> Result<(), Failure> {
    let path = if wanted.all { "/v1/trades" } else { "/v1/trades?open=true" };
    session.output.show(&session.client()?.get::<TradeList>(path).await?)
}

/// `domp htlcs`.
///
/// # Errors
/// If there is no such trade.
pub async fn htlcs(session: &Session, trade: &str) -> Result<(), Failure> {
    let path = format!("{}/htlcs", path(trade)?);
    session.output.show(&session.client()?.get::<HtlcList>(&path).await?)
}

/// `domp trade`.
///
/// # Errors
/// If there is no such trade.
pub async fn show(session: &Session, wanted: &Trade) -> Result<(), Failure> {
    let path = path(&wanted.trade)?;
    let client = session.client()?;
    // Listening before looking: nothing falls between the two.
    let reference = IdReference::parse("trade", &wanted.trade)?;
    let events = if wanted.watch {
        Some(client.events(&format!("/v1/events?trade={}", reference.as_str())).await?)
    } else {
        None
    };
    let trade: TradeDetail = client.get(&path).await?;
    let ended = trade.line.ended;
    let address: ShippingAddress = client.get(&format!("{path}/address")).await?;
    let history = match wanted.history {
        true => client.get::<History>(&format!("{path}/history")).await?.entries,
        false => Vec::new(),
    };
    session.output.show(&Full { trade, shipping_address: address.address, history })?;
    match events {
        Some(events) if !ended => watch(session, &client, &path, events).await,
        _ => Ok(()),
    }
}

async fn watch(
    session: &Session,
    client: &Client,
    path: &str,
    mut events: crate::client::Events,
) -> Result<(), Failure> {
    while let Some(event) = events.next().await? {
        session.output.show(&event)?;
        let over = match &event {
            Event::Trade { ended, .. } => *ended,
            Event::Missed { .. } => client.get::<TradeDetail>(path).await?.line.ended,
            _ => false,
        };
        if over {
            return Ok(());
        }
    }
    Err(Failure::refused("daemon_stopped", "the daemon stopped")
        .hint("`domp up` starts it again; nothing is lost"))
}

fn path(trade: &str) -> Result<String, Failure> {
    Ok(format!("/v1/trades/{}", IdReference::parse("trade", trade)?.as_str()))
}
