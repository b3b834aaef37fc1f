//! Metrics in Prometheus' text format.

use super::{Shared, refusal::Refusal};
use axum::{extract::State, http::header, response::IntoResponse};
use domp_engine::{health::Health, view::TradeView};
use std::{collections::BTreeMap, fmt::Write};

/// With more open trades than this the money in them is not added up at each question.
const MOST_ADDED_UP: usize = 2_000;

/// Numbers about the daemon, in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "daemon", responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn metrics(State(desk): State<Shared>) -> Result<impl IntoResponse, Refusal> {
    let health = desk.engine.health().await;
    let mut stages: BTreeMap<(&str, String), u64> = BTreeMap::new();
    let trades = desk.engine.trades(true).await?;
    let mut money = (trades.len() <= MOST_ADDED_UP).then(Money::default);
    for trade in trades {
        if let Some(money) = &mut money {
            money.add(&desk.engine.trade(trade.trade).await?);
        }
        *stages.entry((trade.side.as_str(), trade.stage)).or_default() += 1;
    }
    let text = text(&health, &stages, money);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

/// What is locked now, at either end.
#[derive(Clone, Copy, Default)]
struct Money {
    held: u64,
    in_flight: u64,
}

impl Money {
    fn add(&mut self, trade: &TradeView) {
        for htlc in &trade.htlcs {
            match htlc.state.as_str() {
                "held" => self.held = self.held.saturating_add(htlc.amount_msat.get()),
                "in flight" => self.in_flight = self.in_flight.saturating_add(htlc.amount_msat.get()),
                _ => {}
            }
        }
    }
}

fn text(health: &Health, stages: &BTreeMap<(&str, String), u64>, money: Option<Money>) -> String {
    let mut text = String::new();
    let mut family = |name: &str, help: &str, rows: Vec<(String, u64)>| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in rows {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    let one = |value: u64| vec![(String::new(), value)];
    let count = |value: usize| one(u64::try_from(value).unwrap_or(u64::MAX));
    let rows = stages
        .iter()
        .map(|((side, stage), count)| (format!("{{side=\"{side}\",stage=\"{stage}\"}}"), *count));
    family("domp_open_trades_by_stage", "Trades that are not over, by side and stage.", rows.collect());
    family("domp_open_trades", "Trades that are not over.", count(health.open_trades));
    if let Some(money) = money {
        family("domp_held_msat", "Millisatoshi of others that our node holds.", one(money.held));
        family("domp_in_flight_msat", "Millisatoshi of ours that are locked.", one(money.in_flight));
    }
    family(
        "domp_frozen_trades",
        "Trades that are frozen because going on would break an invariant.",
        count(health.frozen_trades),
    );
    family(
        "domp_pending_effects",
        "Effects not done yet: the length of the outbox.",
        count(health.pending_effects),
    );
    family("domp_watches", "Invoices and payments watched by a stream of their own.", count(health.watches));
    family("domp_node_reachable", "1 if the node answered the last call.", one(health.node.reachable.into()));
    family("domp_node_fresh", "1 if the node's height may be relied on.", one(health.node.fresh.into()));
    if let Some(height) = health.node.height {
        family("domp_block_height", "The node's height.", one(height.0.into()));
    }
    let relays = health
        .relays
        .iter()
        .map(|relay| (format!("{{relay=\"{}\"}}", label(&relay.url)), relay.connected.into()));
    family("domp_relay_connected", "1 if the relay is connected.", relays.collect());
    family(
        "domp_recovered",
        "1 if everything open at the start has been looked at since.",
        one(health.recovered.into()),
    );
    family(
        "domp_troubles",
        "Things that are wrong now; /v1/health names them.",
        count(health.troubles.len()),
    );
    text
}

/// A label's value, escaped as the format asks.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
