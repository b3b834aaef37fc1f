//! Node, channels and health as text.

use super::{sats_of_msat, table::table};
use crate::{
    output::Shown,
    wire::{
        channel::{Address, Channel, ChannelDone, ChannelList, Connected},
        status::{Health, Rebuilt},
    },
};

impl Shown for ChannelList {
    fn text(&self) -> String {
        let rows: Vec<[String; 6]> = self.channels.iter().map(row).collect();
        let channels = if rows.is_empty() {
            "No channels.".to_owned()
        } else {
            table(["CHANNEL", "STATUS", "SIZE", "YOURS", "PEER'S", "HTLCS"], &rows)
        };
        let liquidity = &self.liquidity;
        format!(
            "{channels}\n\nYou can send {} (over one channel {}), receive {} (over one channel {}); on chain {}.",
            sats_of_msat(liquidity.outbound_msat),
            sats_of_msat(liquidity.outbound_largest_msat),
            sats_of_msat(liquidity.inbound_msat),
            sats_of_msat(liquidity.inbound_largest_msat),
            sats_of_msat(liquidity.on_chain_msat)
        )
    }
}

fn row(channel: &Channel) -> [String; 6] {
    let status = match (channel.status.as_str(), channel.active) {
        ("open", false) => "open, peer away".to_owned(),
        (status, _) => status.to_owned(),
    };
    [
        channel.outpoint.clone(),
        status,
        sats_of_msat(channel.capacity_msat),
        sats_of_msat(channel.local_msat),
        sats_of_msat(channel.remote_msat),
        channel.htlcs.to_string(),
    ]
}

impl Shown for ChannelDone {
    fn text(&self) -> String {
        format!("Channel {}; `domp channels list` shows how it goes on.", self.outpoint)
    }
}

impl Shown for Connected {
    fn text(&self) -> String {
        format!("Connected to {}.", self.peer)
    }
}

impl Shown for Address {
    fn text(&self) -> String {
        self.address.clone()
    }
}

impl Shown for Health {
    fn text(&self) -> String {
        let node = &self.node;
        let height =
            node.height.map_or_else(|| "no height yet".to_owned(), |height| format!("block {height}"));
        let state = if node.reachable { "reachable" } else { "NOT REACHABLE" };
        let mut lines = vec![
            format!("domp {} on {}", self.version, self.network),
            format!("You        {}", self.npub),
            format!("Node       {}, {state}, {height}", node.implementation),
            format!(
                "Trades     {} open, {} frozen; {} things under way",
                self.open_trades, self.frozen_trades, self.pending_effects
            ),
        ];
        lines.extend(self.relays.iter().map(|relay| {
            let why = relay.last_error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
            let state = if relay.connected { "connected".to_owned() } else { format!("not connected{why}") };
            format!("Relay      {} {state}", relay.url)
        }));
        if !self.recovered {
            lines.push("Still catching up with what happened while it was stopped.".into());
        }
        if self.troubles.is_empty() {
            lines.push("All is well.".into());
        } else {
            lines.extend(self.troubles.iter().map(|trouble| format!("Trouble    {trouble}")));
        }
        lines.join("\n")
    }
}

impl Shown for Rebuilt {
    fn text(&self) -> String {
        let mut lines = vec![format!(
            "{} trades found again, {} were here already.",
            self.rebuilt.len(),
            self.known.len()
        )];
        lines.extend(self.rebuilt.iter().map(|trade| format!("  {trade}")));
        lines.extend(
            self.failed.iter().map(|bid| format!("  bid {} could not be rebuilt: {}", bid.bid, bid.reason)),
        );
        lines.join("\n")
    }
}
