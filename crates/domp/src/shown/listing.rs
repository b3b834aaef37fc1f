//! Listings as text.

use super::{sats, short, table::table, time};
use crate::{
    output::Shown,
    reference::npub,
    wire::listing::{Escrow, Listing, ListingList, Withdrawn},
};

impl Shown for ListingList {
    fn text(&self) -> String {
        if self.listings.is_empty() {
            return "No listings.".into();
        }
        let rows: Vec<[String; 5]> = self.listings.iter().map(row).collect();
        table(["LISTING", "PRICE", "WHAT", "SELLER", "ESCROW"], &rows)
    }
}

fn row(listing: &Listing) -> [String; 5] {
    let escrow = match &listing.escrow {
        None => "none: another client's".to_owned(),
        Some(Escrow { problem: Some(problem), .. }) => problem.chars().take(60).collect(),
        Some(escrow) => format!("{}, up to {} blocks", escrow.modes.join(", "), escrow.hold_blocks),
    };
    [
        short(&listing.id).to_owned(),
        sats(listing.price_sat),
        what(listing),
        if listing.ours { "you".to_owned() } else { short(&listing.seller).to_owned() },
        escrow,
    ]
}

fn what(listing: &Listing) -> String {
    let name: String = listing.product_name.chars().take(40).collect();
    if listing.withdrawn_at.is_some() { format!("(withdrawn) {name}") } else { name }
}

impl Shown for Withdrawn {
    fn text(&self) -> String {
        let took = self.relays.iter().filter(|relay| relay.accepted()).count();
        let mut lines = vec![
            format!("Listing {} is withdrawn: no more bids on it are taken.", short(&self.listing.id)),
            format!(
                "{took} of {} relays took the request to delete it; some keep it all the same.",
                self.relays.len()
            ),
        ];
        lines.extend(self.relays.iter().filter(|relay| !relay.accepted()).map(|relay| {
            let reason = relay.reason.as_deref().unwrap_or("no reason given");
            format!("  {}: {reason}. The same command asks it again.", relay.relay)
        }));
        lines.join("\n")
    }
}

impl Shown for Listing {
    fn text(&self) -> String {
        let seller = hex::decode(&self.seller).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let seller = seller.map_or_else(|| self.seller.clone(), |key| npub(&key));
        let mut lines = vec![
            format!("Listing    {}", self.id),
            format!("What       {}", self.product_name),
            format!("Price      {}", sats(self.price_sat)),
            format!("Seller     {}{seller}", if self.ours { "you, " } else { "" }),
            format!("Made       {}", time(self.created_at)),
        ];
        lines.extend(self.category.as_ref().map(|category| format!("Category   {category}")));
        if let Some(shipping) = self.shipping {
            let part = |name: &str, value: Option<u64>| value.map(|value| format!("{name} {}", sats(value)));
            let days = shipping.estimated_days.map(|days| format!("about {days} days"));
            let parts = [
                part("home", shipping.domestic_cost_sat),
                part("abroad", shipping.international_cost_sat),
                days,
            ];
            lines.push(format!("Shipping   {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", ")));
        }
        match &self.escrow {
            None => {
                lines.push("Escrow     none: another client's listing, which cannot be bid on here".into())
            }
            Some(escrow) => lines.extend(escrow_lines(escrow)),
        }
        if self.seller_collateral_sat.is_some_and(|sat| sat > 0) {
            lines.push("           the seller collateral that it names counts as 0 in direct mode".into());
        }
        lines.extend(self.taken_by.as_ref().map(|trade| format!("Taken by   trade {trade}")));
        lines.extend(
            self.withdrawn_at.map(|since| format!("Withdrawn  {}: no more bids are taken", time(since))),
        );
        lines.push(String::new());
        lines.push(self.description.clone());
        lines.join("\n")
    }
}

fn escrow_lines(escrow: &Escrow) -> Vec<String> {
    let mut lines = vec![
        format!(
            "Escrow     {}; the buyer's money would be locked for up to {} blocks",
            escrow.modes.join(", "),
            escrow.hold_blocks
        ),
        format!(
            "           {} blocks to ship, {} on the way, {} to look at the goods",
            escrow.handling_blocks, escrow.transit_blocks, escrow.inspection_blocks
        ),
        format!("Node       {}", escrow.node),
    ];
    lines.extend(escrow.problem.as_ref().map(|problem| format!("CANNOT BE BID ON: {problem}")));
    lines
}
