//! Trades as text.

use super::{sats, sats_of_msat, short, table::table, time};
use crate::{
    output::Shown,
    wire::{
        htlc::{HtlcList, HtlcState},
        order::OrderDone,
        trade::{Deadline, HistoryLine, TradeDetail, TradeLine, TradeList},
    },
};

impl Shown for TradeList {
    fn text(&self) -> String {
        if self.trades.is_empty() {
            return "No trades. `domp listing browse` shows what others sell; `domp trades --all` shows those that are over.".into();
        }
        let rows: Vec<[String; 6]> = self.trades.iter().map(row).collect();
        table(["TRADE", "SIDE", "STAGE", "PRICE", "WHAT", "NEXT DEADLINE"], &rows)
    }
}

fn row(trade: &TradeLine) -> [String; 6] {
    [
        short(&trade.id).to_owned(),
        trade.side.clone(),
        trade.stage.clone(),
        sats(trade.price_sat),
        trade.product_name.as_deref().unwrap_or("(listing not here)").chars().take(30).collect(),
        trade.next_deadline.as_ref().map(deadline).unwrap_or_default(),
    ]
}

fn deadline(deadline: &Deadline) -> String {
    let when = time(deadline.at);
    match (deadline.height, deadline.blocks_remaining) {
        (Some(height), Some(left)) => format!("{} block {height} ({left} left, about {when})", deadline.name),
        (Some(height), None) => format!("{} block {height} (about {when})", deadline.name),
        (None, _) => format!("{} {when}", deadline.name),
    }
}

impl Shown for TradeDetail {
    fn text(&self) -> String {
        let line = &self.line;
        let mut lines = vec![
            format!("Trade      {}", line.id),
            format!("What       {}", line.product_name.as_deref().unwrap_or("(listing not here)")),
            format!("Listing    {}", line.listing),
            format!("You are    the {}; the other side is {}", line.side, line.peer),
            format!(
                "Price      {}, buyer's collateral {}",
                sats(line.price_sat),
                sats(line.buyer_collateral_sat)
            ),
            format!("Stage      {}", line.stage),
        ];
        if let Some(unwinding) = &self.unwinding {
            lines.push(format!("Going back because {unwinding}"));
        }
        if let Some(frozen) = &self.frozen {
            lines.push(format!("FROZEN     {frozen}"));
        }
        lines.push(String::new());
        lines.extend(self.situation.iter().cloned());
        if let Some(shipment) = &self.shipment {
            let part =
                |name: &str, text: &Option<String>| text.as_ref().map(|text| format!("  {name}: {text}"));
            lines.push(String::new());
            lines.push("The parcel, as the seller says:".into());
            lines.extend(part("carrier", &shipment.carrier));
            lines.extend(part("tracking", &shipment.tracking));
            lines.extend(part("note", &shipment.note));
        }
        if !self.deadlines.is_empty() {
            lines.push(String::new());
            lines.push("Deadlines:".into());
            lines.extend(self.deadlines.iter().map(|known| {
                let passed = if known.passed { " (passed)" } else { "" };
                format!("  {}{passed}: {}", deadline(known), known.meaning)
            }));
        }
        if !self.htlcs.is_empty() {
            lines.push(String::new());
            lines.push(htlcs(&self.htlcs));
        }
        lines.extend(self.pending.iter().map(|pending| {
            let why =
                pending.last_error.as_deref().map(|why| format!(", {} tries so far: {why}", pending.tries));
            format!("Under way: {}{}", pending.effect, why.unwrap_or_default())
        }));
        lines.join("\n")
    }
}

impl Shown for OrderDone {
    fn text(&self) -> String {
        let situation = self.trade.situation.first().cloned().unwrap_or_default();
        format!(
            "Trade {} is at '{}'. {situation}\n`domp trade {} --watch` says what happens.",
            short(&self.trade.line.id),
            self.trade.line.stage,
            short(&self.trade.line.id)
        )
    }
}

impl Shown for HtlcList {
    fn text(&self) -> String {
        let height =
            self.current_block_height.map_or_else(|| "not known yet".to_owned(), |height| height.to_string());
        format!("Trade {}, at block {height}:\n{}", short(&self.trade), htlcs(&self.htlcs))
    }
}

fn htlcs(htlcs: &[HtlcState]) -> String {
    let rows: Vec<[String; 6]> = htlcs.iter().map(htlc_row).collect();
    table(["PURPOSE", "STATE", "AMOUNT", "HASH", "HOLD", "LEFT"], &rows)
}

fn htlc_row(state: &HtlcState) -> [String; 6] {
    let htlc = state.htlc.as_ref();
    let blocks = |count: u32| format!("{count} blocks");
    [
        state.purpose.clone(),
        state.state.clone(),
        htlc.map(|htlc| sats_of_msat(htlc.amount_msat)).unwrap_or_default(),
        htlc.map(|htlc| short(&htlc.payment_hash).to_owned()).unwrap_or_default(),
        htlc.map(|htlc| blocks(htlc.timeout_blocks)).unwrap_or_default(),
        state.timeout.map(|timeout| blocks(timeout.blocks_remaining)).unwrap_or_default(),
    ]
}

/// What happened to a trade.
pub fn history(entries: &[HistoryLine]) -> String {
    let line = |entry: &HistoryLine| {
        let notes: String = entry.notes.iter().map(|note| format!("; {note}")).collect();
        format!("  {} block {} {}{notes}", time(entry.at), entry.height, entry.input)
    };
    entries.iter().map(line).collect::<Vec<_>>().join("\n")
}
