//! `domp bid`: a buyer's offer.

use super::{args::Bid, person, progress, session::Session};
use crate::{
    failure::Failure,
    output::Output,
    question,
    reference::IdReference,
    wire::{
        listing::{BidRequest, Preview},
        trade::TradeDetail,
    },
};
use std::{
    fs,
    io::{self, Read},
    path::Path,
};

/// More than any address has.
const MOST_BYTES: u64 = 4096;

/// Does it.
///
/// # Errors
/// What the daemon refuses.
pub async fn run(session: &Session, bid: Bid) -> Result<(), Failure> {
    let request = BidRequest {
        listing: IdReference::parse("listing", &bid.listing)?.as_str().to_owned(),
        amount_sat: bid.amount,
        buyer_collateral_sat: bid.collateral,
        message: bid.message,
        shipping_address: bid.address_file.as_deref().map(address).transpose()?,
        payment_timeout_hours: bid.payment_timeout,
    };
    let client = session.client()?;
    if let Some(seller) = &bid.seller {
        person::only_of(session, &client, &request.listing, seller).await?;
    }
    let preview: Preview = client.post("/v1/bids/preview", &request).await?;
    told(session.output, &preview, session.yes)?;
    question::confirm(session.output, session.yes, "Make this bid?")?;
    let trade: TradeDetail =
        progress::told(session.output, &client, client.post("/v1/bids", &request)).await?;
    session.output.show(&trade)
}

/// Shows what an order would mean. One that would be refused ends here, unless nobody is going to be asked: then the
/// daemon has the last word.
///
/// # Errors
/// The refusal.
pub fn told(output: Output, preview: &Preview, yes: bool) -> Result<(), Failure> {
    output.before_commitment(&lines(preview))?;
    match &preview.refusal {
        Some(refusal) if !yes => Err(Failure::refused("refused", refusal.clone())),
        _ => Ok(()),
    }
}

fn lines(preview: &Preview) -> String {
    let mut lines = preview.situation.clone();
    lines.extend(preview.warnings.iter().map(|warning| format!("Beware: {warning}")));
    lines.join("\n")
}

fn address(path: &Path) -> Result<String, Failure> {
    let bad = |reason: String| {
        Failure::usage("address_file", format!("the address file {} {reason}", path.display()))
            .field("address-file")
    };
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(MOST_BYTES + 1).read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text))
    };
    read.map_err(|error| bad(format!("cannot be read: {error}")))?;
    let address = text.trim();
    match address.len() as u64 {
        0 => Err(bad("is empty".into())),
        1..=MOST_BYTES => Ok(address.to_owned()),
        _ => Err(bad(format!("has more than {MOST_BYTES} bytes"))),
    }
}
